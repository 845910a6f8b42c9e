package seeds

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// maxFileSize bounds a seed file, in bytes. The largest of ours is a fifth of it.
const maxFileSize = 256 << 10

// maxNesting bounds the open brackets of a seed file: the parser recurses, and a stack that
// overflows cannot be recovered from. The formats nest six deep.
const maxNesting = 1000

// document is one parsed seed file: its plain value for the JSON Schema, its syntax tree for the
// typed structs, and the place of everything in it for the faults.
type document struct {
	file   string
	body   ast.Node
	value  any
	values map[string]*token.Position // by JSON pointer
	keys   map[string]*token.Position // of the property's name, by the JSON pointer of its value
}

// parse reads a seed file: one YAML document of mappings with plain keys, sequences and scalars.
// Anchors, aliases, tags and merge keys are refused, because what a file says should be seen where
// it says it.
func parse(file string, src []byte) (doc *document, faults Faults) {
	defer func() {
		// The parser is meant to return errors, but a file that surprises it must not stop a server.
		if r := recover(); r != nil {
			doc, faults = nil, Faults{{File: file, Message: fmt.Sprintf("cannot be parsed as YAML: %v", r)}}
		}
	}()
	if f := checkBytes(file, src); f != nil {
		return nil, Faults{*f}
	}
	tree, err := parser.ParseBytes(src, 0)
	if err != nil {
		return nil, Faults{yamlFault(file, err)}
	}
	docs := withBody(tree.Docs)
	switch len(docs) {
	case 0:
		return nil, Faults{{File: file, Line: 1, Column: 1, Message: "the file is empty"}}
	case 1:
	default:
		return nil, Faults{{File: file, Line: 1, Column: 1, Message: "the file holds several YAML documents; only one is read"}}
	}
	doc = &document{
		file:   file,
		body:   docs[0].Body,
		values: map[string]*token.Position{},
		keys:   map[string]*token.Position{},
	}
	doc.value = doc.plain(docs[0].Body, "", &faults)
	if len(faults) > 0 {
		return nil, faults
	}
	return doc, nil
}

// withBody leaves out what only comments or separators made.
func withBody(docs []*ast.DocumentNode) []*ast.DocumentNode {
	var kept []*ast.DocumentNode
	for _, d := range docs {
		if d != nil && d.Body != nil {
			kept = append(kept, d)
		}
	}
	return kept
}

// checkBytes refuses what no seed file can hold, before the parser sees it.
func checkBytes(file string, src []byte) *Fault {
	if len(src) > maxFileSize {
		return &Fault{File: file, Message: fmt.Sprintf("the file has %d bytes, more than the %d that are read", len(src), maxFileSize)}
	}
	line, column, nesting := 1, 1, 0
	for rest := src; len(rest) > 0; {
		r, size := utf8.DecodeRune(rest)
		message := ""
		switch {
		case r == utf8.RuneError && size == 1:
			message = "not valid UTF-8"
		case r == '\t' || r == '\r' && bytes.HasPrefix(rest, []byte("\r\n")):
		case r < ' ' && r != '\n' || r == 0x7f:
			message = fmt.Sprintf("control character %U", r)
		case r == '[' || r == '{':
			nesting++
		case (r == ']' || r == '}') && nesting > 0:
			nesting--
		}
		if nesting > maxNesting {
			message = "brackets are nested too deeply"
		}
		if message != "" {
			return &Fault{File: file, Line: line, Column: column, Message: message}
		}
		if r == '\n' {
			line, column = line+1, 0
		}
		column++
		rest = rest[size:]
	}
	return nil
}

