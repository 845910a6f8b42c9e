package rag

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/internal/bypass"
	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/internal/pgtest"
	"github.com/rubrica/rubrica/rag/ragtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

const plenty = 1 << 20

func system(t testing.TB) context.Context { return bypass.Context(t.Context()) }

// loaded returns a database that holds the seed catalogue.
func loaded(t testing.TB) *database.DB {
	t.Helper()
	db := ragtest.Open(t)
	ragtest.Load(system(t), t, db, ragtest.Catalog(t))
	return db
}

// ready returns an index of the seed catalogue in which everything is embedded.
func ready(t testing.TB, e Embedder, options ...Option) *Index {
	t.Helper()
	x := New(loaded(t), e, nil, options...)
	report, err := x.Refresh(t.Context(), plenty)
	require.NoError(t, err)
	require.Zero(t, report.Left)
	return x
}

// withHNSW is an Option: however few vectors there are, they get an HNSW index.
func withHNSW(x *Index) { x.indexAbove = 0 }

func refs(hits []Hit) []uuid.UUID {
	ids := make([]uuid.UUID, len(hits))
	for i, h := range hits {
		ids[i] = h.RefID
	}
	return ids
}

func count(t testing.TB, db *database.DB, text string, args ...any) int {
	t.Helper()
	var n int
	require.NoError(t, db.SQL.QueryRowContext(t.Context(), text, args...).Scan(&n))
	return n
}
