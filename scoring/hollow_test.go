package scoring_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/rubrica/rubrica/scoring"
	"github.com/rubrica/rubrica/scoring/attack"
)

// TestStuffingIsSeen puts each attack that deceives on every seeded sample: nothing is gained by more than two
// percent of the scale unless a person is asked to look, and honest answers are left alone.
func TestStuffingIsSeen(t *testing.T) {
	questions, _ := seededQuestions(t)
	honest, padded := 0, 0
	gained := map[string]int{}
	tried := 0
	for n := range questions {
		q := &questions[n]
		foreign := unrelated(questions, n)
		for _, answer := range []string{q.model, q.samples.Strong, q.samples.Middling, q.samples.Weak} {
			before := q.rank(t, answer)
			honest++
			if slices.Contains(before.flags, scoring.FlagPadded) {
				padded++
			}
			for _, a := range attack.All {
				if !a.Deceives {
					continue
				}
				tried++
				after := q.rank(t, a.Apply(answer, attack.Setting{Prompt: q.prompt, Terms: q.labels, Foreign: foreign[0]}, uint64(n)))
				if after.raw > before.raw+2 && len(after.flags) == 0 {
					gained[a.Key]++
				}
			}
		}
	}
	t.Logf("%d attacks; unflagged gains of more than two percent: %v; %d of %d honest answers flagged as padded", tried, gained, padded, honest)
	assert.LessOrEqual(t, padded, honest/20)
	for key, n := range gained {
		assert.LessOrEqualf(t, n, honest/8, "%s gains unflagged", key)
	}
}
