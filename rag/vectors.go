package rag

import (
	"context"
	"fmt"
	"math"

	"github.com/google/uuid"
	"github.com/pgvector/pgvector-go"

	"github.com/rubrica/rubrica/internal/database"
)

// Vectors are all vectors of a kind of documents, to be kept in memory by who compares them many times.
type Vectors struct {
	Stamp      string // of what they were when they were read
	Model      string // that made them; what is compared with them is embedded by EmbedderOf
	Dimensions int
	Refs       []uuid.UUID // by row, the RefID of its document; a document has as many rows as chunks
	Rows       []float32   // row after row, each of length 1; ordered by RefID and place in the document
}

// VectorsStamp tells cheaply whether Vectors would read the same as before: it changes with every vector
// of the kind that comes or goes. It is empty when there are none.
func (x *Index) VectorsStamp(ctx context.Context, kind Kind) (string, error) {
	m, ok, err := x.findModel(ctx, x.db.SQL)
	if err != nil || !ok {
		return "", err
	}
	return x.vectorsStamp(ctx, kind, m)
}

func (x *Index) vectorsStamp(ctx context.Context, kind Kind, m model) (stamp string, err error) {
	// The text of a chunk never changes (another text is another chunk), so neither does its vector.
	err = x.db.SQL.QueryRowContext(ctx, fmt.Sprintf(`
		SELECT coalesce($2::text || ' ' || nullif(count(*), 0) || ' ' || sum(c.id) || ' ' || max(c.id), '')
		FROM rag_documents d JOIN rag_chunks c ON c.document_id = d.id
		JOIN %s v ON v.chunk_id = c.id AND v.hash = c.hash WHERE d.kind = $1`, m.table()), string(kind), m.name).Scan(&stamp)
	if err != nil {
		return "", fmt.Errorf("rag: counting the vectors of a kind: %w", err)
	}
	return stamp, nil
}

// Vectors reads the serving model's vectors of a kind; about 4·Dimensions bytes a chunk. There are none
// before the first refresh.
func (x *Index) Vectors(ctx context.Context, kind Kind) (*Vectors, error) {
	out := &Vectors{Model: x.embedder.Model(), Dimensions: x.embedder.Dimensions()}
	m, ok, err := x.findModel(ctx, x.db.SQL)
	if err != nil || !ok {
		return out, err
	}
	out.Model, out.Dimensions = m.name, m.dimensions
	if out.Stamp, err = x.vectorsStamp(ctx, kind, m); err != nil {
		return nil, err
	}
	rows, err := x.db.SQL.QueryContext(ctx, fmt.Sprintf(`
		SELECT d.ref_id, v.embedding FROM rag_documents d JOIN rag_chunks c ON c.document_id = d.id
		JOIN %s v ON v.chunk_id = c.id AND v.hash = c.hash WHERE d.kind = $1
		ORDER BY d.ref_id, c.ordinal, c.id`, m.table()), string(kind))
	if err != nil {
		return nil, fmt.Errorf("rag: reading the vectors of a kind: %w", err)
	}
	err = database.Each(rows, func() error {
		var ref uuid.UUID
		var vector pgvector.HalfVector
		if err := rows.Scan(&ref, &vector); err != nil {
			return err
		}
		out.Refs = append(out.Refs, ref)
		var squares float64
		for _, v := range vector.Slice() {
			squares += float64(v) * float64(v)
		}
		length := max(math.Sqrt(squares), math.SmallestNonzeroFloat32)
		for _, v := range vector.Slice() {
			out.Rows = append(out.Rows, float32(float64(v)/length))
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("rag: reading the vectors of a kind: %w", err)
	}
	return out, nil
}
