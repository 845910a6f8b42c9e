package pgtest_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/rubrica/rubrica/internal/pgtest"
	"github.com/rubrica/rubrica/migrations"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func TestNewIsMigratedAndAlone(t *testing.T) {
	t.Parallel()
	a, b := pgtest.New(t), pgtest.New(t)
	assert.NotEqual(t, a.Name(), b.Name())
	pending, err := migrations.Pending(context.Background(), a.URL())
	require.NoError(t, err)
	assert.Empty(t, pending)
	_, err = a.DB(t).Exec(`CREATE TABLE mine (x int)`)
	require.NoError(t, err)
	var there bool
	require.NoError(t, b.DB(t).QueryRow(`SELECT to_regclass('mine') IS NOT NULL`).Scan(&there))
	assert.False(t, there)

	conn, err := pgx.Connect(context.Background(), a.URL())
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(context.Background())) }()
	require.NoError(t, conn.QueryRow(context.Background(), `SELECT to_regclass('mine') IS NOT NULL`).Scan(&there))
	assert.True(t, there)
}

func TestEmptyIsEmpty(t *testing.T) {
	t.Parallel()
	var tables, extensions int
	require.NoError(t, pgtest.Empty(t).DB(t).QueryRow(`
		SELECT (SELECT count(*) FROM pg_tables WHERE schemaname = 'public'),
		       (SELECT count(*) FROM pg_extension WHERE extname <> 'plpgsql')`).Scan(&tables, &extensions))
	assert.Zero(t, tables)
	assert.Zero(t, extensions)
}

func TestDropsInSpiteOfOpenConnections(t *testing.T) {
	t.Parallel()
	var name string
	t.Run("inner", func(t *testing.T) {
		d := pgtest.New(t)
		name = d.Name()
		conn, err := pgx.Connect(context.Background(), d.URL())
		require.NoError(t, err)
		require.NoError(t, conn.Ping(context.Background()))
		t.Cleanup(func() { _ = conn.Close(context.Background()) })
		keep, err := pgx.Connect(context.Background(), d.URL())
		require.NoError(t, err)
		require.NoError(t, keep.Ping(context.Background())) // never closed by us
	})
	var left int
	require.NoError(t, pgtest.Empty(t).DB(t).QueryRow(`SELECT count(*) FROM pg_database WHERE datname = $1`, name).Scan(&left))
	assert.Zero(t, left)
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() { assert.NoError(t, pgtest.New(t).DB(t).Ping()) })
	}
	wg.Wait()
}

func TestOwnServerRestarts(t *testing.T) {
	t.Parallel()
	for _, version := range []int{16, 18} {
		s := pgtest.OwnServer(t, version)
		d := s.New(t)
		db := d.DB(t)
		var had string
		require.NoError(t, db.QueryRow(`SHOW server_version_num`).Scan(&had))
		assert.Equal(t, strconv.Itoa(version), had[:2])
		_, err := db.Exec(`CREATE TABLE kept (x int)`)
		require.NoError(t, err)
		s.Restart(t)
		again := d.DB(t)
		require.NoError(t, again.QueryRow(`SELECT 'kept'::regclass`).Scan(&had))
	}
}

// The templates of several test programs on one server must not collide.
func TestSeveralProgramsOnOneServer(t *testing.T) {
	t.Parallel()
	if os.Getenv(insideVariable) != "" {
		pgtest.New(t)
		return
	}
	s := pgtest.OwnServer(t, 18)
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			cmd := exec.Command(os.Args[0], "-test.run=^TestSeveralProgramsOnOneServer$")
			cmd.Env = append(os.Environ(), insideVariable+"=1", pgtest.URLVariable+"="+s.Embedded().URL("postgres"))
			out, err := cmd.CombinedOutput()
			assert.NoError(t, err, string(out))
		})
	}
	wg.Wait()
}

const insideVariable = "RUBRICA_TEST_INSIDE"

// A test program that is killed, or that forgets Main, leaves no server.
func TestKilledProgramLeavesNoServer(t *testing.T) {
	t.Parallel()
	report := os.Getenv(reportVariable)
	if report != "" {
		s := pgtest.OwnServer(t, 18)
		require.NoError(t, os.WriteFile(report, []byte(strconv.Itoa(s.Embedded().Pid())+" "+s.Embedded().DataDir()), 0o600))
		require.NoError(t, unix.Kill(os.Getpid(), unix.SIGKILL))
		select {}
	}
	report = filepath.Join(t.TempDir(), "report")
	cmd := exec.Command(os.Args[0], "-test.run=^TestKilledProgramLeavesNoServer$")
	cmd.Env = append(os.Environ(), reportVariable+"="+report)
	require.Error(t, cmd.Run())
	b, err := os.ReadFile(report)
	require.NoError(t, err)
	word, dir, _ := strings.Cut(string(b), " ")
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	pid, err := strconv.Atoi(word)
	require.NoError(t, err)
	awaitEnd(t, pid)
}

const reportVariable = "RUBRICA_TEST_REPORT"

// BenchmarkNew is what a test pays for its database; dropping it is not counted.
func BenchmarkNew(b *testing.B) {
	pgtest.New(b) // the template
	for b.Loop() {
		pgtest.New(b)
	}
}

// BenchmarkNewAtOnce is the same for tests that run in parallel.
func BenchmarkNewAtOnce(b *testing.B) {
	pgtest.New(b) // the template
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			pgtest.New(b)
		}
	})
}
