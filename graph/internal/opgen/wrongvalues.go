package opgen

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// wrongLiterals are literals of every kind, among them the ones at the edges of the grammar.
var wrongLiterals = []string{
	"1", "-0", "0", "2147483647", "2147483648", "-2147483648", "-2147483649", "9007199254740993", "99999999999999999999",
	"1.0", "1e2", "0.5", "1.5e400", "-1E-9", "true", "false", "null", "NOPE", "LEARNER", "asc", `""`, `"1"`, `"NOPE"`, `"""block"""`,
	"[]", "[1]", "[null]", "[[1]]", `["a", 1]`, "{}", "{nope: 1}", "{id: null}", `"\u00e9"`, `"\u{1F600}"`, `"\uD83D\uDE00"`,
}

// malformed are literals that the grammar refuses.
var malformed = []string{
	"01", "1.", ".5", "-", "1e", "0x1F", "1_000", "1a", "00", "-01", `"`, `"a`, "\"a\nb\"", `"\x"`, `"\u12"`, `"\uD83D"`, `"\u{110000}"`, `"""`, "[", "{", "$", "'a'", "+1", "1.2.3", "1.5.", "{a: }", "[1,,,]", "{a 1}", "[}", "\x00", "\"\x01\"", "«",
}

func anyValue(*value) bool { return true }

func (m *mutation) inputs(keep func(*ast.Definition) bool) []*value {
	return m.document.values(func(v *value) bool {
		if v.typ == nil || v.kind != objectValue || v.typ.Elem != nil {
			return false
		}
		def := m.schema.Types[v.typ.NamedType]
		return def != nil && def.Kind == ast.InputObject && keep(def)
	})
}

func notOneOf(d *ast.Definition) bool { return !oneOf(d) }

var valueFaults = []fault{
	{"wrongLiteral", func(m *mutation) bool {
		return change(m, m.document.values(anyValue), func(v *value) { *v = *raw(pick(m.random, wrongLiterals), v.typ) })
	}},
	{"wrongLiteralAgain", func(m *mutation) bool { // the likeliest mistake there is
		return change(m, m.document.values(anyValue), func(v *value) { *v = *raw(pick(m.random, wrongLiterals), v.typ) })
	}},
	{"malformedLiteral", func(m *mutation) bool {
		return change(m, m.document.values(anyValue), func(v *value) { *v = *raw(pick(m.random, malformed), v.typ) })
	}},
	{"unknownInputField", func(m *mutation) bool {
		return change(m, m.inputs(notOneOf), func(v *value) { v.fields = append(v.fields, &argument{"nope", raw("1", nil)}) })
	}},
	{"typenameInInput", func(m *mutation) bool {
		return change(m, m.inputs(notOneOf), func(v *value) {
			v.fields = append(v.fields, &argument{"__typename", &value{kind: stringValue, text: "x"}})
		})
	}},
	{"inputFieldTwice", func(m *mutation) bool {
		return change(m, m.inputs(func(*ast.Definition) bool { return true }), func(v *value) {
			if len(v.fields) > 0 {
				v.fields = append(v.fields, v.fields[0])
			}
		})
	}},
	{"missingInputField", func(m *mutation) bool {
		return change(m, m.inputs(func(*ast.Definition) bool { return true }), func(v *value) {
			if len(v.fields) > 0 {
				v.fields = v.fields[1:]
			}
		})
	}},
	{"oneOfViolation", func(m *mutation) bool {
		return change(m, m.inputs(oneOf), func(v *value) {
			def := m.schema.Types[v.typ.NamedType]
			roll := m.random.IntN(4)
			if len(v.fields) == 0 {
				roll = 1 // another fault was here
			}
			switch roll {
			case 0:
				v.fields = nil
			case 1:
				f := pick(m.random, def.Fields)
				v.fields = append(v.fields, &argument{f.Name, raw("null", f.Type)})
			case 2:
				v.fields[0].value = raw("null", v.fields[0].value.typ)
			default:
				m.main.variables = append(m.main.variables, &variable{name: "maybe", typ: ast.NamedType("ID", nil)})
				v.fields = []*argument{{"trackId", &value{kind: variableValue, text: "maybe"}}}
				if m.chance(50) {
					m.variables["maybe"] = "x"
				}
			}
		})
	}},
	{"variableInDefault", func(m *mutation) bool {
		return change(m, m.main.variables, func(v *variable) {
			v.defaultValue = &value{kind: variableValue, text: pick(m.random, m.main.variables).name}
		})
	}},
	{"wrongDefault", func(m *mutation) bool {
		return change(m, m.main.variables, func(v *variable) { v.defaultValue = raw(pick(m.random, wrongLiterals), v.typ) })
	}},
}

