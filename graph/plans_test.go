package graph_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/internal/globalid"
	"github.com/rubrica/rubrica/internal/seeding"
)

// plan is a node of what EXPLAIN (FORMAT JSON) says.
type plan struct {
	Type     string  `json:"Node Type"`
	Relation string  `json:"Relation Name"`
	Index    string  `json:"Index Name"`
	Planned  float64 `json:"Plan Rows"`
	Rows     float64 `json:"Actual Rows"`
	Loops    float64 `json:"Actual Loops"`
	Removed  float64 `json:"Rows Removed by Filter"`
	Plans    []plan  `json:"Plans"`
}

func (p plan) each(visit func(plan)) {
	visit(p)
	for _, below := range p.Plans {
		below.each(visit)
	}
}

// explain plans a statement of an answer as Postgres does with its values, or as it does once a
// statement is kept prepared and the values are not looked at.
func (w *world) explain(t *testing.T, a *answer, i int, generic bool) (p plan) {
	t.Helper()
	var raw []byte
	statement := a.statements[i]
	if generic {
		statement = "EXPLAIN (GENERIC_PLAN, FORMAT JSON) " + statement
		// Without arguments lib/pq uses the simple protocol, in which placeholders may stay.
		require.NoError(t, w.db.SQL.QueryRowContext(t.Context(), statement).Scan(&raw))
	} else {
		args := make([]any, len(a.arguments[i]))
		for j, v := range a.arguments[i] {
			args[j] = v.Value
		}
		require.NoError(t, w.db.SQL.QueryRowContext(t.Context(), "EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) "+statement, args...).Scan(&raw))
	}
	var list []struct{ Plan plan }
	require.NoError(t, json.Unmarshal(raw, &list))
	return list[0].Plan
}

// copies adds n rows to a table, copies of one that is there with other values. The values and what
// they are from are SQL; i counts the rows.
func (w *world) copies(t *testing.T, table string, n int, values, from string) {
	t.Helper()
	w.exec(t, fmt.Sprintf(`INSERT INTO %[1]s SELECT x.* FROM (SELECT * FROM %[1]s LIMIT 1) r, generate_series(1, %[2]d) i %[4]s,
		jsonb_populate_record(NULL::%[1]s, to_jsonb(r) || jsonb_build_object('id', gen_random_uuid(), %[3]s)) x`, table, n, values, from))
	w.exec(t, `ANALYZE `+table)
}

// many fills the lists with about 20 000 rows each and lets Postgres look at them. Person 7 has a
// twentieth of the essays and of the events.
func (f *lists) many(t *testing.T) {
	t.Helper()
	const n = 20_000
	const at = `'created_at', timestamptz '2026-01-01' + i % 5000 * interval '1 minute'`
	const person = `JOIN users u ON u.email = 'm' || CASE WHEN i % 20 = 0 THEN 7 ELSE i % 1000 + 1 END || '@example.org'`
	f.copies(t, "tracks", n, `'slug', 'm' || i, 'title', 'Track ' || i % 5000, 'active', true`, "")
	f.copies(t, "skills", n, `'slug', 'm' || i, 'name', 'Skill ' || i % 5000`, "")
	f.copies(t, "cohorts", n, `'slug', 'm' || i, 'name', 'Cohort ' || i % 5000`, "")
	f.copies(t, "users", n, at+`, 'name', 'Person ' || i % 5000, 'email', 'm' || i || '@example.org',
		'role', CASE WHEN i % 500 = 0 THEN 'ADVISOR' ELSE 'LEARNER' END`, "")
	f.copies(t, "credentials", n, `'slug', 'm' || i, 'title', 'Credential ' || i % 5000, 'provider', 'Provider ' || i % 50, 'active', true`, "")
	f.copies(t, "audit_events", n, at+`, 'action', CASE WHEN i % 100 = 0 THEN 'JOB_CANCEL' ELSE 'ESSAY_RETRY' END,
		'actor_id', u.id, 'target_id', md5((i % 4000)::text)::uuid`, person)
	f.copies(t, "rescorings", n, at, "")
	// A seventh of the essays has no score.
	f.copies(t, "essays", n, at+`, 'owner_id', u.id, 'question_id', q.id, 'overall_percent', CASE WHEN i % 7 > 0 THEN i % 101 END`,
		person+` JOIN (SELECT id, row_number() OVER () AS n, count(*) OVER () AS all FROM questions) q ON q.n = i % q.all + 1`)
	f.exec(t, `INSERT INTO river_job (kind, args, max_attempts, state, finalized_at)
		SELECT 'refresh_index', '{}', 1, 'completed', now() FROM generate_series(1, $1)`, n)
	f.exec(t, `ANALYZE river_job`)
}

