package ngram_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/rubrica/rubrica/scoring/ngram"
)

// TestPlacesAreWhatIsCounted holds the two ways through a text together.
func TestPlacesAreWhatIsCounted(t *testing.T) {
	o := ngram.Options{Min: 1, Max: 5, Bits: 17}
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.StringMatching(`[A-Za-zİſ \n.]{0,80}`)).Draw(t, "text")
		counts := map[uint32]int{}
		ngram.Places(text, o, func(index uint32, at int) {
			require.True(t, at >= 0 && at <= len(text))
			counts[index]++
		})
		v := ngram.Of(text, o)
		require.Len(t, counts, len(v.Index))
		for x, index := range v.Index {
			require.Equal(t, float32(math.Log1p(float64(counts[index]))), v.Value[x])
		}
	})
}
