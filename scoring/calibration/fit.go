package calibration

import (
	"context"
	"crypto/sha256"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/rubrica/rubrica/scoring"
	"github.com/rubrica/rubrica/scoring/additive"
	"github.com/rubrica/rubrica/scoring/feature"
	"github.com/rubrica/rubrica/scoring/guard"
	"github.com/rubrica/rubrica/scoring/lexicon"
)

// Options are what Fit may use besides the graded answers; all may be nil. The engine that scores must
// be given the same Lexicon and Pack.
type Options struct {
	Lexicon *lexicon.Lexicon
	Pack    Pack
	Prior   *Prior
}

// Fit learns how the answers to a question are scored. The texts were analyzed with the model that the
// question was prepared with. Criteria that no answer is scored by are left to the rules.
//
// The error is an *InvalidError when it is the graded answers' fault, else ctx's or the engine's. The
// same input gives the same calibration, on every machine of one architecture.
func Fit(ctx context.Context, q *scoring.Prepared, graded []Graded, o Options) (*Calibration, *Report, error) {
	if faults := Check(q.Question, graded); len(faults) > 0 {
		return nil, nil, &InvalidError{Faults: faults}
	}
	meter := &meter{question: q, local: scoring.NewLocal(q.Model), lexicon: o.Lexicon}
	if o.Pack != nil {
		meter.pack = o.Pack.Against(q)
	}
	full := len(graded) >= EnoughRows
	rows := make([]*measured, len(graded))
	for i, g := range graded {
		var err error
		if rows[i], err = meter.all(ctx, g.Text, nil, full); err != nil {
			return nil, nil, err
		}
	}
	c := &Calibration{
		QuestionID: q.Question.ID, RubricID: q.Question.Rubric.ID, EmbeddingModel: q.Model,
		Rules: scoring.LocalVersion, Features: feature.Keys(), Lexicon: o.Lexicon != nil, Rows: len(graded),
	}
	if meter.pack != nil {
		c.Pack = o.Pack.Version()
	}
	texts := make([]*scoring.Text, len(graded))
	for i, g := range graded {
		texts[i] = g.Text
	}
	c.Guard = guard.Fit(texts)
	report := &Report{Rows: len(graded)}
	for _, criterion := range gradedCriteria(q.Question, graded) {
		f := &fitter{criterion: criterion, words: expected(q.Question, graded), rows: rows, prior: o.Prior, full: full, trusted: trusted(q.Question)}
		for _, g := range graded {
			f.scores = append(f.scores, g.Scores[criterion.Key])
		}
		learnt, loo, err := f.fit(ctx, everyRow(len(rows)))
		if err != nil {
			return nil, nil, fmt.Errorf("calibration: criterion %q: %w", criterion.Key, err)
		}
		unseen, err := f.unseen(ctx, learnt, loo)
		if err != nil {
			return nil, nil, fmt.Errorf("calibration: criterion %q, held out: %w", criterion.Key, err)
		}
		r := reportOf(criterion, graded, unseen, learnt)
		learnt.Level = r.Level
		c.models = append(c.models, learnt)
		report.Criteria = append(report.Criteria, r)
	}
	report.Method = method(len(rows))
	if err := c.seal(); err != nil {
		return nil, nil, err
	}
	return c, report, nil
}

// fitter fits one criterion, on all rows or on some.
type fitter struct {
	criterion scoring.Criterion
	rows      []*measured
	scores    []float64
	words     float64 // that answers are asked to have
	prior     *Prior
	trusted   []kind
	full      bool

	designs map[string]*additive.Design // by what they are made of, where that does not depend on the rows
}

// fit learns from the chosen rows; loo are their sums before the map, each by a model without it.
func (f *fitter) fit(ctx context.Context, chosen []int) (_ *model, loo []float64, err error) {
	known := f.prior.of(f.criterion, f.words, pick(f.rows, chosen))
	var kinds []kind
	for _, k := range f.trusted {
		if k == rules || k == pack && f.rows[0].share != nil || k == otherTexts && known != nil {
			kinds = append(kinds, k)
		}
	}
	for {
		m := &model{Key: f.criterion.Key, Scale: f.criterion.Scale, Kinds: kinds, Others: known, Full: f.full}
		if loo, err = f.solve(ctx, m, chosen); err != nil {
			return nil, nil, err
		}
		worst, least := -1, 0.0
		for i := range kinds {
			if s := m.slope(i); s < least {
				worst, least = i, s
			}
		}
		if worst < 0 {
			f.finish(m, loo, chosen)
			return m, loo, nil
		}
		kinds = slices.Delete(slices.Clone(kinds), worst, worst+1)
	}
}

// solve fits the sum of a model.
func (f *fitter) solve(ctx context.Context, m *model, chosen []int) ([]float64, error) {
	design, at, err := f.design(m, chosen)
	if err != nil {
		return nil, err
	}
	y := make([]float64, len(chosen))
	for x, i := range chosen {
		y[x] = f.scores[i] - m.anchored(f.rows[i])
	}
	fitted, err := design.Fit(ctx, at, y)
	if err != nil {
		return nil, err
	}
	m.Sum = *fitted[0].Model
	loo := fitted[0].LOO
	for x, i := range chosen {
		loo[x] += m.anchored(f.rows[i])
	}
	return loo, nil
}

