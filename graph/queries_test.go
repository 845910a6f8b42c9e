package graph_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/internal/globalid"
	"github.com/rubrica/rubrica/internal/seeding"
)

// Each field of the root, by role: what it answers, and with how many statements.
func TestQueriesByRole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.essays(t, lena, 3)[0]
	w.essays(t, omar, 2)
	cohort := func(slug string) string { return globalid.Encode("cohort", seeding.CohortID(slug)) }
	track := w.catalog.Tracks[0]
	credentials := 0
	for _, c := range w.catalog.Credentials {
		if c.Price == "FREE" {
			credentials++
		}
	}
	const essays = `query($f: EssayFilter) { essays(first: 100, filter: $f) { totalCount } }`
	filter := func(name string, value any) vars { return vars{"f": vars{name: value}} }
	for _, c := range []struct {
		name, person, query string
		variables           vars
		path                []any
		want                any
		statements          int
	}{
		{"viewer", lena, `{ viewer { role user { name email } } }`, nil, []any{"viewer"}, vars{"role": "LEARNER", "user": vars{"name": "Lena Hartwig", "email": "lena@example.org"}}, 1},
		{"permissions", lena, `{ viewer { permissions } }`, nil, []any{"viewer", "permissions"}, []any{"SUBMIT_ESSAYS"}, 1},
		{"viewer", ada, `{ viewer { role } }`, nil, []any{"viewer", "role"}, "ADMIN", 1},
		{"track", omar, `query($s: String!) { track(slug: $s) { title questions(first: 1) { totalCount } } }`, vars{"s": track.Slug}, []any{"track", "questions", "totalCount"}, float64(len(track.Questions)), 2},
		{"no track", omar, `{ track(slug: "nothing") { title } }`, nil, []any{"track"}, nil, 1},
		{"tracks", omar, `{ tracks(first: 3) { totalCount } }`, nil, []any{"tracks", "totalCount"}, float64(len(w.catalog.Tracks)), 2},
		{"credentials", omar, `{ credentials(first: 1, filter: {price: FREE}) { totalCount } }`, nil, []any{"credentials", "totalCount"}, float64(credentials), 2},
		{"no such skill", omar, `{ credentials(first: 1, filter: {teaches: "nothing"}) { totalCount } }`, nil, []any{"credentials", "totalCount"}, 0.0, 2},
		{"own essay", lena, `query($id: ID!) { essay(id: $id) { text learner { name } } }`, vars{"id": s.id("essay")}, []any{"essay", "learner", "name"}, "Lena Hartwig", 2},
		{"another's essay", omar, `query($id: ID!) { essay(id: $id) { text } }`, vars{"id": s.id("essay")}, []any{"essay"}, nil, 1},
		{"advised essay", arno, `query($id: ID!) { essay(id: $id) { learner { email } } }`, vars{"id": s.id("essay")}, []any{"essay", "learner", "email"}, "lena@example.org", 2},
		{"essays", lena, essays, nil, []any{"essays", "totalCount"}, 3.0, 2},
		{"essays", miriam, essays, nil, []any{"essays", "totalCount"}, 5.0, 2},
		{"by learner", miriam, essays, filter("learnerId", globalid.Encode("user", seeding.UserID(omar))), []any{"essays", "totalCount"}, 2.0, 2},
		{"by track", ada, essays, filter("trackId", globalid.Encode("track", seeding.TrackID(track.Slug))), []any{"essays", "totalCount"}, 2.0, 2},
		{"by question", ada, essays, filter("questionId", w.questionID(0, 0)), []any{"essays", "totalCount"}, 2.0, 2},
		{"by stage", ada, essays, filter("stage", "COMPLETED"), []any{"essays", "totalCount"}, 5.0, 2},
		{"by another stage", ada, essays, filter("stage", "FAILED"), []any{"essays", "totalCount"}, 0.0, 2},
		{"by cohort", ada, essays, filter("cohortId", cohort("data-spring")), []any{"essays", "totalCount"}, 2.0, 2},
		{"all at once", ada, essays, vars{"f": vars{"cohortId": cohort("data-spring"), "stage": "COMPLETED", "questionId": w.questionID(0, 0), "learnerId": globalid.Encode("user", seeding.UserID(omar)), "trackId": globalid.Encode("track", seeding.TrackID(track.Slug))}}, []any{"essays", "totalCount"}, 1.0, 2},
		{"cohorts", lena, `{ cohorts(first: 9) { totalCount } }`, nil, []any{"cohorts", "totalCount"}, 2.0, 2},
		{"cohorts", miriam, `{ cohorts(first: 9) { totalCount } }`, nil, []any{"cohorts", "totalCount"}, 2.0, 2},
		{"users", lena, `{ users(first: 9) { totalCount edges { node { name } } } }`, nil, []any{"users", "totalCount"}, 1.0, 2},
		{"users", ada, `{ users(first: 9) { totalCount } }`, nil, []any{"users", "totalCount"}, float64(len(w.catalog.People.Users)), 2},
		{"no count", ada, `{ users(first: 9) { pageInfo { hasNextPage } } }`, nil, []any{"users", "pageInfo", "hasNextPage"}, true, 1},
		{"audit", ada, `{ auditEvents(first: 9) { edges { node { action actor { name } } } } }`, nil, []any{"auditEvents", "edges", 0, "node"}, vars{"action": "CATALOGUE_SEED", "actor": nil}, 1},
	} {
		t.Run(c.name+" as "+c.person, func(t *testing.T) {
			t.Parallel()
			a := w.ok(t, c.person, c.query, c.variables)
			require.Equal(t, c.want, a.at(c.path...))
			requireStatements(t, c.statements, a)
		})
	}
}

// An account that is switched off is refused with its next token check, and one that does not exist.
func TestTokensOfNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.db.SQL.ExecContext(t.Context(), `UPDATE users SET active = false WHERE id = $1`, seeding.UserID(omar))
	require.NoError(t, err)
	for _, person := range []string{omar, "nobody"} {
		a := w.ask(t, person, `{ viewer { role } }`, nil)
		require.Equal(t, 401, a.status)
		require.Equal(t, []string{"UNAUTHENTICATED"}, a.codes())
	}
}
