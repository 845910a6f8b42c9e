package minilm_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/rag/minilm"
	"github.com/rubrica/rubrica/scoring"
)

var _ scoring.Embedder = (*minilm.Model)(nil)

// reference is one text of testdata, as the fp32 model and its tokenizer see it.
type reference struct {
	Text   string
	Tokens []int
	Vector []int // in 1e-5
}

func references(t *testing.T, file string) []reference {
	t.Helper()
	data, err := os.ReadFile("testdata/" + file)
	require.NoError(t, err)
	var fixture struct{ Texts []reference }
	require.NoError(t, json.Unmarshal(data, &fixture))
	return fixture.Texts
}

func model(t *testing.T) *minilm.Model {
	t.Helper()
	m, err := minilm.Shared(t.Context())
	require.NoError(t, err)
	return m
}

func embed(t *testing.T, m *minilm.Model, text string) []float32 {
	t.Helper()
	v, err := m.Embed(t.Context(), text)
	require.NoError(t, err)
	return v
}

func cosine(a, b []float32) float64 {
	var dot, aa, bb float64
	for i := range a {
		x, y := float64(a[i]), float64(b[i])
		dot, aa, bb = dot+x*y, aa+x*x, bb+y*y
	}
	return dot / math.Sqrt(aa*bb)
}

func length(v []float32) float64 {
	var squares float64
	for _, x := range v {
		squares += float64(x) * float64(x)
	}
	return math.Sqrt(squares)
}

func TestTokensAreTheReferences(t *testing.T) {
	m := model(t)
	texts := append(references(t, "reference.json"), references(t, "tokens.json")...)
	require.Greater(t, len(texts), 600)
	for _, ref := range texts {
		assert.Equal(t, ref.Tokens, m.Tokens(ref.Text), "%q", ref.Text)
	}
}

func TestVectorsAreNearTheReferences(t *testing.T) {
	m := model(t)
	refs := references(t, "reference.json")
	require.GreaterOrEqual(t, len(refs), 60)
	lowest, sum := 1.0, 0.0
	for _, ref := range refs {
		want := make([]float32, len(ref.Vector))
		for i, v := range ref.Vector {
			want[i] = float32(v)
		}
		got := embed(t, m, ref.Text)
		require.Len(t, got, minilm.Dimensions)
		assert.InDelta(t, 1, length(got), 1e-6)
		c := cosine(got, want)
		assert.GreaterOrEqual(t, c, 0.97, "%.80q", ref.Text)
		lowest, sum = min(lowest, c), sum+c
	}
	mean := sum / float64(len(refs))
	t.Logf("%d texts: mean cosine %.5f, lowest %.5f", len(refs), mean, lowest)
	assert.GreaterOrEqual(t, mean, 0.99)
}

func TestAVectorDependsOnItsTextAlone(t *testing.T) {
	t.Parallel()
	m := model(t)
	refs := references(t, "reference.json")
	alone := make([][]float32, len(refs))
	for i, ref := range refs {
		alone[i] = embed(t, m, ref.Text)
	}
	for i, ref := range slices.Backward(refs) { // after other neighbours
		require.Equal(t, alone[i], embed(t, m, ref.Text), "%.80q", ref.Text)
	}
	var wg sync.WaitGroup
	errs := make([]error, 4)
	for g := range errs {
		wg.Go(func() {
			for i := range refs {
				i = (i*7 + g*13) % len(refs) // each in another order
				v, err := m.Embed(context.Background(), refs[i].Text)
				if err == nil && !slices.Equal(v, alone[i]) {
					err = errors.New("another vector for " + refs[i].Text)
				}
				errs[g] = errors.Join(errs[g], err)
			}
		})
	}
	wg.Wait()
	require.NoError(t, errors.Join(errs...))
}

