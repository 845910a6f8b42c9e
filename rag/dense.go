package rag

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/lib/pq"
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

// leastEf is how many candidates HNSW holds at least: recall@10 of 0.997 on 100 000 sentences was
// measured with it.
const leastEf = 200

// settings are those of a search's transaction and end with it. The planner is told that the index is
// in memory, and plans every statement for its values, on which the way depends; statements of
// milliseconds gain nothing by workers and compilation.
const settings = `SET LOCAL random_page_cost = 1.1; SET LOCAL jit = off; SET LOCAL max_parallel_workers_per_gather = 0;
	SET LOCAL plan_cache_mode = force_custom_plan;
	SET LOCAL hnsw.iterative_scan = 'relaxed_order'; SET LOCAL hnsw.ef_search = `

// chunksFor is how many chunks are fetched for so many documents: some documents have several.
func chunksFor(documents int) int { return documents + max(10, documents/4) }

// mostEf is pgvector's bound.
const mostEf = 1000

// efFor is how many candidates HNSW holds so that the first round likely brings enough chunks through a
// filter that keeps this share: a second round costs more than a larger first one.
func efFor(documents int, share float64) int {
	chunks := float64(chunksFor(documents))
	if share < 1 {
		chunks *= 1.3 / share
	}
	return min(mostEf, max(leastEf, int(chunks)))
}

// dense gives the documents whose best chunk is nearest to the vector by cosine, so many as there are
// up to want. The index scan may end early, and many of its chunks may be of few documents; then it
// goes farther once, and then the exact scan decides what exists: a filter never costs results.
func (x *Index) dense(ctx context.Context, q querier, query Query, m model, way scan, want int) ([]scored, error) {
	if way == scanIndex {
		for _, chunks := range []int{chunksFor(want), 8 * chunksFor(want)} {
			list, near, err := x.denseByIndex(ctx, q, query, m, want, chunks)
			if err != nil || len(list) == want {
				return list, err
			}
			if near < chunks {
				break // the index gives no more
			}
		}
	}
	var a arguments
	text := exactly(query, m, want, &a)
	list, _, err := candidates(ctx, q, text, a)
	if err != nil {
		return nil, fmt.Errorf("searching by meaning: %w", err)
	}
	return list, nil
}

// from narrows chunks c to those that are compared with the vector.
func (q Query) from(a *arguments) string {
	text := q.narrow(a)
	if q.firsts {
		text += " AND c.ordinal = 0"
	}
	return text
}

// exactly compares all vectors that the filter keeps. What is kept is found first, so that a narrow
// filter reads few vectors, and in the order in which they lie.
func exactly(query Query, m model, want int, a *arguments) string {
	return fmt.Sprintf(`
		WITH kept AS MATERIALIZED (
		  SELECT c.id, c.document_id, c.ordinal, c.hash FROM rag_chunks c %s ORDER BY c.id
		), near AS MATERIALIZED (
		  SELECT k.document_id, k.ordinal, 1 - (%s) AS score
		  FROM kept k JOIN %s v ON v.chunk_id = k.id WHERE %s`,
		query.from(a), "v.embedding <=> "+a.add(pgvector.NewHalfVector(query.Vector).String())+"::halfvec", // no index, no need of its cast
		m.table(), current("k.hash")) + bestOfNear(want)
}

// current is the condition that a vector v is of the text as it is now. The planner takes two columns
// that always match together for independent, and would expect one row of a join by id and hash; of a
// CASE it expects half.
func current(hash string) string { return "CASE WHEN v.hash = " + hash + " THEN true ELSE false END" }

// bestOfNear keeps the best chunk of each document, and says how many chunks there were.
func bestOfNear(want int) string {
	return fmt.Sprintf(`
	), best AS (
	  SELECT DISTINCT ON (document_id) document_id, ordinal, score FROM near ORDER BY document_id, score DESC, ordinal
	)
	SELECT document_id, ordinal, score, (SELECT count(*) FROM near) FROM best ORDER BY score DESC, document_id LIMIT %d`, want)
}

// denseByIndex goes through the HNSW index and on (iterative scan) until enough chunks have passed
// the filter. q is a transaction: the settings end with it.
func (x *Index) denseByIndex(ctx context.Context, q querier, query Query, m model, want, chunks int) (list []scored, near int, err error) {
	if x.scan == scanIndex { // a test: the planner would rightly sort so few rows
		if _, err := q.ExecContext(ctx, `SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off;
			SET LOCAL enable_mergejoin = off; SET LOCAL enable_sort = off; SET LOCAL enable_bitmapscan = off`); err != nil {
			return nil, 0, fmt.Errorf("preparing an index scan: %w", err)
		}
	}
	var a arguments
	text := byIndex(query, m, want, chunks, &a)
	if list, near, err = candidates(ctx, q, text, a); err != nil {
		return nil, 0, fmt.Errorf("searching by meaning with the index: %w", err)
	}
	return list, near, nil
}

// byIndex filters each vector on the way, by a subquery that the planner cannot turn into a join: of a
// join it would expect few rows, and sort all vectors instead of going through the index.
func byIndex(query Query, m model, want, chunks int, a *arguments) string {
	distance := m.distance("v.embedding", a.add(pgvector.NewHalfVector(query.Vector).String()))
	return fmt.Sprintf(`
		WITH nearest AS MATERIALIZED (
		  SELECT v.chunk_id, %[1]s AS distance FROM %[2]s v
		  WHERE coalesce((SELECT %[3]s FROM rag_chunks c %[4]s AND c.id = v.chunk_id), false)
		  ORDER BY %[1]s LIMIT %[5]d
		), near AS MATERIALIZED (
		  SELECT c.document_id, c.ordinal, 1 - n.distance AS score FROM nearest n JOIN rag_chunks c ON c.id = n.chunk_id`,
		distance, m.table(), current("c.hash"), query.from(a), chunks) + bestOfNear(want)
}

// choose estimates how many vectors the filter keeps, as the planner does, and gives the way to the
// nearest of them and the share that is kept. A wrong estimate costs time and nothing else.
func choose(ctx context.Context, q querier, query Query, m model) (way scan, share float64, err error) {
	all := m.rows
	if all < 0 { // before the first ANALYZE
		if all, err = estimate(ctx, q, `SELECT FROM `+m.table(), nil); err != nil {
			return scanChosen, 0, err
		}
	}
	if all <= exactRows {
		return scanExact, 1, nil
	}
	var kept float64
	if query.byClass() {
		share, err = shareOf(ctx, q, query.Reader)
		kept = share * all
	} else {
		var a arguments
		kept, err = estimate(ctx, q, `SELECT FROM rag_chunks c `+query.from(&a), a)
		share = min(1, max(kept, 1)/all)
	}
	if err != nil {
		return scanChosen, 0, err
	}
	if kept <= exactRows || share <= exactShare {
		return scanExact, share, nil
	}
	return scanIndex, share, nil
}

// shareOf is the share of chunks that are of the classes of which the reader may read anything.
func shareOf(ctx context.Context, q querier, reader Reader) (share float64, err error) {
	err = q.QueryRowContext(ctx, `
		SELECT coalesce(sum(chunks) FILTER (WHERE visibility = ANY($1::text[])), 0)::float8 / coalesce(nullif(sum(chunks), 0), 1)::float8
		FROM rag_length_deltas`, pq.Array(stringsOf(reader.classes()))).Scan(&share)
	if err != nil {
		return 0, fmt.Errorf("looking for how much the reader may read: %w", err)
	}
	return share, nil
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
