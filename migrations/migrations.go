// Package migrations holds the versioned SQL of the database (goose format, named
// 00002_what_it_does.sql) and applies it, together with River's own tables.
//
// A file that has been released is never changed. Files after the first ones are made with
// `go run ./internal/migratetool diff NAME`, and may be edited before they are committed.
//
// Everything goes into the first existing schema of the connection's search_path. The vector
// extension may be in another schema of the search_path.
package migrations

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path"
	"strconv"
	"time"

	"github.com/lib/pq"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/rivermigrate"
)

// FS holds the SQL files.
//
//go:embed *.sql
var FS embed.FS

// Table is where goose records what was applied.
const Table = "goose_db_version"

// lockKey is the advisory lock of migrating, one for the whole database: extensions are not bound
// to a schema.
const lockKey int64 = 0x5275_6272_6963_61 // "Rubrica"

// lockTimeout bounds how long a statement waits for a lock on a table, during which all others
// queue up behind it.
const lockTimeout = 10 * time.Second

// Report says what Up did.
type Report struct {
	Applied []string      // files, in the order they were applied
	River   []int         // versions of River's schema
	Took    time.Duration // with waiting for another process
}

// Up brings the database to the newest version. Of several processes that call it at once, one
// migrates and the others wait and find nothing to do. Each file is applied whole or not at all,
// unless it says otherwise (NO TRANSACTION). The log may be nil.
//
// A database that cannot serve gives a *RequirementError and is left as it was.
func Up(ctx context.Context, databaseURL string, log *slog.Logger) (Report, error) {
	return UpFrom(ctx, databaseURL, log, FS)
}

// UpFrom is Up with other files, for tools that work on a folder that was not compiled in.
func UpFrom(ctx context.Context, databaseURL string, log *slog.Logger, files fs.FS) (rep Report, err error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	begin := time.Now()
	db, err := open(databaseURL)
	if err != nil {
		return Report{}, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()

	facts, err := readFacts(ctx, db)
	if err != nil {
		return Report{}, err
	}
	if err := facts.check(); err != nil {
		return Report{}, err
	}
	unlock, err := acquireLock(ctx, db, log)
	if err != nil {
		return Report{}, err
	}
	defer func() { err = errors.Join(err, unlock()) }()

	provider, err := newProvider(db, files, log)
	if err != nil {
		return Report{}, err
	}
	results, err := provider.Up(ctx)
	var partial *goose.PartialError
	if errors.As(err, &partial) {
		results = partial.Applied
		err = fmt.Errorf("%s: %w", path.Base(partial.Failed.Source.Path), partial.Err)
	}
	for _, r := range results {
		rep.Applied = append(rep.Applied, path.Base(r.Source.Path))
	}
	if err != nil {
		return rep, explain(err)
	}
	if facts, err = readFacts(ctx, db); err != nil {
		return rep, err
	}
	if err := facts.checkVisible(); err != nil {
		return rep, err
	}
	migrator, err := newRiver(db, log)
	if err != nil {
		return rep, err
	}
	river, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil)
	if err != nil {
		return rep, explain(fmt.Errorf("migrate River's tables: %w", err))
	}
	for _, v := range river.Versions {
		rep.River = append(rep.River, v.Version)
	}
	rep.Took = time.Since(begin)
	log.InfoContext(ctx, "database migrated", "files", rep.Applied, "river", rep.River, "took", rep.Took)
	return rep, nil
}

// Pending lists what Up would apply: file names, and "river N" for versions of River's schema. It
// changes nothing. An empty list means that the database is at the newest version.
func Pending(ctx context.Context, databaseURL string) (_ []string, err error) {
	db, err := open(databaseURL)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return pending(ctx, db)
}

func pending(ctx context.Context, db *sql.DB) ([]string, error) {
	log := slog.New(slog.DiscardHandler)
	provider, err := newProvider(db, FS, log)
	if err != nil {
		return nil, err
	}
	applied, err := appliedVersions(ctx, db)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, s := range provider.ListSources() {
		if !applied[s.Version] {
			names = append(names, path.Base(s.Path))
		}
	}
	migrator, err := newRiver(db, log)
	if err != nil {
		return nil, err
	}
	existing, err := migrator.ExistingVersions(ctx)
	if err != nil {
		return nil, explain(fmt.Errorf("read the version of River's tables: %w", err))
	}
	has := make(map[int]bool, len(existing))
	for _, v := range existing {
		has[v.Version] = true
	}
	for _, v := range migrator.AllVersions() {
		if !has[v.Version] {
			names = append(names, "river "+strconv.Itoa(v.Version))
		}
	}
	return names, nil
}

