package agreement_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"

	"github.com/rubrica/rubrica/scoring/agreement"
)

func TestQWK(t *testing.T) {
	a := []float64{1, 2, 3, 4, 4}
	assert.InDelta(t, 1, agreement.QWK(a, a, 1, 4, 1), 1e-12)
	assert.InDelta(t, -1, agreement.QWK([]float64{1, 4}, []float64{4, 1}, 1, 4, 1), 1e-12)
	// By hand: squared differences observed 2; by chance 2(0+2+8) + 2(1+0+2) + 1(4+2+0), over 5.
	assert.InDelta(t, 1-2*5.0/32, agreement.QWK([]float64{1, 1, 2, 2, 3}, []float64{1, 2, 2, 3, 3}, 1, 3, 1), 1e-12)
	assert.Zero(t, agreement.QWK([]float64{2, 2}, []float64{2, 2}, 1, 4, 1), "grades that do not vary agree by chance")
	assert.InDelta(t, 1, agreement.QWK([]float64{1.2, 2.9}, []float64{1, 3}, 1, 4, 1), 1e-12, "predictions are rounded to the scale")
	assert.Panics(t, func() { agreement.QWK(a, a[:2], 1, 4, 1) })
}

func TestQWKIsSymmetricAndBounded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 30).Draw(t, "n")
		grades := rapid.SliceOfN(rapid.Map(rapid.IntRange(0, 6), func(i int) float64 { return float64(i) / 2 }), n, n)
		a, b := grades.Draw(t, "a"), grades.Draw(t, "b")
		q := agreement.QWK(a, b, 0, 3, .5)
		assert.InDelta(t, q, agreement.QWK(b, a, 0, 3, .5), 1e-12)
		assert.LessOrEqual(t, q, 1.0)
	})
}

func TestCorrelations(t *testing.T) {
	a, b := []float64{1, 2, 3, 4}, []float64{10, 20, 30, 1000}
	assert.InDelta(t, 1, agreement.Spearman(a, b), 1e-12)
	assert.Less(t, agreement.Pearson(a, b), .9)
	assert.InDelta(t, -1, agreement.Pearson(a, []float64{4, 3, 2, 1}), 1e-12)
	assert.InDelta(t, .9486833, agreement.Spearman(a, []float64{1, 2, 2, 3}), 1e-6, "equal values share a rank")
	assert.Zero(t, agreement.Pearson(a, []float64{5, 5, 5, 5}))
}

func TestErrors(t *testing.T) {
	a, b := []float64{1, 2, 3, 4}, []float64{1, 3, 5, 4}
	assert.InDelta(t, 1.118034, agreement.RMSE(a, b), 1e-6)
	assert.InDelta(t, .5, agreement.Within(a, b, 0), 1e-12)
	assert.InDelta(t, .75, agreement.Within(a, b, 1), 1e-12)
	assert.InDelta(t, 1, agreement.Within([]float64{.1 + .2}, []float64{.3}, 0), 1e-12, "sums of binary fractions count as what they are meant to be")
	assert.InDelta(t, 2.5, agreement.Mean(a), 1e-12)
}
