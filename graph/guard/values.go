package guard

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// Whole writes numbers such as 1.0 and 1e2 as the whole numbers that they are, in place: JSON knows no
// difference, the library's coercion does.
func Whole(variables map[string]any) {
	for name, v := range variables {
		variables[name] = whole(v)
	}
}

func whole(v any) any {
	switch v := v.(type) {
	case json.Number:
		if !strings.ContainsAny(string(v), ".eE") {
			return v
		}
		f, err := v.Float64()
		if err != nil || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
			return v
		}
		return json.Number(strconv.FormatInt(int64(f), 10))
	case []any:
		for i := range v {
			v[i] = whole(v[i])
		}
	case map[string]any:
		Whole(v)
	}
	return v
}

// Values checks the values of an operation's variables, as they were sent, by the coercion of the
// specification. The library's takes more: "5" for an Int and 5 for a String, enums in any case, an Int
// beyond 32 bits, __typename in an input; and it names Go's types to the client.
func Values(schema *ast.Schema, op *ast.OperationDefinition, values map[string]any) *gqlerror.Error {
	for _, v := range op.VariableDefinitions {
		value, given := values[v.Variable]
		if !given && (v.DefaultValue != nil || !v.Type.NonNull) {
			continue
		}
		path := ast.Path{ast.PathName("variable"), ast.PathName(v.Variable)}
		if e := coercible(schema, v.Type, value, path); e != nil {
			return e
		}
	}
	return nil
}

func coercible(schema *ast.Schema, typ *ast.Type, value any, path ast.Path) *gqlerror.Error {
	wrong := func(message string) *gqlerror.Error {
		return &gqlerror.Error{Message: message, Path: path, Extensions: map[string]any{"code": codeValidation}}
	}
	if value == nil {
		if typ.NonNull {
			return wrong("A value of " + typ.String() + " is needed, and is never null.")
		}
		return nil
	}
	if typ.Elem != nil {
		list, ok := value.([]any)
		if !ok { // one value stands for a list of one
			return coercible(schema, typ.Elem, value, path)
		}
		for i, v := range list {
			if e := coercible(schema, typ.Elem, v, append(path[:len(path):len(path)], ast.PathIndex(i))); e != nil {
				return e
			}
		}
		return nil
	}
	def := schema.Types[typ.NamedType]
	if def == nil || def.Kind != ast.InputObject {
		return toError(wrong, wrongValue(def, value))
	}
	object, ok := value.(map[string]any)
	if !ok {
		return wrong("A value of " + def.Name + " is an object.")
	}
	for name, v := range object {
		field := def.Fields.ForName(name)
		if field == nil {
			return wrong(def.Name + " does not have all of the fields that are given.")
		}
		if e := coercible(schema, field.Type, v, append(path[:len(path):len(path)], ast.PathName(name))); e != nil {
			return e
		}
	}
	for _, field := range def.Fields {
		if _, given := object[field.Name]; !given && field.Type.NonNull && field.DefaultValue == nil {
			return wrong(def.Name + " needs the field " + field.Name + ".")
		}
	}
	return nil
}

func toError(wrong func(string) *gqlerror.Error, message string) *gqlerror.Error {
	if message == "" {
		return nil
	}
	return wrong(message)
}

// wrongValue says what a value of a scalar or enum is, when this is none; else "".
func wrongValue(def *ast.Definition, value any) string {
	if def == nil {
		return "" // refused before
	}
	if def.Kind == ast.Enum {
		if name, ok := value.(string); !ok || def.EnumValues.ForName(name) == nil {
			return "The value is none of " + def.Name + "."
		}
		return ""
	}
	ok := true
	switch def.Name {
	case "Int":
		text, number := numeral(value)
		_, err := strconv.ParseInt(text, 10, 32)
		ok = number && err == nil
	case "Float":
		_, ok = numeral(value)
	case "ID":
		text, number := numeral(value)
		if _, isText := value.(string); !isText {
			ok = number && !strings.ContainsAny(text, ".eE")
		}
	case "String":
		_, ok = value.(string)
	case "Boolean":
		_, ok = value.(bool)
	default:
		if read := scalars[def.Name]; read != nil {
			if err := read(value); err != nil {
				return err.Error() + "."
			}
		}
	}
	if !ok {
		return "The value cannot be read as " + def.Name + "."
	}
	return ""
}

// numeral is the text of a number as transports read it, or as a program of Go's gives it.
func numeral(value any) (text string, ok bool) {
	switch v := value.(type) {
	case json.Number:
		_, err := v.Float64()
		return string(v), err == nil // else beyond every float
	case int64:
		return strconv.FormatInt(v, 10), true
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64), !math.IsInf(v, 0) && !math.IsNaN(v)
	}
	return "", false
}
