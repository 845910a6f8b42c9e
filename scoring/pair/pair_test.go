package pair_test

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/rag/minilm"
	"github.com/rubrica/rubrica/scoring"
	"github.com/rubrica/rubrica/scoring/pair"
)

type even struct{}

func (even) Weight(string) float64 { return 1 }

const (
	question  = "Why does a database keep an index of a column?"
	reference = "An index lets the database find rows by a value without reading the whole table, so queries get faster. It costs space and slows down writes."
)

func text(t *testing.T, raw string) *scoring.Text {
	t.Helper()
	model, err := minilm.Shared(context.Background())
	require.NoError(t, err)
	out, err := scoring.Analyze(context.Background(), model, raw)
	require.NoError(t, err)
	return out
}

func of(t *testing.T, answer string) map[string]float64 {
	t.Helper()
	values := pair.Against(text(t, question), text(t, reference), even{}).Of(text(t, answer))
	require.Len(t, values, len(pair.Measures))
	out := map[string]float64{}
	for i, m := range pair.Measures {
		out[m.Key] = values[i]
	}
	return out
}

func TestMeasuresAreNamedOnce(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range pair.Measures {
		assert.False(t, seen[m.Key], m.Key)
		seen[m.Key] = true
		assert.NotEmpty(t, m.Label)
		assert.NotEmpty(t, m.Group)
	}
}

func TestBetterAnswersMeasureHigher(t *testing.T) {
	good := of(t, "So that it can look up records with some value quickly and need not scan everything. The price is storage and slower inserts.")
	poor := of(t, "Because it is good practice and my teacher said that one should always have it.")
	copied := of(t, question)
	for _, key := range []string{"aligned_recall", "aligned_new", "aligned_beyond", "recall", "whole", "reference_mean", "whole_beyond"} {
		assert.Greater(t, good[key], poor[key], key)
	}
	assert.Greater(t, good["aligned_new"], copied["aligned_new"])
	assert.InDelta(t, 0, copied["aligned_beyond"], 1e-9, "the question says no more than itself")
	assert.InDelta(t, 1, copied["copied"], 1e-9)
	same := of(t, reference)
	for _, key := range []string{"aligned_recall", "aligned_precision", "recall", "clause_least", "sequence_recall", "gram5_cosine", "whole"} {
		assert.InDelta(t, 1, same[key], 1e-6, key)
	}
}

func TestWhatContradicts(t *testing.T) {
	same := of(t, "It lets the database find rows without reading the whole table.")
	not := of(t, "It does not let the database find rows without reading the whole table.")
	assert.Greater(t, not["negation_count"], same["negation_count"])
	assert.Greater(t, not["negation"], same["negation"])
}

func TestNumbersMatchOnlyThemselves(t *testing.T) {
	r := pair.Against(text(t, "How many?"), text(t, "It is 1024 bytes and 16 rows."), even{})
	at := func(answer, key string) float64 {
		v := r.Of(text(t, answer))
		for i, m := range pair.Measures {
			if m.Key == key {
				return v[i]
			}
		}
		t.Fatal(key)
		return 0
	}
	assert.Greater(t, at("1024 and 16", "numbers_found"), at("1025 and 16", "numbers_found"))
	assert.Greater(t, at("1025 and 16", "numbers_other"), at("1024 and 16", "numbers_other"))
}

// TestAnyText holds that whatever is written or left out, every measure is a number, and the same again.
func TestAnyText(t *testing.T) {
	odd := []string{
		"", " ", ".", "?!", "yes", "🙂🙂🙂", "日本語の文章です。", "1 2 3", "a\x00b\xff\xfe", "- \n- \n* ", strings.Repeat("word ", 900),
		"```\ncode()\n```", question, reference,
	}
	for _, q := range []string{"", question, "🙂"} {
		for _, ref := range odd {
			r := pair.Against(text(t, q), text(t, ref), even{})
			for _, a := range odd {
				answer := text(t, a)
				first := r.Of(answer)
				require.Len(t, first, len(pair.Measures))
				for i, v := range first {
					require.Falsef(t, math.IsNaN(v) || math.IsInf(v, 0), "%s of %q against %q", pair.Measures[i].Key, a, ref)
				}
				require.Equal(t, first, r.Of(answer))
			}
		}
	}
}

// TestWithoutVectors holds that texts that were never embedded are measured by their words.
func TestWithoutVectors(t *testing.T) {
	r := pair.Against(scoring.Read(question), scoring.Read(reference), even{})
	values := r.Of(scoring.Read("It finds rows by a value."))
	for i, m := range pair.Measures {
		switch m.Key {
		case "aligned_recall", "whole", "closest":
			assert.Zero(t, values[i], m.Key)
		case "recall", "gram3_recall":
			assert.Positive(t, values[i], m.Key)
		}
	}
}
