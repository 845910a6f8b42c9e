// Package scalar writes and reads the custom scalars of the API.
package scalar

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"regexp"
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

// MarshalDuration writes a length of time as an ISO 8601 duration, to the millisecond.
func MarshalDuration(d time.Duration) graphql.Marshaler {
	return graphql.WriterFunc(func(w io.Writer) {
		_, _ = io.WriteString(w, `"`+duration(d)+`"`)
	})
}

func duration(d time.Duration) string {
	d = d.Round(time.Millisecond)
	b := []byte("PT")
	if d < 0 {
		b, d = []byte("-PT"), -d
	}
	if h := d / time.Hour; h > 0 {
		b = append(strconv.AppendInt(b, int64(h), 10), 'H')
	}
	if m := d % time.Hour / time.Minute; m > 0 {
		b = append(strconv.AppendInt(b, int64(m), 10), 'M')
	}
	if s := d % time.Minute; s > 0 || d == 0 {
		b = append(strconv.AppendFloat(b, float64(s.Milliseconds())/1000, 'f', -1, 64), 'S')
	}
	return string(b)
}

var durationForm = regexp.MustCompile(`^PT(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,6})(?:\.(\d{1,3}))?S)?$`)

// UnmarshalDuration reads an ISO 8601 duration in hours, minutes and seconds.
func UnmarshalDuration(v any) (time.Duration, error) {
	s, ok := v.(string)
	m := durationForm.FindStringSubmatch(s)
	if !ok || m == nil || len(s) == len("PT") {
		return 0, fmt.Errorf("a Duration is a text such as PT1M3.25S")
	}
	var d time.Duration
	for i, unit := range []time.Duration{time.Hour, time.Minute, time.Second} {
		n, _ := strconv.Atoi("0" + m[i+1]) // at most six digits
		d += time.Duration(n) * unit
	}
	ms, _ := strconv.Atoi((m[4] + "000")[:3])
	return d + time.Duration(ms)*time.Millisecond, nil
}

// maxURL bounds an address, in bytes.
const maxURL = 2048

// MarshalURL writes an address.
func MarshalURL(s string) graphql.Marshaler { return graphql.MarshalString(s) }

// UnmarshalURL reads an absolute http or https address.
func UnmarshalURL(v any) (string, error) {
	s, ok := v.(string)
	u, err := url.Parse(s)
	if !ok || err != nil || len(s) > maxURL || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return "", fmt.Errorf("a URL is an absolute http or https address of at most %d characters", maxURL)
	}
	return s, nil
}
