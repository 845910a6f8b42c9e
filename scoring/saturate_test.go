package scoring

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// The parts of a saturated total add up to it, are proportional, and grow when an amount is added.
func TestSaturateStaysASum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		amounts := rapid.SliceOf(rapid.Float64Range(0, 10)).Draw(t, "amounts")
		parts, total := saturate(amounts, 3)
		require.Len(t, parts, len(amounts))
		var sum float64
		for i, p := range parts {
			require.GreaterOrEqual(t, p, 0.0)
			if i > 0 {
				require.InDelta(t, p*amounts[0], parts[0]*amounts[i], 1e-9)
			}
			sum += p
		}
		require.InDelta(t, total, sum, 1e-9)
		require.LessOrEqual(t, total, 1.0)
		_, more := saturate(append(amounts, 1), 3)
		require.GreaterOrEqual(t, more, total)
	})
}

func TestRamp(t *testing.T) {
	assert.Equal(t, []float64{0, 0, 0.5, 1, 1}, []float64{ramp(-1, 0, 2), ramp(0, 0, 2), ramp(1, 0, 2), ramp(2, 0, 2), ramp(9, 0, 2)})
}

func TestMeanVectorIsOfUnitLengthAndWeightedByWords(t *testing.T) {
	mean := meanVector([]Sentence{
		{Tokens: []string{"a", "b", "c"}, Vector: []float32{1, 0}},
		{Tokens: []string{"d"}, Vector: []float32{0, 1}},
		{}, // without words
	})
	assert.InDelta(t, 3/math.Sqrt(10), mean[0], 1e-6)
	assert.InDelta(t, 1/math.Sqrt(10), mean[1], 1e-6)
	assert.Nil(t, meanVector(nil))
	assert.Zero(t, cosine([]float32{1}, []float32{1, 0}))
}
