// Package embeddedpg runs a private PostgreSQL with pgvector, so that `make run` and the tests need
// no database of the machine.
//
// The server listens on a Unix socket in a folder of mode 0700 and on no TCP port: no port can be
// taken, and nobody but root and the user it runs as can reach it. Therefore it asks for no
// password: who may enter that folder may read the data files as well. It never touches another
// cluster of the machine.
//
// A data folder holds
//
//	postgres.lock    held by the process that owns the server; it names that process
//	postgres.log     what the server said; the previous one is postgres.log.1
//	postgres/data    the cluster
//	postgres/run     the socket (see socketDir for long paths)
//
// One process owns the server: the first to start it. Others that start the same folder use the
// same server and leave it running when they stop; it lives as long as its owner. When the owner
// is killed, Linux tells the server to shut down (parent-death signal); a server that is left over
// all the same is stopped by the next start, which then runs its own.
//
// PostgreSQL refuses to run as root. When we are root, it runs as the owner of an existing data
// folder, else as the system user "rubrica", which is made if need be, else as "nobody".
package embeddedpg

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/lib/pq"

	"github.com/rubrica/rubrica/internal/provision"
)

// The major versions that the wheel holds.
const (
	DefaultVersion = 18
	OldestVersion  = 16
)

// User is the name of the role, a superuser of the private cluster, that URL connects as.
const User = "rubrica"

// Bounds of the steps of starting and stopping. They are wide: recovery after a crash reads the
// write-ahead log again, and disks may be slow.
const (
	readyTimeout    = 60 * time.Second
	shutdownTimeout = 20 * time.Second
	quitTimeout     = 5 * time.Second
	survivorTimeout = 10 * time.Second
	pollInterval    = 5 * time.Millisecond
)

// Config says which server to run.
type Config struct {
	// DataDir is the folder described above. It is made when missing, with its parents. The user
	// that the server runs as must be able to enter its parents. See DefaultDataDir.
	DataDir string
	// Version is the major version, 18 (default) or 16.
	Version int
	// Progress is given one line before each long step; it may be nil.
	Progress func(line string)
	// Settings are server settings that override ours, e.g. {"fsync": "off"} for tests.
	Settings map[string]string
	// InstallDir is a PostgreSQL installation (bin, lib, share). When empty, it is provision's.
	InstallDir string
}

// Server is a running private server. Its methods may be called by several goroutines.
type Server struct {
	cfg     Config
	paths   paths
	account account
	sockets string // folder of the socket

	mu      sync.Mutex
	lock    *ownerLock  // nil when another process owns the server, or after Stop
	proc    *postmaster // nil when another process owns the server, or after Stop
	stopped bool
}

// Start returns the server of cfg.DataDir, ready for connections: it makes the cluster if there is
// none, repairs what a crash left, and uses the server of another process that runs it already.
// The context bounds the start only. Errors a user can mend are of type *Error.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	if cfg.Version == 0 {
		cfg.Version = DefaultVersion
	}
	if cfg.DataDir == "" {
		return nil, errors.New("embeddedpg: Config.DataDir is empty: see DefaultDataDir")
	}
	dir, err := filepath.Abs(cfg.DataDir)
	if err != nil {
		return nil, fmt.Errorf("embeddedpg: data folder %q: %w", cfg.DataDir, err)
	}
	cfg.DataDir = dir
	if cfg.InstallDir == "" {
		unpacked, err := provision.Ensure(ctx, provision.Postgres, cfg.Progress)
		if err != nil {
			return nil, fmt.Errorf("embeddedpg: bring PostgreSQL: %w", err)
		}
		if cfg.InstallDir, err = provision.PostgresHome(unpacked, cfg.Version); err != nil {
			return nil, fmt.Errorf("embeddedpg: %w", err)
		}
	}
	s := &Server{cfg: cfg, paths: pathsOf(dir)}
	if err := s.start(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Server) start(ctx context.Context) (err error) {
	if err := makeDataDir(s.paths.root); err != nil {
		return err
	}
	if s.account, err = chooseAccount(ctx, s.paths, s.say); err != nil {
		return err
	}
	if s.sockets, err = socketDir(s.paths, s.account); err != nil {
		return err
	}
	if s.lock, err = s.ownOrAdopt(ctx); err != nil || s.lock == nil {
		return err
	}
	defer func() {
		if err != nil {
			s.lock.release()
			s.lock = nil
		}
	}()
	if err := makeOwned(s.paths.server, s.account); err != nil {
		return err
	}
	if err := s.stopOrphan(ctx); err != nil {
		return err
	}
	if err := s.initialize(ctx); err != nil {
		return err
	}
	return s.launch(ctx)
}

// launch starts the postmaster and waits until it answers. The caller holds the owner's lock.
func (s *Server) launch(ctx context.Context) error {
	if err := makeOwned(s.sockets, s.account); err != nil {
		return err
	}
	// Backends notice within moments that their postmaster was killed; until the last of them has
	// gone, PostgreSQL refuses to start.
	for deadline := time.Now().Add(survivorTimeout); ; {
		proc, err := startPostmaster(s)
		if err != nil {
			return err
		}
		if err = s.awaitReady(ctx, proc); err == nil {
			s.proc = proc
			return nil
		}
		proc.stop(context.WithoutCancel(ctx))
		if !proc.blockedBySurvivors() || time.Now().After(deadline) || ctx.Err() != nil {
			return err
		}
	}
}

