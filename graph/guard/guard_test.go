package guard_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"

	"github.com/rubrica/rubrica/graph/guard"
)

var schema = gqlparser.MustLoadSchema(&ast.Source{Input: `
	directive @tag(n: Int) repeatable on FIELD | QUERY | FRAGMENT_DEFINITION | FRAGMENT_SPREAD | INLINE_FRAGMENT | VARIABLE_DEFINITION
	type Query { self: Query name(of: Choice, all: [Choice!], deep: Deep, n: [[Int]], text: String): String }
	input Choice @oneOf { id: ID name: String nested: Deep again: Choice }
	input Deep { choice: Choice list: [[Choice!]] deep: Deep n: Int }
`})

func check(t *testing.T, limits guard.Limits, query string) gqlerror.List {
	t.Helper()
	_, errs := guard.New(schema, limits).Check(query, false)
	return errs
}

// Each limit holds at its bound, and refuses one beyond.
func TestLimits(t *testing.T) {
	chain := func(n int) string { // a document whose fragments nest fields n deep
		var b strings.Builder
		b.WriteString("{ ...F0 }")
		for i := range n - 1 {
			fmt.Fprintf(&b, " fragment F%d on Query { self { ...F%d } }", i, i+1)
		}
		fmt.Fprintf(&b, " fragment F%d on Query { name }", n-1)
		return b.String()
	}
	numbered := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	nested := func(n int, open, inner, end string) string {
		return strings.Repeat(open, n) + inner + strings.Repeat(end, n)
	}
	for name, c := range map[string]struct {
		limits   guard.Limits
		document func(n int) string
		bound    int
	}{
		"bytes":      {guard.Limits{Bytes: 100}, func(n int) string { return "{ name }" + strings.Repeat(" ", n-8) }, 100},
		"tokens":     {guard.Limits{Tokens: 60}, func(n int) string { return "{ " + strings.Repeat("name ", n-2) + "}" }, 60},
		"comments":   {guard.Limits{Tokens: 60}, func(n int) string { return strings.Repeat("#\n", n-3) + "{ name }" }, 60},
		"name":       {guard.Limits{}, func(n int) string { return "{ " + strings.Repeat("a", n) + ": name }" }, 128},
		"operations": {guard.Limits{}, func(n int) string { return numbered(n, "query Q%d { name } ") }, 20},
		"variables": {guard.Limits{}, func(n int) string {
			return "query(" + numbered(n, "$v%d: Int ") + ") { name(n: [" + numbered(n, "[$v%d] ") + "]) }"
		}, 200},
		"depth":              {guard.Limits{}, func(n int) string { return nested(n-1, "{ self ", "{ name }", "}") }, 25},
		"depth by fragments": {guard.Limits{}, chain, 25},
		"nesting":            {guard.Limits{}, func(n int) string { return "{ " + nested(n-1, "... { ", "name", " }") + " }" }, 50},
		"fields":             {guard.Limits{Fields: 100}, func(n int) string { return "{ " + strings.Repeat("name ", n) + "}" }, 100},
		"fields of a fragment": {guard.Limits{Fields: 40}, func(n int) string {
			return "{ a: self { ...F } b: self { ...F } } fragment F on Query { " + strings.Repeat("name ", n/2-1) + "}"
		}, 40},
		"aliases":    {guard.Limits{}, func(n int) string { return "{ " + numbered(n, "a%d: name ") + "}" }, 100},
		"directives": {guard.Limits{}, func(n int) string { return "{ name " + strings.Repeat("@tag ", n) + "}" }, 100},
		"directives here, there": {guard.Limits{Directives: 6}, func(n int) string {
			return "query @tag { ... @tag { ...F @tag } " + strings.Repeat("name @tag ", n-4) + "} fragment F on Query @tag { name }"
		}, 6},
		"repeats":               {guard.Limits{Repeats: 45}, func(n int) string { return "{ " + strings.Repeat("name ", n) + "}" }, 10}, // 10 × 9 / 2
		"repeats below a field": {guard.Limits{Repeats: 4}, func(n int) string { return "{ self { name } self { name " + strings.Repeat("name ", n) + "} }" }, 1},
		"repeats in fragments":  {guard.Limits{Repeats: 1}, func(n int) string { return "{ name ...F } fragment F on Query { " + strings.Repeat("name ", n) + "}" }, 1},
		"values":                {guard.Limits{Values: 50}, func(n int) string { return "{ name(n: [" + strings.Repeat("[] ", n-1) + "]) }" }, 50},
		"depth of values":       {guard.Limits{ValueDepth: 5}, func(n int) string { return "{ name(deep: " + nested(n, "{deep: ", "{}", "}") + ") }" }, 5},
		"values of a default":   {guard.Limits{Values: 10}, func(n int) string { return "query($v: [[Int]] = [" + strings.Repeat("[] ", n-2) + "]) { name(n: $v) }" }, 10},
	} {
		t.Run(name, func(t *testing.T) {
			require.Empty(t, check(t, c.limits, c.document(c.bound)), "at the bound")
			step := 1
			if strings.Contains(name, "of a fragment") {
				step = 2
			}
			errs := check(t, c.limits, c.document(c.bound+step))
			require.Len(t, errs, 1, "one beyond")
			require.Equal(t, guard.CodeTooLarge, errs[0].Extensions["code"], errs[0].Message)
		})
	}
	many := func(n int) string {
		return "{ " + numbered(n, "...F%d ") + "}" + numbered(n, " fragment F%d on Query { __typename }")
	}
	wide := guard.Limits{Repeats: 1 << 30}
	require.Empty(t, check(t, wide, many(128)))
	require.Equal(t, guard.CodeTooLarge, check(t, wide, many(129))[0].Extensions["code"])
}

