package calibration

import (
	"context"
	"fmt"
	"math"

	"github.com/rubrica/rubrica/scoring"
	"github.com/rubrica/rubrica/scoring/additive"
	"github.com/rubrica/rubrica/scoring/feature"
	"github.com/rubrica/rubrica/scoring/lexicon"
)

// Prior is what the scores of other questions teach of how answers are written: by trait, a curve for
// each measure of a text. Measures are compared with those of the answers to the same question, since
// what is long for one is short for another. It takes nothing of what an answer says.
type Prior struct {
	features []string // keys
	traits   map[scoring.Trait]*additive.Model
	pool     []additive.Standard // of the features over all questions
	strength float64             // answers that the pool counts as, next to those of a question
}

// Source is another question with its graded answers, whose texts need no vectors (scoring.Read).
type Source struct {
	Question scoring.Question
	Graded   []Graded
}

// Bounds of what a prior is fitted on.
const (
	minPriorRows = 30   // of a trait, over all questions
	maxPriorRows = 1500 // of a trait; more are thinned out evenly
	poolStrength = 20
)

// FitPrior learns from the other questions of an installation. A trait with fewer than 30 graded
// answers in all is left out; with none left the prior is nil, which Fit takes for no prior.
func FitPrior(ctx context.Context, sources []Source, lex *lexicon.Lexicon) (*Prior, error) {
	p := &Prior{features: feature.Keys(), traits: map[scoring.Trait]*additive.Model{}, strength: poolStrength}
	type sample struct {
		z     []float64
		share float64
	}
	samples := map[scoring.Trait][]sample{}
	var order []scoring.Trait
	var raw [][]float64
	for _, s := range sources {
		if len(s.Graded) < MinRows {
			continue
		}
		values := make([][]float64, len(s.Graded))
		for i, g := range s.Graded {
			if err := ctx.Err(); err != nil {
				return nil, fmt.Errorf("calibration: measuring other questions: %w", err)
			}
			values[i] = feature.Of(g.Text, lex)
		}
		raw = append(raw, values...)
		standards := standardsOf(values)
		for i, g := range s.Graded {
			z := standardize(values[i], standards)
			for _, c := range s.Question.Rubric.Criteria {
				v, ok := g.Scores[c.Key]
				if !ok {
					continue
				}
				if samples[c.Trait] == nil {
					order = append(order, c.Trait)
				}
				samples[c.Trait] = append(samples[c.Trait], sample{z, (v - c.Scale.Min) / c.Scale.Width()})
			}
		}
	}
	for _, trait := range order {
		all := samples[trait]
		if len(all) < minPriorRows {
			continue
		}
		step := math.Max(1, float64(len(all))/maxPriorRows)
		var rows []additive.Row
		var y []float64
		for at := 0.0; int(at) < len(all); at += step {
			rows = append(rows, additive.Row{{Dense: all[int(at)].z}})
			y = append(y, all[int(at)].share)
		}
		fitted, err := additive.Fit(ctx, []additive.Part{{Name: "features", Kind: additive.Smooth, Columns: p.features}}, rows, y)
		if err != nil {
			return nil, fmt.Errorf("calibration: fitting on other questions: %w", err)
		}
		p.traits[trait] = fitted[0].Model
	}
	if len(p.traits) == 0 {
		return nil, nil //nolint:nilnil // no prior is a result, see above
	}
	p.pool = standardsOf(raw)
	return p, nil
}

// others is the prior for one criterion of a question, whose answers' measures it knows.
type others struct {
	Model     *additive.Model // predicts the share of the scale from standardised features
	Standards []additive.Standard
}

// of is the prior for a trait, the measures being those of the question's graded answers; nil when
// nothing is known of the trait.
func (p *Prior) of(trait scoring.Trait, rows []*measured) *others {
	if p == nil || p.traits[trait] == nil {
		return nil
	}
	out := &others{Model: p.traits[trait], Standards: make([]additive.Standard, len(p.pool))}
	values := make([][]float64, len(rows))
	for i, r := range rows {
		values[i] = r.features
	}
	n := float64(len(rows))
	for j, s := range standardsOf(values) {
		q := p.pool[j]
		mean := (n*s.Mean + p.strength*q.Mean) / (n + p.strength)
		variance := (n*s.Deviation*s.Deviation + p.strength*q.Deviation*q.Deviation) / (n + p.strength)
		out.Standards[j] = additive.Standard{Mean: mean, Deviation: math.Sqrt(variance)}
	}
	return out
}

// share is what the prior predicts: the share of the scale.
func (o *others) share(features []float64) float64 {
	return o.Model.Predict(additive.Row{{Dense: standardize(features, o.Standards)}})
}

func standardize(values []float64, s []additive.Standard) []float64 {
	out := make([]float64, len(values))
	for j, v := range values {
		out[j] = s[j].Of(v)
	}
	return out
}

// standardsOf are means and deviations of columns; a deviation of 0 marks one that does not vary.
func standardsOf(rows [][]float64) []additive.Standard {
	if len(rows) == 0 {
		return nil
	}
	out := make([]additive.Standard, len(rows[0]))
	n := float64(len(rows))
	for j := range out {
		var mean, squares float64
		for _, r := range rows {
			mean += r[j] / n
		}
		for _, r := range rows {
			squares += (r[j] - mean) * (r[j] - mean) / n
		}
		out[j].Mean = mean
		if sd := math.Sqrt(squares); sd > 1e-9*(1+math.Abs(mean)) {
			out[j].Deviation = sd
		}
	}
	return out
}
