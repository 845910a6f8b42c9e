package evaluate

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/rubrica/rubrica/evaluate/dataset"
	"github.com/rubrica/rubrica/scoring/additive"
	"github.com/rubrica/rubrica/scoring/agreement"
	"github.com/rubrica/rubrica/scoring/feature"
	"github.com/rubrica/rubrica/scoring/ngram"
)

// The n-grams of language traits: of characters, and of the build of sentences.
var (
	traitCharOptions  = ngram.Options{Min: 1, Max: 4, Bits: 17}
	traitShapeOptions = ngram.Options{Min: 1, Max: 3, Bits: 17}
)

// Language traits go with the measures more evenly than holistic scores do: nearly straight curves that weigh twice as much
// take 0.0045 off the leave-one-out error of 1 200 essays.
const (
	traitFeatures = 2
	traitWidth    = 4
)

// ellipseFolds is the number of folds; texts are dealt to them by a generator with ellipseSeed.
const (
	ellipseFolds = 5
	ellipseSeed  = 1
)

// traitData is ELLIPSE, measured.
type traitData struct {
	essays []dataset.TraitEssay
	texts  []measured
	design *additive.Design
}

func ellipseData(ctx context.Context, o *Options) (*traitData, cost, error) {
	essays, err := dataset.ELLIPSE(o.Data)
	if err != nil {
		return nil, cost{}, err
	}
	if o.Quick {
		some := essays[:0]
		for i, e := range essays {
			if i%6 == 0 {
				some = append(some, e)
			}
		}
		essays = some
	}
	d := &traitData{essays: essays}
	texts := make([]string, len(essays))
	for i, e := range essays {
		texts[i] = e.Text
	}
	var c cost
	d.texts, c, err = measure(ctx, o, texts, traitCharOptions, func(tokens [][]string) ngram.Vector {
		for i := range tokens {
			tokens[i] = ngram.Shapes(tokens[i])
		}
		return ngram.OfTokens(tokens, traitShapeOptions)
	})
	if err != nil {
		return nil, cost{}, err
	}
	d.design, err = additive.NewDesign([]additive.Part{
		{Name: "features", Kind: additive.Smooth, Columns: feature.Keys(), Weight: traitFeatures, Width: traitWidth},
		{Name: "characters", Kind: additive.Sparse, Bits: traitCharOptions.Bits},
		{Name: "shapes", Kind: additive.Sparse, Bits: traitShapeOptions.Bits},
	}, rowsOf(d.texts))
	return d, c, err
}

// ELLIPSE measures agreement on the six traits of ELLIPSE.
func ELLIPSE(ctx context.Context, o Options) (*Report, error) {
	d, spent, err := ellipseData(ctx, &o)
	if err != nil {
		return nil, err
	}
	r := &Report{
		Name: "ellipse", Title: "Essays: ELLIPSE", Command: "rubrica evaluate ellipse --data FOLDER --write docs/quality.md",
		About: "Essays of learners of English in grades 8 to 12 with six language traits from 1 to 5 in halves (Crossley et al. 2023), the half that " +
			"was published for training. Five folds, dealt by a generator with seed 1; each is scored by models of the others, which " +
			"share their kernels. The set names one score for each trait and no second rater. Most writers are in the middle of the scale: " +
			"little is said of the ends. The weight and the width of the measures' curves, two numbers for all traits, were chosen by the " +
			"leave-one-out error of 1 200 of these essays.",
	}
	rows, predicting, err := d.validate(ctx, &o, dealt(len(d.essays)))
	if err != nil {
		return nil, err
	}
	grouped, _, err := d.validate(ctx, &o, d.pseudoPrompts())
	if err != nil {
		return nil, err
	}
	r.Goals = append(r.Goals, AtMost("mcrmse", "MCRMSE, mean over traits of the RMSE", mcrmse(rows), .495))
	r.Goals = append(r.Goals, coverageGoals(rows)...)
	r.Tables = append(r.Tables, ellipseErrors(rows, grouped, d), agreementTable(rows, "trait", nil), coverageTable(rows),
		speed(spent, predicting, len(d.essays)))
	return r, nil
}

