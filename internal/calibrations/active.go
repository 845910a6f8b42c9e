package calibrations

import (
	"context"
	"fmt"
	"log/slog"
	"sync"

	"github.com/google/uuid"

	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/scoring/calibration"
)

// Active holds the calibrations that are switched on, of the questions that a process scores. It is
// safe for concurrent use.
type Active struct {
	db  *database.DB
	log *slog.Logger

	mu   sync.Mutex
	on   map[string]held // by question
	uses int
}

// held is what is on for a question; the calibration is nil when it cannot be read.
type held struct {
	id          uuid.UUID
	calibration *calibration.Calibration
	used        int // when it was last asked for, by the count of uses
}

// maxHeld bounds the memory: a calibration takes some megabytes.
const maxHeld = 64

// NewActive makes an empty one.
func NewActive(db *database.DB, log *slog.Logger) *Active {
	return &Active{db: db, log: log, on: map[string]held{}}
}

// Find is the calibration of a question that Use was last told of.
func (a *Active) Find(questionID string) (*calibration.Calibration, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	c := a.on[questionID].calibration
	return c, c != nil
}

// Use is told which calibration is on for a question (nil: none), and reads it unless it is held. It
// acts for the system. One that was written by another version of the program is passed over, with a
// warning.
func (a *Active) Use(ctx context.Context, questionID uuid.UUID, on *uuid.UUID) error {
	key := questionID.String()
	a.mu.Lock()
	a.uses++
	h := a.on[key]
	switch {
	case on == nil:
		delete(a.on, key)
	case h.id == *on:
		h.used = a.uses
		a.on[key] = h
	}
	a.mu.Unlock()
	if on == nil || h.id == *on {
		return nil
	}
	var data []byte
	err := a.db.SQL.QueryRowContext(ctx, `SELECT data FROM calibration_models WHERE calibration_id = $1`, *on).Scan(&data)
	if err != nil {
		return fmt.Errorf("reading a calibration: %w", err)
	}
	c := &calibration.Calibration{}
	if err := c.UnmarshalBinary(data); err != nil {
		a.log.WarnContext(ctx, "a calibration cannot be used; the question is scored uncalibrated until it is fitted again",
			"calibration_id", on.String(), "error", err)
		c = nil
	}
	a.hold(key, held{id: *on, calibration: c})
	return nil
}

// hold keeps a calibration, and drops the one that was not asked for longest when there are too many.
func (a *Active) hold(key string, h held) {
	a.mu.Lock()
	defer a.mu.Unlock()
	h.used = a.uses
	a.on[key] = h
	if len(a.on) <= maxHeld {
		return
	}
	oldest := key
	for k, other := range a.on {
		if other.used < a.on[oldest].used {
			oldest = k
		}
	}
	delete(a.on, oldest)
}
