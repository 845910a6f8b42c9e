package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/rubrica/rubrica/rag"
)

type indexCmd struct {
	Status indexStatusCmd `cmd:"" help:"Show for each embedding model how many chunks have a vector of it, and which one serves."`
	Drop   indexDropCmd   `cmd:"" help:"Delete the vectors of an embedding model that does not serve."`
	Reopen indexReopenCmd `cmd:"" help:"Let a retired embedding model be built up again, to go back to it."`
}

type indexStatusCmd struct{ databaseFlags }

// Run prints a line for each model.
func (c *indexStatusCmd) Run(ctx context.Context, a *App) error {
	return a.manage(ctx, &c.databaseFlags, func(ctx context.Context, s *stack) (string, error) {
		models, err := rag.ReadModels(ctx, s.db)
		if err != nil {
			return "", err
		}
		if len(models) == 0 {
			return "Nothing is embedded yet.", nil
		}
		lines := make([]string, len(models))
		for i, m := range models {
			lines[i] = fmt.Sprintf("%s  %s  %d of %d chunks embedded, %d dimensions, HNSW index: %s",
				m.Model, m.State, m.Embedded, m.Chunks, m.Dimensions, m.Index)
		}
		return strings.Join(lines, "\n"), nil
	})
}

type indexDropCmd struct {
	databaseFlags
	Model string `arg:"" help:"Name of the model, as status shows it."`
}

// Run drops a model's partition.
func (c *indexDropCmd) Run(ctx context.Context, a *App) error {
	return a.manage(ctx, &c.databaseFlags, func(ctx context.Context, s *stack) (string, error) {
		return "The vectors of " + c.Model + " are deleted.", rag.Drop(ctx, s.db, c.Model)
	})
}

type indexReopenCmd struct {
	databaseFlags
	Model string `arg:"" help:"Name of the model, as status shows it."`
}

// Run makes a model BUILDING again.
func (c *indexReopenCmd) Run(ctx context.Context, a *App) error {
	return a.manage(ctx, &c.databaseFlags, func(ctx context.Context, s *stack) (string, error) {
		return c.Model + " is built up again by the workers that embed with it, and then serves.", rag.Reopen(ctx, s.db, c.Model)
	})
}
