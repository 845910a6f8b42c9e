package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/rubrica/rubrica/recommend/generate"
)

// generateCmd makes data up.
type generateCmd struct {
	Interactions generateInteractionsCmd `cmd:"" help:"People, items and who took up what, with a planted structure, for evaluate recommend."`
}

type generateInteractionsCmd struct {
	Users        int    `default:"2000" help:"How many people."`
	Items        int    `default:"600" help:"How many items."`
	Interactions int    `default:"80000" help:"How many interactions in all."`
	Seed         uint64 `default:"1" help:"The same seed makes the same data."`
	Movielens    bool   `name:"movielens-100k" help:"The size of MovieLens-100K, in place of the three numbers: 943 × 1682, 100 000 ratings."`
	Out          string `required:"" type:"path" placeholder:"FOLDER" help:"Where to write interactions.csv, items.csv and people.csv."`
}

// Run makes and writes.
func (c *generateInteractionsCmd) Run(_ context.Context, a *App) error {
	o := generate.Options{Users: c.Users, Items: c.Items, Interactions: c.Interactions, Seed: c.Seed}
	if c.Movielens {
		o = generate.MovieLens100K
		o.Seed = c.Seed
	}
	d, err := generate.Make(o)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.Out, 0o755); err != nil { //nolint:gosec // data for everybody
		return fmt.Errorf("make the folder: %w", err)
	}
	for _, f := range []struct {
		name  string
		write func(io.Writer) error
	}{{"interactions.csv", d.WriteInteractions}, {"items.csv", d.WriteItems}, {"people.csv", d.WritePeople}} {
		if err := writeFile(filepath.Join(c.Out, f.name), f.write); err != nil {
			return err
		}
	}
	return a.printf("%d interactions of %d people with %d items are in %s\n", len(d.Interactions), len(d.People), len(d.Items), c.Out)
}

func writeFile(path string, write func(io.Writer) error) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("write: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return write(f)
}
