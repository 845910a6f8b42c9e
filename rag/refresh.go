package rag

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/lib/pq"

	"github.com/rubrica/rubrica/internal/database"
)

// Report says what one Refresh did.
type Report struct {
	Model    string // of the Index's embedder: it serves, or is to serve
	Written  int    // documents that were made or made anew
	Removed  int    // documents whose source is no longer to be found
	Embedded int    // vectors that were stored, of the serving model and of the one that is to serve
	Left     int    // vectors that are missing of these models, those that others are making included
	Linked   int    // documents whose neighbours were looked for
	Indexed  bool   // an HNSW index was built
	Switched bool   // Model serves now, and another did before
}

const (
	documentBatch = 200 // documents that one transaction writes
	compactAbove  = 64  // rows of rag_length_deltas, and of rag_term_deltas for one term, that are left alone
	analyzeAbove  = 50  // changes after which the planner's statistics are made anew
)

// Refresh brings the index to what the source rows say: it writes the documents, chunks and postings
// of all that was added or changed, removes what is no longer to be found, and then computes up to
// limit missing vectors. It is idempotent and may run in several processes at once: each source row
// as it stood when Refresh was called is indexed when Refresh returns, each vector is computed by
// one of them, and a vector is stored only for the text that it was computed from. After a failure
// or a crash, another call goes on where this one stopped; claims of a dead worker run out within
// half a minute.
//
// When the database serves vectors of another model than the Index's embedder, both are kept up, the
// serving one first, and the Refresh that finds no vector missing of the new model makes it serve.
// Large partitions get their HNSW index here (hnsw.go), which takes a minute for 100 000 vectors.
//
// It needs no viewer in ctx: it shows nobody anything.
func (x *Index) Refresh(ctx context.Context, limit int) (Report, error) {
	report := Report{Model: x.embedder.Model()}
	if err := x.refresh(ctx, limit, &report); err != nil {
		return report, fmt.Errorf("rag: %w", err)
	}
	return report, nil
}

func (x *Index) refresh(ctx context.Context, limit int, report *Report) error {
	for _, o := range origins {
		if err := x.writeAll(ctx, o, report); err != nil {
			return err
		}
	}
	models, err := x.maintained(ctx)
	if err != nil {
		return err
	}
	for _, m := range models {
		embedded, err := x.embedMissing(ctx, m, limit-report.Embedded)
		report.Embedded += embedded
		if err != nil {
			return err
		}
	}
	for _, m := range models {
		left, err := missing(ctx, x.db.SQL, m.model)
		if err != nil {
			return err
		}
		report.Left += left
		ready, built, err := x.ensureVectorIndex(ctx, m.model, left)
		if err != nil {
			return err
		}
		report.Indexed = report.Indexed || built
		if report.Written+report.Removed+report.Embedded > analyzeAbove || built {
			// A search chooses its way by what the planner expects of a filter.
			if _, err := x.db.SQL.ExecContext(ctx, `ANALYZE rag_documents, rag_chunks, `+m.table()); err != nil {
				return fmt.Errorf("analysing the tables: %w", err)
			}
		}
		if m.state == ModelBuilding && left == 0 && ready {
			if report.Switched, err = x.switchTo(ctx, m.model); err != nil {
				return err
			}
		}
	}
	if report.Left > 0 {
		return nil // neighbours are chosen among all
	}
	report.Linked, err = x.Link(ctx, linkLimit)
	return err
}

// writeAll writes the documents of all changed sources of o.
func (x *Index) writeAll(ctx context.Context, o origin, report *Report) error {
	var after uuid.UUID // batches go on from here, so that no row is read for each of them
	for {
		written, removed, last, err := x.writeBatch(ctx, o, after)
		if err != nil {
			return err
		}
		report.Written += written
		report.Removed += removed
		if written < documentBatch {
			return nil
		}
		after = last
	}
}

