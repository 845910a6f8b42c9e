package rag

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/lib/pq"
	"github.com/pgvector/pgvector-go"

	"github.com/rubrica/rubrica/internal/database"
)

const (
	embedBatch = 16               // chunks that are claimed and stored together
	lease      = 30 * time.Second // of a claim; a batch takes well under a second
)

// claimed is a chunk that this worker is to embed.
type claimed struct {
	id   int64
	hash []byte
	text string
}

// embedMissing stores up to limit vectors of chunks that have none.
func (x *Index) embedMissing(ctx context.Context, m maintained, limit int) (embedded int, err error) {
	var after int64 // batches go on from here, so that what has a vector is not read for each of them
	for embedded < limit {
		batch, err := claim(ctx, x.db.SQL, m.model, after, min(embedBatch, limit-embedded))
		if err != nil {
			return embedded, err
		}
		if len(batch) == 0 {
			if after == 0 {
				return embedded, nil
			}
			after = 0 // once more: others may have given up claims
			continue
		}
		after = batch[len(batch)-1].id
		if batch, err = unneeded(ctx, x.db.SQL, m.model, batch); err != nil {
			return embedded, err
		}
		if len(batch) == 0 {
			continue
		}
		// No transaction is open while the model computes.
		vectors := make([]string, 0, len(batch))
		for _, c := range batch {
			v, err := embed(ctx, m.embedder, c.text)
			if err != nil {
				return embedded, errors.Join(fmt.Errorf("embedding chunk %d: %w", c.id, err), x.release(ctx, m.model, batch))
			}
			vectors = append(vectors, pgvector.NewHalfVector(v).String())
		}
		n, err := store(ctx, x.db.SQL, m.model, batch, vectors)
		if err != nil {
			return embedded, errors.Join(err, x.release(ctx, m.model, batch))
		}
		embedded += n
	}
	return embedded, nil
}

// embed checks what the embedder gives, since one bad number makes a vector incomparable.
func embed(ctx context.Context, e Embedder, text string) ([]float32, error) {
	v, err := e.Embed(ctx, text)
	if err != nil {
		return nil, err
	}
	return v, checkVector(v, e.Dimensions())
}

func checkVector(v []float32, dimensions int) error {
	if len(v) != dimensions {
		return fmt.Errorf("a vector has %d dimensions where the model has %d", len(v), dimensions)
	}
	var squares float64
	for _, f := range v {
		squares += float64(f) * float64(f)
	}
	if !(squares > 0) || math.IsInf(squares, 0) {
		return fmt.Errorf("a vector has no direction (squared length %v)", squares)
	}
	return nil
}