// appliedVersions is empty for a database that was never migrated.
func appliedVersions(ctx context.Context, db *sql.DB) (map[int64]bool, error) {
	store, err := database.NewStore(database.DialectPostgres, Table)
	if err != nil {
		return nil, fmt.Errorf("migrations: %w", err)
	}
	applied := map[int64]bool{}
	var exists bool
	if err := db.QueryRowContext(ctx, `SELECT EXISTS (SELECT FROM pg_tables WHERE schemaname = current_schema() AND tablename = $1)`,
		Table).Scan(&exists); err != nil {
		return nil, explain(fmt.Errorf("look for the table %s: %w", Table, err))
	}
	if !exists {
		return applied, nil
	}
	rows, err := store.ListMigrations(ctx, db)
	if err != nil {
		return nil, explain(fmt.Errorf("read the table %s: %w", Table, err))
	}
	for _, r := range rows {
		applied[r.Version] = r.IsApplied
	}
	return applied, nil
}

// Hash identifies the schema that Up makes: it changes with any file and with River's versions.
func Hash() string {
	h := sha256.New()
	names, err := fs.Glob(FS, "*.sql")
	if err != nil {
		panic(err) // the pattern is a constant
	}
	for _, name := range names {
		b, err := FS.ReadFile(name)
		if err != nil {
			panic(err) // it is embedded
		}
		fmt.Fprintf(h, "%s %d\n%s", name, len(b), b)
	}
	for _, v := range riverVersions() {
		fmt.Fprintf(h, "river %d\n%s", v.Version, v.SQLUp)
	}
	return hex.EncodeToString(h.Sum(nil)[:6])
}

func riverVersions() []rivermigrate.Migration {
	m, err := newRiver(nil, slog.New(slog.DiscardHandler))
	if err != nil {
		panic(err) // it depends on constants of River alone
	}
	return m.AllVersions()
}

func newProvider(db *sql.DB, files fs.FS, log *slog.Logger) (*goose.Provider, error) {
	p, err := goose.NewProvider(goose.DialectPostgres, db, files,
		goose.WithTableName(Table), goose.WithDisableGlobalRegistry(true), goose.WithSlog(log))
	if err != nil {
		return nil, fmt.Errorf("read the migrations: %w", err)
	}
	return p, nil
}

func newRiver(db *sql.DB, log *slog.Logger) (*rivermigrate.Migrator[*sql.Tx], error) {
	m, err := rivermigrate.New(riverdatabasesql.New(db), &rivermigrate.Config{Logger: quiet(log)})
	if err != nil {
		return nil, fmt.Errorf("prepare River's migrations: %w", err)
	}
	return m, nil
}

// acquireLock takes the lock in a connection of its own, so that it ends with this process. It asks
// again and again instead of waiting in the server: a waiting statement would hold a snapshot, and
// CREATE INDEX CONCURRENTLY, which waits for old snapshots, would wait for it for ever.
func acquireLock(ctx context.Context, db *sql.DB, log *slog.Logger) (unlock func() error, err error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, explain(err)
	}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for told := false; ; {
		var locked bool
		if err := conn.QueryRowContext(ctx, `SELECT pg_try_advisory_lock($1)`, lockKey).Scan(&locked); err != nil {
			if told && ctx.Err() != nil {
				err = fmt.Errorf("wait for another process that is migrating: %w", ctx.Err())
			}
			return nil, errors.Join(explain(fmt.Errorf("take the lock of migrating: %w", err)), conn.Close())
		}
		if locked {
			break
		}
		if !told {
			log.InfoContext(ctx, "another process is migrating this database; waiting for it")
			told = true
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(fmt.Errorf("wait for another process that is migrating: %w", ctx.Err()), conn.Close())
		case <-tick.C:
		}
	}
	return func() error {
		_, err := conn.ExecContext(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock($1)`, lockKey)
		if err != nil {
			err = fmt.Errorf("release the lock of migrating: %w", err)
		}
		return errors.Join(err, conn.Close())
	}, nil
}

// open gives each connection the settings of migrating, whatever the role or the URL says.
func open(databaseURL string) (*sql.DB, error) {
	connector, err := pq.NewConnector(databaseURL)
	if err != nil {
		return nil, fmt.Errorf("the database URL cannot be understood: %w", err)
	}
	return sql.OpenDB(settingConnector{connector}), nil
}
