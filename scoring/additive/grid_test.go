package additive_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/rubrica/rubrica/scoring/additive"
	"github.com/rubrica/rubrica/scoring/agreement"
)

var halves = additive.Grid{Min: 1, Max: 5, Step: .5}

func TestRoundGivesTheNearestPoint(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.Float64Range(-10, 20).Draw(t, "value")
		r := halves.Round(v)
		assert.GreaterOrEqual(t, r, 1.0)
		assert.LessOrEqual(t, r, 5.0)
		assert.InDelta(t, 0, r*2-float64(int(r*2)), 1e-12)
		if v > 1 && v < 5 {
			assert.InDelta(t, v, r, .25+1e-12)
		}
	})
}

// shrunk makes scores, and predictions that were drawn to the mean.
func shrunk(n int) (predicted, scores []float64) {
	r := rand.New(rand.NewPCG(1, 1))
	for range n {
		v := 3 + r.NormFloat64()
		scores = append(scores, halves.Round(v))
		predicted = append(predicted, 3+(v-3)*.6+r.NormFloat64()*.2)
	}
	return predicted, scores
}

func TestMapGivesTheSpreadBack(t *testing.T) {
	for _, n := range []int{12, 400} {
		predicted, scores := shrunk(n)
		m := additive.MapFor(predicted, scores, halves)
		assert.Greater(t, m.Expansion, 1.2)
		mapped := make([]float64, n)
		for i, v := range predicted {
			mapped[i] = m.Of(v)
		}
		assert.Greater(t, agreement.QWK(mapped, scores, 1, 5, .5), agreement.QWK(predicted, scores, 1, 5, .5))
	}
	predicted, _ := shrunk(12)
	equal := make([]float64, 12)
	assert.InDelta(t, 1, additive.MapFor(equal, predicted, halves).Expansion, 0, "predictions that do not vary are left alone")
}

// Of new texts of the same kind an interval holds the share that it promises.
func TestIntervalCovers(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	draw := func(n int) (predicted, scores []float64) {
		for range n {
			predicted = append(predicted, 3)
			scores = append(scores, 3+r.NormFloat64())
		}
		return predicted, scores
	}
	p, s := draw(500)
	i := additive.IntervalFor(p, s, .9)
	in := 0
	p, s = draw(2000)
	for k := range p {
		if s[k] >= p[k]-i.Below && s[k] <= p[k]+i.Above {
			in++
		}
	}
	assert.InDelta(t, .9, float64(in)/2000, .03)
	few := additive.IntervalFor([]float64{1, 1, 1}, []float64{1, 2, 4}, .9)
	assert.InDelta(t, 3, few.Above, 1e-12, "with too few rows it is as wide as all that was seen")
}

func TestMixLetsTraitsCorrectEachOther(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	predicted, scores := make([][]float64, 3), make([][]float64, 3)
	for range 300 {
		level := r.NormFloat64()
		for k := range 3 {
			scores[k] = append(scores[k], level+r.NormFloat64()/4)
			predicted[k] = append(predicted[k], level+r.NormFloat64()/2) // of which each has noise of its own
		}
	}
	m, err := additive.MixFor(predicted, scores)
	require.NoError(t, err)
	var before, after float64
	for i := range 300 {
		one := []float64{predicted[0][i], predicted[1][i], predicted[2][i]}
		d, e := one[0]-scores[0][i], m.Of(one)[0]-scores[0][i]
		before, after = before+d*d, after+e*e
	}
	assert.Less(t, after, before*.8)
	_, err = additive.MixFor([][]float64{{1}, {1}}, [][]float64{{1}, {1}})
	require.Error(t, err)
}
