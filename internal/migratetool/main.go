// Command migratetool compares the migrations with the ent schema:
//
//	go run ./internal/migratetool diff add_notes   # writes migrations/00007_add_notes.sql
//	go run ./internal/migratetool check            # exits 1 and prints the SQL when they differ
//
// It works on databases of a private PostgreSQL that it starts for the purpose, or of the server of
// $RUBRICA_TEST_DATABASE_URL. Read what it writes before you commit it: renames look like a drop and
// an addition, and data has to be moved by hand.
package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"

	"github.com/alecthomas/kong"
	"golang.org/x/sys/unix"

	"github.com/rubrica/rubrica/ent/migrate"
	"github.com/rubrica/rubrica/internal/embeddedpg"
	"github.com/rubrica/rubrica/internal/migratetool/schemadiff"
	"github.com/rubrica/rubrica/internal/pgtest"
	"github.com/rubrica/rubrica/migrations"
)

type cli struct {
	Dir string `default:"migrations" type:"existingdir" help:"Folder of the migrations."`

	Diff  diffCmd  `cmd:"" help:"Write what the migrations lack as a new file."`
	Check checkCmd `cmd:"" help:"Fail when the migrations lack something."`
}

type diffCmd struct {
	Name string `arg:"" help:"What the change does, in lower case with underscores, e.g. add_notes."`
}

type checkCmd struct{}

func main() {
	var c cli
	k := kong.Parse(&c, kong.Name("migratetool"), kong.Description("Compares the migrations with the ent schema."))
	ctx, stop := signal.NotifyContext(context.Background(), unix.SIGINT, unix.SIGTERM)
	defer stop()
	k.BindTo(ctx, (*context.Context)(nil))
	k.FatalIfErrorf(k.Run(&c))
}

var namePattern = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// Run writes the files.
func (d *diffCmd) Run(ctx context.Context, c *cli) error {
	if !namePattern.MatchString(d.Name) {
		return fmt.Errorf("the name %q must consist of lower-case letters, digits and underscores", d.Name)
	}
	steps, err := compare(ctx, c.Dir)
	if err != nil {
		return err
	}
	if len(steps) == 0 {
		fmt.Println("The migrations match the ent schema; there is nothing to write.")
		return nil
	}
	next, err := nextVersion(c.Dir)
	if err != nil {
		return err
	}
	for i, s := range steps {
		path := filepath.Join(c.Dir, fmt.Sprintf("%05d_%s%s.sql", next+i, d.Name, s.Suffix))
		if err := writeNew(path, s.SQL); err != nil {
			return err
		}
		fmt.Println("wrote", path)
	}
	return nil
}

// Run fails when there is a difference.
func (*checkCmd) Run(ctx context.Context, c *cli) error {
	steps, err := compare(ctx, c.Dir)
	if err != nil {
		return err
	}
	if len(steps) == 0 {
		fmt.Println("The migrations match the ent schema.")
		return nil
	}
	for _, s := range steps {
		fmt.Printf("%s\n", s.SQL)
	}
	return errors.New("the migrations differ from the ent schema: run `go run ./internal/migratetool diff NAME`")
}

// compare runs the migrations of the folder, which may be newer than those in this program.
func compare(ctx context.Context, dir string) ([]schemadiff.Step, error) {
	server := os.Getenv(pgtest.URLVariable)
	if server == "" {
		srv, stop, err := pgtest.StartTemporary(ctx, embeddedpg.DefaultVersion, func(line string) { fmt.Fprintln(os.Stderr, line) })
		if err != nil {
			return nil, err
		}
		defer func() { _ = stop() }() // it is temporary, and ends with this program
		server = srv.URL("postgres")
	}
	var steps []schemadiff.Step
	err := pgtest.WithDatabases(ctx, server, 2, func(urls []string) error {
		if _, err := migrations.UpFrom(ctx, urls[0], nil, os.DirFS(dir)); err != nil {
			return err
		}
		var dbs [2]*sql.DB
		for i, u := range urls {
			db, err := sql.Open("postgres", u)
			if err != nil {
				return fmt.Errorf("open a temporary database: %w", err)
			}
			defer func() { _ = db.Close() }() // the database is dropped next
			dbs[i] = db
		}
		var err error
		steps, err = schemadiff.Diff(ctx, dbs[0], dbs[1], migrate.Tables)
		return err
	})
	return steps, err
}

var versionPattern = regexp.MustCompile(`^(\d+)_.*\.sql$`)

// nextVersion is one above the highest in the folder. Two branches that take the same one are told
// by goose when they meet.
func nextVersion(dir string) (int, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return 0, fmt.Errorf("list the migrations: %w", err)
	}
	highest := 0
	for _, e := range entries {
		m := versionPattern.FindStringSubmatch(e.Name())
		if m == nil {
			continue
		}
		v, err := strconv.Atoi(m[1])
		if err != nil {
			return 0, fmt.Errorf("the version of %s: %w", e.Name(), err)
		}
		highest = max(highest, v)
	}
	return highest + 1, nil
}

func writeNew(path string, content []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s exists already: choose another name", path)
	}
	if err != nil {
		return fmt.Errorf("write the migration: %w", err)
	}
	_, err = f.Write(content)
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write the migration: %w", err)
	}
	return nil
}
