// Package schemadiff finds what the migrations lack for the ent schema.
//
// Both sides are built in real databases and read back, one by the migrations and the other by ent,
// so that PostgreSQL itself has normalised types, defaults and expressions before they are compared.
// That is the reason for not using ent's replay mode, which also wants a checksum file and wipes the
// database, extensions included.
//
// Only tables that ent knows are compared: River's, goose's and those of hand-written SQL are left
// alone. A table that is removed from the ent schema is therefore not dropped; write that by hand.
// Columns, indexes and constraints of ent's tables that only hand-written SQL knows must have names
// that end with HandWritten. Views, functions and triggers are not looked at.
package schemadiff

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"ariga.io/atlas/sql/migrate"
	"ariga.io/atlas/sql/postgres"
	"ariga.io/atlas/sql/schema"
	"ariga.io/atlas/sql/sqltool"
	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	entschema "entgo.io/ent/dialect/sql/schema"
)

// HandWritten is the end of the names of parts of ent's tables that the ent schema does not know.
const HandWritten = "_sql"

// Step is one migration file to write.
type Step struct {
	Suffix string // what to append to the name of the change
	SQL    []byte // goose format
}

// Diff returns the steps that bring a database at the newest migration to the ent schema; none when
// they agree. migrated must be such a database, empty one without tables; it is filled.
// Indexes on tables that exist are created concurrently, in a step of their own, since that cannot
// be done in a transaction.
func Diff(ctx context.Context, migrated, empty *sql.DB, tables []*entschema.Table) ([]Step, error) {
	if _, err := empty.ExecContext(ctx, `CREATE EXTENSION IF NOT EXISTS vector`); err != nil {
		return nil, fmt.Errorf("prepare the database of the ent schema: %w", err)
	}
	ent, err := entschema.NewMigrate(entsql.OpenDB(dialect.Postgres, empty))
	if err != nil {
		return nil, fmt.Errorf("prepare ent: %w", err)
	}
	if err := ent.Create(ctx, tables...); err != nil {
		return nil, fmt.Errorf("create the tables of the ent schema: %w", err)
	}

	names := make([]string, len(tables))
	for i, t := range tables {
		names[i] = t.Name
	}
	driver, err := postgres.Open(migrated)
	if err != nil {
		return nil, fmt.Errorf("look at the migrated database: %w", err)
	}
	current, err := inspect(ctx, driver, names)
	if err != nil {
		return nil, fmt.Errorf("look at the migrated database: %w", err)
	}
	entDriver, err := postgres.Open(empty)
	if err != nil {
		return nil, fmt.Errorf("look at the ent schema's database: %w", err)
	}
	desired, err := inspect(ctx, entDriver, names)
	if err != nil {
		return nil, fmt.Errorf("look at the ent schema's database: %w", err)
	}
	// Normalized: else checks are compared by their names alone.
	changes, err := driver.SchemaDiff(current, desired, schema.DiffNormalized())
	if err != nil {
		return nil, fmt.Errorf("compare the databases: %w", err)
	}
	restoreExpressions(desired, tables)
	return plan(ctx, driver, changes)
}

// restoreExpressions puts the checks and predicates back as the ent schema has them. PostgreSQL's
// own text of an expression is not stable: `x IN ('A', 'B')` of a varchar is read back as one text,
// and that one, created again, as another. The changes point to the parts of the desired schema.
func restoreExpressions(desired *schema.Schema, tables []*entschema.Table) {
	for _, from := range tables {
		to, ok := desired.Table(from.Name)
		if !ok {
			continue
		}
		if from.Annotation != nil {
			for _, attr := range to.Attrs {
				if check, ok := attr.(*schema.Check); ok && from.Annotation.Checks[check.Name] != "" {
					check.Expr = from.Annotation.Checks[check.Name]
				}
			}
		}
		for _, index := range from.Indexes {
			if index.Annotation == nil || index.Annotation.Where == "" {
				continue
			}
			if i, ok := to.Index(index.Name); ok {
				i.Attrs = slices.DeleteFunc(i.Attrs, func(a schema.Attr) bool {
					_, ok := a.(*postgres.IndexPredicate)
					return ok
				})
				i.Attrs = append(i.Attrs, &postgres.IndexPredicate{P: index.Annotation.Where})
			}
		}
	}
}

func inspect(ctx context.Context, driver migrate.Driver, tables []string) (*schema.Schema, error) {
	if len(tables) == 0 { // which the library takes as "all"
		return nil, errors.New("the ent schema has no tables")
	}
	return driver.InspectSchema(ctx, "", &schema.InspectOptions{
		Mode:    schema.InspectTables,
		Tables:  tables,
		Exclude: []string{"*.*" + HandWritten},
	})
}

func plan(ctx context.Context, driver migrate.Driver, changes []schema.Change) ([]Step, error) {
	atOnce, concurrent := split(changes)
	var steps []Step
	for _, part := range []struct {
		changes        []schema.Change
		suffix, header string
	}{
		{atOnce, "", ""},
		{concurrent, "_indexes", "-- +goose NO TRANSACTION\n"},
	} {
		if len(part.changes) == 0 {
			continue
		}
		p, err := driver.PlanChanges(ctx, "change", part.changes, func(o *migrate.PlanOptions) {
			o.SchemaQualifier = new(string) // search_path decides
			o.Indent = "  "
		})
		if err != nil {
			return nil, fmt.Errorf("write the SQL of the change: %w", err)
		}
		if len(p.Changes) == 0 {
			continue
		}
		files, err := sqltool.GooseFormatter.Format(p)
		if err != nil || len(files) != 1 {
			return nil, fmt.Errorf("write the change as a goose file (%d files): %w", len(files), err)
		}
		sql := append(bytes.TrimSpace(files[0].Bytes()), '\n')
		steps = append(steps, Step{Suffix: part.suffix, SQL: append([]byte(part.header), sql...)})
	}
	return steps, nil
}

// split takes the new indexes of existing tables out of the changes.
func split(changes []schema.Change) (atOnce, concurrent []schema.Change) {
	for _, c := range changes {
		modify, ok := c.(*schema.ModifyTable)
		if !ok {
			atOnce = append(atOnce, c)
			continue
		}
		var now, later []schema.Change
		for _, part := range modify.Changes {
			if add, ok := part.(*schema.AddIndex); ok {
				add.Extra = append(add.Extra, &postgres.Concurrently{})
				later = append(later, add)
			} else {
				now = append(now, part)
			}
		}
		if len(now) > 0 {
			atOnce = append(atOnce, &schema.ModifyTable{T: modify.T, Changes: now})
		}
		if len(later) > 0 {
			concurrent = append(concurrent, &schema.ModifyTable{T: modify.T, Changes: later})
		}
	}
	return atOnce, concurrent
}
