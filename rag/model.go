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

// maxDimensions is what an HNSW index on halfvec holds.
const maxDimensions = 4000

// ModelState says what the vectors of an embedding model are for.
type ModelState string

// The states. At most one model of a database is serving.
const (
	ModelBuilding ModelState = "BUILDING" // its vectors are being made; it will serve when none is missing
	ModelServing  ModelState = "SERVING"  // searches compare with its vectors
	ModelRetired  ModelState = "RETIRED"  // another took its place; nobody keeps its vectors up
)

// model is an embedding model that has a partition of rag_vectors.
type model struct {
	name       string
	partition  string
	dimensions int
	state      ModelState
	rows       float64 // as the planner knows it; -1 before the first ANALYZE
}

// table is the partition's quoted name, to be written into statements: with a parameter for the
// model in its place, the partition and its index would be chosen late or not at all.
func (m model) table() string { return pq.QuoteIdentifier(m.partition) }

// distance is the cosine distance, written as the HNSW index has it.
func (m model) distance(column, parameter string) string {
	return fmt.Sprintf("%s::halfvec(%d) <=> %s::halfvec(%d)", column, m.dimensions, parameter, m.dimensions)
}

// findModel returns the model that serves, or ok = false when nothing was ever embedded. Whether this
// process has an embedder for it is another question (embedderOf).
func (x *Index) findModel(ctx context.Context, q querier) (m model, ok bool, err error) {
	m, ok, err = readModel(ctx, q, `m.state = $1`, string(ModelServing))
	if err != nil {
		return model{}, false, fmt.Errorf("looking for the vectors that serve: %w", err)
	}
	return m, ok, nil
}

// readModel reads the model for which a condition on rag_models m is true.
func readModel(ctx context.Context, q querier, condition string, arg any) (m model, ok bool, err error) {
	err = q.QueryRowContext(ctx, `
		SELECT m.model, m.partition_name, m.dimensions, m.state, c.reltuples
		FROM rag_models m
		JOIN pg_class c ON c.relname = m.partition_name
		JOIN pg_inherits i ON i.inhrelid = c.oid AND i.inhparent = 'rag_vectors'::regclass
		WHERE `+condition, arg).Scan(&m.name, &m.partition, &m.dimensions, &m.state, &m.rows)
	if errors.Is(err, sql.ErrNoRows) {
		return model{}, false, nil
	}
	return m, err == nil, err
}

// modelOf returns the model of an embedder, if it was ever used.
func modelOf(ctx context.Context, q querier, e Embedder) (model, bool, error) {
	m, ok, err := readModel(ctx, q, `m.model = $1`, e.Model())
	if err != nil {
		return model{}, false, fmt.Errorf("looking for the vectors of %s: %w", e.Model(), err)
	}
	if ok && m.dimensions != e.Dimensions() {
		return model{}, false, fmt.Errorf("the model %s had %d dimensions and now has %d: a changed model needs another name",
			e.Model(), m.dimensions, e.Dimensions())
	}
	return m, ok, nil
}

// maintained is a model whose vectors this process makes.
type maintained struct {
	model
	embedder Embedder
}

// maintained are the models whose vectors are to be kept up: the serving one, if this process has an
// embedder for it, and then the one that is to serve.
func (x *Index) maintained(ctx context.Context) ([]maintained, error) {
	next, err := x.ensureModel(ctx)
	if err != nil {
		return nil, err
	}
	if next.state == ModelServing {
		return []maintained{{next, x.embedder}}, nil
	}
	var all []maintained
	serving, ok, err := x.findModel(ctx, x.db.SQL)
	if err != nil {
		return nil, err
	}
	if e, has := x.embedderOf(serving.name); ok && has {
		if _, _, err := modelOf(ctx, x.db.SQL, e); err != nil {
			return nil, err
		}
		all = append(all, maintained{serving, e})
	}
	if next.state == ModelRetired {
		// Most likely this is a process of the release before. That it runs must not undo the switch.
		x.log.WarnContext(ctx, "this process was given an embedding model that was retired; to go back to it, reopen it",
			"model", next.name, "serving", serving.name)
		return all, nil
	}
	return append(all, maintained{next, x.embedder}), nil
}

// ensureModel makes the partition of the embedder's model, unless it is there. The first model of a
// database serves at once; a later one is to be built up.
func (x *Index) ensureModel(ctx context.Context) (model, error) {
	m, ok, err := modelOf(ctx, x.db.SQL, x.embedder)
	if err != nil || ok {
		return m, err
	}
	name, dimensions := x.embedder.Model(), x.embedder.Dimensions()
	if name == "" || dimensions < 1 || dimensions > maxDimensions {
		return model{}, fmt.Errorf("the embedder calls itself %q and has %d dimensions; it needs a name and 1…%d dimensions",
			name, dimensions, maxDimensions)
	}
	m = model{name: name, partition: partitionName(name), dimensions: dimensions, state: ModelServing, rows: -1}
	err = x.db.InTx(ctx, func(tx *database.Tx) error {
		if err := lock(ctx, tx.SQL, modelsLock); err != nil {
			return err
		}
		if found, ok, err := modelOf(ctx, tx.SQL, x.embedder); err != nil || ok {
			m = found // another process was faster
			return err
		}
		if _, ok, err := x.findModel(ctx, tx.SQL); err != nil {
			return err
		} else if ok {
			m.state = ModelBuilding
		}
		// Attaching a finished table locks rag_vectors less than CREATE TABLE … PARTITION OF does:
		// searches in other partitions go on.
		for _, statement := range []string{
			`SET LOCAL lock_timeout = '10s'`,
			fmt.Sprintf(`CREATE TABLE %s (LIKE rag_vectors INCLUDING DEFAULTS INCLUDING CONSTRAINTS,
				CHECK (model = %s), CHECK (vector_dims(embedding) = %d))`, m.table(), pq.QuoteLiteral(name), dimensions),
			fmt.Sprintf(`ALTER TABLE rag_vectors ATTACH PARTITION %s FOR VALUES IN (%s)`, m.table(), pq.QuoteLiteral(name)),
		} {
			if _, err := tx.SQL.ExecContext(ctx, statement); err != nil {
				return fmt.Errorf("making the partition of %s: %w", name, err)
			}
		}
		_, err := tx.SQL.ExecContext(ctx, `INSERT INTO rag_models (model, dimensions, partition_name, state) VALUES ($1, $2, $3, $4)`,
			name, dimensions, m.partition, m.state)
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
