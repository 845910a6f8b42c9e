package rag

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/google/uuid"
	"github.com/lib/pq"
	"github.com/pgvector/pgvector-go"

	"github.com/rubrica/rubrica/internal/database"
)

const (
	// neighbours is how many each document has.
	neighbours = 5
	// nearBy is how many documents are looked at to choose them from.
	nearBy = 20
	// linkEf is HNSW's ef_search while neighbours are looked for.
	linkEf = 80
	// linkTerms and linkPostings bound the words by which documents like one are looked for.
	linkTerms    = 32
	linkPostings = 2_000
	// leastSimilarity keeps every voice above 0.
	leastSimilarity = 0.01
	// linkBatch is how many documents one transaction gives their neighbours.
	linkBatch = 200
	// linkLimit is how many documents one Refresh gives their neighbours.
	linkLimit = 1000
)

// linksOf reads which hits are neighbours of which.
func linksOf(ctx context.Context, q querier, hits []Hit) ([]link, error) {
	ids := make([]string, len(hits))
	for i, h := range hits {
		ids[i] = h.DocumentID.String()
	}
	rows, err := q.QueryContext(ctx, `
		WITH hits AS MATERIALIZED (SELECT * FROM unnest($1::uuid[]) WITH ORDINALITY AS h (id, place))
		SELECT f.place - 1, coalesce(t.place, 0) - 1, n.similarity
		FROM hits f JOIN rag_neighbours n ON n.document_id = f.id LEFT JOIN hits t ON t.id = n.neighbour_id
		ORDER BY f.place, n.neighbour_id`, pq.Array(ids))
	if err != nil {
		return nil, fmt.Errorf("reading the neighbours of what was found: %w", err)
	}
	var links []link
	err = database.Each(rows, func() error {
		var l link
		if err := rows.Scan(&l.from, &l.to, &l.similarity); err != nil {
			return err
		}
		links = append(links, l)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the neighbours of what was found: %w", err)
	}
	return links, nil
}

// Link gives up to limit documents their neighbours: the documents of the same kind and the same class
// of visibility that are most like them. It takes those that have none yet, whose text or model has
// changed, that have lost a neighbour, or that a nearer document has come to. It tells how many it did;
// 0 means that all is done, or that another process is at it. A call that fails or is stopped leaves
// what it has done, and the next goes on.
//
// An essay has no neighbours and is none: who else wrote what would show in the order of what is found.
//
// What is most like a document is what a search for it finds: by the vector of its first chunk, which
// has its title and its beginning, among the first chunks of others, and by its linkTerms rarest words,
// fused. A new document makes those of the nearBy documents nearest to it look again that have a neighbour
// whose vector is farther; that it is nearer to others by words alone they find out when they are linked
// for another reason. So the cost of a change is bounded.
func (x *Index) Link(ctx context.Context, limit int) (int, error) {
	m, ok, err := x.findModel(ctx, x.db.SQL)
	if err != nil || !ok {
		return 0, err
	}
	pending, err := waiting(ctx, x.db.SQL, m, limit)
	if err != nil {
		return 0, fmt.Errorf("rag: %w", err)
	}
	linked := 0
	for from := 0; from < len(pending); from += linkBatch {
		batch := pending[from:min(from+linkBatch, len(pending))]
		free, err := x.linkThese(ctx, m, batch)
		if err != nil {
			return linked, fmt.Errorf("rag: %w", err)
		}
		if !free {
			break // another process is at it
		}
		linked += len(batch)
	}
	return linked, nil
}

// unlinked is a document that waits for its neighbours.
type unlinked struct {
	id         uuid.UUID
	kind       Kind
	visibility Visibility
	chunk      int64 // its first
	hash       []byte
	vector     pgvector.HalfVector
	changed    bool // its text or model is another than its neighbours were chosen by; others may want it now
}

// waiting gives up to limit documents that wait for neighbours.
func waiting(ctx context.Context, q querier, m model, limit int) (ids []string, err error) {
	rows, err := q.QueryContext(ctx, fmt.Sprintf(`
		SELECT d.id
		FROM rag_documents d
		JOIN rag_chunks c ON c.document_id = d.id AND c.ordinal = 0
		JOIN %s v ON v.chunk_id = c.id AND v.hash = c.hash
		LEFT JOIN rag_linked l ON l.document_id = d.id
		WHERE d.visibility <> $1 AND (l.document_id IS NULL OR l.stale OR l.hash <> c.hash OR l.model <> $2)
		ORDER BY coalesce(l.stale, false), d.id LIMIT $3`, m.table()), VisibilityOwner, m.name, limit)
	if err != nil {
		return nil, fmt.Errorf("looking for documents without neighbours: %w", err)
	}
	err = database.Each(rows, func() error {
		var id string
		if err := rows.Scan(&id); err != nil {
			return err
		}
		ids = append(ids, id)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("looking for documents without neighbours: %w", err)
	}
	return ids, nil
}

// linkThese gives the documents of a batch their neighbours, unless another process is at it.
func (x *Index) linkThese(ctx context.Context, m model, ids []string) (free bool, err error) {
	err = x.db.InTx(ctx, func(tx *database.Tx) error {
		if free, err = tryLock(ctx, tx.SQL, neighboursLock); err != nil || !free {
			return err
		}
		if _, err := tx.SQL.ExecContext(ctx, settings+strconv.Itoa(linkEf)); err != nil {
			return fmt.Errorf("preparing to look for neighbours: %w", err)
		}
		seen, err := newestChunk(ctx, tx.SQL)
		if err != nil {
			return err
		}
		batch, err := unlinkedOf(ctx, tx.SQL, m, ids)
		if err != nil {
			return err
		}
		near, err := x.alike(ctx, tx.SQL, m, batch)
		if err != nil {
			return err
		}
		matching, err := alikeByWords(ctx, tx.SQL, batch)
		if err != nil {
			return err
		}
		return writeLinks(ctx, tx.SQL, m, seen, batch, near, matching)
	})
	return free, err
}

func unlinkedOf(ctx context.Context, q querier, m model, ids []string) (batch []unlinked, err error) {
	rows, err := q.QueryContext(ctx, fmt.Sprintf(`
		SELECT d.id, d.kind, d.visibility, c.id, c.hash, v.embedding,
		       l.document_id IS NULL OR l.hash <> c.hash OR l.model <> $2
		FROM rag_documents d
		JOIN rag_chunks c ON c.document_id = d.id AND c.ordinal = 0
		JOIN %s v ON v.chunk_id = c.id AND v.hash = c.hash
		LEFT JOIN rag_linked l ON l.document_id = d.id
		WHERE d.id = ANY($1::uuid[]) ORDER BY d.id`, m.table()), pq.Array(ids), m.name)
	if err == nil {
		err = database.Each(rows, func() error {
			var u unlinked
			if err := rows.Scan(&u.id, &u.kind, &u.visibility, &u.chunk, &u.hash, &u.vector, &u.changed); err != nil {
				return err
			}
			batch = append(batch, u)
			return nil
		})
	}
	if err != nil {
		return nil, fmt.Errorf("reading documents without neighbours: %w", err)
	}
	return batch, nil
}

// alike gives for each document of a batch the documents of its kind and class with the nearest
// chunks, by cosine.
func (x *Index) alike(ctx context.Context, q querier, m model, batch []unlinked) ([][]scored, error) {
	list := make([][]scored, len(batch))
	ways := map[Kind]scan{}
	for i, u := range batch {
		query := u.query()
		way, known := ways[u.kind]
		if !known {
			var err error
			if way, _, err = choose(ctx, q, query, m); err != nil {
				return nil, err
			}
			ways[u.kind] = way
		}
		found, err := x.dense(ctx, q, query, m, way, nearBy+1)
		if err != nil {
			return nil, err
		}
		list[i] = u.others(found)
	}
	return list, nil
}

// query asks for what is like the document.
func (u unlinked) query() Query {
	return Query{Vector: u.vector.Slice(), Kinds: []Kind{u.kind}, class: u.visibility, firsts: true, Reader: Reader{System: true}}
}

// others are the documents but for this one.
func (u unlinked) others(list []scored) []scored {
	list = slices.DeleteFunc(list, func(s scored) bool { return s.document == u.id })
	return list[:min(len(list), nearBy)]
}

// alikeByWords gives for each document of a batch the documents of its kind and class that have its
// rarest words, by BM25.
func alikeByWords(ctx context.Context, q querier, batch []unlinked) ([][]scored, error) {
	list := make([][]scored, len(batch))
	of, all, err := termsOf(ctx, q, batch)
	if err != nil {
		return nil, err
	}
	c, err := frequencies(ctx, q, Reader{System: true}, all)
	if err != nil {
		return nil, err
	}
	for i, u := range batch {
		if len(of[u.chunk]) == 0 {
			continue
		}
		query := u.query()
		terms := c.weigh(words{lexemes: of[u.chunk]})
		terms = terms[:min(len(terms), linkTerms)]
		terms = terms[:affordable(terms, linkPostings)]
		found, complete, err := byWords(ctx, q, query, terms, c.average, 4*nearBy, nearBy+1)
		if err == nil && !complete && len(found) <= nearBy {
			found, _, err = byWords(ctx, q, query, terms, c.average, 0, nearBy+1)
		}
		if err != nil {
			return nil, err
		}
		list[i] = u.others(found)
	}
	return list, nil
}

// termsOf gives the terms of each document's first chunk, and all of them, in their order.
func termsOf(ctx context.Context, q querier, batch []unlinked) (of map[int64][]string, all []string, err error) {
	chunks := make([]int64, len(batch))
	for i, u := range batch {
		chunks[i] = u.chunk
	}
	of = map[int64][]string{}
	rows, err := q.QueryContext(ctx,
		`SELECT chunk_id, term FROM rag_postings WHERE chunk_id = ANY($1::bigint[]) ORDER BY term, chunk_id`, pq.Array(chunks))
	if err != nil {
		return nil, nil, fmt.Errorf("reading the words of documents: %w", err)
	}
	err = database.Each(rows, func() error {
		var chunk int64
		var lexeme string
		if err := rows.Scan(&chunk, &lexeme); err != nil {
			return err
		}
		of[chunk] = append(of[chunk], lexeme)
		all = append(all, lexeme)
		return nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("reading the words of documents: %w", err)
	}
	return of, slices.Compact(all), nil
}

// writeLinks writes what was found, for the documents that are still there.
func writeLinks(ctx context.Context, q querier, m model, seen int64, batch []unlinked, near, matching [][]scored) error {
	var all, documents, others, changed []string
	var similarities []float64
	var hashes pq.ByteaArray
	var entered []string
	var chunks, since []int64
	var by []float64
	for i, u := range batch {
		all, hashes = append(all, u.id.String()), append(hashes, u.hash)
		for _, s := range chosen(near[i], matching[i]) {
			documents, others = append(documents, u.id.String()), append(others, s.document.String())
			similarities = append(similarities, s.score)
		}
		if u.changed {
			changed, chunks = append(changed, u.id.String()), append(chunks, u.chunk)
			for _, s := range near[i] {
				entered, by = append(entered, s.document.String()), append(by, s.score)
				since = append(since, u.chunk)
			}
		}
	}
	for _, step := range []struct {
		text string
		args []any
	}{
		// Who had a changed document for a neighbour, or would have it now, looks again.
		{`UPDATE rag_linked l SET stale = true WHERE NOT stale AND document_id IN (
		    SELECT n.document_id FROM unnest($1::uuid[], $2::bigint[]) AS c (id, chunk)
		    JOIN rag_neighbours n ON n.neighbour_id = c.id
		    JOIN rag_linked o ON o.document_id = n.document_id AND o.seen < c.chunk
		    UNION
		    SELECT e.entered FROM unnest($3::uuid[], $4::real[], $5::bigint[]) AS e (entered, similarity, chunk)
		    JOIN rag_linked o ON o.document_id = e.entered AND o.seen < e.chunk
		    WHERE e.similarity > (SELECT coalesce(min(n.similarity), 0) FROM rag_neighbours n WHERE n.document_id = e.entered))`,
			[]any{pq.Array(changed), pq.Array(chunks), pq.Array(entered), pq.Array(by), pq.Array(since)}},
		{`DELETE FROM rag_neighbours WHERE document_id = ANY($1::uuid[])`, []any{pq.Array(all)}},
		{`INSERT INTO rag_neighbours (document_id, neighbour_id, similarity)
		  SELECT d.id, o.id, n.similarity
		  FROM unnest($1::uuid[], $2::uuid[], $3::real[]) AS n (document, other, similarity)
		  JOIN rag_documents d ON d.id = n.document JOIN rag_documents o ON o.id = n.other AND o.visibility = d.visibility
		  ORDER BY d.id, o.id FOR KEY SHARE`,
			[]any{pq.Array(documents), pq.Array(others), pq.Array(similarities)}},
		{`INSERT INTO rag_linked (document_id, model, hash, seen, stale)
		  SELECT d.id, $1, n.hash, $4, false
		  FROM unnest($2::uuid[], $3::bytea[]) AS n (document, hash) JOIN rag_documents d ON d.id = n.document
		  ORDER BY d.id FOR KEY SHARE OF d
		  ON CONFLICT (document_id) DO UPDATE SET model = excluded.model, hash = excluded.hash, seen = excluded.seen, stale = false`,
			[]any{m.name, pq.Array(all), hashes, seen}},
	} {
		if _, err := q.ExecContext(ctx, step.text, step.args...); err != nil {
			return fmt.Errorf("writing neighbours: %w", err)
		}
	}
	return nil
}

// chosen are the neighbours among the documents that are like one: the first as the search would fuse
// them. What each one's voice weighs is its cosine; one that only the words have found has that of the
// last that the vectors have found.
func chosen(near, matching []scored) []scored {
	hits := fuse(near, matching)
	list := make([]scored, min(len(hits), neighbours))
	for i := range list {
		similarity := hits[i].DenseScore
		if hits[i].DenseRank == 0 && len(near) > 0 {
			similarity = near[len(near)-1].score
		}
		list[i] = scored{document: hits[i].DocumentID, score: max(similarity, leastSimilarity)}
	}
	return list
}