// design of a model's parts, and where the chosen rows are in it. The prior of other questions is
// standardised by the chosen rows, so that its design can serve no others.
func (f *fitter) design(m *model, chosen []int) (*additive.Design, []int, error) {
	var parts []additive.Part
	for _, k := range m.Kinds {
		parts = append(parts, additive.Part{Name: string(k), Kind: additive.Linear, Columns: []string{string(k)}})
	}
	if m.Full {
		parts = append(parts,
			additive.Part{Name: "features", Kind: additive.Smooth, Columns: feature.Keys()},
			additive.Part{Name: "grams", Kind: additive.Sparse, Bits: gramOptions.Bits})
	}
	rowsOf := func(rows []*measured) []additive.Row {
		out := make([]additive.Row, len(rows))
		for i, r := range rows {
			out[i] = m.row(r)
		}
		return out
	}
	if m.Others != nil {
		d, err := additive.NewDesign(parts, rowsOf(pick(f.rows, chosen)))
		return d, everyRow(len(chosen)), err
	}
	key := fmt.Sprint(m.Kinds)
	if d := f.designs[key]; d != nil {
		return d, chosen, nil
	}
	d, err := additive.NewDesign(parts, rowsOf(f.rows))
	if err != nil {
		return nil, nil, err
	}
	if f.designs == nil {
		f.designs = map[string]*additive.Design{}
	}
	f.designs[key] = d
	return d, chosen, nil
}

// coverage that intervals aim at, and the number of answers from which it can be reached: with n the
// widest error seen holds n of n+1.
const (
	coverage    = 0.9
	minCoverage = 9
	// leastHalf is the least half-width with fewer, in shares of the scale: that of a range of the rules.
	leastHalf = 0.15
)

// finish sets the map and the interval, from predictions for rows that were left out.
func (f *fitter) finish(m *model, loo []float64, chosen []int) {
	for i := range m.Sum.Parts {
		if e := &m.Sum.Parts[i]; e.Kind == additive.Sparse {
			e.Weights = coarse(e.Weights).fine() // what is kept is what is used
		}
	}
	scores := pickValues(f.scores, chosen)
	m.Map = additive.MapFor(loo, scores, gridOf(m.Scale))
	m.Half = half(m, loo, scores, pick(f.rows, chosen))
	if m.Coverage = coverage; len(chosen) < minCoverage {
		m.Coverage = 0
		m.Half = math.Max(m.Half, leastHalf*m.Scale.Width())
	}
}

// half is the half-width for an answer of difficulty 1.
func half(m *model, loo, scores []float64, rows []*measured) float64 {
	p, y := make([]float64, len(loo)), make([]float64, len(loo))
	for i := range loo {
		d := m.difficulty(rows[i])
		p[i], y[i] = m.Scale.Clamp(m.Map.Of(loo[i]))/d, scores[i]/d
	}
	return additive.IntervalFor(p, y, coverage).Above
}

// prediction is what a model says of an answer that it has not seen.
type prediction struct {
	value    float64 // continuous, within the scale
	interval scoring.Interval
}

// folds that rows are held out in. Fewer for many rows, since each costs a fit.
func foldsOf(rows int) int {
	if rows > 400 {
		return 5
	}
	return 10
}

// method says how predictions for rows not seen are made.
func method(rows int) string {
	if rows < EnoughRows {
		return "each answer left out in turn"
	}
	return fmt.Sprintf("%d folds, each held out in turn", foldsOf(rows))
}

// unseen predicts every row by a model that has not seen it. With enough rows they are held out in
// folds, and everything (ridge parameter, map, interval, standards) is of the others. With fewer each
// is left out in closed form: the map is the identity then, and the interval that of the other rows.
func (f *fitter) unseen(ctx context.Context, whole *model, loo []float64) ([]prediction, error) {
	out := make([]prediction, len(f.rows))
	if !f.full {
		for i := range f.rows {
			others := *whole
			if rest := without(len(f.rows), i); len(rest) > 0 {
				others.Half = half(whole, pickValues(loo, rest), pickValues(f.scores, rest), pick(f.rows, rest))
			}
			if len(f.rows) < minCoverage {
				others.Half = math.Max(others.Half, leastHalf*whole.Scale.Width())
			}
			v := whole.Scale.Clamp(whole.Map.Of(loo[i]))
			out[i] = prediction{v, others.interval(v, f.rows[i])}
		}
		return out, nil
	}
	order := f.dealt()
	k := foldsOf(len(f.rows))
	for fold := range k {
		var train, test []int
		for x, i := range order {
			if x%k == fold {
				test = append(test, i)
			} else {
				train = append(train, i)
			}
		}
		slices.Sort(train)
		m, _, err := f.fit(ctx, train)
		if err != nil {
			return nil, err
		}
		for _, i := range test {
			v := m.Scale.Clamp(m.Map.Of(m.raw(f.rows[i])))
			out[i] = prediction{v, m.interval(v, f.rows[i])}
		}
	}
	return out, nil
}

// dealt orders rows by score, and by a digest of the text within a score, so that each fold has its
// share of every score and nothing depends on the order in which answers came.
func (f *fitter) dealt() []int {
	digests := make([]string, len(f.rows))
	for i, r := range f.rows {
		sum := sha256.Sum256([]byte(r.text.Raw))
		digests[i] = string(sum[:])
	}
	order := everyRow(len(f.rows))
	slices.SortFunc(order, func(a, b int) int {
		if f.scores[a] != f.scores[b] {
			if f.scores[a] < f.scores[b] {
				return -1
			}
			return 1
		}
		return strings.Compare(digests[a], digests[b])
	})
	return order
}

func everyRow(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

func without(n, left int) []int {
	return slices.DeleteFunc(everyRow(n), func(i int) bool { return i == left })
}

func pick(rows []*measured, chosen []int) []*measured {
	out := make([]*measured, len(chosen))
	for x, i := range chosen {
		out[x] = rows[i]
	}
	return out
}

func pickValues(values []float64, chosen []int) []float64 {
	out := make([]float64, len(chosen))
	for x, i := range chosen {
		out[x] = values[i]
	}
	return out
}
