package graph_test

import (
	"database/sql"
	"fmt"
	"testing"

	"github.com/google/uuid"
	"github.com/lib/pq"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/ent/values"
	"github.com/rubrica/rubrica/internal/bypass"
	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/internal/globalid"
	"github.com/rubrica/rubrica/internal/seeding"
	"github.com/rubrica/rubrica/jobs"
)

// crowdSize is the largest page, and how many ids nodes takes.
const crowdSize = 100

// crowd is at least crowdSize rows of every type with an id, by the type's name. The first of each has
// something behind each of its edges.
type crowd map[string][]string

// crowd writes the rows that the seeds have too few of.
func (w *world) crowd(t testing.TB) crowd {
	t.Helper()
	c := crowd{}
	for _, s := range w.essays(t, lena, crowdSize) {
		for typ, kind := range map[string]string{
			"Citation": "citation", "Essay": "essay", "Evidence": "evidence", "Explanation": "explanation",
			"KeyPointOutcome": "key_point_outcome", "RecommendationItem": "recommendation_item",
			"RecommendationList": "recommendation_list", "Score": "score", "ScoringRun": "scoring_run",
		} {
			c[typ] = append(c[typ], s.id(kind))
		}
	}
	require.NoError(t, w.db.InTx(bypass.Context(t.Context()), func(tx *database.Tx) error {
		w.crowdOfJobs(t, c, tx.SQL)
		w.crowdOfTracks(t, c, tx.Ent)
		w.crowdOfPeople(t, c, tx.Ent)
		w.crowdOfOverrides(t, c, tx.Ent)
		w.crowdOfCalibrations(t, c, tx.Ent)
		w.crowdOfInteractions(t, c, tx.Ent)
		return nil
	}))
	return c
}

func (c crowd) add(typ, kind string, id uuid.UUID) uuid.UUID {
	c[typ] = append(c[typ], globalid.Encode(kind, id))
	return id
}

func (w *world) crowdOfJobs(t testing.TB, c crowd, tx *sql.Tx) {
	t.Helper()
	for _, run := range c["ScoringRun"] {
		_, id, err := globalid.Decode(run)
		require.NoError(t, err)
		require.NoError(t, w.queue.Score(t.Context(), tx, id))
	}
	numbers, err := tx.QueryContext(t.Context(), `SELECT id FROM river_job ORDER BY id`)
	require.NoError(t, err)
	defer func() { require.NoError(t, numbers.Close()) }()
	for numbers.Next() {
		var job jobs.Job
		require.NoError(t, numbers.Scan(&job.Number))
		c["Job"] = append(c["Job"], job.GlobalID())
	}
	require.NoError(t, numbers.Err())
}

