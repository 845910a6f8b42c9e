package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/rubrica/rubrica/evaluate"
	"github.com/rubrica/rubrica/scoring/lexicon"
)

// evaluateCmd has a command for each data set.
type evaluateCmd struct {
	Asap         evaluateASAPCmd         `cmd:"" help:"Essays of ASAP-AES: calibrated on each prompt, with few labels, with none."`
	Ellipse      evaluateELLIPSECmd      `cmd:"" help:"Essays of ELLIPSE: six traits of language."`
	Saf          evaluateSAFCmd          `cmd:"" help:"Short answers of SAF: unseen answers, with many, few and no graded ones."`
	Mohler       evaluateMohlerCmd       `cmd:"" help:"Short answers of Mohler et al.: the shipped pack on another subject."`
	Faithfulness evaluateFaithfulnessCmd `cmd:"" help:"Whether the spans that explanations name are what the scores go by."`
	Recommend    evaluateRecommendCmd    `cmd:"" help:"Recommendations: each part and the blend, on interactions of your own or generated ones."`
	Retrieval    evaluateRetrievalCmd    `cmd:"" help:"The search, on a test collection: documents, queries, and what people found relevant."`
	Attacks      evaluateAttacksCmd      `cmd:"" help:"What padding, stuffing, copying and injecting gain, and whether a person is told."`
}

// evaluateFlags are common to the experiments.
type evaluateFlags struct {
	Data  string `required:"" type:"existingdir" placeholder:"FOLDER" help:"Folder of the data sets, as docs/quality.md says."`
	JSON  bool   `name:"json" help:"Print JSON."`
	Quick bool   `help:"Take a part of the rows: a look in a fraction of the time."`
	Write string `type:"path" placeholder:"FILE" help:"Also write the figures into a Markdown document, in place of those of an earlier run."`
}

// evaluate runs one experiment and prints what it found. It fails when a figure that was asked for is
// not reached, after printing.
func (c *evaluateFlags) evaluate(ctx context.Context, a *App, experiment func(context.Context, evaluate.Options) (*evaluate.Report, error)) error {
	if c.Quick && c.Write != "" {
		return errors.New("--quick figures are not for a document: leave out --quick or --write")
	}
	lex, err := lexicon.Open(ctx, a.progress)
	if err != nil {
		return err
	}
	r, err := experiment(ctx, evaluate.Options{Data: c.Data, Quick: c.Quick, Lexicon: lex, Progress: a.progress})
	if err != nil {
		return err
	}
	return c.report(a, r)
}

// report prints what was found, and writes it where that is asked for.
func (c *evaluateFlags) report(a *App, r *evaluate.Report) error {
	if c.Write != "" {
		if err := r.WriteInto(c.Write); err != nil {
			return err
		}
	}
	if err := c.print(a, r); err != nil {
		return err
	}
	if !c.Quick && !r.Met() {
		return fmt.Errorf("%s does not reach all that was asked for", r.Title)
	}
	return nil
}

func (c *evaluateFlags) print(a *App, r *evaluate.Report) error {
	if !c.JSON {
		return a.printf("%s", r.Text())
	}
	e := json.NewEncoder(a.Stdout)
	e.SetIndent("", "  ")
	if err := e.Encode(r); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

type evaluateASAPCmd struct{ evaluateFlags }

// Run measures and prints.
func (c *evaluateASAPCmd) Run(ctx context.Context, a *App) error {
	return c.evaluate(ctx, a, evaluate.ASAP)
}

type evaluateELLIPSECmd struct{ evaluateFlags }

// Run measures and prints.
func (c *evaluateELLIPSECmd) Run(ctx context.Context, a *App) error {
	return c.evaluate(ctx, a, evaluate.ELLIPSE)
}

type evaluateSAFCmd struct{ evaluateFlags }

// Run measures and prints.
func (c *evaluateSAFCmd) Run(ctx context.Context, a *App) error {
	return c.evaluate(ctx, a, evaluate.SAF)
}

type evaluateMohlerCmd struct{ evaluateFlags }

// Run measures and prints.
func (c *evaluateMohlerCmd) Run(ctx context.Context, a *App) error {
	return c.evaluate(ctx, a, evaluate.Mohler)
}
