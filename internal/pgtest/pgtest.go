// Package pgtest gives tests of every package real PostgreSQL databases.
//
//	func TestMain(m *testing.M) { pgtest.Main(m) }
//
//	func TestX(t *testing.T) {
//		t.Parallel()
//		db := pgtest.New(t).DB(t)
//		…
//	}
//
// The databases are on the server of $RUBRICA_TEST_DATABASE_URL (any database of it, by a role that
// may create databases), which cmd/testpg starts once for all packages. Without it each package's
// test process starts a private server when its first test asks for one; the version is
// $RUBRICA_TEST_POSTGRES (18 or 16). Main stops that server; in a package without Main it ends with
// the test process.
package pgtest

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/lib/pq"

	"github.com/rubrica/rubrica/internal/embeddedpg"
	"github.com/rubrica/rubrica/migrations"
)

// The variables of the environment that the package comment describes.
const (
	URLVariable     = "RUBRICA_TEST_DATABASE_URL"
	VersionVariable = "RUBRICA_TEST_POSTGRES"
)

// timeout bounds each step on the server that a test waits for.
const timeout = time.Minute

// templateLock is the advisory lock under which the template is made; the test programs of several
// packages run at once.
const templateLock int64 = 0x5275_6272_7465_73 // "Rubrtes"

// Database is a database that exists until the end of its test.
type Database struct {
	name string
	url  string
}

// New makes a database at the newest version of the schema.
func New(t testing.TB) *Database {
	t.Helper()
	return sharedServer(t).New(t)
}

// Empty makes a database without any table or extension.
func Empty(t testing.TB) *Database {
	t.Helper()
	return sharedServer(t).Empty(t)
}

// Name is the name of the database.
func (d *Database) Name() string { return d.name }

// URL is the connection string, for lib/pq and pgx alike.
func (d *Database) URL() string { return d.url }

// DB opens a pool with lib/pq, which is closed at the end of the test.
func (d *Database) DB(t testing.TB) *sql.DB {
	t.Helper()
	db, err := open(d.url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() }) // the database is dropped next
	return db
}

// Server is a server on which tests make databases.
type Server struct {
	maintenance string // URL of a database to create others from
	embedded    *embeddedpg.Server

	mu       sync.Mutex
	template string // name of the migrated database, once it exists
}

// New is like the package's New, on this server.
func (s *Server) New(t testing.TB) *Database {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	template, err := s.migrated(ctx)
	if err != nil {
		t.Fatalf("pgtest: make the migrated template: %v", err)
	}
	return s.create(t, template)
}

// Empty is like the package's Empty, on this server.
func (s *Server) Empty(t testing.TB) *Database {
	t.Helper()
	return s.create(t, "template0")
}

func (s *Server) create(t testing.TB, template string) *Database {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	name := uniqueName("test")
	if err := s.exec(ctx, createDatabase(name, template)); err != nil {
		t.Fatalf("pgtest: create a database: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), timeout)
		defer cancel()
		if err := s.exec(ctx, dropDatabase(name)); err != nil {
			t.Errorf("pgtest: drop the database: %v", err)
		}
	})
	u, err := withDatabase(s.maintenance, name)
	if err != nil {
		t.Fatal(err)
	}
	return &Database{name: name, url: u}
}

// WithDatabases calls f with the URLs of n empty databases on a server, given by the URL of any of its
// databases, and drops them afterwards. It is for programs.
func WithDatabases(ctx context.Context, server string, n int, f func(urls []string) error) (err error) {
	s := &Server{maintenance: server}
	urls := make([]string, n)
	for i := range urls {
		name := uniqueName("temporary")
		if err := s.exec(ctx, createDatabase(name, "template0")); err != nil {
			return fmt.Errorf("pgtest: create a database: %w", err)
		}
		defer func() { err = errors.Join(err, s.exec(context.WithoutCancel(ctx), dropDatabase(name))) }()
		if urls[i], err = withDatabase(server, name); err != nil {
			return err
		}
	}
	return f(urls)
}

