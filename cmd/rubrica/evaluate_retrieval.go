package main

import (
	"context"

	"github.com/rubrica/rubrica/evaluate"
)

type evaluateRetrievalCmd struct {
	Collection string `required:"" type:"existingdir" placeholder:"FOLDER" help:"Folder with docs.jsonl, queries.jsonl and qrels.tsv."`
	JSON       bool   `name:"json" help:"Print JSON."`
	Quick      bool   `help:"Take a part of the queries: a look in a fraction of the time."`
	Write      string `type:"path" placeholder:"FILE" help:"Also write the figures into a Markdown document, in place of those of an earlier run."`
}

// Run measures and prints.
func (c *evaluateRetrievalCmd) Run(ctx context.Context, a *App) error {
	flags := &evaluateFlags{Data: c.Collection, JSON: c.JSON, Quick: c.Quick, Write: c.Write}
	return flags.evaluate(ctx, a, evaluate.Retrieval)
}
