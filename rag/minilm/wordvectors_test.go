package minilm

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEmbedWords(t *testing.T) {
	m, err := Shared(t.Context())
	require.NoError(t, err)
	texts := []string{
		"An idempotency key de-duplicates retried requests.", "", "Café — naïve?", "[SEP] x",
		strings.Repeat("Each window repeats the end of the one before it. ", 80),
	}
	for _, text := range texts {
		want, err := m.Embed(t.Context(), text)
		require.NoError(t, err)
		vector, words, vectors, err := m.EmbedWords(t.Context(), text)
		require.NoError(t, err)
		assert.Equal(t, want, vector, "the vector of the text is that of Embed")
		require.Len(t, vectors, len(words))
		for i, v := range vectors {
			require.Len(t, v, Dimensions, words[i])
			var squares float64
			for _, x := range v {
				squares += float64(x) * float64(x)
			}
			require.InDelta(t, 1, squares, 1e-4, words[i])
		}
	}
	_, words, _, err := m.EmbedWords(t.Context(), texts[0])
	require.NoError(t, err)
	assert.Equal(t, "an idempotency key de - duplicates retried requests .", strings.Join(words, " "))
	_, words, _, err = m.EmbedWords(t.Context(), texts[4])
	require.NoError(t, err)
	assert.Len(t, words, 11*80, "no word is counted twice or left out")
}