// writeBatch writes the documents of up to documentBatch changed sources. Batches come one after
// another, in all processes together: a batch that read its sources earlier could else overwrite
// what a later one has written.
func (x *Index) writeBatch(ctx context.Context, o origin, after uuid.UUID) (written, removed int, last uuid.UUID, err error) {
	err = x.db.InTx(ctx, func(tx *database.Tx) error {
		if err := lock(ctx, tx.SQL, documentsLock); err != nil {
			return err
		}
		var err error
		if removed, err = dropObsolete(ctx, tx.SQL, o); err != nil {
			return err
		}
		before, err := newestChunk(ctx, tx.SQL)
		if err != nil {
			return err
		}
		changed, err := x.changedSources(ctx, tx.SQL, o, after, documentBatch)
		if err != nil {
			return err
		}
		for _, s := range changed {
			if err := x.writeDocument(ctx, tx.SQL, s); err != nil {
				return err
			}
			last = s.ref
		}
		written = len(changed)
		if err := compactTerms(ctx, tx.SQL, before); err != nil {
			return err
		}
		return compactLengths(ctx, tx.SQL)
	})
	return written, removed, last, err
}

func (x *Index) writeDocument(ctx context.Context, q querier, s source) error {
	chunks, err := cut(s.body, x.chunkTokens)
	if err != nil {
		// One odd text must not keep the others out: whole it is found as well.
		x.log.WarnContext(ctx, "a document is indexed in one piece", "kind", s.kind, "ref", s.ref, "error", err)
		chunks = []chunk{{body: s.body, end: len([]rune(s.body))}}
	}
	id := documentID(s.kind, s.ref)
	column := map[Kind]string{KindPassage: "passage_id", KindCredential: "credential_id",
		KindModelAnswer: "reference_answer_id", KindExemplar: "reference_answer_id", KindEssay: "essay_id"}[s.kind]
	if _, err := q.ExecContext(ctx, `
		INSERT INTO rag_documents (id, kind, `+column+`, track_id, question_id, owner_id, skills, level, visibility,
		                           title, keywords, body, content_hash)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
		ON CONFLICT (id) DO UPDATE SET
		  track_id = excluded.track_id, question_id = excluded.question_id, owner_id = excluded.owner_id, skills = excluded.skills, level = excluded.level,
		  visibility = excluded.visibility, title = excluded.title, keywords = excluded.keywords,
		  body = excluded.body, content_hash = excluded.content_hash, updated_at = now()`,
		id, s.kind, s.ref, s.track, s.question, s.owner, s.skills, s.level, s.visibility,
		s.title, s.keywords, s.body, s.hash); err != nil {
		return fmt.Errorf("writing the document of %s %s: %w", s.kind, s.ref, err)
	}
	n := len(chunks)
	ordinals, starts, ends := make([]int64, n), make([]int64, n), make([]int64, n)
	bodies, texts, hashes := make([]string, n), make([]string, n), make([][]byte, n)
	for i, c := range chunks {
		ordinals[i], starts[i], ends[i], bodies[i] = int64(i), int64(c.start), int64(c.end), c.body
		texts[i] = indexed(s.title, s.keywords, c.body)
		hashes[i] = hashOf(texts[i])
	}
	// A chunk whose text stayed as it was keeps its vector, wherever it has moved.
	if _, err := q.ExecContext(ctx, `
		DELETE FROM rag_chunks c WHERE c.document_id = $1 AND (c.visibility <> $2 OR NOT EXISTS (
		  SELECT FROM unnest($3::int[], $4::bytea[]) AS n (ordinal, hash)
		  WHERE n.ordinal = c.ordinal AND n.hash = c.hash))`,
		id, s.visibility, pq.Array(ordinals), pq.ByteaArray(hashes)); err != nil {
		return fmt.Errorf("removing old chunks of %s %s: %w", s.kind, s.ref, err)
	}
	if _, err := q.ExecContext(ctx, `
		UPDATE rag_chunks c SET start_offset = n.start_offset, end_offset = n.end_offset
		FROM unnest($2::int[], $3::int[], $4::int[]) AS n (ordinal, start_offset, end_offset)
		WHERE c.document_id = $1 AND c.ordinal = n.ordinal AND c.start_offset <> n.start_offset`,
		id, pq.Array(ordinals), pq.Array(starts), pq.Array(ends)); err != nil {
		return fmt.Errorf("moving chunks of %s %s: %w", s.kind, s.ref, err)
	}
	if _, err := q.ExecContext(ctx, `
		WITH wanted AS (
		  SELECT n.*, to_tsvector('pg_catalog.english', n.indexed) AS words
		  FROM unnest($3::int[], $4::int[], $5::int[], $6::text[], $7::text[], $8::bytea[])
		       AS n (ordinal, start_offset, end_offset, body, indexed, hash)
		  WHERE NOT EXISTS (SELECT FROM rag_chunks c WHERE c.document_id = $1 AND c.ordinal = n.ordinal)
		), terms AS (
		  SELECT w.ordinal, l.lexeme, cardinality(l.positions) AS tf FROM wanted w, unnest(w.words) l
		), lengths AS (
		  SELECT ordinal, sum(tf) AS length FROM terms GROUP BY ordinal
		), added AS (
		  INSERT INTO rag_chunks (document_id, ordinal, start_offset, end_offset, body, hash, visibility, length)
		  SELECT $1, w.ordinal, w.start_offset, w.end_offset, w.body, w.hash, $2, coalesce(l.length, 0)
		  FROM wanted w LEFT JOIN lengths l USING (ordinal)
		  RETURNING id, ordinal, length
		)
		INSERT INTO rag_postings (term, visibility, chunk_id, tf, length)
		SELECT t.lexeme, $2, a.id, t.tf, a.length FROM terms t JOIN added a USING (ordinal)`,
		id, s.visibility, pq.Array(ordinals), pq.Array(starts), pq.Array(ends),
		pq.Array(bodies), pq.Array(texts), pq.ByteaArray(hashes)); err != nil {
		return fmt.Errorf("writing chunks of %s %s: %w", s.kind, s.ref, err)
	}
	return nil
}

