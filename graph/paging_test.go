package graph_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/rubrica/rubrica/graph/exec"
)

// A list or an order that the tests below do not walk would be one that nobody has checked.
func TestEveryListAndOrderIsWalked(t *testing.T) {
	t.Parallel()
	schema := exec.NewExecutableSchema(exec.Config{}).Schema()
	var offered []string
	for _, typ := range schema.Types {
		for _, field := range typ.Fields {
			if !strings.HasSuffix(field.Type.Name(), "Connection") {
				continue
			}
			path := typ.Name + "." + field.Name
			if typ == schema.Query {
				path = field.Name
			}
			order := field.Arguments.ForName("orderBy")
			if order == nil {
				offered = append(offered, path)
				continue
			}
			fields := schema.Types[schema.Types[order.Type.Name()].Fields.ForName("field").Type.Name()]
			require.Equal(t, ast.Enum, fields.Kind)
			for _, f := range fields.EnumValues {
				offered = append(offered, path+" "+f.Name+" ASC", path+" "+f.Name+" DESC")
			}
		}
	}
	var walked []string
	for _, l := range new(lists).all() {
		walked = append(walked, l.String())
	}
	require.ElementsMatch(t, offered, walked)
}

// Pages of any size visit each row of each list once, in one order from either end, whatever the order
// keys are.
func TestPagesVisitEachRowOnce(t *testing.T) {
	t.Parallel()
	for seed := range uint64(2) {
		f := newLists(t, seed)
		all := f.all()
		for _, table := range tables(all) {
			for range 20 + f.random.IntN(20) {
				f.insert(t, table)
			}
		}
		for _, l := range all {
			t.Run(l.String(), func(t *testing.T) {
				t.Parallel()
				want := f.want(t, l)
				require.NotEmpty(t, want)
				for _, size := range []int{1, 2, 7, 100} {
					for _, backward := range []bool{false, true} {
						require.Equal(t, want, keysOf(t, f.walk(t, ada, l, size, backward, nil)), "seed %d, pages of %d, backward: %t", seed, size, backward)
					}
				}
			})
		}
	}
}

// Rows that come and go between two pages neither double nor hide the others.
func TestPagesWhileRowsComeAndGo(t *testing.T) {
	t.Parallel()
	f := newLists(t, 3)
	for _, l := range f.all() {
		for _, backward := range []bool{false, true} {
			var ours []uuid.UUID
			for range 12 {
				ours = append(ours, f.insert(t, l.table))
			}
			stayed := f.want(t, l)
			changes := 0
			got := keysOf(t, f.walk(t, ada, l, 3, backward, func() {
				if changes++; changes < 12 {
					f.insert(t, l.table)
				}
				if len(ours) > 0 && f.random.IntN(2) == 0 {
					i := f.random.IntN(len(ours))
					f.exec(t, `DELETE FROM `+l.table+` WHERE `+l.idColumn()+` = $1`, ours[i])
					stayed = slices.DeleteFunc(stayed, func(id string) bool { return id == ours[i].String() })
					ours = slices.Delete(ours, i, i+1)
				}
			}))
			seen := map[string]int{}
			for _, id := range got {
				seen[id]++
				require.Equal(t, 1, seen[id], "%s, backward: %t: a row came twice", l, backward)
			}
			require.Subset(t, got, stayed, "%s, backward: %t: a row that stayed was left out", l, backward)
			require.Equal(t, stayed, slices.DeleteFunc(got, func(id string) bool { return !slices.Contains(stayed, id) }), "%s", l)
		}
	}
}

// What a page says of itself costs nothing, and the count one statement for who asks for it.
func TestPageInfoCostsNoStatement(t *testing.T) {
	t.Parallel()
	f := newLists(t, 4)
	for _, l := range f.all() {
		f.insert(t, l.table)
		ask := func(selection string) *answer {
			query, _ := l.query(selection)
			return f.ok(t, ada, query, l.vars(vars{"first": 1}))
		}
		bare := ask(`edges { node { id } }`)
		requireStatements(t, len(bare.statements), ask(`edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }`))
		counts := func(a *answer) (n int) {
			for _, s := range a.statements {
				if strings.Contains(strings.ToLower(s), "count(") {
					n++
				}
			}
			return n
		}
		require.Zero(t, counts(bare), "%s", l)
		both := ask(`edges { node { id } } totalCount`)
		requireStatements(t, len(bare.statements)+1, both)
		require.Equal(t, 1, counts(both), "%s", l)
	}
}

// tables are the tables behind the lists.
func tables(of []listing) (out []string) {
	for _, l := range of {
		if !slices.Contains(out, l.table) {
			out = append(out, l.table)
		}
	}
	return out
}