// dealt gives each of n texts a fold.
func dealt(n int) []int {
	random := rand.New(rand.NewPCG(ellipseSeed, 0)) //nolint:gosec // repeatable, not secret
	out := make([]int, n)
	for x, i := range random.Perm(n) {
		out[i] = x % ellipseFolds
	}
	return out
}

// validate scores each fold by models of the others. A row's group is its trait; its prediction is of the least error, and
// not mapped to agree by kappa.
func (d *traitData) validate(ctx context.Context, o *Options, folds []int) (rows []Judged, predicting time.Duration, err error) {
	for f := range ellipseFolds {
		o.say("fold %d of %d", f+1, ellipseFolds)
		var held, others []int
		for i, at := range folds {
			if at == f {
				held = append(held, i)
			} else {
				others = append(others, i)
			}
		}
		targets := make([][]float64, len(dataset.Traits))
		for t := range targets {
			for _, i := range others {
				targets[t] = append(targets[t], d.essays[i].Scores[t])
			}
		}
		fitted, err := d.design.Fit(ctx, others, targets...)
		if err != nil {
			return nil, 0, fmt.Errorf("evaluate: fold %d: %w", f, err)
		}
		unseen := make([][]float64, len(targets))
		for t := range targets {
			unseen[t] = fitted[t].LOO
		}
		mix, err := additive.MixFor(unseen, targets)
		if err != nil {
			return nil, 0, fmt.Errorf("evaluate: fold %d: %w", f, err)
		}
		intervals := traitIntervals(mix, unseen, targets)
		for _, i := range held {
			start := time.Now()
			row := d.texts[i].row()
			predicted := make([]float64, len(targets))
			for t := range predicted {
				predicted[t] = fitted[t].Model.Predict(row)
			}
			predicted = mix.Of(predicted)
			predicting += time.Since(start)
			for t, v := range predicted {
				rows = append(rows, judge(dataset.Traits[t], d.texts[i].words, dataset.TraitGrid, d.essays[i].Scores[t], v, intervals[t]))
			}
		}
	}
	return rows, predicting, nil
}

// traitIntervals are the 90 % intervals of each trait, from predictions for rows not seen.
func traitIntervals(mix *additive.Mix, unseen, targets [][]float64) []additive.Interval {
	mixed := make([][]float64, len(targets))
	one := make([]float64, len(targets))
	for i := range targets[0] {
		for t := range one {
			one[t] = unseen[t][i]
		}
		for t, v := range mix.Of(one) {
			mixed[t] = append(mixed[t], v)
		}
	}
	out := make([]additive.Interval, len(targets))
	for t := range out {
		out[t] = additive.IntervalFor(mixed[t], targets[t], .9)
	}
	return out
}

// mcrmse is the mean columnwise root mean squared error, the measure of the competition on this set.
func mcrmse(rows []Judged) float64 {
	names, of := groups(rows)
	var sum float64
	for _, n := range names {
		h, p := columnsOf(of[n])
		sum += agreement.RMSE(h, p) / float64(len(names))
	}
	return sum
}

// ellipseErrors compares the error with that of predicting the mean.
func ellipseErrors(rows, grouped []Judged, d *traitData) Table {
	t := Table{
		Key: "errors", Title: "Error by trait",
		Note: "RMSE in points of the scale. Grouped: folds keep together essays that seem to answer the same prompt (clusters of " +
			"their content words; the set does not name prompts), so that no essay on the topic was seen.",
		Columns: []Column{{"trait", "trait", 0}, {"rmse", "RMSE", 4}, {"rmse_grouped", "grouped", 4}, {"rmse_mean", "predicting the mean", 4}},
	}
	_, of := groups(rows)
	_, groupedOf := groups(grouped)
	var sums [3]float64
	for k, n := range dataset.Traits {
		scores := make([]float64, len(d.essays))
		for i, e := range d.essays {
			scores[i] = e.Scores[k]
		}
		var cells [3]float64
		a, b := columnsOf(of[n])
		cells[0] = agreement.RMSE(a, b)
		a, b = columnsOf(groupedOf[n])
		cells[1] = agreement.RMSE(a, b)
		cells[2] = spreadOf(scores)
		for j, v := range cells {
			sums[j] += v / float64(len(dataset.Traits))
		}
		t.Add(n, cells[0], cells[1], cells[2])
	}
	t.Add("mean (MCRMSE)", sums[0], sums[1], sums[2])
	return t
}
