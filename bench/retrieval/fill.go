package main

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"time"

	"github.com/google/uuid"
	"github.com/lib/pq"
	"github.com/pgvector/pgvector-go"

	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/rag"
	"github.com/rubrica/rubrica/rag/minilm"
)

// filler writes the index's tables as Refresh would leave them, a thousand passages a statement.
type filler struct {
	o         options
	db        *database.DB
	model     *minilm.Model
	writer    *writer
	partition string
	tracks    [3]uuid.UUID // of a hundredth, a tenth, and the other passages
	steps     []step
}

type step struct{ name, text string }

func (f *filler) say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "retrieval: "+format+"\n", args...)
}

func (f *filler) done(name, format string, args ...any) {
	f.steps = append(f.steps, step{name, fmt.Sprintf(format, args...)})
}

// prepare makes what the rest needs, unless it is there.
func (f *filler) prepare(ctx context.Context, index *rag.Index) error {
	for i := range f.tracks {
		f.tracks[i] = uuid.NewSHA1(uuid.NameSpaceOID, []byte{byte(i)})
	}
	var made bool
	if err := f.db.SQL.QueryRowContext(ctx, `SELECT EXISTS (SELECT FROM rag_models)`).Scan(&made); err != nil {
		return err
	}
	if !made {
		if _, err := index.Refresh(ctx, 0); err != nil { // makes the partition
			return err
		}
	}
	if err := f.db.SQL.QueryRowContext(ctx, `SELECT partition_name FROM rag_models`).Scan(&f.partition); err != nil {
		return fmt.Errorf("looking for the model's partition: %w", err)
	}
	return nil
}

// fill writes the passages and builds the index.
func (f *filler) fill(ctx context.Context) error {
	for i := range f.tracks {
		if err := f.exec(ctx, `INSERT INTO tracks (id, created_at, slug, title, summary, occupation, skills)
			VALUES ($1, now(), $2, '', '', '', '{}')`, f.tracks[i], fmt.Sprint("bench-", i)); err != nil {
			return err
		}
	}
	start := time.Now()
	if err := f.passages(ctx); err != nil {
		return err
	}
	f.done("embedding and writing", "%s", since(start))
	f.say("building the index")
	start = time.Now()
	const name = "bench_hnsw"
	if err := f.exec(ctx, fmt.Sprintf(`SET maintenance_work_mem = '1GB';
		CREATE INDEX %s ON %s USING hnsw ((embedding::halfvec(%d)) halfvec_cosine_ops) WITH (m = 16, ef_construction = 128)`,
		name, pq.QuoteIdentifier(f.partition), f.model.Dimensions())); err != nil { // as rag/hnsw.go has it
		return err
	}
	built := since(start)
	var size, table int64
	if err := f.db.SQL.QueryRowContext(ctx, `SELECT pg_relation_size($1::regclass), pg_table_size($2::regclass)`, name, f.partition).Scan(&size, &table); err != nil {
		return err
	}
	f.done("HNSW index", "%s, %.0f MB next to %.0f MB of vectors", built, float64(size)/1e6, float64(table)/1e6)
	if err := f.exec(ctx, `VACUUM ANALYZE`); err != nil {
		return err
	}
	return nil
}

func (f *filler) link(ctx context.Context, index *rag.Index) error {
	start := time.Now()
	for all := 0; ; {
		n, err := index.Link(ctx, 5000)
		if err != nil {
			return err
		}
		if n == 0 {
			f.done("neighbours", "%s for %d lists", since(start), all)
			break
		}
		all += n
		f.say("%d neighbour lists after %s", all, since(start))
	}
	if err := f.exec(ctx, `VACUUM ANALYZE`); err != nil {
		return err
	}
	var whole int64
	if err := f.db.SQL.QueryRowContext(ctx, `SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relname LIKE 'rag%' AND relkind = 'r'`).Scan(&whole); err != nil {
		return err
	}
	f.done("everything on disk", "%.0f MB", float64(whole)/1e6)
	return nil
}

