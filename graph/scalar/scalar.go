// Package scalar writes and reads the custom scalars of the API.
package scalar

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/99designs/gqlgen/graphql"
)

const timeLayout = "2006-01-02T15:04:05.999999Z07:00"

// MarshalTime writes a moment in UTC, to the microsecond.
func MarshalTime(t time.Time) graphql.Marshaler {
	return graphql.WriterFunc(func(w io.Writer) {
		b := make([]byte, 0, len(timeLayout)+2)
		b = append(b, '"')
		b = t.UTC().AppendFormat(b, timeLayout)
		_, _ = w.Write(append(b, '"'))
	})
}

// UnmarshalTime reads RFC 3339.
func UnmarshalTime(v any) (time.Time, error) {
	s, ok := v.(string)
	if !ok {
		return time.Time{}, fmt.Errorf("a Time is a text such as 2026-01-31T12:00:00Z, not %T", v)
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return time.Time{}, fmt.Errorf("a Time is a text such as 2026-01-31T12:00:00Z")
	}
	return t.UTC(), nil
}

// MaxSequence is the largest whole number that every JSON reader keeps exactly.
const MaxSequence = 1<<53 - 1

// MarshalSequence writes a sequence number.
func MarshalSequence(n int64) graphql.Marshaler {
	return graphql.WriterFunc(func(w io.Writer) {
		_, _ = w.Write(strconv.AppendInt(nil, n, 10))
	})
}

// UnmarshalSequence reads a sequence number, from 0 to MaxSequence.
func UnmarshalSequence(v any) (int64, error) {
	var n int64
	var err error
	switch v := v.(type) {
	case json.Number:
		n, err = v.Int64()
	case int64:
		n = v
	case int:
		n = int64(v)
	case int32:
		n = int64(v)
	case float64:
		n = int64(v)
		if float64(n) != v {
			err = strconv.ErrSyntax
		}
	default:
		err = strconv.ErrSyntax
	}
	if err != nil || n < 0 || n > MaxSequence {
		return 0, fmt.Errorf("a Sequence is a whole number from 0 to %d", int64(MaxSequence))
	}
	return n, nil
}