func (w *world) crowdOfTracks(t testing.TB, c crowd, db *ent.Client) {
	t.Helper()
	ctx := bypass.Context(t.Context())
	var (
		skills      []*ent.SkillCreate
		tracks      []*ent.TrackCreate
		passages    []*ent.PassageCreate
		questions   []*ent.QuestionCreate
		rubrics     []*ent.RubricCreate
		criteria    []*ent.CriterionCreate
		keyPoints   []*ent.KeyPointCreate
		references  []*ent.ReferenceAnswerCreate
		credentials []*ent.CredentialCreate
	)
	for i := range crowdSize {
		slug := fmt.Sprintf("crowd-%d", i)
		known := []string{slug, w.catalog.Skills[i%3].Slug}
		track, question, rubric := newID(), newID(), newID()
		skills = append(skills, db.Skill.Create().SetID(c.add("Skill", "skill", newID())).SetSlug(slug).SetName("Skill "+slug).SetOnet("1.A").
			SetSynonyms(pq.StringArray{"another " + slug}))
		tracks = append(tracks, db.Track.Create().SetID(c.add("Track", "track", track)).SetSlug(slug).SetTitle("Track "+slug).
			SetSummary("A summary.").SetOccupation("15-1252.00").SetSkills(known))
		passages = append(passages, db.Passage.Create().SetID(c.add("Passage", "passage", newID())).SetTrackID(track).SetSlug(slug).
			SetTitle("Passage "+slug).SetText("A text.").SetSkills(known))
		questions = append(questions, db.Question.Create().SetID(c.add("Question", "question", question)).SetTrackID(track).SetSlug(slug).
			SetTitle("Question "+slug).SetPrompt("Why?").SetLevel("ADVANCED").SetSkills(known).SetMinWords(1).SetMaxWords(9).SetPosition(i%3))
		rubrics = append(rubrics, db.Rubric.Create().SetID(c.add("Rubric", "rubric", rubric)).SetQuestionID(question).SetVersion(1+i%2))
		criteria = append(criteria, db.Criterion.Create().SetID(c.add("Criterion", "criterion", newID())).SetRubricID(rubric).SetPosition(0).
			SetKey("k").SetTrait("CLARITY").SetTitle("Criterion "+slug).SetDescription("A description.").SetWeight(1).
			SetScaleMin(1).SetScaleMax(6).SetScaleStep(0.5).SetLevels([]values.ScoreLevel{{Score: 1, Descriptor: "Low."}}))
		keyPoints = append(keyPoints, db.KeyPoint.Create().SetID(c.add("KeyPoint", "key_point", newID())).SetRubricID(rubric).SetPosition(0).
			SetKey("k").SetLabel("Label "+slug).SetText("The point.").SetWeight(2).SetSkills(known))
		references = append(references, db.ReferenceAnswer.Create().SetID(c.add("ReferenceAnswer", "reference_answer", newID())).
			SetRubricID(rubric).SetKind("MODEL").SetText("The answer."))
		credentials = append(credentials, db.Credential.Create().SetID(c.add("Credential", "credential", newID())).SetSlug(slug).
			SetTitle("Credential "+slug).SetProvider("Somebody").SetKind("COURSE").SetLevel("ADVANCED").SetDuration("LONG").
			SetPrice("PAID").SetHours(12.5).SetTeaches(known).SetRequires(known).SetDescription("A description.").SetURL("https://example.org/"+slug))
	}
	require.NoError(t, db.Skill.CreateBulk(skills...).Exec(ctx))
	require.NoError(t, db.Track.CreateBulk(tracks...).Exec(ctx))
	require.NoError(t, db.Passage.CreateBulk(passages...).Exec(ctx))
	require.NoError(t, db.Question.CreateBulk(questions...).Exec(ctx))
	require.NoError(t, db.Rubric.CreateBulk(rubrics...).Exec(ctx))
	require.NoError(t, db.Criterion.CreateBulk(criteria...).Exec(ctx))
	require.NoError(t, db.KeyPoint.CreateBulk(keyPoints...).Exec(ctx))
	require.NoError(t, db.ReferenceAnswer.CreateBulk(references...).Exec(ctx))
	require.NoError(t, db.Credential.CreateBulk(credentials...).Exec(ctx))
}

func (w *world) crowdOfPeople(t testing.TB, c crowd, db *ent.Client) {
	t.Helper()
	ctx := bypass.Context(t.Context())
	c.add("User", "user", seeding.UserID(lena)) // who has essays
	var (
		users   []*ent.UserCreate
		cohorts []*ent.CohortCreate
		members []*ent.MembershipCreate
		audits  []*ent.AuditEventCreate
	)
	for i := range crowdSize {
		slug := fmt.Sprintf("crowd-%d", i)
		user, cohort := newID(), newID()
		_, track, err := globalid.Decode(c["Track"][i])
		require.NoError(t, err)
		users = append(users, db.User.Create().SetID(c.add("User", "user", user)).SetName("Person "+slug).SetEmail(slug+"@example.org"))
		cohorts = append(cohorts, db.Cohort.Create().SetID(c.add("Cohort", "cohort", cohort)).SetSlug(slug).SetName("Cohort "+slug).SetTrackID(track))
		members = append(members,
			db.Membership.Create().SetID(c.add("CohortMember", "membership", newID())).SetCohortID(cohort).SetUserID(seeding.UserID(lena)).SetRole(enums.MemberLearner),
			db.Membership.Create().SetID(newID()).SetCohortID(cohort).SetUserID(user).SetRole(enums.MemberLearner))
		audits = append(audits, db.AuditEvent.Create().SetID(c.add("AuditEvent", "audit_event", newID())).SetActorID(seeding.UserID(lena)).
			SetAction("USER_CREATE").SetTargetType("USER").SetTargetID(user).SetDetail(map[string]string{"a": slug}).SetRequestID(slug))
	}
	require.NoError(t, db.User.CreateBulk(users...).Exec(ctx))
	require.NoError(t, db.Cohort.CreateBulk(cohorts...).Exec(ctx))
	require.NoError(t, db.Membership.CreateBulk(members...).Exec(ctx))
	require.NoError(t, db.AuditEvent.CreateBulk(audits...).Exec(ctx))
}
