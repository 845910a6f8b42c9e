package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	entsql "entgo.io/ent/dialect/sql"
	"entgo.io/ent/privacy"
	"github.com/google/uuid"
	"github.com/lib/pq"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/auditevent"
	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/internal/problem"
	"github.com/rubrica/rubrica/internal/progress"
	"github.com/rubrica/rubrica/internal/seeding"
	"github.com/rubrica/rubrica/internal/viewer"
	"github.com/rubrica/rubrica/scoring"
)

// admin acts for the admin of the seeds, without the bypass.
func (b *bench) admin() context.Context { return as(b.T, seeding.UserID("ada"), enums.RoleAdmin) }

func as(t *testing.T, id uuid.UUID, role enums.Role) context.Context {
	return viewer.NewContext(t.Context(), viewer.Viewer{ID: id, Role: role})
}

func (b *bench) inspector() *Inspector { return NewInspector(b.db, b.deps.Queue, b.deps.Notifier) }

// jobsOf are the jobs of a run, newest first.
func (b *bench) jobsOf(run uuid.UUID) []*Job {
	b.Helper()
	q := Jobs(b.db, Filter{RunID: &run})
	q.WhereP(func(s *entsql.Selector) { s.OrderBy(entsql.Desc(s.C(ColumnNumber))) })
	list, err := q.All(b.ctx)
	require.NoError(b, err)
	return list
}

// settled waits until the job is in the state; River tells nobody when it has written it.
func (b *bench) settled(job *Job, state State) *Job {
	b.Helper()
	var now *Job
	require.Eventually(b, func() bool {
		found, err := Find(b.ctx, b.db, []uuid.UUID{job.UUID()})
		now = found[job.UUID()]
		return err == nil && now != nil && now.State == state
	}, patience, 5*time.Millisecond, "the job does not become %s", state)
	return now
}

// requireProblem requires a user error of the field.
func requireProblem(t *testing.T, err error, field string, code problem.Code, says string) {
	t.Helper()
	var p *problem.Problem
	require.ErrorAs(t, err, &p)
	require.Equal(t, field, p.Field)
	require.Equal(t, code, p.Code)
	require.Contains(t, p.Message, says)
}

// follow collects the states of a run from now on; call the result when it has ended.
func (b *bench) follow(run *ent.ScoringRun) func() []progress.RunState {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	s, err := b.hub.Follow(ctx, viewer.Viewer{ID: b.learner, Role: enums.RoleLearner}, run.EssayID, 0)
	require.NoError(b, err)
	first := <-s.Updates()
	return func() []progress.RunState {
		defer cancel()
		all := []progress.RunState{first}
		for state := range s.Updates() {
			all = append(all, state)
		}
		require.NoError(b, s.Err())
		return all
	}
}

func TestJobsAreForAdmins(t *testing.T) {
	b := newBench(t)
	b.submit(answer, true)
	i := b.inspector()
	id := numbered(1)
	for name, ctx := range map[string]context.Context{
		"nobody": t.Context(), "a learner": as(t, b.learner, enums.RoleLearner),
		"an advisor": as(t, seeding.UserID("arno"), enums.RoleAdvisor),
	} {
		_, all := Jobs(b.db, Filter{}).All(ctx)
		_, count := Jobs(b.db, Filter{}).Count(ctx)
		_, find := Find(ctx, b.db, []uuid.UUID{id})
		_, counts := Counts(ctx, b.db)
		_, retry := i.Retry(ctx, id)
		_, cancel := i.Cancel(ctx, id, "")
		for call, err := range map[string]error{"All": all, "Count": count, "Find": find, "Counts": counts, "Retry": retry, "Cancel": cancel} {
			require.ErrorIs(t, err, privacy.Deny, "%s for %s", call, name)
		}
	}
	for _, ctx := range []context.Context{b.admin(), b.ctx} {
		n, err := Jobs(b.db, Filter{}).Count(ctx)
		require.NoError(t, err)
		require.Equal(t, 1, n)
	}
}

