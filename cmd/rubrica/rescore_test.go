package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/seeds"
)

// A re-scoring is begun once and told of; a dry run and a wrong name begin none.
func TestRescoreAtTheCommandLine(t *testing.T) {
	t.Parallel()
	flags, db := installation(t)
	must(t, append([]string{"migrate"}, flags...)...)
	must(t, append([]string{"seed"}, flags...)...)
	catalog, err := seeds.Default()
	require.NoError(t, err)
	track, question := catalog.Tracks[0].Slug, catalog.Tracks[0].Questions[0].Slug
	rescore := func(more ...string) []string { return append(append([]string{"rescore"}, more...), flags...) }
	rows := func() (n int) {
		require.NoError(t, db.QueryRowContext(t.Context(), `SELECT count(*) FROM rescorings`).Scan(&n))
		return n
	}

	require.Contains(t, must(t, rescore("--question="+question, "--dry-run")...), "0 essays would be")
	for _, args := range [][]string{{}, {"--track=nothing"}, {"--question=nothing"}, {"--question=" + question, "--track=" + catalog.Tracks[1].Slug}, {"--report=x"}} {
		code, _, stderr := run(t, rescore(args...)...)
		require.NotZero(t, code, args)
		require.NotEmpty(t, stderr)
	}
	require.Zero(t, rows())

	out := must(t, rescore("--question="+question, "--track="+track, "--reason=A test.")...)
	id, _, _ := strings.Cut(out, "\n")
	require.Equal(t, 1, rows())
	require.Contains(t, must(t, rescore("--report="+id)...), "adding: 0 essays, 0 runs added")
	var reason string
	require.NoError(t, db.QueryRowContext(t.Context(), `SELECT detail->>'reason' FROM audit_events WHERE action = 'ESSAYS_RESCORE' AND actor_id IS NULL`).Scan(&reason))
	require.Equal(t, "A test.", reason)
}
