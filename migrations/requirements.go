package migrations

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/lib/pq"
)

// What a database must have.
const (
	minServer = 16
	minVector = "0.8"
)

// Requirement names what a database lacks.
type Requirement string

// The requirements of Up.
const (
	ServerVersion   Requirement = "server version"
	SchemaExists    Requirement = "schema"
	VectorInstalled Requirement = "vector installed"
	VectorVersion   Requirement = "vector version"
	VectorRights    Requirement = "right to create the vector extension"
	VectorVisible   Requirement = "vector on the search_path"
)

// RequirementError is a database that cannot serve, with what to do about it.
type RequirementError struct {
	Requirement Requirement
	Problem     string
	Fix         string
	Err         error // the server's answer; may be nil
}

// Error is the problem and the fix.
func (e *RequirementError) Error() string {
	return "this database cannot serve: " + e.Problem + "; " + e.Fix
}

// Unwrap returns the server's answer.
func (e *RequirementError) Unwrap() error { return e.Err }

// facts is what the catalogue says about the requirements.
type facts struct {
	serverVersion int    // server_version_num, e.g. 180004
	schema        string // current_schema, empty when none of the search_path exists
	searchPath    string
	available     string // version of the extension that CREATE EXTENSION would make; empty when none
	installed     string // version of the extension in this database; empty when none
	vectorSchema  string // where that is
	visible       bool   // the type is found by its bare name
}

func readFacts(ctx context.Context, db *sql.DB) (facts, error) {
	var f facts
	err := db.QueryRowContext(ctx, `
		SELECT current_setting('server_version_num')::int,
		       coalesce(current_schema(), ''),
		       current_setting('search_path'),
		       coalesce((SELECT default_version FROM pg_available_extensions WHERE name = 'vector'), ''),
		       coalesce((SELECT extversion FROM pg_extension WHERE extname = 'vector'), ''),
		       coalesce((SELECT extnamespace::regnamespace::text FROM pg_extension WHERE extname = 'vector'), ''),
		       to_regtype('vector') IS NOT NULL`).
		Scan(&f.serverVersion, &f.schema, &f.searchPath, &f.available, &f.installed, &f.vectorSchema, &f.visible)
	if err != nil {
		return facts{}, explain(fmt.Errorf("ask the database what it is: %w", err))
	}
	return f, nil
}

// check is what can be said before anything is changed.
func (f facts) check() error {
	if major := f.serverVersion / 10000; major < minServer {
		return &RequirementError{
			Requirement: ServerVersion,
			Problem:     fmt.Sprintf("it is PostgreSQL %d", major),
			Fix:         fmt.Sprintf("use PostgreSQL %d or newer", minServer),
		}
	}
	if f.schema == "" {
		return &RequirementError{
			Requirement: SchemaExists,
			Problem:     fmt.Sprintf("no schema of its search_path (%s) exists", f.searchPath),
			Fix:         "create it with CREATE SCHEMA, or correct search_path in the database URL",
		}
	}
	switch {
	case f.installed != "" && older(f.installed, minVector):
		fix := fmt.Sprintf("install pgvector %s or newer on the database server, then run ALTER EXTENSION vector UPDATE", minVector)
		if f.available != "" && !older(f.available, minVector) {
			fix = "run ALTER EXTENSION vector UPDATE"
		}
		return &RequirementError{VectorVersion, "its vector extension has version " + f.installed, fix, nil}
	case f.installed != "":
		return f.checkVisible()
	case f.available == "":
		return &RequirementError{
			Requirement: VectorInstalled,
			Problem:     "the vector extension is not installed on its server",
			Fix: fmt.Sprintf("install pgvector %s or newer there (on Debian: `apt-get install postgresql-%d-pgvector`), "+
				"or leave DATABASE_URL unset to use the embedded PostgreSQL", minVector, f.serverVersion/10000),
		}
	case older(f.available, minVector):
		return &RequirementError{
			Requirement: VectorVersion,
			Problem:     "the vector extension of its server has version " + f.available,
			Fix:         fmt.Sprintf("install pgvector %s or newer there", minVector),
		}
	}
	return nil
}

// checkVisible wants the type to be found without its schema's name, as our statements write it.
func (f facts) checkVisible() error {
	if f.visible {
		return nil
	}
	return &RequirementError{
		Requirement: VectorVisible,
		Problem:     fmt.Sprintf("its vector extension is in the schema %s, which is not on the search_path (%s)", f.vectorSchema, f.searchPath),
		Fix:         fmt.Sprintf("append %s to search_path in the database URL", f.vectorSchema),
	}
}

// older compares dotted numbers; what is not a number counts as 0.
func older(a, b string) bool {
	as, bs := strings.Split(a, "."), strings.Split(b, ".")
	for i := range max(len(as), len(bs)) {
		x, y := part(as, i), part(bs, i)
		if x != y {
			return x < y
		}
	}
	return false
}

func part(parts []string, i int) int {
	if i >= len(parts) {
		return 0
	}
	n, err := strconv.Atoi(parts[i])
	if err != nil {
		return 0
	}
	return n
}

// explain adds what to do to the answers of a server that are not our fault.
func explain(err error) error {
	var pqErr *pq.Error
	if !errors.As(err, &pqErr) {
		return fmt.Errorf("migrations: %w", err)
	}
	switch pqErr.Code.Name() {
	case "insufficient_privilege":
		if strings.Contains(pqErr.Message, "extension") {
			return &RequirementError{
				Requirement: VectorRights,
				Problem:     "this role may not create the vector extension",
				Fix:         "let a superuser run CREATE EXTENSION vector in this database once, then try again",
				Err:         err,
			}
		}
		return fmt.Errorf("migrations: %w (the role of the database URL must own the schema)", err)
	case "lock_not_available":
		return fmt.Errorf("migrations: %w (another session held a lock for more than %v: end it, see pg_stat_activity, "+
			"and try again)", err, lockTimeout)
	}
	return fmt.Errorf("migrations: %w", err)
}
