package evaluate

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/rubrica/rubrica/evaluate/dataset"
	"github.com/rubrica/rubrica/scoring/additive"
	"github.com/rubrica/rubrica/scoring/agreement"
	"github.com/rubrica/rubrica/scoring/feature"
	"github.com/rubrica/rubrica/scoring/ngram"
	"github.com/rubrica/rubrica/scoring/prior"
)

// charOptions are the character n-grams of essays.
var charOptions = ngram.Options{Min: 1, Max: 5, Bits: 17}

// tokenOptions are the n-grams of words.
var tokenOptions = ngram.Options{Min: 1, Max: 2, Bits: 17}

// essayParts is the design of an essay's model: what row gives.
func essayParts() []additive.Part {
	return []additive.Part{
		{Name: "features", Kind: additive.Smooth, Columns: feature.Keys()},
		{Name: "characters", Kind: additive.Sparse, Bits: charOptions.Bits},
		{Name: "tokens", Kind: additive.Sparse, Bits: tokenOptions.Bits},
	}
}

func (m *measured) row() additive.Row {
	return additive.Row{{Dense: m.features}, {Sparse: m.chars}, {Sparse: m.tokens}}
}

// prompt is one prompt of ASAP-AES, measured.
type prompt struct {
	number int
	grid   additive.Grid
	essays []dataset.Essay
	texts  []measured
	scores []float64
}

func (p *prompt) name() string { return strconv.Itoa(p.number) }

// folds in the order of their numbers, as indexes of the rows held out and of the others.
func (p *prompt) folds() (held, others [][]int) {
	n := 0
	for _, e := range p.essays {
		n = max(n, e.Fold+1)
	}
	held, others = make([][]int, n), make([][]int, n)
	for i, e := range p.essays {
		for f := range n {
			if e.Fold == f {
				held[f] = append(held[f], i)
			} else {
				others[f] = append(others[f], i)
			}
		}
	}
	return held, others
}

// asapData reads and measures ASAP-AES. Quick takes every fourth essay.
func asapData(ctx context.Context, o *Options) ([]*prompt, cost, error) {
	essays, err := dataset.ASAP(o.Data)
	if err != nil {
		return nil, cost{}, err
	}
	var prompts []*prompt
	by := map[int]*prompt{}
	taken := map[[2]int]int{}
	for _, e := range essays {
		key := [2]int{e.Prompt, e.Fold}
		if taken[key]++; o.Quick && taken[key]%4 != 0 {
			continue
		}
		p := by[e.Prompt]
		if p == nil {
			p = &prompt{number: e.Prompt, grid: e.Grid}
			by[e.Prompt] = p
			prompts = append(prompts, p)
		}
		if e.Grid != p.grid {
			return nil, cost{}, fmt.Errorf("evaluate: essay %s has another scale than others of prompt %d", e.ID, p.number)
		}
		p.essays, p.scores = append(p.essays, e), append(p.scores, e.Score)
	}
	var all cost
	for _, p := range prompts {
		texts := make([]string, len(p.essays))
		for i, e := range p.essays {
			texts[i] = e.Text
		}
		m, c, err := measure(ctx, o, texts, charOptions, func(tokens [][]string) ngram.Vector {
			return ngram.OfTokens(tokens, tokenOptions)
		})
		if err != nil {
			return nil, cost{}, err
		}
		p.texts = m
		all.reading, all.features, all.grams = all.reading+c.reading, all.features+c.features, all.grams+c.grams
	}
	return prompts, all, nil
}

