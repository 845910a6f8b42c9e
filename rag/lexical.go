package rag

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/lib/pq"

	"github.com/rubrica/rubrica/internal/database"
)

// Parameters of BM25: how soon more occurrences of a term stop to count, and how much a long chunk
// is held against it. They are the ones that the literature settles on.
const (
	bm25K1 = 1.2
	bm25B  = 0.75
)

// exact is what addends are multiplied by before they are rounded to whole numbers, whose sum is exact.
const exact = 1 << 30

// mostPostings is how many postings a search reads at first. A query that has more, such as an essay
// of a thousand words, is searched for by its rarest terms; the others weigh next to nothing.
const mostPostings = 20_000

// leastTerms are searched for however common they are: of a short query every word counts.
const leastTerms = 4

// term is a lexeme that is searched for, with what an occurrence of it is worth.
type term struct {
	lexeme string
	chunks int64   // n(t)
	weight float64 // above 0
}

// words are the lexemes of a text, as to_tsvector makes them for English, and the terms that synonyms
// add to them. Stop words have no lexeme.
type words struct {
	lexemes []string
	added   []addition
}

// terms are the distinct lexemes of a text.
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

// collection is what BM25 knows of all chunks that count for a reader.
type collection struct {
	chunks  float64            // N
	average float64            // of the chunks' lengths
	having  map[string]float64 // n(t)
}

// idf is Lucene's inverse document frequency, which is never negative.
func (c *collection) idf(lexeme string) float64 {
	n := c.having[lexeme]
	return math.Log(1 + (max(c.chunks, n)-n+0.5)/(n+0.5))
}

// frequencies reads the frequencies of lexemes in the classes that the reader may read as a whole. What
// others wrote for themselves is never counted, not even for those who may read some of it: N and n(t)
// over private texts would tell what stands in those that the reader may not read. A private text that
// is found is thus scored by the frequencies of public ones.
func frequencies(ctx context.Context, q querier, reader Reader, lexemes []string) (*collection, error) {
	c := &collection{having: map[string]float64{}}
	rows, err := q.QueryContext(ctx, `
		SELECT w.term, (SELECT coalesce(sum(d.chunks), 0)::float8 FROM rag_term_deltas d
		                WHERE d.term = w.term COLLATE "C" AND d.visibility = ANY($2::text[])),
		       e.chunks, e.average
		FROM unnest($1::text[]) AS w (term), (
		  SELECT coalesce(sum(chunks), 0)::float8 AS chunks, coalesce(sum(length)::float8 / nullif(sum(chunks), 0)::float8, 0) AS average
		  FROM rag_length_deltas WHERE visibility = ANY($2::text[])) e`,
		pq.Array(lexemes), pq.Array(stringsOf(reader.whole())))
	if err == nil {
		err = database.Each(rows, func() error {
			var lexeme string
			var n float64
			if err := rows.Scan(&lexeme, &n, &c.chunks, &c.average); err != nil {
				return err
			}
			c.having[lexeme] = n
			return nil
		})
	}
	if err != nil {
		return nil, fmt.Errorf("counting the words of the query: %w", err)
	}
	c.average = max(c.average, 1)
	return c, nil
}

// weigh gives the terms of a query, the rarest first. A term that a synonym adds is worth at most
// synonymShare of what the words are worth that it was added for, so that a common word such as "node"
// never brings in more than it says itself.
func (c *collection) weigh(w words) []term {
	list := make([]term, 0, len(w.lexemes)+len(w.added))
	for _, lexeme := range w.lexemes {
		list = append(list, term{lexeme, int64(c.having[lexeme]), c.idf(lexeme)})
	}
	for _, a := range w.added {
		var written float64
		for _, lexeme := range a.written {
			written = max(written, c.idf(lexeme))
		}
		weight := synonymShare * min(c.idf(a.lexeme), written) * a.share
		list = append(list, term{a.lexeme, int64(c.having[a.lexeme]), weight})
	}
	slices.SortFunc(list, func(a, b term) int {
		return cmp.Or(cmp.Compare(a.chunks, b.chunks), cmp.Compare(a.lexeme, b.lexeme))
	})
	return list
}

// affordable is how many of the terms, from the rarest on, have that many postings together, or how
// many there have to be.
func affordable(list []term, postings int64) int {
	var sum int64
	for i, t := range list {
		if sum += t.chunks; sum > postings && i >= leastTerms {
			return i
		}
	}
	return len(list)
}

