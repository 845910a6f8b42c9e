package rag

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/pgvector/pgvector-go"
)

// scan is a way to the nearest vectors.
type scan int

const (
	scanChosen scan = iota // by the filter's estimated selectivity
	scanExact              // all vectors that the filter keeps
	scanIndex              // HNSW, filtering on the way
)

// An exact scan costs about 2 ms per 1 000 vectors, an index scan about 5 ms however many there are,
// and the more the fewer of them the filter keeps. Exact is therefore taken for few vectors and for
// a small share of many.
const (
	exactRows  = 2500
	exactShare = 0.05
)

// dense gives the documents whose best chunk is nearest to the vector by cosine. The exact scan
// returns all that exist, up to the pool. The index scan may end early; when it returns fewer than
// the pool, the exact scan decides what exists: a filter never costs results.
func (x *Index) dense(ctx context.Context, q querier, query Query, m model) ([]scored, error) {
	way := x.scan
	if way == scanChosen {
		var err error
		if way, err = choose(ctx, q, query, m); err != nil {
			return nil, err
		}
	}
	if way == scanIndex {
		list, err := x.denseByIndex(ctx, q, query, m)
		if err != nil || len(list) == pool {
			return list, err
		}
	}
	var a arguments
	vector := a.add(pgvector.NewHalfVector(query.Vector).String())
	text := fmt.Sprintf(`
		WITH near AS MATERIALIZED (
		  SELECT c.document_id, c.ordinal, 1 - (%s) AS score
		  FROM %s v
		  JOIN rag_chunks c ON c.id = v.chunk_id AND c.hash = v.hash
		  JOIN rag_documents d ON d.id = c.document_id
		  WHERE `, m.distance("v.embedding", vector), m.table()) + query.where(&a) + bestOfNear
	list, err := candidates(ctx, q, text, a)
	if err != nil {
		return nil, fmt.Errorf("searching by meaning: %w", err)
	}
	return list, nil
}

// bestOfNear keeps the best chunk of each document.
var bestOfNear = fmt.Sprintf(`
	), best AS (
	  SELECT DISTINCT ON (document_id) document_id, ordinal, score FROM near ORDER BY document_id, score DESC, ordinal
	)
	SELECT document_id, ordinal, score FROM best ORDER BY score DESC, document_id LIMIT %d`, pool)

// denseByIndex goes through the HNSW index and on (iterative scan) until enough chunks have passed
// the filter. q is a transaction: the settings end with it. Twice the pool leaves room for documents
// of several chunks.
func (x *Index) denseByIndex(ctx context.Context, q querier, query Query, m model) ([]scored, error) {
	for _, setting := range []string{
		`SET LOCAL hnsw.ef_search = 200`,
		`SET LOCAL hnsw.iterative_scan = 'relaxed_order'`,
	} {
		if _, err := q.ExecContext(ctx, setting); err != nil {
			return nil, fmt.Errorf("preparing an index scan: %w", err)
		}
	}
	if x.scan == scanIndex { // a test: the planner would rightly sort so few rows
		if _, err := q.ExecContext(ctx, `SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off;
			SET LOCAL enable_mergejoin = off; SET LOCAL enable_sort = off; SET LOCAL enable_bitmapscan = off`); err != nil {
			return nil, fmt.Errorf("preparing an index scan: %w", err)
		}
	}
	var a arguments
	distance := m.distance("v.embedding", a.add(pgvector.NewHalfVector(query.Vector).String()))
	text := fmt.Sprintf(`
		WITH near AS MATERIALIZED (
		  SELECT c.document_id, c.ordinal, 1 - (%s) AS score
		  FROM %s v
		  JOIN rag_chunks c ON c.id = v.chunk_id AND c.hash = v.hash
		  JOIN rag_documents d ON d.id = c.document_id
		  WHERE `, distance, m.table()) + query.where(&a) +
		fmt.Sprintf(` ORDER BY %s LIMIT %d`, distance, 2*pool) + bestOfNear
	list, err := candidates(ctx, q, text, a)
	if err != nil {
		return nil, fmt.Errorf("searching by meaning with the index: %w", err)
	}
	return list, nil
}

// choose estimates how many vectors the filter keeps, as the planner does. A wrong estimate costs
// time and nothing else.
func choose(ctx context.Context, q querier, query Query, m model) (scan, error) {
	if m.rows >= 0 && m.rows <= exactRows {
		return scanExact, nil
	}
	all, err := estimate(ctx, q, `SELECT FROM `+m.table(), nil)
	if err != nil {
		return scanChosen, err
	}
	if all <= exactRows {
		return scanExact, nil
	}
	var a arguments
	kept, err := estimate(ctx, q,
		`SELECT FROM rag_chunks c JOIN rag_documents d ON d.id = c.document_id WHERE `+query.where(&a), a)
	if err != nil {
		return scanChosen, err
	}
	if kept <= exactRows || kept <= exactShare*all {
		return scanExact, nil
	}
	return scanIndex, nil
}

// estimate is how many rows the planner expects of a statement.
func estimate(ctx context.Context, q querier, text string, a arguments) (float64, error) {
	var plan []byte
	if err := q.QueryRowContext(ctx, `EXPLAIN (FORMAT JSON) `+text, a...).Scan(&plan); err != nil {
		return 0, fmt.Errorf("estimating what a filter keeps: %w", err)
	}
	var explained []struct {
		Plan struct {
			Rows float64 `json:"Plan Rows"`
		}
	}
	if err := json.Unmarshal(plan, &explained); err != nil || len(explained) != 1 {
		return 0, fmt.Errorf("estimating what a filter keeps: the plan is not understood: %w", err)
	}
	return explained[0].Plan.Rows, nil
}
