package cost

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2"
)

func price(t *testing.T, query string, variables map[string]any) Price {
	t.Helper()
	doc, errs := gqlparser.LoadQueryWithRules(schema, query, nil)
	require.Empty(t, errs, query)
	return Of(schema, doc.Operations[0], variables)
}

// The examples of docs/cost.md are among these.
func TestPrice(t *testing.T) {
	for _, c := range []struct {
		query     string
		variables map[string]any
		want      int
	}{
		{query: `{ __typename }`, want: 1},
		{query: `{ viewer { role user { name } } }`, want: 1 + 2},
		{query: `{ essays(first: 20) { totalCount } }`, want: 1 + 1},
		{query: `{ essays(first: 20) { edges { node { words } } } }`, want: 1 + 1 + 20*2},
		{query: `{ essays(first: 20) { pageInfo { hasNextPage } edges { cursor node { words question { title } } } } }`, want: 1 + 1 + 1 + 20*3},
		{query: `{ essays(last: 3) { edges { node { words } } } }`, want: 1 + 1 + 3*2},
		{query: `{ essays(first: 0) { edges { node { words } } } }`, want: 2},
		{query: `{ essays(first: -5) { edges { node { words } } } }`, want: 2},
		{query: `{ essays(first: 1000000) { edges { node { words } } } }`, want: 2 + 100*2},
		{query: `{ essays { edges { node { words } } } }`, want: 2},
		{query: `query($n: Int) { essays(first: $n) { edges { node { words } } } }`, variables: map[string]any{"n": int64(7)}, want: 2 + 7*2},
		{query: `query($n: Int) { essays(first: $n) { edges { node { words } } } }`, variables: map[string]any{"n": json.Number("7")}, want: 2 + 7*2},
		{query: `query($n: Int) { essays(first: $n) { edges { node { words } } } }`, variables: map[string]any{"n": nil}, want: 2},
		{query: `query($n: Int) { essays(first: $n) { edges { node { words } } } }`, want: 2},
		{query: `{ essays(first: 10) { edges { node { runs(first: 5) { edges { node { scores { value } } } } } } } }`, want: 2 + 10*(1+1+1+5*(1+1+12))},
		{query: `{ a: viewer { role } b: viewer { role } }`, want: 3},
		{query: `query($no: Boolean!) { viewer @skip(if: $no) { role } track(slug: "x") @include(if: $no) { title } }`, variables: map[string]any{"no": true}, want: 2},
		{query: `query($no: Boolean!) { ...F @include(if: $no) ... @skip(if: $no) { viewer { role } } } fragment F on Query { viewer { role } }`, variables: map[string]any{"no": true}, want: 2},
		{query: `{ node(id: "x") { id ... on Essay { question { id } } ... on Track { skills { id } } } }`, want: 1 + 1 + 30},
		{query: `{ nodes(ids: ["x", "y", "z"]) { id } }`, want: 1 + 3},
		{query: `{ nodes(ids: "x") { id } }`, want: 1 + 1},
		{query: `query($ids: [ID!]!) { nodes(ids: $ids) { id ... on Node { ... on Essay { learner { id } } } } }`, variables: map[string]any{"ids": []any{"x", "y"}}, want: 1 + 2*2},
		{query: `mutation { essayRetry(input: {essayId: "x"}) { userErrors { code } } }`, want: 1 + 10 + 1 + 10},
		{query: `mutation { a: essayRetry(input: {essayId: "x"}) { run { id } } b: essayRetry(input: {essayId: "y"}) { run { id } } }`, want: 1 + 2*(10+2)},
		{query: `subscription { essayProgress(id: "x") { seq run { scores { value } } } }`, want: 1 + 1 + 1 + 12},
		{query: `{ search(query: "x") { hits { trace { score } node { ... on Credential { teaches { name } } } } } }`, want: 1 + 1 + 10*(1+1+1+12)},
		{query: `{ search(query: "x", first: 3) { hits { node { __typename } } } }`, want: 1 + 1 + 3*2},
		{query: `query($n: Int! = 7) { search(query: "x", first: $n) { hits { title } } }`, variables: map[string]any{"n": int64(7)}, want: 1 + 1 + 7},
		{query: `{ essayDuplicates(essayId: "x") { answer { ... on Essay { id } } } }`, want: 1 + 5*2},
		{query: `{ essayDuplicates(essayId: "x", first: 20) { score } }`, want: 1 + 20},
		{query: `{ __schema { types { name } } }`, want: 1 + 20_000},
		{query: `{ a: __type(name: "Essay") { name } b: __type(name: "Essay") { name } }`, want: 1 + 2*1_000},
	} {
		require.Equal(t, c.want, price(t, c.query, c.variables).Requested, c.query)
	}
	require.Equal(t, 10, price(t, `mutation { essayRetry(input: {essayId: "x"}) { userErrors { code } } }`, nil).Fixed)
}

func TestPriceSaturates(t *testing.T) {
	query := "id"
	for range 6 {
		query = "id learner { essays(first: 100) { edges { node { " + query + " } } } }"
	}
	require.Equal(t, math.MaxInt32, price(t, "{ essays(first: 100) { edges { node { "+query+" } } } }", nil).Requested)
}

// What pricing adds to an operation of a screen, beside the bucket.
func BenchmarkPrice(b *testing.B) {
	doc, errs := gqlparser.LoadQueryWithRules(schema, `query($n: Int!) { essays(first: $n) { totalCount edges { node { ...E } } } }
		fragment E on Essay { id text question { title track { title } } learner { name } latestRun { stage
			scores { value criterion { title } explanation { summary evidence { quote } keyPoints { label } citations { quote passage { title } } } }
			recommendations { items { rank credential { title } traces { text } } } } }`, nil)
	if errs != nil {
		b.Fatal(errs)
	}
	variables := map[string]any{"n": int64(20)}
	b.ReportAllocs()
	for b.Loop() {
		Of(schema, doc.Operations[0], variables)
	}
}

func BenchmarkBuckets(b *testing.B) {
	buckets := NewBuckets(callers, time.Now)
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			buckets.Take("x", Default.Admin, 10)
			buckets.Settle("x", Default.Admin, 10)
		}
	})
}
