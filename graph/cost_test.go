package graph_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/rubrica/rubrica/graph"
	"github.com/rubrica/rubrica/graph/cost"
	"github.com/rubrica/rubrica/graph/exec"
	"github.com/rubrica/rubrica/graph/internal/opgen"
)

// charged is what an answer says of its cost.
type charged struct {
	RequestedQueryCost int
	ActualQueryCost    *int
	ThrottleStatus     *struct{ MaximumAvailable, CurrentlyAvailable, RestoreRate int }
}

func costOf(t testing.TB, raw string) charged {
	t.Helper()
	var got struct{ Extensions struct{ Cost *charged } }
	require.NoError(t, json.Unmarshal([]byte(raw), &got), raw)
	require.NotNil(t, got.Extensions.Cost, raw)
	return *got.Extensions.Cost
}

func TestCostIsShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	limited := w.serveWith(t, func(o *graph.Options) { o.Limits = &cost.Default })
	s := w.essays(t, lena, 3)
	for query, want := range map[string][2]int{
		`{ __typename }`: {1, 1},
		`{ essays(first: 20) { pageInfo { hasNextPage } edges { node { words question { title } } } } }`: {63, 12},
		`{ essays(first: 20) { totalCount } }`:                                       {2, 2},
		`{ track(slug: "nowhere") { title } }`:                                       {2, 1},
		`mutation { essayRetry(input: {essayId: "x"}) { essay { id } run { id } } }`: {14, 12},
	} {
		a := w.askAt(t, limited, lena, query, nil)
		c := costOf(t, a.raw)
		require.Equal(t, want, [2]int{c.RequestedQueryCost, *c.ActualQueryCost}, "%s: %s", query, a.raw)
		require.Equal(t, cost.Default.Learner.Capacity, c.ThrottleStatus.MaximumAvailable)
		require.Equal(t, cost.Default.Learner.Restore, c.ThrottleStatus.RestoreRate)
		require.LessOrEqual(t, c.ThrottleStatus.CurrentlyAvailable, cost.Default.Learner.Capacity)
	}

	w.runHub(t)
	events := w.stream(t, lena, `subscription($id: ID!) { essayProgress(id: $id) { seq run { scores { value } } } }`, vars{"id": s[0].id("essay")}, 1)
	if c := costOf(t, events[0]); c.RequestedQueryCost != 1+1+1+12 || *c.ActualQueryCost > c.RequestedQueryCost || *c.ActualQueryCost < 3 {
		t.Errorf("an event costs %+v", c)
	}
}

func TestCostLimitsByRole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	limited := w.serveWith(t, func(o *graph.Options) { o.Limits = &cost.Default })
	const each = 1 + 100*(1+1+1+100*2)
	pages := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "a%d: essays(first: 100) { edges { node { runs(first: 100) { edges { node { number } } } } } } ", i)
		}
		return "{ " + b.String() + "}"
	}
	for person, limit := range map[string]cost.Limit{
		anonymous: cost.Default.Anonymous, lena: cost.Default.Learner, arno: cost.Default.Advisor, ada: cost.Default.Admin,
	} {
		n := (limit.Operation - 1) / each
		a := w.askAt(t, limited, person, pages(n), nil)
		require.NotContains(t, a.codes(), cost.CodeExceeded, person)
		require.Equal(t, 1+n*each, costOf(t, a.raw).RequestedQueryCost)
		a = w.askAt(t, limited, person, pages(n+1), nil)
		require.Equal(t, []string{cost.CodeExceeded}, a.codes(), person)
		require.Equal(t, http.StatusBadRequest, a.status)
		requireStatements(t, 0, a)
		c := costOf(t, a.raw)
		require.Nil(t, c.ActualQueryCost)
		require.Equal(t, 1+(n+1)*each, c.RequestedQueryCost)
	}
}

func TestRateLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tight := cost.Limit{Operation: 300, Capacity: 300, Restore: 1}
	s := w.serveWith(t, func(o *graph.Options) {
		o.Limits = &cost.Limits{Anonymous: tight, Learner: tight, Advisor: tight}
	})
	const query = `{ tracks(first: 100) { edges { node { title } } } }` // 202 points, and few when answered
	var fields strings.Builder
	for i := range 60 {
		fmt.Fprintf(&fields, "a%d: viewer { role } ", i)
	}
	spend := "{ " + fields.String() + "}" // 61 points, and not one is given back
	require.Empty(t, w.askAt(t, s, lena, query, nil).Errors)
	var a *answer
	for range 6 {
		a = w.askAt(t, s, lena, spend, nil)
	}
	require.Equal(t, []string{cost.CodeLimited}, a.codes(), a.raw)
	require.Equal(t, http.StatusTooManyRequests, a.status)
	requireStatements(t, 0, a)
	wait, _ := a.Errors[0].Extensions[cost.RetryAfter].(float64)
	require.Positive(t, wait)
	require.Nil(t, costOf(t, a.raw).ActualQueryCost)

	for _, media := range []string{"application/json", "application/graphql-response+json"} {
		resp, _ := w.send(t, s, lena, media, spend, nil)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, http.StatusTooManyRequests, resp.StatusCode, media)
		require.NotEmpty(t, resp.Header.Get("Retry-After"), media)
	}

	// Others are not in the way, and what cannot be parsed is paid for too.
	require.Empty(t, w.askAt(t, s, omar, query, nil).Errors)
	require.Empty(t, w.askAt(t, s, anonymous, `{ __typename }`, nil).Errors)
	require.Nil(t, costOf(t, w.askAt(t, s, ada, query, nil).raw).ThrottleStatus, "no limit")
	for range 40 {
		a = w.askAt(t, s, anonymous, `{ nonsense`, nil)
	}
	require.Equal(t, []string{cost.CodeLimited}, a.codes(), a.raw)
}

// On the seeded data nothing costs more than its price.
func TestNothingCostsMoreThanItsPrice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var ids []string
	for _, s := range w.essays(t, lena, 5) {
		for kind := range s.ids {
			ids = append(ids, s.id(kind))
		}
	}
	free := w.serveWith(t, func(o *graph.Options) { o.Development, o.Limits = true, &cost.Limits{} })
	schema := exec.NewExecutableSchema(exec.Config{}).Schema()
	g := opgen.New(schema, 7, opgen.Options{
		Depth: 9, Size: 40, Kinds: []ast.Operation{ast.Query},
		Value: func(random *rand.Rand, place opgen.Place) (any, bool) {
			switch {
			case place.Type == "ID":
				return ids[random.IntN(len(ids))], true
			case place.Type == "Int":
				return 1 + random.IntN(20), true
			case place.Name == "after" || place.Name == "before":
				return nil, true
			}
			return nil, false
		},
	})
	answered := 0
	for i := range 1_500 {
		op := g.Valid()
		body, err := json.Marshal(op)
		require.NoError(t, err)
		person := everyone[i%len(everyone)]
		a := w.post(t, free, person, body)
		if a.Data == nil {
			continue // refused for its values
		}
		c := costOf(t, a.raw)
		objects := 0
		countObjects(a.Data, &objects)
		require.LessOrEqual(t, *c.ActualQueryCost, c.RequestedQueryCost, "%s: %s", body, a.raw)
		if !strings.Contains(op.Query, "__schema") && !strings.Contains(op.Query, "__type(") {
			require.LessOrEqual(t, objects, c.RequestedQueryCost, "%s: %s", body, a.raw)
			require.LessOrEqual(t, objects, *c.ActualQueryCost, "%s: %s", body, a.raw)
		}
		if objects > 5 {
			answered++
		}
	}
	require.Greater(t, answered, 100, "too few of the operations found anything to prove much")
}

// countObjects counts the objects that have a field.
func countObjects(v any, n *int) {
	switch v := v.(type) {
	case map[string]any:
		if len(v) > 0 {
			*n++
		}
		for _, below := range v {
			countObjects(below, n)
		}
	case []any:
		for _, below := range v {
			countObjects(below, n)
		}
	}
}
