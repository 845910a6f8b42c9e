package rag

import (
	"context"
	"fmt"

	"github.com/lib/pq"
)

// Parameters of BM25: how soon more occurrences of a term stop to count, and how much a long chunk
// is held against it. They are the ones that the literature settles on.
const (
	bm25K1 = 1.2
	bm25B  = 0.75
)

// terms are the distinct lexemes of a text, as to_tsvector makes them for English. Stop words have
// none.
func terms(ctx context.Context, q querier, text string) ([]string, error) {
	if text == "" {
		return nil, nil
	}
	var lexemes []string
	err := q.QueryRowContext(ctx,
		`SELECT tsvector_to_array(to_tsvector('pg_catalog.english', $1))`, text).Scan(pq.Array(&lexemes))
	if err != nil {
		return nil, fmt.Errorf("reading the words of the query: %w", err)
	}
	return lexemes, nil
}

// lexical gives the documents whose best chunk scores highest by BM25 (Robertson and Zaragoza, The
// Probabilistic Relevance Framework: BM25 and Beyond, 2009, section 3), with the inverse document
// frequency of Lucene, which is never negative:
//
//	score(chunk) = Σ over the distinct terms t of the query that the chunk contains
//	    ln(1 + (N - n(t) + 0.5) / (n(t) + 0.5)) · tf·(k1 + 1) / (tf + k1·(1 - b + b·length/average))
//
// k1 = 1.2, b = 0.75; N counts all chunks, n(t) those that contain t, tf the occurrences of t in the
// chunk; length counts the occurrences of all its lexemes, and average is the mean of that. A term
// that the query repeats counts once. N, n(t) and average are those of the whole index and not of
// what the filter keeps. Terms are added in the order of their bytes, so that the same index gives
// the same score to the last bit.
func lexical(ctx context.Context, q querier, query Query, lexemes []string) ([]scored, error) {
	if len(lexemes) == 0 {
		return nil, nil
	}
	var a arguments
	text := fmt.Sprintf(`
		WITH matches AS MATERIALIZED (
		  SELECT term, chunk_id, tf, length FROM rag_postings WHERE term = ANY(%[1]s)
		), frequencies AS MATERIALIZED (
		  SELECT term, count(*) AS chunks FROM matches GROUP BY term
		), everything AS MATERIALIZED (
		  SELECT sum(chunks)::float8 AS chunks, sum(length)::float8 / nullif(sum(chunks), 0)::float8 AS average
		  FROM rag_length_deltas
		), weights AS MATERIALIZED (
		  SELECT f.term, e.average, ln(1 + (e.chunks - f.chunks + 0.5) / (f.chunks + 0.5)) AS idf
		  FROM frequencies f, everything e
		), summed AS (
		  SELECT m.chunk_id, sum(w.idf * m.tf * (%[2]v + 1)
		         / (m.tf + %[2]v * (1 - %[3]v + %[3]v * m.length / w.average)) ORDER BY m.term) AS score
		  FROM matches m JOIN weights w USING (term) GROUP BY m.chunk_id
		), best AS (
		  SELECT DISTINCT ON (c.document_id) c.document_id, c.ordinal, s.score
		  FROM summed s JOIN rag_chunks c ON c.id = s.chunk_id JOIN rag_documents d ON d.id = c.document_id
		  WHERE `, a.add(pq.Array(lexemes)), fmt.Sprintf("%v::float8", bm25K1), fmt.Sprintf("%v::float8", bm25B)) +
		query.where(&a) + fmt.Sprintf(`
		  ORDER BY c.document_id, s.score DESC, c.ordinal
		)
		SELECT document_id, ordinal, score FROM best ORDER BY score DESC, document_id LIMIT %d`, pool)
	list, err := candidates(ctx, q, text, a)
	if err != nil {
		return nil, fmt.Errorf("searching by words: %w", err)
	}
	return list, nil
}
