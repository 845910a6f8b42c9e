// Package direct writes answers while they are executed: what graph/internal/gen generates into
// graph/exec calls it.
//
// gqlgen gives every field a context, three closures and a marshaler, builds a tree of them, and
// writes the tree at the end. Here an object is written field by field into one buffer. A field that
// is read from a struct costs its bytes; one with a resolver is called as gqlgen calls it, with its
// field context and through the operation's field middleware. Field contexts in between are made when
// somebody needs one: a resolver below, or an error that has a path. An object that turns out null is
// taken back by cutting the buffer.
//
// Answers are the same to the byte, which tests hold against gqlgen's own code on the same schema.
// What differs: below a field of the root everything runs in one goroutine, in the order of the
// document, since loaders are filled before and nothing waits; field middleware (AroundFields) sees
// only fields that have a resolver, a fallible method or arguments; and @defer is executed at once,
// which the specification allows.
package direct

import (
	"context"
	"io"
	"strconv"
	"sync"

	"github.com/99designs/gqlgen/graphql"
)

// Executor is what the generated code knows of fields.
type Executor interface {
	// FieldContext makes gqlgen's field context of a field, by the name of its type.
	FieldContext(ctx context.Context, object string, field graphql.CollectedField) (*graphql.FieldContext, error)
}

// Type is an object type of the schema.
type Type struct {
	Name         string
	Implementors []string       // its own name and those of its interfaces
	Fields       map[string]int // the numbers that generated code switches on
}

// Field is a field of a selection, prepared for writing.
type Field struct {
	graphql.CollectedField
	Number int // of the field in its type

	key      string // ,"alias":
	repeated bool   // an earlier field of the selection has the same alias
	below    []*Selection
	shape    *graphql.FieldContext // of a field without arguments, once it was made
}

// Selection is what is asked of the objects of one type in one place of the document.
type Selection struct {
	Type   *Type
	Fields []Field
}

// frame is a level of the answer that is being written: an object, or a list. Its context is that of
// its current field or element, nil until somebody asks.
type frame struct {
	ctx   context.Context
	typ   *Type  // nil: a list
	field *Field // of the object
	index int    // of the list
	cut   int    // where the buffer goes back to after the field; negative: nowhere
}

// Writer writes the value of one field of the root. It is not safe for concurrent use.
type Writer struct {
	buf       []byte
	frames    []frame // the first holds the context of the field of the root
	late      []late
	operation *graphql.OperationContext
	executor  Executor
}

// late is an error that gqlgen finds only when it writes a value, which is not for a value that is taken
// back before.
type late struct {
	at  int // in the buffer
	ctx context.Context
	err error
}

// cut takes back what was written from a place on.
func (w *Writer) cut(start int) {
	w.buf = w.buf[:start]
	for n := len(w.late); n > 0 && w.late[n-1].at >= start; n-- {
		w.late = w.late[:n-1]
	}
}

// maxPooled bounds the buffers that are kept for the next answer, in bytes.
const maxPooled = 1 << 20

var writers = sync.Pool{New: func() any { return &Writer{buf: make([]byte, 0, 4096)} }}

func (w *Writer) release() {
	if cap(w.buf) > maxPooled {
		return
	}
	clear(w.frames[:cap(w.frames)]) // contexts hold whole requests
	clear(w.late[:cap(w.late)])
	*w = Writer{buf: w.buf[:0], frames: w.frames[:0], late: w.late[:0]}
	writers.Put(w)
}

// value is the marshaler of a finished field of the root.
type value struct{ w *Writer }

// MarshalGQL writes the bytes, once: they are gone then.
func (v *value) MarshalGQL(out io.Writer) {
	w := v.w
	v.w = nil
	_, _ = out.Write(w.buf)
	for _, l := range w.late {
		graphql.AddError(l.ctx, l.err)
	}
	w.release()
}

// Size is a bound for the length of an answer, in bytes; 0 when it is not known.
func Size(fields []graphql.Marshaler) int {
	n := 0
	for _, f := range fields {
		if v, ok := f.(*value); ok {
			const keyAndMore = 64
			n += len(v.w.buf) + keyAndMore
		}
	}
	return n
}

// Marshal writes the value of a field of the root, whose context is ctx. write is false for null.
func Marshal(ctx context.Context, executor Executor, operation *graphql.OperationContext,
	field graphql.CollectedField, write func(*Writer, *Field) bool) graphql.Marshaler {
	w := writers.Get().(*Writer)
	w.operation, w.executor = operation, executor
	w.frames = append(w.frames, frame{ctx: ctx, cut: -1})
	if !write(w, &Field{CollectedField: field}) {
		w.release()
		return graphql.Null
	}
	return &value{w}
}

// Context is gqlgen's context of the field or element that is being written.
func (w *Writer) Context() context.Context { return w.context(len(w.frames) - 1) }

func (w *Writer) context(level int) context.Context {
	f := &w.frames[level]
	if f.ctx != nil {
		return f.ctx
	}
	parent := w.context(level - 1)
	if f.typ == nil {
		f.ctx = withinList(parent, f.index)
		return f.ctx
	}
	ctx, err := w.fieldContext(parent, f.typ, f.field)
	if err != nil {
		panic(err) // only arguments can be wrong, and the field has none
	}
	f.ctx = ctx
	return f.ctx
}

// Below is the selection below the field, for objects of a type.
func (f *Field) Below(w *Writer, t *Type) *Selection {
	for _, s := range f.below {
		if s.Type == t {
			return s
		}
	}
	collected := graphql.CollectFields(w.operation, f.Selections, t.Implementors)
	s := &Selection{Type: t, Fields: make([]Field, len(collected))}
	for i, c := range collected {
		field := &s.Fields[i]
		field.CollectedField = c
		number, ok := t.Fields[c.Name]
		if !ok {
			panic("unknown field " + strconv.Quote(c.Name))
		}
		field.Number = number
		field.key = `,"` + c.Alias + `":`
		for _, earlier := range s.Fields[:i] {
			field.repeated = field.repeated || earlier.Alias == c.Alias
		}
	}
	f.below = append(f.below, s)
	return s
}
