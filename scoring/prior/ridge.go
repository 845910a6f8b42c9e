package prior

import (
	"errors"
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/rubrica/rubrica/scoring/agreement"
)

// moment is all that ridge regression needs of a question: means of the products of its standardised columns
// with each other and with its standardised score.
type moment struct {
	columns *mat.SymDense
	score   *mat.VecDense
	weight  float64 // of the question in the sum
}

func momentOf(q Question) *moment {
	s := standards(q.Features)
	n, k := len(q.Scores), len(s)
	x := mat.NewDense(n, k, nil)
	y := mat.NewVecDense(n, nil)
	mean, dev := agreement.Mean(q.Scores), deviation(q.Scores)
	for i, f := range q.Features {
		x.SetRow(i, standardized(s, f))
		y.SetVec(i, (q.Scores[i]-mean)/dev)
	}
	m := &moment{columns: mat.NewSymDense(k, nil), score: mat.NewVecDense(k, nil)}
	m.columns.SymOuterK(1/float64(n), x.T())
	m.score.MulVec(x.T(), y)
	m.score.ScaleVec(1/float64(n), m.score)
	return m
}

// The ridge parameters that are tried, by the mean square of a column.
const (
	minRidge   = 0.01
	maxRidge   = 30
	ridgeTries = 16
	// oneQuestion is taken for a single question, which cannot tell how well it carries over.
	oneQuestion = 0.5
)

// ridge fits with the parameter that predicts best a question that the others were fitted without: what helps
// within the questions at hand may mislead on another. It also gives the spread of those predictions.
func ridge(questions []*moment) (weights []float64, spread float64, err error) {
	k := questions[0].score.Len()
	all := sumOf(questions, nil, k)
	best, least := oneQuestion, math.Inf(1)
	spread = 1
	if len(questions) > 1 {
		for try := range ridgeTries {
			lambda := minRidge * math.Pow(maxRidge/minRidge, float64(try)/(ridgeTries-1))
			var failed, variance, total float64
			for _, left := range questions {
				w, err := sumOf(questions, left, k).solve(lambda)
				if err != nil {
					return nil, 0, err
				}
				v := mat.Inner(w, left.columns, w)
				failed += left.weight * (1 - 2*mat.Dot(w, left.score) + v)
				variance += left.weight * v
				total += left.weight
			}
			if failed < least {
				best, least, spread = lambda, failed, math.Sqrt(variance/total)
			}
		}
	}
	w, err := all.solve(best)
	if err != nil {
		return nil, 0, err
	}
	if len(questions) == 1 {
		spread = math.Sqrt(mat.Inner(w, all.columns, w))
	}
	if spread < 1e-9 { // the measures say nothing of the scores: every prediction is the mean
		spread = 1
	}
	return w.RawVector().Data, spread, nil
}

// sumOf is the weighted mean of the questions but one.
func sumOf(questions []*moment, left *moment, k int) *moment {
	m := &moment{columns: mat.NewSymDense(k, nil), score: mat.NewVecDense(k, nil)}
	n := 0.0
	weighted := mat.NewSymDense(k, nil)
	for _, q := range questions {
		if q != left {
			weighted.ScaleSym(q.weight, q.columns)
			m.columns.AddSym(m.columns, weighted)
			m.score.AddScaledVec(m.score, q.weight, q.score)
			n += q.weight
		}
	}
	m.columns.ScaleSym(1/n, m.columns)
	m.score.ScaleVec(1/n, m.score)
	return m
}

func (m *moment) solve(lambda float64) (*mat.VecDense, error) {
	k := m.score.Len()
	ridged := mat.NewSymDense(k, nil)
	ridged.CopySym(m.columns)
	for j := range k {
		ridged.SetSym(j, j, ridged.At(j, j)+lambda)
	}
	var c mat.Cholesky
	if !c.Factorize(ridged) {
		return nil, errors.New("prior: the measures cannot be told apart")
	}
	w := mat.NewVecDense(k, nil)
	if err := c.SolveVecTo(w, m.score); err != nil {
		return nil, errors.Join(errors.New("prior: solve"), err)
	}
	return w, nil
}
