package guard

import (
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// Conditions refuses null for a variable that decides whether something is selected. Validation allows
// a variable there that may be null if it has a default value; gqlgen panics when null is given. Values
// are as coercion left them.
func Conditions(op *ast.OperationDefinition, values map[string]any) *gqlerror.Error {
	null := map[string]bool{}
	for _, v := range op.VariableDefinitions {
		if v.Type.NamedType == "Boolean" && !v.Type.NonNull && values[v.Variable] == nil {
			null[v.Variable] = true
		}
	}
	if len(null) == 0 {
		return nil
	}
	c := conditions{null: null, entered: map[string]bool{}}
	if name := c.find(op.SelectionSet); name != "" {
		return &gqlerror.Error{
			Message:    "The condition of @skip or @include is never null: give true or false.",
			Path:       ast.Path{ast.PathName("variable"), ast.PathName(name)},
			Extensions: map[string]any{"code": codeValidation},
		}
	}
	return nil
}

type conditions struct {
	null    map[string]bool // variables that are null
	entered map[string]bool // fragments
}

// find returns a variable that is null and stands in a condition, or "".
func (c *conditions) find(set ast.SelectionSet) string {
	for _, selection := range set {
		var directives ast.DirectiveList
		var below ast.SelectionSet
		switch s := selection.(type) {
		case *ast.Field:
			directives, below = s.Directives, s.SelectionSet
		case *ast.InlineFragment:
			directives, below = s.Directives, s.SelectionSet
		case *ast.FragmentSpread:
			directives = s.Directives
			if s.Definition != nil && !c.entered[s.Name] {
				c.entered[s.Name] = true
				below = s.Definition.SelectionSet
			}
		}
		for _, d := range directives {
			if d.Name != "skip" && d.Name != "include" {
				continue
			}
			if a := d.Arguments.ForName("if"); a != nil && a.Value.Kind == ast.Variable && c.null[a.Value.Raw] {
				return a.Value.Raw
			}
		}
		if name := c.find(below); name != "" {
			return name
		}
	}
	return ""
}
