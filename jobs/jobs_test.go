package jobs

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/ent/essay"
	"github.com/rubrica/rubrica/ent/scoringrun"
	"github.com/rubrica/rubrica/internal/bypass"
	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/internal/pgtest"
	"github.com/rubrica/rubrica/internal/progress"
	"github.com/rubrica/rubrica/internal/seeding"
	"github.com/rubrica/rubrica/internal/viewer"
	"github.com/rubrica/rubrica/rag"
	"github.com/rubrica/rubrica/rag/minilm"
	"github.com/rubrica/rubrica/recommend"
	"github.com/rubrica/rubrica/scoring"
	"github.com/rubrica/rubrica/seeds"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// patience is how long a test waits for what has to come, on a machine that is busy with all others: it
// ends a test that would hang, and is no promise of how long anything takes.
const patience = 5 * time.Minute

// bench is a seeded database with everything that workers need.
type bench struct {
	*testing.T
	ctx      context.Context
	db       *database.DB
	deps     Deps
	hub      *progress.Hub
	catalog  *seeds.Catalog
	learner  uuid.UUID
	question uuid.UUID
}

func newBench(t *testing.T) *bench {
	t.Helper()
	t.Parallel()
	ctx := bypass.Context(t.Context())
	db, err := database.Open(ctx, pgtest.New(t).URL(), database.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	catalog, err := seeds.Default()
	require.NoError(t, err)
	_, err = seeding.Load(ctx, db, catalog, seeding.Options{People: true})
	require.NoError(t, err)
	queue, err := NewQueue(db)
	require.NoError(t, err)
	model, err := minilm.Shared(ctx)
	require.NoError(t, err)
	log := slog.New(slog.DiscardHandler)
	notifier := progress.NewNotifier(db, log)
	t.Cleanup(func() { require.NoError(t, notifier.Close(context.WithoutCancel(ctx))) })
	index := rag.New(db, model, log)
	b := &bench{
		T: t, ctx: ctx, db: db, catalog: catalog, hub: progress.NewHub(db, log, progress.Options{}),
		deps: Deps{
			DB: db, Queue: queue, Notifier: notifier, Embedder: model, Engine: scoring.NewLocal(model.Model()),
			Index: index, Recommender: recommend.New(db, index, log), Log: log,
			RetryDelays: []time.Duration{10 * time.Millisecond}, JobTimeout: patience,
		},
		learner:  seeding.UserID("lena"),
		question: seeding.QuestionID("backend-engineer", "slow-order-list"),
	}
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- b.hub.Run(running) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			require.ErrorIs(t, err, context.Canceled)
		}
	})
	return b
}

// work starts workers until the test ends.
func (b *bench) work(change ...func(*Deps)) *Workers {
	b.Helper()
	deps := b.deps
	for _, c := range change {
		c(&deps)
	}
	w, err := NewWorkers(deps)
	require.NoError(b, err)
	require.NoError(b, w.Start(b.ctx))
	b.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(b.ctx), patience)
		defer cancel()
		require.NoError(b, w.Stop(ctx))
	})
	return w
}

// submit adds an essay with a run; with its job unless told otherwise.
func (b *bench) submit(text string, job bool) *ent.ScoringRun {
	b.Helper()
	var run *ent.ScoringRun
	err := b.db.InTx(b.ctx, func(tx *database.Tx) error {
		q := tx.Ent.Question.GetX(b.ctx, b.question)
		e := tx.Ent.Essay.Create().SetOwnerID(b.learner).SetQuestionID(q.ID).SetText(text).SetWords(3).SetBodyHash([]byte{1}).SaveX(b.ctx)
		run = tx.Ent.ScoringRun.Create().SetEssayID(e.ID).SetOwnerID(b.learner).SetRubricID(q.QueryRubrics().OnlyIDX(b.ctx)).
			SetTrackID(q.TrackID).SetKind(enums.RunFirst).SetNumber(1).SetSeq(1).SaveX(b.ctx)
		if !job {
			return nil
		}
		return b.deps.Queue.Score(b.ctx, tx.SQL, run.ID)
	})
	require.NoError(b, err)
	return b.db.Ent.ScoringRun.GetX(b.ctx, run.ID) // of the pool, not of the transaction that is over
}

// end waits for the run's terminal state and checks on the way that seq strictly increases.
func (b *bench) end(run *ent.ScoringRun) *ent.ScoringRun {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	s, err := b.hub.Follow(ctx, viewer.Viewer{ID: b.learner, Role: enums.RoleLearner}, run.EssayID, 0)
	require.NoError(b, err)
	var last progress.RunState
	for state := range s.Updates() {
		require.Greater(b, state.Seq, last.Seq)
		last = state
	}
	require.NoError(b, s.Err())
	require.True(b, last.Terminal(), "the stream ended in %s", last.Stage)
	return b.db.Ent.ScoringRun.GetX(b.ctx, run.ID)
}

