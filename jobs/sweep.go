package jobs

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/internal/database"
)

// Every process looks for runs that nobody works on any more: their worker died with the job in hand.
// River would find the job too, but only after the longest time that any job may take, and only on
// the one process that leads.
const (
	sweepEvery = 2 * time.Second
	sweepLock  = 0x7377_6565_70 // "sweep": one process at a time
	// waiting is how long a run may stand between two jobs before its job is missed.
	waiting = 5 * time.Second
	// maxClaims ends a run that keeps killing its workers.
	maxClaims = 12
)

func (w *Workers) sweepForever(ctx context.Context) {
	defer close(w.swept)
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		if err := w.sweep(ctx); err != nil && ctx.Err() == nil {
			w.deps.Log.WarnContext(ctx, "looking for abandoned runs failed; trying again", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

type abandoned struct {
	run     uuid.UUID
	stage   enums.Stage
	attempt int
}

// sweep adds a job for every abandoned run.
func (w *Workers) sweep(ctx context.Context) error {
	var changed []uuid.UUID
	err := w.deps.DB.InTx(ctx, func(tx *database.Tx) error {
		var first bool
		if err := tx.SQL.QueryRowContext(ctx, `SELECT pg_try_advisory_xact_lock($1)`, sweepLock).Scan(&first); err != nil || !first {
			return err
		}
		runs, err := abandonedRuns(ctx, tx.SQL)
		if err != nil {
			return err
		}
		changed = changed[:0]
		for _, a := range runs {
			switch {
			case a.attempt >= maxClaims:
				c := claim{db: w.deps.DB, run: a.run, attempt: a.attempt}
				err = c.fail(ctx, tx.SQL, enums.FailureInternal,
					"Scoring was begun many times and never came to an end. Ask the operator.")
				changed = append(changed, a.run)
			case a.stage == enums.StageRecommending:
				err = w.deps.Queue.Recommend(ctx, tx.SQL, a.run)
			default:
				err = w.deps.Queue.Score(ctx, tx.SQL, a.run)
			}
			if err != nil {
				return err
			}
			w.deps.Log.WarnContext(ctx, "a run was abandoned; taking it up again",
				"run_id", a.run, "stage", a.stage, "claims", a.attempt)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, run := range changed {
		w.deps.Notifier.Changed(run, true)
	}
	return nil
}

// abandonedRuns are the unfinished runs whose lease ran out, or that wait without a job that will
// come to them.
func abandonedRuns(ctx context.Context, tx *sql.Tx) (list []abandoned, err error) {
	rows, err := tx.QueryContext(ctx, `
		SELECT r.id, r.stage, r.attempt FROM scoring_runs r
		WHERE r.stage NOT IN ('COMPLETED', 'FAILED')
		  AND (r.lease_until < now() OR r.lease_until IS NULL AND r.changed_at < now() - make_interval(secs => $1))
		  AND NOT EXISTS (
			SELECT FROM river_job j
			WHERE j.args @> jsonb_build_object('run_id', r.id::text)
			  AND j.state IN ('available', 'pending', 'retryable', 'scheduled'))
		ORDER BY r.id LIMIT 500`, waiting.Seconds())
	if err != nil {
		return nil, fmt.Errorf("reading abandoned runs: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var a abandoned
		if err := rows.Scan(&a.run, &a.stage, &a.attempt); err != nil {
			return nil, fmt.Errorf("reading abandoned runs: %w", err)
		}
		list = append(list, a)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading abandoned runs: %w", err)
	}
	return list, nil
}
