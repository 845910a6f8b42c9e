package graph_test

import (
	"fmt"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/criterion"
	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/ent/values"
	"github.com/rubrica/rubrica/internal/bypass"
	"github.com/rubrica/rubrica/internal/globalid"
	"github.com/rubrica/rubrica/internal/seeding"
)

// override says of an essay's run that Arno made it of itself, which is enough to read it by.
func (w *world) override(t testing.TB, db *ent.Client, s *scored) uuid.UUID {
	t.Helper()
	ctx := bypass.Context(t.Context())
	run := db.ScoringRun.GetX(ctx, s.ids["scoring_run"])
	c := db.Criterion.Query().Where(criterion.RubricID(run.RubricID)).FirstX(ctx)
	id := newID()
	require.NoError(t, db.Override.Create().SetID(id).SetOwnerID(run.OwnerID).SetRunID(run.ID).SetFromID(run.ID).
		SetQuestionID(seeding.QuestionID(w.catalog.Tracks[0].Slug, w.catalog.Tracks[0].Questions[0].Slug)).
		SetActorID(seeding.UserID(arno)).SetReason("Arno judged what "+s.owner+" wrote.").
		SetKeyPoints([]values.KeyPointOverride{{KeyPointID: s.ids["key_point"], Label: "A topic", From: enums.KeyPointMissed, To: enums.KeyPointMet}}).
		SetCriteria([]values.CriterionOverride{{CriterionID: c.ID, From: 1, To: 2}}).Exec(ctx))
	return id
}

// rescoring writes a re-scoring of the first question and returns its global id.
func (w *world) rescoring(t testing.TB) string {
	t.Helper()
	id := newID()
	track := w.catalog.Tracks[0]
	require.NoError(t, w.db.Ent.Rescoring.Create().SetID(id).SetTrackID(seeding.TrackID(track.Slug)).
		SetQuestionID(seeding.QuestionID(track.Slug, track.Questions[0].Slug)).SetActorID(seeding.UserID(ada)).
		SetReason("A test.").SetTotal(3).SetAdded(2).SetSkipped(1).Exec(bypass.Context(t.Context())))
	return globalid.Encode("rescoring", id)
}

func (w *world) crowdOfOverrides(t testing.TB, c crowd, db *ent.Client) {
	t.Helper()
	ctx := bypass.Context(t.Context())
	point := db.KeyPoint.Query().FirstIDX(ctx)
	track := w.catalog.Tracks[0]
	var rescorings []*ent.RescoringCreate
	for i, run := range c["ScoringRun"] {
		_, id, err := globalid.Decode(run)
		require.NoError(t, err)
		s := &scored{owner: lena, ids: map[string]uuid.UUID{"scoring_run": id, "key_point": point}}
		c.add("Override", "override", w.override(t, db, s))
		rescorings = append(rescorings, db.Rescoring.Create().SetID(c.add("Rescoring", "rescoring", newID())).
			SetTrackID(seeding.TrackID(track.Slug)).SetQuestionID(seeding.QuestionID(track.Slug, track.Questions[0].Slug)).
			SetActorID(seeding.UserID(ada)).SetReason(fmt.Sprintf("The engine is new for the %d. time.", i)).
			SetTotal(3).SetAdded(2).SetSkipped(1))
	}
	require.NoError(t, db.Rescoring.CreateBulk(rescorings...).Exec(ctx))
}

