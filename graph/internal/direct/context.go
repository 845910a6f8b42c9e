package direct

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
)

// fieldContext is a context and gqlgen's field context in one allocation, where gqlgen has two. Below a
// level of lists and objects it stands on what is around the level, so that looking for a value of the
// request does not pass through each of them.
type fieldContext struct {
	context.Context // nearest one around that is of another type
	field           graphql.FieldContext
	index           int // of an element of a list, which field points to
}

// Value finds the field context, and passes everything else on.
func (c *fieldContext) Value(key any) any {
	if key == fieldKey {
		return &c.field
	}
	return c.Context.Value(key)
}

// fieldKey is what gqlgen looks field contexts up by, which it does not export. It is read from a look-up.
var fieldKey = func() any {
	var p keyProbe
	graphql.GetFieldContext(&p)
	return p.key
}()

type keyProbe struct {
	context.Context
	key any
}

// Value remembers the key.
func (p *keyProbe) Value(key any) any {
	p.key = key
	return nil
}

// within is graphql.WithFieldContext.
func within(parent context.Context, field graphql.FieldContext) *fieldContext {
	c := &fieldContext{Context: parent, field: field}
	if p, ok := parent.(*fieldContext); ok {
		c.Context, c.field.Parent = p.Context, &p.field
	} else {
		c.field.Parent = graphql.GetFieldContext(parent)
	}
	return c
}

// withinList is within for an element of a list.
func withinList(parent context.Context, index int) *fieldContext {
	c := within(parent, graphql.FieldContext{})
	c.index = index
	c.field.Index = &c.index
	return c
}

// fieldContext is a new context of a field of an object, whose context is parent. All objects of a
// selection have the same field context but for its arguments, which middleware may change.
func (w *Writer) fieldContext(parent context.Context, typ *Type, f *Field) (*fieldContext, error) {
	if f.shape == nil {
		fc, err := w.executor.FieldContext(parent, typ.Name, f.CollectedField)
		if err != nil {
			return nil, err
		}
		if fc.Args == nil {
			shape := *fc
			f.shape = &shape
		}
		return within(parent, *fc), nil
	}
	return within(parent, *f.shape), nil
}