func TestJobsAreFilteredAndCut(t *testing.T) {
	b := newBench(t)
	run := b.submit(answer, true)
	require.NoError(t, b.deps.Queue.RefreshIndex(b.ctx))
	var tries []string
	for n := 1; n <= 30; n++ {
		try, err := json.Marshal(map[string]any{"attempt": n, "at": time.Unix(int64(n), 0).UTC(), "error": strings.Repeat("ü", 2001), "trace": "SECRET"})
		require.NoError(t, err)
		tries = append(tries, string(try))
	}
	add := func(kind, state string, errs []string, finalized *time.Time) {
		_, err := b.db.SQL.ExecContext(b.ctx, `INSERT INTO river_job (kind, state, args, max_attempts, queue, errors, finalized_at)
			VALUES ($1, $2, '{}', 4, 'x', $3::text[]::jsonb[], $4)`, kind, state, pq.Array(errs), finalized)
		require.NoError(t, err)
	}
	now := time.Now()
	add("refresh_index", "discarded", tries, &now)
	add("of_a_newer_version", "available", nil, nil)

	read := func(f Filter) (names []string) {
		q := Jobs(b.db, f)
		q.WhereP(func(s *entsql.Selector) { s.OrderBy(entsql.Desc(s.C(ColumnNumber))) })
		list, err := q.All(b.admin())
		require.NoError(t, err)
		n, err := Jobs(b.db, f).Count(b.admin())
		require.NoError(t, err)
		require.Len(t, list, n)
		for _, j := range list {
			names = append(names, fmt.Sprintf("%s %s", j.Kind, j.State))
		}
		return names
	}
	score, other := KindScore, uuid.New()
	require.Equal(t, []string{"REFRESH_INDEX DISCARDED", "REFRESH_INDEX AVAILABLE", "SCORE_ESSAY AVAILABLE"}, read(Filter{}))
	require.Equal(t, []string{"REFRESH_INDEX DISCARDED"}, read(Filter{States: []State{StateDiscarded, StateRetryable}}))
	require.Equal(t, []string{"SCORE_ESSAY AVAILABLE"}, read(Filter{Kind: &score}))
	require.Equal(t, []string{"SCORE_ESSAY AVAILABLE"}, read(Filter{RunID: &run.ID, States: []State{StateAvailable}}))
	require.Empty(t, read(Filter{RunID: &other}))
	require.Empty(t, read(Filter{States: []State{}}))

	counts, err := Counts(b.admin(), b.db)
	require.NoError(t, err)
	require.ElementsMatch(t, []*Count{{KindScore, StateAvailable, 1}, {KindIndex, StateAvailable, 1}, {KindIndex, StateDiscarded, 1}}, counts)

	list, err := Jobs(b.db, Filter{States: []State{StateDiscarded}}).All(b.admin())
	require.NoError(t, err)
	require.Len(t, list[0].Errors, 25)
	require.Equal(t, 6, list[0].Errors[0].Attempt)
	require.Equal(t, TryError{30, time.Unix(30, 0).UTC(), strings.Repeat("ü", 2000)}, list[0].Errors[24])
	require.Nil(t, list[0].RunID)

	ours := b.jobsOf(run.ID)[0]
	require.Equal(t, run.ID, *ours.RunID)
	found, err := Find(b.admin(), b.db, []uuid.UUID{ours.UUID(), uuid.New(), numbered(1 << 40), {}})
	require.NoError(t, err)
	require.Equal(t, map[uuid.UUID]*Job{ours.UUID(): ours}, found)
}

func TestNumbered(t *testing.T) {
	for _, n := range []int64{1, 255, 256, 1 << 32, 1<<63 - 1} {
		got, ok := numberOf(numbered(n))
		assert.True(t, ok)
		assert.Equal(t, n, got)
	}
	for _, id := range []uuid.UUID{{}, uuid.New(), numbered(-1), {0: 1, 15: 1}} {
		_, ok := numberOf(id)
		assert.False(t, ok, id)
	}
}

