package load

import (
	"context"
	"fmt"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"

	"github.com/rubrica/rubrica/graph/page"
)

// The lists below an object. Their order is part of the contract.
var (
	Runs      = page.List{Name: "Essay.runs", Order: page.Order{Column: "number", Desc: true, Kind: page.Number}}
	Questions = page.List{Name: "Track.questions", Order: page.Order{Column: "position", Kind: page.Number}}
	Members   = page.List{Name: "Cohort.members", Order: page.Order{Column: "created_at", Kind: page.Moment}}
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

// connection is an edge to pages: of all parents of a level with one statement, which numbers the
// rows of each parent.
type connection[T any] struct {
	list   page.List
	pages  *edge[pageKey, *page.Page[T]]
	totals *edge[id, int]
}

// newConnection makes an edge to pages. The query of from has everything that narrows the list; it
// must have rank as a modifier, which ent applies after all conditions, those of privacy included.
func newConnection[T any](list page.List, parent string, from func(rank func(*sql.Selector)) query[T],
	of func(T) id, key func(T) (any, id), count func(context.Context, func(*sql.Selector)) (map[id]int, error)) connection[T] {
	return connection[T]{
		list: list,
		pages: newEdge(func(ctx context.Context, keys []pageKey) (map[pageKey]*page.Page[T], error) {
			out := make(map[pageKey]*page.Page[T], len(keys))
			for args, parents := range byArgs(keys) {
				request, err := page.Parse(list, args.args())
				if err != nil {
					return nil, err
				}
				q := from(firstOfEach(request, parent))
				q.WhereP(anyOf(parent, parents), request.Where)
				rows, err := q.All(ctx)
				if err != nil {
					return nil, fmt.Errorf("loading %s: %w", list.Name, err)
				}
				children := group(rows, of)
				for _, p := range parents {
					k := args
					k.parent = p
					out[k] = page.Make(request, children[p], key)
				}
			}
			return out, nil
		}),
		totals: newEdge(func(ctx context.Context, parents []id) (map[id]int, error) {
			counts, err := count(ctx, anyOf(parent, parents))
			if err != nil {
				return nil, fmt.Errorf("counting %s: %w", list.Name, err)
			}
			for k, n := range counts {
				counts[k] = min(n, page.MaxCount)
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

// firstOfEach keeps the rows of a page for each parent, one more than shown, in the page's order. Rows
// are numbered among those that all other conditions keep, the viewer's privacy included: numbered
// earlier, a page would hold less than there is to see.
func firstOfEach(r *page.Request, parent string) func(*sql.Selector) {
	return func(s *sql.Selector) {
		ranked := s.Clone()
		ranked.Select(ranked.C("id"))
		ranked.AppendSelectExprAs(sql.Raw(
			"row_number() OVER (PARTITION BY "+ranked.C(parent)+" ORDER BY "+r.OrderTerms(ranked.C)+")"), "place")
		ranked.As("ranked")
		s.Where(sql.In(s.C("id"), sql.Dialect(dialect.Postgres).Select("id").From(ranked).
			Where(sql.LTE("place", r.Size()+1))))
		r.OrderBy(s)
	}
}
