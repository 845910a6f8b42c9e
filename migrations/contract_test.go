package migrations_test

import (
	"context"
	"database/sql"
	"testing"
	"testing/fstest"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/internal/pgtest"
	"github.com/rubrica/rubrica/migrations"
)

// What was scored before essays kept their overall score gets it from the newest run that has one.
func TestContractFillsTheOverallScores(t *testing.T) {
	t.Parallel()
	d := pgtest.Empty(t)
	before := fstest.MapFS{}
	for _, name := range files(t)[:3] {
		data, err := migrations.FS.ReadFile(name)
		require.NoError(t, err)
		before[name] = &fstest.MapFile{Data: data}
	}
	_, err := migrations.UpFrom(context.Background(), d.URL(), nil, before)
	require.NoError(t, err)
	db := d.DB(t)
	db.SetMaxOpenConns(1) // the setting below is the connection's
	exec := func(query string, args ...any) {
		t.Helper()
		_, err := db.ExecContext(t.Context(), query, args...)
		require.NoError(t, err)
	}
	// Only the two tables matter: what they refer to is left out.
	exec(`SET session_replication_role = replica`)
	float := func(f float64) *float64 { return &f }
	essays := map[uuid.UUID]*float64{}
	for _, c := range []struct {
		runs []*float64 // in their order
		want *float64
	}{
		{nil, nil},
		{[]*float64{nil}, nil},
		{[]*float64{float(0)}, float(0)},
		{[]*float64{float(70), float(0.1)}, float(0.1)},
		{[]*float64{float(70), float(0), nil}, float(0)},
	} {
		id := uuid.New()
		essays[id] = c.want
		exec(`INSERT INTO essays (id, created_at, owner_id, question_id, text, words, body_hash)
			VALUES ($1, now(), $2, $2, 'x', 1, '')`, id, uuid.New())
		for i, percent := range c.runs {
			exec(`INSERT INTO scoring_runs (id, created_at, owner_id, essay_id, rubric_id, track_id, number, kind, stage, seq,
				changed_at, flags, overall_percent)
				VALUES (gen_random_uuid(), now(), $2, $1, $2, $2, $3, 'FIRST', 'FAILED', 1, now(), '{}', $4)`, id, uuid.New(), i+1, percent)
		}
	}
	exec(`INSERT INTO audit_events (id, created_at, action, target_type, detail)
		VALUES (gen_random_uuid(), now(), 'cohort.member.set', 'cohort', '{}'), (gen_random_uuid(), now(), 'seed', 'catalogue', '{}')`)

	_, err = migrations.Up(context.Background(), d.URL(), nil)
	require.NoError(t, err)
	for id, want := range essays {
		var got *float64
		require.NoError(t, db.QueryRowContext(t.Context(), `SELECT overall_percent FROM essays WHERE id = $1`, id).Scan(&got))
		require.Equal(t, want, got)
	}
	rows, err := db.QueryContext(t.Context(), `SELECT action || ' ' || target_type FROM audit_events ORDER BY 1`)
	require.NoError(t, err)
	require.Equal(t, []string{"CATALOGUE_SEED CATALOGUE", "COHORT_MEMBER_SET COHORT"}, texts(t, rows))
}

// Lists that are ordered by a text are right only if texts that compare as equal are equal.
func TestTextsAreOrderedDeterministically(t *testing.T) {
	t.Parallel()
	rows, err := pgtest.New(t).DB(t).QueryContext(t.Context(), `SELECT a.attrelid::regclass || '.' || a.attname
		FROM pg_attribute a JOIN pg_collation c ON c.oid = a.attcollation
		WHERE a.attrelid IN ('tracks'::regclass, 'credentials'::regclass, 'cohorts'::regclass, 'users'::regclass)
		AND NOT c.collisdeterministic`)
	require.NoError(t, err)
	require.Empty(t, texts(t, rows))
}

func texts(t *testing.T, rows *sql.Rows) (out []string) {
	t.Helper()
	defer func() { require.NoError(t, rows.Close()) }()
	for rows.Next() {
		var s string
		require.NoError(t, rows.Scan(&s))
		out = append(out, s)
	}
	require.NoError(t, rows.Err())
	return out
}
