package graph_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/internal/globalid"
	"github.com/rubrica/rubrica/internal/seeding"
)

// countOf is how many rows of a table a condition keeps.
func (w *world) countOf(t *testing.T, from string, args ...any) (n int) {
	t.Helper()
	require.NoError(t, w.db.SQL.QueryRowContext(t.Context(), `SELECT count(*) FROM `+from, args...).Scan(&n))
	return n
}

// A filter keeps what it says, for the rows as for the count.
func TestFilters(t *testing.T) {
	t.Parallel()
	f := newLists(t, 9)
	for range 25 {
		for _, table := range []string{"essays", "users", "credentials", "audit_events"} {
			f.insert(t, table)
		}
	}
	f.exec(t, `UPDATE users SET active = false WHERE name = 'a'`)
	f.exec(t, `UPDATE audit_events SET action = 'JOB_CANCEL', actor_id = $1, target_type = 'USER', target_id = $2
		WHERE id IN (SELECT id FROM audit_events ORDER BY id LIMIT 7)`, seeding.UserID(ada), f.owner)
	skill := f.one(t, `SELECT teaches[1] FROM credentials LIMIT 1`)
	owner, question := globalid.Encode("user", f.owner), globalid.Encode("question", f.question)
	for _, c := range []struct {
		path, filter, from string
		args               []any
	}{
		{"essays", fmt.Sprintf(`{learnerId: %q}`, owner), `essays WHERE owner_id = $1`, []any{f.owner}},
		{"essays", fmt.Sprintf(`{questionId: %q, learnerId: %q}`, question, owner), `essays WHERE question_id = $1 AND owner_id = $2`, []any{f.question, f.owner}},
		{"essays", fmt.Sprintf(`{trackId: %q}`, globalid.Encode("track", f.track)), `essays WHERE question_id IN (SELECT id FROM questions WHERE track_id = $1)`, []any{f.track}},
		{"essays", fmt.Sprintf(`{cohortId: %q}`, globalid.Encode("cohort", f.cohort)),
			`essays WHERE owner_id IN (SELECT user_id FROM memberships WHERE cohort_id = $1 AND role = 'LEARNER')`, []any{f.cohort}},
		{"essays", `{stage: COMPLETED}`, `scoring_runs WHERE stage = 'COMPLETED'`, nil},
		{"essays", `{}`, `essays`, nil},
		{"credentials", fmt.Sprintf(`{teaches: %q}`, skill), `credentials WHERE active AND $1 = ANY(teaches)`, []any{skill}},
		{"credentials", `{level: ADVANCED, price: PAID}`, `credentials WHERE active AND level = 'ADVANCED' AND price = 'PAID'`, nil},
		{"users", `{role: ADVISOR}`, `users WHERE role = 'ADVISOR'`, nil},
		{"users", `{active: false}`, `users WHERE NOT active`, nil},
		{"users", `{role: LEARNER, active: true}`, `users WHERE role = 'LEARNER' AND active`, nil},
		{"auditEvents", `{action: JOB_CANCEL}`, `audit_events WHERE action = 'JOB_CANCEL'`, nil},
		{"auditEvents", fmt.Sprintf(`{actorId: %q}`, globalid.Encode("user", seeding.UserID(ada))), `audit_events WHERE actor_id = $1`, []any{seeding.UserID(ada)}},
		{"auditEvents", fmt.Sprintf(`{targetId: %q}`, owner), `audit_events WHERE target_type = 'USER' AND target_id = $1`, []any{f.owner}},
		{"auditEvents", fmt.Sprintf(`{targetId: %q}`, globalid.Encode("essay", f.owner)), `audit_events WHERE target_type = 'ESSAY' AND target_id = $1`, []any{f.owner}},
	} {
		want := f.countOf(t, c.from, c.args...)
		got := f.walk(t, ada, listing{path: c.path, filter: "filter: " + c.filter}, 7, false, nil) // which holds totalCount against the rows
		require.Len(t, got, want, "%s %s", c.path, c.filter)
		if !strings.Contains(c.filter, "essay_") {
			require.NotEmpty(t, got, "%s %s: a test of nothing", c.path, c.filter)
		}
	}
}