var variableFaults = []fault{
	{"undefinedVariable", func(m *mutation) bool {
		return change(m, m.document.values(anyValue), func(v *value) { *v = value{kind: variableValue, text: "nope", typ: v.typ} })
	}},
	{"definitionGone", func(m *mutation) bool {
		if len(m.main.variables) == 0 {
			return false
		}
		i := m.random.IntN(len(m.main.variables))
		m.main.variables = slices.Delete(slices.Clone(m.main.variables), i, i+1)
		return true
	}},
	{"unusedVariable", func(m *mutation) bool {
		m.main.variables = append(m.main.variables, &variable{name: "unused", typ: ast.NamedType("Int", nil)})
		return true
	}},
	{"variableTwice", func(m *mutation) bool {
		return change(m, m.main.variables, func(v *variable) { m.main.variables = append(m.main.variables, v) })
	}},
	{"variableOfOutputType", func(m *mutation) bool {
		return change(m, m.main.variables, func(v *variable) {
			v.typ = ast.NamedType(pick(m.random, m.typeNames(func(d *ast.Definition) bool { return d.IsCompositeType() })), nil)
		})
	}},
	{"variableOfUnknownType", func(m *mutation) bool {
		return change(m, m.main.variables, func(v *variable) { v.typ = ast.NamedType("Nope", nil) })
	}},
	{"variableOfOtherType", func(m *mutation) bool {
		return change(m, m.main.variables, func(v *variable) {
			t := v.typ
			switch m.random.IntN(6) {
			case 0:
				t = nullable(t)
			case 1:
				t = nonNull(t)
			case 2:
				t = ast.ListType(t, nil)
			case 3:
				t = ast.NonNullListType(nonNull(t), nil)
			case 4:
				if t.Elem != nil {
					t = t.Elem
				}
			default:
				t = ast.NonNullNamedType(pick(m.random, m.typeNames((*ast.Definition).IsInputType)), nil)
			}
			v.typ = t
			if m.chance(50) {
				v.defaultValue = nil
			}
		})
	}},
	{"variableDirective", func(m *mutation) bool {
		return change(m, m.main.variables, func(v *variable) {
			v.directives = []*directive{{name: pick(m.random, []string{"deprecated", "nope", "include"})}}
		})
	}},
	{"variableMisplaced", func(m *mutation) bool {
		if len(m.main.variables) == 0 {
			return false
		}
		return change(m, m.document.values(anyValue), func(v *value) {
			*v = value{kind: variableValue, text: pick(m.random, m.main.variables).name, typ: v.typ}
		})
	}},
	{"wrongValue", (*mutation).wrongVariable},
	{"wrongValueAgain", (*mutation).wrongVariable},
	{"wrongValueThrice", (*mutation).wrongVariable},
	{"valueGone", func(m *mutation) bool {
		return change(m, slices.Sorted(maps.Keys(m.variables)), func(name string) { delete(m.variables, name) })
	}},
	{"extraValue", func(m *mutation) bool {
		m.variables["extra"] = pick(m.random, wrongValues)
		return true
	}},
	{"wholeInputAsVariable", func(m *mutation) bool {
		return change(m, m.inputs(func(*ast.Definition) bool { return true }), func(v *value) {
			m.main.variables = append(m.main.variables, &variable{name: "whole", typ: nonNull(v.typ)})
			given := m.json(nonNull(v.typ), Place{})
			if m.chance(60) {
				given = m.spoil(given)
			}
			m.variables["whole"] = given
			*v = value{kind: variableValue, text: "whole", typ: v.typ}
		})
	}},
}

