package guard_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/scoring"
	"github.com/rubrica/rubrica/scoring/guard"
)

// about makes a text of sentences whose vectors lie near one of the given axes.
func about(r *rand.Rand, sentences int, axes ...int) *scoring.Text {
	text := &scoring.Text{}
	for range sentences {
		v := make([]float32, 16)
		v[axes[r.IntN(len(axes))]] = 1
		for d := range v {
			v[d] += float32(r.NormFloat64()) * 0.15
		}
		s := scoring.Sentence{Tokens: []string{"a", "few", "words", "here"}, Vector: v}
		s.Vector = scoring.MeanVector([]scoring.Sentence{s})
		text.Sentences = append(text.Sentences, s)
		text.Words += len(s.Tokens)
	}
	return text
}

func TestStraysAreFound(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1)) //nolint:gosec // repeatable, not secret
	var answers []*scoring.Text
	for range 30 {
		answers = append(answers, about(r, 12, 0, 1, 2, 3))
	}
	g := guard.Fit(answers)
	require.NotNil(t, g)
	assert.Equal(t, g, guard.Fit(answers))

	honest := about(r, 20, 0, 1, 2, 3)
	assert.LessOrEqual(t, guard.Share(honest, g.Strays(honest)), 0.35)
	foreign := about(r, 8, 9, 10)
	assert.InDelta(t, 1, guard.Share(foreign, g.Strays(foreign)), 0)

	assert.Nil(t, guard.Fit(answers[:5]))
	for _, a := range answers {
		for i := range a.Sentences {
			a.Sentences[i].Vector = nil
		}
	}
	assert.Nil(t, guard.Fit(answers))
	assert.NotContains(t, g.Strays(answers[0]), true)
}