// A filter that asks for what cannot be is refused before any statement, and says what it takes. What
// is at the bound is not.
func TestFilterBounds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := func(kind string) string { return globalid.Encode(kind, newID()) }
	long := strings.Repeat("a", 64)
	for _, c := range []struct{ path, field, good, bad, says string }{
		{"essays", "cohortId", id("cohort"), id("track"), "filter.cohortId takes an id of kind cohort"},
		{"essays", "trackId", id("track"), id("question"), "filter.trackId takes an id of kind track"},
		{"essays", "questionId", id("question"), id("essay"), "filter.questionId takes an id of kind question"},
		{"essays", "learnerId", id("user"), "lena", "filter.learnerId takes an id of kind user"},
		{"auditEvents", "actorId", id("user"), id("cohort"), "filter.actorId takes an id of kind user"},
		{"auditEvents", "targetId", id("job"), id("scoring_run"), "filter.targetId takes the id of a cohort, an essay, a job or a user"},
		{"auditEvents", "targetId", id("cohort"), id("catalogue"), "filter.targetId takes"},
		{"auditEvents", "targetId", id("essay"), "", "filter.targetId takes"},
		{"credentials", "teaches", long, long + "a", "1 to 64"},
		{"credentials", "teaches", "a", "", "1 to 64"},
		{"credentials", "teaches", "c-0", "a\x00", "1 to 64"},
		{"credentials", "teaches", "sql", "SQL", "1 to 64"},
	} {
		ask := func(value string) *answer {
			typ := "ID"
			if c.field == "teaches" {
				typ = "String"
			}
			return w.ask(t, ada, fmt.Sprintf(`query($v: %s) { %s(first: 1, filter: {%s: $v}) { totalCount } }`, typ, c.path, c.field), vars{"v": value})
		}
		require.Empty(t, ask(c.good).codes(), "%s %q", c.field, c.good)
		a := ask(c.bad)
		require.Equal(t, []string{"BAD_INPUT"}, a.codes(), "%s %q", c.field, c.bad)
		require.Contains(t, a.Errors[0].Message, c.says)
		requireStatements(t, 0, a)
	}
	for _, slug := range []string{"no-such-track", "", "a\x00", strings.Repeat("a", 65)} {
		require.Nil(t, w.ok(t, ada, `query($s: String!) { track(slug: $s) { id } }`, vars{"s": slug}).at("track"), "%q", slug)
	}
}

// What is left out, null and empty mean the same order; a cursor is good for its order, direction and
// filter alone.
func TestOrders(t *testing.T) {
	t.Parallel()
	f := newLists(t, 10)
	for _, table := range []string{"essays", "users", "credentials", "river_job"} {
		for range 12 {
			f.insert(t, table)
		}
	}
	for path, whole := range map[string]string{
		"essays": `{field: SUBMITTED_AT, direction: DESC}`, "credentials": `{field: TITLE, direction: ASC}`, "users": `{field: NAME, direction: ASC}`,
	} {
		query := func(order string) string {
			return fmt.Sprintf(`{ %s(first: 5%s) { edges { cursor node { id } } pageInfo { endCursor } } }`, path, order)
		}
		want := f.ok(t, ada, query(", orderBy: "+whole), nil)
		for _, order := range []string{``, `, orderBy: null`, `, orderBy: {}`} {
			require.Equal(t, want.Data, f.ok(t, ada, query(order), nil).Data, "%s%s", path, order)
		}
	}
	var others []listing
	for _, l := range f.all() {
		if l.parent == "" {
			others = append(others, l)
		}
	}
	others = append(others,
		listing{path: "essays", field: "OVERALL_PERCENT", filter: "filter: {stage: COMPLETED}"},
		listing{path: "users", field: "NAME", filter: "filter: {active: true}"},
		listing{path: "auditEvents", filter: "filter: {action: JOB_CANCEL}"},
	)
	for _, own := range others {
		if own.filter != "" {
			continue
		}
		query, steps := own.query(`pageInfo { endCursor }`)
		cursor := f.ok(t, ada, query, vars{"first": 1}).at(append(steps, "pageInfo", "endCursor")...)
		require.NotNil(t, cursor, own)
		for _, l := range others {
			query, _ := l.query(`edges { node { id } }`)
			for _, v := range []vars{{"first": 1, "after": cursor}, {"last": 1, "before": cursor}} {
				a := f.ask(t, ada, query, v)
				if l == own {
					require.Empty(t, a.codes(), own)
					continue
				}
				require.Equal(t, []string{"BAD_CURSOR"}, a.codes(), "a cursor of %s given to %s %s", own, l, l.filter)
				requireStatements(t, 0, a)
			}
		}
	}
}