// ASAP measures agreement on ASAP-AES: calibrated on each prompt, with few labels, and with none.
func ASAP(ctx context.Context, o Options) (*Report, error) {
	prompts, spent, err := asapData(ctx, &o)
	if err != nil {
		return nil, err
	}
	r := &Report{
		Name: "asap", Title: "Essays: ASAP-AES", Command: "rubrica evaluate asap --data FOLDER --write docs/quality.md",
		About: "Eight prompts with holistic scores by two people (Hewlett Foundation 2012). A model of each prompt is fitted on three of " +
			"four folds and scores the fourth. The essays are of American pupils in grades 7 to 10, made anonymous; nothing here says how " +
			"scores agree for other writers, other tasks, or essays written to deceive.",
	}
	rows, predicting, err := asapCalibrated(ctx, &o, prompts)
	if err != nil {
		return nil, err
	}
	r.Goals = append(r.Goals, AtLeast("qwk", "mean QWK, calibrated on each prompt", MeanKappa(rows), .78))
	r.Goals = append(r.Goals, coverageGoals(rows)...)
	r.Tables = append(r.Tables, agreementTable(rows, "prompt", asapPeople(prompts)), coverageTable(rows))
	priors := make([]*prior.Prior, len(prompts))
	for i, p := range prompts {
		if priors[i], err = othersOf(ctx, prompts, p); err != nil {
			return nil, err
		}
	}
	few, curve, err := asapFew(ctx, &o, prompts, priors)
	if err != nil {
		return nil, err
	}
	zero, means, err := asapZero(prompts, priors)
	if err != nil {
		return nil, err
	}
	r.Goals = append(r.Goals,
		AtLeast("qwk_25", "mean QWK with 25 graded essays", curve[1], .70),
		AtLeast("qwk_50", "mean QWK with 50 graded essays", curve[2], .725),
		AtLeast("qwk_100", "mean QWK with 100 graded essays", curve[3], .74),
		AtLeast("qwk_one", "mean QWK on a new prompt, one essay at a time, the scale guessed", means["one_guessed"], .67),
		AtLeast("qwk_frozen", "mean QWK on a new prompt, 50 ungraded essays and the scale given", means["frozen_given"], .71))
	r.Tables = append(r.Tables, few, zero)
	r.Tables = append(r.Tables, speed(spent, predicting, len(rows)))
	return r, nil
}

// asapCalibrated scores each fold by a model of the others.
func asapCalibrated(ctx context.Context, o *Options, prompts []*prompt) (rows []Judged, predicting time.Duration, err error) {
	for _, p := range prompts {
		o.say("prompt %d: %d essays", p.number, len(p.essays))
		design, err := additive.NewDesign(essayParts(), rowsOf(p.texts))
		if err != nil {
			return nil, 0, err
		}
		held, others := p.folds()
		for f := range held {
			y := pick(p.scores, others[f])
			fitted, err := design.Fit(ctx, others[f], y)
			if err != nil {
				return nil, 0, fmt.Errorf("evaluate: prompt %d, fold %d: %w", p.number, f, err)
			}
			m := additive.MapFor(fitted[0].LOO, y, p.grid)
			interval := additive.IntervalFor(mapped(m, fitted[0].LOO), y, .9)
			for _, i := range held[f] {
				row := p.texts[i].row()
				start := time.Now()
				v := m.Of(fitted[0].Model.Predict(row))
				predicting += time.Since(start)
				rows = append(rows, judge(p.name(), p.texts[i].words, p.grid, p.scores[i], v, interval))
			}
		}
	}
	return rows, predicting, nil
}

func rowsOf(texts []measured) []additive.Row {
	out := make([]additive.Row, len(texts))
	for i := range texts {
		out[i] = texts[i].row()
	}
	return out
}

func pick[T any](from []T, chosen []int) []T {
	out := make([]T, len(chosen))
	for i, x := range chosen {
		out[i] = from[x]
	}
	return out
}

func mapped(m additive.Map, values []float64) []float64 {
	out := make([]float64, len(values))
	for i, v := range values {
		out[i] = m.Of(v)
	}
	return out
}

// asapPeople is the agreement of the two raters, on the scale of the scores that they gave.
func asapPeople(prompts []*prompt) map[string]human {
	out := map[string]human{}
	for _, p := range prompts {
		var a, b []float64
		low, high := math.Inf(1), math.Inf(-1)
		for _, e := range p.essays {
			a, b = append(a, e.Raters[0]), append(b, e.Raters[1])
			low, high = min(low, e.Raters[0], e.Raters[1]), max(high, e.Raters[0], e.Raters[1])
		}
		out[p.name()] = human{
			kappa: agreement.QWK(a, b, low, high, 1), pearson: agreement.Pearson(a, b),
			exact: agreement.Within(a, b, 0), adjacent: agreement.Within(a, b, 1),
		}
	}
	return out
}

// speed is what a text costs on one core.
func speed(c cost, predicting time.Duration, n int) Table {
	t := Table{
		Key: "speed", Title: "Speed", Note: "Milliseconds for a text on one core.", Timing: true,
		Columns: []Column{{"step", "step", 0}, {"ms", "ms", 3}},
	}
	t.Add("sentences and words", perText(c.reading, n))
	t.Add("features", perText(c.features, n))
	t.Add("n-grams", perText(c.grams, n))
	t.Add("prediction", perText(predicting, n))
	return t
}
