package overrides_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"math"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/auditevent"
	"github.com/rubrica/rubrica/ent/criterion"
	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/ent/keypoint"
	"github.com/rubrica/rubrica/ent/override"
	"github.com/rubrica/rubrica/ent/recommendationlist"
	"github.com/rubrica/rubrica/ent/rubric"
	"github.com/rubrica/rubrica/ent/score"
	"github.com/rubrica/rubrica/ent/scoringrun"
	"github.com/rubrica/rubrica/ent/values"
	"github.com/rubrica/rubrica/internal/bypass"
	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/internal/overrides"
	"github.com/rubrica/rubrica/internal/pgtest"
	"github.com/rubrica/rubrica/internal/problem"
	"github.com/rubrica/rubrica/internal/progress"
	"github.com/rubrica/rubrica/internal/seeding"
	"github.com/rubrica/rubrica/internal/viewer"
	"github.com/rubrica/rubrica/jobs"
	"github.com/rubrica/rubrica/seeds"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

var catalog = sync.OnceValues(seeds.Default)

type world struct {
	db       *database.DB
	service  *overrides.Service
	question uuid.UUID
	track    uuid.UUID
	criteria []*ent.Criterion
	points   []*ent.KeyPoint
}

func newWorld(t *testing.T) *world {
	t.Helper()
	c, err := catalog()
	require.NoError(t, err)
	db, err := database.Open(t.Context(), pgtest.New(t).URL(), database.Options{MaxConnections: 16})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	_, err = seeding.Load(t.Context(), db, c, seeding.Options{People: true})
	require.NoError(t, err)
	queue, err := jobs.NewQueue(db)
	require.NoError(t, err)
	notifier := progress.NewNotifier(db, slog.New(slog.DiscardHandler))
	t.Cleanup(func() { assert.NoError(t, notifier.Close(context.Background())) })
	track := c.Tracks[0]
	w := &world{
		db: db, service: overrides.New(db, queue, notifier), track: seeding.TrackID(track.Slug),
		question: seeding.QuestionID(track.Slug, track.Questions[0].Slug),
	}
	ctx := system(t)
	r, err := db.Ent.Rubric.Query().Where(rubric.QuestionID(w.question)).Only(ctx)
	require.NoError(t, err)
	w.criteria, err = db.Ent.Criterion.Query().Where(criterion.RubricID(r.ID)).Order(criterion.ByPosition()).All(ctx)
	require.NoError(t, err)
	w.points, err = db.Ent.KeyPoint.Query().Where(keypoint.RubricID(r.ID)).Order(keypoint.ByPosition()).All(ctx)
	require.NoError(t, err)
	return w
}

func system(t *testing.T) context.Context { return bypass.Context(t.Context()) }

func as(t *testing.T, person string, role enums.Role) context.Context {
	return viewer.NewContext(t.Context(), viewer.Viewer{ID: seeding.UserID(person), Role: role})
}

func arno(t *testing.T) context.Context { return as(t, "arno", enums.RoleAdvisor) }

