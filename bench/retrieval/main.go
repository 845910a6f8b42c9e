// Command retrieval measures the search over many passages: latency of the search by meaning alone,
// filtered to a hundredth and to a tenth of the passages, and with everything switched on, in turn with
// an exact scan in plain SQL; what the index finds of what the exact scan finds; and the size of the
// index and the time that it takes to build.
//
// It starts a Postgres server of its own. The passages are made up (sentences.go). The first of them are embedded by the real model.
// Where that would take too long (-embedded), each of the others has the vector of one of the first,
// turned by noise to a cosine of about 0.9, which is harder for the index than sentences are.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"

	"golang.org/x/sys/unix"

	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/internal/embeddedpg"
	"github.com/rubrica/rubrica/internal/pgtest"
	"github.com/rubrica/rubrica/migrations"
	"github.com/rubrica/rubrica/rag"
	"github.com/rubrica/rubrica/rag/minilm"
	"github.com/rubrica/rubrica/seeds"
)

type options struct {
	passages, embedded int
	queries, rounds    int
	check              bool
	folder             string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, unix.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "retrieval:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	var o options
	flag.IntVar(&o.passages, "passages", 100_000, "how many passages")
	flag.IntVar(&o.embedded, "embedded", 20_000, "how many of them the model embeds: about an hour for all of them on one core")
	flag.IntVar(&o.queries, "queries", 100, "queries in a round")
	flag.IntVar(&o.rounds, "rounds", 5, "how often; the figures are medians of the rounds")
	flag.BoolVar(&o.check, "check", false, "fail when a goal is not reached")
	flag.StringVar(&o.folder, "folder", "", "keep the database in this folder, or use the one that an earlier run left there")
	flag.Parse()
	if o.passages < 1000 || o.embedded < 1 || o.embedded > o.passages || o.queries < 10 || o.rounds < 1 {
		return errors.New("give at least 1000 passages, 10 queries and one round, and embed at least one passage")
	}
	return onServer(ctx, o.folder, func(url string) error { return o.on(ctx, url) })
}

// onServer gives f an empty database on a server of its own. What 100 000 passages take has to fit into
// its memory, as on any server that is to search them: from the operating system's cache a search takes
// ten times as long.
func onServer(ctx context.Context, dir string, f func(url string) error) (err error) {
	if dir == "" {
		if dir, err = os.MkdirTemp("", "rubrica-bench-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	} else if err := os.MkdirAll(dir, 0o711); err != nil {
		return err
	}
	// As root, the server runs as another user, who must pass.
	if err := os.Chmod(dir, 0o711); err != nil { //nolint:gosec // the folders within are closed
		return err
	}
	settings := pgtest.Settings()
	settings["shared_buffers"] = "1GB"
	server, err := embeddedpg.Start(ctx, embeddedpg.Config{DataDir: dir, Settings: settings})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Stop(context.WithoutCancel(ctx))) }()
	const name = "bench"
	if err := server.EnsureDatabase(ctx, name); err != nil {
		return err
	}
	return f(server.URL(name))
}

func (o options) on(ctx context.Context, url string) (err error) {
	if _, err := migrations.Up(ctx, url, nil); err != nil {
		return err
	}
	db, err := database.Open(ctx, url, database.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	model, err := minilm.Open(ctx, minilm.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, model.Close()) }()
	catalog, err := seeds.Default()
	if err != nil {
		return err
	}
	index := rag.New(db, model, nil)
	f := &filler{o: o, db: db, model: model, writer: newWriter(catalog, 1)}
	var there int
	if err := db.SQL.QueryRowContext(ctx, `SELECT count(*) FROM rag_documents`).Scan(&there); err != nil {
		return err
	}
	if err := f.prepare(ctx, index); err != nil {
		return err
	}
	if there != o.passages {
		if err := f.fill(ctx); err != nil {
			return err
		}
	}
	if err := f.link(ctx, index); err != nil {
		return err
	}
	fmt.Printf("%d passages, %d of them embedded by %s; the vectors of the others are turned copies\n\n", o.passages, o.embedded, model.Model())
	for _, s := range f.steps {
		fmt.Printf("%-28s %s\n", s.name, s.text)
	}
	fmt.Println()
	m := &meter{o: o, db: db, index: index, f: f, writer: newWriter(catalog, 2)}
	return m.measure(ctx)
}

func since(start time.Time) string { return time.Since(start).Round(100 * time.Millisecond).String() }
