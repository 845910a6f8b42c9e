package rag

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/lib/pq"

	"github.com/rubrica/rubrica/internal/database"
)

// Parameters of every HNSW index: recall@10 above 0.99 on 100 000 sentences at ef_search 100.
const (
	hnswM              = 16
	hnswEfConstruction = 128
)

// maxDimensions is what an HNSW index on halfvec holds.
const maxDimensions = 4000

// model is an embedding model that has a partition of rag_vectors.
type model struct {
	name       string
	partition  string
	dimensions int
	rows       float64 // as the planner knows it; -1 before the first ANALYZE
}

// table is the partition's quoted name, to be written into statements: with a parameter for the
// model in its place, the partition and its index would be chosen late or not at all.
func (m model) table() string { return pq.QuoteIdentifier(m.partition) }

// distance is the cosine distance, written as the HNSW index has it.
func (m model) distance(column, parameter string) string {
	return fmt.Sprintf("%s::halfvec(%d) <=> %s::halfvec(%d)", column, m.dimensions, parameter, m.dimensions)
}

// findModel returns the embedder's model, or ok = false when nothing was ever embedded with it.
func (x *Index) findModel(ctx context.Context, q querier) (m model, ok bool, err error) {
	m.name = x.embedder.Model()
	err = q.QueryRowContext(ctx, `
		SELECT m.partition_name, m.dimensions, c.reltuples
		FROM rag_models m
		JOIN pg_class c ON c.relname = m.partition_name
		JOIN pg_inherits i ON i.inhrelid = c.oid AND i.inhparent = 'rag_vectors'::regclass
		WHERE m.model = $1`, m.name).Scan(&m.partition, &m.dimensions, &m.rows)
	if errors.Is(err, sql.ErrNoRows) {
		return model{}, false, nil
	}
	if err != nil {
		return model{}, false, fmt.Errorf("looking for the vectors of %s: %w", m.name, err)
	}
	if m.dimensions != x.embedder.Dimensions() {
		return model{}, false, fmt.Errorf("the model %s had %d dimensions and now has %d: a changed model needs another name",
			m.name, m.dimensions, x.embedder.Dimensions())
	}
	return m, true, nil
}

// ensureModel makes the partition of the embedder's model, with its index, unless it is there.
func (x *Index) ensureModel(ctx context.Context) (model, error) {
	m, ok, err := x.findModel(ctx, x.db.SQL)
	if err != nil || ok {
		return m, err
	}
	name, dimensions := x.embedder.Model(), x.embedder.Dimensions()
	if name == "" || dimensions < 1 || dimensions > maxDimensions {
		return model{}, fmt.Errorf("the embedder calls itself %q and has %d dimensions; it needs a name and 1…%d dimensions",
			name, dimensions, maxDimensions)
	}
	m = model{name: name, partition: partitionName(name), dimensions: dimensions, rows: -1}
	err = x.db.InTx(ctx, func(tx *database.Tx) error {
		if err := lock(ctx, tx.SQL, "models"); err != nil {
			return err
		}
		if found, ok, err := x.findModel(ctx, tx.SQL); err != nil || ok {
			m = found // another process was faster
			return err
		}
		// Attaching a finished table locks rag_vectors less than CREATE TABLE … PARTITION OF does:
		// searches in other partitions go on.
		for _, statement := range []string{
			`SET LOCAL lock_timeout = '10s'`,
			fmt.Sprintf(`CREATE TABLE %s (LIKE rag_vectors INCLUDING DEFAULTS INCLUDING CONSTRAINTS,
				CHECK (model = %s), CHECK (vector_dims(embedding) = %d))`, m.table(), pq.QuoteLiteral(name), dimensions),
			fmt.Sprintf(`ALTER TABLE rag_vectors ATTACH PARTITION %s FOR VALUES IN (%s)`, m.table(), pq.QuoteLiteral(name)),
			fmt.Sprintf(`CREATE INDEX ON %s USING hnsw ((embedding::halfvec(%d)) halfvec_cosine_ops)
				WITH (m = %d, ef_construction = %d)`, m.table(), dimensions, hnswM, hnswEfConstruction),
		} {
			if _, err := tx.SQL.ExecContext(ctx, statement); err != nil {
				return fmt.Errorf("making the partition of %s: %w", name, err)
			}
		}
		_, err := tx.SQL.ExecContext(ctx,
			`INSERT INTO rag_models (model, dimensions, partition_name) VALUES ($1, $2, $3)`, name, dimensions, m.partition)
		if err != nil {
			return fmt.Errorf("registering the model %s: %w", name, err)
		}
		return nil
	})
	return m, err
}

var notInNames = regexp.MustCompile(`[^a-z0-9]+`)

// partitionName is readable, and of its own for each model.
func partitionName(model string) string {
	readable := strings.Trim(notInNames.ReplaceAllString(strings.ToLower(model), "_"), "_")
	return "rag_vectors_" + readable[:min(len(readable), 32)] + "_" + hex.EncodeToString(hashOf(model)[:4])
}

// ModelStatus is how far one embedding model has come.
type ModelStatus struct {
	Model      string
	Dimensions int
	Chunks     int  // that the index has, for every model the same
	Embedded   int  // of these, how many have a current vector of this model
	Serving    bool // it is the model that this Index searches with
}

// Status tells for each model that was ever used, and for the embedder's, how much is embedded;
// ordered by name.
func (x *Index) Status(ctx context.Context) ([]ModelStatus, error) {
	var all []ModelStatus
	rows, err := x.db.SQL.QueryContext(ctx, `
		WITH named AS (
		  SELECT model, dimensions FROM rag_models
		  UNION ALL
		  SELECT $1, $2 WHERE NOT EXISTS (SELECT FROM rag_models WHERE model = $1)
		)
		SELECT n.model, n.dimensions, (SELECT count(*) FROM rag_chunks),
		       (SELECT count(*) FROM rag_vectors v JOIN rag_chunks c ON c.id = v.chunk_id AND c.hash = v.hash
		        WHERE v.model = n.model)
		FROM named n ORDER BY n.model COLLATE "C"`, x.embedder.Model(), x.embedder.Dimensions())
	if err != nil {
		return nil, fmt.Errorf("rag: counting vectors: %w", err)
	}
	err = each(rows, func() error {
		var s ModelStatus
		if err := rows.Scan(&s.Model, &s.Dimensions, &s.Chunks, &s.Embedded); err != nil {
			return err
		}
		s.Serving = s.Model == x.embedder.Model()
		all = append(all, s)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("rag: counting vectors: %w", err)
	}
	return all, nil
}