func TestCancelledJobEndsItsRun(t *testing.T) {
	b := newBench(t)
	i := b.inspector()
	run := b.submit(answer, true)
	states := b.follow(run)
	job := b.jobsOf(run.ID)[0]
	cancelled, err := i.Cancel(b.admin(), job.UUID(), " It was a test. ")
	require.NoError(t, err)
	require.Equal(t, StateCancelled, cancelled.State)
	require.NotNil(t, cancelled.FinalizedAt)

	seen := states()
	require.Len(t, seen, 2)
	require.Equal(t, enums.StageFailed, seen[1].Stage)
	ended := b.db.Ent.ScoringRun.GetX(b.ctx, run.ID)
	require.Equal(t, enums.StageFailed, ended.Stage)
	require.Equal(t, string(enums.FailureCancelled), ended.FailureCode)
	require.Equal(t, "An admin stopped the scoring: It was a test.", ended.FailureMessage)
	require.NotNil(t, ended.FinishedAt)
	require.Equal(t, run.Seq+1, ended.Seq)

	event := b.db.Ent.AuditEvent.Query().Where(auditevent.ActionEQ(enums.AuditJobCancel)).OnlyX(b.ctx)
	require.Equal(t, enums.TargetJob, event.TargetType)
	require.Equal(t, job.UUID(), *event.TargetID)
	require.Equal(t, seeding.UserID("ada"), *event.ActorID)
	require.Equal(t, map[string]string{"reason": "It was a test.", "kind": "SCORE_ESSAY", "state": "AVAILABLE", "run": run.ID.String()}, event.Detail)

	_, err = i.Cancel(b.admin(), job.UUID(), "Again.")
	requireProblem(t, err, "jobId", problem.WrongState, "ended already")
	_, err = i.Retry(b.admin(), job.UUID())
	requireProblem(t, err, "jobId", problem.WrongState, "essayRetry")

	// Nobody takes the run up again, whoever still has a job for it.
	b.db.Ent.ScoringRun.UpdateOneID(run.ID).SetChangedAt(time.Now().Add(-2 * waiting)).ExecX(b.ctx)
	w := b.work()
	require.NoError(t, w.sweep(b.ctx))
	require.Len(t, b.jobsOf(run.ID), 1)
	require.Equal(t, 1, b.db.Ent.AuditEvent.Query().Where(auditevent.ActionEQ(enums.AuditJobCancel)).CountX(b.ctx), "what was refused left no event")
}

// A worker that has the job is stopped, be it quick to hear or deaf to the end of its context; it
// writes nothing after the run was ended.
func TestJobIsCancelledUnderTheWorker(t *testing.T) {
	for name, deaf := range map[string]bool{"that hears": false, "that is deaf": true} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			began, told, goOn := make(chan struct{}), make(chan error, 1), make(chan struct{})
			engine := &faulty{Engine: b.deps.Engine, fail: func(ctx context.Context, _ int) error {
				close(began)
				if deaf {
					<-goOn
					return nil
				}
				<-ctx.Done()
				told <- context.Cause(ctx)
				return ctx.Err()
			}}
			b.work(func(d *Deps) { d.Engine = engine })
			run := b.submit(answer, true)
			states := b.follow(run)
			<-began
			job, err := b.inspector().Cancel(b.admin(), b.jobsOf(run.ID)[0].UUID(), "Stop.")
			require.NoError(t, err)
			require.Equal(t, StateRunning, job.State, "its worker ends it")
			close(goOn)
			if !deaf {
				require.Error(t, <-told)
			}
			seen := states()
			require.Equal(t, enums.StageFailed, seen[len(seen)-1].Stage)
			job = b.settled(job, StateCancelled)
			require.Len(t, job.Errors, 1)
			ended := b.db.Ent.ScoringRun.GetX(b.ctx, run.ID)
			require.Equal(t, string(enums.FailureCancelled), ended.FailureCode)
			require.Equal(t, seen[len(seen)-1].Seq, ended.Seq, "nothing was written afterwards")
			require.Zero(t, ended.QueryScores().CountX(b.ctx))
			require.EqualValues(t, 1, engine.calls.Load())
			require.Len(t, b.jobsOf(run.ID), 1)
		})
	}
}

// Orders to stop come at any moment of the work. What was stopped is FAILED, what was not is COMPLETED.
func TestCancelRacesTheWorkers(t *testing.T) {
	b := newBench(t)
	b.work()
	i := b.inspector()
	stopped, done := 0, 0
	for n := range 16 {
		run := b.submit(answer, true)
		states := b.follow(run)
		// After n stages, the newest job is cancelled.
		ctx, cancel := context.WithCancel(b.ctx)
		s, err := b.hub.Follow(ctx, viewer.Viewer{ID: b.learner, Role: enums.RoleLearner}, run.EssayID, 0)
		require.NoError(t, err)
		for range n % 4 {
			<-s.Updates()
		}
		cancel()
		job := b.jobsOf(run.ID)[0]
		_, err = i.Cancel(b.admin(), job.UUID(), "Race.")
		if p := (*problem.Problem)(nil); err != nil {
			require.ErrorAs(t, err, &p)
		}
		seen := states()
		ended := b.db.Ent.ScoringRun.GetX(b.ctx, run.ID)
		require.Equal(t, seen[len(seen)-1].Seq, ended.Seq)
		if err == nil {
			stopped++
			require.Equal(t, enums.StageFailed, ended.Stage)
			require.Equal(t, string(enums.FailureCancelled), ended.FailureCode)
			require.Zero(t, ended.QueryRecommendations().CountX(b.ctx))
			b.settled(job, StateCancelled)
		} else {
			done++
			require.Equal(t, enums.StageCompleted, ended.Stage, err.Error())
		}
	}
	t.Logf("%d stopped, %d done", stopped, done)
	require.Positive(t, stopped)
}