// run writes an essay of a person with a completed run: in its content, the first key point is met at a
// degree of 0.8, the second missed.
func (w *world) run(t *testing.T, person string) *ent.ScoringRun {
	t.Helper()
	ctx, db, owner := system(t), w.db.Ent, seeding.UserID(person)
	e := db.Essay.Create().SetOwnerID(owner).SetQuestionID(w.question).SetText("An answer.").SetWords(2).SetBodyHash([]byte{1}).SaveX(ctx)
	run := db.ScoringRun.Create().SetEssayID(e.ID).SetOwnerID(owner).SetRubricID(w.criteria[0].RubricID).SetTrackID(w.track).
		SetNumber(1).SetKind(enums.RunFirst).SetSeq(6).SetStage(enums.StageCompleted).SetPercent(100).
		SetEngine("local").SetEngineVersion("1").SetEngineModel("m").SetFlags([]string{"LOW_CONFIDENCE", "PADDED"}).
		SetOverallPercent(50).SetOverallLow(40).SetOverallHigh(60).SetOverallCoverage(0).SaveX(ctx)
	first := w.points[0]
	for i, c := range w.criteria {
		s := db.Score.Create().SetOwnerID(owner).SetRunID(run.ID).SetCriterionID(c.ID).SetPosition(i).SetValue(c.ScaleMin + c.ScaleStep).
			SetRaw(c.ScaleMin + c.ScaleStep - 0.1).SetLow(c.ScaleMin).SetHigh(c.ScaleMax).SetCoverage(0).
			SetCalibration(enums.Uncalibrated).SetProvisional(true).SaveX(ctx)
		terms := []values.Contribution{
			{Kind: "FEATURE", Key: "length", Label: "Length", Points: c.ScaleStep - 0.1 - 0.8*c.ScaleStep},
			{Kind: "KEY_POINT", Key: "key_point:" + first.Key, Label: first.Label, Points: 0.6 * c.ScaleStep},
			{Kind: "KEY_POINT", Key: "key_point:" + first.Key + "/1", Label: first.Label, Points: 0.2 * c.ScaleStep},
			{Kind: "ROUNDING", Key: "rounding", Label: "Rounded", Points: 0.1},
		}
		if c.Trait != enums.TraitContent {
			terms = []values.Contribution{{Kind: "FEATURE", Key: "length", Label: "Length", Points: c.ScaleStep - 0.1}, terms[3]}
		}
		x := db.Explanation.Create().SetOwnerID(owner).SetScoreID(s.ID).SetSummary("As the engine saw it.").SetBase(c.ScaleMin).
			SetContributions(terms).SetImprovements([]values.Improvement{{Kind: "SHORTEN", Advice: "Shorten it.", Gain: 1, Score: 2}}).SaveX(ctx)
		db.Evidence.Create().SetOwnerID(owner).SetExplanationID(x.ID).SetPosition(0).SetStartCodePoint(0).SetEndCodePoint(2).
			SetStartUtf16(0).SetEndUtf16(2).SetQuote("An").SetPoints(0.8 * c.ScaleStep).SetKeyPointLabel(first.Label).SetReason("It makes it.").ExecX(ctx)
		if c.Trait != enums.TraitContent {
			continue
		}
		for p, k := range w.points {
			outcome := db.KeyPointOutcome.Create().SetOwnerID(owner).SetExplanationID(x.ID).SetKeyPointID(k.ID).SetPosition(p).SetLabel(k.Label).
				SetStatus(enums.KeyPointMissed).SetDegree(0).SetSimilarity(0.2)
			if p == 0 {
				outcome.SetStatus(enums.KeyPointMet).SetDegree(0.8).SetQuote("An answer.")
			}
			outcome.ExecX(ctx)
		}
	}
	list := db.RecommendationList.Create().SetOwnerID(owner).SetRunID(run.ID).SetModelVersion("1").SetNote("A note.").SaveX(ctx)
	c, err := catalog()
	require.NoError(t, err)
	db.RecommendationItem.Create().SetOwnerID(owner).SetListID(list.ID).SetCredentialID(seeding.CredentialID(c.Credentials[0].Slug)).
		SetRank(1).SetScore(0.5).SetParts([]values.Part{}).SetRationale("It fits.").SetTraces([]values.Trace{}).SetCloses([]string{"x"}).ExecX(ctx)
	return run
}

// scores are those of a run with their reasons.
func (w *world) scores(t *testing.T, run uuid.UUID) []*ent.Score {
	t.Helper()
	return w.db.Ent.Score.Query().Where(score.RunID(run)).Order(score.ByPosition()).WithExplanation(func(q *ent.ExplanationQuery) {
		q.WithEvidence().WithKeyPoints(func(q *ent.KeyPointOutcomeQuery) { q.Order(ent.Asc("position")) })
	}).AllX(system(t))
}

func inJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	require.NoError(t, err)
	return string(b)
}

func requireCode(t *testing.T, err error, code problem.Code, field string) {
	t.Helper()
	var p *problem.Problem
	require.ErrorAs(t, err, &p)
	require.Equal(t, code, p.Code, p.Message)
	require.Equal(t, field, p.Field)
}

// content is the place of the criterion that looks for key points.
func (w *world) content(t *testing.T) int {
	t.Helper()
	for i, c := range w.criteria {
		if c.Trait == enums.TraitContent {
			return i
		}
	}
	t.Fatal("the rubric has no content")
	return 0
}

