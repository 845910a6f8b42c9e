package evaluate

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/scoring"
)

// TestFaithfulnessOfTheSeeds holds the local engine to it on a part of the seeds.
func TestFaithfulnessOfTheSeeds(t *testing.T) {
	r, err := Faithfulness(t.Context(), Options{Quick: true})
	require.NoError(t, err)
	assert.Truef(t, r.Met(), "%s", r.Text())
}

func TestRandomSpansHaveTheSameLengths(t *testing.T) {
	raw := strings.Repeat("one two three four five six. ", 6)
	words := wordPlaces(raw)
	require.Len(t, words, 36)
	random := rand.New(rand.NewPCG(1, 1)) //nolint:gosec // repeatable, not secret
	spans := [][2]int{{0, 28}, {29, 57}, {58, 71}}
	for range 200 {
		got := randomSpans(words, spans, random)
		require.Len(t, got, 3)
		n, end := 0, 0
		for _, s := range got {
			require.GreaterOrEqual(t, s[0], end)
			end = s[1]
			n += len(strings.Fields(raw[s[0]:s[1]]))
		}
		require.Equal(t, 15, n)
		require.Len(t, strings.Fields(cut(raw, got)), 36-15)
	}
}

func TestMostPositive(t *testing.T) {
	list := []scoring.Evidence{{Start: 0, End: 5, Points: -2}, {Start: 6, End: 9, Points: 0.5}, {Start: 6, End: 9, Points: 0.4}, {Start: 10, End: 12, Points: 0.7}}
	assert.Equal(t, [][2]int{{6, 9}, {10, 12}}, mostPositive(list, 3))
	assert.Equal(t, [][2]int{{6, 9}}, mostPositive(list, 1))
}
