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
		                             'rag_term_deltas', 'rag_neighbours', 'rag_linked', 'rag_models', 'rag_claims']::regclass[])
		         UNION ALL
		         SELECT relid FROM pg_partition_tree('rag_vectors')) AS tables (t))`,
		model).Scan(&s.Documents, &s.Chunks, &s.Missing, &s.Bytes)
	if err != nil {
		return State{}, fmt.Errorf("rag: reading the state of the index: %w", err)
	}
	return s, nil
}

// ModelStatus is how far one embedding model has come.
type ModelStatus struct {
	Model      string
	Dimensions int
	State      ModelState
	Chunks     int        // that the index has, for every model the same
	Embedded   int        // of these, how many have a current vector of this model
	Index      IndexState // of these vectors
	Serving    bool       // searches compare with its vectors
	Here       bool       // this process has an embedder for it; else it searches by words while the model serves
}

// ReadModels tells for each model that was ever used how much is embedded, ordered by name. It needs no
// embedder, and leaves Here false.
func ReadModels(ctx context.Context, db *database.DB) ([]ModelStatus, error) {
	var all []ModelStatus
	rows, err := db.SQL.QueryContext(ctx, `
		SELECT m.model, m.dimensions, m.state, (SELECT count(*) FROM rag_chunks),
		       (SELECT count(*) FROM rag_vectors v JOIN rag_chunks c ON c.id = v.chunk_id AND c.hash = v.hash
		        WHERE v.model = m.model),
		       `+indexState("to_regclass(quote_ident(m.partition_name))")+`
		FROM rag_models m ORDER BY m.model COLLATE "C"`)
	if err != nil {
		return nil, fmt.Errorf("rag: counting vectors: %w", err)
	}
	err = database.Each(rows, func() error {
		var s ModelStatus
		if err := rows.Scan(&s.Model, &s.Dimensions, &s.State, &s.Chunks, &s.Embedded, &s.Index); err != nil {
			return err
		}
		s.Serving = s.State == ModelServing
		all = append(all, s)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("rag: counting vectors: %w", err)
	}
	return all, nil
}

// Status is ReadModels for the process of this Index.
func (x *Index) Status(ctx context.Context) ([]ModelStatus, error) {
	all, err := ReadModels(ctx, x.db)
	for i := range all {
		_, all[i].Here = x.embedderOf(all[i].Model)
	}
	return all, err
}