// wrongValues are JSON values of every kind.
var wrongValues = []any{
	nil, true, false, "", "1", "1.5", "NOPE", "learner", "LEARNER", json.Number("0"), json.Number("-1"), json.Number("1.5"), json.Number("1.0"), json.Number("1e2"),
	json.Number("2147483648"), json.Number("-2147483649"), json.Number("9007199254740991"), json.Number("9007199254740993"),
	json.Number("1e400"), json.Number("-0"), json.Number("-0.0"), json.Number("123456789012345678901234567890"), []any{}, []any{nil}, []any{json.Number("1")}, []any{"a", "b"}, []any{[]any{"a"}},
	map[string]any{}, map[string]any{"nope": json.Number("1")}, map[string]any{"__typename": "x"}, map[string]any{"cohortId": "x", "trackId": "y"},
	map[string]any{"cohortId": nil}, map[string]any{"everything": true}, map[string]any{"everything": true, "trackId": nil},
}

func (m *mutation) wrongVariable() bool {
	return change(m, slices.Sorted(maps.Keys(m.variables)), func(name string) { m.variables[name] = m.spoil(m.variables[name]) })
}

// spoil changes a JSON value somewhere.
func (m *mutation) spoil(v any) any {
	switch v := v.(type) {
	case []any:
		if len(v) > 0 && m.chance(50) {
			c := slices.Clone(v)
			i := m.random.IntN(len(c))
			c[i] = m.spoil(c[i])
			return c
		}
	case map[string]any:
		c := maps.Clone(v)
		keys := slices.Sorted(maps.Keys(c))
		switch roll := m.random.IntN(10); {
		case roll < 6 && len(keys) > 0:
			k := pick(m.random, keys)
			c[k] = m.spoil(c[k])
		case roll < 8 && len(keys) > 0:
			delete(c, pick(m.random, keys))
		default:
			c[pick(m.random, []string{"nope", "id", "__typename", "cohortId"})] = pick(m.random, wrongValues)
		}
		return c
	}
	return pick(m.random, wrongValues)
}

// garble deletes, doubles, exchanges or puts in a piece of the text.
func (g *Generator) garble(text string) string {
	pieces := tokens(text)
	if len(pieces) == 0 {
		return "{"
	}
	i := g.random.IntN(len(pieces))
	switch g.random.IntN(5) {
	case 0:
		pieces = slices.Delete(pieces, i, i+1)
	case 1:
		pieces = slices.Insert(pieces, i, pieces[i])
	case 2:
		j := g.random.IntN(len(pieces))
		pieces[i], pieces[j] = pieces[j], pieces[i]
	default:
		pieces = slices.Insert(pieces, i, pick(g.random, []string{
			"{", "}", "(", ")", "[", "]", "!", "...", "..", "@", "$", "|", "&", "=", ":", "on", "fragment", "query", "#", "\"", `"""d"""`, "\ufeff", "\x00", "é", "0", "null", "{}", "()", ",", "\u2028", "~", "%",
		}))
	}
	return strings.Join(pieces, " ")
}

// tokens cuts a text where names and numbers end; strings are not kept whole.
func tokens(text string) []string {
	var list []string
	word := false
	for _, r := range text {
		letter := r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		switch {
		case letter && word:
			list[len(list)-1] += string(r)
		case r != ' ' && r != '\n' && r != '\t' && r != '\r':
			list = append(list, string(r))
		}
		word = letter
	}
	return list
}
