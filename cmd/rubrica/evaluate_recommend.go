package main

import (
	"context"

	"github.com/rubrica/rubrica/evaluate"
)

type evaluateRecommendCmd struct {
	Interactions string `type:"existingfile" placeholder:"FILE" help:"CSV with the columns user, item, time, and rating (1 to 5) or weight. Without it, generated data."`
	Items        string `type:"existingfile" placeholder:"FILE" help:"CSV with the column item and any of teaches, level, vector: for the parts that go by content."`
	People       string `type:"existingfile" placeholder:"FILE" help:"CSV with the column user and any of needs, level, vector."`
	Movielens    bool   `name:"movielens-100k" help:"The interactions are MovieLens-100K: hold the figures against what is known of it."`
	JSON         bool   `name:"json" help:"Print JSON."`
	Write        string `type:"path" placeholder:"FILE" help:"Also write the figures into a Markdown document, in place of those of an earlier run."`
}

// Run measures and prints.
func (c *evaluateRecommendCmd) Run(ctx context.Context, a *App) error {
	r, err := evaluate.Recommend(ctx, evaluate.RecommendOptions{
		Interactions: c.Interactions, Items: c.Items, People: c.People, MovieLens: c.Movielens, Progress: a.progress,
	})
	if err != nil {
		return err
	}
	f := evaluateFlags{JSON: c.JSON, Write: c.Write}
	return f.report(a, r)
}