func TestAnAdvisorSetsAKeyPoint(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	from := w.run(t, "lena")
	before := w.scores(t, from.ID)
	result, err := w.service.Override(arno(t), overrides.Input{
		RunID: from.ID, Reason: "It is there, in other words.",
		KeyPoints: []overrides.KeyPoint{{w.points[0].ID, enums.KeyPointMissed}, {w.points[1].ID, enums.KeyPointMet}},
	})
	require.NoError(t, err)

	run := w.db.Ent.ScoringRun.GetX(system(t), result.Run.ID)
	require.Equal(t, enums.RunOverride, run.Kind)
	require.Equal(t, 2, run.Number)
	require.Equal(t, from.Seq+1, run.Seq)
	require.Equal(t, enums.StageRecommending, run.Stage, "what to learn next is looked for anew")
	require.Equal(t, []string{"PADDED"}, []string(run.Flags), "a person has looked")
	require.Equal(t, "local", run.Engine)
	require.Equal(t, 1, w.count(t, "river_job WHERE kind = 'recommend' AND args->>'run_id' = '"+run.ID.String()+"'"))
	require.Equal(t, 0, w.count(t, "river_job WHERE kind = 'score_essay'"), "no engine works for it")
	require.InDelta(t, *run.OverallPercent, *w.db.Ent.Essay.GetX(system(t), run.EssayID).OverallPercent, 1e-9)

	after := w.scores(t, run.ID)
	require.Len(t, after, len(before))
	c := w.content(t)
	for i, s := range after {
		require.False(t, s.Provisional)
		sum := s.Edges.Explanation.Base
		for _, term := range s.Edges.Explanation.Contributions {
			sum += term.Points
		}
		require.InDelta(t, s.Value, sum, 1e-9)
		if i != c {
			require.Equal(t, before[i].Value, s.Value)
			require.Equal(t, before[i].Edges.Explanation.Contributions, s.Edges.Explanation.Contributions)
			require.Equal(t, before[i].Edges.Explanation.Improvements, s.Edges.Explanation.Improvements)
		}
	}
	// 0.8 of the first became 0 and the second all of its share, by the weights.
	full := w.criteria[c].ScaleStep
	want := before[c].Raw - 0.8*full + full*w.points[1].Weight/w.points[0].Weight
	require.InDelta(t, want, after[c].Raw, 1e-9)
	x := after[c].Edges.Explanation
	require.Empty(t, x.Edges.Evidence, "what it quoted spoke to a point that is missed")
	require.Empty(t, x.Improvements, "they were tried on other scores")
	require.Equal(t, enums.KeyPointMissed, x.Edges.KeyPoints[0].Status)
	require.Equal(t, enums.KeyPointMet, x.Edges.KeyPoints[1].Status)
	require.InDelta(t, 1, x.Edges.KeyPoints[1].Degree, 0)
	require.Equal(t, "An answer.", *x.Edges.KeyPoints[0].Quote)
	require.Contains(t, x.Summary, w.points[1].Label)

	require.JSONEq(t, inJSON(t, before), inJSON(t, w.scores(t, from.ID)), "the machine's own run stays")
	o := w.db.Ent.Override.Query().Where(override.RunID(run.ID)).OnlyX(system(t))
	require.Equal(t, seeding.UserID("arno"), o.ActorID)
	require.Equal(t, "It is there, in other words.", o.Reason)
	require.Equal(t, enums.KeyPointMet, o.KeyPoints[0].From)
	require.Equal(t, enums.KeyPointMissed, o.KeyPoints[0].To)
	event := w.db.Ent.AuditEvent.Query().Where(auditevent.ActionEQ(enums.AuditEssayOverride)).OnlyX(system(t))
	require.Equal(t, run.EssayID, *event.TargetID)
}

func TestAnAdminGivesAScore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	from, c := w.run(t, "lena"), w.criteria[0]
	result, err := w.service.Override(as(t, "ada", enums.RoleAdmin), overrides.Input{
		RunID: from.ID, Reason: "Better than that.", Criteria: []overrides.Criterion{{c.ID, c.ScaleMax}},
	})
	require.NoError(t, err)
	s := w.scores(t, result.Run.ID)[0]
	require.InDelta(t, c.ScaleMax, s.Value, 0)
	require.Equal(t, []float64{s.Value, s.Value, 0}, []float64{s.Low, s.High, s.Coverage})
	terms := s.Edges.Explanation.Contributions
	require.EqualValues(t, "OVERRIDE", terms[len(terms)-1].Kind)
	require.Greater(t, *result.Run.OverallPercent, 0.0)
}