func TestRefusalsAreShort(t *testing.T) {
	var b strings.Builder
	for i := range 500 {
		fmt.Fprintf(&b, "f%d%s ", i, strings.Repeat("x", 100))
	}
	errs := check(t, guard.Limits{}, "{ "+b.String()+"}")
	require.Len(t, errs, 5)
	for _, e := range errs {
		require.LessOrEqual(t, len(e.Message), 310)
		require.Equal(t, "GRAPHQL_VALIDATION_FAILED", e.Extensions["code"])
	}

	e := &gqlerror.Error{Message: strings.Repeat("é", 1_000), Locations: make([]gqlerror.Location, 9), Path: ast.Path{
		ast.PathName("variable"), ast.PathName(strings.Repeat("k", 1_000_000)), ast.PathIndex(1),
	}}
	guard.Clip(e)
	require.LessOrEqual(t, len(e.Message), 310)
	require.Len(t, e.Locations, 2)
	require.Equal(t, ast.Path{ast.PathName("variable")}, e.Path)
}

func TestWhatIsWrongIsSaid(t *testing.T) {
	for query, want := range map[string]string{
		``:                             "no operation",
		`fragment F on Query { name }`: "no operation",
		`{`:                            "",
		`{ ...F } fragment F on Query { self { ...F } }`:                     "spreads itself",
		`{ name } fragment F on Query { name }`:                              "never used",
		`{ ...F } fragment F on Query { name } fragment F on Query { name }`: "",
		`{ ...Gone }`:                    "Gone",
		`{ name(of: {id: 1, name: 2}) }`: "",
		`{ self }`:                       "",
	} {
		errs := check(t, guard.Limits{}, query)
		require.NotEmpty(t, errs, query)
		require.Contains(t, errs[0].Message, want, query)
	}
}

func TestVariables(t *testing.T) {
	g := guard.New(schema, guard.Limits{VariableValues: 10, ValueDepth: 3})
	list := func(n int) map[string]any { return map[string]any{"v": make([]any, n)} }
	require.Nil(t, g.Variables(list(9)))
	require.Equal(t, guard.CodeTooLarge, g.Variables(list(10)).Extensions["code"])
	deep := func(n int) map[string]any {
		var v any = "x"
		for i := range n {
			if i%2 == 0 {
				v = []any{v}
			} else {
				v = map[string]any{"k": v}
			}
		}
		return map[string]any{"v": v}
	}
	require.Nil(t, g.Variables(deep(3)))
	require.Equal(t, guard.CodeTooLarge, g.Variables(deep(4)).Extensions["code"])
	require.Nil(t, g.OperationName(strings.Repeat("n", 128)))
	require.NotNil(t, g.OperationName(strings.Repeat("n", 129)))
}