// plain turns a node into the value that encoding/json would give for it and notes its place.
func (d *document) plain(node ast.Node, ptr string, faults *Faults) any {
	d.values[ptr] = position(node)
	switch n := node.(type) {
	case *ast.MappingNode:
		return d.mapping(n.Values, ptr, faults)
	case *ast.MappingValueNode:
		return d.mapping([]*ast.MappingValueNode{n}, ptr, faults)
	case *ast.SequenceNode:
		list := make([]any, len(n.Values))
		for i, item := range n.Values {
			list[i] = d.plain(item, ptr+"/"+strconv.Itoa(i), faults)
		}
		return list
	case *ast.StringNode:
		return n.Value
	case *ast.LiteralNode:
		return n.Value.Value
	case *ast.IntegerNode:
		return n.Value // int64 or uint64
	case *ast.FloatNode:
		return n.Value
	case *ast.BoolNode:
		return n.Value
	case *ast.NullNode, nil:
		return nil
	default:
		*faults = append(*faults, d.at(ptr, "a YAML %s is not read here; write the value out", strings.ToLower(node.Type().String())))
		return nil
	}
}

func (d *document) mapping(pairs []*ast.MappingValueNode, ptr string, faults *Faults) any {
	object := make(map[string]any, len(pairs))
	for _, pair := range pairs {
		name, ok := pair.Key.(*ast.StringNode)
		if !ok {
			f := d.at(ptr, "a property's name must be plain text")
			if p := position(pair.Key); p != nil {
				f.Line, f.Column = p.Line, p.Column
			}
			*faults = append(*faults, f)
			continue
		}
		child := ptr + "/" + pointerEscape(name.Value)
		d.keys[child] = position(name)
		object[name.Value] = d.plain(pair.Value, child, faults)
	}
	return object
}

// position returns where a node begins: a block mapping at its first key, not at its first colon.
func position(node ast.Node) *token.Position {
	switch n := node.(type) {
	case nil:
		return nil
	case *ast.MappingNode:
		if !n.IsFlowStyle && len(n.Values) > 0 {
			return position(n.Values[0].Key)
		}
	case *ast.MappingValueNode:
		return position(n.Key)
	}
	if tk := node.GetToken(); tk != nil {
		return tk.Position
	}
	return nil
}

// at makes a fault at the value that ptr leads to, or at the nearest thing around it.
func (d *document) at(ptr, format string, args ...any) Fault {
	return d.fault(ptr, fmt.Sprintf(format, args...), d.values, d.keys)
}

// atKey makes a fault at the name of the property that ptr leads to.
func (d *document) atKey(ptr, format string, args ...any) Fault {
	return d.fault(ptr, fmt.Sprintf(format, args...), d.keys, d.values)
}

func (d *document) fault(ptr, message string, places ...map[string]*token.Position) Fault {
	f := Fault{File: d.file, Line: 1, Column: 1, Path: ptr, Message: message}
	for near := ptr; ; near = near[:strings.LastIndexByte(near, '/')] {
		for _, place := range places {
			if p := place[near]; p != nil {
				f.Line, f.Column = p.Line, p.Column
				return f
			}
		}
		if near == "" {
			return f
		}
	}
}

// decode fills v from the document. After the schema was satisfied it fails only where a number
// does not fit its Go type.
func (d *document) decode(v any) (fault *Fault) {
	defer func() {
		if r := recover(); r != nil {
			f := d.at("", "cannot be read: %v", r)
			fault = &f
		}
	}()
	if err := yaml.NodeToValue(d.body, v, yaml.Strict()); err != nil {
		f := yamlFault(d.file, err)
		return &f
	}
	return nil
}

// yamlFault turns an error of the YAML library into a fault.
func yamlFault(file string, err error) Fault {
	f := Fault{File: file, Line: 1, Column: 1, Message: err.Error()}
	var located yaml.Error
	if errors.As(err, &located) {
		f.Message = located.GetMessage()
		if tk := located.GetToken(); tk != nil && tk.Position != nil {
			f.Line, f.Column = tk.Position.Line, tk.Position.Column
		}
	}
	return f
}

// pointerEscape writes a property's name as a part of a JSON pointer (RFC 6901).
func pointerEscape(name string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}

func pointer(parts []string) string {
	var b strings.Builder
	for _, part := range parts {
		b.WriteByte('/')
		b.WriteString(pointerEscape(part))
	}
	return b.String()
}
