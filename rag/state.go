package rag

import (
	"context"
	"fmt"

	"github.com/rubrica/rubrica/internal/database"
)

// State is what the index of a database holds.
type State struct {
	Documents int
	Chunks    int
	Missing   int   // chunks without a current vector of the model that was asked for
	Bytes     int64 // on disk: all tables of the index with their indexes, and the vectors of every model
}

// ReadState reads the state of the database's index, with one statement. It needs no embedder, so that
// a process that serves the API alone can tell it too. It counts every chunk: it is for people who look,
// not for a loop.
func ReadState(ctx context.Context, db *database.DB, model string) (s State, err error) {
	err = db.SQL.QueryRowContext(ctx, `
		SELECT (SELECT count(*) FROM rag_documents),
		       (SELECT count(*) FROM rag_chunks),
		       (SELECT count(*) FROM rag_chunks c WHERE NOT EXISTS (
		         SELECT FROM rag_vectors v WHERE v.model = $1 AND v.chunk_id = c.id AND v.hash = c.hash)),
		       (SELECT sum(pg_total_relation_size(t)) FROM (
		         SELECT unnest(ARRAY['rag_documents', 'rag_chunks', 'rag_postings', 'rag_length_deltas',
		                             'rag_models', 'rag_claims']::regclass[])
		         UNION ALL
		         SELECT relid FROM pg_partition_tree('rag_vectors')) AS tables (t))`,
		model).Scan(&s.Documents, &s.Chunks, &s.Missing, &s.Bytes)
	if err != nil {
		return State{}, fmt.Errorf("rag: reading the state of the index: %w", err)
	}
	return s, nil
}
