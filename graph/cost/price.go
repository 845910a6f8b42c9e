package cost

import (
	"encoding/json"
	"math"
	"strconv"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// The constants of the formula; the other numbers are bounds of lists.
const (
	mutationPoints = 10 // each field of Mutation, besides its objects
	unknownList    = MaxPage
)

// Price is what an operation costs.
type Price struct {
	// Requested is the most points that the operation can take: one for each object that the answer
	// can hold, and Fixed. It saturates at MaxInt32.
	Requested int
	// Fixed is the part that does not depend on what is found.
	Fixed int
}

// Of prices an operation that was validated, with its coerced variables, before it runs. A
// subscription's price is that of one event.
func Of(schema *ast.Schema, op *ast.OperationDefinition, variables map[string]any) Price {
	p := pricer{schema: schema, variables: variables, memo: map[memoKey]int{}}
	var root *ast.Definition
	fixed := 0
	switch op.Operation {
	case ast.Mutation:
		root = schema.Mutation
	case ast.Subscription:
		root = schema.Subscription
	default:
		root = schema.Query
	}
	for _, points := range p.fixed(root, op.SelectionSet) {
		fixed = plus(fixed, points)
	}
	objects := plus(1, p.set(root, op.SelectionSet, 0))
	return Price{Requested: plus(fixed, objects), Fixed: fixed}
}

type memoKey struct {
	fragment *ast.FragmentDefinition
	typ      *ast.Definition
	page     int
}

type pricer struct {
	schema    *ast.Schema
	variables map[string]any
	memo      map[memoKey]int
}

// fixed is what root fields cost besides objects, by response name.
func (p *pricer) fixed(root *ast.Definition, set ast.SelectionSet) map[string]int {
	out := map[string]int{}
	var collect func(set ast.SelectionSet)
	collect = func(set ast.SelectionSet) {
		for _, selection := range set {
			switch s := selection.(type) {
			case *ast.Field:
				if !p.included(s.Directives) {
					continue
				}
				if points := flat[s.Name]; points > 0 {
					out[s.Alias] = points
				} else if root == p.schema.Mutation && s.Name != "__typename" {
					out[s.Alias] = mutationPoints
				}
			case *ast.InlineFragment:
				if p.included(s.Directives) {
					collect(s.SelectionSet)
				}
			case *ast.FragmentSpread:
				if p.included(s.Directives) && s.Definition != nil {
					collect(s.Definition.SelectionSet)
				}
			}
		}
	}
	collect(set)
	return out
}

// set prices the objects below one object of a concrete type, or of an abstract one: then for its
// dearest type. page is the size of the page that the object is, if it is a connection.
func (p *pricer) set(typ *ast.Definition, set ast.SelectionSet, page int) int {
	if typ == nil || len(set) == 0 {
		return 0
	}
	if !typ.IsAbstractType() {
		return p.object(typ, set, page)
	}
	most := 0
	for _, possible := range p.schema.GetPossibleTypes(typ) {
		most = max(most, p.object(possible, set, page))
	}
	return most
}

func (p *pricer) object(typ *ast.Definition, set ast.SelectionSet, page int) int {
	total := 0
	for _, selection := range set {
		switch s := selection.(type) {
		case *ast.Field:
			if p.included(s.Directives) {
				total = plus(total, p.field(typ, s, page))
			}
		case *ast.InlineFragment:
			if p.included(s.Directives) && p.applies(s.TypeCondition, typ) {
				total = plus(total, p.object(typ, s.SelectionSet, page))
			}
		case *ast.FragmentSpread:
			if s.Definition == nil || !p.included(s.Directives) || !p.applies(s.Definition.TypeCondition, typ) {
				continue
			}
			key := memoKey{s.Definition, typ, page}
			below, known := p.memo[key]
			if !known {
				below = p.object(typ, s.Definition.SelectionSet, page)
				p.memo[key] = below
			}
			total = plus(total, below)
		}
	}
	return total
}

func (p *pricer) applies(condition string, typ *ast.Definition) bool {
	if condition == "" || condition == typ.Name {
		return true
	}
	for _, possible := range p.schema.PossibleTypes[condition] {
		if possible.Name == typ.Name {
			return true
		}
	}
	return false
}

// field prices the objects that a field of an object answers.
func (p *pricer) field(typ *ast.Definition, f *ast.Field, page int) int {
	if len(f.SelectionSet) == 0 || flat[f.Name] > 0 {
		return 0 // a scalar or an enum, or priced by fixed
	}
	def := f.Definition
	if def == nil {
		return 0
	}
	below := p.schema.Types[def.Type.Name()]
	if def.Type.Elem == nil {
		size := 0
		if def.Arguments.ForName("first") != nil {
			size = p.page(f)
		}
		return plus(1, p.set(below, f.SelectionSet, size))
	}
	var n int
	switch {
	case f.Name == "edges" && below != nil && below.Fields.ForName("cursor") != nil:
		n = page
	case def.Arguments.ForName("first") != nil:
		n = p.page(f)
	case paged[typ.Name+"."+f.Name]:
		n = page
	case def.Arguments.ForName("ids") != nil:
		n = p.length(f, "ids")
	default:
		if n = bound(typ, f.Name); n == 0 {
			n = unknownList
		}
	}
	return times(n, plus(1, p.set(below, f.SelectionSet, 0)))
}

// page is the largest page that a connection can answer: what is asked for, or none when its arguments
// are such that it is refused.
func (p *pricer) page(f *ast.Field) int {
	return min(max(p.number(f, "first"), p.number(f, "last"), 0), MaxPage)
}

func (p *pricer) number(f *ast.Field, name string) int {
	arg := f.Arguments.ForName(name)
	if arg == nil {
		def := f.Definition.Arguments.ForName(name)
		if def == nil || def.DefaultValue == nil {
			return 0
		}
		arg = &ast.Argument{Value: def.DefaultValue}
	}
	if arg.Value.Kind == ast.IntValue {
		n, err := strconv.Atoi(arg.Value.Raw)
		if err != nil {
			return MaxPage
		}
		return n
	}
	if arg.Value.Kind != ast.Variable {
		return 0
	}
	n, ok := p.variables[arg.Value.Raw]
	if !ok || n == nil {
		return 0
	}
	if i, err := graphql.UnmarshalInt(n); err == nil {
		return i
	}
	return MaxPage
}

// length is the number of elements of a list that is given as an argument.
func (p *pricer) length(f *ast.Field, name string) int {
	arg := f.Arguments.ForName(name)
	if arg == nil {
		return 0
	}
	switch arg.Value.Kind {
	case ast.ListValue:
		return min(len(arg.Value.Children), MaxPage)
	case ast.Variable:
		switch v := p.variables[arg.Value.Raw].(type) {
		case []any:
			return min(len(v), MaxPage)
		case nil:
			return 0
		case string, json.Number, int64:
			return 1
		}
		return MaxPage
	}
	return 1 // one value stands for a list of one
}

// included evaluates @skip and @include, as execution does.
func (p *pricer) included(directives ast.DirectiveList) bool {
	if len(directives) == 0 {
		return true
	}
	return !p.condition(directives.ForName("skip"), false) && p.condition(directives.ForName("include"), true)
}

func (p *pricer) condition(d *ast.Directive, absent bool) bool {
	if d == nil {
		return absent
	}
	arg := d.Arguments.ForName("if")
	if arg == nil {
		return absent
	}
	if arg.Value.Kind == ast.Variable {
		v, ok := p.variables[arg.Value.Raw].(bool)
		return ok && v
	}
	return arg.Value.Raw == "true"
}

// plus and times saturate at MaxInt32, so that no sum of them overflows.
func plus(a, b int) int { return min(a+b, math.MaxInt32) }

func times(a, b int) int {
	if a > 0 && b > math.MaxInt32/a {
		return math.MaxInt32
	}
	return a * b
}
