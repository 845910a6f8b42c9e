package feature_test

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/rubrica/rubrica/scoring"
	"github.com/rubrica/rubrica/scoring/feature"
	"github.com/rubrica/rubrica/scoring/lexicon"
)

// embedder gives vectors by the first letter: two directions, and those between.
type embedder struct{ none bool }

func (embedder) Model() string { return "made up" }

func (e embedder) Embed(_ context.Context, text string) ([]float32, error) {
	if e.none {
		return nil, nil
	}
	a := float64(text[0]%8) / 8
	return []float32{float32(math.Cos(a)), float32(math.Sin(a))}, nil
}

func read(t require.TestingT, raw string) *scoring.Text {
	text, err := scoring.Analyze(context.Background(), embedder{none: true}, raw)
	require.NoError(t, err)
	return text
}

func words(t require.TestingT) *lexicon.Lexicon {
	lex, err := lexicon.Read(
		strings.NewReader("the 20000000000\ncat 90000000\nsat 30000000\non 15000000000\nmat 8000000\ndont 5000000\nwell 90000000\nknown 80000000\ni 9000000000\n"),
		strings.NewReader("the cat 4000000\non the 900000000\n"))
	require.NoError(t, err)
	return lex
}

// value is one measure by its key.
func value(t *testing.T, raw, key string) float64 {
	i := slices.IndexFunc(feature.Names, func(n feature.Name) bool { return n.Key == key })
	require.GreaterOrEqual(t, i, 0, key)
	return feature.Of(read(t, raw), words(t))[i]
}

func TestNames(t *testing.T) {
	seen := map[string]bool{}
	for _, n := range append(slices.Clone(feature.Names), feature.VectorNames...) {
		assert.False(t, seen[n.Key], "%s comes twice", n.Key)
		seen[n.Key] = true
		assert.NotEmpty(t, n.Label, n.Key)
		assert.NotEmpty(t, n.Group.Label(), n.Key)
	}
	assert.Len(t, feature.Keys(), len(feature.Names))
}

// Whatever the text, there is one finite number for each name.
func TestOfIsFinite(t *testing.T) {
	lex := words(t)
	rapid.Check(t, func(t *rapid.T) {
		raw := rapid.OneOf(rapid.String(), rapid.StringMatching(`([a-zI]{1,8}[,.;!?'" @\n-]{0,3}){0,60}`)).Draw(t, "text")
		for i, v := range feature.Of(read(t, raw), lex) {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				t.Fatalf("%s is %v", feature.Names[i].Key, v)
			}
		}
		assert.Len(t, feature.Of(read(t, raw), nil), len(feature.Names))
	})
}

func TestOfIsDeterministic(t *testing.T) {
	raw := strings.Repeat("The cat sat on teh mat, well-known as it is. I dont know! Why so?\n\n", 9)
	first := feature.Of(read(t, raw), words(t))
	for range 20 {
		assert.Equal(t, first, feature.Of(read(t, raw), words(t)))
	}
}

func TestMeasures(t *testing.T) {
	const cat = "The cat sat on the mat."
	for name, c := range map[string]struct {
		key, raw string
		want     float64
	}{
		"words by the hundred":         {"words", cat, .06},
		"paragraphs":                   {"log_paragraphs", cat + "\n\n" + cat, math.Log1p(2)},
		"the longest paragraph":        {"longest_paragraph", cat + " " + cat + "\n\n" + cat, 2.0 / 3},
		"letters a word":               {"word_length", cat, 17.0 / 6},
		"different words":              {"type_share", cat, 5.0 / 6},
		"moving average":               {"mattr25", cat, 5.0 / 6},
		"used once":                    {"once_share", cat, 4.0 / 5},
		"Yule":                         {"yule", cat, 100 * (8.0 - 6) / 36},
		"no misspelling":               {"misspelt_rate", cat, 0},
		"one misspelling of six":       {"misspelt_rate", "The cat sat on teh mat.", 1.0 / 6},
		"compounds, numbers and short": {"misspelt_rate", "Well-known don't 42", 0},
		"pairs":                        {"pairs_known_share", cat, 2.0 / 5},
		"commas":                       {"comma_rate", "The cat, the mat, on.", 2.0 / 5},
		"glued marks":                  {"glued_rate", "The cat,on the mat", 1.0 / 5},
		"small i":                      {"small_i_rate", "i sat on it, i know", 2.0 / 6},
		"sentences that begin small":   {"lower_start_share", "the cat sat. The cat sat.", .5},
		"capitals":                     {"capitals_rate", "THE cat sat", 1.0 / 3},
		"connectives":                  {"cause_rate", "I sat because the cat sat, therefore.", 2.0 / 7},
		"overlap":                      {"overlap", "Dogs bark loudly. Loudly they bark.", 2.0 / 3},
		"nothing":                      {"sentence_length", "…", 0},
	} {
		t.Run(name, func(t *testing.T) { assert.InDelta(t, c.want, value(t, c.raw, c.key), 1e-9) })
	}
}

// The measures of variety that are named for it hardly move when a text of the same kind goes on.
func TestVarietyDoesNotFallWithLength(t *testing.T) {
	varied := "Rivers carve valleys while glaciers polish granite into smooth domes. Farmers watch clouds and guess tomorrow's rain. " +
		"Children invent games that need no rules. Old maps show coasts which storms have since redrawn. "
	once, four := read(t, varied), read(t, strings.Repeat(varied, 4))
	fall := func(key string) float64 {
		i := slices.IndexFunc(feature.Names, func(n feature.Name) bool { return n.Key == key })
		return 1 - feature.Of(four, words(t))[i]/feature.Of(once, words(t))[i]
	}
	assert.Greater(t, fall("type_share"), .5)
	assert.Less(t, fall("mattr25"), .05)
}

func TestOfVectors(t *testing.T) {
	_, ok := feature.OfVectors(read(t, "A cat. A dog. A mouse."))
	assert.False(t, ok, "without vectors there are no such measures")
	embed := func(raw string) []float64 {
		text, err := scoring.Analyze(t.Context(), embedder{}, raw)
		require.NoError(t, err)
		v, ok := feature.OfVectors(text)
		require.True(t, ok)
		require.Len(t, v, len(feature.VectorNames))
		return v
	}
	same := embed("Apples fall. Apples roll. Apples rot.")
	assert.InDelta(t, 1, same[0], 1e-6)
	assert.InDelta(t, 0, same[5], 1e-3)
	other := embed("Apples fall. Gulls fly. Apples rot.")
	assert.Less(t, other[0], same[0])
	assert.Greater(t, other[5], same[5])
}

func BenchmarkOf(b *testing.B) {
	text := read(b, strings.Repeat("The cat sat on the mat, because it was well known there. ", 28))
	lex := words(b)
	for b.Loop() {
		feature.Of(text, lex)
	}
}
