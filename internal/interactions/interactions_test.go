package interactions_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"entgo.io/ent/privacy"
	"github.com/google/uuid"
	"github.com/lib/pq"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/auditevent"
	"github.com/rubrica/rubrica/ent/credential"
	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/ent/values"
	"github.com/rubrica/rubrica/internal/bypass"
	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/internal/interactions"
	"github.com/rubrica/rubrica/internal/pgtest"
	"github.com/rubrica/rubrica/internal/problem"
	"github.com/rubrica/rubrica/internal/seeding"
	"github.com/rubrica/rubrica/internal/viewer"
	"github.com/rubrica/rubrica/jobs"
	"github.com/rubrica/rubrica/recommend"
	"github.com/rubrica/rubrica/seeds"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

var catalog = sync.OnceValues(seeds.Default)

type world struct {
	*testing.T
	db      *database.DB
	service *interactions.Service
	lena    context.Context
	course  uuid.UUID // a credential
}

func newWorld(t *testing.T) *world {
	t.Helper()
	t.Parallel()
	c, err := catalog()
	require.NoError(t, err)
	db, err := database.Open(t.Context(), pgtest.New(t).URL(), database.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	_, err = seeding.Load(t.Context(), db, c, seeding.Options{People: true})
	require.NoError(t, err)
	queue, err := jobs.NewQueue(db)
	require.NoError(t, err)
	w := &world{T: t, db: db, service: interactions.New(db, queue)}
	w.lena = w.as("lena", enums.RoleLearner)
	w.course = db.Ent.Credential.Query().Order(credential.BySlug()).FirstIDX(w.system())
	return w
}

func (w *world) system() context.Context { return bypass.Context(w.Context()) }

func (w *world) as(slug string, role enums.Role) context.Context {
	return viewer.NewContext(w.Context(), viewer.Viewer{ID: seeding.UserID(slug), Role: role})
}

// seq is how often a person's lists had to be made anew.
func (w *world) seq(slug string) int64 {
	c, err := recommend.ChangesOf(w.Context(), w.db.SQL, seeding.UserID(slug))
	require.NoError(w, err)
	return c.Seq
}

func (w *world) jobs(kind string) (n int) {
	require.NoError(w, w.db.SQL.QueryRowContext(w.Context(), `SELECT count(*) FROM river_job WHERE kind = $1`, kind).Scan(&n))
	return n
}

func (w *world) refused(err error, field string, code problem.Code) {
	w.Helper()
	var p *problem.Problem
	require.ErrorAs(w, err, &p)
	assert.Equal(w, field, p.Field)
	assert.Equal(w, code, p.Code)
	assert.NotEmpty(w, p.Message)
}

func deed(c uuid.UUID, kind enums.InteractionKind, rating ...int) interactions.Deed {
	d := interactions.Deed{CredentialID: c, Kind: kind}
	if len(rating) > 0 {
		d.Rating = &rating[0]
	}
	return d
}

func TestRecord(t *testing.T) {
	w := newWorld(t)
	saved, err := w.service.Record(w.lena, deed(w.course, enums.InteractionSaved))
	require.NoError(t, err)
	assert.Equal(t, 1, saved.Times)
	assert.EqualValues(t, 1, w.seq("lena"))
	assert.Equal(t, 1, w.jobs(jobs.RelistArgs{}.Kind()))
	assert.Equal(t, 1, w.jobs(jobs.LearnArgs{}.Kind()))

	again, err := w.service.Record(w.lena, deed(w.course, enums.InteractionSaved))
	require.NoError(t, err)
	assert.Equal(t, saved.ID, again.ID)
	assert.True(t, saved.LastAt.Equal(again.LastAt), "said again, nothing changes")
	assert.EqualValues(t, 1, w.seq("lena"))

	for range 3 {
		_, err = w.service.Record(w.lena, deed(w.course, enums.InteractionOpened))
		require.NoError(t, err)
	}
	opened, err := w.service.Record(w.lena, deed(w.course, enums.InteractionOpened))
	require.NoError(t, err)
	assert.Equal(t, 4, opened.Times)

	_, err = w.service.Record(w.lena, deed(w.course, enums.InteractionRated, 2))
	require.NoError(t, err)
	rated, err := w.service.Record(w.lena, deed(w.course, enums.InteractionRated, 5))
	require.NoError(t, err)
	assert.Equal(t, 5, *rated.Rating)
	assert.Equal(t, 3, w.db.Ent.Interaction.Query().CountX(w.lena), "one of each kind")
	assert.Zero(t, w.db.Ent.Interaction.Query().CountX(w.as("omar", enums.RoleLearner)), "others do not see it")

	for name, c := range map[string]struct {
		deed  interactions.Deed
		field string
		code  problem.Code
	}{
		"no rating":         {deed(w.course, enums.InteractionRated), "rating", problem.Invalid},
		"too low":           {deed(w.course, enums.InteractionRated, 0), "rating", problem.Invalid},
		"too high":          {deed(w.course, enums.InteractionRated, 6), "rating", problem.Invalid},
		"a rating of other": {deed(w.course, enums.InteractionSaved, 3), "rating", problem.Invalid},
		"unknown kind":      {deed(w.course, "LIKED"), "kind", problem.Invalid},
		"unknown":           {deed(uuid.New(), enums.InteractionSaved), "credentialId", problem.NotFound},
	} {
		_, err := w.service.Record(w.lena, c.deed)
		t.Log(name)
		w.refused(err, c.field, c.code)
	}
	w.db.Ent.Credential.UpdateOneID(w.course).SetActive(false).ExecX(w.system())
	_, err = w.service.Record(w.lena, deed(w.course, enums.InteractionEnrolled))
	w.refused(err, "credentialId", problem.NotFound)
	_, err = w.service.Record(t.Context(), deed(w.course, enums.InteractionSaved))
	require.Error(t, err, "nobody signed in")
}

func TestWithdraw(t *testing.T) {
	w := newWorld(t)
	_, err := w.service.Record(w.lena, deed(w.course, enums.InteractionDismissed))
	require.NoError(t, err)
	_, err = w.service.Record(w.as("omar", enums.RoleLearner), deed(w.course, enums.InteractionDismissed))
	require.NoError(t, err)
	removed, err := w.service.Withdraw(w.lena, w.course, enums.InteractionDismissed)
	require.NoError(t, err)
	assert.True(t, removed)
	assert.EqualValues(t, 2, w.seq("lena"))
	removed, err = w.service.Withdraw(w.lena, w.course, enums.InteractionDismissed)
	require.NoError(t, err)
	assert.False(t, removed, "there is nothing more to take back")
	assert.EqualValues(t, 2, w.seq("lena"))
	assert.Equal(t, 1, w.db.Ent.Interaction.Query().CountX(w.system()), "what others did stays")
	_, err = w.service.Withdraw(w.lena, w.course, "LIKED")
	w.refused(err, "kind", problem.Invalid)
}

func TestPreferences(t *testing.T) {
	w := newWorld(t)
	c, err := catalog()
	require.NoError(t, err)
	slug := c.Skills[0].Slug
	long, high := enums.DurationMedium, enums.LevelIntermediate
	p, err := w.service.SetPreferences(w.lena, interactions.Preferences{Interests: []string{slug}, FreeOnly: true, Longest: &long, Highest: &high})
	require.NoError(t, err)
	assert.Equal(t, []string{slug}, []string(p.Interests))
	assert.Equal(t, long, *p.Longest)
	p, err = w.service.SetPreferences(w.lena, interactions.Preferences{})
	require.NoError(t, err)
	assert.Empty(t, p.Interests)
	assert.False(t, p.FreeOnly)
	assert.Nil(t, p.Longest, "what is left out is wished no more")
	assert.Nil(t, p.Highest)
	assert.EqualValues(t, 2, w.seq("lena"))
	assert.Equal(t, 1, w.db.Ent.Preference.Query().CountX(w.lena))

	var many []string
	for _, s := range c.Skills[:interactions.MaxInterests+1] {
		many = append(many, s.Slug)
	}
	unknown, odd := enums.DurationUnknown, enums.Level("EXPERT")
	for name, bad := range map[string]struct {
		in    interactions.Preferences
		field string
		code  problem.Code
	}{
		"too many":   {interactions.Preferences{Interests: many}, "interests", problem.Invalid},
		"NUL":        {interactions.Preferences{Interests: []string{"a\x00"}}, "interests", problem.InvalidText},
		"no UTF-8":   {interactions.Preferences{Interests: []string{"a\xff"}}, "interests", problem.InvalidText},
		"twice":      {interactions.Preferences{Interests: []string{slug, slug}}, "interests", problem.Invalid},
		"no skill":   {interactions.Preferences{Interests: []string{"alchemy"}}, "interests", problem.NotFound},
		"not a time": {interactions.Preferences{Longest: &unknown}, "longest", problem.Invalid},
		"no level":   {interactions.Preferences{Highest: &odd}, "highest", problem.Invalid},
	} {
		_, err := w.service.SetPreferences(w.lena, bad.in)
		t.Log(name)
		w.refused(err, bad.field, bad.code)
	}
}

// item is a recommendation for lena.
func (w *world) item() *ent.RecommendationItem {
	ctx := w.system()
	lena := seeding.UserID("lena")
	q := w.db.Ent.Question.Query().FirstX(ctx)
	e := w.db.Ent.Essay.Create().SetOwnerID(lena).SetQuestionID(q.ID).SetText("x").SetWords(1).SetBodyHash([]byte{1}).SaveX(ctx)
	run := w.db.Ent.ScoringRun.Create().SetEssayID(e.ID).SetOwnerID(lena).SetRubricID(q.QueryRubrics().FirstIDX(ctx)).
		SetTrackID(q.TrackID).SetKind(enums.RunFirst).SetNumber(1).SetSeq(1).SaveX(ctx)
	list := w.db.Ent.RecommendationList.Create().SetOwnerID(lena).SetRunID(run.ID).SetModelVersion("m").SetNote("").SaveX(ctx)
	return w.db.Ent.RecommendationItem.Create().SetOwnerID(lena).SetListID(list.ID).SetCredentialID(w.course).SetRank(1).SetScore(1).
		SetParts([]values.Part{}).SetRationale("").SetTraces([]values.Trace{}).SetCloses(pq.StringArray{}).SaveX(ctx)
}

func TestDecide(t *testing.T) {
	w := newWorld(t)
	item := w.item()
	arno := w.as("arno", enums.RoleAdvisor)
	no := interactions.Decision{ItemID: item.ID, Verdict: enums.VerdictRejected, Reason: "It repeats what you know."}
	d, err := w.service.Decide(arno, no)
	require.NoError(t, err)
	assert.Equal(t, enums.VerdictRejected, d.Verdict)
	assert.Equal(t, w.course, d.CredentialID)
	assert.Equal(t, seeding.UserID("arno"), d.ActorID)
	assert.EqualValues(t, 1, w.seq("lena"), "the learner's lists are made anew, not the advisor's")
	assert.Zero(t, w.seq("arno"))
	assert.Equal(t, 1, w.db.Ent.RecommendationDecision.Query().CountX(w.lena), "the learner sees it")

	yes, err := w.service.Decide(w.as("ada", enums.RoleAdmin), interactions.Decision{ItemID: item.ID, Verdict: enums.VerdictAccepted})
	require.NoError(t, err)
	assert.Equal(t, d.ID, yes.ID, "a later decision takes the place of the one before")
	assert.Equal(t, seeding.UserID("ada"), yes.ActorID)
	trail := w.db.Ent.AuditEvent.Query().Where(auditevent.ActionEQ(enums.AuditRecommendationJudge)).Order(auditevent.ByID()).AllX(w.system())
	require.Len(t, trail, 2)
	assert.Equal(t, "It repeats what you know.", trail[0].Detail["reason"])

	_, err = w.service.Decide(w.lena, no)
	require.ErrorIs(t, err, privacy.Deny, "a learner decides about nothing")
	_, err = w.service.Decide(viewer.NewContext(t.Context(), viewer.Viewer{ID: uuid.New(), Role: enums.RoleAdvisor}), no)
	w.refused(err, "itemId", problem.NotFound)
	no.ItemID = uuid.New()
	_, err = w.service.Decide(arno, no)
	w.refused(err, "itemId", problem.NotFound)
	for _, reason := range []string{"", " ", strings.Repeat("x", interactions.MaxReason+1), "\x00", "\xff"} {
		_, err = w.service.Decide(arno, interactions.Decision{ItemID: item.ID, Verdict: enums.VerdictRejected, Reason: reason})
		w.refused(err, "reason", problem.Invalid)
	}
	_, err = w.service.Decide(arno, interactions.Decision{ItemID: item.ID, Verdict: "MAYBE", Reason: "x"})
	w.refused(err, "verdict", problem.Invalid)
}
