package graph_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/ast"
	"golang.org/x/sync/errgroup"

	"github.com/rubrica/rubrica/graph"
	"github.com/rubrica/rubrica/graph/cost"
	"github.com/rubrica/rubrica/graph/exec"
)

// The rule: an operation sends one statement for each selected edge of a level, and one for each
// selected totalCount, however many parents the level has and whoever else is being served. The tests
// of this file know the edges from the schema alone, so that a new one is tested without a word.

// selection is a field with a selection of its own, as it is written into a query.
type selection struct {
	alias, field string
	parent       string // its type
	args         string
	shape        shape
	below        []*selection // of a connection: of its nodes
	leaves       []string
}

// shape is what stands behind a field.
type shape int

const (
	shapeValue shape = iota // part of the parent's row
	shapeEdge               // one object, or a list of them
	shapeRows               // a connection, from here on: its rows
	shapeCount              // its totalCount
	shapeBoth
	shapeInfo // its pageInfo
)

// edgeWriter writes queries by the schema.
type edgeWriter struct {
	schema *ast.Schema
	rand   *rand.Rand
	names  int
	mixed  bool // select some leaves at random instead of the first
}

func newEdgeWriter() *edgeWriter {
	return &edgeWriter{schema: exec.NewExecutableSchema(exec.Config{}).Schema(), rand: rand.New(rand.NewPCG(4, 3))} //nolint:gosec // the same queries in each run
}

// connection tells whether a type is one, and what its nodes are.
func (e *edgeWriter) connection(typ string) (node string, ok bool) {
	d := e.schema.Types[typ]
	if !strings.HasSuffix(typ, "Connection") {
		return "", false
	}
	return e.schema.Types[d.Fields.ForName("edges").Type.Name()].Fields.ForName("node").Type.Name(), true
}

// readApart are the objects without an id that a statement of their own makes.
var readApart = map[string]bool{"RescoringReport": true}

// behind is the shape of a field, shapeValue for what has no selection; false when its arguments are none
// that this test can make up.
func (e *edgeWriter) behind(f *ast.FieldDefinition) (shape, bool) {
	if strings.HasPrefix(f.Name, "__") {
		return shapeValue, false
	}
	if _, ok := e.connection(f.Type.Name()); ok {
		return shapeBoth, true
	}
	for _, a := range f.Arguments {
		if a.Type.NonNull {
			return shapeValue, false
		}
	}
	target := e.schema.Types[f.Type.Name()]
	if target.Kind == ast.Object && (target.Fields.ForName("id") != nil || readApart[target.Name]) {
		return shapeEdge, true
	}
	return shapeValue, true
}

// leaves are fields without a selection: the first one, or some.
func (e *edgeWriter) leaves(typ string) (out []string) {
	for _, f := range e.schema.Types[typ].Fields {
		if strings.HasPrefix(f.Name, "__") || len(f.Arguments) > 0 || e.schema.Types[f.Type.Name()].IsCompositeType() {
			continue
		}
		switch {
		case !e.mixed:
			return []string{f.Name}
		case len(out) == 0 || e.rand.IntN(4) == 0:
			out = append(out, f.Name)
		}
	}
	return out
}

// fields are those of a type that lead somewhere: its edges, and the values in which there are edges.
func (e *edgeWriter) fields(typ string) (out []*selection) {
	for _, f := range e.schema.Types[typ].Fields {
		shape, ok := e.behind(f)
		target := e.schema.Types[f.Type.Name()]
		if !ok || target.Kind != ast.Object || shape == shapeValue && len(e.fields(f.Type.Name())) == 0 {
			continue
		}
		s := &selection{field: f.Name, parent: typ, shape: shape}
		if shape >= shapeRows {
			s.args = "(first: 1)"
		}
		out = append(out, s)
	}
	return out
}

func (e *edgeWriter) target(s *selection) string {
	typ := e.schema.Types[s.parent].Fields.ForName(s.field).Type.Name()
	if node, ok := e.connection(typ); ok {
		return node
	}
	return typ
}

// grow selects everything below, to a depth.
func (e *edgeWriter) grow(s *selection, depth int) *selection {
	target := e.target(s)
	s.leaves = e.leaves(target)
	if depth > 0 {
		for _, b := range e.fields(target) {
			s.below = append(s.below, e.grow(b, depth-1))
		}
	}
	return s
}

// wild selects some things below at random, some twice under another name, with other arguments.
func (e *edgeWriter) wild(typ string, depth int) (out []*selection) {
	fields := e.fields(typ)
	for range 1 + e.rand.IntN(3) {
		if len(fields) == 0 {
			break
		}
		s := *fields[e.rand.IntN(len(fields))]
		e.names++
		s.alias = fmt.Sprintf("a%d", e.names)
		s.leaves = e.leaves(e.target(&s))
		if s.shape >= shapeRows {
			s.shape = []shape{shapeRows, shapeCount, shapeBoth, shapeInfo}[e.rand.IntN(4)]
			s.args = []string{"(first: 1)", "(last: 2)", "(first: 5)"}[e.rand.IntN(3)]
		}
		if depth > 0 && s.shape != shapeCount && s.shape != shapeInfo {
			s.below = e.wild(e.target(&s), depth-1)
		}
		out = append(out, &s)
	}
	return out
}

func (s *selection) name() string {
	if s.alias != "" {
		return s.alias
	}
	return s.field
}

