package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"text/template"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
)

//go:embed api.md.tmpl
var layout string

// subjects are the files of the SDL in the order in which a reader wants them, with their titles.
var subjects = []struct{ file, title string }{
	{"schema.graphql", "What every part uses"},
	{"graph/schema/catalogue.graphql", "Catalogue"},
	{"graph/schema/essay.graphql", "Essays, scores and reasons"},
	{"graph/schema/recommendation.graphql", "Recommendations"},
	{"graph/schema/interaction.graphql", "What learners do and want"},
	{"graph/schema/search.graphql", "Search"},
	{"graph/schema/progress.graphql", "Live progress"},
	{"graph/schema/people.graphql", "People, cohorts and the audit trail"},
	{"graph/schema/operations.graphql", "Operations"},
	{"graph/schema/engine.graphql", "Language models"},
	{"graph/schema/override.graphql", "Decisions of people, and scoring again"},
	{"graph/schema/calibration.graphql", "Calibration of questions"},
	{"graph/schema/import.graphql", "Files for the catalogue"},
}

// page is what the layout shows.
type page struct {
	Queries, Mutations, Subscriptions []operation
	Subjects                          []subject
	Codes                             *ast.Definition // the codes of errors
	UserCodes                         *ast.Definition // the codes of user errors
	Examples                          []example
}

// operation is a field of a root type.
type operation struct {
	*ast.FieldDefinition
	Root    string
	Input   *ast.Definition // of a mutation
	Payload *ast.Definition // of a mutation
	Used    []string        // anchors of the examples that use it
}

type subject struct {
	Title string
	Types []*ast.Definition
}

// render makes the page of the SDL below root.
func render(root string) ([]byte, error) {
	schema, err := load(root)
	if err != nil {
		return nil, err
	}
	examples, err := readExamples(filepath.Join(root, "examples"))
	if err != nil {
		return nil, err
	}
	p := page{Codes: schema.Types["ErrorCode"], UserCodes: schema.Types["UserErrorCode"], Examples: examples}
	d := &document{schema: schema, elsewhere: map[string]bool{"ErrorCode": true, "UserErrorCode": true}}
	p.Queries = d.operations(schema.Query, examples)
	p.Mutations = d.operations(schema.Mutation, examples)
	p.Subscriptions = d.operations(schema.Subscription, examples)
	p.Subjects = d.subjects()

	t, err := template.New("api.md").Funcs(template.FuncMap{
		"type": d.typeText, "args": d.args, "prose": prose, "pages": isPaged, "anchor": anchor, "default": defaultText,
		"describe": d.describe, "signature": d.signature, "kind": kindText, "deprecated": deprecated,
	}).Parse(layout)
	if err != nil {
		return nil, fmt.Errorf("the layout of the page: %w", err)
	}
	var out bytes.Buffer
	if err := t.Execute(&out, p); err != nil {
		return nil, fmt.Errorf("make the page: %w", err)
	}
	return bytes.TrimLeft(manyLines.ReplaceAll(out.Bytes(), []byte("\n\n")), "\n"), nil
}

// manyLines are the empty lines that parts of the layout leave where they show nothing.
var manyLines = regexp.MustCompile(`\n{3,}`)

// load reads the SDL as it is written: with the files that its parts stand in.
func load(root string) (*ast.Schema, error) {
	var sources []*ast.Source
	for _, s := range subjects {
		text, err := os.ReadFile(filepath.Join(root, s.file))
		if err != nil {
			return nil, fmt.Errorf("read the SDL: %w", err)
		}
		sources = append(sources, &ast.Source{Name: s.file, Input: string(text)})
	}
	files, err := filepath.Glob(filepath.Join(root, "graph/schema/*.graphql"))
	if err != nil {
		return nil, err
	}
	if len(files)+1 != len(subjects) {
		return nil, fmt.Errorf("graph/schema has %d files and the page knows %d: name the new one in internal/apidoc", len(files), len(subjects)-1)
	}
	schema, err := gqlparser.LoadSchema(sources...)
	if err != nil {
		return nil, fmt.Errorf("the SDL: %w", err)
	}
	return schema, nil
}

// document answers what the layout asks of the schema.
type document struct {
	schema    *ast.Schema
	elsewhere map[string]bool // types that are shown where they are used, and not with their subject
}

// operations are the fields of a root type; inputs and payloads of mutations are shown with them.
func (d *document) operations(root *ast.Definition, examples []example) []operation {
	var list []operation
	for _, f := range root.Fields {
		if strings.HasPrefix(f.Name, "__") {
			continue
		}
		op := operation{FieldDefinition: f, Root: root.Name}
		if root == d.schema.Mutation {
			op.Payload = d.schema.Types[f.Type.Name()]
			d.elsewhere[op.Payload.Name] = true
			if input := f.Arguments.ForName("input"); input != nil {
				op.Input = d.schema.Types[input.Type.Name()]
				d.elsewhere[op.Input.Name] = true
			}
		}
		for _, e := range examples {
			if slices.Contains(e.Roots, f.Name) {
				op.Used = append(op.Used, e.Title)
			}
		}
		list = append(list, op)
	}
	return list
}

// subjects are the types in the order of their files, without roots, pages, and what is shown elsewhere.
func (d *document) subjects() []subject {
	var list []subject
	for _, s := range subjects {
		sub := subject{Title: s.title}
		for _, t := range d.schema.Types {
			if t.Position == nil || t.Position.Src.Name != s.file || d.elsewhere[t.Name] || d.isPage(t) ||
				t == d.schema.Query || t == d.schema.Mutation || t == d.schema.Subscription {
				continue
			}
			sub.Types = append(sub.Types, t)
		}
		slices.SortFunc(sub.Types, func(a, b *ast.Definition) int { return a.Position.Start - b.Position.Start })
		list = append(list, sub)
	}
	// What every part uses is looked up and not read: it comes last.
	return append(list[1:], list[0])
}

// isPage tells whether a type is a connection or an edge of the one form that the page explains once.
func (d *document) isPage(t *ast.Definition) bool {
	names := func(t *ast.Definition) (list []string) {
		for _, f := range t.Fields {
			list = append(list, f.Name)
		}
		return list
	}
	switch {
	case strings.HasSuffix(t.Name, "Connection"):
		return slices.Equal(names(t), []string{"edges", "pageInfo", "totalCount"})
	case strings.HasSuffix(t.Name, "Edge"):
		return slices.Equal(names(t), []string{"cursor", "node"})
	}
	return false
}
