package main

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// paging are the arguments of every page.
var paging = []string{"first", "after", "last", "before"}

// isPaged tells whether a field is a page of a list.
func isPaged(f *ast.FieldDefinition) bool {
	for _, name := range paging {
		if f.Arguments.ForName(name) == nil {
			return false
		}
	}
	return true
}

// args are the arguments of a field that are its own.
func (*document) args(f *ast.FieldDefinition) ast.ArgumentDefinitionList {
	if !isPaged(f) {
		return f.Arguments
	}
	var own ast.ArgumentDefinitionList
	for _, a := range f.Arguments {
		if !strings.Contains(" first after last before ", " "+a.Name+" ") {
			own = append(own, a)
		}
	}
	return own
}

// signature is a field's name with its arguments, as code.
func (d *document) signature(f *ast.FieldDefinition) string {
	var parts []string
	if isPaged(f) {
		parts = append(parts, "page")
	}
	for _, a := range d.args(f) {
		part := a.Name + ": " + a.Type.String()
		if a.DefaultValue != nil {
			part += " = " + a.DefaultValue.String()
		}
		parts = append(parts, part)
	}
	if len(parts) == 0 {
		return f.Name
	}
	return f.Name + "(" + strings.Join(parts, ", ") + ")"
}

// typeText is a type as Markdown, with a link to where it is explained. A page is called one.
func (d *document) typeText(t *ast.Type) string {
	if t.Elem != nil {
		return `\[` + d.typeText(t.Elem) + `\]` + bang(t)
	}
	def := d.schema.Types[t.NamedType]
	switch {
	case def.BuiltIn:
		return def.Name + bang(t)
	case d.isPage(def) && strings.HasSuffix(def.Name, "Connection"):
		node := d.schema.Types[def.Fields.ForName("edges").Type.Name()].Fields.ForName("node").Type.Name()
		return fmt.Sprintf("page of [%s](#%s)", node, anchor(node)) + bang(t)
	case def.Name == "ErrorCode":
		return "[ErrorCode](#errors)" + bang(t)
	case def.Name == "UserErrorCode":
		return "[UserErrorCode](#mutations)" + bang(t)
	case d.elsewhere[def.Name]: // right below
		return def.Name + bang(t)
	}
	return fmt.Sprintf("[%s](#%s)", def.Name, anchor(def.Name)) + bang(t)
}

func bang(t *ast.Type) string {
	if t.NonNull {
		return "!"
	}
	return ""
}

// describe is the description of a field in a table, with those of its own arguments.
func (d *document) describe(f *ast.FieldDefinition) string {
	var text strings.Builder
	text.WriteString(prose(f.Description))
	for _, a := range d.args(f) {
		fmt.Fprintf(&text, " `%s`: %s", a.Name, prose(a.Description))
	}
	return text.String() + deprecated(f.Directives)
}

// deprecated says so where something is.
func deprecated(list ast.DirectiveList) string {
	dir := list.ForName("deprecated")
	if dir == nil {
		return ""
	}
	text := " **Deprecated.**"
	if reason := dir.Arguments.ForName("reason"); reason != nil {
		text += " " + prose(reason.Value.Raw)
	}
	return text
}

var (
	spaces   = regexp.MustCompile(`\s+`)
	escaping = strings.NewReplacer("|", `\|`, "<", "&lt;", "*", `\*`, "_", `\_`)
	shouted  = regexp.MustCompile(`\b[A-Z][A-Z0-9]*(?:\\_[A-Z0-9]+)+\b`)
)

// prose is a description as one line of Markdown; enum values are set as code.
func prose(text string) string {
	text = escaping.Replace(strings.TrimSpace(spaces.ReplaceAllString(text, " ")))
	return shouted.ReplaceAllStringFunc(text, func(word string) string {
		return "`" + strings.ReplaceAll(word, `\_`, "_") + "`"
	})
}

func defaultText(v *ast.Value) string {
	if v == nil {
		return ""
	}
	return "`" + v.String() + "`"
}

// kindText says what a type is, where its name does not.
func kindText(t *ast.Definition) string {
	var words []string
	switch t.Kind {
	case ast.Enum:
		words = append(words, "enum")
	case ast.InputObject:
		words = append(words, "input")
		if t.Directives.ForName("oneOf") != nil {
			words = append(words, "give exactly one field")
		}
	case ast.Scalar:
		words = append(words, "scalar")
		if by := t.Directives.ForName("specifiedBy"); by != nil {
			words = append(words, "specified by <"+by.Arguments.ForName("url").Value.Raw+">")
		}
	case ast.Interface:
		words = append(words, "interface")
	case ast.Object, ast.Union:
	}
	if len(t.Interfaces) > 0 {
		words = append(words, "a "+strings.Join(t.Interfaces, ", "))
	}
	if len(words) == 0 {
		return ""
	}
	return "*" + strings.Join(words, "; ") + "*"
}

// anchor is the id that a heading of this text has on the page.
func anchor(heading string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(heading) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '-', r == '_':
			b.WriteRune(r)
		case r == ' ':
			b.WriteByte('-')
		}
	}
	return b.String()
}
