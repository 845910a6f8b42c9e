package scoring_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/scoring"
)

// TestTakingTheStrongestEvidenceOutLowersTheScore holds explanations to what they say: without the
// sentence that is named as having earned most, a seeded answer's content and reasoning earn less.
func TestTakingTheStrongestEvidenceOutLowersTheScore(t *testing.T) {
	questions, _ := seededQuestions(t)
	tried := 0
	for n := range questions {
		q := &questions[n]
		for kind, answer := range map[string]string{
			"model": q.model, "strong": q.samples.Strong, "middling": q.samples.Middling, "weak": q.samples.Weak,
		} {
			req, res := q.score(t, answer)
			explanations := scoring.Explain(req, res)
			for _, trait := range []scoring.Trait{scoring.TraitContent, scoring.TraitReasoning} {
				before, _ := q.traitScore(t, res, trait)
				for _, e := range explanations {
					if e.CriterionID != before.CriterionID || len(e.Evidence) == 0 || e.Evidence[0].Points <= 0 {
						continue
					}
					strongest := e.Evidence[0]
					_, without := q.score(t, answer[:strongest.Start]+answer[strongest.End:])
					after, _ := q.traitScore(t, without, trait)
					assert.Lessf(t, after.Raw, before.Raw, "%s, %s answer, %s: without %q", q.name, kind, trait, strongest.Quote)
					tried++
				}
			}
		}
	}
	assert.Greater(t, tried, 150)
	t.Logf("%d answers without their strongest evidence", tried)
}

// TestSeededExplanations holds, for every seeded question and kind of answer, that the sum is exact,
// that quotes are the answer's, that citations are of the request, and that nothing but the
// learner's own words repeats a run of five words of a key point or a model answer.
func TestSeededExplanations(t *testing.T) {
	questions, _ := seededQuestions(t)
	for n := range questions {
		q := &questions[n]
		t.Run(q.name, func(t *testing.T) {
			secret := map[string]bool{}
			for _, run := range runsOfFive(q.model) {
				secret[run] = true
			}
			for _, k := range q.prepared.Question.Rubric.KeyPoints {
				for _, run := range runsOfFive(k.Text) {
					secret[run] = true
				}
			}
			// A label is written for learners, and the question was shown: their own words are no secret.
			for _, shown := range append([]string{q.prompt, q.prepared.Question.Title}, q.labels...) {
				for _, run := range runsOfFive(shown) {
					delete(secret, run)
				}
			}
			safe := func(t *testing.T, text string) {
				for _, run := range runsOfFive(text) {
					assert.Falsef(t, secret[run], "%q shows %q", text, run)
				}
			}
			given := map[string]bool{}
			for _, p := range q.passages {
				given[p.ID] = true
			}
			for kind, answer := range q.variants() {
				req, res := q.score(t, answer)
				explanations := scoring.Explain(req, res)
				require.Len(t, explanations, len(res.Scores))
				for i, e := range explanations {
					sum := e.Base
					for _, c := range e.Contributions {
						sum += c.Points
						safe(t, c.Label)
					}
					assert.InDelta(t, res.Scores[i].Value, sum, 1e-9, kind)
					safe(t, e.Summary)
					assert.NotEmpty(t, e.Summary)
					for _, v := range e.Evidence {
						assert.Equal(t, answer[v.Start:v.End], v.Quote)
						safe(t, v.Reason)
					}
					for _, c := range e.Citations {
						assert.True(t, given[c.PassageID])
						safe(t, c.Quote)
					}
				}
			}
		})
	}
}

// runsOfFive are the runs of five words of a text, as a reader would compare them: in lower case and
// without punctuation.
func runsOfFive(text string) []string {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return strings.ContainsRune(" \t\r\n.,;:!?()[]\"“”‘’—–`", r)
	})
	var out []string
	for i := 0; i+5 <= len(words); i++ {
		out = append(out, strings.Join(words[i:i+5], " "))
	}
	return out
}
