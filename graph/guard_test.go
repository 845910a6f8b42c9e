package graph_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/graph"
	"github.com/rubrica/rubrica/graph/cost"
	"github.com/rubrica/rubrica/graph/internal/hostile"
	"github.com/rubrica/rubrica/internal/server"
)

// post sends a request's body as it is.
func (w *world) post(t testing.TB, s *httptest.Server, person string, body []byte) *answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL, bytes.NewReader(body))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/graphql-response+json")
	id, c := newCounter()
	defer counters.Delete(id)
	r.Header.Set(counterHeader, id)
	if person != anonymous {
		r.Header.Set("Authorization", "Bearer "+w.token(t, person))
	}
	resp, err := s.Client().Do(r)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }() // read to its end
	raw, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	a := &answer{raw: string(raw), status: resp.StatusCode, requestID: resp.Header.Get(server.RequestIDHeader)}
	require.NoError(t, json.Unmarshal(raw, a), "%s", raw)
	c.mu.Lock()
	defer c.mu.Unlock()
	a.statements = c.statements
	return a
}

// What hurts reaches no statement, whoever sends it.
func TestHostileRequestsReachNoStatement(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	unlimited := cost.Default
	unlimited.Anonymous.Capacity *= 1_000
	s := w.serveWith(t, func(o *graph.Options) { o.Limits = &unlimited })
	for _, request := range hostile.Requests() {
		people := []string{anonymous, lena, ada}
		if request.Admin {
			people = people[2:]
		}
		for _, person := range people {
			a := w.post(t, s, person, request.Body)
			require.Contains(t, a.codes(), request.Code, "%s as %s: %.300s", request.Name, person, a.raw)
			require.Equal(t, http.StatusBadRequest, a.status, request.Name)
			require.Less(t, len(a.raw), 4<<10, request.Name)
			requireStatements(t, 0, a)
		}
	}
}

// Nothing that a stranger writes wrong makes an error name what would have been right.
func TestNoSuggestions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	open := w.serve(t, true)
	for _, c := range []struct {
		query     string
		variables vars
		secret    string // that an error with suggestions may name
		helps     bool   // whether it does
	}{
		{`{ essayz }`, nil, "essays", true},
		{`{ essays(firzt: 1) { totalCount } }`, nil, "first", true},
		{`{ node(id: "x") { titel } }`, nil, "", false},
		{`{ node(id: "x") { ... on Essai { id } } }`, nil, "Essay", false},
		{`query($f: EssayFiltr) { essays(first: 1, filter: $f) { totalCount } }`, nil, "", false},
		{`fragment F on Tracc { id } { tracks(first: 1) { edges { node { ...F } } } }`, nil, "Track", false},
		{`{ essays(first: 1, filter: {stagee: QUEUED}) { totalCount } }`, nil, "stage", true},
		{`{ essays(first: 1, filter: {stage: QUEUD}) { totalCount } }`, nil, "QUEUED", true},
		{`{ essays(first: 1, filter: {stage: "QUEUEDD"}) { totalCount } }`, nil, "QUEUED", true},
		{`{ viewer }`, nil, "", false},
		{`{ __typename @includ(if: true) }`, nil, "", false},
		{`{ __typename @include(iff: true, if: true) }`, nil, "if", false},
		{`query($f: EssayFilter) { essays(first: 1, filter: $f) { totalCount } }`, vars{"f": vars{"stagee": "QUEUED"}}, "", false},
		{`query($f: EssayFilter) { essays(first: 1, filter: $f) { totalCount } }`, vars{"f": vars{"stage": "QUEUD"}}, "", false},
		{`query($o: EssayOrder) { essays(first: 1, orderBy: $o) { totalCount } }`, vars{"o": vars{"field": "SUBMITED_AT"}}, "", false},
		{`subscription { scoringActivity(scope: {everythin: true}) { seq } }`, nil, "everything", true},
		{`subscription { scoringActivity(scope: {trackId: null}) { seq } }`, nil, "", false},
	} {
		for _, person := range []string{anonymous, lena, arno} {
			a := w.ask(t, person, c.query, c.variables)
			require.Equal(t, "GRAPHQL_VALIDATION_FAILED", a.codes()[0], "%s: %s", c.query, a.raw)
			require.NotContains(t, strings.ToLower(a.raw), "did you mean", c.query)
			if c.secret != "" {
				require.NotContains(t, a.raw, `\"`+c.secret+`\"`, c.query)
			}
			for _, name := range []string{"SUBMITTED_AT", "cohortId", "EMBEDDING"} {
				require.NotContains(t, a.raw, name, c.query)
			}
		}
		for _, a := range []*answer{w.ask(t, ada, c.query, c.variables), w.askAt(t, open, anonymous, c.query, c.variables)} {
			if c.helps {
				require.Contains(t, strings.ToLower(a.raw), "did you mean", "whoever may read the schema is helped")
				require.Contains(t, a.raw, c.secret)
			}
		}
	}
}

