package progress

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
)

// What Activity.Seq promises, held against the database: writers commit, roll back, use savepoints
// and keep transactions open across many others, while readers note for each snapshot its seq and
// the sum of all run's seq, which grows with every commit and with nothing else.
func TestSnapshotSeqOrdersSnapshots(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const writers, readers, rounds = 6, 4, 150
	w.db.SQL.SetMaxOpenConns(writers + readers)
	runs := make([]uuid.UUID, writers)
	for i := range runs {
		_, runs[i] = w.submit(w.ada)
	}

	var writing, reading errgroup.Group
	stop, cancel := context.WithCancel(t.Context())
	for i, run := range runs {
		writing.Go(func() error {
			for round := range rounds {
				if err := change(t.Context(), w.db.SQL, run, i, round); err != nil {
					return err
				}
			}
			return nil
		})
	}
	var mu sync.Mutex
	content := map[int64]int64{} // of each seq
	for range readers {
		reading.Go(func() error {
			var lastSeq, lastSum int64
			for stop.Err() == nil {
				var seq, sum int64
				err := w.db.SQL.QueryRow(`SELECT `+snapshotSeq+`, (SELECT sum(seq) FROM scoring_runs)
					FROM (SELECT pg_current_snapshot() AS s) x`).Scan(&seq, &sum)
				if err != nil {
					return err
				}
				if seq < lastSeq || sum < lastSum || (sum > lastSum) && seq == lastSeq {
					return fmt.Errorf("seq %d (content %d) came after seq %d (content %d)", seq, sum, lastSeq, lastSum)
				}
				lastSeq, lastSum = seq, sum
				mu.Lock()
				other, seen := content[seq]
				content[seq] = sum
				mu.Unlock()
				if seen && other != sum {
					return fmt.Errorf("seq %d stands for content %d and %d", seq, other, sum)
				}
			}
			return nil
		})
	}
	require.NoError(t, writing.Wait())
	cancel()
	require.NoError(t, reading.Wait())

	// Over all readers: a larger seq has never less content.
	seqs := make([]int64, 0, len(content))
	for seq := range content {
		seqs = append(seqs, seq)
	}
	require.Greater(t, len(seqs), 10, "the readers saw the writers at work")
	for _, a := range seqs {
		for _, b := range seqs {
			if a < b {
				require.LessOrEqual(t, content[a], content[b], "seq %d and %d", a, b)
			}
		}
	}
}

// change runs one transaction of a writer, of a kind that depends on the round.
func change(ctx context.Context, db *sql.DB, run uuid.UUID, writer, round int) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after a commit it does nothing
	exec := func(statement string, args ...any) {
		if err == nil {
			_, err = tx.ExecContext(ctx, statement, args...)
		}
	}
	const raise = `UPDATE scoring_runs SET seq = seq + 1 WHERE id = $1`
	exec(raise, run)
	switch (writer + round) % 5 {
	case 0: // stays open while the others commit
		exec(`SELECT pg_sleep(0.005)`)
	case 1: // savepoints have transaction ids of their own
		exec(`SAVEPOINT a`)
		exec(raise, run)
		exec(`RELEASE a`)
	case 2:
		exec(`SAVEPOINT a`)
		exec(raise, run)
		exec(`ROLLBACK TO a`)
	case 3:
		return err // rolls back
	}
	if err != nil {
		return err
	}
	return tx.Commit()
}

// A commit that becomes visible while older transactions stay open raises seq at once, and so does
// the end of those.
func TestSnapshotSeqPassesOpenTransactions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, run := w.submit(w.ada)
	open, err := w.db.SQL.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	var xid int64
	require.NoError(t, open.QueryRow(`SELECT pg_current_xact_id()::text::bigint`).Scan(&xid))

	before := w.xid()
	w.set(run, "SCORING")
	during := w.xid()
	assert.Greater(t, during, before)
	require.NoError(t, open.Commit())
	assert.Greater(t, w.xid(), during)
}
