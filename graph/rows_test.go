package graph_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/lib/pq"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/criterion"
	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/ent/keypoint"
	"github.com/rubrica/rubrica/ent/passage"
	"github.com/rubrica/rubrica/ent/rubric"
	"github.com/rubrica/rubrica/ent/values"
	"github.com/rubrica/rubrica/internal/bypass"
	"github.com/rubrica/rubrica/internal/globalid"
	"github.com/rubrica/rubrica/internal/seeding"
)

// scored is an essay as a worker leaves it, with one id of each kind of row, by its kind.
type scored struct {
	owner string
	text  string
	ids   map[string]uuid.UUID
}

// id is the global id of the essay's row of a kind.
func (s *scored) id(kind string) string { return globalid.Encode(kind, s.ids[kind]) }

var epoch = time.Date(2026, 3, 1, 12, 0, 0, 123457000, time.UTC)

// essays writes n essays of a person with everything that belongs to them, as workers would, which
// would take longer. Essay i was submitted i microseconds after the epoch.
func (w *world) essays(t testing.TB, person string, n int) []*scored {
	t.Helper()
	ctx := bypass.Context(t.Context())
	var out []*scored
	for i := range n {
		track := w.catalog.Tracks[i%len(w.catalog.Tracks)]
		question := track.Questions[i%len(track.Questions)]
		out = append(out, w.essay(ctx, t, person, track.Slug, question.Slug, i))
	}
	return out
}

func (w *world) essay(ctx context.Context, t testing.TB, person, track, question string, i int) *scored {
	t.Helper()
	db, owner := w.db.Ent, seeding.UserID(person)
	s := &scored{owner: person, ids: map[string]uuid.UUID{}}
	id := func(kind string) uuid.UUID {
		v := newID()
		s.ids[kind] = v
		return v
	}
	at := epoch.Add(time.Duration(i) * time.Microsecond)
	s.text = fmt.Sprintf("The secret thoughts of %s, number %d. Indexes make reads fast.", person, i)
	questionID := seeding.QuestionID(track, question)
	hash := sha256.Sum256([]byte(s.text))
	exec := func(err error) { t.Helper(); require.NoError(t, err) }
	exec(db.Essay.Create().SetID(id("essay")).SetOwnerID(owner).SetQuestionID(questionID).SetText(s.text).
		SetWords(len(strings.Fields(s.text))).SetBodyHash(hash[:]).SetCreatedAt(at).Exec(ctx))

	r, err := db.Rubric.Query().Where(rubric.QuestionID(questionID)).Only(ctx)
	exec(err)
	run := db.ScoringRun.Create().SetID(id("scoring_run")).SetEssayID(s.ids["essay"]).SetOwnerID(owner).SetRubricID(r.ID).
		SetTrackID(seeding.TrackID(track)).SetNumber(1).SetKind(enums.RunFirst).SetSeq(7).SetCreatedAt(at)
	exec(run.SetStage(enums.StageCompleted).SetPercent(100).SetChangedAt(at).SetStartedAt(at).SetScoredAt(at).
		SetFinishedAt(at).SetEngine("local").SetEngineVersion("1").SetEngineModel("model").
		SetOverallPercent(62.5).SetOverallLow(50).SetOverallHigh(75).SetOverallCoverage(0).Exec(ctx))

	criteria, err := db.Criterion.Query().Where(criterion.RubricID(r.ID)).Order(criterion.ByPosition()).All(ctx)
	exec(err)
	points, err := db.KeyPoint.Query().Where(keypoint.RubricID(r.ID)).Order(keypoint.ByPosition()).All(ctx)
	exec(err)
	cited, err := db.Passage.Query().Where(passage.TrackID(seeding.TrackID(track))).Order(passage.ByID()).Limit(2).All(ctx)
	exec(err)
	var scores []*ent.ScoreCreate
	var reasons []*ent.ExplanationCreate
	var evidence []*ent.EvidenceCreate
	var outcomes []*ent.KeyPointOutcomeCreate
	var citations []*ent.CitationCreate
	for p, c := range criteria {
		score, reason := id("score"), id("explanation")
		scores = append(scores, db.Score.Create().SetID(score).SetOwnerID(owner).SetRunID(s.ids["scoring_run"]).SetCriterionID(c.ID).
			SetPosition(p).SetValue(c.ScaleMax).SetRaw(c.ScaleMax).SetLow(c.ScaleMin).SetHigh(c.ScaleMax).SetCoverage(0).
			SetCalibration(enums.Uncalibrated).SetProvisional(true))
		reasons = append(reasons, db.Explanation.Create().SetID(reason).SetOwnerID(owner).SetScoreID(score).
			SetSummary("Reasons for "+person).SetBase(1).SetContributions(contributions()).SetImprovements(improvements()))
		evidence = append(evidence, db.Evidence.Create().SetID(id("evidence")).SetOwnerID(owner).SetExplanationID(reason).
			SetPosition(0).SetStartCodePoint(0).SetEndCodePoint(3).SetStartUtf16(0).SetEndUtf16(3).SetQuote("The").
			SetPoints(-0.25).SetReason("It counts."))
		for q, k := range points {
			outcomes = append(outcomes, db.KeyPointOutcome.Create().SetID(id("key_point_outcome")).SetOwnerID(owner).
				SetExplanationID(reason).SetKeyPointID(k.ID).SetPosition(q).SetLabel(k.Label).
				SetStatus(enums.KeyPointMet).SetDegree(1).SetSimilarity(0.75))
		}
		for q, v := range cited {
			citations = append(citations, db.Citation.Create().SetID(id("citation")).SetOwnerID(owner).
				SetExplanationID(reason).SetPassageID(v.ID).SetPosition(q).SetSimilarity(0.5).SetQuote("A sentence."))
		}
	}
	s.ids["key_point"] = points[0].ID
	exec(db.Score.CreateBulk(scores...).Exec(ctx))
	exec(db.Explanation.CreateBulk(reasons...).Exec(ctx))
	exec(db.Evidence.CreateBulk(evidence...).Exec(ctx))
	exec(db.KeyPointOutcome.CreateBulk(outcomes...).Exec(ctx))
	exec(db.Citation.CreateBulk(citations...).Exec(ctx))
	w.recommend(ctx, t, s, id, criteria)
	return s
}