// exec runs statements on one connection, so that settings hold.
func (f *filler) exec(ctx context.Context, text string, args ...any) error {
	if _, err := f.db.SQL.ExecContext(ctx, text, args...); err != nil {
		return fmt.Errorf("%.60s: %w", text, err)
	}
	return nil
}

func (f *filler) passages(ctx context.Context) error {
	const batch = 1000
	random := rand.New(rand.NewPCG(3, 1)) //nolint:gosec // repeatable, not secret
	var first [][]float32
	start := time.Now()
	for from := 0; from < f.o.passages; from += batch {
		var ids, tracks, titles, texts, vectors []string
		for i := from; i < min(from+batch, f.o.passages); i++ {
			title, text := f.writer.passage()
			track := 2
			if n := random.IntN(1000); n < 10 {
				track = 0
			} else if n < 110 {
				track = 1
			}
			var vector []float32
			if i < f.o.embedded {
				v, err := f.model.Embed(ctx, title+"\n"+text)
				if err != nil {
					return err
				}
				vector, first = v, append(first, v)
			} else {
				vector = turned(first[i%len(first)], random)
			}
			ids, tracks = append(ids, uuid.NewSHA1(uuid.NameSpaceOID, fmt.Append(nil, i)).String()), append(tracks, f.tracks[track].String())
			titles, texts, vectors = append(titles, title), append(texts, text), append(vectors, pgvector.NewHalfVector(vector).String())
		}
		if err := f.exec(ctx, fmt.Sprintf(`
			WITH n AS (
			  SELECT n.*, sha256(convert_to(n.title || E'\n' || n.body, 'UTF8')) AS hash,
			         to_tsvector('pg_catalog.english', n.title || E'\n' || n.body) AS words
			  FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[]) AS n (id, track, title, body, vector)
			), passage AS (
			  INSERT INTO passages (id, created_at, slug, title, text, skills, track_id)
			  SELECT id, now(), id, title, body, '{}', track FROM n RETURNING id
			), document AS (
			  INSERT INTO rag_documents (id, kind, passage_id, track_id, skills, visibility, title, keywords, body, content_hash)
			  SELECT n.id, 'PASSAGE', n.id, n.track, '{}', 'PUBLIC', n.title, '', n.body, n.hash FROM n JOIN passage p ON p.id = n.id RETURNING id
			), chunk AS (
			  INSERT INTO rag_chunks (document_id, ordinal, start_offset, end_offset, body, hash, visibility, length)
			  SELECT n.id, 0, 0, length(n.body), n.body, n.hash, 'PUBLIC',
			         (SELECT sum(cardinality(l.positions)) FROM unnest(n.words) l)
			  FROM n JOIN document d ON d.id = n.id RETURNING id, document_id, length
			), posting AS (
			  INSERT INTO rag_postings (term, visibility, chunk_id, tf, length)
			  SELECT l.lexeme, 'PUBLIC', c.id, cardinality(l.positions), c.length
			  FROM chunk c JOIN n ON n.id = c.document_id, unnest(n.words) l
			)
			INSERT INTO %s (model, chunk_id, hash, embedding)
			SELECT '%s', c.id, n.hash, n.vector::halfvec FROM chunk c JOIN n ON n.id = c.document_id`,
			pq.QuoteIdentifier(f.partition), f.model.Model()),
			pq.Array(ids), pq.Array(tracks), pq.Array(titles), pq.Array(texts), pq.Array(vectors)); err != nil {
			return err
		}
		if from%10_000 == 0 {
			f.say("%d passages after %s", from+batch, since(start))
		}
	}
	return nil
}

// turned is the vector with noise that turns it by a cosine of about 0.9.
func turned(v []float32, random *rand.Rand) []float32 {
	out, size := make([]float32, len(v)), 0.48/math.Sqrt(float64(len(v)))
	for i := range v {
		out[i] = v[i] + float32(random.NormFloat64()*size)
	}
	return out
}
