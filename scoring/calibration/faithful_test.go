package calibration_test

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/rag/minilm"
	"github.com/rubrica/rubrica/scoring"
	"github.com/rubrica/rubrica/scoring/calibration"
	"github.com/rubrica/rubrica/scoring/pack"
)

// remembering embeds a text once: the answers are made of the same sentences.
type remembering struct {
	scoring.Embedder
	mu      sync.Mutex
	vectors map[string][]float32
}

func (r *remembering) Embed(ctx context.Context, text string) ([]float32, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if v, ok := r.vectors[text]; ok {
		return v, nil
	}
	v, err := r.Embedder.Embed(ctx, text)
	if err == nil {
		r.vectors[text] = v
	}
	return v, err
}

// TestExplanationsStayFaithful calibrates seeded questions with the real model and what ships: without the
// sentence that is named as having earned most, an answer's sum is lower; the explanations add up.
func TestExplanationsStayFaithful(t *testing.T) {
	model, err := minilm.Shared(t.Context())
	require.NoError(t, err)
	embedder := &remembering{Embedder: model, vectors: map[string][]float32{}}
	shipped := calibration.Shipped(pack.Default())
	tried, lower := 0, 0
	for _, place := range [][2]int{{0, 0}, {1, 1}, {3, 2}} {
		s := question(t, embedder, place[0], place[1])
		c, report, err := calibration.Fit(t.Context(), s.prepared, s.graded(t, embedder, 40), calibration.Options{Pack: shipped})
		require.NoError(t, err)
		require.NotEmpty(t, c.Pack)
		for _, r := range report.Criteria {
			assert.Equal(t, scoring.Calibrated, r.Level, r.Reason)
		}
		e := calibration.NewEngine(scoring.NewLocal(embedder.Model()),
			func(string) (*calibration.Calibration, bool) { return c, true },
			calibration.Support{Pack: func() calibration.Pack { return shipped }})
		score := func(answer string) (scoring.Request, *scoring.Result) {
			text, err := scoring.Analyze(t.Context(), embedder, answer)
			require.NoError(t, err)
			req := scoring.Request{Question: s.prepared, Answer: text}
			res, err := e.Score(t.Context(), req)
			require.NoError(t, err)
			return req, res
		}
		for _, answer := range s.texts {
			req, res := score(answer)
			requireSums(t, req, res)
			for i, x := range scoring.Explain(req, res) {
				if len(x.Evidence) == 0 || x.Evidence[0].Points <= 0 {
					continue
				}
				strongest := x.Evidence[0]
				_, without := score(answer[:strongest.Start] + answer[strongest.End:])
				tried++
				if without.Scores[i].Raw < res.Scores[i].Raw {
					lower++
				}
			}
		}
	}
	t.Logf("%d of %d scores are lower without their strongest evidence", lower, tried)
	assert.Greater(t, tried, 30)
	assert.GreaterOrEqual(t, float64(lower), 0.95*float64(tried))
}
