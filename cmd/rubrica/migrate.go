package main

import (
	"context"
	"errors"
	"strings"

	"github.com/rubrica/rubrica/migrations"
)

type migrateCmd struct {
	databaseFlags
	Pending bool `help:"Only list what would be applied; exits with 1 when there is something."`
}

// Run applies the migrations.
func (c *migrateCmd) Run(ctx context.Context, a *App) (err error) {
	cfg, err := c.config()
	if err != nil {
		return err
	}
	s, err := a.openURL(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if c.Pending {
		return a.listPending(ctx, s)
	}
	report, err := s.migrate(ctx)
	if err != nil {
		return err
	}
	return a.printf("%s\n", migrated(report))
}

func (a *App) listPending(ctx context.Context, s *stack) error {
	pending, err := migrations.Pending(ctx, s.url)
	if err != nil {
		return err
	}
	if len(pending) == 0 {
		return a.printf("The database is at the newest version.\n")
	}
	if err := a.printf("%s\n", strings.Join(pending, "\n")); err != nil {
		return err
	}
	return &pendingError{pending}
}

func migrated(r migrations.Report) string {
	if len(r.Applied) == 0 && len(r.River) == 0 {
		return "The database is at the newest version."
	}
	return "Applied " + plural(len(r.Applied), "migration", "migrations") + " and " +
		plural(len(r.River), "version", "versions") + " of River's schema in " + r.Took.Round(1e6).String() + "."
}

// pendingError says that the database is behind this version.
type pendingError struct{ pending []string }

// Error says what to do.
func (e *pendingError) Error() string {
	return "the database lacks " + plural(len(e.pending), "migration", "migrations") + " (" + strings.Join(e.pending, ", ") +
		"): run `rubrica migrate`, or start with --migrate"
}