// What a person decides is shown with the run that they made, and the learner reads why but not by whom.
func TestOverridesAreShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.essays(t, lena, 1)[0]
	c := w.db.Ent.Criterion.GetX(bypass.Context(t.Context()), w.db.Ent.Score.GetX(bypass.Context(t.Context()), s.ids["score"]).CriterionID)
	const selection = `{ number kind stage seq override { reason by { name } from { number } keyPoints { label from to keyPoint { text } } criteria { from to criterion { title } } }
		scores { value provisional criterion { id } explanation { base contributions { kind points } } } }`
	a := w.ok(t, arno, `mutation($in: EssayOverrideInput!) { essayOverride(input: $in) { run `+selection+` userErrors { code field message } } }`,
		vars{"in": vars{
			"runId": s.id("scoring_run"), "reason": "I read it.",
			"keyPoints": []vars{{"keyPointId": s.id("key_point"), "status": "MISSED"}},
			"criteria":  []vars{{"criterionId": c.GlobalID(), "value": c.ScaleMin}},
		}})
	require.Empty(t, list(a.at("essayOverride", "userErrors")), a.raw)
	require.Equal(t, "OVERRIDE", a.at("essayOverride", "run", "kind"))
	require.EqualValues(t, 8, a.at("essayOverride", "run", "seq"))
	for _, v := range list(a.at("essayOverride", "run", "scores")) {
		score := v.(vars)
		require.Equal(t, false, score["provisional"])
		x := score["explanation"].(vars)
		sum := x["base"].(float64)
		for _, term := range list(x["contributions"]) {
			sum += term.(vars)["points"].(float64)
		}
		if score["criterion"].(vars)["id"] == c.GlobalID() {
			require.InDelta(t, c.ScaleMin, score["value"], 0)
			require.InDelta(t, c.ScaleMin, sum, 1e-9)
		}
	}
	const history = `query($id: ID!) { essay(id: $id) { runs(first: 5) { edges { node ` + selection + ` } } } }`
	seen := map[string]*answer{}
	for _, person := range []string{lena, arno} {
		seen[person] = w.ok(t, person, history, vars{"id": s.id("essay")})
		newest := func(path ...any) any {
			return seen[person].at(append([]any{"essay", "runs", "edges", 0, "node", "override"}, path...)...)
		}
		require.Equal(t, "I read it.", newest("reason"))
		require.EqualValues(t, 1, newest("from", "number"))
		require.Equal(t, "MISSED", newest("keyPoints", 0, "to"))
		require.Equal(t, c.Title, newest("criteria", 0, "criterion", "title"))
		require.Nil(t, seen[person].at("essay", "runs", "edges", 1, "node", "override"), "the machine's own run")
		require.Equal(t, true, seen[person].at("essay", "runs", "edges", 1, "node", "scores", 0, "provisional"))
	}
	at := []any{"essay", "runs", "edges", 0, "node", "override"}
	require.Equal(t, "Arno Keller", seen[arno].at(append(at, "by", "name")...))
	require.NotEmpty(t, seen[arno].at(append(at, "keyPoints", 0, "keyPoint", "text")...))
	require.Nil(t, seen[lena].at(append(at, "by")...))
	require.Nil(t, seen[lena].at(append(at, "keyPoints", 0, "keyPoint")...))
}

func TestUserErrorsOfOverrides(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, theirs := w.essays(t, lena, 1)[0], w.essays(t, omar, 1)[0]
	ctx := bypass.Context(t.Context())
	c := w.db.Ent.Criterion.GetX(ctx, w.db.Ent.Score.GetX(ctx, s.ids["score"]).CriterionID)
	run := s.id("scoring_run")
	point := func(id string) []vars { return []vars{{"keyPointId": id, "status": "PARTLY"}} }
	for name, k := range map[string]struct {
		person, mutation string
		in               vars
		code             string
		field            any
	}{
		"not advised":       {arno, "essayOverride", vars{"runId": theirs.id("scoring_run"), "reason": "x", "keyPoints": point(s.id("key_point"))}, "NOT_FOUND", "runId"},
		"no run":            {arno, "essayOverride", vars{"runId": s.id("essay"), "reason": "x", "keyPoints": point(s.id("key_point"))}, "NOT_FOUND", "runId"},
		"nothing":           {arno, "essayOverride", vars{"runId": run, "reason": "x"}, "INVALID", nil},
		"no reason":         {arno, "essayOverride", vars{"runId": run, "reason": "", "keyPoints": point(s.id("key_point"))}, "INVALID", "reason"},
		"no key point":      {arno, "essayOverride", vars{"runId": run, "reason": "x", "keyPoints": point(c.GlobalID())}, "NOT_FOUND", "keyPoints"},
		"unknown key point": {arno, "essayOverride", vars{"runId": run, "reason": "x", "keyPoints": point(globalid.Encode("key_point", uuid.New()))}, "NOT_FOUND", "keyPoints"},
		"no criterion":      {arno, "essayOverride", vars{"runId": run, "reason": "x", "criteria": []vars{{"criterionId": run, "value": 1}}}, "NOT_FOUND", "criteria"},
		"off the grid":      {arno, "essayOverride", vars{"runId": run, "reason": "x", "criteria": []vars{{"criterionId": c.GlobalID(), "value": c.ScaleMax + 0.001}}}, "INVALID", "criteria"},
		"as it is":          {arno, "essayOverride", vars{"runId": run, "reason": "x", "criteria": []vars{{"criterionId": c.GlobalID(), "value": c.ScaleMax}}}, "CONFLICT", nil},
		"confirm theirs":    {arno, "essayConfirm", vars{"runId": theirs.id("scoring_run")}, "NOT_FOUND", "runId"},
		"no question":       {ada, "essaysRescore", vars{"scope": vars{"questionId": globalid.Encode("question", uuid.New())}, "reason": "x"}, "NOT_FOUND", "scope"},
		"a track's id":      {ada, "essaysRescore", vars{"scope": vars{"questionId": globalid.Encode("track", uuid.New())}, "reason": "x"}, "NOT_FOUND", "scope"},
		"no reason at all":  {ada, "essaysRescore", vars{"scope": vars{"questionId": w.questionID(0, 0)}, "reason": " "}, "INVALID", "reason"},
	} {
		a := w.ok(t, k.person, fmt.Sprintf(`mutation($in: %s!) { %s(input: $in) { userErrors { code field } } }`, inputOf(k.mutation), k.mutation), vars{"in": k.in})
		require.Equal(t, k.code, a.at(k.mutation, "userErrors", 0, "code"), "%s: %s", name, a.raw)
		var field any
		if k.field != nil {
			field = []any{"input", k.field}
		}
		require.Equal(t, field, a.at(k.mutation, "userErrors", 0, "field"), name)
	}
	both := vars{"scope": vars{"questionId": w.questionID(0, 0), "trackId": "x"}, "reason": "x"}
	require.Equal(t, []string{"GRAPHQL_VALIDATION_FAILED"},
		w.ask(t, ada, `mutation($in: EssaysRescoreInput!) { essaysRescore(input: $in) { userErrors { code } } }`, vars{"in": both}).codes())
	for _, person := range []string{lena, arno} {
		require.Equal(t, []string{"FORBIDDEN"}, w.ask(t, person, `{ rescorings(first: 1) { totalCount } }`, nil).codes())
	}
}

