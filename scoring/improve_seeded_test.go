package scoring_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/scoring"
)

// careless is an answer as somebody writes it who is in a hurry: without capitals, with doubled words, a
// sentence said twice and everything in one paragraph.
func careless(answer string) string {
	flat := strings.ToLower(strings.Join(strings.Fields(answer), " "))
	sentences := strings.SplitAfter(flat, ". ")
	return strings.Replace(flat, " the ", " the the ", 4) + " " + strings.Join(sentences[:min(3, len(sentences))], "")
}

// TestSuggestionsRaiseSeededScores holds, on every seeded question and kind of answer, each suggestion to
// what it promises: the changed text, read anew and scored, has the score that was announced, above the
// present one. Two or three are found for most scores that can rise.
func TestSuggestionsRaiseSeededScores(t *testing.T) {
	questions, embedder := seededQuestions(t)
	engine := scoring.NewLocal(embedder.Model())
	kinds := map[scoring.ImprovementKind]int{}
	below, some, enough, all := 0, 0, 0, 0
	for n := range questions {
		q := &questions[n]
		for kind, answer := range map[string]string{
			"strong": q.samples.Strong, "middling": q.samples.Middling, "weak": q.samples.Weak, "careless": careless(q.samples.Middling),
		} {
			req, res := q.score(t, answer)
			lists, err := scoring.Improve(t.Context(), engine, embedder, req, res)
			require.NoError(t, err)
			require.Len(t, lists, len(res.Scores))
			for i, list := range lists {
				if res.Scores[i].Value < q.prepared.Question.Rubric.Criteria[i].Scale.Max {
					below++
					some += min(1, len(list))
					enough += min(1, len(list)/2)
				} else {
					assert.Empty(t, list)
				}
				for _, x := range list {
					all++
					kinds[x.Kind]++
					_, after := q.scored(t, x.Changed(), true)
					assert.Greaterf(t, after.Scores[i].Value, res.Scores[i].Value, "%s, %s: %s", q.name, kind, x.Advice)
					assert.Equal(t, x.Score, after.Scores[i].Value)
					assert.InDelta(t, x.Score-res.Scores[i].Value, x.Gain, 1e-9)
					assert.Equal(t, answer[x.Start:x.End], x.Quote)
					requireConcrete(t, q, answer, x)
				}
			}
		}
	}
	t.Logf("of %d scores below the top %d have a suggestion and %d two or three; %d suggestions: %v", below, some, enough, all, kinds)
	assert.GreaterOrEqual(t, float64(some), 0.85*float64(below))
	assert.GreaterOrEqual(t, float64(enough), 0.7*float64(below))
}

// requireConcrete holds that advice names a label or the learner's own words, and repeats nothing secret.
func requireConcrete(t *testing.T, q *seeded, answer string, x scoring.Improvement) {
	t.Helper()
	assert.Contains(t, x.Advice, "“")
	shown := map[string]bool{}
	for _, text := range append([]string{answer, q.prompt, q.prepared.Question.Title}, q.labels...) {
		for _, run := range runsOfFive(text) {
			shown[run] = true
		}
	}
	secret := map[string]bool{}
	texts := []string{q.model}
	for _, k := range q.prepared.Question.Rubric.KeyPoints {
		texts = append(texts, k.Text)
	}
	for _, text := range texts {
		for _, run := range runsOfFive(text) {
			secret[run] = !shown[run]
		}
	}
	for _, run := range runsOfFive(x.Advice) {
		assert.Falsef(t, secret[run], "%q shows %q", x.Advice, run)
	}
}
