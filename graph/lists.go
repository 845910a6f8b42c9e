package graph

import (
	"context"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"
	"github.com/99designs/gqlgen/graphql"

	"github.com/rubrica/rubrica/graph/load"
	"github.com/rubrica/rubrica/graph/page"
)

// lister is what every generated query can do.
type lister[T any] interface {
	WhereP(...func(*sql.Selector))
	All(context.Context) ([]T, error)
	Count(context.Context) (int, error)
}

// source is where the rows of a list at the root come from.
type source[T any] struct {
	typ    string // of the API
	name   string // of the list, for its cursors
	filter any    // as it was given: a cursor is good for one filter
	by     ordering[T]
	query  func(modifiers ...func(*sql.Selector)) lister[T]
}

// read reads a page, and the levels below it as far as they are selected. The count is read only when
// it is selected.
func (s source[T]) read(ctx context.Context, args page.Args, filter func(*sql.Selector)) (*page.Page[T], int, error) {
	request, err := page.Parse(page.List{Name: s.name, Filter: s.filter, Order: s.by.Order}, args)
	if err != nil {
		return nil, 0, err
	}
	q := s.query()
	if narrow, ok := q.(interface{ Columns(names ...string) }); ok {
		load.Narrow(ctx, s.typ, narrow)
	}
	q.WhereP(filter, request.Where, request.OrderBy, func(s *sql.Selector) { s.Limit(request.Size() + 1) })
	rows, err := q.All(ctx)
	if err != nil {
		return nil, 0, err
	}
	p := page.Make(request, rows, s.by.key)
	selections := graphql.GetFieldContext(ctx).Field.Selections
	objects := make([]any, len(p.Nodes))
	for i, n := range p.Nodes {
		objects[i] = n
	}
	for _, nodes := range load.Nodes(ctx, selections) {
		load.Walk(ctx, s.typ, objects, nodes)
	}
	n, err := total(ctx, func() (int, error) {
		q := s.query(capped)
		q.WhereP(filter)
		return q.Count(ctx)
	})
	return p, n, err
}

// capped has a count stop at page.MaxCount rows. It is a modifier, which ent applies after all
// conditions, those of privacy included: what is counted is what may be seen.
func capped(s *sql.Selector) {
	rows := s.Clone()
	rows.Select(rows.C("id")).Limit(page.MaxCount).As(s.TableName()) // what ent counts is named by the table
	*s = *sql.Dialect(dialect.Postgres).Select().From(rows).WithContext(s.Context())
}

// total is the totalCount of the connection that is being resolved, or 0 when it is not selected.
func total(ctx context.Context, count func() (int, error)) (int, error) {
	if !load.Selected(ctx, graphql.GetFieldContext(ctx).Field.Selections, "totalCount") {
		return 0, nil
	}
	n, err := count()
	return min(n, page.MaxCount), err
}

// below loads the levels below one object, as far as they are selected.
func below[T any](ctx context.Context, typ string, object *T) {
	if object != nil {
		load.Walk(ctx, typ, []any{object}, graphql.GetFieldContext(ctx).Field.Selections)
	}
}

func everything(*sql.Selector) {}