const answer = "The list is slow because the database reads the whole table for each page. An index on the customer and the date lets it read only the rows that are shown, since they lie together in order. The price is that every insert has to keep the index up to date."

// faulty is an engine that fails as it is told to, then scores as the real one.
type faulty struct {
	scoring.Engine
	calls atomic.Int32
	fail  func(ctx context.Context, call int) error
}

func (f *faulty) Score(ctx context.Context, r scoring.Request) (*scoring.Result, error) {
	if err := f.fail(ctx, int(f.calls.Add(1))); err != nil {
		return nil, err
	}
	return f.Engine.Score(ctx, r)
}

func TestRunIsScoredExplainedAndRecommendedFor(t *testing.T) {
	b := newBench(t)
	_, err := b.deps.Index.Refresh(b.ctx, 1000)
	require.NoError(t, err)
	b.work()
	run := b.end(b.submit(answer, true))

	require.Equal(t, enums.StageCompleted, run.Stage)
	require.Equal(t, "local", run.Engine)
	require.NotNil(t, run.OverallPercent)
	require.Nil(t, run.LeaseUntil)
	for _, moment := range []*time.Time{run.StartedAt, run.ScoredAt, run.FinishedAt} {
		require.NotNil(t, moment)
	}
	scores := run.QueryScores().WithExplanation(func(q *ent.ExplanationQuery) { q.WithEvidence().WithCitations().WithKeyPoints() }).AllX(b.ctx)
	require.Len(t, scores, 4)
	text := []rune(answer)
	citations, outcomes := 0, 0
	for _, s := range scores {
		x := s.Edges.Explanation
		require.NotNil(t, x)
		sum := x.Base
		for _, c := range x.Contributions {
			sum += c.Points
		}
		require.InDelta(t, s.Value, sum, 1e-9)
		require.LessOrEqual(t, s.Low, s.Value)
		require.GreaterOrEqual(t, s.High, s.Value)
		for _, e := range x.Edges.Evidence {
			require.Equal(t, string(text[e.StartCodePoint:e.EndCodePoint]), e.Quote)
		}
		citations += len(x.Edges.Citations)
		outcomes += len(x.Edges.KeyPoints)
	}
	require.Positive(t, citations)
	require.Positive(t, outcomes)
	items := run.QueryRecommendations().QueryItems().AllX(b.ctx)
	require.GreaterOrEqual(t, len(items), 3)
	for _, item := range items {
		sum := 0.0
		for _, p := range item.Parts {
			require.InDelta(t, p.Value*p.Weight, p.Contribution, 1e-9)
			sum += p.Contribution
		}
		require.InDelta(t, item.Score, sum, 1e-9)
		require.NotEmpty(t, item.Traces)
	}
}

func TestPassingFailureIsTriedAgain(t *testing.T) {
	b := newBench(t)
	engine := &faulty{Engine: b.deps.Engine, fail: func(_ context.Context, call int) error {
		if call < 3 {
			return errors.New("the provider is down")
		}
		return nil
	}}
	b.work(func(d *Deps) { d.Engine = engine })
	run := b.end(b.submit(answer, true))
	require.Equal(t, enums.StageCompleted, run.Stage)
	require.Equal(t, 4, run.Attempt, "two tries that failed, one that scored, one that recommended")
	require.Equal(t, 4, run.QueryScores().CountX(b.ctx))
}

func TestFailuresEndTheRun(t *testing.T) {
	for name, c := range map[string]struct {
		fail  func(context.Context, int) error
		code  enums.FailureCode
		calls int32
		time  time.Duration // that a try has; the engine has to be reached in it
	}{
		"for good":   {func(context.Context, int) error { return scoring.Permanent(errors.New("no such thing")) }, enums.FailureUnscorable, 1, patience},
		"repeatedly": {func(context.Context, int) error { return errors.New("down") }, enums.FailureInternal, maxAttempts, patience},
		"by panic":   {func(context.Context, int) error { panic("index out of range") }, enums.FailureInternal, maxAttempts, patience},
		"in time": {func(ctx context.Context, _ int) error { <-ctx.Done(); return ctx.Err() },
			enums.FailureTimeout, maxAttempts, 5 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			engine := &faulty{Engine: b.deps.Engine, fail: c.fail}
			b.work(func(d *Deps) { d.Engine, d.JobTimeout = engine, c.time })
			run := b.end(b.submit(answer, true))
			require.Equal(t, enums.StageFailed, run.Stage)
			require.Equal(t, string(c.code), run.FailureCode)
			require.NotContains(t, run.FailureMessage, "index out of range")
			require.NotNil(t, run.FinishedAt)
			require.Zero(t, run.QueryScores().CountX(b.ctx), "a failed run shows no scores")
			require.Equal(t, c.calls, engine.calls.Load())
		})
	}
}

