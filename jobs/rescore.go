package jobs

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/lib/pq"
	"github.com/riverqueue/river"

	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/internal/bypass"
	"github.com/rubrica/rubrica/internal/database"
)

// rescoreWorker adds the runs of a re-scoring, a batch a transaction. Where it stands is in the row of
// the re-scoring, which each batch locks, so that a second worker, or a second try, goes on from there.
type rescoreWorker struct {
	river.WorkerDefaults[RescoreArgs]
	w *Workers
}

// rescoreBatch is how many essays are looked at in one transaction: few enough that the locks on them
// are not felt.
const rescoreBatch = 100

// rescorePriority puts the runs of a re-scoring behind those that a learner waits for.
const rescorePriority = 4

// Timeout is long: a job adds all runs that it can, and whatever was added stays.
func (*rescoreWorker) Timeout(*river.Job[RescoreArgs]) time.Duration { return 10 * time.Minute }

// Work adds runs until no essay is left.
func (r *rescoreWorker) Work(ctx context.Context, job *river.Job[RescoreArgs]) error {
	ctx = bypass.Context(ctx)
	for {
		var runs []uuid.UUID
		var more bool
		err := r.w.deps.DB.InTx(ctx, func(tx *database.Tx) (err error) {
			runs, more, err = rescoreSome(ctx, tx, r.w.deps.Queue, job.Args.RescoringID)
			return err
		})
		if err != nil {
			return err
		}
		for _, run := range runs {
			r.w.deps.Notifier.Changed(run, false)
		}
		if !more {
			return nil
		}
	}
}

// rescoreSome adds runs to the next essays, and tells whether there may be more.
func rescoreSome(ctx context.Context, tx *database.Tx, queue *Queue, rescoring uuid.UUID) (runs []uuid.UUID, more bool, err error) {
	var track uuid.UUID
	var question, actor, cursor uuid.NullUUID
	var walked sql.NullTime
	err = tx.SQL.QueryRowContext(ctx, `SELECT question_id, track_id, actor_id, cursor, walked_at FROM rescorings WHERE id = $1 FOR UPDATE`,
		rescoring).Scan(&question, &track, &actor, &cursor, &walked)
	switch {
	case errors.Is(err, sql.ErrNoRows) || walked.Valid:
		return nil, false, nil
	case err != nil:
		return nil, false, fmt.Errorf("reading the re-scoring: %w", err)
	}
	essays, err := nextEssays(ctx, tx.SQL, track, question, cursor)
	if err != nil {
		return nil, false, err
	}
	if runs, err = addRuns(ctx, tx.SQL, essays, rescoring, actor); err != nil {
		return nil, false, err
	}
	for _, run := range runs {
		if err := queue.scoreLater(ctx, tx.SQL, run); err != nil {
			return nil, false, err
		}
	}
	more = len(essays) == rescoreBatch
	if len(essays) > 0 {
		cursor = uuid.NullUUID{UUID: essays[len(essays)-1], Valid: true}
	}
	if _, err := tx.SQL.ExecContext(ctx, `UPDATE rescorings SET cursor = $2, added = added + $3, skipped = skipped + $4,
		walked_at = CASE WHEN $5 THEN NULL ELSE now() END WHERE id = $1`,
		rescoring, cursor, len(runs), len(essays)-len(runs), more); err != nil {
		return nil, false, fmt.Errorf("keeping how far the re-scoring has come: %w", err)
	}
	return runs, more, nil
}

// nextEssays locks the next essays of a scope, in the order of their ids.
func nextEssays(ctx context.Context, tx *sql.Tx, track uuid.UUID, question, after uuid.NullUUID) (ids []uuid.UUID, err error) {
	rows, err := tx.QueryContext(ctx, `SELECT e.id FROM essays e WHERE e.id > $3
		AND e.question_id = ANY(ARRAY(SELECT q.id FROM questions q WHERE q.track_id = $1 AND q.id = coalesce($2, q.id)))
		ORDER BY e.id LIMIT $4 FOR UPDATE`, track, question, after.UUID, rescoreBatch)
	if err != nil {
		return nil, fmt.Errorf("reading the essays to score again: %w", err)
	}
	return scanIDs(rows)
}

// addRuns adds a run to each of the essays that is not being scored and that no person stands behind.
func addRuns(ctx context.Context, tx *sql.Tx, essays []uuid.UUID, rescoring uuid.UUID, actor uuid.NullUUID) ([]uuid.UUID, error) {
	ids := make([]uuid.UUID, len(essays)) // of the runs, made here as all ids are
	for i := range ids {
		ids[i] = newID()
	}
	rows, err := tx.QueryContext(ctx, `
		INSERT INTO scoring_runs (id, created_at, owner_id, essay_id, rubric_id, track_id, number, kind, requested_by, rescoring_id,
			stage, percent, seq, changed_at, flags)
		SELECT n.run, now(), e.owner_id, e.id, r.id, q.track_id, last.number + 1, $3, $4, $5, $6, 0, last.seq + 1, now(), '{}'
		FROM unnest($1::uuid[], $2::uuid[]) AS n (essay, run)
		JOIN essays e ON e.id = n.essay
		JOIN questions q ON q.id = e.question_id
		CROSS JOIN LATERAL (SELECT id FROM rubrics WHERE question_id = q.id ORDER BY version DESC LIMIT 1) r
		CROSS JOIN LATERAL (SELECT number, seq, stage, kind FROM scoring_runs WHERE essay_id = e.id ORDER BY number DESC LIMIT 1) last
		WHERE last.stage IN ('COMPLETED', 'FAILED') AND NOT (last.kind = 'OVERRIDE' AND last.stage = 'COMPLETED')
		ON CONFLICT (rescoring_id, essay_id) WHERE rescoring_id IS NOT NULL DO NOTHING
		RETURNING id`,
		pq.Array(essays), pq.Array(ids), string(enums.RunRescore), actor, rescoring, string(enums.StageQueued))
	if err != nil {
		return nil, fmt.Errorf("adding runs: %w", err)
	}
	return scanIDs(rows)
}

func scanIDs(rows *sql.Rows) (ids []uuid.UUID, err error) {
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var id uuid.UUID
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("reading ids: %w", err)
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}
