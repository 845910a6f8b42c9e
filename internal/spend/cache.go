package spend

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Get implements llm.Cache.
func (s *Store) Get(ctx context.Context, key []byte) ([]byte, error) {
	var answer string
	err := s.db.SQL.QueryRowContext(ctx, `UPDATE llm_answers SET used_at = now() WHERE key = $1 RETURNING answer`, key).Scan(&answer)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("looking for an answer of the language model: %w", err)
	}
	return []byte(answer), nil
}

// Put implements llm.Cache. The first answer to a request stays.
func (s *Store) Put(ctx context.Context, key, answer []byte) error {
	_, err := s.db.SQL.ExecContext(ctx, `
		INSERT INTO llm_answers (id, created_at, key, answer, used_at) VALUES ($1, now(), $2, $3, now())
		ON CONFLICT (key) DO NOTHING`, newID(), key, string(answer))
	if err != nil {
		return fmt.Errorf("keeping an answer of the language model: %w", err)
	}
	return nil
}
