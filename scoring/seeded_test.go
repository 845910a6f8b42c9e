package scoring_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/rag/minilm"
	"github.com/rubrica/rubrica/scoring"
	"github.com/rubrica/rubrica/seeds"
)

// The tests of the local engine run on all seeded questions with the real embedding model. Texts are
// embedded once in a test run, since they appear in many variants.

// cachedEmbedder remembers the vectors of another embedder.
type cachedEmbedder struct {
	scoring.Embedder
	mu      sync.Mutex
	vectors map[string][]float32
}

func (c *cachedEmbedder) Embed(ctx context.Context, text string) ([]float32, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if v, ok := c.vectors[text]; ok {
		return v, nil
	}
	v, err := c.Embedder.Embed(ctx, text)
	if err == nil {
		c.vectors[text] = v
	}
	return v, err
}

// seeded is a seeded question, prepared.
type seeded struct {
	name     string // track/question
	track    string
	samples  seeds.Samples
	model    string // the model answer
	prompt   string
	labels   []string
	skills   []string          // of the question
	passages []scoring.Passage // of the track
	prepared *scoring.Prepared
}

var fixture struct {
	once      sync.Once
	err       error
	embedder  *cachedEmbedder
	questions []seeded
}

// seededQuestions returns all questions of the seeds and the embedder that they were prepared with.
func seededQuestions(t testing.TB) ([]seeded, scoring.Embedder) {
	t.Helper()
	fixture.once.Do(func() { fixture.err = loadFixture() })
	require.NoError(t, fixture.err)
	return fixture.questions, fixture.embedder
}

func loadFixture() error {
	ctx := context.Background()
	model, err := minilm.Shared(ctx)
	if err != nil {
		return fmt.Errorf("opening the embedding model: %w", err)
	}
	fixture.embedder = &cachedEmbedder{Embedder: model, vectors: map[string][]float32{}}
	catalog, err := seeds.Default()
	if err != nil {
		return fmt.Errorf("loading the seeds: %w", err)
	}
	for _, track := range catalog.Tracks {
		var passages []scoring.Passage
		for _, p := range track.Passages {
			passages = append(passages, scoring.Passage{ID: p.Slug, Title: p.Title, Text: p.Text, Similarity: 0.5})
		}
		for _, q := range track.Questions {
			s := seeded{
				name: track.Slug + "/" + q.Slug, track: track.Slug, samples: q.Samples,
				model: q.Rubric.ModelAnswer, prompt: q.Prompt, skills: q.Skills, passages: passages,
			}
			for _, k := range q.Rubric.KeyPoints {
				s.labels = append(s.labels, k.Label)
			}
			if s.prepared, err = scoring.Prepare(ctx, fixture.embedder, questionOf(q)); err != nil {
				return err
			}
			fixture.questions = append(fixture.questions, s)
		}
	}
	return nil
}

func questionOf(q seeds.Question) scoring.Question {
	out := scoring.Question{
		ID: q.Slug, Title: q.Title, Prompt: q.Prompt, MinWords: q.Words.Min, MaxWords: q.Words.Max,
		Rubric: scoring.Rubric{ID: q.Slug, Version: q.Rubric.Version, ModelAnswers: []string{q.Rubric.ModelAnswer}},
	}
	for _, c := range q.Rubric.Criteria {
		criterion := scoring.Criterion{
			ID: c.Key, Key: c.Key, Title: c.Title, Trait: scoring.Trait(c.Trait), Weight: c.Weight,
			Scale: scoring.Scale{Min: c.Scale.Min, Max: c.Scale.Max, Step: c.Scale.Step},
		}
		for _, l := range c.Levels {
			criterion.Levels = append(criterion.Levels, scoring.Level{Score: l.Score, Descriptor: l.Descriptor})
		}
		out.Rubric.Criteria = append(out.Rubric.Criteria, criterion)
	}
	for _, k := range q.Rubric.KeyPoints {
		out.Rubric.KeyPoints = append(out.Rubric.KeyPoints, scoring.KeyPoint{
			ID: k.Key, Key: k.Key, Label: k.Label, Text: k.Text, Weight: k.Weight, Skills: k.Skills,
		})
	}
	return out
}

// score reads and scores one answer to a seeded question.
func (s *seeded) score(t testing.TB, answer string) (scoring.Request, *scoring.Result) {
	t.Helper()
	return s.scored(t, answer, false)
}

func (s *seeded) scored(t testing.TB, answer string, scoresOnly bool) (scoring.Request, *scoring.Result) {
	t.Helper()
	_, embedder := seededQuestions(t)
	text, err := scoring.Analyze(t.Context(), embedder, answer)
	require.NoError(t, err)
	req := scoring.Request{Question: s.prepared, Answer: text, Passages: s.passages, ScoresOnly: scoresOnly}
	res, err := scoring.NewLocal(embedder.Model()).Score(t.Context(), req)
	require.NoError(t, err)
	return req, res
}

// traitScore is the score of the criterion of a trait, and its scale.
func (s *seeded) traitScore(t testing.TB, res *scoring.Result, trait scoring.Trait) (scoring.CriterionScore, scoring.Scale) {
	t.Helper()
	for i, c := range s.prepared.Question.Rubric.Criteria {
		if c.Trait == trait {
			return res.Scores[i], c.Scale
		}
	}
	require.Failf(t, "no such trait", "%s has no criterion of trait %s", s.name, trait)
	return scoring.CriterionScore{}, scoring.Scale{}
}

// variants are all texts about one seeded question that general properties are checked on.
func (s *seeded) variants() map[string]string {
	return map[string]string{
		"model": s.model, "strong": s.samples.Strong, "middling": s.samples.Middling, "weak": s.samples.Weak,
		"copied": s.prompt, "empty": "", "strong twice": s.samples.Strong + "\n\n" + s.samples.Strong,
	}
}
