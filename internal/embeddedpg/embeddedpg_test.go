package embeddedpg

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(helperDataDir); dir != "" {
		runHelper(dir)
	}
	goleak.VerifyTestMain(m)
}

// fast gives up durability, which most tests do not look at.
var fast = map[string]string{"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "shared_buffers": "16MB"}

// dataDir is a short path that every user can enter, which t.TempDir is not.
func dataDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "rubrica-embeddedpg-")
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o755))
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	return dir
}

// progress collects progress lines.
type progress struct {
	mu    sync.Mutex
	lines []string
}

func (p *progress) add(line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lines = append(p.lines, line)
}

func (p *progress) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.lines, "\n")
}

func start(t *testing.T, cfg Config) *Server {
	t.Helper()
	if cfg.Settings == nil {
		cfg.Settings = fast
	}
	s, err := Start(context.Background(), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Stop(context.Background())) })
	return s
}

func query(t *testing.T, s *Server, stmt string, args ...any) string {
	t.Helper()
	db, err := sql.Open("postgres", s.URL("postgres"))
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	var out sql.NullString
	if err := db.QueryRow(stmt, args...).Scan(&out); err != sql.ErrNoRows {
		require.NoError(t, err)
	}
	return out.String
}

func TestFirstAndSecondStart(t *testing.T) {
	t.Parallel()
	for _, version := range []int{OldestVersion, DefaultVersion} {
		dir := filepath.Join(dataDir(t), "made", "with parents")
		var said progress
		s := start(t, Config{DataDir: dir, Version: version, Progress: said.add})
		assert.True(t, s.Owned())
		assert.Contains(t, said.String(), "making a PostgreSQL")
		assert.Equal(t, "UTF8", query(t, s, "SHOW server_encoding"))
		assert.Equal(t, "on", query(t, s, "SHOW data_checksums"))
		assert.Equal(t, "C.UTF-8", query(t, s, "SELECT datcollate FROM pg_database WHERE datname = 'postgres'"))
		assert.Equal(t, "0.8.5", query(t, s, "SELECT default_version FROM pg_available_extensions WHERE name = 'vector'"))
		assert.Empty(t, query(t, s, "SHOW listen_addresses"))
		assertUnprivileged(t, s)
		query(t, s, "CREATE TABLE kept (x text)")
		query(t, s, "INSERT INTO kept VALUES ('yes')")
		pid := s.Pid()
		require.NoError(t, s.Stop(context.Background()))
		require.NoError(t, s.Stop(context.Background()), "a second Stop does nothing")
		assert.False(t, processExists(pid))
		assert.Zero(t, s.Pid())

		said.lines = nil
		s = start(t, Config{DataDir: dir, Version: version, Progress: said.add})
		assert.Empty(t, said.String(), "a second start has no long step")
		assert.Equal(t, "yes", query(t, s, "SELECT x FROM kept"))
	}
}

func assertUnprivileged(t *testing.T, s *Server) {
	t.Helper()
	for _, path := range []string{s.paths.server, s.paths.data, s.sockets} {
		info, err := os.Stat(path)
		require.NoError(t, err)
		assert.NotZero(t, info.Sys().(*syscall.Stat_t).Uid, path)
		assert.Zero(t, info.Mode().Perm()&0o077, path)
	}
	proc, err := os.Stat(filepath.Join("/proc", "self"))
	require.NoError(t, err)
	if proc.Sys().(*syscall.Stat_t).Uid == 0 {
		assert.NotEqual(t, "root", s.RunsAs())
	}
}

func TestDurableUnlessToldOtherwise(t *testing.T) {
	t.Parallel()
	s := start(t, Config{DataDir: dataDir(t), Settings: map[string]string{}})
	for _, setting := range []string{"fsync", "full_page_writes", "synchronous_commit"} {
		assert.Equal(t, "on", query(t, s, "SHOW "+setting), setting)
	}
}

func TestRestartKeepsURLAndData(t *testing.T) {
	t.Parallel()
	s := start(t, Config{DataDir: dataDir(t)})
	url, pid := s.URL("postgres"), s.Pid()
	query(t, s, "CREATE TABLE kept (x text)")
	require.NoError(t, s.Restart(context.Background()))
	assert.Equal(t, url, s.URL("postgres"))
	assert.NotEqual(t, pid, s.Pid())
	assert.Equal(t, "kept", query(t, s, "SELECT 'kept'::regclass"))
}

