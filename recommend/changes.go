package recommend

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/google/uuid"
)

// Changed notes, in the transaction of the change, that a learner did, wishes or was told something that
// bears on their lists and on what is learnt. It tells whether a job has to be added that makes the lists
// anew: when it was noted before, and not yet worked off, there is one.
func Changed(ctx context.Context, tx *sql.Tx, learner uuid.UUID) (add bool, err error) {
	err = tx.QueryRowContext(ctx, `INSERT INTO recommend_changes AS c (owner_id) VALUES ($1)
		ON CONFLICT (owner_id) DO UPDATE SET seq = c.seq + 1, changed_at = now()
		RETURNING c.listed >= c.seq - 1`, learner).Scan(&add)
	if err != nil {
		return false, fmt.Errorf("noting that the learner changed something: %w", err)
	}
	return add, nil
}

// Changes are how often a learner changed something, and with which of these changes their lists were last
// made.
type Changes struct{ Seq, Listed int64 }

// ChangesOf reads them; all is 0 of who never changed anything.
func ChangesOf(ctx context.Context, db interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}, learner uuid.UUID) (c Changes, err error) {
	err = db.QueryRowContext(ctx, `SELECT coalesce(max(seq), 0), coalesce(max(listed), 0) FROM recommend_changes WHERE owner_id = $1`, learner).
		Scan(&c.Seq, &c.Listed)
	if err != nil {
		return c, fmt.Errorf("reading what the learner changed: %w", err)
	}
	return c, nil
}

// HoldChanges keeps the learner from changing anything until the transaction ends, and returns the changes so
// far: lists that are written in it are current if these are what they were made with.
func HoldChanges(ctx context.Context, tx *sql.Tx, learner uuid.UUID) (c Changes, err error) {
	err = tx.QueryRowContext(ctx, `INSERT INTO recommend_changes AS c (owner_id, seq) VALUES ($1, 0)
		ON CONFLICT (owner_id) DO UPDATE SET listed = c.listed RETURNING c.seq, c.listed`, learner).Scan(&c.Seq, &c.Listed)
	if err != nil {
		return c, fmt.Errorf("holding what the learner changed: %w", err)
	}
	return c, nil
}

// Listed notes that the learner's lists were made with the first seq changes.
func Listed(ctx context.Context, tx *sql.Tx, learner uuid.UUID, seq int64) error {
	if _, err := tx.ExecContext(ctx, `UPDATE recommend_changes SET listed = greatest(listed, $2) WHERE owner_id = $1`, learner, seq); err != nil {
		return fmt.Errorf("noting that the lists were made: %w", err)
	}
	return nil
}
