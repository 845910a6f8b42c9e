package bench

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMedian(t *testing.T) {
	assert.InDelta(t, 2, median([]float64{3, 1, 2}), 0)
	assert.InDelta(t, 2.5, median([]float64{4, 1, 2, 3}), 0)
}

func TestSampleHasTextsOfEveryLength(t *testing.T) {
	lengths := make([]int, 0, 64)
	for _, text := range sample() {
		require.NotEmpty(t, text)
		lengths = append(lengths, len(text))
	}
	assert.Greater(t, len(lengths), 30)
	assert.Less(t, slices.Min(lengths), 100)
	assert.Greater(t, slices.Max(lengths), 2000, "more than one window")
}

func TestWithoutPythonItSaysWhatToInstall(t *testing.T) {
	t.Setenv("RUBRICA_CACHE_DIR", t.TempDir())
	t.Setenv("PATH", "")
	_, err := Measure(t.Context(), func(string) {})
	require.ErrorContains(t, err, "python3-venv")
}
