package opgen

import (
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// A document is kept in a form of its own and not as gqlparser's: faults need documents that no parser
// would give, and the text is written in every style that the grammar allows.
type document struct{ definitions []*definition }

const fragment = "fragment"

type definition struct {
	kind       string // query, mutation, subscription or fragment
	name       string
	on         string // type of a fragment
	variables  []*variable
	directives []*directive
	selections []*selection
	parent     *ast.Definition
}

type variable struct {
	name         string
	typ          *ast.Type
	defaultValue *value
	directives   []*directive
}

type directive struct {
	name      string
	arguments []*argument
}

type argument struct {
	name  string
	value *value
}

// selection is a field, the spread of a fragment, or an inline fragment.
type selection struct {
	kind       selectionKind
	alias      string
	name       string // of the field or the fragment
	on         string // type of an inline fragment; "" for none
	arguments  []*argument
	directives []*directive
	selections []*selection
	parent     *ast.Definition      // type that it selects from
	field      *ast.FieldDefinition // of a field
}

type selectionKind int

const (
	fieldSelection selectionKind = iota
	spreadSelection
	inlineSelection
)

type valueKind int

const (
	variableValue valueKind = iota
	rawValue                // numbers, booleans, enums, null: as they are written
	stringValue
	listValue
	objectValue
)

type value struct {
	kind   valueKind
	text   string // name of the variable, raw text, or content of the string
	list   []*value
	fields []*argument
	typ    *ast.Type // that is expected where it stands
}

func raw(text string, typ *ast.Type) *value { return &value{kind: rawValue, text: text, typ: typ} }

// printer writes a document. Insignificant tokens and the forms of strings are varied by random.
type printer struct {
	strings.Builder
	random *rand.Rand
}

func (d *document) text(random *rand.Rand) string {
	p := &printer{random: random}
	if p.rarely() {
		p.WriteString("\ufeff")
	}
	for i, def := range d.definitions {
		if i > 0 {
			p.gap()
		}
		p.definition(def)
	}
	if p.rarely() {
		p.WriteString(" # the end")
	}
	return p.String()
}

func (p *printer) rarely() bool { return p.random.IntN(25) == 0 }

// gap separates two tokens.
func (p *printer) gap() {
	switch p.random.IntN(60) {
	case 0:
		p.WriteString(" # a comment { \" ) \n")
	case 1:
		p.WriteString(" ,, ")
	case 2:
		p.WriteString("\r\n\t")
	default:
		p.WriteByte(' ')
	}
}

func (p *printer) definition(d *definition) {
	switch {
	case d.kind == fragment:
		p.WriteString("fragment " + d.name)
		p.variables(d.variables)
		p.WriteString(" on " + d.on)
	case d.kind == "query" && d.name == "" && len(d.variables) == 0 && len(d.directives) == 0 && p.random.IntN(2) == 0:
		// the short form
	default:
		p.WriteString(d.kind)
		if d.name != "" {
			p.WriteByte(' ')
			p.WriteString(d.name)
		}
		p.variables(d.variables)
	}
	p.directives(d.directives)
	p.selections(d.selections)
}

func (p *printer) variables(list []*variable) {
	if len(list) == 0 {
		return
	}
	p.WriteByte('(')
	for _, v := range list {
		p.gap()
		p.WriteString("$" + v.name + ": " + v.typ.String())
		if v.defaultValue != nil {
			p.WriteString(" = ")
			p.value(v.defaultValue)
		}
		p.directives(v.directives)
	}
	p.WriteByte(')')
}

func (p *printer) directives(list []*directive) {
	for _, d := range list {
		p.gap()
		p.WriteString("@" + d.name)
		p.arguments(d.arguments)
	}
}

func (p *printer) arguments(list []*argument) {
	if len(list) == 0 {
		return
	}
	p.WriteByte('(')
	p.fields(list)
	p.WriteByte(')')
}

func (p *printer) fields(list []*argument) {
	for i, a := range list {
		if i > 0 {
			p.gap()
		}
		p.WriteString(a.name + ": ")
		p.value(a.value)
	}
}

func (p *printer) selections(list []*selection) {
	if len(list) == 0 {
		return
	}
	p.WriteString(" {")
	for _, s := range list {
		p.gap()
		switch s.kind {
		case fieldSelection:
			if s.alias != "" {
				p.WriteString(s.alias + ": ")
			}
			p.WriteString(s.name)
			p.arguments(s.arguments)
		case spreadSelection:
			p.WriteString("..." + s.name)
		case inlineSelection:
			p.WriteString("...")
			if s.on != "" {
				p.WriteString(" on " + s.on)
			}
		}
		p.directives(s.directives)
		p.selections(s.selections)
	}
	p.WriteString(" }")
}

func (p *printer) value(v *value) {
	switch v.kind {
	case variableValue:
		p.WriteString("$" + v.text)
	case rawValue:
		p.WriteString(v.text)
	case stringValue:
		p.string(v.text)
	case listValue:
		p.WriteByte('[')
		for i, e := range v.list {
			if i > 0 {
				p.gap()
			}
			p.value(e)
		}
		p.WriteByte(']')
	case objectValue:
		p.WriteByte('{')
		p.fields(v.fields)
		p.WriteByte('}')
	}
}

// string writes a text as a block where that says the same, else with escapes.
func (p *printer) string(text string) {
	plain := text != "" && !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == '"' || r == '\\' || r == 0x7f })
	if plain && strings.TrimSpace(text) == text && p.random.IntN(6) == 0 {
		p.WriteString(`"""` + text + `"""`)
		return
	}
	p.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"', r == '\\':
			p.WriteString(`\` + string(r))
		case r == '\n':
			p.WriteString(`\n`)
		case r == '\t':
			p.WriteString(`\t`)
		case r < ' ' || r == 0x7f || r < 0x10000 && p.random.IntN(40) == 0:
			p.WriteString(`\u` + strings.Repeat("0", 4-len(strconv.FormatInt(int64(r), 16))) + strconv.FormatInt(int64(r), 16))
		default:
			p.WriteRune(r)
		}
	}
	p.WriteByte('"')
}

// walk visits every selection below a list; visit may change it, but not the list.
func walk(list []*selection, visit func(*selection)) {
	for _, s := range list {
		visit(s)
		walk(s.selections, visit)
	}
}

// all are the selections of a document that pass the filter.
func (d *document) all(keep func(*selection) bool) []*selection {
	var found []*selection
	for _, def := range d.definitions {
		walk(def.selections, func(s *selection) {
			if keep(s) {
				found = append(found, s)
			}
		})
	}
	return found
}

// values are the values of all arguments and variables' defaults that pass the filter, nested ones too.
func (d *document) values(keep func(*value) bool) []*value {
	var found []*value
	var visit func(v *value)
	visit = func(v *value) {
		if keep(v) {
			found = append(found, v)
		}
		for _, e := range v.list {
			visit(e)
		}
		for _, f := range v.fields {
			visit(f.value)
		}
	}
	arguments := func(list []*argument) {
		for _, a := range list {
			visit(a.value)
		}
	}
	for _, def := range d.definitions {
		for _, v := range def.variables {
			if v.defaultValue != nil {
				visit(v.defaultValue)
			}
		}
		walk(def.selections, func(s *selection) {
			arguments(s.arguments)
			for _, dir := range s.directives {
				arguments(dir.arguments)
			}
		})
	}
	return found
}

// fragments are the definitions that are no operations.
func (d *document) fragments() []*definition {
	var list []*definition
	for _, def := range d.definitions {
		if def.kind == fragment {
			list = append(list, def)
		}
	}
	return list
}