// one is the one text that a query answers.
func (w *world) one(t *testing.T, query string) (s string) {
	t.Helper()
	require.NoError(t, w.db.SQL.QueryRowContext(t.Context(), query).Scan(&s))
	return s
}

// Each list at the root is one range of an index, from either end and from the middle: Postgres reads
// what it shows and sorts nothing, with the values at hand and without.
func TestListsAreRangesOfAnIndex(t *testing.T) {
	t.Parallel()
	f := newLists(t, 5)
	f.many(t)
	var cases []listing
	for _, l := range f.all() {
		if l.parent == "" {
			cases = append(cases, l)
		}
	}
	user := globalid.Encode("user", uuid.MustParse(f.one(t, `SELECT id FROM users WHERE email = 'm7@example.org'`)))
	target := globalid.Encode("essay", uuid.MustParse(f.one(t, `SELECT target_id FROM audit_events WHERE target_id IS NOT NULL LIMIT 1`)))
	question := globalid.Encode("question", f.question)
	cases = append(cases,
		listing{path: "essays", filter: fmt.Sprintf(`filter: {learnerId: %q}`, user), table: "essays"},
		listing{path: "essays", filter: fmt.Sprintf(`filter: {questionId: %q}`, question), table: "essays"},
		listing{path: "users", filter: `filter: {role: ADVISOR}`, table: "users"},
		listing{path: "users", filter: `filter: {role: LEARNER}`, table: "users"},
		listing{path: "auditEvents", filter: `filter: {action: JOB_CANCEL}`, table: "audit_events"},
		listing{path: "auditEvents", filter: fmt.Sprintf(`filter: {actorId: %q}`, user), table: "audit_events"},
		listing{path: "auditEvents", filter: fmt.Sprintf(`filter: {targetId: %q}`, target), table: "audit_events"},
	)
	const size = 10
	for _, l := range cases {
		query, steps := l.query(`edges { node { id } } pageInfo { startCursor endCursor }`)
		first := f.ok(t, ada, query, vars{"first": size})
		after := first.at(append(steps, "pageInfo", "endCursor")...)
		last := f.ok(t, ada, query, vars{"last": size})
		before := last.at(append(steps, "pageInfo", "startCursor")...)
		for name, a := range map[string]*answer{
			"first": first, "last": last,
			"after":  f.ok(t, ada, query, vars{"first": size, "after": after}),
			"before": f.ok(t, ada, query, vars{"last": size, "before": before}),
		} {
			requireStatements(t, 1, a)
			require.NotContains(t, a.statements[0], "OFFSET")
			for _, generic := range []bool{false, true} {
				ranges := 0
				f.explain(t, a, 0, generic).each(func(p plan) {
					at := fmt.Sprintf("%s %s %s, generic: %t: %s", l, l.filter, name, generic, a.statements[0])
					require.NotEqual(t, "Seq Scan", p.Type, at)
					require.LessOrEqual(t, p.Rows*p.Loops+p.Removed, 2.0*(size+1), "%s reads %s: %s", p.Type, p.Relation, at)
					if p.Type == "Sort" || p.Type == "Bitmap Heap Scan" { // of less than a page
						require.LessOrEqual(t, max(p.Planned, p.Plans[0].Planned, p.Plans[0].Rows), float64(size+1), at)
					}
					if strings.HasSuffix(p.Type, "Scan") && p.Relation == l.table {
						ranges++
					}
				})
				require.Equal(t, 1, ranges, "%s %s %s, generic: %t", l, l.filter, name, generic)
			}
		}
	}
}

