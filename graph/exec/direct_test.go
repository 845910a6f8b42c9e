package exec_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/rubrica/rubrica/graph/exec"
	"github.com/rubrica/rubrica/graph/internal/opgen"
)

// answer is what an operation gives: for a subscription, an answer for each event.
type answer struct {
	Data   string
	Errors []string // sorted: gqlgen resolves siblings in parallel
}

// execute runs an operation with values that are made up, the same for the same seed.
func execute(t *testing.T, schema graphql.ExecutableSchema, op opgen.Operation, seed uint64) (out []answer) {
	t.Helper()
	defer func() { // such as gqlgen's at @skip by a variable that is null
		if p := recover(); p != nil {
			out = append(out, answer{Data: "panicked", Errors: []string{fmt.Sprint(p)}})
		}
	}()
	e := executor.New(schema)
	e.SetRecoverFunc(func(context.Context, any) error { return errors.New("recovered") })
	e.AroundFields(madeUp(seed))
	ctx := graphql.StartOperationTrace(t.Context())
	opCtx, errs := e.CreateOperationContext(ctx, &graphql.RawParams{
		Query: op.Query, OperationName: op.Name, Variables: decoded(t, op.Variables),
	})
	if len(errs) > 0 {
		return []answer{{Data: "refused", Errors: []string{errs.Error()}}}
	}
	next, ctx := e.DispatchOperation(ctx, opCtx)
	for response := next(ctx); response != nil; response = next(ctx) {
		a := answer{Data: string(response.Data)}
		for _, err := range response.Errors {
			b, jsonErr := json.Marshal(err)
			require.NoError(t, jsonErr)
			a.Errors = append(a.Errors, string(b))
		}
		slices.Sort(a.Errors)
		out = append(out, a)
		if opCtx.Operation.Operation != ast.Subscription {
			break
		}
	}
	return out
}

// decoded are the variables as a transport reads them.
func decoded(t *testing.T, variables map[string]any) map[string]any {
	t.Helper()
	b, err := json.Marshal(variables)
	require.NoError(t, err)
	var out map[string]any
	d := json.NewDecoder(strings.NewReader(string(b)))
	d.UseNumber()
	require.NoError(t, d.Decode(&out))
	return out
}

// The generated executor gives the same bytes as gqlgen's own: over operations of every form on the whole
// schema, with values, nulls, failures and panics in every place.
func TestDirectAnswersAreGqlgens(t *testing.T) {
	t.Parallel()
	stock, direct := exec.NewExecutableSchema(exec.Config{}), exec.NewDirectSchema(exec.Config{})
	g := opgen.New(stock.Schema(), 4, opgen.Options{Depth: 8, Size: 80})
	seen := map[string]int{}
	for i := range uint64(6_000) {
		op := g.Valid()
		if strings.Contains(op.Query, "@defer") {
			continue // ours answers at once, gqlgen later
		}
		want, got := execute(t, stock, op, i), execute(t, direct, op, i)
		require.Equal(t, want, got, "%s\n%v", op.Query, op.Variables)
		note(seen, want)
	}
	require.Less(t, seen["refused data"], 100, "too many operations are refused: for the depth of their introspection only")
	for _, kind := range []string{"null data", "data", "errors", "null", "failed", "recovered", "invalid null", "not a number", "several events"} {
		require.Greater(t, seen[kind], 20, "%s occurs too seldom to prove anything: %v", kind, seen)
	}
}

// note counts what the answers show, so that a test that compares nothing is noticed.
func note(seen map[string]int, answers []answer) {
	if len(answers) > 1 {
		seen["several events"]++
	}
	for _, a := range answers {
		switch a.Data {
		case "refused", "panicked", "null":
			seen[a.Data+" data"]++
		default:
			seen["data"]++
		}
		if strings.Contains(a.Data, ":null") {
			seen["null"]++
		}
		for _, e := range a.Errors {
			seen["errors"]++
			for kind, text := range map[string]string{
				"failed": "made to fail", "recovered": "recovered", "invalid null": "cannot return null", "not a number": "infinite",
			} {
				if strings.Contains(e, text) {
					seen[kind]++
				}
			}
		}
	}
}

// What a document can do to the shape of an answer, in words that the generator seldom finds.
func TestDirectAnswersOfSpecialDocuments(t *testing.T) {
	t.Parallel()
	stock, direct := exec.NewExecutableSchema(exec.Config{}), exec.NewDirectSchema(exec.Config{})
	for name, query := range map[string]string{
		"one alias for fields of two types": `{ nodes(ids: ["a", "b", "c", "d", "e", "f"]) { __typename
			... on Track { name: slug } ... on Skill { name: slug } ... on User { name } } }`,
		"a fragment on the interface and on the type": `{ nodes(ids: ["a", "b", "c", "d"]) { id ... on Node { id other: id } ... on Essay { id words }
			...A } } fragment A on Essay { latestRun { id } latestRun { stage } ... on Node { id } }`,
		"nothing is left of the selection": `{ track(slug: "a") { slug @skip(if: true) } viewer { __typename @include(if: false) } }`,
		"a field twice":                    `{ a: track(slug: "a") { slug } a: track(slug: "a") { slug title } track(slug: "b") { skills { name } skills { slug } } }`,
		"introspection beside data":        `{ __typename track(slug: "a") { slug } __type(name: "Score") { name fields { name } } __schema { queryType { name } } }`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(200) {
				op := opgen.Operation{Query: query}
				want := execute(t, stock, op, seed)
				require.NotEqual(t, "refused", want[0].Data, want[0].Errors)
				require.Equal(t, want, execute(t, direct, op, seed))
			}
		})
	}
}

var errFails = gqlerror.List{{Message: "made to fail first"}, {Message: "made to fail second", Extensions: map[string]any{"code": "A"}}}
