package direct

import (
	"io"
	"math"
	"strconv"

	"github.com/99designs/gqlgen/graphql"
)

// Write appends bytes, so that marshalers can write into the answer.
func (w *Writer) Write(b []byte) (int, error) {
	w.buf = append(w.buf, b...)
	return len(b), nil
}

// WriteString is Write for text.
func (w *Writer) WriteString(s string) (int, error) {
	w.buf = append(w.buf, s...)
	return len(s), nil
}

// Marshal writes what a marshaler makes of a value.
func (w *Writer) Marshal(m graphql.Marshaler) { m.MarshalGQL(w) }

// Null writes null.
func (w *Writer) Null() { w.buf = append(w.buf, "null"...) }

// Raw writes a text that is JSON already.
func (w *Writer) Raw(json string) bool {
	w.buf = append(w.buf, json...)
	return true
}

// String writes a text as graphql.MarshalString does. The methods for scalars return true, like
// everything that writes a value.
func (w *Writer) String(s string) bool {
	const hex = "0123456789ABCDEF"
	b := append(w.buf, '"')
	start := 0
	for i := range len(s) {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		b = append(b, s[start:i]...)
		start = i + 1
		switch c {
		case '\t':
			b = append(b, '\\', 't')
		case '\r':
			b = append(b, '\\', 'r')
		case '\n':
			b = append(b, '\\', 'n')
		case '\\', '"':
			b = append(b, '\\', c)
		default:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&0xf])
		}
	}
	b = append(b, s[start:]...)
	w.buf = append(b, '"')
	return true
}

// Int writes a whole number.
func (w *Writer) Int(n int) bool {
	w.buf = strconv.AppendInt(w.buf, int64(n), 10)
	return true
}

// Bool writes a truth value.
func (w *Writer) Bool(v bool) bool {
	w.buf = strconv.AppendBool(w.buf, v)
	return true
}

// Float writes a number as graphql.MarshalFloatContext does: one that JSON does not have is null, with
// an error, even where it must not be null.
func (w *Writer) Float(f float64) bool {
	if math.IsInf(f, 0) || math.IsNaN(f) {
		ctx := w.Context()
		err := graphql.MarshalFloatContext(f).MarshalGQLContext(ctx, io.Discard)
		w.late = append(w.late, late{at: len(w.buf), ctx: ctx, err: err})
		w.Null()
		return true
	}
	w.buf = strconv.AppendFloat(w.buf, f, 'g', -1, 64)
	return true
}