// The cache keeps what fits, and a client that sends ever new documents does not fill the memory.
func TestAcceptedDocumentsAreKept(t *testing.T) {
	g := guard.New(schema, guard.Limits{CacheCount: 10})
	first, errs := g.Check(`{ name }`, false)
	require.Empty(t, errs)
	again, _ := g.Check(`{ name }`, true)
	require.Same(t, first, again)
	for i := range 100 {
		_, errs := g.Check(fmt.Sprintf("{ a%d: name }", i), false)
		require.Empty(t, errs)
	}
	other, _ := g.Check(`{ name }`, false)
	require.NotSame(t, first, other, "the least used left")

	count, _ := g.Cached()
	require.Equal(t, 10, count)
	bytes := guard.New(schema, guard.Limits{CacheBytes: 100_000})
	for i := range 1_000 {
		_, errs := bytes.Check(fmt.Sprintf("{ a%d: name(text: %q) }", i, strings.Repeat("x", 5_000)), false)
		require.Empty(t, errs)
		_, size := bytes.Cached()
		require.LessOrEqual(t, size, int64(100_000))
	}
	count, _ = bytes.Cached()
	require.Positive(t, count)
}

func TestOneOfAtAnyDepth(t *testing.T) {
	op := func(typ string) *ast.OperationDefinition {
		doc, err := parser.ParseQuery(&ast.Source{Input: `query($v: ` + typ + `) { __typename }`})
		require.NoError(t, err)
		return doc.Operations[0]
	}
	m := func(pairs ...any) map[string]any {
		out := map[string]any{}
		for i := 0; i < len(pairs); i += 2 {
			out[pairs[i].(string)] = pairs[i+1]
		}
		return out
	}
	bad := []any{m("id", "x", "name", "y"), m(), m("id", nil), m("id", nil, "name", "y"), m("again", m())}
	good := []any{m("id", "x"), m("nested", m()), m("again", m("name", "y")), m("nested", m("choice", m("id", "x")))}
	wraps := map[string]func(any) (string, any){
		"itself":         func(v any) (string, any) { return "Choice", v },
		"in a list":      func(v any) (string, any) { return "[Choice!]", []any{m("id", "ok"), v} },
		"for a list":     func(v any) (string, any) { return "[[Choice!]]", v },
		"in an input":    func(v any) (string, any) { return "Deep", m("choice", v, "n", 1) },
		"deep":           func(v any) (string, any) { return "Deep!", m("deep", m("deep", m("list", []any{[]any{v}}))) },
		"below a oneOf":  func(v any) (string, any) { return "Choice", m("nested", m("deep", m("choice", v))) },
		"null beside it": func(v any) (string, any) { return "Deep", m("choice", v, "deep", nil) },
		"a coerced list": func(v any) (string, any) { return "[Choice!]", []map[string]any{v.(map[string]any)} },
	}
	for name, wrap := range wraps {
		for _, v := range bad {
			typ, value := wrap(v)
			e := guard.OneOf(schema, op(typ), map[string]any{"v": value})
			require.NotNil(t, e, "%s: %v", name, v)
			require.Equal(t, "GRAPHQL_VALIDATION_FAILED", e.Extensions["code"])
		}
		for _, v := range good {
			typ, value := wrap(v)
			require.Nil(t, guard.OneOf(schema, op(typ), map[string]any{"v": value}), "%s: %v", name, v)
		}
	}
	require.Nil(t, guard.OneOf(schema, op("Choice"), map[string]any{}))
	require.Nil(t, guard.OneOf(schema, op("Choice"), map[string]any{"v": nil}))

	for literal, ok := range map[string]bool{
		`of: {id: 1}`: true, `of: {id: 1, name: "x"}`: false, `of: {}`: false, `of: {id: null}`: false,
		`deep: {deep: {list: [[{id: 1}, {}]]}}`: false, `deep: {deep: {list: [[{id: 1}]]}}`: true,
		`all: [{name: "x"}, {name: null}]`: false, `all: {id: $must}`: true, `all: {id: $may}`: false, `deep: {choice: {nested: {choice: {id: $may}}}}`: false,
	} {
		definition := ""
		if strings.Contains(literal, "$must") {
			definition = "($must: ID!)"
		}
		if strings.Contains(literal, "$may") {
			definition = "($may: ID)"
		}
		errs := check(t, guard.Limits{}, "query"+definition+" { name("+literal+") }")
		require.Equal(t, ok, len(errs) == 0, "%s: %v", literal, errs)
	}
}
