package main

import (
	"context"
	"fmt"
	"time"

	"github.com/rubrica/rubrica/internal/provision"
)

type setupCmd struct{}

// Run fetches every artefact that is not in the cache yet.
func (setupCmd) Run(ctx context.Context, a *App) error {
	for _, name := range provision.Names() {
		start := time.Now()
		dir, err := provision.Ensure(ctx, name, a.progress)
		if err != nil {
			return err
		}
		a.progress(fmt.Sprintf("%s is in %s (%s)", name, dir, time.Since(start).Round(time.Millisecond)))
	}
	return nil
}
