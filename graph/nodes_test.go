package graph_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/graph/exec"
	"github.com/rubrica/rubrica/internal/globalid"
)

// Objects come in the order asked for, also twice, with one statement for each kind, whatever there is of
// it to see. Every type that is a node is among them.
func TestNodesCostOneStatementForEachKind(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ids := slices.Sorted(maps.Keys(w.nodes(t, w.essays(t, lena, 1)[0], w.essays(t, omar, 1)[0])))
	kinds := map[string]int{}
	for _, id := range ids {
		kind, _, err := globalid.Decode(id)
		require.NoError(t, err)
		kinds[kind]++
	}
	nodes := exec.NewExecutableSchema(exec.Config{}).Schema().PossibleTypes["Node"]
	require.Len(t, kinds, len(nodes))
	for kind := range kinds {
		ids = append(ids, globalid.Encode(kind, newID()))
	}
	ids = append(ids, globalid.Encode("nonsense", newID()), ids[0])
	slices.Reverse(ids)
	require.LessOrEqual(t, len(ids), 100)
	const query = `query($ids: [ID!]!) { nodes(ids: $ids) { id __typename } }`

	a := w.ok(t, ada, query, vars{"ids": ids})
	requireStatements(t, len(kinds), a)
	types := map[any]bool{}
	for i, id := range ids {
		if got := a.at("nodes", i, "id"); got != nil {
			require.Equal(t, id, got)
			types[a.at("nodes", i, "__typename")] = true
		}
	}
	require.Len(t, types, len(nodes), "an admin sees one of each type")
	require.Equal(t, ids[0], a.at("nodes", 0, "id"))
	require.Equal(t, ids[0], a.at("nodes", len(ids)-1, "id"))

	for _, person := range everyone {
		require.LessOrEqual(t, len(w.ok(t, person, query, vars{"ids": ids}).statements), len(kinds), person)
	}
}

// requireOneError expects one error, with the code and the path.
func requireOneError(t *testing.T, a *answer, code string, path ...any) {
	t.Helper()
	require.Equal(t, []string{code}, a.codes(), a.raw)
	require.Equal(t, fmt.Sprintf("%v", path), fmt.Sprintf("%v", a.Errors[0].Path))
}

// One of a hundred items that fails is null, with an error that says where; the others come.
func TestOneBadItemOfAHundred(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	essays := w.essays(t, lena, 26)
	var ids []string
	rows, err := w.db.SQL.QueryContext(t.Context(), `SELECT id FROM explanations ORDER BY id LIMIT 100`)
	require.NoError(t, err)
	defer func() { require.NoError(t, rows.Close()) }()
	for rows.Next() {
		id := newID()
		require.NoError(t, rows.Scan(&id))
		ids = append(ids, globalid.Encode("explanation", id))
	}
	require.NoError(t, rows.Err())
	require.Len(t, ids, 100)
	const query = `query($ids: [ID!]!) { nodes(ids: $ids) { id ... on Explanation { contributions { label } } } }`
	others := func(a *answer, bad int) {
		t.Helper()
		require.Len(t, list(a.at("nodes")), 100)
		for i, id := range ids {
			if i == bad {
				require.Nil(t, a.at("nodes", i))
			} else {
				require.Equal(t, id, a.at("nodes", i, "id"))
			}
		}
	}

	t.Run("an id that is none", func(t *testing.T) {
		asked := slices.Clone(ids)
		asked[41] = "nonsense"
		a := w.ask(t, lena, query, vars{"ids": asked})
		requireOneError(t, a, "BAD_INPUT", "nodes", 41)
		others(a, 41)
		requireStatements(t, 1, a)
		requireOneError(t, w.ask(t, lena, `{ node(id: "nonsense") { id } }`, nil), "BAD_INPUT", "node")
	})

	// From here on one row cannot be read.
	_, bad, err := globalid.Decode(ids[58])
	require.NoError(t, err)
	w.exec(t, `UPDATE explanations SET contributions = '{"not": "a list"}' WHERE id = $1`, bad)

	t.Run("a row that cannot be read", func(t *testing.T) {
		a := w.ask(t, lena, query, vars{"ids": ids})
		requireOneError(t, a, "INTERNAL", "nodes", 58)
		others(a, 58)
		require.LessOrEqual(t, len(a.statements), 15, "halving finds it")
		require.NotContains(t, a.raw, "contributions:")
	})

	t.Run("a row below a list", func(t *testing.T) {
		a := w.ask(t, lena, `{ essays(first: 100) { edges { node { id latestRun { scores { id explanation { id contributions { label } evidence { id } } } } } } } }`, nil)
		require.Equal(t, []string{"INTERNAL"}, a.codes(), a.raw)
		path := a.Errors[0].Path
		require.Equal(t, "explanation", path[len(path)-1])
		missing := 0
		edges := list(a.at("essays", "edges"))
		require.Len(t, edges, len(essays))
		for i := range edges {
			for j, score := range list(a.at("essays", "edges", i, "node", "latestRun", "scores")) {
				x, _ := score.(map[string]any)["explanation"].(map[string]any)
				if x == nil {
					missing++
					require.Equal(t, fmt.Sprint("essays edges ", i, " node latestRun scores ", j, " explanation"), strings.Trim(fmt.Sprint(path), "[]"))
				} else {
					require.Len(t, x["evidence"], 1, "and what is below the others")
				}
			}
		}
		require.Equal(t, 1, missing)
	})
}
