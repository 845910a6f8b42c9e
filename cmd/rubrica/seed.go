package main

import (
	"context"
	"errors"
	"os"

	"github.com/rubrica/rubrica/internal/seeding"
	"github.com/rubrica/rubrica/jobs"
	"github.com/rubrica/rubrica/seeds"
)

type seedCmd struct {
	databaseFlags
	Check  bool   `help:"Only check the files; no database is needed."`
	Folder string `type:"existingdir" placeholder:"FOLDER" help:"Folder of seed files to take instead of those in the binary."`
}

// Run loads or checks the seeds.
func (c *seedCmd) Run(ctx context.Context, a *App) (err error) {
	catalog, err := c.catalog()
	if err != nil {
		return err
	}
	if c.Check {
		return a.printf("The seeds are sound: %s, %s.\n",
			plural(len(catalog.Tracks), "track", "tracks"), plural(len(catalog.Credentials), "credential", "credentials"))
	}
	cfg, err := c.config()
	if err != nil {
		return err
	}
	s, err := a.openURL(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := s.prepare(ctx, false); err != nil {
		return err
	}
	if err := s.connect(ctx); err != nil {
		return err
	}
	report, err := seeding.Load(ctx, s.db, catalog, seeding.Options{People: !cfg.IsProduction()})
	if err != nil {
		return err
	}
	if report.Changed() {
		// The workers of a running installation index it at once, and those of a later one when they start.
		queue, err := jobs.NewQueue(s.db)
		if err != nil {
			return err
		}
		if err := queue.RefreshIndex(ctx); err != nil {
			return err
		}
	}
	return a.printf("%s", report)
}

func (c *seedCmd) catalog() (*seeds.Catalog, error) {
	if c.Folder != "" {
		return seeds.Load(os.DirFS(c.Folder))
	}
	return seeds.Default()
}
