// Package opgen makes GraphQL operations up from a schema, for tests: valid ones in every form that the
// grammar has, and ones with faults. What a seed gives is always the same.
package opgen

import (
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// Operation is a request: a document, which of its operations is meant, and the variables' values.
type Operation struct {
	Query     string         `json:"query"`
	Name      string         `json:"operationName,omitempty"`
	Variables map[string]any `json:"variables,omitempty"`
	Kind      ast.Operation  `json:"-"` // of the operation that is meant
	// Faults are what was done to a valid operation, in words such as unknownField. A fault need not
	// make it invalid: an Int where a Float may stand is none.
	Faults []string `json:"-"`
}

// Place is where a value is needed.
type Place struct {
	Type   string // of the value, without lists and !: a scalar
	Name   string // of the argument or input field; that of the variable stays unknown
	Parent string // field or input type it belongs to
}

// Options bound what is generated.
type Options struct {
	Depth int             // of selections; 5 when 0
	Size  int             // selections of an operation at most, roughly; 25 when 0
	Kinds []ast.Operation // nil: all that the schema has
	// Value gives the value of a scalar as JSON has it; false leaves it to the generator. Nil: always.
	Value func(random *rand.Rand, place Place) (any, bool)
}

// Generator makes operations up. It is not safe for concurrent use.
type Generator struct {
	schema *ast.Schema
	random *rand.Rand
	o      Options
}

// New makes a generator for a schema.
func New(schema *ast.Schema, seed uint64, o Options) *Generator {
	if o.Depth == 0 {
		o.Depth = 5
	}
	if o.Size == 0 {
		o.Size = 25
	}
	if o.Kinds == nil {
		for _, k := range []ast.Operation{ast.Query, ast.Mutation, ast.Subscription} {
			if root(schema, k) != nil {
				o.Kinds = append(o.Kinds, k)
			}
		}
	}
	return &Generator{schema: schema, random: rand.New(rand.NewPCG(seed, 0)), o: o}
}

func root(schema *ast.Schema, kind ast.Operation) *ast.Definition {
	switch kind {
	case ast.Mutation:
		return schema.Mutation
	case ast.Subscription:
		return schema.Subscription
	default:
		return schema.Query
	}
}

// request is an operation before it is written down.
type request struct {
	document  *document
	main      *definition // the operation that is meant
	name      string
	variables map[string]any
}

// Valid makes an operation that the schema allows, with values that its variables allow.
func (g *Generator) Valid() Operation {
	r := g.request()
	return Operation{
		Query: r.document.text(g.random), Name: r.name, Variables: r.variables, Kind: ast.Operation(r.main.kind),
	}
}

// Invalid makes an operation with one fault, seldom two.
func (g *Generator) Invalid() Operation {
	r := g.request()
	var applied []string
	for n := 1 + g.random.IntN(6)/5; n > 0; n-- {
		for range 100 { // until one is found that there is a place for
			f := faults[g.random.IntN(len(faults))]
			if f.apply(&mutation{Generator: g, request: r}) {
				applied = append(applied, f.name)
				break
			}
		}
	}
	text := r.document.text(g.random)
	if g.random.IntN(8) == 0 {
		text = g.garble(text)
		applied = append(applied, "garbledText")
	}
	return Operation{
		Query: text, Name: r.name, Variables: r.variables, Kind: ast.Operation(r.main.kind), Faults: applied,
	}
}

func (g *Generator) request() *request {
	kind := g.o.Kinds[g.random.IntN(len(g.o.Kinds))]
	if g.random.IntN(3) > 0 && slices.Contains(g.o.Kinds, ast.Query) {
		kind = ast.Query
	}
	r := &request{document: &document{}, variables: map[string]any{}}
	name := ""
	if g.chance(60) {
		name = "Main"
	}
	b := g.builder("")
	r.main = b.operation(kind, name)
	r.document.definitions = append(b.fragments, r.main)
	for n, v := range b.given {
		r.variables[n] = v
	}
	if name != "" && g.chance(50) {
		r.name = name
	}
	if name != "" && g.chance(10) {
		other := g.builder("B")
		r.document.definitions = append(r.document.definitions, other.operation(g.o.Kinds[g.random.IntN(len(g.o.Kinds))], "Other"))
		r.document.definitions = append(r.document.definitions, other.fragments...)
		r.name = name
	}
	if g.chance(20) {
		g.random.Shuffle(len(r.document.definitions), func(i, j int) {
			d := r.document.definitions
			d[i], d[j] = d[j], d[i]
		})
	}
	return r
}

// chance is true so many times in a hundred.
func (g *Generator) chance(percent int) bool { return g.random.IntN(100) < percent }

func pick[T any](random *rand.Rand, list []T) T { return list[random.IntN(len(list))] }

// leaf tells whether a type has no selections.
func (g *Generator) leaf(typ *ast.Type) bool {
	kind := g.schema.Types[typ.Name()].Kind
	return kind == ast.Scalar || kind == ast.Enum
}

// overlapping are the object types and interfaces that can be what def is.
func (g *Generator) overlapping(def *ast.Definition) []*ast.Definition {
	var list []*ast.Definition
	for _, name := range g.typeNames(func(d *ast.Definition) bool {
		return d.IsCompositeType() && strings.HasPrefix(d.Name, "__") == strings.HasPrefix(def.Name, "__")
	}) {
		other := g.schema.Types[name]
		for _, p := range g.schema.GetPossibleTypes(other) {
			if slices.Contains(g.schema.GetPossibleTypes(def), p) {
				list = append(list, other)
				break
			}
		}
	}
	return list
}

// typeNames are the names of the types that pass the filter, sorted.
func (g *Generator) typeNames(keep func(*ast.Definition) bool) []string {
	var names []string
	for name, def := range g.schema.Types {
		if keep(def) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