func TestIntrospectionIsRefusedBeforeItRuns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, query := range []string{
		`{ __schema { types { name } } }`, `{ __type(name: "Essay") { name } }`, `{ x: __type(name: "Essay") { name } __typename }`,
		`{ ... { ...F } } fragment F on Query { __schema { description } }`,
		`query($on: Boolean! = false) { __schema @include(if: $on) { description } }`,
	} {
		for _, person := range []string{anonymous, lena, arno} {
			a := w.ask(t, person, query, nil)
			require.Equal(t, []string{"FORBIDDEN"}, a.codes(), query)
			require.Equal(t, http.StatusBadRequest, a.status)
			require.NotContains(t, a.raw, `"data"`)
		}
		require.Empty(t, w.ask(t, ada, query, nil).Errors, query)
	}
	for _, person := range everyone {
		require.Empty(t, w.ask(t, person, `{ __typename ... { __typename } }`, nil).Errors)
	}
}

func TestDeferIsNoDirective(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, query := range []string{
		`{ ... @defer { __typename } }`, `{ ...F @defer(label: "x") } fragment F on Query { __typename }`, `{ ... @defer(if: false) { __typename } }`,
		`{ essays(first: 1) { edges @stream(initialCount: 0) { cursor } } }`,
	} {
		for _, person := range []string{anonymous, ada} {
			a := w.ask(t, person, query, nil)
			require.Equal(t, "GRAPHQL_VALIDATION_FAILED", a.codes()[0], a.raw)
			require.NotContains(t, a.raw, `"data"`)
		}
	}
	a := w.ok(t, ada, `{ __schema { directives { name } } }`, nil)
	for _, d := range list(a.at("__schema", "directives")) {
		require.NotContains(t, []any{"defer", "stream"}, d.(vars)["name"])
	}
}

// Exactly one field of a @oneOf input, in literals and in variables.
func TestOneOf(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ask := func(query string, v vars) *answer { return w.ask(t, ada, query, v) }
	const byVariable = `subscription($s: ScoringActivityScope!) { scoringActivity(scope: $s) { seq } }`
	for _, s := range []vars{
		{"cohortId": "x", "trackId": "y"}, {}, {"cohortId": nil}, {"cohortId": nil, "trackId": "y"}, {"cohortId": "x", "trackId": nil},
	} {
		a := ask(byVariable, vars{"s": s})
		require.Equal(t, []string{"GRAPHQL_VALIDATION_FAILED"}, a.codes(), "%v: %s", s, a.raw)
	}
	for literal, v := range map[string]vars{
		`{cohortId: "x", trackId: "y"}`: nil, `{}`: nil, `{cohortId: null}`: nil, `{cohortId: $a}`: {"a": "x"},
		`{cohortId: $a }`: {"a": nil}, `{ cohortId: $a}`: nil, `{cohortId: $a, trackId: "y"}`: {"a": nil}, `{cohortId: $a, trackId: $a}`: {"a": "x"},
	} {
		definition := ""
		if strings.Contains(literal, "$a") {
			definition = "($a: ID)"
		}
		a := ask(fmt.Sprintf(`subscription%s { scoringActivity(scope: %s) { seq } }`, definition, literal), v)
		require.Equal(t, "GRAPHQL_VALIDATION_FAILED", a.codes()[0], "%s: %s", literal, a.raw)
	}
	for query, v := range map[string]vars{
		byVariable: {"s": vars{"everything": true}},
		`subscription { scoringActivity(scope: {everything: true}) { seq } }`:                                 nil,
		`subscription($a: Boolean!) { scoringActivity(scope: {everything: $a}) { seq } }`:                     {"a": true},
		`subscription($s: ScoringActivityScope! = {everything: true}) { scoringActivity(scope: $s) { seq } }`: nil,
	} {
		require.Equal(t, []string{"NOT_ACCEPTABLE"}, ask(query, v).codes(), "%s is valid: it only has to be asked for as a stream", query)
	}
}
