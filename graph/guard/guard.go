package guard

import (
	"errors"
	"fmt"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator/core"
)

// Guard takes or refuses documents for one schema. It is safe for concurrent use.
type Guard struct {
	schema *ast.Schema
	limits Limits
	cache  *cache

	plain, suggesting []core.Rule
}

// New makes a guard; zero fields of the limits take their defaults.
func New(schema *ast.Schema, limits Limits) *Guard {
	limits = limits.withDefaults()
	return &Guard{
		schema: schema, limits: limits, cache: newCache(limits.CacheCount, limits.CacheBytes),
		plain: ruleSet(false), suggesting: ruleSet(true),
	}
}

// Document is a document that was accepted. It is shared between requests and must not be changed.
type Document struct {
	AST   *ast.QueryDocument
	bytes int64
}

// nodeBytes is about what a node of a parsed document takes in memory.
const nodeBytes = 400

// Check parses, measures and validates a document, unless it is known already. Errors have a code and
// are at most Limits.Errors; their texts are bounded. With suggestions they name what the client might
// have meant.
func (g *Guard) Check(text string, suggestions bool) (*Document, gqlerror.List) {
	if d, ok := g.cache.get(text); ok {
		return d, nil
	}
	d, errs := g.check(text, suggestions)
	if len(errs) > 0 {
		return nil, clipped(errs)
	}
	// A string of its own: text may be part of a larger one.
	g.cache.add(strings.Clone(text), d)
	return d, nil
}

// Cached is how many documents are kept, and about how many bytes they take.
func (g *Guard) Cached() (count int, bytes int64) { return g.cache.size() }

func (g *Guard) check(text string, suggestions bool) (*Document, gqlerror.List) {
	if len(text) > g.limits.Bytes {
		return nil, gqlerror.List{tooLarge("The document is longer than %d bytes. Send long texts as variables.", g.limits.Bytes).err()}
	}
	doc, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: text}, g.limits.Tokens)
	if err != nil {
		return nil, gqlerror.List{g.parseError(err)}
	}
	if len(doc.Operations) == 0 {
		return nil, gqlerror.List{(&refusal{code: codeValidation, message: "The document holds no operation."}).err()}
	}
	nodes, refused := measure(doc, g.limits)
	if refused != nil {
		return nil, gqlerror.List{refused.err()}
	}
	set := g.plain
	if suggestions {
		set = g.suggesting
	}
	if errs := validate(g.schema, doc, set, g.limits.Errors); len(errs) > 0 {
		return nil, errs
	}
	return &Document{AST: doc, bytes: int64(2*len(text) + nodeBytes*nodes)}, nil
}

func (g *Guard) parseError(err error) *gqlerror.Error {
	var e *gqlerror.Error
	if !errors.As(err, &e) {
		e = &gqlerror.Error{Message: err.Error()}
	}
	if strings.HasPrefix(e.Message, "exceeded token limit") {
		return tooLarge("The document has more than %d tokens.", g.limits.Tokens).err()
	}
	if strings.HasPrefix(e.Message, "exceeded maximum nesting depth") {
		return tooLarge("The document nests deeper than %d.", g.limits.Nesting).err()
	}
	e.Extensions = map[string]any{"code": codeParse}
	return e
}

// Variables checks the variables of a request before they are coerced, which costs for each value.
func (g *Guard) Variables(variables map[string]any) *gqlerror.Error {
	values := 0
	var walk func(v any, depth int) *refusal
	walk = func(v any, depth int) *refusal {
		if values++; values > g.limits.VariableValues {
			return tooLarge("The variables hold more than %d values.", g.limits.VariableValues)
		}
		if depth > g.limits.ValueDepth {
			return tooLarge("The variables nest lists and objects deeper than %d.", g.limits.ValueDepth)
		}
		switch v := v.(type) {
		case map[string]any:
			for _, below := range v {
				if refused := walk(below, depth+1); refused != nil {
					return refused
				}
			}
		case []any:
			for _, below := range v {
				if refused := walk(below, depth+1); refused != nil {
					return refused
				}
			}
		}
		return nil
	}
	for _, v := range variables {
		if refused := walk(v, 0); refused != nil {
			return refused.err()
		}
	}
	return nil
}

// OperationName checks the name by which a request picks an operation.
func (g *Guard) OperationName(name string) *gqlerror.Error {
	if len(name) > g.limits.Name {
		return tooLarge("The operationName is longer than %d bytes.", g.limits.Name).err()
	}
	return nil
}

// The most that an error of a refused document tells: it repeats names and values of the client.
const (
	maxMessage   = 300 // bytes
	maxLocations = 2
	maxPath      = 200 // bytes
)

func clipped(errs gqlerror.List) gqlerror.List {
	for _, e := range errs {
		Clip(e)
	}
	return errs
}

// Clip bounds what an error tells, so that its answer stays small whatever name or value it repeats.
func Clip(e *gqlerror.Error) {
	e.Message = clip(e.Message, maxMessage)
	if len(e.Locations) > maxLocations {
		e.Locations = e.Locations[:maxLocations]
	}
	length := 0
	for i, part := range e.Path {
		if length += len(fmt.Sprint(part)); length > maxPath {
			e.Path = e.Path[:i]
			break
		}
	}
}