func inputOf(mutation string) string {
	return string(mutation[0]-'a'+'A') + mutation[1:] + "Input"
}

// pointOf is a key point that an essay's run speaks of; beyond those of the seeds it adds one.
func (w *world) pointOf(t *testing.T, s *scored, i int) string {
	t.Helper()
	ctx := bypass.Context(t.Context())
	id := newID()
	like := w.db.Ent.KeyPoint.GetX(ctx, s.ids["key_point"])
	w.db.Ent.KeyPoint.Create().SetID(id).SetRubricID(like.RubricID).SetPosition(1000 + w.db.Ent.KeyPoint.Query().CountX(ctx)).
		SetKey("k" + id.String()).SetLabel(fmt.Sprintf("Point %d", i)).SetText("The point.").SetWeight(1).SetSkills(like.Skills).ExecX(ctx)
	w.db.Ent.KeyPointOutcome.Create().SetOwnerID(seeding.UserID(s.owner)).SetExplanationID(s.ids["explanation"]).SetKeyPointID(id).
		SetPosition(1000 + i).SetLabel(fmt.Sprintf("Point %d", i)).SetStatus(enums.KeyPointMet).SetDegree(1).SetSimilarity(0.5).ExecX(ctx)
	return globalid.Encode("key_point", id)
}

// criterionOf is a criterion for which an essay's run has a score; it adds one, on a scale of 0 to 1.
func (w *world) criterionOf(t *testing.T, s *scored, i int) string {
	t.Helper()
	ctx := bypass.Context(t.Context())
	db, run, owner := w.db.Ent, w.db.Ent.ScoringRun.GetX(ctx, s.ids["scoring_run"]), seeding.UserID(s.owner)
	c := db.Criterion.Create().SetRubricID(run.RubricID).SetPosition(1000 + db.Criterion.Query().CountX(ctx)).SetKey("k" + newID().String()).
		SetTrait(enums.TraitClarity).SetTitle("Clarity").SetDescription("How clear it is.").SetWeight(0).SetScaleMin(0).SetScaleMax(1).
		SetScaleStep(1).SetLevels([]values.ScoreLevel{}).SaveX(ctx)
	score := db.Score.Create().SetOwnerID(owner).SetRunID(run.ID).SetCriterionID(c.ID).SetPosition(1000 + i).SetValue(1).SetRaw(1).
		SetLow(0).SetHigh(1).SetCoverage(0).SetCalibration(enums.Uncalibrated).SetProvisional(true).SaveX(ctx)
	db.Explanation.Create().SetOwnerID(owner).SetScoreID(score.ID).SetSummary("Clear.").SetBase(1).
		SetContributions([]values.Contribution{}).ExecX(ctx)
	return c.GlobalID()
}