func (w *world) recommend(ctx context.Context, t testing.TB, s *scored, id func(string) uuid.UUID, criteria []*ent.Criterion) {
	t.Helper()
	db, owner := w.db.Ent, seeding.UserID(s.owner)
	require.NoError(t, db.RecommendationList.Create().SetID(id("recommendation_list")).SetOwnerID(owner).
		SetRunID(s.ids["scoring_run"]).SetModelVersion("1").SetNote("A note.").
		SetUnserved(pq.StringArray{w.catalog.Skills[0].Slug}).Exec(ctx))
	var items []*ent.RecommendationItemCreate
	for i, c := range w.catalog.Credentials[:3] {
		items = append(items, db.RecommendationItem.Create().SetID(id("recommendation_item")).SetOwnerID(owner).
			SetListID(s.ids["recommendation_list"]).SetCredentialID(seeding.CredentialID(c.Slug)).SetRank(i+1).
			SetScore(0.5).SetParts(parts()).SetRationale("It fits "+s.owner+".").SetCloses(c.Teaches[:1]).
			SetStep(i+1).SetRelaxed(pq.StringArray{string(enums.ConstraintPrice)}).
			SetTraces(traces(c.Teaches[0], criteria[i%len(criteria)].ID)))
	}
	require.NoError(t, db.RecommendationItem.CreateBulk(items...).Exec(ctx))
}

func improvements() []values.Improvement {
	quote := "The"
	at := &values.TextRange{Start: 0, End: 3}
	return []values.Improvement{
		{Kind: "ADD_POINT", Advice: "Add the point “x”.", Gain: 0.5, Score: 1.5},
		{Kind: "FIX_FORM", Advice: "Begin sentences with a capital.", Gain: 0.5, Score: 1.5, Quote: &quote, CodePoints: at, Utf16: at},
	}
}

func contributions() []values.Contribution {
	return []values.Contribution{
		{Kind: "FEATURE", Key: "length", Label: "Länge “🎓”", Points: 0.1},
		{Kind: "ROUNDING", Key: "rounding", Label: "Rounding", Points: -1e-17},
	}
}

func parts() []values.Part {
	return []values.Part{{Signal: enums.SignalSemantic, Value: 0.5, Weight: 1, Contribution: 0.5}}
}

func traces(skill string, criterion uuid.UUID) []values.Trace {
	similarity, rank := 0.3333333333333333, 1
	return []values.Trace{
		{Signal: enums.SignalSkillGap, Text: "You scored low.", Skill: skill, Criterion: criterion.String(), Evidence: "The"},
		{Signal: enums.SignalSemantic, Text: "It is near.", Similarity: &similarity, Rank: &rank},
	}
}

// questionID is the global id of a question of the seeds.
func (w *world) questionID(track, question int) string {
	t := w.catalog.Tracks[track]
	return globalid.Encode("question", seeding.QuestionID(t.Slug, t.Questions[question].Slug))
}