func TestJobThatWaitsIsTriedAtOnce(t *testing.T) {
	b := newBench(t)
	engine := &faulty{Engine: b.deps.Engine, fail: func(_ context.Context, call int) error {
		if call == 1 {
			return errors.New("the provider is down")
		}
		return nil
	}}
	b.work(func(d *Deps) { d.Engine, d.RetryDelays = engine, []time.Duration{time.Hour} })
	run := b.submit(answer, true)
	states := b.follow(run)
	job := b.settled(b.jobsOf(run.ID)[0], StateRetryable)
	require.Len(t, job.Errors, 1)
	require.Equal(t, "the provider is down", job.Errors[0].Message)

	again, err := b.inspector().Retry(b.admin(), job.UUID())
	require.NoError(t, err)
	require.Equal(t, StateAvailable, again.State)
	seen := states()
	require.Equal(t, enums.StageCompleted, seen[len(seen)-1].Stage)
	b.settled(job, StateCompleted)
	_, err = b.inspector().Retry(b.admin(), job.UUID())
	requireProblem(t, err, "jobId", problem.WrongState, "done")
	require.Equal(t, 1, b.db.Ent.AuditEvent.Query().Where(auditevent.ActionEQ(enums.AuditJobRetry), auditevent.TargetID(job.UUID())).CountX(b.ctx))
}

// What has failed for good is DISCARDED, whatever the reason, with a message for admins and no stack.
func TestFailedJobsAreDiscarded(t *testing.T) {
	b := newBench(t)
	fail := []func() error{
		func() error { return scoring.Permanent(errors.New("no such criterion")) },
		func() error { panic("index out of range") },
		func() error { return errors.New("down") },
	}
	for n, tries := range []int{1, maxAttempts, maxAttempts} {
		w := b.work(func(d *Deps) {
			d.Engine = &faulty{Engine: b.deps.Engine, fail: func(context.Context, int) error { return fail[n]() }}
		})
		run := b.end(b.submit(answer, true))
		require.Equal(t, enums.StageFailed, run.Stage)
		job := b.settled(b.jobsOf(run.ID)[0], StateDiscarded)
		require.Len(t, job.Errors, tries)
		require.NotContains(t, job.Errors[0].Message, ".go:")
		require.Positive(t, *job.TimeTaken())
		_, err := b.inspector().Retry(b.admin(), job.UUID())
		requireProblem(t, err, "jobId", problem.WrongState, "essayRetry")
		ctx, cancel := context.WithTimeout(b.ctx, patience)
		require.NoError(t, w.client.Stop(ctx)) // the next engine takes over; Stop is called once more at the end
		cancel()
	}
}

func TestWhatInspectorsRefuse(t *testing.T) {
	b := newBench(t)
	i := b.inspector()
	id := b.jobsOf(b.submit(answer, true).ID)[0].UUID()
	for name, reason := range map[string]string{
		"empty": "", "blank": " \n", "501": strings.Repeat("ü", 501), "NUL": "a\x00b", "not UTF-8": "a\xff",
	} {
		_, err := i.Cancel(b.admin(), id, reason)
		requireProblem(t, err, "reason", problem.Invalid, "1 to 500")
		assert.Equal(t, StateAvailable, b.settled(&Job{Number: 1}, StateAvailable).State, name)
	}
	for _, unknown := range []uuid.UUID{numbered(1 << 40), uuid.New(), {}} {
		_, err := i.Cancel(b.admin(), unknown, "Why not.")
		requireProblem(t, err, "jobId", problem.NotFound, "no such job")
		_, err = i.Retry(b.admin(), unknown)
		requireProblem(t, err, "jobId", problem.NotFound, "no such job")
	}
	_, err := i.Retry(b.admin(), id)
	requireProblem(t, err, "jobId", problem.WrongState, "waits for a worker")
	_, err = i.Cancel(b.admin(), id, strings.Repeat("ü", 500))
	require.NoError(t, err)
	require.NoError(t, b.deps.Queue.RefreshIndex(b.ctx))
	list, err := Jobs(b.db, Filter{States: []State{StateAvailable}}).All(b.admin())
	require.NoError(t, err)
	index, err := i.Cancel(b.admin(), list[0].UUID(), "x")
	require.NoError(t, err)
	require.Equal(t, StateCancelled, index.State)
	index, err = i.Retry(b.admin(), index.UUID())
	require.NoError(t, err, "it works for no run that could have been given up")
	require.Equal(t, StateAvailable, index.State)
}
