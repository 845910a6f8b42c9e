package opgen

import (
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// builder makes one operation and the fragments that it uses.
type builder struct {
	*Generator
	prefix    string // of names, so that two operations of a document share none
	variables []*variable
	given     map[string]any // values of the variables
	fragments []*definition
	keys      map[string]string // what each response key stands for, over the whole document
	left      int               // selections that may still be made
	aliases   int
	unlike    int
}

func (g *Generator) builder(prefix string) *builder {
	return &builder{
		Generator: g, prefix: prefix, given: map[string]any{}, keys: map[string]string{}, left: 1 + g.random.IntN(g.o.Size),
	}
}

func (b *builder) operation(kind ast.Operation, name string) *definition {
	def := root(b.schema, kind)
	op := &definition{kind: string(kind), name: name, parent: def}
	if kind == ast.Subscription {
		f := b.field(def, pick(b.random, named(def)), b.o.Depth)
		op.selections = []*selection{f}
		if b.chance(10) { // a fragment may hold the one field
			op.selections = []*selection{{kind: inlineSelection, on: def.Name, selections: op.selections, parent: def}}
		}
	} else {
		op.selections = b.selections(def, b.o.Depth)
	}
	op.variables = b.variables
	return op
}

// named are the fields that are not of the introspection.
func named(def *ast.Definition) []*ast.FieldDefinition {
	var list []*ast.FieldDefinition
	for _, f := range def.Fields {
		if !strings.HasPrefix(f.Name, "__") {
			list = append(list, f)
		}
	}
	return list
}

func (b *builder) selections(def *ast.Definition, depth int) []*selection {
	var list []*selection
	n := 1 + b.random.IntN(4)
	if def.Kind == ast.Object && b.chance(30) {
		n += b.random.IntN(4)
	}
	for range n {
		if s := b.selection(def, depth); s != nil {
			list = append(list, s)
		}
		if b.left <= 0 {
			break
		}
	}
	if len(list) == 0 {
		list = append(list, &selection{name: "__typename", parent: def, field: typename})
	}
	return list
}

var typename = &ast.FieldDefinition{Name: "__typename", Type: ast.NonNullNamedType("String", nil)}

func (b *builder) selection(def *ast.Definition, depth int) *selection {
	b.left--
	inline, spread := 8, 8
	if def.IsAbstractType() {
		inline, spread = 50, 15
	}
	if depth <= 0 {
		inline, spread = 0, 0
	}
	var s *selection
	switch roll := b.random.IntN(100); {
	case roll < inline:
		on := pick(b.random, b.overlapping(def))
		s = &selection{kind: inlineSelection, on: on.Name, parent: def}
		if b.chance(15) {
			s.on, on = "", def
		}
		s.selections = b.selections(on, depth-1)
	case roll < inline+spread:
		s = b.spread(def, depth-1)
	default:
		f := b.choose(def, depth)
		if f == nil {
			return nil
		}
		s = b.field(def, f, depth)
	}
	for _, name := range []string{"skip", "include"} {
		if b.chance(5) {
			s.directives = append(s.directives, &directive{name: name, arguments: []*argument{{
				name: "if", value: b.value(ast.NonNullNamedType("Boolean", nil), Place{Name: "if", Parent: name}, context{variables: true}),
			}}})
		}
	}
	return s
}

// choose takes a field; at the end of the depth one without selections, nil when there is none.
func (b *builder) choose(def *ast.Definition, depth int) *ast.FieldDefinition {
	if b.chance(6) {
		return typename
	}
	meta := strings.HasPrefix(def.Name, "__")
	var fields []*ast.FieldDefinition
	for _, f := range def.Fields {
		leaf := b.leaf(f.Type)
		switch {
		case depth <= 0 && !leaf:
		case strings.HasPrefix(f.Name, "__") && !b.chance(20):
		case meta && !leaf && f.Type.Elem != nil && !b.chance(10): // the introspection is a wide tree
		default:
			fields = append(fields, f)
		}
	}
	if len(fields) == 0 {
		return nil
	}
	return pick(b.random, fields)
}

func (b *builder) field(def *ast.Definition, f *ast.FieldDefinition, depth int) *selection {
	s := &selection{name: f.Name, parent: def, field: f}
	for _, a := range f.Arguments {
		if b.needed(f, a) || !b.paging(f, a) && b.chance(35) {
			s.arguments = append(s.arguments, b.argument(f, a))
		}
	}
	if f.Arguments.ForName("last") != nil && b.chance(85) {
		s.arguments = append(s.arguments, b.argument(f, f.Arguments.ForName(pick(b.random, []string{"first", "last"}))))
	}
	// Where a response key already stands for something else, there would be a conflict.
	key, parts := f.Name, []string{f.Name, f.Type.String()}
	for _, a := range s.arguments {
		parts = append(parts, a.name, strconv.Itoa(int(a.value.kind)), a.value.text)
		if a.value.kind > stringValue {
			b.unlike++ // never the same
			parts = append(parts, strconv.Itoa(b.unlike))
		}
	}
	meaning := strings.Join(parts, " ")
	if known, ok := b.keys[key]; ok && known != meaning || b.chance(12) {
		b.aliases++
		s.alias = b.prefix + "a" + strconv.Itoa(b.aliases)
		key = s.alias
	}
	b.keys[key] = meaning
	if !b.leaf(f.Type) {
		s.selections = b.selections(b.schema.Types[f.Type.Name()], depth-1)
	}
	return s
}

func (b *builder) needed(_ *ast.FieldDefinition, a *ast.ArgumentDefinition) bool {
	return a.Type.NonNull && a.DefaultValue == nil
}

// paging tells the arguments of which a connection wants exactly one.
func (b *builder) paging(f *ast.FieldDefinition, a *ast.ArgumentDefinition) bool {
	return f.Arguments.ForName("last") != nil && (a.Name == "first" || a.Name == "last")
}

func (b *builder) argument(f *ast.FieldDefinition, a *ast.ArgumentDefinition) *argument {
	return &argument{name: a.Name, value: b.value(a.Type, Place{Name: a.Name, Parent: f.Name}, context{variables: true, defaults: a.DefaultValue != nil})}
}

// spread uses a fragment that is there already and fits, or makes one.
func (b *builder) spread(def *ast.Definition, depth int) *selection {
	fits := b.overlapping(def)
	for _, f := range b.fragments {
		if b.chance(40) {
			for _, other := range fits {
				if other.Name == f.on {
					return &selection{kind: spreadSelection, name: f.name, parent: def}
				}
			}
		}
	}
	on := def
	if len(fits) > 0 && b.chance(50) {
		on = pick(b.random, fits)
	}
	f := &definition{kind: fragment, on: on.Name, parent: on, selections: b.selections(on, depth)}
	f.name = b.prefix + "F" + strconv.Itoa(len(b.fragments)+1)
	b.fragments = append(b.fragments, f)
	return &selection{kind: spreadSelection, name: f.name, parent: def}
}