// migrated returns the name of a database to copy, which is made by the first who needs it. Its
// name carries the hash of the migrations, so that a server that outlives a change gets a new one.
func (s *Server) migrated(ctx context.Context) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.template != "" {
		return s.template, nil
	}
	name := "rubrica_template_" + migrations.Hash()
	db, err := open(s.maintenance)
	if err != nil {
		return "", err
	}
	defer func() { _ = db.Close() }() // what counts was committed
	conn, err := db.Conn(ctx)         // the lock belongs to a connection
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close() }() // db.Close ends it, and the lock with it
	if _, err := conn.ExecContext(ctx, `SELECT pg_advisory_lock($1)`, templateLock); err != nil {
		return "", err
	}
	var exists bool
	if err := conn.QueryRowContext(ctx, `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)`, name).Scan(&exists); err != nil {
		return "", err
	}
	if !exists {
		if err := s.makeTemplate(ctx, conn, name); err != nil {
			return "", err
		}
	}
	s.template = name
	return name, nil
}

// makeTemplate builds the template under another name, so that an interrupted one is never used.
func (s *Server) makeTemplate(ctx context.Context, conn *sql.Conn, name string) error {
	work := uniqueName("template")
	if _, err := conn.ExecContext(ctx, createDatabase(work, "template0")); err != nil {
		return err
	}
	u, err := withDatabase(s.maintenance, work)
	if err == nil {
		_, err = migrations.Up(ctx, u, nil)
	}
	if err == nil {
		// Nobody may connect, since a database in use cannot be copied.
		_, err = conn.ExecContext(ctx, fmt.Sprintf(`ALTER DATABASE %s ALLOW_CONNECTIONS false`, pq.QuoteIdentifier(work)))
	}
	if err == nil {
		_, err = conn.ExecContext(ctx, fmt.Sprintf(`ALTER DATABASE %s RENAME TO %s`, pq.QuoteIdentifier(work), pq.QuoteIdentifier(name)))
	}
	if err != nil {
		_, _ = conn.ExecContext(context.WithoutCancel(ctx), dropDatabase(work)) // err says more
	}
	return err
}

// exec runs one statement in a connection of its own: a pool kept for later would look like a leak
// to tests that watch goroutines.
func (s *Server) exec(ctx context.Context, stmt string) error {
	db, err := open(s.maintenance)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }() // what counts was committed
	_, err = db.ExecContext(ctx, stmt)
	return err
}

func createDatabase(name, template string) string {
	// The encoding and locale are those that embedded servers have, on any server.
	locale := ""
	if template == "template0" {
		locale = ` ENCODING 'UTF8' LOCALE 'C.UTF-8'`
	}
	return fmt.Sprintf(`CREATE DATABASE %s TEMPLATE %s STRATEGY FILE_COPY%s`, pq.QuoteIdentifier(name), pq.QuoteIdentifier(template), locale)
}

func dropDatabase(name string) string {
	return fmt.Sprintf(`DROP DATABASE IF EXISTS %s WITH (FORCE)`, pq.QuoteIdentifier(name))
}

// uniqueName carries the process id for people who look at what an interrupted test left.
func uniqueName(kind string) string {
	var b [6]byte
	for i := range b {
		b[i] = byte(rand.Uint32()) //nolint:gosec // a name, not a secret
	}
	return "rubrica_" + kind + "_" + strconv.Itoa(os.Getpid()) + "_" + hex.EncodeToString(b[:])
}

func open(databaseURL string) (*sql.DB, error) {
	connector, err := pq.NewConnector(databaseURL)
	if err != nil {
		return nil, fmt.Errorf("pgtest: the database URL cannot be understood: %w", err)
	}
	return sql.OpenDB(connector), nil
}

// withDatabase replaces the database in a URL.
func withDatabase(databaseURL, name string) (string, error) {
	u, err := url.Parse(databaseURL)
	if err != nil || u.Scheme == "" {
		return "", fmt.Errorf("pgtest: %s must be a URL like postgres://user@host:port/database", URLVariable)
	}
	u.Path = "/" + name
	return u.String(), nil
}
