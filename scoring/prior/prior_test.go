package prior_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/scoring/additive"
	"github.com/rubrica/rubrica/scoring/agreement"
	"github.com/rubrica/rubrica/scoring/prior"
)

var columns = []string{"length", "quality", "noise"}

// question makes answers to a question of some length: long answers and those of high quality, by the standard of
// the question, are scored higher.
func question(seed uint64, words float64, grid additive.Grid) prior.Question {
	r := rand.New(rand.NewPCG(seed, 0))
	q := prior.Question{Grid: grid, Words: words}
	for range 120 {
		long, good := r.NormFloat64(), r.NormFloat64()
		q.Features = append(q.Features, []float64{math.Log(words) + long/3, 5*math.Log(words) + good, r.NormFloat64()})
		q.Lengths = append(q.Lengths, words*math.Exp(long/3))
		mid := (grid.Min + grid.Max) / 2
		q.Scores = append(q.Scores, grid.Round(mid+(grid.Max-grid.Min)/5*(.5*long+good)))
	}
	return q
}

func questions() []prior.Question {
	return []prior.Question{
		question(1, 100, additive.Grid{Min: 0, Max: 10, Step: 1}),
		question(2, 200, additive.Grid{Min: 1, Max: 6, Step: 1}),
		question(3, 400, additive.Grid{Min: 0, Max: 3, Step: 1}),
		question(4, 800, additive.Grid{Min: 0, Max: 30, Step: 1}),
	}
}

func fit(t *testing.T, words float64) *prior.Prior {
	p, err := prior.Fit(t.Context(), columns, questions(), words)
	require.NoError(t, err)
	return p
}

func predict(p *prior.Prior, q prior.Question, u prior.Usual) []float64 {
	out := make([]float64, len(q.Features))
	for i, f := range q.Features {
		out[i] = p.Predict(f, u)
	}
	return out
}

func TestPriorCarriesOverToAnotherQuestion(t *testing.T) {
	p := fit(t, 1500)
	q := question(9, 1500, additive.Grid{Min: 0, Max: 100, Step: 1})
	u, err := p.Freeze(q.Features[:50])
	require.NoError(t, err)
	z := predict(p, q, u)
	assert.Greater(t, agreement.Pearson(z, q.Scores), .9)
	assert.InDelta(t, 0, agreement.Mean(z), .3)
	blind := predict(p, q, p.Expect(1500))
	assert.Greater(t, agreement.Pearson(blind, q.Scores), .9, "the expected length stands in for answers")
	assert.InDelta(t, 0, agreement.Mean(blind), .5)
	assert.Greater(t, math.Abs(agreement.Mean(predict(p, q, p.Expect(100)))), 1.0, "and another length would mislead")
}

func TestScoresAreGuessedFromTheScale(t *testing.T) {
	mean, deviation := fit(t, 0).Scores(additive.Grid{Min: 10, Max: 20, Step: 1})
	assert.InDelta(t, 15, mean, .5)
	assert.InDelta(t, 2.2, deviation, .6)
}

func TestFitIsDeterministic(t *testing.T) {
	first := fit(t, 300)
	assert.Equal(t, first, fit(t, 300))
}

func TestFitRefusesWhatTeachesNothing(t *testing.T) {
	_, err := prior.Fit(t.Context(), columns, nil, 0)
	require.ErrorContains(t, err, "no question has enough graded answers that differ")
	q := question(1, 100, additive.Grid{Max: 10, Step: 1})
	for i := range q.Scores {
		q.Scores[i] = 3
	}
	_, err = prior.Fit(t.Context(), columns, []prior.Question{q}, 0)
	require.ErrorContains(t, err, "no question has enough graded answers that differ")
	q = question(1, 100, additive.Grid{Max: 10, Step: 1})
	q.Features[3] = q.Features[3][:2]
	_, err = prior.Fit(t.Context(), columns, []prior.Question{q}, 0)
	require.ErrorContains(t, err, "an answer with 2 columns, not 3")
	q.Scores = q.Scores[1:]
	_, err = prior.Fit(t.Context(), columns, []prior.Question{q}, 0)
	require.ErrorContains(t, err, "119 scores")
	_, err = fit(t, 0).Freeze(q.Features[:1])
	require.ErrorContains(t, err, "it takes 2")
}

// One question alone is enough to say something of another.
func TestOneQuestion(t *testing.T) {
	p, err := prior.Fit(t.Context(), columns, questions()[:1], 0)
	require.NoError(t, err)
	q := question(9, 110, additive.Grid{Max: 10, Step: 1})
	assert.Greater(t, agreement.Pearson(predict(p, q, p.Expect(110)), q.Scores), .8)
}