// compactTerms replaces many rows of rag_term_deltas by their sum, for the terms of chunks that are newer
// than that one. Readers see either.
func compactTerms(ctx context.Context, q querier, before int64) error {
	if _, err := q.ExecContext(ctx, `
		WITH touched AS (
		  SELECT DISTINCT term, visibility FROM rag_postings WHERE chunk_id > $1
		), many AS MATERIALIZED (
		  SELECT d.term, d.visibility FROM touched t JOIN rag_term_deltas d USING (term, visibility)
		  GROUP BY d.term, d.visibility HAVING count(*) > $2
		), gone AS (
		  DELETE FROM rag_term_deltas WHERE ctid IN (
		    SELECT d.ctid FROM rag_term_deltas d JOIN many USING (term, visibility) FOR UPDATE OF d SKIP LOCKED)
		  RETURNING term, visibility, chunks
		)
		INSERT INTO rag_term_deltas (term, visibility, chunks)
		SELECT term, visibility, sum(chunks) FROM gone GROUP BY term, visibility`, before, compactAbove); err != nil {
		return fmt.Errorf("summing rag_term_deltas: %w", err)
	}
	return nil
}

// compactLengths replaces many rows of rag_length_deltas by their sum. Readers see either.
func compactLengths(ctx context.Context, q querier) error {
	var many bool
	if err := q.QueryRowContext(ctx, `SELECT count(*) > $1 FROM rag_length_deltas`, compactAbove).Scan(&many); err != nil {
		return fmt.Errorf("counting rag_length_deltas: %w", err)
	}
	if !many {
		return nil
	}
	if _, err := q.ExecContext(ctx, `
		WITH gone AS (
		  DELETE FROM rag_length_deltas WHERE ctid IN (SELECT ctid FROM rag_length_deltas FOR UPDATE SKIP LOCKED)
		  RETURNING visibility, chunks, length
		)
		INSERT INTO rag_length_deltas (visibility, chunks, length)
		SELECT visibility, sum(chunks), sum(length) FROM gone GROUP BY visibility`); err != nil {
		return fmt.Errorf("summing rag_length_deltas: %w", err)
	}
	return nil
}
