package scoring_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/scoring"
)

// How much off-topic paragraphs may raise an answer's unrounded percent. A sentence that comes near
// the subject by chance is not told from one that belongs there, so that a few pairs of questions of
// kindred subjects (a test's error rate, a service's error budget) gain a little. Rounded scores are
// not compared here, since a hundredth of a point may turn into a step of the scale.
const (
	paddingTolerance = 5.0  // of any pair
	paddingSmall     = 1.0  // of nearly all
	paddingSmallIn   = 0.98 // share of pairs that do not gain more than paddingSmall
)

// rank is what an answer of one kind got.
type rank struct {
	percent float64 // overall, as it is displayed
	raw     float64 // overall, before rounding
	content float64 // percent of the CONTENT scale, before rounding
	flags   []scoring.Flag
}

func (s *seeded) rank(t *testing.T, answer string) rank {
	t.Helper()
	_, res := s.scored(t, answer, true)
	out := rank{percent: res.Overall.Percent, flags: res.Flags}
	for i, c := range s.prepared.Question.Rubric.Criteria {
		percent := 100 * (res.Scores[i].Raw - c.Scale.Min) / c.Scale.Width()
		out.raw += c.Weight * percent
		if c.Trait == scoring.TraitContent {
			out.content = percent
		}
	}
	return out
}

// ranking collects what the table of all questions is made of.
type ranking struct {
	margins map[string]float64 // the smallest one of each relation
	padded  int                // answers with off-topic text appended
	noticed int                // of which were flagged as padded
	gained  int                // and gained more than paddingSmall
	rows    strings.Builder
}

// held asserts that one kind of answer scores higher than another, by a margin in percent.
func (r *ranking) held(t *testing.T, relation string, higher, lower, atLeast float64) {
	t.Helper()
	if least, ok := r.margins[relation]; !ok || higher-lower < least {
		r.margins[relation] = higher - lower
	}
	assert.GreaterOrEqualf(t, higher-lower, atLeast, "%s: %.1f and %.1f", relation, higher, lower)
}

// TestRanking holds the local engine to what a teacher would say of every seeded question: a perfect
// answer before a partial one, that before a poor one, and that before one to another question and
// the question itself; nothing for an empty answer, and nothing to gain from padding.
func TestRanking(t *testing.T) {
	questions, _ := seededQuestions(t)
	require.Len(t, questions, 24)
	r := &ranking{margins: map[string]float64{}}
	fmt.Fprintf(&r.rows, "%-46s %6s %6s %6s %6s | %6s %6s %6s | %6s %6s\n", "overall percent",
		"model", "strong", "middl.", "weak", "off", "copied", "labels", "s.pad", "m.pad")
	for n := range questions {
		t.Run(questions[n].name, func(t *testing.T) { r.question(t, &questions[n], unrelated(questions, n)) })
	}
	assert.GreaterOrEqual(t, float64(r.noticed), 0.9*float64(r.padded), "answers with off-topic text that are flagged")

	assert.LessOrEqual(t, float64(r.gained), (1-paddingSmallIn)*float64(r.padded), "answers that gain by off-topic text")

	t.Log("\n" + r.rows.String())
	for relation, least := range r.margins {
		t.Logf("smallest margin  %-36s %6.1f", relation, least)
	}
	t.Logf("of %d answers with off-topic paragraphs appended %d are flagged as padded and %d gain more than %.0f point",
		r.padded, r.noticed, r.gained, paddingSmall)
}