func write(picked []*selection) string {
	var b strings.Builder
	for _, s := range picked {
		if s.alias != "" {
			b.WriteString(s.alias + ": ")
		}
		b.WriteString(s.field + s.args + " { ")
		inner := strings.Join(s.leaves, " ") + " " + write(s.below)
		switch s.shape {
		case shapeRows:
			b.WriteString("edges { node { " + inner + "} }")
		case shapeCount:
			b.WriteString("totalCount")
		case shapeBoth:
			b.WriteString("totalCount edges { node { " + inner + "} }")
		case shapeInfo:
			b.WriteString("pageInfo { hasNextPage }")
		default:
			b.WriteString(inner)
		}
		b.WriteString(" } ")
	}
	return b.String()
}

// inRow are the edges whose key stands in the parent's row and may be missing there: where all parents
// of a level lack it there is nothing to ask for.
var inRow = map[string]bool{
	"AuditEvent.actor": true, "Cohort.track": true, "Job.run": true, "RecommendationTrace.skill": true,
	"RecommendationTrace.criterion": true, "Rescoring.question": true, "Rescoring.by": true, "RecommendationItem.closes": true, "RecommendationList.unserved": true, "Preferences.interests": true, "Track.skills": true,
	"Question.skills": true, "KeyPoint.skills": true, "Passage.skills": true, "Credential.teaches": true,
	"Credential.requires": true,
}

// seen remembers which edges led to something.
type seen map[string]bool

// statements is how many the selections cost, by what the answer says of the parents.
func (v seen) statements(parents []any, picked []*selection) (n int) {
	if len(parents) == 0 {
		return 0
	}
	for _, s := range picked {
		var below []any
		for _, p := range parents {
			child := p.(vars)[s.name()]
			if c, ok := child.(vars); ok && s.shape >= shapeRows {
				child = nil
				for _, e := range list(c["edges"]) {
					below = append(below, e.(vars)["node"])
				}
			}
			switch child := child.(type) {
			case []any:
				below = append(below, child...)
			case vars:
				below = append(below, child)
			}
		}
		name := s.parent + "." + s.field
		v[name] = v[name] || len(below) > 0
		switch {
		case s.shape == shapeValue, inRow[name] && len(below) == 0:
		case s.shape == shapeBoth:
			n += 2
		default:
			n++
		}
		n += v.statements(below, s.below)
	}
	return n
}

// asked is a generated query and how to count its statements.
type asked struct {
	query string
	vars  vars
	want  func(a *answer, v seen) int
}

func askNodes(typ string, ids []string, picked []*selection) asked {
	return asked{
		fmt.Sprintf("query($ids: [ID!]!) { nodes(ids: $ids) { id ... on %s { id %s } } }", typ, write(picked)), vars{"ids": ids},
		func(a *answer, v seen) int { return 1 + v.statements(list(a.at("nodes")), picked) },
	}
}

// free has operations cost nothing, and documents have many aliases: what is asked for here is more
// than a client may.
func free(o *graph.Options) { o.Limits, o.Documents.Aliases = new(cost.Limits), 10_000 }

func TestEveryEdgeIsOneStatement(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.crowd(t)
	w.api = w.serveWith(t, free)
	e, v := newEdgeWriter(), seen{}
	var sample []asked
	check := func(q asked) {
		t.Helper()
		a := w.ok(t, ada, q.query, q.vars)
		if want := q.want(a, v); want != len(a.statements) {
			t.Log(q.query)
			requireStatements(t, want, a)
		}
	}
	nodes := e.schema.PossibleTypes["Node"]
	for _, n := range []int{1, 10, crowdSize} {
		clear(v)
		for _, typ := range nodes {
			require.GreaterOrEqual(t, len(c[typ.Name]), crowdSize, typ.Name)
			ids := c[typ.Name][:n]
			check(askNodes(typ.Name, ids, nil))
			for _, s := range e.fields(typ.Name) {
				deep := askNodes(typ.Name, ids, []*selection{e.grow(s, 1)})
				check(deep)
				sample = append(sample, deep)
				if s.shape < shapeRows {
					continue
				}
				for _, shape := range []shape{shapeRows, shapeCount, shapeInfo} {
					s := *s
					s.shape, s.below = shape, nil
					check(askNodes(typ.Name, ids, []*selection{&s}))
				}
			}
			for range 2 {
				wild := askNodes(typ.Name, ids, e.wild(typ.Name, 3))
				check(wild)
				sample = append(sample, wild)
			}
		}
		for _, s := range e.fields("Query") {
			if s.field == "system" { // made of several states, each read when it is selected
				continue
			}
			e.grow(s, 1)
			if s.shape >= shapeRows {
				s.args = fmt.Sprintf("(first: %d)", n)
			}
			picked := []*selection{s}
			check(asked{"{ " + write(picked) + "}", nil, func(a *answer, v seen) int { return v.statements([]any{a.Data}, picked) }})
		}
		for _, typ := range nodes {
			for _, s := range e.fields(typ.Name) {
				require.True(t, v[typ.Name+"."+s.field], "%s.%s led nowhere with %d parents", typ.Name, s.field, n)
			}
		}
	}

	t.Run("sixteen clients on busy cores", func(t *testing.T) {
		var g errgroup.Group
		for client := range 16 {
			g.Go(func() error {
				for i := client; i < len(sample); i += 16 * 3 {
					q := sample[i]
					a := w.ask(t, ada, q.query, q.vars)
					if want := q.want(a, seen{}); len(a.Errors) > 0 || want != len(a.statements) {
						return fmt.Errorf("%d statements instead of %d for %s; errors: %v", len(a.statements), want, q.query, a.Errors)
					}
				}
				return nil
			})
		}
		require.NoError(t, g.Wait())
	})
}
