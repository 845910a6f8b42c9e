// Package page implements the connections of the API: keyset pagination with cursors of our own.
//
// A cursor carries the list it belongs to (with its filter), the order key of its row and the row's
// id. It is opaque to clients and checked before any statement is sent: a cursor of another list or
// filter, or one that was altered on the way, is refused, never misread. It is no secret and opens
// nothing: what may be seen is decided by each statement.
package page

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"entgo.io/ent/dialect/sql"
	"github.com/google/uuid"
)

// MaxSize is the largest page.
const MaxSize = 100

// MaxCount is where counting stops: a list with more rows answers MaxCount.
const MaxCount = 25_001

// Errors of the arguments.
var (
	ErrArguments = errors.New("give either first or last, from 1 to 100")
	ErrCursor    = errors.New("this cursor belongs to another list, order or filter: pass on a cursor that this same field gave")
)

// Info tells where a page lies in its list.
type Info struct {
	HasNextPage, HasPreviousPage bool
	StartCursor, EndCursor       *string
}

// Args are the arguments of a connection field.
type Args struct {
	First, Last   *int
	After, Before *string
}

// Order is how a list is ordered: by one column, then by id in the same direction.
type Order struct {
	Column string
	Desc   bool
	Kind   Kind
}

// Kind is the type of an order column.
type Kind int

// The kinds of order columns.
const (
	Text   Kind = iota
	Number      // whole
	Moment
)

// List names a list for its cursors; Filter is whatever narrows it.
type List struct {
	Name   string
	Filter any
	Order  Order
}

// Request is a checked page request.
type Request struct {
	list          List
	size          int
	backward      bool
	after, before *position
	tag           string
}

type position struct {
	Key any
	ID  uuid.UUID
}

type cursor struct {
	V   int             `json:"v"`
	Tag string          `json:"t"`
	Key json.RawMessage `json:"k"`
	ID  uuid.UUID       `json:"i"`
}

// Parse checks the arguments. It returns ErrArguments or ErrCursor.
func Parse(list List, args Args) (*Request, error) {
	r := &Request{list: list, tag: list.tag()}
	switch {
	case (args.First == nil) == (args.Last == nil):
		return nil, ErrArguments
	case args.First != nil:
		r.size = *args.First
	default:
		r.size, r.backward = *args.Last, true
	}
	if r.size < 1 || r.size > MaxSize {
		return nil, ErrArguments
	}
	var err error
	if r.after, err = r.read(args.After); err != nil {
		return nil, err
	}
	if r.before, err = r.read(args.Before); err != nil {
		return nil, err
	}
	return r, nil
}