func TestRestartAfterPostmasterWasKilled(t *testing.T) {
	t.Parallel()
	s := start(t, Config{DataDir: dataDir(t), Settings: map[string]string{}}) // what was committed must survive
	query(t, s, "CREATE TABLE kept (x text)")
	// A client that is connected keeps a backend, and with it the shared memory, for a moment.
	db, err := sql.Open("postgres", s.URL("postgres"))
	require.NoError(t, err)
	defer func() { _ = db.Close() }()
	require.NoError(t, db.Ping())
	require.NoError(t, unix.Kill(s.Pid(), unix.SIGKILL))
	require.NoError(t, s.Restart(context.Background()))
	assert.Equal(t, "kept", query(t, s, "SELECT 'kept'::regclass"))
}

func TestEnsureDatabase(t *testing.T) {
	t.Parallel()
	s := start(t, Config{DataDir: dataDir(t)})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() { assert.NoError(t, s.EnsureDatabase(context.Background(), `odd "name"`)) })
	}
	wg.Wait()
	assert.Equal(t, "1", query(t, s, "SELECT count(*) FROM pg_database WHERE datname = $1", `odd "name"`))
}

func TestURLServesPgxAndIgnoresPGVariables(t *testing.T) {
	s := start(t, Config{DataDir: dataDir(t)})
	for name, value := range map[string]string{
		"PGHOST": "192.0.2.1", "PGPORT": "1", "PGUSER": "someone", "PGDATABASE": "elsewhere", "PGSSLMODE": "verify-full",
	} {
		t.Setenv(name, value)
	}
	conn, err := pgx.Connect(context.Background(), s.URL("postgres"))
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(context.Background())) }()
	var who string
	require.NoError(t, conn.QueryRow(context.Background(), "SELECT current_user").Scan(&who))
	assert.Equal(t, User, who)
	assert.Equal(t, User, query(t, s, "SELECT current_user"))
}

func TestLongPathMovesTheSocket(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(dataDir(t), strings.Repeat("long", 30))
	s := start(t, Config{DataDir: dir})
	assert.NotEqual(t, s.paths.sock, s.sockets)
	assert.Equal(t, "1", query(t, s, "SELECT 1"))
	require.NoError(t, s.Stop(context.Background()))
	assert.NoDirExists(t, s.sockets)
}

func TestSocketFolderOfSomebodyElseIsRefused(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(dataDir(t), strings.Repeat("long", 30))
	s := start(t, Config{DataDir: dir})
	require.NoError(t, s.Stop(context.Background()))
	require.NoError(t, os.Symlink(dataDir(t), s.sockets))
	t.Cleanup(func() { _ = os.Remove(s.sockets) })
	_, err := Start(context.Background(), Config{DataDir: dir, Settings: fast})
	require.ErrorContains(t, err, "is not a folder")
}

func TestDefaultDataDir(t *testing.T) {
	t.Setenv("RUBRICA_DATA_DIR", "")
	t.Setenv("XDG_DATA_HOME", "/xdg")
	clone := t.TempDir()
	link := filepath.Join(t.TempDir(), "link")
	require.NoError(t, os.Symlink(clone, link))

	a, err := DefaultDataDir(clone)
	require.NoError(t, err)
	b, err := DefaultDataDir(link)
	require.NoError(t, err)
	assert.Equal(t, a, b, "one clone, one folder")
	c, err := DefaultDataDir(t.TempDir())
	require.NoError(t, err)
	assert.NotEqual(t, a, c)
	if os.Geteuid() == 0 {
		assert.Equal(t, "/var/lib/rubrica", filepath.Dir(a))
	} else {
		assert.Equal(t, "/xdg/rubrica", filepath.Dir(a))
	}
	t.Setenv("RUBRICA_DATA_DIR", "/elsewhere")
	d, err := DefaultDataDir(clone)
	require.NoError(t, err)
	assert.Equal(t, "/elsewhere", d)
}