// lexical gives the documents whose best chunk scores highest by BM25 (Robertson and Zaragoza, The
// Probabilistic Relevance Framework: BM25 and Beyond, 2009, section 3), with the inverse document
// frequency of Lucene, which is never negative:
//
//	score(chunk) = Σ over the distinct terms t of the query that the chunk contains
//	    ln(1 + (N - n(t) + 0.5) / (n(t) + 0.5)) · tf·(k1 + 1) / (tf + k1·(1 - b + b·length/average))
//
// k1 = 1.2, b = 0.75; N counts the chunks of the classes that the reader may read as a whole, n(t)
// those of them that contain t, tf the occurrences of t in the chunk; length counts the occurrences of
// all its lexemes, and average is the mean of that. A term that the query repeats counts once; one that
// synonyms add counts less (weigh). N, n(t) and average are not narrowed by filters. Addends are
// rounded to 2^-30, which makes their sum exact in whatever order Postgres adds them: the same index
// gives the same score to the last bit.
func lexical(ctx context.Context, q querier, query Query, w words, share float64) ([]scored, error) {
	if len(w.lexemes) == 0 {
		return nil, nil
	}
	all := slices.Clone(w.lexemes)
	for _, a := range w.added {
		all = append(all, a.lexeme)
		all = append(all, a.written...)
	}
	slices.Sort(all)
	c, err := frequencies(ctx, q, query.Reader, slices.Compact(all))
	if err != nil {
		return nil, err
	}
	list := c.weigh(w)
	few := list[:affordable(list, mostPostings)]
	if share >= rankFirst {
		found, complete, err := byWords(ctx, q, query, few, c.average, int(math.Ceil(2*pool/share)), pool)
		if err != nil || complete && len(few) == len(list) || len(found) == pool {
			return found, err
		}
	}
	found, _, err := byWords(ctx, q, query, few, c.average, 0, pool)
	if err == nil && len(found) < pool && len(few) < len(list) {
		found, _, err = byWords(ctx, q, query, list, c.average, 0, pool)
	}
	return found, err
}

// rankFirst is the share of documents from which on chunks are ranked first and filtered then. Below
// it, what the filter keeps is read first.
const rankFirst = 0.25

// byWords ranks the chunks by their terms. With first > 0 it filters the first so many, and tells
// whether these were all; with 0 it ranks what the filter keeps. It gives up to want documents.
func byWords(ctx context.Context, q querier, query Query, list []term, average float64, first, want int) (found []scored, complete bool, err error) {
	lexemes, weights := make([]string, len(list)), make([]float64, len(list))
	for i, t := range list {
		lexemes[i], weights[i] = t.lexeme, t.weight*(bm25K1+1)*exact
	}
	var a arguments
	names, values, slope := a.add(pq.Array(lexemes)), a.add(pq.Array(weights)), a.add(bm25K1*bm25B/average)
	classes := a.add(pq.Array(stringsOf(query.Reader.classes())))
	// Where nothing but a class is asked for, the postings have it already: chunks are not narrowed.
	narrowed, kept, limit := "", "", ""
	if !query.byClass() {
		narrowed = query.narrow(&a)
	}
	if first > 0 {
		limit = fmt.Sprintf("ORDER BY score DESC, chunk_id LIMIT %d", first)
	} else if narrowed != "" {
		kept = "AND p.chunk_id IN (SELECT c.id FROM rag_chunks c " + narrowed + ")"
	}
	text := fmt.Sprintf(`
		WITH weights AS MATERIALIZED (
		  SELECT * FROM unnest(%[1]s::text[], %[2]s::float8[]) AS w (term, weight)
		), ranked AS MATERIALIZED (
		  SELECT p.chunk_id, sum(round(w.weight * p.tf / (p.tf + %[3]v + %[4]s::float8 * p.length))) AS score
		  FROM rag_postings p JOIN weights w ON w.term COLLATE "C" = p.term
		  WHERE p.term = ANY(%[1]s::text[]) AND p.visibility = ANY(%[5]s::text[]) %[6]s
		  GROUP BY p.chunk_id %[7]s
		), best AS (
		  SELECT DISTINCT ON (c.document_id) c.document_id, c.ordinal, r.score
		  FROM ranked r JOIN rag_chunks c ON c.id = r.chunk_id %[8]s
		  ORDER BY c.document_id, r.score DESC, c.ordinal
		)
		SELECT document_id, ordinal, score / %[9]v, (SELECT count(*) FROM ranked) FROM best ORDER BY score DESC, document_id LIMIT %[10]d`,
		names, values, float(bm25K1*(1-bm25B)), slope, classes, kept, limit, narrowed, float(exact), want)
	found, ranked, err := candidates(ctx, q, text, a)
	if err != nil {
		return nil, false, fmt.Errorf("searching by words: %w", err)
	}
	return found, first == 0 || len(found) > 0 && ranked < first, nil
}

// float writes a number into a statement.
func float(v float64) string { return fmt.Sprintf("%v::float8", v) }