func TestConfirming(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	from := w.run(t, "lena")
	result, err := w.service.Confirm(arno(t), from.ID)
	require.NoError(t, err)
	require.Equal(t, enums.StageCompleted, result.Run.Stage)
	require.NotNil(t, result.Run.FinishedAt)
	require.Equal(t, 0, w.count(t, "river_job"))
	before, after := w.scores(t, from.ID), w.scores(t, result.Run.ID)
	for i := range after {
		require.Equal(t, before[i].Value, after[i].Value)
		require.Equal(t, before[i].Low, after[i].Low)
		require.Equal(t, before[i].Edges.Explanation.Contributions, after[i].Edges.Explanation.Contributions)
		require.Equal(t, before[i].Edges.Explanation.Improvements, after[i].Edges.Explanation.Improvements)
		require.Len(t, after[i].Edges.Explanation.Edges.Evidence, len(before[i].Edges.Explanation.Edges.Evidence))
		require.True(t, before[i].Provisional)
		require.False(t, after[i].Provisional)
	}
	items, err := w.db.Ent.RecommendationList.Query().Where(recommendationlist.RunID(result.Run.ID)).QueryItems().All(system(t))
	require.NoError(t, err)
	require.Len(t, items, 1)
	require.Equal(t, "It fits.", items[0].Rationale)

	_, err = w.service.Confirm(arno(t), from.ID)
	requireCode(t, err, problem.WrongState, "runId")
	_, err = w.service.Confirm(arno(t), result.Run.ID)
	requireCode(t, err, problem.Conflict, "runId")
	require.Equal(t, 1, w.count(t, "overrides"))
}

// Of two that decide about a run at once, one does, and the other is told.
func TestTwoClicksMakeOneRun(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	from := w.run(t, "lena")
	in := overrides.Input{RunID: from.ID, Reason: "Twice.", Criteria: []overrides.Criterion{{w.criteria[0].ID, w.criteria[0].ScaleMax}}}
	failed := make([]error, 8)
	var wait sync.WaitGroup
	for i := range failed {
		wait.Go(func() { _, failed[i] = w.service.Override(arno(t), in) })
	}
	wait.Wait()
	made := 0
	for _, err := range failed {
		if err == nil {
			made++
			continue
		}
		requireCode(t, err, problem.WrongState, "runId")
	}
	require.Equal(t, 1, made)
	require.Equal(t, 2, w.count(t, "scoring_runs"))
	require.Equal(t, 1, w.count(t, "overrides"))
	require.Equal(t, 1, w.count(t, "audit_events WHERE action = 'ESSAY_OVERRIDE'"))
}

