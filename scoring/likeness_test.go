package scoring_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/rag/minilm"
	"github.com/rubrica/rubrica/scoring"
	"github.com/rubrica/rubrica/scoring/pack"
)

// TestLikeness holds the engine to the order of answers where a question has a model answer and no key points.
func TestLikeness(t *testing.T) {
	questions, _ := seededQuestions(t)
	model, err := minilm.Shared(t.Context())
	require.NoError(t, err)
	engine := scoring.NewLocal(model.Model())
	score := func(p *scoring.Prepared, answer string) (raw float64, res *scoring.Result) {
		text, err := scoring.Analyze(t.Context(), model, answer)
		require.NoError(t, err)
		res, err = engine.Score(t.Context(), scoring.Request{Question: p, Answer: text, ScoresOnly: true})
		require.NoError(t, err)
		for i, c := range p.Question.Rubric.Criteria {
			s := res.Scores[i]
			sum := s.Base
			for _, term := range s.Contributions {
				sum += term.Points
			}
			assert.InDelta(t, s.Value, sum, 1e-9)
			if c.Trait == scoring.TraitContent {
				raw = (s.Raw - c.Scale.Min) / c.Scale.Width()
			}
		}
		return raw, res
	}
	ordered, pairs, below, foreigners := 0, 0, 0, 0
	for n := range questions {
		s := &questions[n]
		q := s.prepared.Question
		q.Rubric.KeyPoints = nil
		p, err := scoring.Prepare(t.Context(), model, q, scoring.WithLikeness(pack.Default().Likeness))
		require.NoError(t, err)
		strong, res := score(p, s.samples.Strong)
		middling, _ := score(p, s.samples.Middling)
		weak, _ := score(p, s.samples.Weak)
		copied, _ := score(p, s.prompt)
		empty, _ := score(p, "")
		t.Logf("%-46s %.2f %.2f %.2f | %.2f %.2f", s.name, strong, middling, weak, copied, empty)
		for _, better := range [][2]float64{{strong, middling}, {middling, weak}, {strong, weak}} {
			pairs++
			if better[0] > better[1] {
				ordered++
			}
		}
		assert.LessOrEqual(t, copied, 0.1, s.name)
		assert.Zero(t, empty, s.name)
		for _, foreign := range unrelated(questions, n) {
			off, _ := score(p, foreign)
			foreigners++
			if off < weak {
				below++
			}
			assert.Less(t, off, middling, s.name)
		}
		for i, c := range q.Rubric.Criteria {
			interval := res.Scores[i].Interval
			assert.Zero(t, interval.Coverage, "a range, since nothing was graded")
			if c.Trait == scoring.TraitContent && interval.Low > c.Scale.Min && interval.High < c.Scale.Max {
				assert.GreaterOrEqual(t, interval.High-interval.Low, 2*pack.Default().Half*c.Scale.Width()-1e-9)
			}
		}
		repeated, res := score(p, s.samples.Middling+strings.Repeat("\n\n"+s.samples.Middling, 2))
		assert.LessOrEqual(t, repeated, middling+1e-9, s.name)
		assert.Contains(t, res.Flags, scoring.FlagPadded)
	}
	assert.GreaterOrEqual(t, float64(ordered), 0.9*float64(pairs), "answers in the order of their quality")
	assert.GreaterOrEqual(t, float64(below), 0.9*float64(foreigners), "answers to other questions below weak ones")
	t.Logf("%d of %d pairs are in order, %d of %d answers to other questions are below weak ones", ordered, pairs, below, foreigners)
}

// TestLikenessIsForQuestionsWithoutKeyPoints holds that key points go before it.
func TestLikenessIsForQuestionsWithoutKeyPoints(t *testing.T) {
	questions, embedder := seededQuestions(t)
	s := &questions[0]
	p, err := scoring.Prepare(t.Context(), embedder, s.prepared.Question, scoring.WithLikeness(pack.Default().Likeness))
	require.NoError(t, err)
	text, err := scoring.Analyze(t.Context(), embedder, s.samples.Middling)
	require.NoError(t, err)
	engine := scoring.NewLocal(embedder.Model())
	with, err := engine.Score(t.Context(), scoring.Request{Question: p, Answer: text})
	require.NoError(t, err)
	without, err := engine.Score(t.Context(), scoring.Request{Question: s.prepared, Answer: text})
	require.NoError(t, err)
	assert.Equal(t, without.Scores, with.Scores)
}
