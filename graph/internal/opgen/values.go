package opgen

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"
)

// context is what may stand at a place, besides its type.
type context struct {
	variables bool // variables may
	defaults  bool // the place has a default value, so that a nullable variable may stand there
	strict    bool // a field of a oneOf: neither null nor a nullable variable
}

func (b *builder) value(typ *ast.Type, place Place, c context) *value {
	if c.variables && b.chance(30) {
		return b.variable(typ, place, c)
	}
	if !typ.NonNull && !c.strict && b.chance(5) {
		return raw("null", typ)
	}
	if typ.Elem != nil {
		if b.chance(15) && typ.Elem.Elem == nil { // one element stands for a list of one
			return b.value(nonNull(typ.Elem), place, context{})
		}
		v := &value{kind: listValue, typ: typ}
		for range b.random.IntN(4) {
			v.list = append(v.list, b.value(typ.Elem, place, context{variables: c.variables}))
		}
		return v
	}
	def := b.schema.Types[typ.NamedType]
	switch def.Kind {
	case ast.Enum:
		return raw(pick(b.random, def.EnumValues).Name, typ)
	case ast.InputObject:
		v := &value{kind: objectValue, typ: typ}
		for _, f := range b.inputFields(def) {
			v.fields = append(v.fields, &argument{name: f.Name, value: b.value(f.Type, Place{Name: f.Name, Parent: def.Name}, context{
				variables: c.variables, defaults: f.DefaultValue != nil, strict: oneOf(def),
			})})
		}
		b.random.Shuffle(len(v.fields), func(i, j int) { v.fields[i], v.fields[j] = v.fields[j], v.fields[i] })
		return v
	default:
		place.Type = typ.NamedType
		return literal(b.scalar(place), typ)
	}
}

func oneOf(def *ast.Definition) bool { return def.Directives.ForName("oneOf") != nil }

// inputFields are some fields of an input object, all required ones among them; of a oneOf one.
func (g *Generator) inputFields(def *ast.Definition) []*ast.FieldDefinition {
	if oneOf(def) {
		return []*ast.FieldDefinition{pick(g.random, def.Fields)}
	}
	var list []*ast.FieldDefinition
	for _, f := range def.Fields {
		if f.Type.NonNull && f.DefaultValue == nil || g.chance(50) {
			list = append(list, f)
		}
	}
	return list
}

func nonNull(t *ast.Type) *ast.Type {
	c := *t
	c.NonNull = true
	return &c
}

func nullable(t *ast.Type) *ast.Type {
	c := *t
	c.NonNull = false
	return &c
}

// literal writes a JSON value as GraphQL does.
func literal(v any, typ *ast.Type) *value {
	switch v := v.(type) {
	case nil:
		return raw("null", typ)
	case string:
		return &value{kind: stringValue, text: v, typ: typ}
	case []any:
		l := &value{kind: listValue, typ: typ}
		for _, e := range v {
			l.list = append(l.list, literal(e, typ.Elem))
		}
		return l
	case map[string]any:
		o := &value{kind: objectValue, typ: typ}
		for _, k := range slices.Sorted(maps.Keys(v)) {
			o.fields = append(o.fields, &argument{name: k, value: literal(v[k], nil)})
		}
		return o
	default:
		return raw(fmt.Sprint(v), typ)
	}
}

// variable is one that is there already and has this type, or a new one.
func (b *builder) variable(typ *ast.Type, place Place, c context) *value {
	use := &value{kind: variableValue, typ: typ}
	if b.chance(30) {
		for _, v := range b.variables {
			if v.typ.String() == typ.String() && (!c.strict || v.typ.NonNull) {
				use.text = v.name
				return use
			}
		}
	}
	v := &variable{name: b.prefix + "v" + strconv.Itoa(len(b.variables)+1), typ: typ}
	use.text = v.name
	withDefault := b.chance(20)
	switch {
	case c.strict:
		v.typ, withDefault = nonNull(typ), withDefault && b.chance(50)
	case typ.NonNull && c.defaults && b.chance(30):
		v.typ = nullable(typ)
	case typ.NonNull && b.chance(20):
		v.typ, withDefault = nullable(typ), true
	case !typ.NonNull && b.chance(30):
		v.typ = nonNull(typ)
	}
	if v.typ.Elem != nil && b.chance(20) {
		t := *v.typ
		t.Elem = nonNull(t.Elem)
		v.typ = &t
	}
	b.variables = append(b.variables, v)
	if withDefault {
		wanted := v.typ
		if typ.NonNull {
			wanted = nonNull(wanted) // else null would come where it may not
		}
		v.defaultValue = b.value(wanted, place, context{})
	}
	if (v.typ.NonNull && v.defaultValue == nil) || b.chance(70) {
		b.given[v.name] = b.json(v.typ, place)
	}
	return use
}

// json is a value as a variable brings it.
func (g *Generator) json(typ *ast.Type, place Place) any {
	if !typ.NonNull && g.chance(8) {
		return nil
	}
	if typ.Elem != nil {
		if g.chance(10) && typ.Elem.Elem == nil {
			return g.json(nonNull(typ.Elem), place)
		}
		list := []any{}
		for range g.random.IntN(4) {
			list = append(list, g.json(typ.Elem, place))
		}
		return list
	}
	def := g.schema.Types[typ.NamedType]
	switch def.Kind {
	case ast.Enum:
		return pick(g.random, def.EnumValues).Name
	case ast.InputObject:
		object := map[string]any{}
		for _, f := range g.inputFields(def) {
			t := f.Type
			if oneOf(def) {
				t = nonNull(t)
			}
			object[f.Name] = g.json(t, Place{Name: f.Name, Parent: def.Name})
		}
		return object
	default:
		place.Type = typ.NamedType
		return g.scalar(place)
	}
}

// texts are worth trying wherever a text may stand.
var texts = []string{
	"", " ", "a", "backend-engineer", "An answer.", "Länge “🎓”", "it's; DROP TABLE essays --", "%d %s %n", "\\", "\"", "#{", "line\nline",
	"null", "0", "-1", "true", "../../etc/passwd", "$v1", "{}", "\t", "a\u200bb", "\u0000", "ﬀ",
}

// scalar is a value of a scalar that the schema allows, as JSON.
func (g *Generator) scalar(place Place) any {
	if g.o.Value != nil {
		if v, ok := g.o.Value(g.random, place); ok {
			return v
		}
	}
	switch place.Type {
	case "Boolean":
		return g.chance(50)
	case "Int":
		return json.Number(strconv.Itoa(integer(g.random)))
	case "Float":
		switch g.random.IntN(4) {
		case 0:
			return json.Number(strconv.Itoa(integer(g.random)))
		case 1:
			return json.Number(pick(g.random, []string{"0.5", "-1.5e3", "1E2", "-0", "0.0", "1.7976931348623157e308", "5e-324"}))
		default:
			return json.Number(strconv.FormatFloat(g.random.NormFloat64(), 'g', -1, 64))
		}
	case "ID":
		if g.chance(20) {
			return json.Number(strconv.Itoa(integer(g.random)))
		}
		return pick(g.random, texts)
	case "Sequence":
		return json.Number(strconv.FormatInt(g.random.Int64N(1<<uint(1+g.random.IntN(53))), 10))
	default:
		return pick(g.random, texts)
	}
}

// integer is mostly a small number, sometimes one at the ends of 32 bits.
func integer(random *rand.Rand) int {
	if random.IntN(10) == 0 {
		return pick(random, []int{0, -1, 100, 101, math.MaxInt32, math.MinInt32})
	}
	return 1 + random.IntN(20)
}