func TestJobThatRunsTwiceDoesItsWorkOnce(t *testing.T) {
	b := newBench(t)
	run := b.submit(answer, true)
	for range 5 {
		require.NoError(t, b.db.InTx(b.ctx, func(tx *database.Tx) error {
			return errors.Join(b.deps.Queue.Score(b.ctx, tx.SQL, run.ID), b.deps.Queue.Recommend(b.ctx, tx.SQL, run.ID))
		}))
	}
	b.work()
	b.work() // a second process
	require.Equal(t, enums.StageCompleted, b.end(run).Stage)
	require.Equal(t, 4, run.QueryScores().CountX(b.ctx))
	require.Equal(t, 1, run.QueryRecommendations().CountX(b.ctx))
}

func TestClaimIsAFence(t *testing.T) {
	b := newBench(t)
	run := b.submit(answer, false)
	first, err := claimRun(b.ctx, b.db, run.ID, scorable, scorable[0])
	require.NoError(t, err)
	_, err = claimRun(b.ctx, b.db, run.ID, scorable, scorable[0])
	require.ErrorIs(t, err, errNotOurs, "the lease holds")

	b.expire(run)
	second, err := claimRun(b.ctx, b.db, run.ID, scorable, scorable[0])
	require.NoError(t, err)
	require.ErrorIs(t, first.advance(b.ctx, enums.StageScoring), errNotOurs, "the first was overtaken")
	require.ErrorIs(t, first.fail(b.ctx, b.db.SQL, enums.FailureInternal, ""), errNotOurs)
	require.NoError(t, second.advance(b.ctx, enums.StageScoring))
	require.NoError(t, second.fail(b.ctx, b.db.SQL, enums.FailureInternal, "given up"))
	require.ErrorIs(t, second.advance(b.ctx, enums.StageExplaining), errNotOurs, "what has ended stays ended")
	_, err = claimRun(b.ctx, b.db, run.ID, scorable, scorable[0])
	require.ErrorIs(t, err, errNotOurs)
	require.EqualValues(t, 5, b.db.Ent.ScoringRun.GetX(b.ctx, run.ID).Seq, "each change counts, a refused one does not")
}

// A sign of life that comes while the run is handed on, or after it, takes nothing from the next job.
func TestASignOfLifeDoesNotTakeBackWhatWasHandedOn(t *testing.T) {
	b := newBench(t)
	run := b.submit(answer, false)
	c, err := claimRun(b.ctx, b.db, run.ID, scorable, scorable[0])
	require.NoError(t, err)
	require.NoError(t, c.prolong(b.ctx))
	_, err = claimRun(b.ctx, b.db, run.ID, scorable, scorable[0])
	require.ErrorIs(t, err, errNotOurs, "the lease was prolonged")
	late := make(chan error, 1)
	require.NoError(t, b.db.InTx(b.ctx, func(tx *database.Tx) error {
		if err := c.update(b.ctx, tx.SQL, `stage = 'RECOMMENDING', lease_until = NULL`); err != nil {
			return err
		}
		go func() { late <- c.prolong(b.ctx) }() // waits for the row
		return nil
	}))
	require.NoError(t, <-late)
	_, err = claimRun(b.ctx, b.db, run.ID, recommendable, recommendable[0])
	require.NoError(t, err)
	require.ErrorIs(t, c.prolong(b.ctx), errNotOurs, "somebody else has it now")
}

// expire lets the run's lease run out.
func (b *bench) expire(run *ent.ScoringRun) {
	b.db.Ent.ScoringRun.UpdateOneID(run.ID).SetLeaseUntil(time.Now().Add(-time.Second)).ExecX(b.ctx)
}

