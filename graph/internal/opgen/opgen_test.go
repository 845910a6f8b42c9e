package opgen_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"github.com/rubrica/rubrica/graph/exec"
	"github.com/rubrica/rubrica/graph/internal/opgen"
)

func schema() *ast.Schema { return exec.NewExecutableSchema(exec.Config{}).Schema() }

func TestValidOperationsAreValid(t *testing.T) {
	t.Parallel()
	s := schema()
	g := opgen.New(s, 1, opgen.Options{})
	kinds, forms := map[ast.Operation]int{}, map[string]int{}
	for range 2_000 {
		op := g.Valid()
		doc, err := parser.ParseQuery(&ast.Source{Input: op.Query})
		require.NoError(t, err, op.Query)
		errs := validator.ValidateWithRules(s, doc, rules.NewDefaultRules())
		require.Empty(t, errs, op.Query)
		def := doc.Operations.ForName(op.Name)
		require.NotNil(t, def)
		kinds[def.Operation]++
		_, err = validator.VariableValues(s, def, through(t, op.Variables))
		require.NoError(t, err, "%s\n%v", op.Query, op.Variables)
		count(doc, def, forms)
	}
	for _, kind := range []ast.Operation{ast.Query, ast.Mutation, ast.Subscription} {
		require.Positive(t, kinds[kind], kind)
	}
	for _, form := range []string{
		"variables", "defaults", "fragments", "inline", "skip", "include", "aliases", "objects", "lists", "blocks", "null", "several",
	} {
		require.Positive(t, forms[form], "the generator never makes %s", form)
	}
}

// count notes which forms of the language a document has.
func count(doc *ast.QueryDocument, op *ast.OperationDefinition, forms map[string]int) {
	forms["several"] += len(doc.Operations) - 1
	forms["fragments"] += len(doc.Fragments)
	forms["variables"] += len(op.VariableDefinitions)
	for _, v := range op.VariableDefinitions {
		if v.DefaultValue != nil {
			forms["defaults"]++
		}
	}
	var value func(v *ast.Value)
	value = func(v *ast.Value) {
		switch v.Kind {
		case ast.ObjectValue:
			forms["objects"]++
		case ast.ListValue:
			forms["lists"]++
		case ast.BlockValue:
			forms["blocks"]++
		case ast.NullValue:
			forms["null"]++
		}
		for _, c := range v.Children {
			value(c.Value)
		}
	}
	var selections func(ast.SelectionSet)
	selections = func(set ast.SelectionSet) {
		for _, s := range set {
			switch s := s.(type) {
			case *ast.Field:
				if s.Alias != s.Name {
					forms["aliases"]++
				}
				for _, a := range s.Arguments {
					value(a.Value)
				}
				for _, d := range s.Directives {
					forms[d.Name]++
				}
				selections(s.SelectionSet)
			case *ast.InlineFragment:
				forms["inline"]++
				selections(s.SelectionSet)
			}
		}
	}
	selections(op.SelectionSet)
}

// through is what the server gets of the variables.
func through(t *testing.T, variables map[string]any) map[string]any {
	t.Helper()
	raw, err := json.Marshal(variables)
	require.NoError(t, err)
	var got map[string]any
	require.NoError(t, json.Unmarshal(raw, &got))
	return got
}

func TestASeedRepeats(t *testing.T) {
	t.Parallel()
	a, b := opgen.New(schema(), 7, opgen.Options{}), opgen.New(schema(), 7, opgen.Options{})
	other := opgen.New(schema(), 8, opgen.Options{})
	same := 0
	for range 200 {
		require.Equal(t, a.Valid(), b.Valid())
		op := a.Invalid()
		require.Equal(t, op, b.Invalid())
		if op.Query == other.Invalid().Query {
			same++
		}
	}
	require.Less(t, same, 20)
}

func TestEveryFaultIsMade(t *testing.T) {
	t.Parallel()
	g := opgen.New(schema(), 1, opgen.Options{})
	seen := map[string]int{}
	for range 5_000 {
		op := g.Invalid()
		require.NotEmpty(t, op.Faults)
		for _, f := range op.Faults {
			seen[f]++
			require.True(t, slices.Contains(opgen.FaultNames(), f), f)
		}
	}
	for _, name := range opgen.FaultNames() {
		require.Positive(t, seen[name], "the fault %s never happens", name)
	}
}
