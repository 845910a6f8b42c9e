package graph_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/internal/bypass"
)

// Rows are read with the columns that an operation has a use for. These tests compare with what is
// answered when it has a use for all of them.

// inRows are the fields of a type that are made of its row, with all that is in them; f is asked under
// the name that rename gives it.
func (e *edgeWriter) inRows(typ string, rename func(field string) string) (out []string) {
	for _, f := range e.schema.Types[typ].Fields {
		shape, ok := e.behind(f)
		if !ok || shape != shapeValue {
			continue
		}
		text := f.Name
		if name := rename(f.Name); name != f.Name {
			text = name + ": " + f.Name
		}
		if e.schema.Types[f.Type.Name()].Kind == ast.Object {
			text += " { " + strings.Join(e.inRows(f.Type.Name(), same), " ") + " }"
		}
		out = append(out, text)
	}
	return out
}

func same(field string) string { return field }

// everything is a selection that has a use for each column of each table, and costs no statement.
func (e *edgeWriter) everything() string {
	var b strings.Builder
	b.WriteString("everything: nodes(ids: []) {")
	for _, typ := range e.schema.PossibleTypes["Node"] {
		fields := e.inRows(typ.Name, func(f string) string { return typ.Name + "_" + f })
		fmt.Fprintf(&b, " ... on %s { %s }", typ.Name, strings.Join(fields, " "))
	}
	b.WriteString(" }")
	return b.String()
}

// complete fills in what the rows of the tests leave at zero, where a column that is not read would go
// unnoticed.
func (w *world) complete(t *testing.T) {
	t.Helper()
	for _, statement := range []string{
		`UPDATE scoring_runs SET failure_code = 'TIMEOUT', failure_message = 'It took long.', degraded = true,
			degraded_reason = 'No engine.', flags = '{PADDED}', overall_coverage = 0.9, engine_prompt = '1'`,
		`UPDATE scores SET coverage = 0.9, low = 0.5, high = greatest(high, 0.5)`,
		`UPDATE evidence SET start_code_point = 1, start_utf16 = 2, key_point_label = 'A topic'`,
		`UPDATE key_point_outcomes SET quote = 'A sentence.'`,
		`UPDATE recommendation_lists SET degraded = true`,
		`UPDATE tracks SET llm_consent = true`,
		`UPDATE explanations SET improvements = '[{"kind": "ADD_POINT", "advice": "Say why.", "gain": 0.5, "score": 3,
			"quote": "A sentence.", "codePoints": {"start": 1, "end": 2}, "utf16": {"start": 1, "end": 2}}]'`,
		`UPDATE river_job SET attempt = 1, attempted_at = now(), finalized_at = now(), state = 'discarded',
			errors = ARRAY['{"at": "2026-01-01T00:00:00Z", "attempt": 1, "error": "oh", "trace": ""}'::jsonb]`,
	} {
		_, err := w.db.SQL.ExecContext(t.Context(), statement)
		require.NoError(t, err)
	}
}

// told collects the paths at which an answer says more than null, zero or nothing.
func told(v any, path string, into map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		for k, child := range v {
			told(child, path+"."+k, into)
		}
	case []any:
		for _, child := range v {
			told(child, path, into)
		}
	default:
		into[path] = into[path] || v != nil && v != "" && v != 0.0 && v != false
	}
}

// Each field that is made of a row answers the same alone and with all others beside it.
func TestEachFieldReadsWhatItNeeds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.crowd(t)
	w.complete(t)
	w.api = w.serveWith(t, free)
	e := newEdgeWriter()
	for _, typ := range e.schema.PossibleTypes["Node"] {
		ask := func(fields []string) []any {
			a := w.ok(t, ada, fmt.Sprintf(`query($ids: [ID!]!) { nodes(ids: $ids) { ... on %s { %s } } }`, typ.Name, strings.Join(fields, " ")),
				vars{"ids": c[typ.Name][:10]})
			requireStatements(t, 1, a)
			return list(a.at("nodes"))
		}
		fields := e.inRows(typ.Name, same)
		whole := ask(fields)
		paths := map[string]bool{}
		told(whole, typ.Name, paths)
		for _, path := range slices.Sorted(maps.Keys(paths)) {
			require.True(t, paths[path], "%s says nothing in any row: fill it in", path)
		}
		for _, f := range fields {
			name, _, _ := strings.Cut(f, " ")
			for i, row := range ask([]string{f}) {
				require.Equal(t, vars{name: whole[i].(vars)[name]}, row, "%s.%s", typ.Name, name)
			}
		}
	}
}