func TestAbandonedRunsAreTakenUp(t *testing.T) {
	b := newBench(t)
	deps := b.deps
	w, err := NewWorkers(deps)
	require.NoError(t, err)
	t.Cleanup(w.pool.Close)
	jobsOf := func(run *ent.ScoringRun) (n int) {
		require.NoError(t, b.db.SQL.QueryRowContext(b.ctx,
			`SELECT count(*) FROM river_job WHERE args @> jsonb_build_object('run_id', $1::text)`, run.ID.String()).Scan(&n))
		return n
	}
	fresh, queued, dead, doomed := b.submit(answer, false), b.submit(answer, true), b.submit(answer, false), b.submit(answer, false)
	for _, run := range []*ent.ScoringRun{dead, doomed} {
		_, err := claimRun(b.ctx, b.db, run.ID, scorable, scorable[0])
		require.NoError(t, err)
		b.expire(run)
	}
	b.db.Ent.ScoringRun.UpdateOneID(doomed.ID).SetAttempt(maxClaims).ExecX(b.ctx)
	waited := b.submit(answer, false)
	b.db.Ent.ScoringRun.UpdateOneID(waited.ID).SetChangedAt(time.Now().Add(-2 * waiting)).ExecX(b.ctx)

	require.NoError(t, w.sweep(b.ctx))
	require.NoError(t, w.sweep(b.ctx), "once more changes nothing")

	require.Equal(t, 0, jobsOf(fresh), "its job may still come")
	require.Equal(t, 1, jobsOf(queued), "its job is there")
	require.Equal(t, 1, jobsOf(dead))
	require.Equal(t, 1, jobsOf(waited))
	require.Equal(t, 0, jobsOf(doomed))
	require.Equal(t, enums.StageFailed, b.db.Ent.ScoringRun.GetX(b.ctx, doomed.ID).Stage)

	b.work()
	require.Equal(t, enums.StageCompleted, b.end(dead).Stage)
	require.Equal(t, enums.StageCompleted, b.end(waited).Stage)
}

func TestWithoutAnIndexTheRunCompletesDegraded(t *testing.T) {
	b := newBench(t)
	w, err := NewWorkers(b.deps)
	require.NoError(t, err)
	t.Cleanup(w.pool.Close)
	run := b.submit(answer, false)
	c, err := claimRun(b.ctx, b.db, run.ID, scorable, scorable[0])
	require.NoError(t, err)
	require.NoError(t, (&scoreWorker{w: w}).score(b.ctx, c))
	c, err = claimRun(b.ctx, b.db, run.ID, []enums.Stage{enums.StageRecommending}, enums.StageRecommending)
	require.NoError(t, err)
	require.NoError(t, (&recommendWorker{w: w}).recommend(b.ctx, c))
	list := run.QueryRecommendations().WithItems().OnlyX(b.ctx)
	require.True(t, list.Degraded)
	require.NotEmpty(t, list.Note)
	require.GreaterOrEqual(t, len(list.Edges.Items), 3)
}

func TestTransactionThatFailsLeavesNothing(t *testing.T) {
	b := newBench(t)
	run := b.submit(answer, false)
	c, err := claimRun(b.ctx, b.db, run.ID, scorable, scorable[0])
	require.NoError(t, err)
	require.NoError(t, c.advance(b.ctx, enums.StageExplaining))
	boom := errors.New("boom")
	err = b.db.InTx(b.ctx, func(tx *database.Tx) error {
		if err := b.deps.Queue.Recommend(b.ctx, tx.SQL, run.ID); err != nil {
			return err
		}
		if err := c.update(b.ctx, tx.SQL, `stage = 'RECOMMENDING', seq = seq + 1`); err != nil {
			return err
		}
		return boom
	})
	require.ErrorIs(t, err, boom)
	n := 0
	require.NoError(t, b.db.SQL.QueryRowContext(b.ctx, `SELECT count(*) FROM river_job`).Scan(&n))
	require.Zero(t, n)
	require.Equal(t, enums.StageExplaining, b.db.Ent.ScoringRun.Query().Where(scoringrun.ID(run.ID)).OnlyX(b.ctx).Stage)
	require.Equal(t, 1, b.db.Ent.Essay.Query().Where(essay.OwnerID(b.learner)).CountX(b.ctx))
}

func TestAnEditedQuestionIsReadAnew(t *testing.T) {
	b := newBench(t)
	q := newQuestions(b.db, b.deps.Embedder, nil)
	rubric := b.db.Ent.Question.GetX(b.ctx, b.question).QueryRubrics().OnlyIDX(b.ctx)
	first, err := q.get(b.ctx, rubric)
	require.NoError(t, err)
	again, err := q.get(b.ctx, rubric)
	require.NoError(t, err)
	require.Same(t, first, again, "prepared once")

	b.db.Ent.Question.UpdateOneID(b.question).SetPrompt("Why is the list slow, and what would you change?").ExecX(b.ctx)
	edited, err := q.get(b.ctx, rubric)
	require.NoError(t, err)
	require.Equal(t, "Why is the list slow, and what would you change?", edited.scoring.Question.Prompt)
}
