package recommend

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/rubrica/rubrica/internal/database"
)

// State is what recommendations have learnt from interactions.
type State struct {
	Version      int // counts the fits
	Revision     int // how often the fit was brought up to date since
	FittedAt     time.Time
	Learners     int // that it was fitted on, as the next two
	Credentials  int
	Interactions int
}

// ReadState reads what serves, with one statement; nil when nothing was learnt yet.
func ReadState(ctx context.Context, db *database.DB) (*State, error) {
	var s State
	err := db.SQL.QueryRowContext(ctx, `
		SELECT version, revision, fitted_at, users, items, interactions FROM recommend_fits WHERE serving`).
		Scan(&s.Version, &s.Revision, &s.FittedAt, &s.Learners, &s.Credentials, &s.Interactions)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil //nolint:nilnil // nothing was learnt yet
	}
	if err != nil {
		return nil, fmt.Errorf("recommend: reading what was learnt: %w", err)
	}
	return &s, nil
}
