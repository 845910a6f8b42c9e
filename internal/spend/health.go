package spend

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/scoring"
	"github.com/rubrica/rubrica/scoring/llm"
)

// How long rows are kept, and how often those that are not are looked for.
const (
	keepAnswers = "90 days" // since they last served
	keepCalls   = "400 days"
	keepWorkers = "7 days"
	sweepEvery  = 5 * time.Minute
)

// Report writes down how the engine of this process fares, so that admins see it whichever process
// they ask. Every few minutes it also ends reservations that ran out and deletes what is old.
func (s *Store) Report(ctx context.Context, info scoring.EngineInfo, provider llm.Provider, h llm.Health) error {
	failed := sql.NullTime{Time: h.LastErrorAt, Valid: !h.LastErrorAt.IsZero()}
	_, err := s.db.SQL.ExecContext(ctx, `
		INSERT INTO llm_workers (id, created_at, provider, model, prompt_version, breaker, last_error, last_error_at,
			calls, cache_hits, repairs, fallbacks, dropped, seen_at)
		VALUES ($1, now(), $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, now())
		ON CONFLICT (id) DO UPDATE SET breaker = excluded.breaker, last_error = excluded.last_error,
			last_error_at = excluded.last_error_at, calls = excluded.calls, cache_hits = excluded.cache_hits,
			repairs = excluded.repairs, fallbacks = excluded.fallbacks, dropped = excluded.dropped, seen_at = excluded.seen_at`,
		s.worker, string(provider), info.Model, info.Prompt, h.Breaker, string(h.LastError), failed,
		h.Calls, h.CacheHits, h.Repairs, h.Fallbacks, h.Dropped)
	if err != nil {
		return fmt.Errorf("writing down how the language model fares: %w", err)
	}
	last, now := s.swept.Load(), time.Now().Unix()
	if now-last < int64(sweepEvery.Seconds()) || !s.swept.CompareAndSwap(last, now) {
		return nil
	}
	return s.sweep(ctx)
}

func (s *Store) sweep(ctx context.Context) error {
	if _, err := s.Expire(ctx); err != nil {
		return err
	}
	for _, old := range []string{
		`DELETE FROM llm_answers WHERE used_at < now() - interval '` + keepAnswers + `'`,
		`DELETE FROM llm_calls WHERE created_at < now() - interval '` + keepCalls + `' AND state <> 'RESERVED'`,
		`DELETE FROM llm_workers WHERE seen_at < now() - interval '` + keepWorkers + `'`,
	} {
		if _, err := s.db.SQL.ExecContext(ctx, old); err != nil {
			return fmt.Errorf("deleting what is old of the language model: %w", err)
		}
	}
	return nil
}

// Worker is how the engine of one process fared when it last scored.
type Worker struct {
	ID                                            uuid.UUID
	Provider, Model, PromptVersion, Breaker       string
	LastError                                     string
	LastErrorAt                                   *time.Time
	Calls, CacheHits, Repairs, Fallbacks, Dropped int
	StartedAt, SeenAt                             time.Time
}

// State is whether the model is asked.
func (w *Worker) State() enums.CircuitState { return enums.CircuitState(w.Breaker) }

// Failure is the class of the newest failure; nil if there was none.
func (w *Worker) Failure() *string {
	if w.LastError == "" {
		return nil
	}
	return &w.LastError
}

// MaxWorkers bounds the list of workers.
const MaxWorkers = 100

// Workers lists the processes that asked a language model within the last day, the newest first.
func Workers(ctx context.Context, db *database.DB) ([]*Worker, error) {
	return list(ctx, db, "the workers of the language model", func(rows *sql.Rows) (*Worker, error) {
		var w Worker
		return &w, rows.Scan(&w.ID, &w.Provider, &w.Model, &w.PromptVersion, &w.Breaker, &w.LastError, &w.LastErrorAt,
			&w.Calls, &w.CacheHits, &w.Repairs, &w.Fallbacks, &w.Dropped, &w.StartedAt, &w.SeenAt)
	}, `SELECT id, provider, model, prompt_version, breaker, last_error, last_error_at, calls, cache_hits, repairs, fallbacks,
			dropped, created_at, seen_at
		FROM llm_workers WHERE seen_at > now() - interval '1 day' ORDER BY seen_at DESC, id LIMIT $1`, MaxWorkers)
}

// Day is what was spent on one day, by one track or by all.
type Day struct {
	Day                            time.Time
	TrackID                        *uuid.UUID // nil: all tracks
	Calls                          int
	PromptTokens, CompletionTokens int
	SpentMicros, ReservedMicros    int64
}

// Spent is what was spent, in the currency of the price list.
func (d *Day) Spent() float64 { return float64(d.SpentMicros) / 1e6 }

// Reserved is what is set aside, in the same currency.
func (d *Day) Reserved() float64 { return float64(d.ReservedMicros) / 1e6 }

// MaxDays bounds the list of days.
const MaxDays = 500

// Days lists what was spent within 31 days, the newest first, each day's sum before its tracks.
func Days(ctx context.Context, db *database.DB) ([]*Day, error) {
	return list(ctx, db, "the spending on the language model", func(rows *sql.Rows) (*Day, error) {
		var d Day
		var track uuid.UUID
		err := rows.Scan(&d.Day, &track, &d.Calls, &d.PromptTokens, &d.CompletionTokens, &d.SpentMicros, &d.ReservedMicros)
		if track != total {
			d.TrackID = &track
		}
		return &d, err
	}, `SELECT day, track_id, calls, prompt_tokens, completion_tokens, spent_micros, reserved_micros
		FROM llm_days WHERE day > (now() AT TIME ZONE 'UTC')::date - 31 ORDER BY day DESC, track_id LIMIT $1`, MaxDays)
}

// Essay is what was spent on one essay.
type Essay struct {
	EssayID                        uuid.UUID
	Calls                          int
	PromptTokens, CompletionTokens int
	SpentMicros                    int64
	LastAt                         time.Time
}

// Spent is what it cost, in the currency of the price list.
func (e *Essay) Spent() float64 { return float64(e.SpentMicros) / 1e6 }

// MaxEssays bounds the list of essays.
const MaxEssays = 50

// Essays lists the essays that cost most within seven days, the dearest first.
func Essays(ctx context.Context, db *database.DB) ([]*Essay, error) {
	return list(ctx, db, "the spending on essays", func(rows *sql.Rows) (*Essay, error) {
		var e Essay
		return &e, rows.Scan(&e.EssayID, &e.Calls, &e.PromptTokens, &e.CompletionTokens, &e.SpentMicros, &e.LastAt)
	}, `SELECT essay_id, count(*), sum(prompt_tokens)::bigint, sum(completion_tokens)::bigint, sum(cost_micros)::bigint, max(created_at)
		FROM llm_calls WHERE created_at > now() - interval '7 days'
		GROUP BY essay_id ORDER BY sum(cost_micros) DESC, essay_id LIMIT $1`, MaxEssays)
}

func list[T any](ctx context.Context, db *database.DB, what string, scan func(*sql.Rows) (T, error), statement string, args ...any) ([]T, error) {
	rows, err := db.SQL.QueryContext(ctx, statement, args...)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", what, err)
	}
	defer rows.Close()
	out := []T{}
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", what, err)
		}
		out = append(out, v)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading %s: %w", what, err)
	}
	return out, nil
}
