package migrations

import (
	"context"
	"database/sql"
	"fmt"
)

// State is what a database runs on, and how far it was migrated.
type State struct {
	Server    string // version of Postgres
	Vector    string // version of pgvector
	Migration int64  // number of the newest file that was applied
	Bytes     int64  // of the whole database, on disk
}

// ReadState reads the state of a database that was migrated, with one statement.
func ReadState(ctx context.Context, db *sql.DB) (s State, err error) {
	err = db.QueryRowContext(ctx, `
		SELECT current_setting('server_version'),
		       (SELECT extversion FROM pg_extension WHERE extname = 'vector'),
		       (SELECT max(version_id) FROM `+Table+` WHERE is_applied),
		       pg_database_size(current_database())`).Scan(&s.Server, &s.Vector, &s.Migration, &s.Bytes)
	if err != nil {
		return State{}, fmt.Errorf("reading the state of the database: %w", err)
	}
	return s, nil
}
