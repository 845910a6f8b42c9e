// Package spend keeps what language models cost below a budget, and their answers so that none is paid
// twice. Its tables are written by the workers of all processes; who may read them is for the callers
// to decide.
package spend

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/scoring/llm"
)

// Budget is what may be spent on one day (UTC), in millionths of the currency of the price list: in
// all, and on each track. 0 sets no limit.
type Budget struct{ Day, Track int64 }

// DefaultTTL is how long a reservation may stay unsettled, when no other time is given. It is longer
// than any call may take.
const DefaultTTL = 10 * time.Minute

// Store is the ledger and the cache in Postgres. It is safe for concurrent use.
type Store struct {
	db     *database.DB
	budget Budget
	ttl    time.Duration
	worker uuid.UUID
	swept  atomic.Int64 // Unix seconds of the last sweep
}

// New makes a store. ttl is how long a reservation may stay unsettled; 0: DefaultTTL.
func New(db *database.DB, budget Budget, ttl time.Duration) *Store {
	if ttl == 0 {
		ttl = DefaultTTL
	}
	return &Store{db: db, budget: budget, ttl: ttl, worker: uuid.Must(uuid.NewV7())}
}

var (
	_ llm.Ledger = (*Store)(nil)
	_ llm.Cache  = (*Store)(nil)
)

// total is the track that stands for all of them.
var total = uuid.Nil

// reserve adds an amount to the day and to the track, each only within its budget, and writes the call
// down. A row that two want to change is waited for and looked at again, so that no two of them can
// pass on the same remainder. Where the track refuses, nothing is returned, and the transaction around
// the statement is undone with what the day had granted.
const reserve = `
WITH today AS (SELECT (now() AT TIME ZONE 'UTC')::date AS day),
granted AS (
	INSERT INTO llm_days AS d (id, created_at, day, track_id, reserved_micros, calls)
	SELECT $1, now(), today.day, $3, $6::bigint, 1 FROM today WHERE $7::bigint = 0 OR $6 <= $7
	ON CONFLICT (day, track_id) DO UPDATE SET reserved_micros = d.reserved_micros + excluded.reserved_micros, calls = d.calls + 1
	WHERE $7 = 0 OR d.spent_micros + d.reserved_micros + excluded.reserved_micros <= $7
	RETURNING day
), track AS (
	INSERT INTO llm_days AS d (id, created_at, day, track_id, reserved_micros, calls)
	SELECT $2, now(), granted.day, $4, $6::bigint, 1 FROM granted WHERE $8::bigint = 0 OR $6 <= $8
	ON CONFLICT (day, track_id) DO UPDATE SET reserved_micros = d.reserved_micros + excluded.reserved_micros, calls = d.calls + 1
	WHERE $8 = 0 OR d.spent_micros + d.reserved_micros + excluded.reserved_micros <= $8
	RETURNING day
)
INSERT INTO llm_calls (id, created_at, day, track_id, essay_id, model, state, reserved_micros, expires_at)
SELECT $2, now(), track.day, $4, $5, $9, 'RESERVED', $6, now() + make_interval(secs => $10) FROM track
RETURNING id`

// Reserve implements llm.Ledger.
func (s *Store) Reserve(ctx context.Context, account llm.Account, model string, micros int64) (llm.Hold, error) {
	track, err := uuid.Parse(account.Track)
	if err != nil || track == total {
		return "", fmt.Errorf("reserving %d for the language model: the track %q is no id", micros, account.Track)
	}
	essay, err := uuid.Parse(account.Essay)
	if err != nil {
		return "", fmt.Errorf("reserving %d for the language model: the essay %q is no id", micros, account.Essay)
	}
	var hold uuid.UUID
	err = s.db.InTx(ctx, func(tx *database.Tx) error {
		return tx.SQL.QueryRowContext(ctx, reserve, newID(), newID(), total, track, essay, micros,
			s.budget.Day, s.budget.Track, model, s.ttl.Seconds()).Scan(&hold)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("%w: %d millionths more would exceed the day's or the track's", llm.ErrBudget, micros)
	}
	if err != nil {
		return "", fmt.Errorf("reserving %d for the language model: %w", micros, err)
	}
	return llm.Hold(hold.String()), nil
}

// Settle implements llm.Ledger. A call can be settled once; one whose reservation has run out
// meanwhile is put right.
func (s *Store) Settle(ctx context.Context, hold llm.Hold, settled llm.Settlement) error {
	return s.end(ctx, string(hold), "SETTLED", settled)
}

// end takes a call from its reservation to what it cost. The rows of days are changed in the order in
// which reserve does it, the sum first: otherwise two could wait for each other.
func (s *Store) end(ctx context.Context, call, state string, settled llm.Settlement) error {
	err := s.db.InTx(ctx, func(tx *database.Tx) error {
		var (
			day            string
			track          uuid.UUID
			before         string
			reserved, cost int64
		)
		err := tx.SQL.QueryRowContext(ctx, `
			SELECT day::text, track_id, state, reserved_micros, cost_micros FROM llm_calls WHERE id = $1 FOR UPDATE`, call).
			Scan(&day, &track, &before, &reserved, &cost)
		if err != nil {
			return err
		}
		if before == "SETTLED" || before == state {
			return nil
		}
		now := min(max(settled.Micros, 0), reserved)
		if before == "RESERVED" {
			cost = 0 // nothing was charged yet
		} else {
			reserved = 0 // nothing is set aside any more
		}
		if _, err := tx.SQL.ExecContext(ctx, `
			UPDATE llm_calls SET state = $2, outcome = $3, cost_micros = $4, prompt_tokens = $5, completion_tokens = $6, settled_at = now()
			WHERE id = $1`, call, state, settled.Outcome, now, settled.PromptTokens, settled.CompletionTokens); err != nil {
			return err
		}
		for _, of := range []uuid.UUID{total, track} {
			if _, err := tx.SQL.ExecContext(ctx, `
				UPDATE llm_days SET reserved_micros = reserved_micros - $3, spent_micros = spent_micros + $4,
					prompt_tokens = prompt_tokens + $5, completion_tokens = completion_tokens + $6
				WHERE day = $1::date AND track_id = $2`,
				day, of, reserved, now-cost, settled.PromptTokens, settled.CompletionTokens); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("settling the call %s of the language model: %w", call, err)
	}
	return nil
}

// Expire ends the reservations of processes that died, at most 1000 of them. Each is charged in full:
// nobody can know whether the provider has worked on it, and a budget that is exceeded in truth is not
// kept. It returns how many there were.
func (s *Store) Expire(ctx context.Context) (int, error) {
	rows, err := s.db.SQL.QueryContext(ctx, `
		SELECT id::text, reserved_micros FROM llm_calls WHERE state = 'RESERVED' AND expires_at < now() LIMIT 1000`)
	if err != nil {
		return 0, fmt.Errorf("looking for reservations that ran out: %w", err)
	}
	defer rows.Close()
	lost := map[string]int64{}
	for rows.Next() {
		var id string
		var micros int64
		if err := rows.Scan(&id, &micros); err != nil {
			return 0, fmt.Errorf("reading reservations that ran out: %w", err)
		}
		lost[id] = micros
	}
	if err := rows.Err(); err != nil {
		return 0, fmt.Errorf("reading reservations that ran out: %w", err)
	}
	for id, micros := range lost {
		if err := s.end(ctx, id, "EXPIRED", llm.Settlement{Micros: micros, Outcome: "EXPIRED"}); err != nil {
			return 0, err
		}
	}
	return len(lost), nil
}

func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }
