// Package database opens Postgres and runs transactions in which ent and River write together.
package database

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"

	"github.com/lib/pq"

	"github.com/rubrica/rubrica/ent"
	_ "github.com/rubrica/rubrica/ent/runtime" // the schemas' defaults, validators and policies
)

// DB is one pool of connections, seen through database/sql and through ent.
type DB struct {
	SQL *sql.DB
	Ent *ent.Client
	// Schema is the Postgres schema that the tables stand in; NOTIFY channels carry it, because
	// they are per database.
	Schema string
	// URL is what the pool was opened with; listeners open their own connection.
	URL string
}

// Options bound the pool.
type Options struct {
	MaxConnections int // default 10
	// Unprepared sends every statement anew, for a proxy that changes connections between
	// transactions and knows no prepared statements.
	Unprepared bool
	// Wrap, if given, wraps what opens connections; tests see every statement by it.
	Wrap func(driver.Connector) driver.Connector
}

// Open connects and checks that the database answers within ten seconds.
func Open(ctx context.Context, url string, options Options) (*DB, error) {
	if options.MaxConnections == 0 {
		options.MaxConnections = 10
	}
	base, err := pq.NewConnector(url)
	if err != nil {
		return nil, fmt.Errorf("DATABASE_URL is not understood: %w", err)
	}
	var connector driver.Connector = base
	if !options.Unprepared {
		connector = preparing{Connector: base, size: keptStatements}
	}
	if options.Wrap != nil {
		connector = options.Wrap(connector)
	}
	pool := sql.OpenDB(connector)
	pool.SetMaxOpenConns(options.MaxConnections)
	pool.SetMaxIdleConns(options.MaxConnections)
	pool.SetConnMaxIdleTime(5 * time.Minute)

	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	var schema sql.NullString
	if err := pool.QueryRowContext(ctx, "SELECT current_schema()").Scan(&schema); err != nil {
		return nil, errors.Join(fmt.Errorf("the database does not answer: %w", err), pool.Close())
	}
	if !schema.Valid {
		return nil, errors.Join(errors.New("search_path names no schema that exists: create it first"), pool.Close())
	}
	return &DB{
		SQL:    pool,
		Ent:    ent.NewClient(ent.Driver(newEntDriver(pool))),
		Schema: schema.String,
		URL:    url,
	}, nil
}

// Close closes the pool.
func (db *DB) Close() error { return db.SQL.Close() }

// Channel is the name of a NOTIFY channel of this installation.
func (db *DB) Channel(topic string) string { return "rubrica_" + db.Schema + "_" + topic }

// Tx is one transaction, seen through database/sql (for River) and through ent.
type Tx struct {
	SQL *sql.Tx
	Ent *ent.Client
}

// InTx runs fn in a transaction and commits it when fn returns nil. A serialisation failure or a
// deadlock, where Postgres asks for another try, is tried three times, and so is a statement whose
// plan had been made before a table was altered.
func (db *DB) InTx(ctx context.Context, fn func(*Tx) error) error {
	const tries = 3
	for try := 1; ; try++ {
		err := db.once(ctx, fn)
		if err == nil || try == tries || !transient(err) {
			return err
		}
	}
}

func (db *DB) once(ctx context.Context, fn func(*Tx) error) (err error) {
	tx, err := db.SQL.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("beginning a transaction: %w", err)
	}
	defer func() {
		if p := recover(); p != nil {
			_ = tx.Rollback()
			panic(p)
		}
		if err != nil {
			_ = tx.Rollback() // the first error tells more
		}
	}()
	if err = fn(&Tx{SQL: tx, Ent: ent.NewClient(ent.Driver(newNested(tx)))}); err != nil {
		return err
	}
	if err = tx.Commit(); err != nil {
		return fmt.Errorf("committing: %w", err)
	}
	return nil
}

func transient(err error) bool {
	var e *pq.Error
	return stale(err) || errors.As(err, &e) && (e.Code == "40001" || e.Code == "40P01")
}

// IsUnique tells whether err is a violation of the named unique constraint; an empty name means any.
func IsUnique(err error, constraint string) bool {
	var e *pq.Error
	return errors.As(err, &e) && e.Code == "23505" && (constraint == "" || e.Constraint == constraint)
}
