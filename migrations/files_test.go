package migrations_test

import (
	"context"
	"testing"
	"testing/fstest"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/internal/pgtest"
	"github.com/rubrica/rubrica/migrations"
)

func TestFailedFileLeavesNothing(t *testing.T) {
	t.Parallel()
	d := pgtest.Empty(t)
	broken := fstest.MapFS{
		"00001_good.sql": {Data: []byte("-- +goose Up\nCREATE EXTENSION vector; CREATE TABLE good (x int);\n")},
		"00002_bad.sql":  {Data: []byte("-- +goose Up\nCREATE TABLE half (x int);\nCREATE TABLE good (x int);\n")},
	}
	rep, err := migrations.UpFrom(context.Background(), d.URL(), nil, broken)
	require.ErrorContains(t, err, "already exists")
	assert.ErrorContains(t, err, "00002_bad.sql")
	assert.Equal(t, []string{"00001_good.sql"}, rep.Applied)
	var half bool
	require.NoError(t, d.DB(t).QueryRow(`SELECT to_regclass('half') IS NOT NULL`).Scan(&half))
	assert.False(t, half)

	broken["00002_bad.sql"] = &fstest.MapFile{Data: []byte("-- +goose Up\nCREATE TABLE half (x int);\n")}
	rep, err = migrations.UpFrom(context.Background(), d.URL(), nil, broken)
	require.NoError(t, err, "a corrected file goes on where it stopped; the lock was released")
	assert.Equal(t, []string{"00002_bad.sql"}, rep.Applied)
}

// A table that somebody holds must not stop everybody else for long: the wait is bounded.
func TestLockTimeoutIsSet(t *testing.T) {
	t.Parallel()
	db, err := migrations.Open(pgtest.Empty(t).URL())
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	var value string
	require.NoError(t, db.QueryRow(`SHOW lock_timeout`).Scan(&value))
	assert.Equal(t, migrations.LockTimeout.String(), value)
}

func TestConcurrentIndexWhileAnotherProcessWaits(t *testing.T) {
	t.Parallel()
	d := pgtest.Empty(t)
	concurrent := fstest.MapFS{
		"00001_table.sql": {Data: []byte("-- +goose Up\nCREATE EXTENSION vector; CREATE TABLE big (x int);\n")},
		"00002_index.sql": {Data: []byte("-- +goose NO TRANSACTION\n-- +goose Up\nCREATE INDEX CONCURRENTLY big_x ON big (x);\n")},
	}
	errs := make(chan error, 3)
	for range 3 {
		go func() {
			_, err := migrations.UpFrom(context.Background(), d.URL(), nil, concurrent)
			errs <- err
		}()
	}
	for range 3 {
		require.NoError(t, <-errs)
	}
}

// River's client reads the tables with pgx through the same URL.
func TestRiverTablesForPgx(t *testing.T) {
	t.Parallel()
	conn, err := pgx.Connect(context.Background(), pgtest.New(t).URL())
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(context.Background())) }()
	var jobs int
	require.NoError(t, conn.QueryRow(context.Background(), `SELECT count(*) FROM river_job`).Scan(&jobs))
	assert.Zero(t, jobs)
}