func (r *ranking) question(t *testing.T, q *seeded, unrelated []string) {
	model, strong := q.rank(t, q.model), q.rank(t, q.samples.Strong)
	middling, weak := q.rank(t, q.samples.Middling), q.rank(t, q.samples.Weak)
	copied, labels := q.rank(t, q.prompt), q.rank(t, "- "+strings.Join(q.labels, "\n- "))

	r.held(t, "model > middling", model.percent, middling.percent, 10)
	r.held(t, "strong > middling", strong.percent, middling.percent, 5)
	r.held(t, "middling > weak", middling.percent, weak.percent, 5)
	r.held(t, "weak > copied question", weak.percent, copied.percent, 5)
	r.held(t, "middling > list of labels", middling.percent, labels.percent, 10)
	assert.LessOrEqual(t, copied.content, 10.0, "CONTENT of the copied question")
	assert.Contains(t, copied.flags, scoring.FlagCopiedQuestion)

	off := 0.0
	for _, foreign := range unrelated {
		other := q.rank(t, foreign)
		off = math.Max(off, other.percent)
		assert.LessOrEqualf(t, other.content, 12.0, "CONTENT of %.40q", foreign)
		// Where it is not off-topic throughout, its off-topic part is flagged, or it earns next to nothing.
		assert.Truef(t, other.percent <= 7.5 || slices.Contains(other.flags, scoring.FlagOffTopic) || slices.Contains(other.flags, scoring.FlagPadded),
			"flags of %.40q: %v (%.1f %%)", foreign, other.flags, other.percent)
	}
	r.held(t, "weak > off-topic", weak.percent, off, 5)

	strongPadded := r.padding(t, q, "strong", q.samples.Strong, strong, unrelated)
	middlingPadded := r.padding(t, q, "middling", q.samples.Middling, middling, unrelated)

	_, empty := q.score(t, " \n\t")
	assert.Equal(t, []scoring.Flag{scoring.FlagEmpty}, empty.Flags)
	assert.Zero(t, empty.Overall.Percent)
	for i, c := range q.prepared.Question.Rubric.Criteria {
		assert.Equal(t, c.Scale.Min, empty.Scores[i].Value)
	}
	fmt.Fprintf(&r.rows, "%-46s %6.1f %6.1f %6.1f %6.1f | %6.1f %6.1f %6.1f | %6.1f %6.1f\n", q.name,
		model.percent, strong.percent, middling.percent, weak.percent,
		off, copied.percent, labels.percent, strongPadded, middlingPadded)
}

// padding asserts that neither repetition nor off-topic paragraphs raise an answer, and returns the
// highest percent that they got.
func (r *ranking) padding(t *testing.T, q *seeded, kind, answer string, plain rank, unrelated []string) float64 {
	t.Helper()
	repeated := q.rank(t, answer+"\n\n"+answer)
	r.held(t, kind+" ≥ repeated", plain.raw, repeated.raw, 0)
	assert.Contains(t, repeated.flags, scoring.FlagPadded)
	most := repeated.percent
	for _, foreign := range unrelated {
		padded := q.rank(t, answer+"\n\n"+firstParagraphs(foreign, 3))
		r.held(t, kind+" ≥ with off-topic text", plain.raw, padded.raw, -paddingTolerance)
		most = math.Max(most, padded.percent)
		r.padded++
		if padded.raw > plain.raw+paddingSmall {
			r.gained++
		}
		if slices.Contains(padded.flags, scoring.FlagPadded) {
			r.noticed++
		}
	}
	return most
}

// unrelated are the strong answers to the questions that have the place of question n in the other
// tracks. Questions that exercise a skill of it are left out: their answers are not all beside the point.
func unrelated(questions []seeded, n int) []string {
	const perTrack = 4
	var out []string
	for m := range questions {
		other := &questions[m]
		related := slices.ContainsFunc(other.skills, func(skill string) bool { return slices.Contains(questions[n].skills, skill) })
		if m%perTrack == n%perTrack && other.track != questions[n].track && !related {
			out = append(out, other.samples.Strong)
		}
	}
	return out
}

func firstParagraphs(text string, n int) string {
	paragraphs := strings.Split(text, "\n\n")
	return strings.Join(paragraphs[:min(n, len(paragraphs))], "\n\n")
}
