package evaluate

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/rubrica/rubrica/scoring/additive"
	"github.com/rubrica/rubrica/scoring/feature"
	"github.com/rubrica/rubrica/scoring/prior"
)

// labelCounts are the numbers of graded essays of a prompt that the curve is measured at.
var labelCounts = []int{10, 25, 50, 100, 200}

// labelDraws is how many samples of graded essays are drawn for each fold and number.
const labelDraws = 3

// priorWeight is that of the other prompts' prediction next to one part of a prompt's own model: it is a
// single column, which the ridge would else shrink as if it were one of hundreds.
const priorWeight = 4

// othersOf fits a prior on all prompts but one.
func othersOf(ctx context.Context, prompts []*prompt, left *prompt) (*prior.Prior, error) {
	var questions []prior.Question
	for _, p := range prompts {
		if p == left {
			continue
		}
		q := prior.Question{Scores: p.scores, Grid: p.grid, Words: expectedWords[p.number]}
		for i := range p.texts {
			q.Features = append(q.Features, p.texts[i].features)
			q.Lengths = append(q.Lengths, float64(p.texts[i].words))
		}
		questions = append(questions, q)
	}
	return prior.Fit(ctx, feature.Keys(), questions, expectedWords[left.number])
}

// asapFew is the label-efficiency curve: a prompt's model from a few of its graded essays, with the other
// prompts as prior and without, on the fold that was left out.
func asapFew(ctx context.Context, o *Options, prompts []*prompt, priors []*prior.Prior) (Table, []float64, error) {
	t := Table{
		Key: "labels", Title: "Agreement by the number of graded essays",
		Note: fmt.Sprintf("Mean QWK over prompts, folds and %d random samples each. With prior: a model of the other seven prompts is one more term. "+
			"What is usual for the prompt is taken from the graded essays alone. Without is also what an installation begins with: the shipped pack compares with references, which these prompts have none of, so that it adds nothing.", labelDraws),
		Columns: []Column{{"labels", "graded essays", 0}, {"qwk", "QWK with prior", 3}, {"qwk_alone", "QWK without", 3}},
	}
	var curve []float64
	for _, n := range labelCounts {
		var with, without, samples float64
		for k, p := range prompts {
			held, others := p.folds()
			for f := range held {
				random := rand.New(rand.NewPCG(uint64(n), uint64(100*p.number+f))) //nolint:gosec // repeatable, not secret
				for range labelDraws {
					chosen := pick(others[f], random.Perm(len(others[f]))[:min(n, len(others[f]))])
					a, b, err := fewLabels(ctx, p, priors[k], chosen, held[f])
					if err != nil {
						return Table{}, nil, fmt.Errorf("evaluate: prompt %d with %d labels: %w", p.number, n, err)
					}
					with, without, samples = with+a, without+b, samples+1
				}
			}
		}
		o.say("%d graded essays: QWK %.3f", n, with/samples)
		curve = append(curve, with/samples)
		t.Add(n, with/samples, without/samples)
	}
	return t, curve, nil
}

// fewLabels fits on the chosen essays, with the prior and without, and gives the kappa of both on those held out.
func fewLabels(ctx context.Context, p *prompt, other *prior.Prior, chosen, held []int) (with, without float64, err error) {
	features := make([][]float64, len(chosen))
	for i, x := range chosen {
		features[i] = p.texts[x].features
	}
	usual, err := other.Freeze(features)
	if err != nil {
		return 0, 0, err
	}
	y := pick(p.scores, chosen)
	for _, use := range []bool{true, false} {
		parts := essayParts()
		if use {
			parts = append(parts, additive.Part{Name: "prior", Kind: additive.Linear, Columns: []string{"prior"}, Weight: priorWeight})
		}
		row := func(i int) additive.Row {
			r := p.texts[i].row()
			if use {
				r = append(r, additive.Measures{Dense: []float64{other.Predict(p.texts[i].features, usual)}})
			}
			return r
		}
		rows := make([]additive.Row, len(chosen))
		for i, x := range chosen {
			rows[i] = row(x)
		}
		fitted, err := additive.Fit(ctx, parts, rows, y)
		if err != nil {
			return 0, 0, err
		}
		m := additive.MapFor(fitted[0].LOO, y, p.grid)
		judged := make([]Judged, len(held))
		for i, x := range held {
			v := m.Of(fitted[0].Model.Predict(row(x)))
			judged[i] = judge(p.name(), p.texts[x].words, p.grid, p.scores[x], v, additive.Interval{})
		}
		if use {
			with = kappa(judged)
		} else {
			without = kappa(judged)
		}
	}
	return with, without, nil
}
