package embeddedpg

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func startError(t *testing.T, cfg Config) *Error {
	t.Helper()
	s, err := Start(context.Background(), cfg)
	if err == nil {
		_ = s.Stop(context.Background())
	}
	var e *Error
	require.ErrorAs(t, err, &e)
	assert.NotEmpty(t, e.Fix, "an error says what to do: %v", err)
	return e
}

func TestOtherMajorVersion(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	s := start(t, Config{DataDir: dir, Version: 16})
	// Also while the server runs and would be shared.
	assert.Contains(t, startError(t, Config{DataDir: dir, Version: 18, Settings: fast}).Problem, "made by PostgreSQL 16")
	require.NoError(t, s.Stop(context.Background()))
	e := startError(t, Config{DataDir: dir, Version: 18, Settings: fast})
	assert.Contains(t, e.Problem, "made by PostgreSQL 16")
	assert.Contains(t, e.Fix, "start version 16")
	again := start(t, Config{DataDir: dir, Version: 16})
	assert.Equal(t, "1", query(t, again, "SELECT 1"), "the refusal did no harm")
}

func TestUnusableFolders(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	file := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	assert.Contains(t, startError(t, Config{DataDir: file}).Problem, "is not a folder")
	assert.Contains(t, startError(t, Config{DataDir: filepath.Join(file, "below")}).Error(), "not a directory")

	foreign := filepath.Join(dir, "foreign")
	require.NoError(t, os.MkdirAll(filepath.Join(foreign, "postgres", "data", "documents"), 0o700))
	e := startError(t, Config{DataDir: foreign})
	assert.Contains(t, e.Problem, "is not a PostgreSQL data folder")
	assert.DirExists(t, filepath.Join(foreign, "postgres", "data", "documents"))
}

// A folder that only we can enter is closed to the server when we are root, and fine when we are not.
func TestClosedParentFolder(t *testing.T) {
	t.Parallel()
	closed := filepath.Join(dataDir(t), "closed")
	require.NoError(t, os.Mkdir(closed, 0o700))
	cfg := Config{DataDir: filepath.Join(closed, "data"), Settings: fast}
	if os.Geteuid() != 0 {
		start(t, cfg)
		return
	}
	e := startError(t, cfg)
	assert.Contains(t, e.Error(), "RUBRICA_DATA_DIR")
	assert.Contains(t, e.Error(), "can enter")
}

func TestBadSetting(t *testing.T) {
	t.Parallel()
	e := startError(t, Config{DataDir: dataDir(t), Settings: map[string]string{"fsync": "off", "shared_buffers": "lots"}})
	assert.Contains(t, e.Detail, "shared_buffers")
	assert.Equal(t, "correct the settings", e.Fix)
}

func TestMissingInstallation(t *testing.T) {
	t.Parallel()
	e := startError(t, Config{DataDir: dataDir(t), InstallDir: filepath.Join(dataDir(t), "nowhere")})
	assert.Contains(t, e.Error(), "is missing")
}

func TestWhatPostgreSQLSays(t *testing.T) {
	t.Parallel()
	for said, fix := range map[string]string{
		"/x/postgres: error while loading shared libraries: libz.so.1: cannot open shared object file": "libz.so.1",
		"/x/postgres: /lib/libc.so.6: version `GLIBC_2.28' not found":                                  "DATABASE_URL",
		"initdb: error: could not write file: No space left on device":                                 "free some space",
		"FATAL:  could not create any Unix-domain sockets":                                             "another server uses this socket",
		"LOG:  could not bind IPv4 address \"127.0.0.1\": Address already in use":                      "stop the program that listens there",
		"FATAL:  could not create shared memory segment: Cannot allocate memory":                       "shared_buffers",
		"initdb: error: invalid locale name \"C.UTF-8\"":                                               "libc-bin",
		"FATAL:  database files are incompatible with server":                                          "pg_dump",
		"something new": "see /the/log",
	} {
		err := outputError("it failed", said, "/the/log", nil)
		assert.ErrorContains(t, err, fix)
		assert.ErrorContains(t, err, said)
	}
	for cause, fix := range map[error]string{
		syscall.ENOSPC:   "disk is full",
		syscall.EROFS:    "read-only",
		fs.ErrPermission: "may write",
	} {
		err := fileError("make a folder", fmt.Errorf("mkdir: %w", cause))
		assert.ErrorContains(t, err, fix)
		assert.ErrorIs(t, err, cause)
	}
}
