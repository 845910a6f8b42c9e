// Package seeding writes a catalogue of seeds into the database, again and again without duplicates.
//
// The seeds own the rows that they made, which their ids tell (see ids.go): what changed in the files
// is changed in the rows, and what is gone from the files is made inactive, never deleted, because
// essays and results lead to it. Two kinds have nothing to make inactive: a skill stays, and a passage
// that no explanation cites is deleted, while one that is cited stays. Rows that people made through
// the API are not touched.
//
// Of the people the seeds own the names, addresses and roles, and not whether an account is active.
package seeding

import (
	"context"
	"fmt"
	"time"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/internal/bypass"
	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/seeds"
)

// lockKey is the first half of the advisory lock of seeding; the second is the schema, because
// advisory locks are one database's.
const lockKey = 0x5365_6564 // "Seed"

// Options say what of a catalogue to load.
type Options struct {
	// People loads users and cohorts too, who are made up: for the development mode only.
	People bool
}

// Load brings the database to what the catalogue says, in one transaction. Processes that load at
// once do so one after the other. Errors that whoever edits the seeds can mend are *RubricError and
// *ClashError; nothing is written then.
func Load(ctx context.Context, db *database.DB, c *seeds.Catalog, o Options) (Report, error) {
	ctx = bypass.Context(ctx)
	start := time.Now()
	var report Report
	err := db.InTx(ctx, func(tx *database.Tx) error {
		report = Report{} // of an earlier try
		_, err := tx.SQL.ExecContext(ctx, "SELECT pg_advisory_xact_lock($1, hashtext(current_schema()))", lockKey)
		if err != nil {
			return fmt.Errorf("waiting for another process that loads seeds: %w", err)
		}
		l := loader{tx: tx, db: tx.Ent, catalog: c, report: &report}
		return l.load(ctx, o)
	})
	if err != nil {
		return Report{}, fmt.Errorf("loading the seeds: %w", err)
	}
	report.Took = time.Since(start)
	return report, nil
}

// loader is one call of Load within its transaction.
type loader struct {
	tx      *database.Tx
	db      *ent.Client
	catalog *seeds.Catalog
	report  *Report
}

func (l *loader) load(ctx context.Context, o Options) error {
	steps := []func(context.Context) error{
		l.skills, l.tracks, l.passages, l.questions, l.rubrics, l.credentials,
	}
	if o.People {
		steps = append(steps, l.users, l.cohorts, l.memberships)
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return l.audit(ctx)
}

// audit leaves a row when something changed. It has no actor: the command line acts.
func (l *loader) audit(ctx context.Context) error {
	if !l.report.Changed() {
		return nil
	}
	detail := map[string]string{}
	for _, c := range l.report.Counts {
		if c.changed() {
			detail[string(c.Kind)] = c.String()
		}
	}
	err := l.db.AuditEvent.Create().SetAction(enums.AuditCatalogueSeed).SetTargetType(enums.TargetCatalogue).SetDetail(detail).Exec(ctx)
	if err != nil {
		return fmt.Errorf("writing the audit row: %w", err)
	}
	return nil
}
