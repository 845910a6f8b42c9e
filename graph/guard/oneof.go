package guard

import (
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// OneOf checks the values of an operation's variables, at any depth, for inputs of which exactly one
// field is to be given: coercion lets two, none and null pass. Values are as coercion left them.
func OneOf(schema *ast.Schema, op *ast.OperationDefinition, values map[string]any) *gqlerror.Error {
	for _, v := range op.VariableDefinitions {
		value, given := values[v.Variable]
		if !given {
			continue
		}
		path := ast.Path{ast.PathName("variable"), ast.PathName(v.Variable)}
		if e := oneOf(schema, v.Type, value, path); e != nil {
			return e
		}
	}
	return nil
}

func oneOf(schema *ast.Schema, typ *ast.Type, value any, path ast.Path) *gqlerror.Error {
	if value == nil {
		return nil
	}
	if typ.Elem != nil {
		list, ok := value.([]any)
		if !ok { // one value stands for a list of one
			return oneOf(schema, typ.Elem, value, path)
		}
		for i, v := range list {
			if e := oneOf(schema, typ.Elem, v, append(path[:len(path):len(path)], ast.PathIndex(i))); e != nil {
				return e
			}
		}
		return nil
	}
	def := schema.Types[typ.NamedType]
	if def == nil || def.Kind != ast.InputObject {
		return nil
	}
	switch object := value.(type) {
	case map[string]any:
		return oneOfFields(schema, def, object, path)
	case []map[string]any: // what coercion makes of a single object for a list
		for i, v := range object {
			if e := oneOfFields(schema, def, v, append(path[:len(path):len(path)], ast.PathIndex(i))); e != nil {
				return e
			}
		}
	}
	return nil
}

func oneOfFields(schema *ast.Schema, def *ast.Definition, object map[string]any, path ast.Path) *gqlerror.Error {
	given := 0
	for name, v := range object {
		field := def.Fields.ForName(name)
		if field == nil {
			continue
		}
		given++
		if v == nil && isOneOf(def) {
			given = -1
			break
		}
		if e := oneOf(schema, field.Type, v, append(path[:len(path):len(path)], ast.PathName(name))); e != nil {
			return e
		}
	}
	if isOneOf(def) && given != 1 {
		return &gqlerror.Error{Message: exactlyOne(def), Path: path, Extensions: map[string]any{"code": codeValidation}}
	}
	return nil
}
