package graph_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/internal/globalid"
	"github.com/rubrica/rubrica/internal/seeding"
)

// Pages below an object are full although there are rows between that the viewer may not see, or that
// are no longer active.
func TestPagesHoldOnlyWhatMayBeSeen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	members := listing{path: "Cohort.members", parent: globalid.Encode("cohort", seeding.CohortID("backend-autumn"))}
	for _, person := range []string{"lena", "priya", "tomasz"} {
		for _, backward := range []bool{false, true} {
			require.Len(t, w.walk(t, person, members, 1, backward, nil), 1, person)
		}
	}
	require.Len(t, w.walk(t, arno, members, 2, false, nil), 4)

	questions := listing{path: "Track.questions", parent: globalid.Encode("track", seeding.TrackID(w.catalog.Tracks[0].Slug))}
	all := w.walk(t, lena, questions, 100, false, nil)
	_, err := w.db.SQL.ExecContext(t.Context(), `UPDATE questions SET active = false WHERE track_id = $1 AND position <= 1`,
		seeding.TrackID(w.catalog.Tracks[0].Slug))
	require.NoError(t, err)
	require.Equal(t, all[2:], w.walk(t, lena, questions, 1, false, nil))
	require.Equal(t, all[2:], w.walk(t, lena, questions, 2, true, nil))
}

func TestPageArguments(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	essay := w.essays(t, lena, 1)[0].id("essay")
	const required, bad = "PAGINATION_REQUIRED", "BAD_CURSOR"
	for args, want := range map[string]string{
		``:                               required,
		`first: 2, last: 2`:              required,
		`first: 0`:                       required,
		`first: 101`:                     required,
		`first: -1`:                      required,
		`last: 0`:                        required,
		`last: 101`:                      required,
		`after: "x"`:                     required,
		`first: 1, after: ""`:            bad,
		`first: 1, after: "x"`:           bad,
		`last: 1, before: "bm9uc2Vuc2U"`: bad,
		`last: 1, before: "e30"`:         bad,
	} {
		for _, path := range []string{"essays", "tracks", "credentials", "cohorts", "users", "auditEvents"} {
			query := fmt.Sprintf(`{ %s(%s) { pageInfo { hasNextPage } } }`, path, args)
			if args == "" {
				query = fmt.Sprintf(`{ %s { pageInfo { hasNextPage } } }`, path)
			}
			a := w.ask(t, ada, query, nil)
			require.Equal(t, []string{want}, a.codes(), query)
			requireStatements(t, 0, a)
		}
		if args != "" {
			args = "(" + args + ")"
		}
		a := w.ask(t, lena, fmt.Sprintf(`query($id: ID!) { essay(id: $id) { runs%s { totalCount edges { node { id } } } } }`, args), vars{"id": essay})
		require.Equal(t, []string{want}, a.codes(), args)
		requireStatements(t, 1, a) // the essay's
	}
}

func TestCursorsBelongToTheirList(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.essays(t, lena, 2)
	cursor, _ := w.ok(t, lena, `{ essays(first: 1) { pageInfo { endCursor } } }`, nil).at("essays", "pageInfo", "endCursor").(string)
	require.NotEmpty(t, cursor)
	for _, field := range []string{
		`credentials(first: 1, after: $c)`, `users(first: 1, after: $c)`, `tracks(last: 1, before: $c)`,
		`essays(first: 1, after: $c, filter: {stage: COMPLETED})`, `essays(first: 1, after: $c, filter: {})`,
	} {
		a := w.ask(t, lena, `query($c: String) { `+field+` { totalCount } }`, vars{"c": cursor})
		require.Equal(t, []string{"BAD_CURSOR"}, a.codes(), field)
		requireStatements(t, 0, a)
	}
	for i := range cursor {
		b := []byte(cursor)
		b[i] ^= 1
		if b[i] == cursor[i] {
			continue
		}
		a := w.ask(t, lena, `query($c: String) { essays(first: 1, after: $c) { totalCount } }`, vars{"c": string(b)})
		require.Equal(t, []string{"BAD_CURSOR"}, a.codes(), "letter %d altered", i)
		requireStatements(t, 0, a)
	}
}
