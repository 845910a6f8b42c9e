package jobs

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/ent/recommendationlist"
	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/internal/interactions"
	"github.com/rubrica/rubrica/internal/problem"
	"github.com/rubrica/rubrica/internal/seeding"
	"github.com/rubrica/rubrica/internal/viewer"
	"github.com/rubrica/rubrica/recommend"
)

func (b *bench) as(slug string, role enums.Role) context.Context {
	return viewer.NewContext(b.Context(), viewer.Viewer{ID: seeding.UserID(slug), Role: role})
}

// list waits for the list of a number of the run.
func (b *bench) list(run *ent.ScoringRun, number int) *ent.RecommendationList {
	b.Helper()
	var list *ent.RecommendationList
	require.Eventually(b, func() bool {
		var err error
		list, err = newestList(b.ctx, b.db.Ent, run.ID)
		require.NoError(b, err)
		return list != nil && list.Number >= number
	}, waitMost, waitStep, "no signal tells of a list that another job will make")
	require.Equal(b, number, list.Number)
	return list
}

func has(list *ent.RecommendationList, credential uuid.UUID) bool { return contains(list, credential) }

// What a learner does, wishes, and is told changes the list that is shown; the lists before stay.
func TestListsFollowTheLearner(t *testing.T) {
	b := newBench(t)
	_, err := b.deps.Index.Refresh(b.ctx, 1000)
	require.NoError(t, err)
	b.work()
	run := b.end(b.submit(answer, true))
	learner, advisor := b.as("lena", enums.RoleLearner), b.as("arno", enums.RoleAdvisor)
	service := interactions.New(b.db, b.deps.Queue)
	advice := NewAdvice(b.db, b.deps.Embedder, b.deps.Recommender)

	first := b.list(run, 1)
	unwanted := first.Edges.Items[0].CredentialID
	_, err = service.Record(learner, interactions.Deed{CredentialID: unwanted, Kind: enums.InteractionDismissed})
	require.NoError(t, err)
	second := b.list(run, 2)
	require.False(t, has(second, unwanted), "dismissed items do not come back")
	require.True(t, has(b.db.Ent.RecommendationList.Query().Where(recommendationlist.ID(first.ID)).WithItems().OnlyX(b.ctx), unwanted), "history stays")
	absence, err := advice.WhyNot(learner, run.ID, unwanted)
	require.NoError(t, err)
	require.Equal(t, recommend.AbsenceDismissed, absence.Reason)

	rejected := second.Edges.Items[0]
	_, err = service.Decide(advisor, interactions.Decision{ItemID: rejected.ID, Verdict: enums.VerdictRejected, Reason: "Too dear for what it is."})
	require.NoError(t, err)
	third := b.list(run, 3)
	require.False(t, has(third, rejected.CredentialID))
	require.False(t, has(third, unwanted))
	absence, err = advice.WhyNot(advisor, run.ID, rejected.CredentialID)
	require.NoError(t, err)
	require.Equal(t, recommend.AbsenceRejected, absence.Reason)
	require.Equal(t, "Too dear for what it is.", absence.Words)
	_, err = advice.WhyNot(b.as("omar", enums.RoleLearner), run.ID, unwanted)
	require.ErrorAs(t, err, new(*problem.Problem), "of others nothing is told")

	free := true
	_, err = service.SetPreferences(learner, interactions.Preferences{FreeOnly: free})
	require.NoError(t, err)
	fourth := b.list(run, 4)
	for _, item := range fourth.Edges.Items {
		paid := b.db.Ent.Credential.GetX(b.ctx, item.CredentialID).Price == enums.PricePaid
		require.Equal(t, paid, len(item.Relaxed) > 0)
	}

	removed, err := service.Withdraw(learner, unwanted, enums.InteractionDismissed)
	require.NoError(t, err)
	require.True(t, removed)
	b.current(b.learner)
	absence, err = advice.WhyNot(learner, run.ID, unwanted)
	require.NoError(t, err)
	require.NotEqual(t, recommend.AbsenceDismissed, absence.Reason, "what was taken back may come back")

	// All of it is learnt from: the first interaction asks for a fit.
	require.Eventually(t, func() bool {
		n := 0
		require.NoError(t, b.db.SQL.QueryRowContext(b.ctx, `SELECT count(*) FROM recommend_fits WHERE serving`).Scan(&n))
		return n == 1
	}, waitMost, waitStep)
}

