package evaluate

import (
	"context"
	"math"

	"github.com/rubrica/rubrica/scoring/additive"
	"github.com/rubrica/rubrica/scoring/pack"
	"github.com/rubrica/rubrica/scoring/pair"
)

// shortParts is the design of one question's model: what the answers say, as characters and words, and
// how they measure against the reference answer. It learns what the pack's share leaves open, so that with
// no answers graded the pack is what remains.
func shortParts() []additive.Part {
	keys := make([]string, len(pair.Measures))
	for i, m := range pair.Measures {
		keys[i] = m.Key
	}
	return []additive.Part{
		{Name: "characters", Kind: additive.Sparse, Bits: shortCharOptions.Bits},
		{Name: "words", Kind: additive.Sparse, Bits: shortTokenOptions.Bits},
		{Name: "measures", Kind: additive.Smooth, Columns: keys},
	}
}

func (s *short) row() additive.Row {
	return additive.Row{{Sparse: s.chars}, {Sparse: s.tokens}, {Dense: s.measures}}
}

// shortQuestion is a question with its answers, each predicted by a pack that knows nothing of it.
type shortQuestion struct {
	id       string
	answers  []short
	prior    []float64
	training []int
	unseen   []int
	pack     *pack.Pack
	design   *additive.Design
	lambda   float64 // ridge parameter of other questions; 0 when they are not known
}

// shortModel is what was learnt from some answers of a question.
type shortModel struct {
	question *shortQuestion
	centre   float64 // mean of the pack over the graded answers
	stretch  float64 // by how much answers lie farther from it than the pack says, less 1
	lambda   float64
	fitted   *additive.Model // nil with too few answers
	shift    float64         // then: of the pack's level
	interval additive.Interval
}

// minShort is the number of answers from which their words are learnt from; with fewer, only the level.
const minShort = 5

// fit learns from the chosen answers.
func (q *shortQuestion) fit(ctx context.Context, chosen []int) (*shortModel, error) {
	m := &shortModel{question: q}
	if len(chosen) > 0 {
		for _, i := range chosen {
			m.centre += q.prior[i] / float64(len(chosen))
		}
		m.stretch = q.pack.Stretch - 1
	}
	if len(chosen) < minShort {
		m.shift = q.shift(chosen)
		m.interval = additive.Interval{Below: q.pack.Half, Above: q.pack.Half}
		return m, nil
	}
	y := make([]float64, len(chosen))
	for x, i := range chosen {
		y[x] = q.answers[i].Share() - m.prior(i)
	}
	fitted, err := q.solve(ctx, chosen, y)
	if err != nil {
		return nil, err
	}
	m.fitted, m.lambda = fitted.Model, fitted.Lambda
	if len(chosen) < manyShort {
		m.fitted.Base *= q.trust(len(chosen))
	}
	unseen, shares := make([]float64, len(chosen)), make([]float64, len(chosen))
	for x, i := range chosen {
		unseen[x], shares[x] = unit(fitted.LOO[x]+m.prior(i)), q.answers[i].Share()
	}
	m.interval = additive.IntervalFor(unseen, shares, .9)
	if len(chosen) < minIntervals {
		m.interval = q.guess(len(chosen))
	}
	return m, nil
}

// minIntervals is the number of answers of which the residuals make an interval.
const minIntervals = 10

// guess is the interval where residuals are too few: from how answers to other questions vary about a
// level that n answers tell.
func (q *shortQuestion) guess(n int) additive.Interval {
	half := normalHalf * q.pack.Within * math.Sqrt(1+1/float64(n))
	return additive.Interval{Below: half, Above: half}
}

// normalHalf is the half-width of the middle 90 % of a normal distribution, in its deviations.
const normalHalf = 1.645

// manyShort is the number of answers that tell their own ridge parameter and level.
const manyShort = 30

// solve fits the sum; few answers take the ridge parameter of other questions.
func (q *shortQuestion) solve(ctx context.Context, chosen []int, y []float64) (*additive.Fitted, error) {
	var fitted []*additive.Fitted
	var err error
	if len(chosen) < manyShort && q.lambda > 0 {
		fitted, err = q.design.FitAt(ctx, q.lambda, chosen, y)
	} else {
		fitted, err = q.design.Fit(ctx, chosen, y)
	}
	if err != nil {
		return nil, err
	}
	return fitted[0], nil
}

// trust is how much of the mean distance of n answers to the pack's level is the question's and not chance,
// by how much questions and answers vary.
func (q *shortQuestion) trust(n int) float64 {
	between, within := q.pack.Between*q.pack.Between, q.pack.Within*q.pack.Within
	return float64(n) * between / (float64(n)*between + within)
}

// shift is by how much the level of the question lies above the pack's, as far as the answers prove it.
func (q *shortQuestion) shift(chosen []int) float64 {
	var mean float64
	for _, i := range chosen {
		mean += (q.answers[i].Share() - q.prior[i]) / float64(len(chosen))
	}
	return mean * q.trust(len(chosen))
}

// prior is what the pack says of an answer, spread as answers to one question are.
func (m *shortModel) prior(i int) float64 {
	p := m.question.prior[i]
	return p + m.stretch*(p-m.centre)
}

// predict is the share of an answer, before it is kept within 0 to 1.
func (m *shortModel) predict(i int) float64 {
	v := m.prior(i) + m.shift
	if m.fitted != nil {
		v += m.fitted.Predict(m.question.answers[i].row())
	}
	return v
}

func unit(v float64) float64 { return max(0, min(1, v)) }
