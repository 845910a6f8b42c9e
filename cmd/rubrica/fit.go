package main

import (
	"bytes"
	"context"
	"fmt"
	"os"

	"github.com/rubrica/rubrica/evaluate"
)

// fitCmd fits what ships.
type fitCmd struct {
	Pack fitPackCmd `cmd:"" help:"Fit the model of short answers that ships, docs/models/pack.md, on SAF and the seeds."`
}

type fitPackCmd struct {
	Data string `required:"" type:"existingdir" placeholder:"FOLDER" help:"Folder of the data sets; it takes short_answers/saf.csv.gz."`
	Out  string `type:"path" placeholder:"FILE" help:"Where to write the model, scoring/pack/pack.json in the sources. Without it, it is printed."`
}

// Run fits and writes.
func (c *fitPackCmd) Run(ctx context.Context, a *App) error {
	p, err := evaluate.FitPack(ctx, c.Data, a.progress)
	if err != nil {
		return err
	}
	var file bytes.Buffer
	if err := p.Write(&file); err != nil {
		return err
	}
	if c.Out == "" {
		return a.printf("%s", file.String())
	}
	if err := os.WriteFile(c.Out, file.Bytes(), 0o644); err != nil { //nolint:gosec // a file of the sources
		return fmt.Errorf("write the model: %w", err)
	}
	return nil
}