func (l List) tag() string {
	filter, err := json.Marshal(l.Filter)
	if err != nil {
		panic(fmt.Sprintf("page: the filter of %s cannot be written: %v", l.Name, err))
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s|%s|%t|%s", l.Name, l.Order.Column, l.Order.Desc, filter))
	return base64.RawURLEncoding.EncodeToString(sum[:9])
}

func (r *Request) read(s *string) (*position, error) {
	if s == nil {
		return nil, nil //nolint:nilnil // no cursor is no position
	}
	raw, err := base64.RawURLEncoding.DecodeString(*s)
	if err != nil {
		return nil, ErrCursor
	}
	var c cursor
	if err := json.Unmarshal(raw, &c); err != nil {
		return nil, ErrCursor
	}
	p := &position{ID: c.ID}
	switch r.list.Order.Kind {
	case Number:
		var n int64
		err = json.Unmarshal(c.Key, &n)
		p.Key = n
	case Moment:
		var t time.Time
		err = json.Unmarshal(c.Key, &t)
		p.Key = t
	default:
		var t string
		err = json.Unmarshal(c.Key, &t)
		p.Key = t
		if strings.ContainsRune(t, 0) { // which no row holds and Postgres refuses
			return nil, ErrCursor
		}
	}
	// A cursor is ours when we would have written the same: this holds its tag, and every letter.
	if err != nil || r.write(p.Key, p.ID) != *s {
		return nil, ErrCursor
	}
	return p, nil
}

func (r *Request) write(key any, id uuid.UUID) string {
	if t, ok := key.(time.Time); ok {
		key = t.UTC() // whatever the time zone of the connection
	}
	k, err := json.Marshal(key)
	if err == nil {
		sum := sha256.Sum256(fmt.Appendf(nil, "%s|%s|%s", r.tag, k, id))
		k, err = json.Marshal(cursor{V: 1, Tag: base64.RawURLEncoding.EncodeToString(sum[:9]), Key: k, ID: id})
	}
	if err != nil {
		panic(fmt.Sprintf("page: a cursor of %s cannot be written: %v", r.list.Name, err))
	}
	return base64.RawURLEncoding.EncodeToString(k)
}

// Size is how many rows the page shows at most; one more is read to know whether there are more.
func (r *Request) Size() int { return r.size }

// Where keeps the rows between the cursors.
func (r *Request) Where(s *sql.Selector) {
	if r.after != nil {
		s.Where(r.beyond(s, r.after, !r.list.Order.Desc))
	}
	if r.before != nil {
		s.Where(r.beyond(s, r.before, r.list.Order.Desc))
	}
}

// beyond is (column, id) > (key, id), or < when not ascending: a row comparison, which one index
// range serves.
func (r *Request) beyond(s *sql.Selector, p *position, greater bool) *sql.Predicate {
	op := " < "
	if greater {
		op = " > "
	}
	row := "(" + s.C(r.list.Order.Column) + ", " + s.C("id") + ")"
	return sql.P(func(b *sql.Builder) {
		b.WriteString(row + op + "(")
		b.Args(p.Key, p.ID)
		b.WriteString(")")
	})
}

// OrderBy orders the rows, backwards for a page from the end.
func (r *Request) OrderBy(s *sql.Selector) {
	if r.list.Order.Desc != r.backward {
		s.OrderBy(sql.Desc(s.C(r.list.Order.Column)), sql.Desc(s.C("id")))
	} else {
		s.OrderBy(sql.Asc(s.C(r.list.Order.Column)), sql.Asc(s.C("id")))
	}
}

// OrderTerms is the same order as text, for a window; c qualifies a column.
func (r *Request) OrderTerms(c func(string) string) string {
	direction := " ASC"
	if r.list.Order.Desc != r.backward {
		direction = " DESC"
	}
	return c(r.list.Order.Column) + direction + ", " + c("id") + direction
}

// Backward tells whether rows come from the end of the list.
func (r *Request) Backward() bool { return r.backward }

// Page is a page of rows of type T.
type Page[T any] struct {
	Nodes   []T
	Cursors []string
	Info    *Info
}

// Make cuts what was read (up to Size+1 rows in the order of OrderBy) to the page. The key function
// gives the order key and the id of a row.
func Make[T any](r *Request, rows []T, key func(T) (any, uuid.UUID)) *Page[T] {
	more := len(rows) > r.size
	if more {
		rows = rows[:r.size]
	}
	if r.backward {
		for i, j := 0, len(rows)-1; i < j; i, j = i+1, j-1 {
			rows[i], rows[j] = rows[j], rows[i]
		}
	}
	p := &Page[T]{Nodes: rows, Cursors: make([]string, len(rows)), Info: &Info{}}
	for i, row := range rows {
		p.Cursors[i] = r.write(key(row))
	}
	if len(rows) > 0 {
		p.Info.StartCursor, p.Info.EndCursor = &p.Cursors[0], &p.Cursors[len(rows)-1]
	}
	if r.backward {
		p.Info.HasPreviousPage, p.Info.HasNextPage = more, r.before != nil
	} else {
		p.Info.HasNextPage, p.Info.HasPreviousPage = more, r.after != nil
	}
	return p
}
