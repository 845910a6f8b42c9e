package rag

import (
	"context"
	"fmt"
)

// What processes hold each other off from.
const (
	documentsLock  = "documents"  // writing documents, so that chunks are neither added nor changed
	modelsLock     = "models"     // adding models and changing their states
	neighboursLock = "neighbours" // giving documents their neighbours
	hnswLock       = "hnsw/"      // building the index of the model whose name follows
)

// lockKey is the advisory lock of what $1 names: advisory locks are one database's, the index is one
// schema's.
const lockKey = `hashtextextended('rubrica/rag/' || current_schema() || '/' || $1, 0)`

// lock holds others of this schema off until the transaction ends.
func lock(ctx context.Context, q querier, what string) error {
	if _, err := q.ExecContext(ctx, `SELECT pg_advisory_xact_lock(`+lockKey+`)`, what); err != nil {
		return fmt.Errorf("waiting for another process that writes %s of the index: %w", what, err)
	}
	return nil
}

// tryLock is lock for what need not be done twice: when another process holds it, it gives false.
func tryLock(ctx context.Context, q querier, what string) (free bool, err error) {
	if err = q.QueryRowContext(ctx, `SELECT pg_try_advisory_xact_lock(`+lockKey+`)`, what).Scan(&free); err != nil {
		return false, fmt.Errorf("asking whether another process writes %s of the index: %w", what, err)
	}
	return free, nil
}
