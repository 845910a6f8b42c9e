package load

import (
	"context"
	"fmt"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"

	"github.com/rubrica/rubrica/graph/page"
)

// pageKey asks for a page below a parent. It is comparable, so that equal pages are loaded once.
type pageKey struct {
	parent        id
	first, last   int // 0: not given
	after, before string
}

func keyOf(parent id, a page.Args) pageKey {
	k := pageKey{parent: parent}
	if a.First != nil {
		k.first = *a.First
	}
	if a.Last != nil {
		k.last = *a.Last
	}
	if a.After != nil {
		k.after = *a.After
	}
	if a.Before != nil {
		k.before = *a.Before
	}
	return k
}

func (k pageKey) args() page.Args {
	var a page.Args
	if k.first != 0 {
		a.First = &k.first
	}
	if k.last != 0 {
		a.Last = &k.last
	}
	if k.after != "" {
		a.After = &k.after
	}
	if k.before != "" {
		a.Before = &k.before
	}
	return a
}

// connection is an edge to pages: those of all parents of a level come with one statement, and how
// many rows each parent has with another.
type connection[T any] struct {
	list   page.List
	pages  *edge[pageKey, *page.Page[*T]]
	totals *edge[id, int]
}

// toPages makes the edge to the pages of the rows whose column is the parent. The conditions narrow the
// list for everybody; key gives the order key and the id of a row.
func toPages[T any](k kind[T], column string, parent func(*T) id, list page.List, key func(*T) (any, id), conditions ...func(*sql.Selector)) connection[T] {
	return connection[T]{
		list: list,
		pages: newEdge(func(ctx context.Context, s *Set, keys []pageKey) (map[pageKey]*page.Page[*T], error) {
			out := make(map[pageKey]*page.Page[*T], len(keys))
			for args, parents := range byArgs(keys) {
				request, err := page.Parse(list, args.args())
				if err != nil {
					return nil, err
				}
				q := k.read(s)
				q.WhereP(conditions...)
				q.WhereP(request.Where)
				q.Finish(pageOfEach(request, column, parents))
				rows, err := k.all(ctx, q)
				if err != nil {
					return nil, err
				}
				children := group(rows, parent)
				for _, p := range parents {
					k := args
					k.parent = p
					out[k] = page.Make(request, children[p], key)
				}
			}
			return out, nil
		}),
		totals: newEdge(func(ctx context.Context, s *Set, parents []id) (map[id]int, error) {
			q := k.query(s.db.Ent)
			q.WhereP(conditions...)
			counts, err := countOfEach(ctx, s, q, column, parents)
			if err != nil {
				return nil, fmt.Errorf("counting %s: %w", list.Name, err)
			}
			return counts, nil
		}),
	}
}

// byArgs groups keys by their arguments; within a level there is one group.
func byArgs(keys []pageKey) map[pageKey][]id {
	m := map[pageKey][]id{}
	for _, k := range keys {
		parent := k.parent
		k.parent = id{}
		m[k] = append(m[k], parent)
	}
	return m
}

// each is the name of the parents' table in the statements below.
const each = "each_parent"

// below keeps, in a statement within another, the rows below the parent at hand.
func below(s *sql.Selector, column string) *sql.Selector {
	return s.Where(sql.P(func(b *sql.Builder) {
		b.WriteString(s.C(column)).WriteString(" = ").Ident(each).WriteString(".").Ident("id")
	}))
}

// fromEach writes the table of the parents.
func fromEach(b *sql.Builder, parents []id) {
	b.WriteString(" FROM unnest(").Arg(array(parents)).WriteString("::uuid[]) AS ").
		Ident(each).WriteString("(").Ident("id").WriteString(")")
}

// pageOfEach keeps the rows of a page for each parent, one more than shown, in the page's order. The
// page is cut among the rows that all other conditions keep, the viewer's privacy included: cut
// earlier, it would hold less than there is to see. Of a parent with many rows no more are read than
// the page shows, where an index has the order.
func pageOfEach(r *page.Request, column string, parents []id) func(*sql.Selector) {
	return func(s *sql.Selector) {
		rows := below(s.Clone(), column)
		rows.Select(rows.C("id")).Limit(r.Size() + 1)
		r.OrderBy(rows)
		s.SetP(nil) // they all stand within
		s.Where(sql.P(func(b *sql.Builder) {
			b.WriteString(s.C("id")).WriteString(" IN ").Wrap(func(b *sql.Builder) {
				b.WriteString("SELECT page.id")
				fromEach(b, parents)
				b.WriteString(" CROSS JOIN LATERAL ").Wrap(func(b *sql.Builder) { b.Join(rows) }).WriteString(" AS page")
			})
		}))
		r.OrderBy(s)
	}
}

// countOfEach counts the rows of a query below each parent, as far as the viewer may see them, and
// stops at page.MaxCount.
func countOfEach[T any](ctx context.Context, s *Set, q query[T], column string, parents []id) (counts map[id]int, err error) {
	narrowed, err := q.Narrowed(ctx)
	if err != nil {
		return nil, err
	}
	rows := below(narrowed, column).SelectExpr(sql.Raw("1")).Limit(page.MaxCount)
	var b sql.Builder
	b.SetDialect(dialect.Postgres)
	b.WriteString("SELECT ").Ident(each).WriteString(".").Ident("id").WriteString(", (SELECT count(*) FROM ").
		Wrap(func(b *sql.Builder) { b.Join(rows) }).WriteString(" AS counted)")
	fromEach(&b, parents)
	text, args := b.Query()
	list, err := s.db.Ent.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	defer func() {
		if closing := list.Close(); err == nil {
			err = closing
		}
	}()
	counts = make(map[id]int, len(parents))
	for list.Next() {
		var parent id
		var n int
		if err := list.Scan(&parent, &n); err != nil {
			return nil, err
		}
		counts[parent] = n
	}
	return counts, list.Err()
}
