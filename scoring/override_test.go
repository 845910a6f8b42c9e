package scoring

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// judgedOf is a result as a run keeps it.
func judgedOf(req Request, res *Result) []Judged {
	var out []Judged
	for i, e := range Explain(req, res) {
		out = append(out, Judged{
			Criterion: req.Question.Question.Rubric.Criteria[i], Score: res.Scores[i],
			Summary: e.Summary, Evidence: e.Evidence, KeyPoints: e.KeyPoints,
		})
	}
	return out
}

func sumOf(s CriterionScore) float64 {
	sum := s.Base
	for _, c := range s.Contributions {
		sum += c.Points
	}
	return sum
}

// Whatever a person decides, the sum is the score, on the grid and within its interval.
func TestDecisionsKeepTheSum(t *testing.T) {
	t.Parallel()
	q := retryQuestion()
	rapid.Check(t, func(rt *rapid.T) {
		run := judgedOf(scored(rt, q, answers().Draw(rt, "answer")))
		for range rapid.IntRange(1, 3).Draw(rt, "times") {
			d := Decisions{KeyPoints: map[string]KeyPointStatus{}, Values: map[string]float64{}}
			for _, k := range q.Rubric.KeyPoints {
				if rapid.Bool().Draw(rt, "judge") {
					d.KeyPoints[k.ID] = rapid.SampledFrom([]KeyPointStatus{KeyPointMet, KeyPointPartly, KeyPointMissed}).Draw(rt, "status")
				}
			}
			for _, c := range q.Rubric.Criteria {
				if rapid.IntRange(0, 3).Draw(rt, "move") == 0 {
					d.Values[c.ID] = c.Scale.Round(rapid.Float64Range(c.Scale.Min, c.Scale.Max).Draw(rt, "value"))
				}
			}
			before := run
			run = Decide(q.Rubric, run, d)
			require.Equal(rt, run, Decide(q.Rubric, before, d), "the same again")
			for i, j := range run {
				require.InDelta(rt, j.Score.Value, sumOf(j.Score), 1e-9)
				require.True(rt, j.Criterion.Scale.OnGrid(j.Score.Value))
				require.LessOrEqual(rt, j.Score.Interval.Low, j.Score.Value+1e-9)
				require.GreaterOrEqual(rt, j.Score.Interval.High, j.Score.Value-1e-9)
				if v, ok := d.Values[j.Criterion.ID]; ok {
					require.Equal(rt, v, j.Score.Value)
				} else if len(d.KeyPoints) == 0 {
					require.Equal(rt, before[i], j, "nothing was decided about it")
				}
				for _, k := range j.KeyPoints {
					if status, ok := d.KeyPoints[k.KeyPointID]; ok {
						require.Equal(rt, status, k.Status)
						require.Equal(rt, DegreeOf(status), k.Degree)
					}
				}
				require.NotEmpty(rt, j.Summary)
			}
		}
	})
}

// A key point counts for what the engine itself would have counted at that degree.
func TestAKeyPointCountsAsTheEngineCountsIt(t *testing.T) {
	t.Parallel()
	q := retryQuestion()
	req, res := scored(t, q, retryAnswer)
	m := measure(req)
	run := judgedOf(req, res)
	some := false
	for n, k := range q.Rubric.KeyPoints {
		for _, status := range []KeyPointStatus{KeyPointMet, KeyPointPartly, KeyPointMissed} {
			for i, j := range Decide(q.Rubric, run, Decisions{KeyPoints: map[string]KeyPointStatus{k.ID: status}}) {
				part := keyPointPart
				switch j.Criterion.Trait {
				case TraitContent:
				case TraitReasoning, TraitOrganization, TraitClarity:
					require.Equal(t, run[i], j)
					continue
				default:
					part *= mixture[0].share // of an unknown trait
				}
				full := part * m.focus * m.question.keyPoints[n].share * j.Criterion.Scale.Width()
				want := run[i].Score.Raw + full*(DegreeOf(status)-m.matches[n].degree)
				require.InDelta(t, want, j.Score.Raw, 1e-9, "%s as %s", k.Key, status)
				require.InDelta(t, j.Criterion.Scale.Round(want), j.Score.Value, 1e-9)
				for _, e := range j.Evidence {
					require.False(t, status == KeyPointMissed && e.KeyPointID == k.ID, "a missed point quotes nothing")
				}
				some = some || math.Abs(j.Score.Value-run[i].Score.Value) > 0
			}
		}
	}
	require.True(t, some, "some decision changes the score")
}

// What is missed and then met again is worth what it was, by the terms of the others.
func TestADecisionCanBeTakenBack(t *testing.T) {
	t.Parallel()
	q := retryQuestion()
	run := judgedOf(scored(t, q, retryAnswer))
	set := func(run []Judged, status KeyPointStatus) []Judged {
		return Decide(q.Rubric, run, Decisions{KeyPoints: map[string]KeyPointStatus{q.Rubric.KeyPoints[0].ID: status}})
	}
	met := set(run, KeyPointMet)
	again := set(set(met, KeyPointMissed), KeyPointMet)
	for i := range met {
		require.InDelta(t, met[i].Score.Raw, again[i].Score.Raw, 1e-9)
		require.Equal(t, met[i].Score.Value, again[i].Score.Value)
	}
}

// A run that made no key point at all takes the weight of the rules.
func TestTheFirstKeyPointThatIsMet(t *testing.T) {
	t.Parallel()
	q := retryQuestion()
	k := q.Rubric.KeyPoints[0]
	run := []Judged{{
		Criterion: Criterion{ID: "c", Trait: TraitContent, Scale: Scale{Min: 0, Max: 10, Step: 0.5}},
		Score:     CriterionScore{CriterionID: "c"}, KeyPoints: []KeyPointOutcome{{KeyPointID: k.ID, Label: k.Label, Status: KeyPointMissed, Sentence: -1}},
	}}
	out := Decide(q.Rubric, run, Decisions{KeyPoints: map[string]KeyPointStatus{k.ID: KeyPointMet}})[0]
	require.InDelta(t, keyPointPart*sharesOf(q.Rubric.KeyPoints)[0]*10, out.Score.Raw, 1e-9)
	require.Contains(t, out.Summary, k.Label)
}

// What a person gave stays through a later decision on a key point.
func TestAGivenValueStays(t *testing.T) {
	t.Parallel()
	q := retryQuestion()
	run := judgedOf(scored(t, q, retryAnswer))
	content := run[0].Criterion
	require.Equal(t, TraitContent, content.Trait)
	moved := Decide(q.Rubric, run, Decisions{Values: map[string]float64{content.ID: content.Scale.Min}})
	require.Contains(t, moved[0].Summary, "A person")
	later := Decide(q.Rubric, moved, Decisions{KeyPoints: map[string]KeyPointStatus{q.Rubric.KeyPoints[0].ID: KeyPointMissed}})
	require.Equal(t, content.Scale.Min, later[0].Score.Value)
	require.InDelta(t, content.Scale.Min, sumOf(later[0].Score), 1e-9)
}
