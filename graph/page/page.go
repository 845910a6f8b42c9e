// Package page implements the connections of the API: keyset pagination with cursors of our own.
//
// A cursor carries the list it belongs to (with its order and filter), the order key of its row and the
// row's id. It is opaque to clients and checked before any statement is sent: a cursor of another list or
// filter, or one that was altered on the way, is refused, never misread. It is no secret and opens
// nothing: what may be seen is decided by each statement.
package page

import (
	"crypto/sha256"
	"errors"
	"math"

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
	// NullsLast is for a Float column that may be NULL and is finite else: rows without a value come last
	// in either direction, as if they had an infinite one.
	NullsLast bool
}

// term is the order key of a row in SQL; c qualifies a column. Where NULL stands for a value, the list
// has no second half with a predicate of its own: one row comparison, and with it one index range,
// serves it throughout. The migrations make an index of this very expression for either direction.
func (o Order) term(c func(string) string) string {
	switch {
	case !o.NullsLast:
		return c(o.Column)
	case o.Desc:
		return "coalesce(" + c(o.Column) + ", '-Infinity'::double precision)"
	default:
		return "coalesce(" + c(o.Column) + ", 'Infinity'::double precision)"
	}
}

// beyondAll is the key that NULL stands for.
func (o Order) beyondAll() float64 {
	if o.Desc {
		return math.Inf(-1)
	}
	return math.Inf(1)
}

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
	tag           [sha256.Size]byte
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

// beyond is (key, id) > (k, i), or < when not ascending: a row comparison, which one index range
// serves.
func (r *Request) beyond(s *sql.Selector, p *position, greater bool) *sql.Predicate {
	op := " < "
	if greater {
		op = " > "
	}
	key := p.key
	if key == nil {
		key = r.list.Order.beyondAll()
	}
	row := "(" + r.list.Order.term(s.C) + ", " + s.C("id") + ")"
	return sql.P(func(b *sql.Builder) {
		b.WriteString(row + op + "(")
		b.Args(key, p.id)
		b.WriteString(")")
	})
}

// OrderBy orders the rows, backwards for a page from the end.
func (r *Request) OrderBy(s *sql.Selector) {
	terms := r.OrderTerms(s.C)
	s.OrderExprFunc(func(b *sql.Builder) { b.WriteString(terms) })
}

// OrderTerms is the same order as text, for a window; c qualifies a column.
func (r *Request) OrderTerms(c func(string) string) string {
	direction := " ASC"
	if r.list.Order.Desc != r.backward {
		direction = " DESC"
	}
	return r.list.Order.term(c) + direction + ", " + c("id") + direction
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
// gives the order key and the id of a row; a key is of its Kind's Go type, nil for NULL.
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
