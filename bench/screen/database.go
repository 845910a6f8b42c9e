package main

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"os"
	"time"

	"github.com/google/uuid"
	"github.com/lib/pq"

	"github.com/rubrica/rubrica/internal/auth"
	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/internal/pgtest"
	"github.com/rubrica/rubrica/migrations"
)

// benchDatabase is a database that exists while the benchmark runs.
type benchDatabase struct {
	server, name, url string
	learner           uuid.UUID
	token             string // of the learner
}

// secret signs the learner's token. The database lasts for minutes and holds nobody's data.
const secret = "a key of the benchmark, which guards nothing"

// newDatabase makes a database with the data of the benchmark.
func newDatabase(ctx context.Context) (_ *benchDatabase, err error) {
	server := os.Getenv(pgtest.URLVariable)
	if server == "" {
		return nil, fmt.Errorf("$%s is empty: run make bench-screen, which starts a Postgres server", pgtest.URLVariable)
	}
	b := &benchDatabase{server: server, name: fmt.Sprintf("bench_%08x", rand.Uint32())}
	if err := b.admin(ctx, "CREATE DATABASE "+pq.QuoteIdentifier(b.name)); err != nil {
		return nil, fmt.Errorf("make a database: %w", err)
	}
	defer func() {
		if err != nil {
			_ = b.drop() // the first error tells more
		}
	}()
	u, err := url.Parse(server)
	if err != nil {
		return nil, fmt.Errorf("$%s: %w", pgtest.URLVariable, err)
	}
	u.Path = "/" + b.name
	b.url = u.String()
	if _, err := migrations.Up(ctx, b.url, slog.New(slog.DiscardHandler)); err != nil {
		return nil, err
	}
	db, err := database.Open(ctx, b.url, database.Options{})
	if err != nil {
		return nil, err
	}
	defer func() { _ = db.Close() }() // nothing is lost
	if b.learner, err = seed(ctx, db); err != nil {
		return nil, err
	}
	authority, err := auth.New([]byte(secret), auth.SQLAccounts(db.SQL))
	if err != nil {
		return nil, err
	}
	token, err := authority.Issue(b.learner, time.Hour)
	b.token = token.Raw
	return b, err
}

func (b *benchDatabase) admin(ctx context.Context, statement string) error {
	db, err := sql.Open("postgres", b.server)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }() // one statement
	_, err = db.ExecContext(ctx, statement)
	return err
}

// drop works after the end of the benchmark's context, too.
func (b *benchDatabase) drop() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return b.admin(ctx, "DROP DATABASE IF EXISTS "+pq.QuoteIdentifier(b.name)+" WITH (FORCE)")
}