// Lists below many objects come with one statement, which takes for each of them a range of an index: it
// reads no more rows of a long list than its page shows, and sorts pages only.
func TestNestedListsAreRangesOfAnIndex(t *testing.T) {
	t.Parallel()
	f := newLists(t, 8)
	f.many(t)
	const parents, size = 20, 10
	f.copies(t, "memberships", 20_000, `'cohort_id', c.id, 'user_id', u.id, 'created_at', timestamptz '2026-01-01' + i % 500 * interval '1 minute'`,
		`JOIN (SELECT id, row_number() OVER (ORDER BY name, id) AS n FROM cohorts) c ON c.n = i % 20 + 1
		JOIN users u ON u.email = 'm' || i || '@example.org'`)
	f.copies(t, "questions", 20_000, `'track_id', k.id, 'slug', 'm' || i, 'position', i, 'active', true`,
		`JOIN (SELECT id, row_number() OVER (ORDER BY title, id) AS n FROM tracks WHERE active) k ON k.n = i % 20 + 1`)
	f.copies(t, "scoring_runs", 20_000, `'essay_id', e.id, 'number', i + 1`,
		`JOIN (SELECT id, row_number() OVER (ORDER BY created_at DESC, id DESC) AS n FROM essays) e ON e.n = i % 20 + 1`)
	const twenty = `JOIN (SELECT id, row_number() OVER (ORDER BY name, id) AS n FROM users) u ON u.n = i % 20 + 1`
	f.copies(t, "interactions", 20_000, `'owner_id', u.id, 'credential_id', c.id, 'last_at', timestamptz '2026-01-01' + i % 500 * interval '1 minute'`,
		twenty+` JOIN credentials c ON c.slug = 'm' || i`)
	f.copies(t, "recommendation_lists", 20_000, `'owner_id', u.id, 'number', i + 1, 'created_at', timestamptz '2026-01-01' + i % 500 * interval '1 minute'`, twenty)
	for _, l := range []struct{ root, field, table string }{
		{"users", "interactions", "interactions"}, {"users", "recommendationLists", "recommendation_lists"},
		{"cohorts", "members", "memberships"}, {"tracks", "questions", "questions"},
		{"essays", "runs", "scoring_runs"}, {"users", "essays", "essays"},
	} {
		for _, args := range []string{"first: 10", "last: 10"} {
			a := f.ok(t, ada, fmt.Sprintf(`{ %s(first: %d) { edges { node { %s(%s) { edges { node { id } } } } } } }`, l.root, parents, l.field, args), nil)
			requireStatements(t, 2, a)
			require.NotContains(t, a.statements[1], "OFFSET")
			f.explain(t, a, 1, false).each(func(p plan) {
				at := fmt.Sprintf("%s.%s(%s): %s", l.root, l.field, args, p.Type)
				require.NotEqual(t, "Seq Scan", p.Type, at)
				require.LessOrEqual(t, (p.Rows+p.Removed)*p.Loops, 2.0*parents*(size+1), at)
			})
		}
	}
}

// A learner's own essays are a range of their own: they come without a look at anybody else's.
func TestOwnEssaysAreARange(t *testing.T) {
	t.Parallel()
	f := newLists(t, 6)
	f.many(t)
	f.exec(t, `UPDATE essays SET owner_id = $1 WHERE id IN (SELECT id FROM essays ORDER BY id LIMIT 500)`, seeding.UserID(lena))
	f.exec(t, `ANALYZE essays`)
	const size = 10
	for _, l := range []listing{{path: "essays"}, {path: "User.essays", parent: globalid.Encode("user", seeding.UserID(lena))}} {
		query, _ := l.query(`edges { node { id } }`)
		a := f.ok(t, lena, query, l.vars(vars{"first": size}))
		f.explain(t, a, len(a.statements)-1, false).each(func(p plan) {
			require.NotEqual(t, "Seq Scan", p.Type, a.statements)
			if p.Relation == "essays" {
				require.LessOrEqual(t, p.Rows+p.Removed, 500.0)
			}
		})
	}
}

// The count of a list is the number of its rows up to the cap, and reads no row beyond it.
func TestCountsStop(t *testing.T) {
	t.Parallel()
	f := newLists(t, 7)
	f.exec(t, `INSERT INTO audit_events SELECT (jsonb_populate_record(NULL::audit_events, to_jsonb(r) || jsonb_build_object('id', gen_random_uuid()))).*
		FROM (SELECT * FROM audit_events LIMIT 1) r, generate_series(1, 25000 - (SELECT count(*) FROM audit_events)) i`)
	count := func() *answer { return f.ok(t, ada, `{ auditEvents(first: 1) { totalCount } }`, nil) }
	require.EqualValues(t, 25_000, count().at("auditEvents", "totalCount"))
	f.insert(t, "audit_events")
	require.EqualValues(t, 25_001, count().at("auditEvents", "totalCount"))
	for range 10 {
		f.insert(t, "audit_events")
	}
	a := count()
	require.EqualValues(t, 25_001, a.at("auditEvents", "totalCount"))
	i := len(a.statements) - 1
	require.Contains(t, a.statements[i], "LIMIT 25001")
	f.explain(t, a, i, false).each(func(p plan) { require.LessOrEqual(t, p.Rows*p.Loops, 25_001.0) })
}

// What is counted is what the viewer may see.
func TestCountsKeepToWhatMayBeSeen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.essays(t, lena, 3)
	w.essays(t, omar, 2)
	for person, want := range map[string]int{lena: 3, omar: 2, arno: 3, ada: 5} {
		require.EqualValues(t, want, w.ok(t, person, `{ essays(first: 1) { totalCount } }`, nil).at("essays", "totalCount"), person)
	}
}