// What an operation answers does not depend on the columns that were read for it.
func TestAnswersDoNotDependOnTheColumnsRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.crowd(t)
	w.complete(t)
	w.api = w.serveWith(t, free)
	e := newEdgeWriter()
	e.mixed = true
	everything := e.everything()
	compare := func(query string) {
		t.Helper()
		narrow := w.ok(t, ada, query, nil)
		whole := w.ok(t, ada, query[:strings.LastIndex(query, "}")]+everything+"}", nil)
		delete(whole.Data, "everything")
		require.Equal(t, whole.Data, narrow.Data, query)
		require.Len(t, whole.statements, len(narrow.statements))
		require.NotContains(t, fmt.Sprint(narrow.statements), "body_hash")
	}
	for _, typ := range e.schema.PossibleTypes["Node"] {
		for range 3 {
			// The same rows at two places of the operation, with another selection at each.
			one := strings.Join(e.leaves(typ.Name), " ") + " " + write(e.wild(typ.Name, 2))
			two := strings.Join(e.leaves(typ.Name), " ") + " " + write(e.wild(typ.Name, 3))
			compare(fmt.Sprintf(`{ one: nodes(ids: [%s]) { id ... on %[2]s { %[3]s } } two: nodes(ids: [%[1]s]) { id ... on %[2]s { %[4]s } } }`,
				`"`+strings.Join(c[typ.Name][:5], `", "`)+`"`, typ.Name, one, two))
		}
	}
	for range 20 {
		compare("{ " + write(e.wild("Query", 3)) + "}")
	}
}

// A text that nobody asked for does not leave the database.
func TestColumnsThatNoFieldNeedsAreNotRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.essays(t, lena, 2)
	const query = `query($text: Boolean!) { essays(first: 2) { edges { node { id words text @include(if: $text)
		latestRun { stage scores { value explanation { id citations { id passage { title } } } }
			recommendations { items { rank credential { title } } } } } } } }`
	without := fmt.Sprint(w.ok(t, lena, query, vars{"text": false}).statements)
	for _, column := range []string{`"text"`, "body_hash", "contributions", "summary", "rationale", "traces", "parts", "description", "failure_message"} {
		require.NotContains(t, without, column)
	}
	require.Contains(t, fmt.Sprint(w.ok(t, lena, query, vars{"text": true}).statements), `"essays"."text"`)
}

// reader is a query that can be read in both ways.
type reader[T any] interface {
	All(context.Context) ([]T, error)
	Rows(context.Context) ([]T, error)
}

// Rows are scanned into the same variables one after the other: none keeps what belongs to another.
func TestRowsAreWhatAllReads(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.crowd(t)
	w.exec(t, `UPDATE credentials SET teaches = '{}' WHERE slug < 'd'`)
	w.exec(t, `UPDATE scoring_runs SET flags = '{PADDED}', failure_code = 'TIMEOUT' WHERE seq = 7 AND random() < 0.5`)
	w.exec(t, `UPDATE scoring_runs SET overall_percent = NULL, started_at = NULL WHERE random() < 0.5`)
	c := w.db.Ent
	sameRows(t, func() reader[*ent.AuditEvent] { return c.AuditEvent.Query() })
	sameRows(t, func() reader[*ent.Cohort] { return c.Cohort.Query() })
	sameRows(t, func() reader[*ent.Credential] { return c.Credential.Query() })
	sameRows(t, func() reader[*ent.Criterion] { return c.Criterion.Query() })
	sameRows(t, func() reader[*ent.Essay] { return c.Essay.Query() })
	sameRows(t, func() reader[*ent.Evidence] { return c.Evidence.Query() })
	sameRows(t, func() reader[*ent.Explanation] { return c.Explanation.Query() })
	sameRows(t, func() reader[*ent.KeyPointOutcome] { return c.KeyPointOutcome.Query() })
	sameRows(t, func() reader[*ent.Question] { return c.Question.Query() })
	sameRows(t, func() reader[*ent.RecommendationItem] { return c.RecommendationItem.Query() })
	sameRows(t, func() reader[*ent.Score] { return c.Score.Query() })
	sameRows(t, func() reader[*ent.ScoringRun] { return c.ScoringRun.Query() })
	sameRows(t, func() reader[*ent.User] { return c.User.Query() })
}

func sameRows[T any](t *testing.T, query func() reader[T]) {
	t.Helper()
	ctx := bypass.Context(t.Context())
	all, err := query().All(ctx)
	require.NoError(t, err)
	rows, err := query().Rows(ctx)
	require.NoError(t, err)
	want, err := json.Marshal(all)
	require.NoError(t, err)
	got, err := json.Marshal(rows)
	require.NoError(t, err)
	require.Greater(t, len(all), 1)
	require.JSONEq(t, string(want), string(got), "%T", all)
}