// current waits until the lists show what the learner changed.
func (b *bench) current(learner uuid.UUID) {
	b.Helper()
	require.Eventually(b, func() bool {
		c, err := recommend.ChangesOf(b.ctx, b.db.SQL, learner)
		require.NoError(b, err)
		return c.Seq > 0 && c.Listed == c.Seq
	}, waitMost, waitStep)
}

// The jobs can run twice, by two workers at once, and change nothing the second time.
func TestRelistingTwiceMakesOneList(t *testing.T) {
	b := newBench(t)
	w, err := NewWorkers(b.deps)
	require.NoError(t, err)
	t.Cleanup(w.pool.Close)
	run := b.scored(w)
	first := b.list(run, 1)
	_, err = interactions.New(b.db, b.deps.Queue).Record(b.as("lena", enums.RoleLearner),
		interactions.Deed{CredentialID: first.Edges.Items[0].CredentialID, Kind: enums.InteractionDismissed})
	require.NoError(t, err)
	job := &river.Job[RelistArgs]{JobRow: &rivertype.JobRow{ID: 1}, Args: RelistArgs{LearnerID: b.learner}}
	ended := make(chan error, 2)
	for range 2 {
		go func() { ended <- (&relistWorker{w: w}).Work(b.ctx, job) }()
	}
	require.NoError(t, <-ended)
	require.NoError(t, <-ended)
	require.NoError(t, (&relistWorker{w: w}).Work(b.ctx, job))
	require.Equal(t, 2, run.QueryRecommendations().CountX(b.ctx))

	// Clicking again and again adds one job, and one more when that is done.
	count := func() (n int) {
		require.NoError(t, b.db.SQL.QueryRowContext(b.ctx, `SELECT count(*) FROM river_job WHERE kind = $1`, RelistArgs{}.Kind()).Scan(&n))
		return n
	}
	require.Equal(t, 1, count())
	for range 5 {
		_, err = interactions.New(b.db, b.deps.Queue).Record(b.as("lena", enums.RoleLearner),
			interactions.Deed{CredentialID: first.Edges.Items[1].CredentialID, Kind: enums.InteractionOpened})
		require.NoError(t, err)
	}
	require.Equal(t, 2, count())
}

// scored is a run with recommendations, made without workers.
func (b *bench) scored(w *Workers) *ent.ScoringRun {
	b.Helper()
	run := b.submit(answer, false)
	c, err := claimRun(b.ctx, b.db, run.ID, scorable, scorable[0])
	require.NoError(b, err)
	require.NoError(b, (&scoreWorker{w: w}).score(b.ctx, c))
	c, err = claimRun(b.ctx, b.db, run.ID, recommendable, recommendable[0])
	require.NoError(b, err)
	require.NoError(b, (&recommendWorker{w: w}).recommend(b.ctx, c))
	return run
}

