package pgtest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"github.com/rubrica/rubrica/internal/embeddedpg"
)

// startTimeout bounds the start of a server, the fetching of PostgreSQL included.
const startTimeout = 5 * time.Minute

// folderPrefix begins the names of the temporary data folders.
const folderPrefix = "rubrica-pgtest-"

// Settings are those of every test server. They give up durability: a crash of the machine may
// destroy a test's data, a crash of the server may lose its last commits.
func Settings() map[string]string {
	return map[string]string{
		"fsync":              "off",
		"synchronous_commit": "off",
		"full_page_writes":   "off",
		"max_connections":    "300",
		"shared_buffers":     "64MB",
		"max_wal_size":       "1GB", // fewer checkpoints
	}
}

// StartTemporary starts a server for tests in a temporary folder. stop ends it and removes the
// folder. It is for programs; tests call New, Empty or OwnServer.
func StartTemporary(ctx context.Context, version int, progress func(string)) (srv *embeddedpg.Server, stop func() error, err error) {
	sweep()
	dir, err := os.MkdirTemp(baseFolder(), folderPrefix)
	if err != nil {
		return nil, nil, fmt.Errorf("pgtest: %w", err)
	}
	// As root, the server runs as another user, who must pass.
	if err := os.Chmod(dir, 0o711); err != nil { //nolint:gosec // the folders within are closed
		return nil, nil, errors.Join(fmt.Errorf("pgtest: %w", err), os.RemoveAll(dir))
	}
	srv, err = embeddedpg.Start(ctx, embeddedpg.Config{
		DataDir: dir, Version: version, Progress: progress, Settings: Settings(),
	})
	if err != nil {
		return nil, nil, errors.Join(err, os.RemoveAll(dir))
	}
	return srv, func() error {
		return errors.Join(srv.Stop(context.Background()), os.RemoveAll(dir))
	}, nil
}

// memoryFolder is a file system in memory on Linux, where a database is copied ten times as fast as
// on a disk: it is made of some 400 small files.
const memoryFolder = "/dev/shm"

// memoryNeeded is the room, in bytes, that the tests of everything may take. Containers often have
// 64 MB there, which would fill up.
const memoryNeeded = 4 << 30

// baseFolder is where temporary data folders are made: $TMPDIR if it is set, else in memory if there
// is room, else the system's temporary folder.
func baseFolder() string {
	var st unix.Statfs_t
	if os.Getenv("TMPDIR") == "" && unix.Statfs(memoryFolder, &st) == nil &&
		st.Bavail > memoryNeeded/uint64(st.Bsize) && unix.Access(memoryFolder, unix.W_OK|unix.X_OK) == nil { //nolint:gosec // a block's size is positive
		return memoryFolder
	}
	return os.TempDir()
}

// sweep removes the folders of killed test programs, as far as they are ours to remove. A folder
// whose lock can be taken has no owner; a young one may be about to get its owner.
func sweep() {
	dirs, err := filepath.Glob(filepath.Join(baseFolder(), folderPrefix+"*"))
	if err != nil {
		return
	}
	for _, dir := range dirs {
		info, err := os.Lstat(dir)
		if err != nil || !info.IsDir() || time.Since(info.ModTime()) < 10*time.Minute {
			continue
		}
		f, err := os.OpenFile(filepath.Join(dir, "postgres.lock"), os.O_RDWR|unix.O_NOFOLLOW, 0)
		if errors.Is(err, fs.ErrNotExist) {
			_ = os.Remove(dir) // takes an empty folder only
			continue
		}
		if err != nil {
			continue
		}
		if unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil {
			_ = os.RemoveAll(dir) // what stays is swept another time
		}
		_ = f.Close()
	}
}

var (
	sharedMu   sync.Mutex
	shared     *Server
	sharedErr  error
	stopShared func() error
)

// sharedServer is the server of New and Empty, started when it is first asked for.
func sharedServer(t testing.TB) *Server {
	t.Helper()
	sharedMu.Lock()
	defer sharedMu.Unlock()
	if shared == nil && sharedErr == nil {
		shared, stopShared, sharedErr = findServer()
	}
	if sharedErr != nil {
		t.Fatalf("pgtest: start PostgreSQL: %v", sharedErr)
	}
	return shared
}

func findServer() (*Server, func() error, error) {
	if u := os.Getenv(URLVariable); u != "" {
		return &Server{maintenance: u}, func() error { return nil }, nil
	}
	version, err := versionFromEnvironment()
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	srv, stop, err := StartTemporary(ctx, version, nil)
	if err != nil {
		return nil, nil, err
	}
	return &Server{maintenance: srv.URL("postgres"), embedded: srv}, stop, nil
}

func versionFromEnvironment() (int, error) {
	v := os.Getenv(VersionVariable)
	if v == "" {
		return embeddedpg.DefaultVersion, nil
	}
	version, err := strconv.Atoi(v)
	if err != nil {
		return 0, fmt.Errorf("%s is %q: it must be 16 or 18", VersionVariable, v)
	}
	return version, nil
}

// Main runs a package's tests, stops the server that they started, and fails if they leave
// goroutines behind. It does not return.
func Main(m *testing.M, options ...goleak.Option) {
	code := m.Run()
	sharedMu.Lock()
	if stopShared != nil {
		if err := stopShared(); err != nil {
			fmt.Fprintln(os.Stderr, "pgtest: stop PostgreSQL:", err)
			code = max(code, 1)
		}
	}
	sharedMu.Unlock()
	if code == 0 {
		if err := goleak.Find(options...); err != nil {
			fmt.Fprintln(os.Stderr, "pgtest: goroutines are left after the tests:", err)
			code = 1
		}
	}
	os.Exit(code)
}

// OwnServer starts a server for one test, which may restart it. It ends with the test.
func OwnServer(t testing.TB, version int) *Server {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	srv, stop, err := StartTemporary(ctx, version, nil)
	if err != nil {
		t.Fatalf("pgtest: start PostgreSQL %d: %v", version, err)
	}
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Errorf("pgtest: stop PostgreSQL: %v", err)
		}
	})
	return &Server{maintenance: srv.URL("postgres"), embedded: srv}
}

// Restart restarts a server of OwnServer; connections are ended, URLs stay valid.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	if s.embedded == nil {
		t.Fatal("pgtest: only a server of OwnServer can be restarted")
	}
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	if err := s.embedded.Restart(ctx); err != nil {
		t.Fatalf("pgtest: restart PostgreSQL: %v", err)
	}
}

// Embedded is the server below a server of OwnServer, for tests that kill it by its process id.
func (s *Server) Embedded() *embeddedpg.Server { return s.embedded }
