package guard_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/rubrica/rubrica/graph/exec"
	"github.com/rubrica/rubrica/graph/guard"
)

func TestWhatTheParserLetsPass(t *testing.T) {
	t.Parallel()
	g := guard.New(exec.NewExecutableSchema(exec.Config{}).Schema(), guard.Limits{})
	for text, part := range map[string]string{
		`query { viewer { ...F } } fragment F($x: Int) on Viewer { role }`:                     "no variables of its own",
		`{ essays(first: 2147483648) { totalCount } }`:                                         "32 bits",
		`{ essays(first: -2147483649) { totalCount } }`:                                        "32 bits",
		`{ track(slug: {}) { id } }`:                                                           "no object",
		`{ viewer @skip(if: {}) { role } }`:                                                    "no object",
		`subscription { essayProgress(id: "x", afterSeq: "1") { seq } }`:                       "a Sequence is",
		`subscription { essayProgress(id: "x", afterSeq: [1]) { seq } }`:                       "no list",
		`subscription { essayProgress(id: "x", afterSeq: -1) { seq } }`:                        "a Sequence is",
		`subscription($n: Sequence = 1.5) { essayProgress(id: "x", afterSeq: $n) { seq } }`:    "a Sequence is",
		`subscription { essayProgress(id: "x", afterSeq: 9007199254740992) { seq } }`:          "a Sequence is",
		`{ track(slug: "\uD83D") { id } }`:                                                     "surrogate",
		`{ track(slug: "\uDE00") { id } }`:                                                     "surrogate",
		`{ track(slug: "\uD83D\n") { id } }`:                                                   "surrogate",
		`{ track(slug: "\\\uD83D") { id } }`:                                                   "surrogate",
		`subscription { a: essayProgress(id: "x") { seq } b: essayProgress(id: "y") { seq } }`: "one root field",
		`subscription { ...F } fragment F on Subscription { a: essayProgress(id: "x") { seq } ...G } ` +
			`fragment G on Subscription { b: essayProgress(id: "x") { seq } }`: "one root field",
		`subscription { essayProgress(id: "x") @include(if: true) { seq } }`:       "cannot be skipped",
		`subscription { ... @skip(if: false) { essayProgress(id: "x") { seq } } }`: "cannot be skipped",
	} {
		_, errs := g.Check(text, false)
		require.NotEmpty(t, errs, text)
		require.ErrorContains(t, errs, part, text)
	}
	for _, text := range []string{
		`{ essays(first: 2147483647) { totalCount } }`,
		`{ essays(last: -2147483648) { totalCount } }`,
		`subscription { essayProgress(id: "x", afterSeq: 9007199254740991) { seq } }`,
		`subscription { essayProgress(id: "x", afterSeq: null) { seq } }`,
		`subscription { essayProgress(id: "x") { seq run @skip(if: true) { id } } }`,
		`{ track(slug: "\uD83D\uDE00") { id } }`,
		`{ track(slug: "\u{1F600} \uFFFD") { id } }`,
		`{ track(slug: "\\uD83D \uFFFD") { id } }`,
		"{ a: track(slug: \"\ufffd\") { id } # \"\\uD83D\n b: track(slug: \"\"\"\\uD83D \\\"\"\" \\uD83D\"\"\") { id } }",
		`{ nodes(ids: [1, "x"]) { id } }`,
	} {
		_, errs := g.Check(text, false)
		require.Empty(t, errs, text)
	}
}

func TestValuesOfVariables(t *testing.T) {
	t.Parallel()
	schema := exec.NewExecutableSchema(exec.Config{}).Schema()
	for _, c := range []struct {
		typ  string
		good []string
		bad  []string
	}{
		{"Int", []string{`1`, `-2147483648`, `null`, `1.0`, `1e2`, `-0.0`}, []string{`"1"`, `1.5`, `2147483648`, `true`, `[]`, `{}`, `1e400`}},
		{"Float", []string{`1`, `1.5`, `1e300`}, []string{`"1"`, `1e400`, `true`}},
		{"String", []string{`""`, `"1"`}, []string{`1`, `true`, `["a"]`, `{}`}},
		{"Boolean", []string{`true`}, []string{`1`, `"true"`}},
		{"ID", []string{`"x"`, `1`, `1.0`, `123456789012345678901234567890`}, []string{`1.5`, `true`, `["x"]`}},
		{"ID!", []string{`"x"`}, []string{`null`}},
		{"[ID!]", []string{`[]`, `"x"`, `["x", 1]`, `null`}, []string{`[null]`, `[["x"]]`, `[1.5]`}},
		{"Role", []string{`"ADMIN"`}, []string{`"admin"`, `"KING"`, `0`, `true`}},
		{"Sequence", []string{`0`, `9007199254740991`}, []string{`-1`, `"1"`, `9007199254740992`, `1.5`, `[1]`}},
		{
			"UserOrder", []string{`{}`, `{"field": "NAME"}`, `{"direction": "ASC"}`},
			[]string{`{"field": null}`, `{"field": "name"}`, `{"nope": 1}`, `{"__typename": "UserOrder"}`, `[]`, `"NAME"`, `1`},
		},
		{"JobFilter", []string{`{"states": ["RUNNING"]}`, `{"states": "RUNNING"}`}, []string{`{"states": [null]}`, `{"states": ["running"]}`}},
		{"EssayRetryInput", []string{`{"essayId": "x"}`}, []string{`{}`, `{"essayId": null}`}},
	} {
		op := &ast.OperationDefinition{VariableDefinitions: ast.VariableDefinitionList{{Variable: "v", Type: typeOf(c.typ)}}}
		for _, text := range append(c.good, c.bad...) {
			var values map[string]any
			decoder := json.NewDecoder(strings.NewReader(`{"v": ` + text + `}`))
			decoder.UseNumber()
			require.NoError(t, decoder.Decode(&values))
			guard.Whole(values)
			err := guard.Values(schema, op, values)
			if slices.Contains(c.good, text) {
				require.Nil(t, err, "%s for %s", text, c.typ)
			} else {
				require.NotNil(t, err, "%s for %s", text, c.typ)
				require.Equal(t, "GRAPHQL_VALIDATION_FAILED", err.Extensions["code"])
			}
		}
	}
	op := &ast.OperationDefinition{VariableDefinitions: ast.VariableDefinitionList{
		{Variable: "a", Type: typeOf("Int")}, {Variable: "b", Type: typeOf("Int!"), DefaultValue: &ast.Value{Kind: ast.IntValue, Raw: "1"}},
	}}
	require.Nil(t, guard.Values(schema, op, nil))
	op.VariableDefinitions[1].DefaultValue = nil
	require.NotNil(t, guard.Values(schema, op, nil), "b is missing")
}

func typeOf(s string) *ast.Type {
	if inner, ok := strings.CutSuffix(s, "!"); ok {
		t := *typeOf(inner)
		t.NonNull = true
		return &t
	}
	if strings.HasPrefix(s, "[") {
		return ast.ListType(typeOf(s[1:len(s)-1]), nil)
	}
	return ast.NamedType(s, nil)
}