func TestWhatCannotBeDecided(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	run, theirs := w.run(t, "lena"), w.run(t, "omar")
	c := w.criteria[0]
	points := []overrides.KeyPoint{{w.points[0].ID, enums.KeyPointMet}}
	give := func(v float64) []overrides.Criterion { return []overrides.Criterion{{c.ID, v}} }
	for name, k := range map[string]struct {
		in    overrides.Input
		code  problem.Code
		field string
	}{
		"nothing":                {overrides.Input{RunID: run.ID, Reason: "x"}, problem.Invalid, ""},
		"no reason":              {overrides.Input{RunID: run.ID, Reason: " ", KeyPoints: points}, problem.Invalid, "reason"},
		"no such run":            {overrides.Input{RunID: uuid.New(), Reason: "x", KeyPoints: points}, problem.NotFound, "runId"},
		"of somebody else":       {overrides.Input{RunID: theirs.ID, Reason: "x", KeyPoints: points}, problem.NotFound, "runId"},
		"no such point":          {overrides.Input{RunID: run.ID, Reason: "x", KeyPoints: []overrides.KeyPoint{{uuid.New(), enums.KeyPointMet}}}, problem.NotFound, "keyPoints"},
		"a point twice":          {overrides.Input{RunID: run.ID, Reason: "x", KeyPoints: append(points, points...)}, problem.Invalid, "keyPoints"},
		"no such criterion":      {overrides.Input{RunID: run.ID, Reason: "x", Criteria: []overrides.Criterion{{uuid.New(), 1}}}, problem.NotFound, "criteria"},
		"off the grid":           {overrides.Input{RunID: run.ID, Reason: "x", Criteria: give(c.ScaleMin + c.ScaleStep/3)}, problem.Invalid, "criteria"},
		"off the scale":          {overrides.Input{RunID: run.ID, Reason: "x", Criteria: give(c.ScaleMax + c.ScaleStep)}, problem.Invalid, "criteria"},
		"not a number":           {overrides.Input{RunID: run.ID, Reason: "x", Criteria: give(math.NaN())}, problem.Invalid, "criteria"},
		"a criterion twice":      {overrides.Input{RunID: run.ID, Reason: "x", Criteria: append(give(c.ScaleMax), give(c.ScaleMax)...)}, problem.Invalid, "criteria"},
		"what it says":           {overrides.Input{RunID: run.ID, Reason: "x", Criteria: give(c.ScaleMin + c.ScaleStep)}, problem.Conflict, ""},
		"a point that is missed": {overrides.Input{RunID: run.ID, Reason: "x", KeyPoints: []overrides.KeyPoint{{w.points[1].ID, enums.KeyPointMissed}}}, problem.Conflict, ""},
	} {
		_, err := w.service.Override(arno(t), k.in)
		require.Error(t, err, name)
		requireCode(t, err, k.code, k.field)
	}
	_, err := w.service.Override(as(t, "lena", enums.RoleLearner), overrides.Input{RunID: run.ID, Reason: "x", Criteria: give(c.ScaleMax)})
	require.Error(t, err, "a learner decides about nothing, the rules of the models say so too")

	w.db.Ent.ScoringRun.Update().Where(scoringrun.ID(run.ID)).SetStage(enums.StageFailed).ExecX(system(t))
	_, err = w.service.Override(arno(t), overrides.Input{RunID: run.ID, Reason: "x", KeyPoints: points})
	requireCode(t, err, problem.WrongState, "runId")
	require.Equal(t, 2, w.count(t, "scoring_runs"))
	require.Equal(t, 0, w.count(t, "overrides"))
}

// What people decided is what a calibration learns from, each essay once, by the newest decision.
func TestGraded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first, second := w.run(t, "lena"), w.run(t, "priya")
	w.run(t, "lena") // about which nobody decided
	ctx := arno(t)
	c, content := w.criteria[len(w.criteria)-1], w.criteria[w.content(t)]
	require.NotEqual(t, c.ID, content.ID)
	moved, err := w.service.Override(ctx, overrides.Input{RunID: first.ID, Reason: "x", Criteria: []overrides.Criterion{{c.ID, c.ScaleMax}}})
	require.NoError(t, err)
	_, err = w.service.Confirm(ctx, second.ID)
	require.NoError(t, err)
	w.db.Ent.ScoringRun.Update().Where(scoringrun.ID(moved.Run.ID)).SetStage(enums.StageCompleted).ExecX(system(t))
	_, err = w.service.Override(ctx, overrides.Input{RunID: moved.Run.ID, Reason: "y", KeyPoints: []overrides.KeyPoint{{w.points[0].ID, enums.KeyPointMissed}}})
	require.NoError(t, err)

	list, err := overrides.Graded(as(t, "ada", enums.RoleAdmin), w.db.Ent, w.question)
	require.NoError(t, err)
	require.Len(t, list, 2)
	require.Equal(t, first.EssayID, list[0].EssayID, "the newest first")
	require.Equal(t, "An answer.", list[0].Text)
	require.InDelta(t, c.ScaleMax, list[0].Scores[c.Key], 0)
	require.Len(t, list[0].Scores, len(w.criteria))
	require.Equal(t, map[string]bool{c.Key: true, content.Key: true}, list[0].Judged)
	require.Equal(t, second.EssayID, list[1].EssayID)
	require.Empty(t, list[1].Judged, "a person left all as it was")
	none, err := overrides.Graded(as(t, "ada", enums.RoleAdmin), w.db.Ent, uuid.New())
	require.NoError(t, err)
	require.Empty(t, none)
}

func (w *world) count(t *testing.T, of string) (n int) {
	t.Helper()
	require.NoError(t, w.db.SQL.QueryRowContext(t.Context(), "SELECT count(*) FROM "+of).Scan(&n))
	return n
}
