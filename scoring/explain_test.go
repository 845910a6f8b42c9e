package scoring

import (
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// retryPassages are reference passages: one repeats a key point, one is all secret, one is empty.
func retryPassages() []Passage {
	q := retryQuestion()
	return []Passage{
		{ID: "p1", Title: "Keys", Similarity: 0.7, Text: q.Rubric.KeyPoints[1].Text + " Customers in a tunnel tap twice."},
		{ID: "p2", Title: "Secret", Similarity: 0.6, Text: q.Rubric.ModelAnswers[0]},
		{ID: "p3", Title: "Empty", Similarity: 0.1},
		{ID: "p4", Title: "One too many", Similarity: 0.05, Text: "Never cited."},
	}
}

// requireSafe holds that nothing but the learner's own words repeats what a learner may not see.
func requireSafe(t require.TestingT, req Request, explanations []Explanation) {
	secret := map[string]bool{}
	texts := append([]string(nil), req.Question.Question.Rubric.ModelAnswers...)
	for _, k := range req.Question.Question.Rubric.KeyPoints {
		texts = append(texts, k.Text)
	}
	for _, text := range texts {
		shingles(tokenize(text), 5, func(s string) bool { secret[s] = true; return true })
	}
	check := func(text string) {
		shingles(tokenize(text), 5, func(s string) bool {
			require.False(t, secret[s], "%q shows %q", text, s)
			return true
		})
	}
	for _, e := range explanations {
		check(e.Summary)
		for _, c := range e.Contributions {
			check(c.Label)
		}
		for _, v := range e.Evidence {
			check(v.Reason)
		}
		for _, k := range e.KeyPoints {
			check(k.Label)
		}
		for _, c := range e.Citations {
			check(c.Quote)
		}
	}
}

func TestExplanationsShowNothingSecret(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		req, res := scored(t, retryQuestion(), answers().Draw(t, "answer"), retryPassages()...)
		requireSafe(t, req, Explain(req, res))
	})
}

// An engine that was careless with its labels does not give anything away.
func TestCarelessLabelsAreReplaced(t *testing.T) {
	req, res := scored(t, retryQuestion(), retryAnswer, retryPassages()...)
	for i := range res.Scores {
		res.Scores[i].Contributions = append(res.Scores[i].Contributions,
			Contribution{Kind: ContributionSentence, Key: "x", Label: retryQuestion().Rubric.KeyPoints[0].Text, Points: 0.5, Sentence: 0},
			Contribution{Kind: ContributionPenalty, Key: "y", Label: retryQuestion().Rubric.ModelAnswers[0], Points: -9, Sentence: 1})
	}
	requireSafe(t, req, Explain(req, res))
}

func TestEvidenceIsQuotedExactly(t *testing.T) {
	answer := strings.ReplaceAll("👩‍🚀 Cafe\u0301!\r\n\r\n"+retryAnswer, ". ", ".\r\n\t😀 ")
	units := utf16.Encode([]rune(answer))
	runes := []rune(answer)
	req, res := scored(t, retryQuestion(), answer)
	quoted := 0
	for i, e := range Explain(req, res) {
		previous := 0.0
		for n, v := range e.Evidence {
			quoted++
			assert.Equal(t, answer[v.Start:v.End], v.Quote)
			assert.Equal(t, string(runes[v.StartRune:v.EndRune]), v.Quote)
			assert.Equal(t, string(utf16.Decode(units[v.StartUTF16:v.EndUTF16])), v.Quote)
			assert.NotEmpty(t, v.Reason)
			if size := abs64(v.Points); n > 0 {
				assert.LessOrEqual(t, size, previous)
				previous = size
			} else {
				previous = size
			}
			var points float64
			for k, sentence := range req.Answer.Sentences {
				if sentence.Start == v.Start {
					_, without := scored(t, retryQuestion(), req.Answer.Without(k).Raw)
					points = res.Scores[i].Raw - without.Scores[i].Raw
				}
			}
			assert.InDelta(t, points, v.Points, 1e-9)
		}
	}
	assert.Greater(t, quoted, 8)
}

func abs64(x float64) float64 {
	if x < 0 {
		return -x
	}
	return x
}

func TestCitationsAreOfTheRequest(t *testing.T) {
	passages := retryPassages()
	req, res := scored(t, retryQuestion(), retryAnswer, passages...)
	explanations := Explain(req, res)
	citations := explanations[0].Citations
	require.Len(t, citations, maxCitations)
	for i, c := range citations {
		assert.Equal(t, passages[i].ID, c.PassageID)
		assert.Equal(t, passages[i].Similarity, c.Similarity)
		assert.Contains(t, passages[i].Text, c.Quote)
	}
	assert.Equal(t, "Customers in a tunnel tap twice.", citations[0].Quote, "the nearer sentence is a key point")
	require.GreaterOrEqual(t, citations[0].Sentence, 0)
	assert.Contains(t, req.Answer.Sentences[citations[0].Sentence].Text, "tunnel")
	assert.Equal(t, Citation{PassageID: "p3", Similarity: 0.1, Sentence: -1}, citations[2])
	for _, e := range explanations[1:] {
		assert.Empty(t, e.Citations)
		assert.Empty(t, e.KeyPoints)
	}
	assert.Len(t, explanations[0].KeyPoints, len(retryQuestion().Rubric.KeyPoints))

	req.Passages = nil
	assert.Empty(t, Explain(req, res)[0].Citations)
}

// Another engine's result may point anywhere; what cannot be found is dropped.
func TestSentencesThatDoNotExistAreNoEvidence(t *testing.T) {
	req, _ := scored(t, retryQuestion(), retryAnswer)
	res := &Result{Scores: []CriterionScore{{CriterionID: "c1", Value: 3, Base: 0, Contributions: []Contribution{
		{Kind: ContributionSentence, Key: "a", Label: "Here", Points: 1, Sentence: 0},
		{Kind: ContributionSentence, Key: "b", Label: "Nowhere", Points: 2, Sentence: 99},
	}}}}
	explanations := Explain(req, res)
	require.Len(t, explanations, 1)
	require.Len(t, explanations[0].Evidence, 1)
	assert.Equal(t, "Here", explanations[0].Evidence[0].Reason)
	assert.Len(t, explanations[0].Contributions, 2)
}

// The summary names what is missing by its label and says what to do.
func TestSummaryNamesMissedPoints(t *testing.T) {
	req, res := scored(t, retryQuestion(), "The client creates one unique idempotency key before the first attempt, and it sends that with every retry of the purchase.")
	for i, k := range res.KeyPoints {
		want := KeyPointMissed
		if i == 1 {
			want = KeyPointMet
		}
		require.Equal(t, want, k.Status, "%s", k.Label)
	}
	summary := Explain(req, res)[0].Summary
	assert.Equal(t, "You make 1 of the 3 points that were looked for, among them “Recognising a repeat”. "+
		"To raise this score, explain “What silence means” and “Two copies at once”.", summary)
}
