package page

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
)

// Kind is the type of an order column.
type Kind int

// The kinds of order columns, with the Go types of their keys.
const (
	Text   Kind = iota // string
	Number             // int or int64: whole
	Moment             // time.Time, to the microsecond
	Float              // float64, or *float64 where NullsLast
)

// position is where a cursor points: behind or before the row with this key and id.
type position struct {
	key any // nil: NULL
	id  uuid.UUID
}

// A cursor is, in base64: one byte with the version, the sum of its list and position, the row's id,
// and the key: nothing for NULL, else a mark and the value. The sum is no signature. It tells a cursor of
// another list, order or filter and one that was altered on the way; what somebody puts together with
// care is read, and asks for no more than they could ask for anyway.
const (
	version = 2
	sumSize = 9
	idFrom  = 1 + sumSize
	keyFrom = idFrom + 16
	isValue = 1 // the mark
)

// firstMoment that a cursor may hold, in microseconds of Unix time: the first that the driver writes as
// Postgres reads it. The last that fits is earlier than the last that Postgres has.
var firstMoment = time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()

// tag tells lists apart, and the same list with another order or filter.
func (l List) tag() [sha256.Size]byte {
	filter, err := json.Marshal(l.Filter)
	if err != nil {
		panic(fmt.Sprintf("page: the filter of %s cannot be written: %v", l.Name, err))
	}
	return sha256.Sum256(fmt.Appendf(nil, "%s|%s|%t|%s", l.Name, l.Order.Column, l.Order.Desc, filter))
}

// write makes the cursor of a row. A key that is not of the order's kind is a fault of the program, and
// panics.
func (r *Request) write(key any, id uuid.UUID) string {
	b := make([]byte, keyFrom, keyFrom+1+8)
	b[0] = version
	copy(b[idFrom:], id[:])
	b = r.list.Order.appendKey(b, key)
	sum := r.sum(b)
	copy(b[1:idFrom], sum[:])
	return base64.RawURLEncoding.EncodeToString(b)
}

// sum is over the list and what stands behind the sum.
func (r *Request) sum(b []byte) [sumSize]byte {
	whole := make([]byte, 0, len(r.tag)+len(b))
	whole = append(whole, r.tag[:]...)
	whole = append(whole, b[idFrom:]...)
	sum := sha256.Sum256(whole)
	return [sumSize]byte(sum[:sumSize])
}

func (o Order) appendKey(b []byte, key any) []byte {
	if p, ok := key.(*float64); ok {
		if p == nil {
			key = nil
		} else {
			key = *p
		}
	}
	if key == nil && o.NullsLast {
		return b
	}
	b = append(b, isValue)
	switch k := key.(type) {
	case string:
		if o.Kind == Text {
			return append(b, k...)
		}
	case int:
		if o.Kind == Number {
			return binary.BigEndian.AppendUint64(b, uint64(k)) //nolint:gosec // bits
		}
	case int64:
		if o.Kind == Number {
			return binary.BigEndian.AppendUint64(b, uint64(k)) //nolint:gosec // bits
		}
	case time.Time:
		if o.Kind == Moment {
			return binary.BigEndian.AppendUint64(b, uint64(k.UnixMicro())) //nolint:gosec // bits
		}
	case float64:
		if o.Kind == Float {
			return binary.BigEndian.AppendUint64(b, math.Float64bits(k))
		}
	}
	panic(fmt.Sprintf("page: a key of type %T does not fit the order by %s", key, o.Column))
}

// read takes a cursor apart. It returns nil for none, and ErrCursor for one that is not of this list.
func (r *Request) read(s *string) (*position, error) {
	if s == nil {
		return nil, nil //nolint:nilnil // no cursor is no position
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(*s)
	// The decoder passes over line breaks: one cursor would have many texts.
	if err != nil || len(b) < keyFrom || b[0] != version || strings.ContainsAny(*s, "\r\n") {
		return nil, ErrCursor
	}
	if r.sum(b) != [sumSize]byte(b[1:idFrom]) {
		return nil, ErrCursor
	}
	key, ok := r.list.Order.readKey(b[keyFrom:])
	if !ok {
		return nil, ErrCursor
	}
	return &position{key: key, id: uuid.UUID(b[idFrom:keyFrom])}, nil
}

// readKey reads what appendKey wrote, and refuses what no row can hold and Postgres would refuse.
func (o Order) readKey(b []byte) (key any, ok bool) {
	if len(b) == 0 {
		return nil, o.NullsLast
	}
	if b[0] != isValue {
		return nil, false
	}
	b = b[1:]
	if o.Kind == Text {
		s := string(b)
		return s, utf8.ValidString(s) && !strings.ContainsRune(s, 0)
	}
	if len(b) != 8 {
		return nil, false
	}
	bits := binary.BigEndian.Uint64(b)
	switch o.Kind {
	case Number:
		return int64(bits), true //nolint:gosec // bits
	case Moment:
		micro := int64(bits) //nolint:gosec // bits
		return time.UnixMicro(micro).UTC(), micro >= firstMoment
	default:
		return math.Float64frombits(bits), true
	}
}