// A change that comes while a run's list is being made is in no list yet: its job did not see the run.
func TestAChangeMeanwhileIsNotLost(t *testing.T) {
	b := newBench(t)
	w, err := NewWorkers(b.deps)
	require.NoError(t, err)
	t.Cleanup(w.pool.Close)
	count := func() (n int) {
		require.NoError(t, b.db.SQL.QueryRowContext(b.ctx, `SELECT count(*) FROM river_job WHERE kind = $1`, RelistArgs{}.Kind()).Scan(&n))
		return n
	}
	before, err := recommend.ChangesOf(b.ctx, b.db.SQL, b.learner)
	require.NoError(t, err)
	credential := b.db.Ent.Credential.Query().FirstIDX(b.ctx)
	_, err = interactions.New(b.db, b.deps.Queue).Record(b.as("lena", enums.RoleLearner), interactions.Deed{CredentialID: credential, Kind: enums.InteractionDismissed})
	require.NoError(t, err)
	require.Equal(t, 1, count())
	keep := func(before recommend.Changes) {
		require.NoError(t, b.db.InTx(b.ctx, func(tx *database.Tx) error { return w.keepCurrent(b.ctx, tx, b.learner, before) }))
	}
	keep(before)
	require.Equal(t, 1, count(), "its job is still to come")
	job := &river.Job[RelistArgs]{JobRow: &rivertype.JobRow{ID: 1}, Args: RelistArgs{LearnerID: b.learner}}
	require.NoError(t, (&relistWorker{w: w}).Work(b.ctx, job))
	keep(before)
	require.Equal(t, 2, count())
	require.NoError(t, (&relistWorker{w: w}).Work(b.ctx, job))
	now, err := recommend.ChangesOf(b.ctx, b.db.SQL, b.learner)
	require.NoError(t, err)
	keep(now)
	require.Equal(t, 2, count(), "nothing came meanwhile")
}

// Lists whose job was given up are found.
func TestMissedListsAreMade(t *testing.T) {
	b := newBench(t)
	credential := b.db.Ent.Credential.Query().FirstIDX(b.ctx)
	_, err := interactions.New(b.db, b.deps.Queue).Record(b.as("lena", enums.RoleLearner), interactions.Deed{CredentialID: credential, Kind: enums.InteractionSaved})
	require.NoError(t, err)
	_, err = b.db.SQL.ExecContext(b.ctx, `DELETE FROM river_job`)
	require.NoError(t, err)
	_, err = b.db.SQL.ExecContext(b.ctx, `UPDATE recommend_changes SET changed_at = changed_at - make_interval(secs => $1)`, (2 * missedAfter).Seconds())
	require.NoError(t, err)
	w, err := NewWorkers(b.deps)
	require.NoError(t, err)
	t.Cleanup(w.pool.Close)
	require.NoError(t, w.relistMissed(b.ctx))
	require.NoError(t, w.relistMissed(b.ctx), "once more changes nothing")
	n := 0
	require.NoError(t, b.db.SQL.QueryRowContext(b.ctx, `SELECT count(*) FROM river_job`).Scan(&n))
	require.Equal(t, 1, n)
	b.work()
	b.current(b.learner)
}

// While another process learns, the jobs wait.
func TestLearningWaitsForOthers(t *testing.T) {
	b := newBench(t)
	w, err := NewWorkers(b.deps)
	require.NoError(t, err)
	t.Cleanup(w.pool.Close)
	tx, err := b.db.SQL.BeginTx(b.ctx, nil)
	require.NoError(t, err)
	_, err = tx.ExecContext(b.ctx, `SELECT pg_advisory_xact_lock($1)`, 0x7265_636f_6d6d)
	require.NoError(t, err)
	row := &rivertype.JobRow{ID: 1, CreatedAt: time.Now()}
	require.ErrorAs(t, (&learnWorker{w: w}).Work(b.ctx, &river.Job[LearnArgs]{JobRow: row}), new(*river.JobSnoozeError))
	require.ErrorAs(t, (&refitWorker{w: w}).Work(b.ctx, &river.Job[RefitArgs]{JobRow: row}), new(*river.JobSnoozeError))
	require.NoError(t, tx.Rollback())
	require.NoError(t, (&refitWorker{w: w}).Work(b.ctx, &river.Job[RefitArgs]{JobRow: row}), "of nothing, nothing is learnt")
	require.NoError(t, (&learnWorker{w: w}).Work(b.ctx, &river.Job[LearnArgs]{JobRow: row}))
}
