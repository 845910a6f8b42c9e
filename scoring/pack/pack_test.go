package pack_test

import (
	"bytes"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/rag/minilm"
	"github.com/rubrica/rubrica/scoring"
	"github.com/rubrica/rubrica/scoring/pack"
	"github.com/rubrica/rubrica/scoring/pair"
)

func TestDefaultIsOfThisProgram(t *testing.T) {
	p := pack.Default()
	assert.Equal(t, minilm.Name, p.Model)
	for j, m := range pair.Measures {
		w := p.Weights[j].Weight
		assert.GreaterOrEqual(t, w*float64(m.Sense), 0.0, "%s counts the way it makes sense", m.Key)
		if m.Sense == pair.Either {
			assert.Zero(t, w, m.Key)
		}
	}
	assert.Less(t, p.Weight("the"), 0.3)
	assert.InDelta(t, p.Words.Rare, p.Weight("zymurgi"), 0)
	assert.Greater(t, p.Half, 0.2)
}

func TestShareIsTheSumOfItsTerms(t *testing.T) {
	model, err := minilm.Shared(t.Context())
	require.NoError(t, err)
	text := func(raw string) *scoring.Text {
		out, err := scoring.Analyze(t.Context(), model, raw)
		require.NoError(t, err)
		return out
	}
	p := pack.Default()
	q := p.Against(text("Why do we use version control?"), text("It keeps the history of changes, lets people work in parallel, and allows to go back."))
	var shares []float64
	for _, answer := range []string{
		"You can see who changed what and when, return to an older state, and several people can work at once.",
		"Because it is useful to have when you program something.", "Why do we use version control?", "", "🙂",
	} {
		share, terms := q.Share(text(answer))
		sum := p.Base
		for _, term := range terms {
			sum += term.Share
		}
		assert.InDelta(t, share, sum, 1e-12)
		again, _ := q.Share(text(answer))
		assert.Equal(t, share, again)
		shares = append(shares, share)
	}
	assert.Greater(t, shares[0], shares[1])
	assert.Greater(t, shares[0], shares[2])
	assert.Greater(t, shares[1], shares[3])
}

// made are answers to some questions of which the share follows one measure.
func made(questions, each int) []pack.Row {
	r := rand.New(rand.NewPCG(3, 5))
	var rows []pack.Row
	for q := range questions {
		level := r.Float64() * 0.3
		for range each {
			m := make([]float64, len(pair.Measures))
			for j := range m {
				m[j] = r.Float64()
			}
			share := level + 0.6*m[0] + 0.05*r.Float64()
			rows = append(rows, pack.Row{Question: strconv.Itoa(q), Measures: m, Share: share})
		}
	}
	return rows
}

func TestFitFindsWhatCounts(t *testing.T) {
	rows := made(8, 30)
	words, err := pack.WordsOf(strings.NewReader("the 1000\nof 800\ndatabase 10\n"))
	require.NoError(t, err)
	p, err := pack.Fit(t.Context(), rows, words)
	require.NoError(t, err)
	for j, w := range p.Weights[1:] {
		assert.Greater(t, p.Weights[0].Weight, 5*math.Abs(w.Weight), pair.Measures[j+1].Key)
	}
	again, err := pack.Fit(t.Context(), rows, words)
	require.NoError(t, err)
	assert.Equal(t, p, again)

	var file, second bytes.Buffer
	require.NoError(t, p.Write(&file))
	require.NoError(t, again.Write(&second))
	assert.Equal(t, file.String(), second.String())
	read, err := pack.Read(&file)
	require.NoError(t, err)
	assert.Equal(t, p, read)

	others, err := p.Without(rows)
	require.NoError(t, err)
	assert.Len(t, others, 8)
	moved := made(8, 30)
	for i := range moved {
		if moved[i].Question == "0" {
			moved[i].Share = 1 - moved[i].Share
		}
	}
	unmoved, err := p.Without(moved)
	require.NoError(t, err)
	assert.Equal(t, others["0"].Weights, unmoved["0"].Weights, "a model has not seen the question that it is without")
	assert.NotEqual(t, others["1"].Weights, unmoved["1"].Weights)
}

func TestFitRefuses(t *testing.T) {
	words := pack.Words{Rare: 1}
	few := made(2, 10)
	_, err := pack.Fit(t.Context(), few, words)
	require.ErrorContains(t, err, "it takes three")
	off := made(4, 10)
	off[3].Share = 1.5
	_, err = pack.Fit(t.Context(), off, words)
	require.ErrorContains(t, err, "row 3")
	short := made(4, 10)
	short[0].Measures = short[0].Measures[1:]
	_, err = pack.Fit(t.Context(), short, words)
	require.ErrorContains(t, err, "measures")
	for _, file := range []string{"", "{}", `{"version": 99}`, `{"else": 1}`} {
		_, err := pack.Read(strings.NewReader(file))
		require.Error(t, err, file)
	}
	_, err = pack.WordsOf(strings.NewReader("the many"))
	require.ErrorContains(t, err, "line 1")
}
