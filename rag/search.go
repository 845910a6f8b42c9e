package rag

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"

	"github.com/google/uuid"
	"github.com/lib/pq"

	"github.com/rubrica/rubrica/internal/database"
)

// Search returns the documents that fit the query best, best first; documents of equal score are
// ordered by id, so that the same index gives the same answer. It finds every document that passes
// the filters and has a vector or a word of the query, up to the limit: a filter never costs
// results. A document is found once, by its best chunk.
//
// Without vectors (none computed yet, or the embedder fails) it searches by words alone, and every
// DenseRank is 0. A text without a word to search for (empty, stop words or signs only) and without
// a vector finds nothing. Errors wrap ErrQuery when the query is at fault.
//
// Words that name a skill, or are one of its synonyms, also find the skill's other names (synonyms.go).
func (x *Index) Search(ctx context.Context, query Query) ([]Hit, error) {
	ctx = database.Keep(ctx)
	query, err := query.normalized(len(query.Vector)) // aim checks it against its model
	if err != nil {
		return nil, fmt.Errorf("rag: %w", err)
	}
	m, _, err := x.findModel(ctx, x.db.SQL)
	if err != nil {
		return nil, fmt.Errorf("rag: %w", err)
	}
	var w words
	if w.lexemes, err = terms(ctx, x.db.SQL, query.Text); err != nil {
		return nil, fmt.Errorf("rag: %w", err)
	}
	if query, err = x.aim(ctx, query, m, len(w.lexemes) > 0 && query.Only != PartWords); err != nil { // before a connection is held
		return nil, fmt.Errorf("rag: %w", err)
	}
	switch query.Only {
	case PartWords:
		query.Vector = nil
	case PartMeaning:
		w = words{}
	}
	if query.Vector == nil && len(w.lexemes) == 0 {
		return nil, nil
	}
	if len(w.lexemes) > 0 {
		if w.added, err = x.synonyms.add(ctx, x.db.SQL, query.Text, w.lexemes); err != nil {
			return nil, fmt.Errorf("rag: %w", err)
		}
	}
	hits, err := x.search(ctx, query, w, m)
	if err != nil {
		return nil, fmt.Errorf("rag: %w", err)
	}
	return hits, nil
}

// search reads everything from one snapshot, so that what was found is still there when it is read.
func (x *Index) search(ctx context.Context, query Query, w words, m model) ([]Hit, error) {
	tx, err := x.db.SQL.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return nil, fmt.Errorf("beginning a search: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // it only read

	want := pool
	if len(w.lexemes) == 0 {
		want = query.Limit // nothing is fused
	}
	way, share := scanExact, 1.0
	if m.name != "" {
		if way, share, err = choose(ctx, tx, query, m); err != nil {
			return nil, err
		}
		if x.scan != scanChosen {
			way = x.scan
		}
	}
	if _, err := tx.ExecContext(ctx, settings+strconv.Itoa(efFor(want, share))); err != nil {
		return nil, fmt.Errorf("preparing a search: %w", err)
	}
	var near []scored
	if query.Vector != nil && m.name != "" {
		if near, err = x.dense(ctx, tx, query, m, way, want); err != nil {
			return nil, err
		}
	}
	matching, err := lexical(ctx, tx, query, w, share)
	if err != nil {
		return nil, err
	}
	hits := fuse(near, matching)
	if len(near) > 0 && len(matching) > 0 && query.Only == "" {
		links, err := linksOf(ctx, tx, hits)
		if err != nil {
			return nil, err
		}
		hear(hits, links, lowestOf(near, matching))
	}
	hits = hits[:min(len(hits), query.Limit)]
	if err := fill(ctx, tx, hits); err != nil {
		return nil, err
	}
	return hits, nil
}

// candidates runs a statement that gives document, chunk and score, best first, and in each row of how
// many chunks these are the best.
func candidates(ctx context.Context, q querier, text string, a arguments) (list []scored, chunks int, err error) {
	rows, err := q.QueryContext(ctx, text, a...)
	if err != nil {
		return nil, 0, err
	}
	err = database.Each(rows, func() error {
		var s scored
		if err := rows.Scan(&s.document, &s.ordinal, &s.score, &chunks); err != nil {
			return err
		}
		list = append(list, s)
		return nil
	})
	return list, chunks, err
}

// fill reads what the hits show.
func fill(ctx context.Context, q querier, hits []Hit) error {
	if len(hits) == 0 {
		return nil
	}
	ids, ordinals := make([]string, len(hits)), make([]int64, len(hits))
	place := make(map[uuid.UUID]int, len(hits))
	for i, h := range hits {
		ids[i], ordinals[i] = h.DocumentID.String(), int64(h.ChunkOrdinal)
		place[h.DocumentID] = i
	}
	rows, err := q.QueryContext(ctx, `
		SELECT d.id, d.kind, d.ref_id, d.title, c.body
		FROM unnest($1::uuid[], $2::int[]) AS n (id, ordinal)
		JOIN rag_documents d ON d.id = n.id
		JOIN rag_chunks c ON c.document_id = n.id AND c.ordinal = n.ordinal`, pq.Array(ids), pq.Array(ordinals))
	if err != nil {
		return fmt.Errorf("reading what was found: %w", err)
	}
	err = database.Each(rows, func() error {
		var id uuid.UUID
		var h Hit
		if err := rows.Scan(&id, &h.Kind, &h.RefID, &h.Title, &h.Body); err != nil {
			return err
		}
		hit := &hits[place[id]]
		hit.Kind, hit.RefID, hit.Title, hit.Body = h.Kind, h.RefID, h.Title, h.Body
		return nil
	})
	if err != nil {
		return fmt.Errorf("reading what was found: %w", err)
	}
	return nil
}
