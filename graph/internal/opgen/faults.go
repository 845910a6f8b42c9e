package opgen

import (
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// mutation does one thing to a valid request that may make it invalid.
type mutation struct {
	*Generator
	*request
}

// fault is a kind of mutation. Its apply tells whether there was a place for it.
type fault struct {
	name  string
	apply func(*mutation) bool
}

// FaultNames are the names of all faults, for tests that want to see each of them.
func FaultNames() []string {
	names := []string{"garbledText"}
	for _, f := range faults {
		names = append(names, f.name)
	}
	return names
}

var faults = slices.Concat(selectionFaults, definitionFaults, valueFaults, variableFaults)

// change picks one of the things and changes it.
func change[T any](m *mutation, list []T, apply func(T)) bool {
	if len(list) == 0 {
		return false
	}
	apply(pick(m.random, list))
	return true
}

func (m *mutation) fields(keep func(*selection) bool) []*selection {
	return m.document.all(func(s *selection) bool { return s.kind == fieldSelection && keep(s) })
}

func anyField(*selection) bool { return true }

func composite(s *selection) bool { return len(s.selections) > 0 }

// siblings are the lists of selections of a document that have at least so many elements.
func (m *mutation) siblings(atLeast int) []*[]*selection {
	var lists []*[]*selection
	for _, d := range m.document.definitions {
		lists = append(lists, &d.selections)
		walk(d.selections, func(s *selection) { lists = append(lists, &s.selections) })
	}
	return slices.DeleteFunc(lists, func(l *[]*selection) bool { return len(*l) < atLeast })
}

func add(s *selection) func(*[]*selection) {
	return func(l *[]*selection) { *l = append(*l, s) }
}

var selectionFaults = []fault{
	{"unknownField", func(m *mutation) bool {
		return change(m, m.fields(anyField), func(s *selection) {
			s.name = pick(m.random, []string{"nope", s.name + "s", strings.ToUpper(s.name), "_", "__type", "__schema", "__typename"})
		})
	}},
	{"fieldOfAnotherType", func(m *mutation) bool {
		return change(m, m.siblings(1), func(l *[]*selection) {
			other := m.schema.Types[pick(m.random, m.typeNames(func(d *ast.Definition) bool { return d.Kind == ast.Object }))]
			*l = append(*l, &selection{name: pick(m.random, other.Fields).Name, alias: "other"})
		})
	}},
	{"unknownArgument", func(m *mutation) bool {
		return change(m, m.fields(anyField), func(s *selection) {
			s.arguments = append(s.arguments, &argument{pick(m.random, []string{"nope", "First", "if", "id"}), raw("1", nil)})
		})
	}},
	{"missingArgument", func(m *mutation) bool {
		return change(m, m.fields(func(s *selection) bool { return len(s.arguments) > 0 }), func(s *selection) {
			s.arguments = s.arguments[1:] // not slices.Delete: a twin may share them
		})
	}},
	{"argumentTwice", func(m *mutation) bool {
		return change(m, m.fields(func(s *selection) bool { return len(s.arguments) > 0 }), func(s *selection) {
			s.arguments = append(s.arguments, pick(m.random, s.arguments))
		})
	}},
	{"missingSelection", func(m *mutation) bool {
		return change(m, m.fields(composite), func(s *selection) { s.selections = nil })
	}},
	{"selectionOnLeaf", func(m *mutation) bool {
		return change(m, m.fields(func(s *selection) bool { return !composite(s) }), func(s *selection) {
			s.selections = []*selection{{name: pick(m.random, []string{"__typename", "id", "nope"})}}
		})
	}},
	{"conflictingAlias", func(m *mutation) bool {
		return change(m, m.siblings(2), func(l *[]*selection) {
			a, b := pick(m.random, *l), pick(m.random, *l)
			if a.kind == fieldSelection {
				a.alias = "same"
			}
			if b.kind == fieldSelection {
				b.alias = "same"
			}
		})
	}},
	{"conflictBelow", func(m *mutation) bool {
		return change(m, m.siblings(1), func(l *[]*selection) {
			s := pick(m.random, *l)
			twin := *s
			twin.selections = slices.Clone(s.selections)
			if len(twin.selections) > 0 {
				twin.selections = append(twin.selections, &selection{name: "__typename", alias: pick(m.random, []string{"id", "node", "a1", "free"})})
			}
			if len(s.arguments) > 0 && m.chance(50) {
				twin.arguments = s.arguments[1:]
			}
			*l = append(*l, &twin)
		})
	}},
	{"conflictByType", func(m *mutation) bool {
		types := m.typeNames(func(d *ast.Definition) bool { return d.Kind == ast.Object && !strings.HasPrefix(d.Name, "__") })
		return change(m, m.fields(composite), func(s *selection) {
			for range 2 {
				def := m.schema.Types[pick(m.random, types)]
				f := pick(m.random, def.Fields)
				inner := &selection{name: f.Name, alias: "same"}
				if !m.leaf(f.Type) {
					inner.selections = []*selection{{name: "__typename"}}
				}
				s.selections = append(s.selections, &selection{kind: inlineSelection, on: def.Name, selections: []*selection{inner}})
			}
		})
	}},
	{"impossibleCondition", func(m *mutation) bool {
		return change(m, m.siblings(1), func(l *[]*selection) {
			on := pick(m.random, m.typeNames(func(*ast.Definition) bool { return true }))
			*l = append(*l, &selection{kind: inlineSelection, on: on, selections: []*selection{{name: "__typename"}}})
		})
	}},
	{"unknownTypeInCondition", func(m *mutation) bool {
		return change(m, m.siblings(1), add(&selection{kind: inlineSelection, on: "Nope", selections: []*selection{{name: "__typename"}}}))
	}},
	{"unknownFragment", func(m *mutation) bool {
		return change(m, m.siblings(1), add(&selection{kind: spreadSelection, name: "Nope"}))
	}},
	{"misplacedSpread", func(m *mutation) bool {
		if len(m.document.fragments()) == 0 {
			return false
		}
		return change(m, m.siblings(1), func(l *[]*selection) {
			*l = append(*l, &selection{kind: spreadSelection, name: pick(m.random, m.document.fragments()).name})
		})
	}},
	{"unknownDirective", func(m *mutation) bool {
		return change(m, m.fields(anyField), func(s *selection) {
			s.directives = append(s.directives, &directive{name: pick(m.random, []string{"nope", "defer", "stream", "goField", "Skip"})})
		})
	}},
	{"misplacedDirective", func(m *mutation) bool {
		return change(m, m.fields(anyField), func(s *selection) {
			s.directives = append(s.directives, pick(m.random, []*directive{
				{name: "deprecated"}, {name: "specifiedBy", arguments: []*argument{{"url", &value{kind: stringValue, text: "x"}}}}, {name: "oneOf"},
			}))
		})
	}},
	{"badDirective", func(m *mutation) bool {
		return change(m, m.document.all(func(*selection) bool { return true }), func(s *selection) {
			s.directives = append(s.directives, pick(m.random, [][]*directive{
				{{name: "skip"}},
				{{name: "include", arguments: []*argument{{"if", raw("1", nil)}}}},
				{{name: "include", arguments: []*argument{{"if", raw("null", nil)}}}},
				{{name: "skip", arguments: []*argument{{"unless", raw("true", nil)}}}},
				{{name: "skip", arguments: []*argument{{"if", raw("true", nil)}, {"if", raw("true", nil)}}}},
				{{name: "skip", arguments: []*argument{{"if", raw("true", nil)}}}, {name: "skip", arguments: []*argument{{"if", raw("true", nil)}}}},
			})...)
		})
	}},
}

// twin is the root field once more, under another name.
func (m *mutation) twin() *selection {
	s := *m.main.selections[0]
	if s.kind == fieldSelection {
		s.alias = "twin"
	}
	return &s
}

var definitionFaults = []fault{
	{"unusedFragment", func(m *mutation) bool {
		m.document.definitions = append(m.document.definitions, &definition{
			kind: fragment, name: "Unused", on: "Node", selections: []*selection{{name: "id"}},
		})
		return true
	}},
	{"fragmentOnLeaf", func(m *mutation) bool {
		on := pick(m.random, m.typeNames(func(d *ast.Definition) bool { return !d.IsCompositeType() }))
		m.document.definitions = append(m.document.definitions, &definition{
			kind: fragment, name: "Leaf", on: on, selections: []*selection{{name: "__typename"}},
		})
		m.main.selections = append(m.main.selections, &selection{kind: spreadSelection, name: "Leaf"})
		return true
	}},
	{"fragmentOnUnknownType", func(m *mutation) bool {
		return change(m, m.document.fragments(), func(d *definition) { d.on = pick(m.random, []string{"Nope", "node", "ID"}) })
	}},
	{"fragmentTwice", func(m *mutation) bool {
		return change(m, m.document.fragments(), func(d *definition) { m.document.definitions = append(m.document.definitions, d) })
	}},
	{"fragmentGone", func(m *mutation) bool {
		return change(m, m.document.fragments(), func(d *definition) {
			m.document.definitions = slices.DeleteFunc(slices.Clone(m.document.definitions), func(o *definition) bool { return o == d })
		})
	}},
	{"fragmentCycle", func(m *mutation) bool {
		return change(m, m.document.fragments(), func(d *definition) {
			s := &selection{kind: spreadSelection, name: pick(m.random, m.document.fragments()).name}
			if m.chance(50) {
				s = &selection{kind: inlineSelection, selections: []*selection{s}}
			}
			d.selections = append(d.selections, s)
		})
	}},
	{"fragmentVariables", func(m *mutation) bool {
		return change(m, m.document.fragments(), func(d *definition) {
			d.variables = []*variable{{name: "local", typ: ast.NamedType("Int", nil)}}
		})
	}},
	{"fragmentNamedOn", func(m *mutation) bool {
		return change(m, m.document.fragments(), func(d *definition) {
			for _, s := range m.document.all(func(s *selection) bool { return s.kind == spreadSelection && s.name == d.name }) {
				s.name = "on"
			}
			d.name = "on"
		})
	}},
	{"operationTwice", func(m *mutation) bool {
		m.document.definitions = append(m.document.definitions, m.main)
		return true
	}},
	{"secondOperation", func(m *mutation) bool {
		m.document.definitions = append(m.document.definitions, &definition{
			kind: "query", name: pick(m.random, []string{"", "Second", "Main"}), selections: []*selection{{name: "__typename"}},
		})
		return true
	}},
	{"unknownOperationName", func(m *mutation) bool {
		m.name = pick(m.random, []string{"Nope", "main", "F1"})
		return true
	}},
	{"operationDirective", func(m *mutation) bool {
		m.main.directives = append(m.main.directives, &directive{
			name: pick(m.random, []string{"skip", "include", "nope", "deprecated"}), arguments: []*argument{{"if", raw("false", nil)}},
		})
		return true
	}},
	{"anotherKind", func(m *mutation) bool {
		m.main.kind = pick(m.random, []string{"query", "mutation", "subscription", "Query"})
		return true
	}},
	{"secondRootField", func(m *mutation) bool {
		if m.main.kind != string(ast.Subscription) {
			return false
		}
		extra := pick(m.random, []*selection{
			{name: "__typename"}, {name: "__typename", alias: "t"}, m.main.selections[0], m.twin(),
			{kind: inlineSelection, selections: []*selection{{name: "__typename"}}},
			{kind: inlineSelection, on: m.schema.Subscription.Name, selections: []*selection{{name: "__typename", alias: "u"}}},
		})
		m.main.selections = append(m.main.selections, extra)
		return true
	}},
	{"rootDirective", func(m *mutation) bool {
		return change(m, m.main.selections, func(s *selection) {
			s.directives = []*directive{{name: "include", arguments: []*argument{{"if", raw("true", nil)}}}}
		})
	}},
	{"onlyTypename", func(m *mutation) bool {
		m.main.selections = []*selection{{name: "__typename"}}
		return true
	}},
	{"typeDefinition", func(m *mutation) bool {
		m.document.definitions = append(m.document.definitions, &definition{
			kind: pick(m.random, []string{"type", "extend type", "input", "schema", "interface"}), name: "Extra",
			selections: []*selection{{name: "id"}},
		})
		return true
	}},
}
