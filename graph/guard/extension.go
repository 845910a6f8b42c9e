package guard

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// Extension puts a guard before gqlgen's executor, which then finds every document in Cache and never
// parses or validates one itself. Use it behind the extensions that change a request's parameters.
type Extension struct {
	Guard *Guard
	// Trusted holds documents that are known before the start and need no guard; nil holds none.
	Trusted graphql.Cache[*ast.QueryDocument]
	// Privileged decides who may read the schema, by introspection and by suggestions. Nil: nobody.
	Privileged func(ctx context.Context) bool
}

var _ interface {
	graphql.HandlerExtension
	graphql.OperationParameterMutator
	graphql.OperationContextMutator
	graphql.ResponseInterceptor
} = Extension{}

// key is where the outcome travels in the Stats of an operation.
const key = "guard"

type outcome struct {
	doc *Document
	// more are the errors behind the first one, which is all that a mutator can return.
	more gqlerror.List
}

func outcomeOf(ctx context.Context) *outcome {
	if !graphql.HasOperationContext(ctx) {
		return nil
	}
	o, _ := graphql.GetOperationContext(ctx).Stats.GetExtension(key).(*outcome)
	return o
}

// ExtensionName of the extension.
func (Extension) ExtensionName() string { return "Guard" }

// Validate accepts every schema.
func (Extension) Validate(graphql.ExecutableSchema) error { return nil }

// MutateOperationParameters checks the request before anything else is done with it.
func (e Extension) MutateOperationParameters(ctx context.Context, p *graphql.RawParams) *gqlerror.Error {
	if err := e.Guard.OperationName(p.OperationName); err != nil {
		return err
	}
	if err := e.Guard.Variables(p.Variables); err != nil {
		return err
	}
	Whole(p.Variables)
	if e.Trusted != nil {
		if doc, known := e.Trusted.Get(ctx, p.Query); known {
			return e.values(doc, p)
		}
	}
	o := &outcome{}
	graphql.GetOperationContext(ctx).Stats.SetExtension(key, o)
	doc, errs := e.Guard.Check(p.Query, e.privileged(ctx))
	if len(errs) > 0 {
		o.more = errs[1:]
		return errs[0]
	}
	o.doc = doc
	return e.values(doc.AST, p)
}

// values checks the variables against the operation that is meant. Which one is not clear is for the
// executor to say.
func (e Extension) values(doc *ast.QueryDocument, p *graphql.RawParams) *gqlerror.Error {
	if op := doc.Operations.ForName(p.OperationName); op != nil {
		return Values(e.Guard.schema, op, p.Variables)
	}
	return nil
}

// MutateOperationContext checks what the specification asks of variables and the executor does not,
// and keeps the schema from those who may not read it.
func (e Extension) MutateOperationContext(ctx context.Context, o *graphql.OperationContext) *gqlerror.Error {
	if err := OneOf(e.Guard.schema, o.Operation, o.Variables); err != nil {
		return err
	}
	if err := Nulls(o.Operation, o.Variables); err != nil {
		return err
	}
	o.DisableIntrospection = !e.privileged(ctx)
	if o.DisableIntrospection && introspects(o.Operation.SelectionSet) {
		return &gqlerror.Error{
			Message:    "Only admins may read the schema here; __typename is for everyone.",
			Extensions: map[string]any{"code": CodeForbidden},
		}
	}
	return nil
}

// InterceptResponse adds the errors that a mutator could not return.
func (Extension) InterceptResponse(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
	if o := outcomeOf(ctx); o != nil {
		for _, err := range o.more {
			graphql.AddError(ctx, err)
		}
	}
	return next(ctx)
}

func (e Extension) privileged(ctx context.Context) bool {
	return e.Privileged != nil && e.Privileged(ctx)
}

// introspects tells whether an accepted operation reads the schema. Both fields stand at the root, so
// that only the root's own selections are looked at.
func introspects(set ast.SelectionSet) bool {
	for _, selection := range set {
		switch s := selection.(type) {
		case *ast.Field:
			if s.Name == "__schema" || s.Name == "__type" {
				return true
			}
		case *ast.InlineFragment:
			if introspects(s.SelectionSet) {
				return true
			}
		case *ast.FragmentSpread:
			if s.Definition != nil && introspects(s.Definition.SelectionSet) {
				return true
			}
		}
	}
	return false
}

// Cache gives the executor the document that the guard accepted for the very request that asks.
type Cache struct{}

var _ graphql.Cache[*ast.QueryDocument] = Cache{}

// Get gives the accepted document.
func (Cache) Get(ctx context.Context, _ string) (*ast.QueryDocument, bool) {
	if o := outcomeOf(ctx); o != nil && o.doc != nil {
		return o.doc.AST, true
	}
	return nil, false
}

// Add keeps nothing: the guard has a cache of its own.
func (Cache) Add(context.Context, string, *ast.QueryDocument) {}