// claim reserves chunks behind the one with the id after, without a current vector, for this worker and
// for the time of a lease.
// FOR UPDATE SKIP LOCKED keeps apart who claims at this moment, the claims who claimed before.
func claim(ctx context.Context, q querier, m model, after int64, limit int) (batch []claimed, err error) {
	rows, err := q.QueryContext(ctx, fmt.Sprintf(`
		WITH free AS (
		  SELECT c.id, c.hash, c.body, d.title, d.keywords
		  FROM rag_chunks c JOIN rag_documents d ON d.id = c.document_id
		  WHERE c.id > $4 AND NOT EXISTS (SELECT FROM %s v WHERE v.chunk_id = c.id AND v.hash = c.hash)
		    AND NOT EXISTS (SELECT FROM rag_claims k WHERE k.chunk_id = c.id AND k.model = $1 AND k.until > now())
		  ORDER BY c.id LIMIT $2
		  FOR NO KEY UPDATE OF c SKIP LOCKED
		), taken AS (
		  INSERT INTO rag_claims (model, chunk_id, until)
		  SELECT $1, id, now() + make_interval(secs => $3) FROM free
		  ON CONFLICT (chunk_id, model) DO UPDATE SET until = excluded.until WHERE rag_claims.until <= now()
		  RETURNING chunk_id
		)
		SELECT f.id, f.hash, f.title, f.keywords, f.body FROM free f JOIN taken t ON t.chunk_id = f.id ORDER BY f.id`,
		m.table()), m.name, limit, lease.Seconds(), after)
	if err != nil {
		return nil, fmt.Errorf("claiming chunks to embed: %w", err)
	}
	err = database.Each(rows, func() error {
		var c claimed
		var title, keywords, body string
		if err := rows.Scan(&c.id, &c.hash, &title, &keywords, &body); err != nil {
			return err
		}
		c.text = indexed(title, keywords, body)
		batch = append(batch, c)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("claiming chunks to embed: %w", err)
	}
	return batch, nil
}

// unneeded gives up the claims of chunks that have a vector after all: one that was stored, and whose
// claim was given up, between the moment that claim's statement saw and the moment it wrote. Since the
// claims are ours now, no other vector can come in between. It returns what is left of the batch.
func unneeded(ctx context.Context, q querier, m model, batch []claimed) ([]claimed, error) {
	rows, err := q.QueryContext(ctx, fmt.Sprintf(`
		DELETE FROM rag_claims k USING %s v, rag_chunks c
		WHERE k.model = $1 AND k.chunk_id = ANY($2::bigint[])
		  AND v.chunk_id = k.chunk_id AND c.id = k.chunk_id AND v.hash = c.hash
		RETURNING k.chunk_id`, m.table()), m.name, pq.Array(idsOf(batch)))
	if err != nil {
		return nil, fmt.Errorf("looking whether claimed chunks have vectors: %w", err)
	}
	var done []int64
	err = database.Each(rows, func() error {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return err
		}
		done = append(done, id)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("looking whether claimed chunks have vectors: %w", err)
	}
	return slices.DeleteFunc(batch, func(c claimed) bool { return slices.Contains(done, c.id) }), nil
}

func idsOf(batch []claimed) []int64 {
	ids := make([]int64, len(batch))
	for i, c := range batch {
		ids[i] = c.id
	}
	return ids
}

// store writes the vectors of a batch and gives up its claims. A chunk that was changed or deleted
// since is left out: the hash is the fence.
func store(ctx context.Context, q querier, m model, batch []claimed, vectors []string) (int, error) {
	ids, hashes := make([]int64, len(batch)), make([][]byte, len(batch))
	for i, c := range batch {
		// The document may have changed between chunk and claim: what counts is what was embedded.
		ids[i], hashes[i] = c.id, hashOf(c.text)
	}
	var stored int
	err := q.QueryRowContext(ctx, fmt.Sprintf(`
		WITH done AS (
		  DELETE FROM rag_claims WHERE model = $1 AND chunk_id = ANY($2::bigint[])
		), current AS (
		  SELECT c.id, n.hash, n.embedding
		  FROM unnest($2::bigint[], $3::bytea[], $4::text[]) AS n (id, hash, embedding)
		  JOIN rag_chunks c ON c.id = n.id AND c.hash = n.hash
		  ORDER BY c.id FOR KEY SHARE OF c
		), kept AS (
		  INSERT INTO %s (model, chunk_id, hash, embedding)
		  SELECT $1, id, hash, embedding::halfvec(%d) FROM current
		  ON CONFLICT (chunk_id, model) DO UPDATE SET hash = excluded.hash, embedding = excluded.embedding
		  RETURNING 1
		)
		SELECT count(*) FROM kept`, m.table(), m.dimensions),
		m.name, pq.Array(ids), pq.ByteaArray(hashes), pq.Array(vectors)).Scan(&stored)
	if err != nil {
		return 0, fmt.Errorf("storing vectors: %w", err)
	}
	return stored, nil
}

// release lets others embed at once what this worker failed to.
func (x *Index) release(ctx context.Context, m model, batch []claimed) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	_, err := x.db.SQL.ExecContext(ctx,
		`DELETE FROM rag_claims WHERE model = $1 AND chunk_id = ANY($2::bigint[])`, m.name, pq.Array(idsOf(batch)))
	if err != nil {
		return fmt.Errorf("giving up claims (they run out in %v): %w", lease, err)
	}
	return nil
}

// missing counts the chunks without a current vector.
func missing(ctx context.Context, q querier, m model) (n int, err error) {
	err = q.QueryRowContext(ctx, fmt.Sprintf(`
		SELECT count(*) FROM rag_chunks c
		WHERE NOT EXISTS (SELECT FROM %s v WHERE v.chunk_id = c.id AND v.hash = c.hash)`, m.table())).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("counting chunks without a vector: %w", err)
	}
	return n, nil
}
