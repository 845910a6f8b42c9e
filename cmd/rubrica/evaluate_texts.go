package main

import (
	"context"

	"github.com/rubrica/rubrica/evaluate"
)

// evaluateSeededFlags are those of experiments that the seeds suffice for.
type evaluateSeededFlags struct {
	Data  string `type:"existingdir" placeholder:"FOLDER" help:"Folder of the data sets, as docs/quality.md says; without, the seeds alone."`
	JSON  bool   `name:"json" help:"Print JSON."`
	Quick bool   `help:"Take a part of the rows: a look in a fraction of the time."`
	Write string `type:"path" placeholder:"FILE" help:"Also write the figures into a Markdown document, in place of those of an earlier run."`
}

func (c *evaluateSeededFlags) flags() *evaluateFlags {
	return &evaluateFlags{Data: c.Data, JSON: c.JSON, Quick: c.Quick, Write: c.Write}
}

type evaluateFaithfulnessCmd struct{ evaluateSeededFlags }

// Run measures and prints.
func (c *evaluateFaithfulnessCmd) Run(ctx context.Context, a *App) error {
	return c.flags().evaluate(ctx, a, evaluate.Faithfulness)
}

type evaluateAttacksCmd struct{ evaluateSeededFlags }

// Run measures and prints.
func (c *evaluateAttacksCmd) Run(ctx context.Context, a *App) error {
	return c.flags().evaluate(ctx, a, evaluate.Attacks)
}