// awaitReady returns when the server accepts connections.
func (s *Server) awaitReady(ctx context.Context, proc *postmaster) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for {
		select {
		case <-proc.done:
			return proc.failure("PostgreSQL ended while it was starting")
		case <-ctx.Done():
			return proc.failure(fmt.Sprintf("PostgreSQL was not ready for connections: %v", ctx.Err()))
		case <-tick.C:
		}
		if pf, err := readPidFile(s.paths.pidFile()); err != nil || !pf.ready {
			continue
		}
		if s.ping(ctx) == nil {
			return nil
		}
	}
}

// ping opens one connection, since a listening socket alone is no proof.
func (s *Server) ping(ctx context.Context) error {
	db, err := s.open("postgres")
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }() // a probe's connection: nothing to lose
	return db.PingContext(ctx)
}

func (s *Server) open(database string) (*sql.DB, error) {
	connector, err := pq.NewConnector(s.URL(database))
	if err != nil {
		return nil, fmt.Errorf("embeddedpg: %w", err)
	}
	return sql.OpenDB(connector), nil
}

// URL is the connection string of a database of this server, for lib/pq and pgx alike. It stays the
// same through restarts. The database "postgres" always exists; see EnsureDatabase for others.
func (s *Server) URL(database string) string {
	q := url.Values{
		"host":    {s.sockets},
		"port":    {strconv.Itoa(socketNumber)},
		"sslmode": {"disable"},
	}
	u := url.URL{Scheme: "postgres", User: url.User(User), Path: "/" + database, RawQuery: q.Encode()}
	return u.String()
}

// EnsureDatabase creates a database unless it exists.
func (s *Server) EnsureDatabase(ctx context.Context, name string) error {
	db, err := s.open("postgres")
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }() // what counts was committed
	var exists bool
	if err := db.QueryRowContext(ctx, `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)`, name).Scan(&exists); err != nil {
		return fmt.Errorf("embeddedpg: look for database %q: %w", name, err)
	}
	if exists {
		return nil
	}
	_, err = db.ExecContext(ctx, "CREATE DATABASE "+pq.QuoteIdentifier(name))
	var pqErr *pq.Error
	if errors.As(err, &pqErr) && (pqErr.Code == "42P04" || pqErr.Code == "23505") { // another process was faster
		return nil
	}
	if err != nil {
		return fmt.Errorf("embeddedpg: create database %q: %w", name, err)
	}
	return nil
}

// Owned says whether this process started the server; otherwise another process did, and the server
// ends with that one.
func (s *Server) Owned() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.proc != nil
}

// Pid is the process id of the postmaster, or 0 when it is not running.
func (s *Server) Pid() int {
	pf, err := readPidFile(s.paths.pidFile())
	if err != nil || !isPostmaster(pf.pid, s.paths.data) {
		return 0
	}
	return pf.pid
}

// DataDir is the folder of the server, LogFile what it wrote since its last start.
func (s *Server) DataDir() string { return s.paths.root }

// LogFile is the path of the server's log.
func (s *Server) LogFile() string { return s.paths.log }

// RunsAs is the name of the system user that the server runs as.
func (s *Server) RunsAs() string { return s.account.name }

// Stop shuts the server down if this process owns it: connections are ended, transactions under way
// are rolled back, everything committed is kept. When that takes more than 20 s, or the context
// ends, the server is told to abort, which the next start recovers from; it is never left running.
// A second Stop does nothing.
func (s *Server) Stop(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return nil
	}
	s.stopped = true
	if s.lock == nil {
		return nil
	}
	s.proc.stop(ctx)
	s.proc = nil
	removeSocketDir(s.paths, s.sockets)
	s.lock.release()
	s.lock = nil
	return nil
}

// Restart stops the server and starts it again on the same folder and URL. It also starts one that
// has died. Only the owner may restart.
func (s *Server) Restart(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lock == nil {
		return errors.New("embeddedpg: only the process that started the server can restart it")
	}
	if s.proc != nil { // nil after a restart that failed
		s.proc.stop(ctx)
		s.proc = nil
	}
	return s.launch(ctx)
}

func (s *Server) say(format string, args ...any) {
	if s.cfg.Progress != nil {
		s.cfg.Progress(fmt.Sprintf(format, args...))
	}
}

// DefaultDataDir is the data folder of the clone at projectDir: $RUBRICA_DATA_DIR; else, keyed by
// the clone's path, below /var/lib/rubrica for root and below $XDG_DATA_HOME/rubrica or
// ~/.local/share/rubrica for others. It lies outside of the clone, because the user that the server
// runs as may be unable to enter that.
func DefaultDataDir(projectDir string) (string, error) {
	if dir := os.Getenv("RUBRICA_DATA_DIR"); dir != "" {
		abs, err := filepath.Abs(dir)
		if err != nil {
			return "", fmt.Errorf("RUBRICA_DATA_DIR is %q: %w", dir, err)
		}
		return abs, nil
	}
	abs, err := filepath.Abs(projectDir)
	if err != nil {
		return "", fmt.Errorf("project folder %q: %w", projectDir, err)
	}
	if real, err := filepath.EvalSymlinks(abs); err == nil { // one clone, however it was entered
		abs = real
	}
	key := shortHash(abs)
	if os.Geteuid() == 0 {
		return filepath.Join("/var/lib/rubrica", key), nil
	}
	if base := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(base) {
		return filepath.Join(base, "rubrica", key), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("no home folder: set RUBRICA_DATA_DIR to a folder that Rubrica may write: %w", err)
	}
	return filepath.Join(home, ".local", "share", "rubrica", key), nil
}
