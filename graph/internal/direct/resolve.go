package direct

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
)

// Outcome is what became of a field.
type Outcome int

const (
	// Written is a value.
	Written Outcome = iota
	// Null is no value: nothing was written.
	Null
	// RequiredNull is no value where middleware demanded one: nothing was written, and the object
	// around the field is null whatever the schema says.
	RequiredNull
)

// Resolve executes the current field by calling its resolver as graphql.ResolveField does, and writes
// what it returns. resolve has the context of the field; write is false for null.
func Resolve[T any](w *Writer, nonNull bool, resolve graphql.Resolver, write func(T) bool) (out Outcome) {
	level, start := len(w.frames)-1, len(w.buf)
	parent := w.context(level - 1)
	top := &w.frames[level]
	own, err := w.fieldContext(parent, top.typ, top.field)
	if err != nil {
		return Null // it was reported where it arose
	}
	fc, ctx := &own.field, context.Context(own)
	defer func() {
		if r := recover(); r != nil {
			w.frames = w.frames[:level+1]
			w.cut(start)
			w.operation.Error(ctx, w.operation.Recover(ctx, r))
			out = Null
		}
	}()
	result, err := w.operation.ResolverMiddleware(ctx, func(inner context.Context) (any, error) {
		ctx = inner //nolint:fatcontext // what middleware puts into the context is there for the fields below
		return resolve(inner)
	})
	none := Null
	if fc.NonNull && !nonNull {
		none = RequiredNull
	}
	switch {
	case err != nil:
		w.operation.Error(ctx, graphql.AddFieldLocationToError(ctx, err))
		return none
	case result == nil:
		if nonNull || fc.NonNull {
			graphql.AddInvalidNullError(ctx, "")
		}
		return none
	}
	w.frames[level].ctx = ctx //nolint:fatcontext // taken off again with the level
	switch v := result.(type) {
	case T:
		fc.Result = v
		if !write(v) {
			return Null
		}
	case graphql.Marshaler: // from middleware
		switch v {
		case graphql.Null:
			return Null
		case graphql.RequiredNull:
			return RequiredNull
		}
		fc.Result = v
		w.Marshal(v)
	default:
		var t T
		w.operation.Errorf(ctx, `unexpected type %T from middleware/directive chain, should be %T`, result, t) //nolint:staticcheck // as gqlgen's own code does, so that the answer is the same
		return Null
	}
	return Written
}

// Guard writes the current field by code that may panic, which makes the field null and is reported as
// its error. write is false for null.
func (w *Writer) Guard(write func() bool) (ok bool) {
	level, start := len(w.frames), len(w.buf)
	defer func() {
		if r := recover(); r != nil {
			w.frames = w.frames[:level]
			w.cut(start)
			ctx := w.Context()
			w.operation.Error(ctx, w.operation.Recover(ctx, r))
			ok = false
		}
	}()
	return write()
}

// InvalidNull reports a null where the type of the current field or element forbids it, and returns
// false.
func (w *Writer) InvalidNull(declared string) bool {
	graphql.AddInvalidNullError(w.Context(), declared)
	return false
}

// InvalidMarshaler is InvalidNull for a marshaler that made null of a value.
func (w *Writer) InvalidMarshaler(declared string) bool {
	graphql.AddInvalidNullFromMarshaler(w.Context(), declared)
	return false
}
