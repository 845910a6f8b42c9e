package rag

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"

	"github.com/lib/pq"
)

// Parameters of every HNSW index: recall@10 above 0.99 on 100 000 sentences at ef_search 100.
const (
	hnswM              = 16
	hnswEfConstruction = 128
)

const (
	// buildMemory is what a build may use; 100 000 vectors of 384 dimensions fit into it. A build that
	// runs out of it goes on, slowly.
	buildMemory = "256MB"
	// A partition gets its index when at most one vector in lateShare is still to be made: building
	// it over finished vectors is several times faster than adding them to it one by one.
	lateShare = 20
)

// IndexState says whether the vectors of a model have an HNSW index. Without one, searches compare
// with every vector that the filter keeps: slower above some thousand vectors, and as right.
type IndexState string

// The states.
const (
	IndexNone     IndexState = "NONE"     // and none is needed, or it is built when few vectors are missing
	IndexBuilding IndexState = "BUILDING" // at this moment
	IndexInvalid  IndexState = "INVALID"  // a build was broken off; the next Refresh removes it and builds anew
	IndexReady    IndexState = "READY"
)

// ensureVectorIndex builds the HNSW index of a model's partition, concurrently: searches and writes go
// on. Ready means that the partition has its index or needs none. Only one process builds; the others
// are told that it is not ready yet. left is how many vectors are still missing.
func (x *Index) ensureVectorIndex(ctx context.Context, m model, left int) (ready, built bool, err error) {
	state, err := vectorIndex(ctx, x.db.SQL, m)
	if err != nil || state == IndexReady {
		return err == nil, false, err
	}
	var rows int
	if err := x.db.SQL.QueryRowContext(ctx, `SELECT count(*) FROM `+m.table()).Scan(&rows); err != nil {
		return false, false, fmt.Errorf("counting vectors: %w", err)
	}
	if rows <= x.indexAbove {
		return true, false, nil
	}
	if left > rows/lateShare {
		return false, false, nil
	}
	conn, err := x.db.SQL.Conn(ctx)
	if err != nil {
		return false, false, fmt.Errorf("opening a connection to build an index: %w", err)
	}
	defer func() { _ = conn.Close() }()
	// A lock of the session: CREATE INDEX CONCURRENTLY takes no transaction. Nobody waits for it, since
	// the build would wait for whoever waits.
	name := hnswLock + m.name
	var mine bool
	if err := conn.QueryRowContext(ctx, `SELECT pg_try_advisory_lock(`+lockKey+`)`, name).Scan(&mine); err != nil {
		return false, false, fmt.Errorf("asking whether another process builds the index: %w", err)
	}
	if !mine {
		return false, false, nil
	}
	defer func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		if _, err := conn.ExecContext(end, `SELECT pg_advisory_unlock(`+lockKey+`)`, name); err != nil {
			_ = conn.Raw(func(any) error { return driver.ErrBadConn }) // with the connection goes the lock
		}
	}()
	if err := x.buildVectorIndex(ctx, conn, m); err != nil {
		return false, false, err
	}
	return true, true, nil
}

// buildVectorIndex builds the index over what an earlier build has left behind. A build waits for
// every transaction of the database that began before it, so that two builds of two installations in
// one database may wait for each other; Postgres ends one of them, which tries again.
func (x *Index) buildVectorIndex(ctx context.Context, conn *sql.Conn, m model) (err error) {
	name := pq.QuoteIdentifier(m.partition + "_embedding")
	defer func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		_, reset := conn.ExecContext(end, `RESET maintenance_work_mem; RESET max_parallel_maintenance_workers`)
		err = errors.Join(err, reset)
	}()
	if _, err := conn.ExecContext(ctx, `SET maintenance_work_mem = '`+buildMemory+`'`); err != nil {
		return fmt.Errorf("preparing to build an index: %w", err)
	}
	const tries = 3
	for try := 1; ; try++ {
		if state, err := vectorIndex(ctx, conn, m); err != nil || state == IndexReady {
			return err
		}
		if _, err := conn.ExecContext(ctx, `DROP INDEX CONCURRENTLY IF EXISTS `+name); err != nil {
			return fmt.Errorf("removing an unfinished index of %s: %w", m.name, err)
		}
		_, err := conn.ExecContext(ctx, fmt.Sprintf(`CREATE INDEX CONCURRENTLY %s ON %s
			USING hnsw ((embedding::halfvec(%d)) halfvec_cosine_ops) WITH (m = %d, ef_construction = %d)`,
			name, m.table(), m.dimensions, hnswM, hnswEfConstruction))
		if err == nil {
			return nil
		}
		if e := (*pq.Error)(nil); try == tries || !errors.As(err, &e) {
			return fmt.Errorf("building the index of %s: %w", m.name, err)
		} else if e.Code.Class() == "53" {
			// Builders in parallel share memory that a container may not have.
			if _, err := conn.ExecContext(ctx, `SET max_parallel_maintenance_workers = 0`); err != nil {
				return fmt.Errorf("preparing to build an index: %w", err)
			}
		} else if e.Code != "40P01" {
			return fmt.Errorf("building the index of %s: %w", m.name, err)
		}
	}
}

// vectorIndex tells how the HNSW index of a model's partition stands.
func vectorIndex(ctx context.Context, q querier, m model) (state IndexState, err error) {
	err = q.QueryRowContext(ctx, `SELECT `+indexState("$1::regclass"), m.table()).Scan(&state)
	if err != nil {
		return "", fmt.Errorf("looking for the index of %s: %w", m.name, err)
	}
	return state, nil
}

// indexState is the state of the HNSW index of a table, as an expression. An index that is not valid
// is being built, or was left by a build that was broken off.
func indexState(table string) string {
	return `coalesce((SELECT CASE
	    WHEN i.indisvalid THEN '` + string(IndexReady) + `'
	    WHEN EXISTS (SELECT FROM pg_stat_progress_create_index p WHERE p.index_relid = i.indexrelid) THEN '` + string(IndexBuilding) + `'
	    ELSE '` + string(IndexInvalid) + `' END
	  FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam
	  WHERE i.indrelid = ` + table + ` AND a.amname = 'hnsw' ORDER BY i.indisvalid DESC LIMIT 1), '` + string(IndexNone) + `')`
}
