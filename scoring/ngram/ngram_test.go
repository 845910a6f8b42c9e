package ngram_test

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"

	"github.com/rubrica/rubrica/scoring/ngram"
)

var options = ngram.Options{Min: 1, Max: 5, Bits: 12}

// total is the number of n-grams in a vector.
func total(v ngram.Vector) float64 {
	var s float64
	for _, x := range v.Value {
		s += math.Expm1(float64(x))
	}
	return s
}

func TestOfCountsEveryGram(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		v := ngram.Of(text, options)
		assert.True(t, slices.IsSorted(v.Index))
		assert.Len(t, v.Value, len(v.Index))
		for i, at := range v.Index {
			assert.Less(t, at, uint32(1<<options.Bits))
			assert.Positive(t, v.Value[i])
		}
	})
	// " ab ": 4 of one character, 3 of two, 2 of three, 1 of four.
	assert.InDelta(t, 10, total(ngram.Of("ab", options)), 1e-4)
	assert.InDelta(t, 9, total(ngram.Of("ab", ngram.Options{Min: 1, Max: 3, Bits: 12})), 1e-4)
	assert.InDelta(t, 3, total(ngram.Of("ab", ngram.Options{Min: 2, Max: 2, Bits: 12})), 1e-4)
}

func TestOfKnowsNoCaseAndNoRunsOfBlanks(t *testing.T) {
	assert.Equal(t, ngram.Of("a cat sat", options), ngram.Of("  A\tCat \n\n sat ", options))
	assert.NotEqual(t, ngram.Of("a cat sat", options), ngram.Of("a cats at", options))
}

func TestOfTokensStaysWithinSentences(t *testing.T) {
	o := ngram.Options{Min: 2, Max: 2, Bits: 16}
	// ^ a, a b, b $; ^ c, c $
	assert.InDelta(t, 5, total(ngram.OfTokens([][]string{{"a", "b"}, {"c"}}, o)), 1e-4)
	assert.NotEqual(t, ngram.OfTokens([][]string{{"a", "b"}, {"c"}}, o), ngram.OfTokens([][]string{{"a"}, {"b", "c"}}, o))
	one := ngram.Options{Min: 1, Max: 1, Bits: 16}
	assert.InDelta(t, 3, total(ngram.OfTokens([][]string{{"a", "b"}, {"c"}}, one)), 1e-4, "the edges of sentences are no words")
	assert.Empty(t, ngram.OfTokens(nil, o).Index)
}

func TestShapes(t *testing.T) {
	assert.Equal(t, []string{"the", "~", "was", "~ing", "because", "of", "#", "~s"},
		ngram.Shapes([]string{"the", "dog", "was", "running", "because", "of", "22", "cats"}))
}
