package jobs

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/rubrica/rubrica/internal/bypass"
	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/internal/logging"
	"github.com/rubrica/rubrica/recommend"
)

// queueLearning is for what is learnt from interactions: one job at a time.
const queueLearning = "learning"

const (
	learnEvery   = 20 * time.Second
	learnBusy    = 2 * time.Second // until the next try, while another process learns
	refitTimeout = 10 * time.Minute
	missedAfter  = 30 * time.Second // a learner's lists wait for their job
	missedBatch  = 100
)

// alone has one job of a kind at a time.
var alone = river.UniqueOpts{ByState: []rivertype.JobState{
	rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRunning, rivertype.JobStateRetryable, rivertype.JobStateScheduled,
}}

// LearnArgs asks for what learners did since to be taken into what serves.
type LearnArgs struct{}

// Kind names the job.
func (LearnArgs) Kind() string { return "learn_interactions" }

// InsertOpts of the job. What is added while one runs is left to the next of those that come every learnEvery.
func (LearnArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queueLearning, MaxAttempts: maxAttempts, UniqueOpts: alone, Priority: 1}
}

// RefitArgs asks for everything to be learnt anew.
type RefitArgs struct{}

// Kind names the job.
func (RefitArgs) Kind() string { return "refit_recommendations" }

// InsertOpts of the job.
func (RefitArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queueLearning, MaxAttempts: maxAttempts, UniqueOpts: alone, Priority: 2}
}

// Learn adds the job that learns from what is new, unless it is there; it is seen when tx commits.
func (q *Queue) Learn(ctx context.Context, tx *sql.Tx) error { return q.insert(ctx, tx, LearnArgs{}) }

// Refit adds the job that learns everything anew, unless it is there; it is seen when tx commits.
func (q *Queue) Refit(ctx context.Context, tx *sql.Tx) error { return q.insert(ctx, tx, RefitArgs{}) }

// learnWorker keeps what was learnt up to date.
type learnWorker struct {
	river.WorkerDefaults[LearnArgs]
	w *Workers
}

// Timeout is long: the first one after a start reads all interactions.
func (*learnWorker) Timeout(*river.Job[LearnArgs]) time.Duration { return refitTimeout }

// Work implements river.Worker.
func (l *learnWorker) Work(ctx context.Context, job *river.Job[LearnArgs]) error {
	ctx = bypass.Context(logging.With(ctx, slog.Int64(logging.JobID, job.ID)))
	if err := l.w.relistMissed(ctx); err != nil {
		return err
	}
	for {
		report, err := l.w.trainer.Update(ctx)
		if errors.Is(err, recommend.ErrBusy) {
			return river.JobSnooze(learnBusy)
		}
		if err != nil {
			return err
		}
		if report.Learners > 0 {
			l.w.deps.Log.InfoContext(ctx, "learnt from interactions", "learners", report.Learners, "lists", report.Lists,
				"version", report.Version, "revision", report.Revision)
		}
		if report.Refit {
			return l.w.deps.DB.InTx(ctx, func(tx *database.Tx) error { return l.w.deps.Queue.Refit(ctx, tx.SQL) })
		}
		if !report.More {
			return nil
		}
	}
}

// relistMissed adds a job for learners whose lists should have been made anew and were not: their job was
// given up.
func (w *Workers) relistMissed(ctx context.Context) error {
	return w.deps.DB.InTx(ctx, func(tx *database.Tx) error {
		rows, err := tx.SQL.QueryContext(ctx, `SELECT c.owner_id FROM recommend_changes c
			WHERE c.listed < c.seq AND c.changed_at < now() - make_interval(secs => $1) AND NOT EXISTS (
				SELECT FROM river_job j WHERE j.args @> jsonb_build_object('learner_id', c.owner_id::text)
				AND j.state IN ('available', 'pending', 'retryable', 'running', 'scheduled'))
			ORDER BY c.owner_id LIMIT $2`, missedAfter.Seconds(), missedBatch)
		if err != nil {
			return fmt.Errorf("looking for lists that were missed: %w", err)
		}
		var learners []uuid.UUID
		if learners, err = scanIDs(rows); err != nil {
			return err
		}
		for _, learner := range learners {
			if err := w.deps.Queue.Relist(ctx, tx.SQL, learner); err != nil {
				return err
			}
		}
		return nil
	})
}

// refitWorker learns everything anew.
type refitWorker struct {
	river.WorkerDefaults[RefitArgs]
	w *Workers
}

// Timeout implements river.Worker.
func (*refitWorker) Timeout(*river.Job[RefitArgs]) time.Duration { return refitTimeout }

// Work implements river.Worker. The fit before serves until this one is committed.
func (r *refitWorker) Work(ctx context.Context, job *river.Job[RefitArgs]) error {
	ctx = bypass.Context(logging.With(ctx, slog.Int64(logging.JobID, job.ID)))
	begun := time.Now()
	report, err := r.w.trainer.Refit(ctx)
	if errors.Is(err, recommend.ErrBusy) {
		return river.JobSnooze(learnBusy)
	}
	if err != nil {
		return err
	}
	r.w.deps.Log.InfoContext(ctx, "recommendations refitted", "version", report.Version, "users", report.Users, "items", report.Items,
		"interactions", report.Interactions, "tracks", report.Tracks, "took", time.Since(begun))
	return nil
}
