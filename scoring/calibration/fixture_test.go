package calibration_test

import (
	"context"
	"hash/fnv"
	"math"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/scoring"
	"github.com/rubrica/rubrica/scoring/calibration"
	"github.com/rubrica/rubrica/seeds"
)

// hashing embeds a text as its words, each hashed to directions: texts with words in common are near to
// each other. It is for what holds whatever the vectors are.
type hashing struct{}

func (hashing) Model() string { return "hashing@1" }

func (hashing) Embed(_ context.Context, text string) ([]float32, error) {
	v := make([]float32, 64)
	v[0] = 0.1
	for _, word := range strings.Fields(strings.ToLower(text)) {
		h := fnv.New64a()
		_, _ = h.Write([]byte(strings.Trim(word, ".,;:")))
		sum := h.Sum64()
		for range 4 {
			v[(sum>>1)%64] += 1 - 2*float32(sum&1)
			sum = sum*6364136223846793005 + 1442695040888963407
		}
	}
	var norm float64
	for _, x := range v {
		norm += float64(x) * float64(x)
	}
	for i := range v {
		v[i] = float32(float64(v[i]) / math.Sqrt(norm))
	}
	return v, nil
}

// seeded is a question of the seeds, prepared, with texts about it.
type seeded struct {
	prepared *scoring.Prepared
	texts    []string // best first: the model answer, the strong, the middling and the weak sample
}

var catalog = sync.OnceValues(seeds.Default)

// question is a seeded question, by its place.
func question(t testing.TB, embedder scoring.Embedder, track, place int) seeded {
	t.Helper()
	c, err := catalog()
	require.NoError(t, err)
	q := c.Tracks[track].Questions[place]
	out := scoring.Question{
		ID: q.Slug, Title: q.Title, Prompt: q.Prompt, MinWords: q.Words.Min, MaxWords: q.Words.Max,
		Rubric: scoring.Rubric{ID: q.Slug + "@1", Version: 1, ModelAnswers: []string{q.Rubric.ModelAnswer}},
	}
	for _, c := range q.Rubric.Criteria {
		out.Rubric.Criteria = append(out.Rubric.Criteria, scoring.Criterion{
			ID: "id-" + c.Key, Key: c.Key, Title: c.Title, Trait: scoring.Trait(c.Trait), Weight: c.Weight,
			Scale: scoring.Scale{Min: c.Scale.Min, Max: c.Scale.Max, Step: c.Scale.Step},
		})
	}
	for _, k := range q.Rubric.KeyPoints {
		out.Rubric.KeyPoints = append(out.Rubric.KeyPoints, scoring.KeyPoint{ID: k.Key, Key: k.Key, Label: k.Label, Text: k.Text, Weight: k.Weight})
	}
	p, err := scoring.Prepare(t.Context(), embedder, out)
	require.NoError(t, err)
	return seeded{p, []string{q.Rubric.ModelAnswer, q.Samples.Strong, q.Samples.Middling, q.Samples.Weak}}
}

// cut is a text without its last sentences, by the share that is kept.
func cut(text string, kept float64) string {
	s := scoring.Read(text).Sentences
	n := max(1, int(math.Round(kept*float64(len(s)))))
	return text[:s[n-1].End]
}

// graded are n answers to a question with the scores of a person who likes the better sample, and more
// of it. The second rater is half a scale's tenth harder. Nothing of it is by chance.
func (s seeded) graded(t testing.TB, embedder scoring.Embedder, n int) []calibration.Graded {
	t.Helper()
	worth := []float64{1, 0.9, 0.6, 0.3}
	var out []calibration.Graded
	seen := map[string]bool{}
	for step := 0; len(out) < n; step++ {
		require.Less(t, step, 400, "the samples are too short")
		which, kept := step%4, 1-float64(step/4)/math.Ceil(float64(n)/4+6)
		raw := cut(s.texts[which], kept)
		if step >= 100 { // then of two samples
			raw = cut(s.texts[which], 0.2+0.8*math.Mod(kept*7+8, 1)) + "\n\n" + cut(s.texts[(which+1+step/100)%4], 0.1+0.9*math.Mod(kept*13+14, 1))
		}
		if seen[raw] {
			continue
		}
		seen[raw] = true
		text, err := scoring.Analyze(t.Context(), embedder, raw)
		require.NoError(t, err)
		g := calibration.Graded{Text: text, Scores: map[string]float64{}, Second: map[string]float64{}, Group: []string{"day", "evening"}[step%2]}
		for _, c := range s.prepared.Question.Rubric.Criteria {
			share := worth[which] * (0.3 + 0.7*math.Abs(kept))
			g.Scores[c.Key] = c.Scale.Round(c.Scale.Min + share*c.Scale.Width())
			g.Second[c.Key] = c.Scale.Round(c.Scale.Min + (share-0.05)*c.Scale.Width())
		}
		out = append(out, g)
	}
	return out
}
