package database_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/internal/bypass"
	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func open(t *testing.T) (*database.DB, context.Context) {
	t.Helper()
	db, err := database.Open(t.Context(), pgtest.New(t).URL(), database.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	return db, bypass.Context(t.Context())
}

func addSkill(ctx context.Context, tx *database.Tx, slug string) error {
	return tx.Ent.Skill.Create().SetSlug(slug).SetName(slug).SetOnet("x").Exec(ctx)
}

func skills(ctx context.Context, t *testing.T, db *database.DB) int {
	t.Helper()
	n, err := db.Ent.Skill.Query().Count(ctx)
	require.NoError(t, err)
	return n
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"postgres://localhost:1/x?sslmode=disable":  "does not answer",
		"postgres://localhost:port/x":               "not understood",
		"postgres://u:secret-word@localhost:port/x": "not understood",
	} {
		_, err := database.Open(t.Context(), url, database.Options{})
		require.ErrorContains(t, err, want)
	}
	empty := pgtest.Empty(t).URL()
	sep := "?"
	if strings.Contains(empty, "?") {
		sep = "&"
	}
	_, err := database.Open(t.Context(), empty+sep+"search_path=nowhere", database.Options{})
	require.ErrorContains(t, err, "search_path names no schema")
}

// What ent and database/sql write in a transaction stands or falls together.
func TestInTx(t *testing.T) {
	t.Parallel()
	db, ctx := open(t)
	failed := errors.New("failed")
	write := func(tx *database.Tx, slug string) error {
		if err := addSkill(ctx, tx, slug); err != nil {
			return err
		}
		_, err := tx.SQL.ExecContext(ctx, `INSERT INTO skills (id, created_at, slug, name, onet) VALUES (gen_random_uuid(), now(), $1, 'x', 'x')`, slug+"-2")
		return err
	}
	require.ErrorIs(t, db.InTx(ctx, func(tx *database.Tx) error { return errors.Join(write(tx, "a"), failed) }), failed)
	require.Zero(t, skills(ctx, t, db))
	require.PanicsWithValue(t, "oh", func() {
		_ = db.InTx(ctx, func(tx *database.Tx) error { require.NoError(t, write(tx, "a")); panic("oh") })
	})
	require.Zero(t, skills(ctx, t, db))
	require.NoError(t, db.InTx(ctx, func(tx *database.Tx) error { return write(tx, "a") }))
	require.Equal(t, 2, skills(ctx, t, db))

	err := db.InTx(ctx, func(tx *database.Tx) error { return addSkill(ctx, tx, "a") })
	require.True(t, database.IsUnique(err, "skills_slug_key"))
	require.True(t, database.IsUnique(err, ""))
	require.False(t, database.IsUnique(err, "another"))
	require.False(t, database.IsUnique(failed, ""))
	require.Zero(t, db.SQL.Stats().InUse, "no connection is left in a transaction")
}

func TestInTxTriesAgainWhereThatHelps(t *testing.T) {
	t.Parallel()
	db, ctx := open(t)
	for code, want := range map[pqerror.Code]int32{"40001": 3, "40P01": 3, "23505": 1} {
		var tries atomic.Int32
		err := db.InTx(ctx, func(tx *database.Tx) error {
			tries.Add(1)
			require.NoError(t, addSkill(ctx, tx, "b"), "nothing is left of the try before")
			return &pq.Error{Code: code}
		})
		require.Error(t, err)
		require.Equal(t, want, tries.Load(), code)
	}
	tries := 0
	require.NoError(t, db.InTx(ctx, func(tx *database.Tx) error {
		if tries++; tries == 1 {
			return &pq.Error{Code: "40001"}
		}
		return addSkill(ctx, tx, "b")
	}))
	require.Equal(t, 1, skills(ctx, t, db))
}

func TestChannelCarriesTheSchema(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	require.Equal(t, "rubrica_public_progress", db.Channel("progress"))
}
