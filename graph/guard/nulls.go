package guard

import (
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// Nulls refuses null for a variable that stands where null may not. Validation allows a variable of a
// nullable type there when it has a default value, which null then takes the place of; gqlgen panics
// where it decides about a selection, and takes it for an empty value within an input. Values are as
// coercion left them.
func Nulls(op *ast.OperationDefinition, values map[string]any) *gqlerror.Error {
	n := nulls{variables: map[string]bool{}, entered: map[string]bool{}}
	for _, v := range op.VariableDefinitions {
		if value, given := values[v.Variable]; given && value == nil {
			n.variables[v.Variable] = true
		}
	}
	if len(n.variables) == 0 {
		return nil
	}
	n.selections(op.SelectionSet)
	if n.found == nil {
		return nil
	}
	return &gqlerror.Error{
		Message:    "The variable is null where a value of " + n.found.ExpectedType.String() + " is needed.",
		Path:       ast.Path{ast.PathName("variable"), ast.PathName(n.found.Raw)},
		Extensions: map[string]any{"code": codeValidation},
	}
}

type nulls struct {
	variables map[string]bool // that are null
	entered   map[string]bool // fragments
	found     *ast.Value      // where one of the variables stands and null may not
}

func (n *nulls) selections(set ast.SelectionSet) {
	for _, selection := range set {
		switch s := selection.(type) {
		case *ast.Field:
			n.arguments(s.Arguments)
			n.directives(s.Directives)
			n.selections(s.SelectionSet)
		case *ast.InlineFragment:
			n.directives(s.Directives)
			n.selections(s.SelectionSet)
		case *ast.FragmentSpread:
			n.directives(s.Directives)
			if s.Definition != nil && !n.entered[s.Name] {
				n.entered[s.Name] = true
				n.selections(s.Definition.SelectionSet)
			}
		}
	}
}

func (n *nulls) directives(list ast.DirectiveList) {
	for _, d := range list {
		n.arguments(d.Arguments)
	}
}

func (n *nulls) arguments(list ast.ArgumentList) {
	for _, a := range list {
		n.value(a.Value)
	}
}

func (n *nulls) value(v *ast.Value) {
	if v.Kind == ast.Variable && n.variables[v.Raw] && v.ExpectedType != nil && v.ExpectedType.NonNull {
		n.found = v
	}
	for _, child := range v.Children {
		n.value(child.Value)
	}
}