func TestWindows(t *testing.T) {
	m := model(t)
	for _, words := range []int{0, 1, 253, 254, 255, 444, 445, 5000} {
		text := strings.TrimSpace(strings.Repeat("rain ", words))
		all := m.Tokens(text)
		cls, sep := all[0], all[len(all)-1]
		var joined []int32
		count := 0
		for window := range m.Windows(text) {
			require.LessOrEqual(t, len(window), minilm.WindowTokens)
			require.EqualValues(t, cls, window[0])
			require.EqualValues(t, sep, window[len(window)-1])
			content := window[1 : len(window)-1]
			if count > 0 {
				require.Greater(t, len(content), minilm.OverlapTokens, "a window brings something new")
				content = content[minilm.OverlapTokens:]
			}
			joined = append(joined, content...)
			count++
		}
		assert.Len(t, joined, words, "every token is in a window")
		want := 1
		if rest := words - (minilm.WindowTokens - 2); rest > 0 {
			step := minilm.WindowTokens - 2 - minilm.OverlapTokens
			want += (rest + step - 1) / step
		}
		assert.Equal(t, want, count, "%d words", words)
	}
}

func TestSpecialInputs(t *testing.T) {
	m := model(t)
	nothing := embed(t, m, "")
	assert.InDelta(t, 1, length(nothing), 1e-6)
	for _, text := range []string{"   \n\t ", "\x00\x00", "\u200b\u200d", "\xff\xfe", "\u0301"} {
		assert.Equal(t, nothing, embed(t, m, text), "%q", text)
	}
	assert.Equal(t, embed(t, m, "café"), embed(t, m, "CAFE\u0301"))
	assert.Equal(t, embed(t, m, "ab"), embed(t, m, "a\xffb"), "bytes that are not UTF-8 are passed over")
	assert.NotEqual(t, nothing, embed(t, m, "🙂"))
	assert.InDelta(t, 1, length(embed(t, m, strings.Repeat("🙂", 3000))), 1e-6)
	assert.InDelta(t, 1, length(embed(t, m, strings.Repeat("a", 200_000))), 1e-6)
}

func TestMeaning(t *testing.T) {
	m := model(t)
	a := embed(t, m, "The server must not charge the customer twice when a request is retried.")
	b := embed(t, m, "Repeating a call should not take the payment a second time.")
	c := embed(t, m, "My grandmother taught me to prune apple trees.")
	assert.Greater(t, cosine(a, b), cosine(a, c)+0.2)
}

// longest is as long as an essay may be.
func longest() string {
	return strings.Repeat("A retry is safe when nothing happens twice. ", 200_000/44+1)[:200_000]
}

func TestTheLongestEssay(t *testing.T) {
	t.Parallel()
	assert.InDelta(t, 1, length(embed(t, model(t), longest())), 1e-6)
}

func TestWindowsTakeTheRoomOfOne(t *testing.T) {
	m := model(t)
	allocations := func(text string) float64 {
		return testing.AllocsPerRun(1, func() {
			for range m.Windows(text) {
			}
		})
	}
	assert.InDelta(t, allocations(longest()[:2000]), allocations(longest()), 8)
}

func TestEmbedHeedsItsContext(t *testing.T) {
	m := model(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := m.Embed(ctx, "too late")
	require.ErrorIs(t, err, context.Canceled)
}

func TestOpenTwiceAndClose(t *testing.T) {
	m, err := minilm.Open(t.Context(), minilm.Options{Concurrency: 1})
	require.NoError(t, err)
	other := model(t)
	assert.Equal(t, embed(t, other, "rain"), embed(t, m, "rain"))
	assert.Equal(t, minilm.Name, m.Model())
	assert.Equal(t, minilm.Dimensions, m.Dimensions())

	// Close waits for those who embed; they get their vector or ErrClosed.
	var wg sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		wg.Go(func() { _, errs[i] = m.Embed(context.Background(), "rain in the mountains") })
	}
	require.NoError(t, m.Close())
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			require.ErrorIs(t, err, minilm.ErrClosed)
		}
	}
	_, err = m.Embed(t.Context(), "rain")
	require.ErrorIs(t, err, minilm.ErrClosed)
	require.NoError(t, m.Close())
	embed(t, other, "the other one lives on")
}

func TestAnotherLibraryIsRefused(t *testing.T) {
	model(t)
	_, err := minilm.Open(t.Context(), minilm.Options{LibraryPath: "/nowhere/libonnxruntime.so"})
	require.ErrorContains(t, err, "already loaded")
}
