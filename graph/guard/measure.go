package guard

import (
	"fmt"
	"math"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// size is what a selection set holds, with the fragments that it spreads. Numbers saturate: a document
// of a kilobyte can ask for more fields than an int counts.
type size struct {
	fields, aliases, directives int
	depth, nesting              int
}

func (s *size) add(o size) {
	s.fields = sum(s.fields, o.fields)
	s.aliases = sum(s.aliases, o.aliases)
	s.directives = sum(s.directives, o.directives)
	s.depth = max(s.depth, o.depth)
	s.nesting = max(s.nesting, o.nesting)
}

func sum(a, b int) int {
	if a > math.MaxInt-b {
		return math.MaxInt
	}
	return a + b
}

// fragment is what is known of a fragment definition. Each is measured once, however often it is spread.
type fragment struct {
	def      *ast.FragmentDefinition
	visiting bool
	measured bool
	size     size
	own      int          // selections and values of its own
	reaches  map[int]bool // by index in meter.list
	index    int
}

// meter measures a document before anything is known of its types. Each part of the document is
// visited once.
type meter struct {
	limits    Limits
	fragments map[string]*fragment
	list      []*fragment
	values    int
	nodes     int // of the document, for what it takes in the cache
}

// refusal is why a document is not taken.
type refusal struct {
	code, message string
	position      *ast.Position
}

func (r *refusal) err() *gqlerror.Error {
	e := &gqlerror.Error{Message: r.message, Extensions: map[string]any{"code": r.code}}
	if r.position != nil {
		e.Locations = []gqlerror.Location{{Line: r.position.Line, Column: r.position.Column}}
	}
	return e
}

func tooLarge(format string, args ...any) *refusal {
	return &refusal{code: CodeTooLarge, message: fmt.Sprintf(format, args...)}
}

// measure checks a parsed document against the limits, and tells how many nodes it has.
func measure(doc *ast.QueryDocument, limits Limits) (nodes int, _ *refusal) {
	m := &meter{limits: limits, fragments: make(map[string]*fragment, len(doc.Fragments))}
	refused := m.document(doc)
	return m.nodes, refused
}

func (m *meter) document(doc *ast.QueryDocument) *refusal {
	l := m.limits
	switch {
	case len(doc.Operations) > l.Operations:
		return tooLarge("The document holds %d operations; %d is the most.", len(doc.Operations), l.Operations)
	case len(doc.Fragments) > l.Fragments:
		return tooLarge("The document holds %d fragments; %d is the most.", len(doc.Fragments), l.Fragments)
	}
	for _, def := range doc.Fragments {
		f := &fragment{def: def, index: len(m.list)}
		m.list = append(m.list, f)
		if m.fragments[def.Name] == nil { // of several of one name the first counts, as in validation
			m.fragments[def.Name] = f
		}
	}
	for _, f := range m.list {
		if refused := m.fragment(f); refused != nil {
			return refused
		}
	}
	work, variables := 0, 0
	used := map[int]bool{}
	for _, f := range m.list {
		work = sum(work, m.walked(f.own, f.reaches))
	}
	for _, op := range doc.Operations {
		own, reaches, refused := m.operation(op)
		if refused != nil {
			return refused
		}
		for i := range reaches {
			used[i] = true
		}
		work = sum(work, m.walked(own, reaches))
		if variables += len(op.VariableDefinitions); variables > l.Variables {
			return tooLarge("The document defines more than %d variables.", l.Variables)
		}
	}
	if work > l.Work {
		return tooLarge("The document takes too much work to validate: %d selections and values, with the fragments that each definition reaches; %d is the most.", work, l.Work)
	}
	// Said here, because what is never used is not expanded below and yet compared by validation.
	for i, f := range m.list {
		if !used[i] {
			return &refusal{
				code: codeValidation, position: f.def.Position,
				message: fmt.Sprintf("The fragment %q is never used.", clip(f.def.Name, 64)),
			}
		}
	}
	return (&repeats{m: m}).document(doc)
}

// walked is how many selections validation walks below a definition: it enters each fragment once.
func (m *meter) walked(own int, reaches map[int]bool) int {
	for i := range reaches {
		own = sum(own, m.list[i].own)
	}
	return own
}

func (m *meter) fragment(f *fragment) *refusal {
	if f.measured {
		return nil
	}
	if f.visiting {
		return &refusal{
			code: codeValidation, position: f.def.Position,
			message: fmt.Sprintf("The fragment %q spreads itself.", clip(f.def.Name, 64)),
		}
	}
	f.visiting = true
	if refused := m.name(f.def.Name, f.def.Position); refused != nil {
		return refused
	}
	var b body
	refused := m.directives(&b, f.def.Directives)
	if refused == nil {
		refused = m.selections(&b, f.def.SelectionSet, 1)
	}
	f.size, f.own, f.reaches = b.size, b.own, b.reaches
	f.visiting, f.measured = false, true
	if refused != nil {
		return refused
	}
	return m.within(f.size, f.def.Position)
}

func (m *meter) operation(op *ast.OperationDefinition) (own int, reaches map[int]bool, _ *refusal) {
	var b body
	refused := m.name(op.Name, op.Position)
	if refused == nil {
		refused = m.directives(&b, op.Directives)
	}
	for _, v := range op.VariableDefinitions {
		if refused == nil {
			refused = m.name(v.Variable, v.Position)
		}
		if refused == nil {
			refused = m.directives(&b, v.Directives)
		}
		if refused == nil && v.DefaultValue != nil {
			refused = m.value(v.DefaultValue, 0)
		}
	}
	if refused == nil {
		refused = m.selections(&b, op.SelectionSet, 1)
	}
	if refused == nil {
		refused = m.within(b.size, op.Position)
	}
	return b.own, b.reaches, refused
}

// within checks what has a limit for each operation; a fragment alone must keep to it too.
func (m *meter) within(s size, at *ast.Position) *refusal {
	l := m.limits
	var refused *refusal
	switch {
	case s.fields > l.Fields:
		refused = tooLarge("The operation selects more than %d fields, with its fragments expanded.", l.Fields)
	case s.depth > l.Depth:
		refused = tooLarge("The operation goes deeper than %d fields.", l.Depth)
	case s.nesting > l.Nesting:
		refused = tooLarge("The operation nests selections deeper than %d.", l.Nesting)
	case s.aliases > l.Aliases:
		refused = tooLarge("The operation has more than %d aliases, with its fragments expanded.", l.Aliases)
	case s.directives > l.Directives:
		refused = tooLarge("The operation has more than %d directives, with its fragments expanded.", l.Directives)
	default:
		return nil
	}
	refused.position = at
	return refused
}

// body is what is found in a definition.
type body struct {
	size
	own     int
	reaches map[int]bool
}

// selections measures a selection set. level is its nesting within the definition: recursion ends at
// the limit, before it has gone through what is below.
func (m *meter) selections(b *body, set ast.SelectionSet, level int) *refusal {
	if level > m.limits.Nesting {
		return tooLarge("The operation nests selections deeper than %d.", m.limits.Nesting)
	}
	b.own += len(set)
	m.nodes += len(set)
	var here size
	for _, selection := range set {
		child, refused := m.selection(b, selection, level)
		if refused != nil {
			return refused
		}
		here.add(child)
	}
	here.nesting++
	b.add(here)
	return nil
}

func (m *meter) selection(b *body, selection ast.Selection, level int) (size, *refusal) {
	// below collects what the selection holds; own and reaches go on counting in b.
	below := body{reaches: b.reaches}
	values := m.values
	var refused *refusal
	switch s := selection.(type) {
	case *ast.Field:
		if refused = m.name(s.Name, s.Position); refused == nil {
			refused = m.name(s.Alias, s.Position)
		}
		if refused == nil {
			refused = m.directives(&below, s.Directives)
		}
		if refused == nil {
			refused = m.arguments(s.Arguments)
		}
		below.own += m.values - values // each is validated as often as the field
		if refused == nil && len(s.SelectionSet) > 0 {
			refused = m.selections(&below, s.SelectionSet, level+1)
		}
		below.fields = sum(below.fields, 1)
		below.depth++
		if s.Alias != s.Name {
			below.aliases = sum(below.aliases, 1)
		}
	case *ast.InlineFragment:
		if refused = m.name(s.TypeCondition, s.Position); refused == nil {
			refused = m.directives(&below, s.Directives)
		}
		if refused == nil {
			refused = m.selections(&below, s.SelectionSet, level+1)
		}
	case *ast.FragmentSpread:
		refused = m.spread(&below, s)
	}
	b.own += below.own
	b.reaches = below.reaches
	return below.size, refused
}

func (m *meter) spread(b *body, s *ast.FragmentSpread) *refusal {
	if refused := m.name(s.Name, s.Position); refused != nil {
		return refused
	}
	if refused := m.directives(b, s.Directives); refused != nil {
		return refused
	}
	f := m.fragments[s.Name]
	if f == nil {
		return nil // validation says so
	}
	if refused := m.fragment(f); refused != nil {
		return refused
	}
	if b.reaches == nil {
		b.reaches = map[int]bool{}
	}
	if !b.reaches[f.index] {
		b.reaches[f.index] = true
		for i := range f.reaches {
			b.reaches[i] = true
		}
	}
	b.add(f.size)
	return nil
}

func (m *meter) directives(b *body, list ast.DirectiveList) *refusal {
	b.size.directives = sum(b.size.directives, len(list))
	m.nodes += len(list)
	if len(list) > m.limits.Directives {
		return tooLarge("The operation has more than %d directives, with its fragments expanded.", m.limits.Directives)
	}
	for _, d := range list {
		if refused := m.name(d.Name, d.Position); refused != nil {
			return refused
		}
		if refused := m.arguments(d.Arguments); refused != nil {
			return refused
		}
	}
	return nil
}

func (m *meter) arguments(list ast.ArgumentList) *refusal {
	for _, a := range list {
		if refused := m.name(a.Name, a.Position); refused != nil {
			return refused
		}
		if refused := m.value(a.Value, 0); refused != nil {
			return refused
		}
	}
	return nil
}

func (m *meter) value(v *ast.Value, depth int) *refusal {
	if v == nil {
		return nil
	}
	m.nodes++
	if m.values++; m.values > m.limits.Values {
		return tooLarge("The document holds more than %d values; send them as variables.", m.limits.Values)
	}
	if depth > m.limits.ValueDepth {
		return tooLarge("The document nests lists and objects deeper than %d.", m.limits.ValueDepth)
	}
	for _, c := range v.Children {
		if refused := m.name(c.Name, v.Position); refused != nil {
			return refused
		}
		if refused := m.value(c.Value, depth+1); refused != nil {
			return refused
		}
	}
	return nil
}

func (m *meter) name(name string, at *ast.Position) *refusal {
	if len(name) <= m.limits.Name {
		return nil
	}
	refused := tooLarge("A name is longer than %d bytes.", m.limits.Name)
	refused.position = at
	return refused
}

// clip cuts a text to at most n bytes, at a rune.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xC0 == 0x80 {
		n--
	}
	return s[:n] + "…"
}
