package direct

import (
	"github.com/99designs/gqlgen/graphql"
)

// Open begins an object and returns its place in the buffer.
func (w *Writer) Open(s *Selection) (start int) {
	start = len(w.buf)
	w.frames = append(w.frames, frame{typ: s.Type, cut: -1})
	w.buf = append(w.buf, '{')
	return start
}

// Key begins the next field of the object.
func (w *Writer) Key(f *Field) {
	top := &w.frames[len(w.frames)-1]
	w.drop(top)
	top.field, top.ctx = f, nil
	if f.repeated {
		top.cut = len(w.buf)
	}
	key := f.key
	if w.buf[len(w.buf)-1] == '{' { // no value ends like this
		key = key[1:]
	}
	w.buf = append(w.buf, key...)
}

// drop takes back a field that was executed and is not shown: one with its alias is there already.
func (w *Writer) drop(top *frame) {
	if top.cut >= 0 {
		w.cut(top.cut)
		top.cut = -1
	}
}

// Close ends the object that began at start. An invalid one, which lacks a field that must not be
// null, is taken back and false returned.
func (w *Writer) Close(start int, invalid bool) bool {
	top := len(w.frames) - 1
	w.drop(&w.frames[top])
	w.frames = w.frames[:top]
	if invalid {
		w.cut(start)
		return false
	}
	w.buf = append(w.buf, '}')
	return true
}

// List writes a list of n elements. element writes one, and returns false when it is null. When
// elements must not be null, such a one makes the list null: it is taken back and false returned; the
// others are executed all the same, as their errors count. A panic makes its element null.
func (w *Writer) List(n int, elementNonNull bool, element func(i int) bool) bool {
	start, level := len(w.buf), len(w.frames)
	w.frames = append(w.frames, frame{cut: -1})
	w.buf = append(w.buf, '[')
	invalid := false
	for i := range n {
		if i > 0 {
			w.buf = append(w.buf, ',')
		}
		w.frames[level].index, w.frames[level].ctx = i, nil
		switch {
		case w.element(i, element):
		case elementNonNull:
			invalid = true
		default:
			w.Null()
		}
	}
	w.frames = w.frames[:level]
	if invalid {
		w.cut(start)
		return false
	}
	w.buf = append(w.buf, ']')
	return true
}

func (w *Writer) element(i int, element func(i int) bool) (ok bool) {
	level, start := len(w.frames), len(w.buf)
	defer func() {
		if r := recover(); r != nil {
			w.frames = w.frames[:level]
			w.cut(start)
			ctx := w.Context()
			graphql.AddError(ctx, graphql.Recover(ctx, r))
			ok = false
		}
	}()
	return element(i)
}

// Scalars is List for elements that have no paths of their own in errors.
func (w *Writer) Scalars(n int, elementNonNull bool, element func(i int) bool) bool {
	start := len(w.buf)
	w.buf = append(w.buf, '[')
	invalid := false
	for i := range n {
		if i > 0 {
			w.buf = append(w.buf, ',')
		}
		switch {
		case element(i):
		case elementNonNull:
			invalid = true
		default:
			w.Null()
		}
	}
	if invalid {
		w.cut(start)
		return false
	}
	w.buf = append(w.buf, ']')
	return true
}
