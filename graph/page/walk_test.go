package page_test

import (
	"context"
	stdsql "database/sql"
	"fmt"
	"slices"
	"testing"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/rubrica/rubrica/graph/page"
	"github.com/rubrica/rubrica/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

var sizes = []int{1, 2, 7, 100}

// table is a list of the order's own in a real Postgres: what its comparisons and its ORDER BY make of
// a key is what counts.
type table struct {
	db   *stdsql.DB
	list page.List
}

func newTable(t *testing.T, db *stdsql.DB, n int, order page.Order) table {
	t.Helper()
	types := map[page.Kind]string{page.Text: "text", page.Number: "bigint", page.Moment: "timestamptz", page.Float: "double precision"}
	w := table{db, page.List{Name: fmt.Sprint("things", n), Order: order}}
	w.exec(t, `CREATE TABLE `+w.list.Name+` (id uuid PRIMARY KEY, c `+types[order.Kind]+`)`)
	return w
}

func (w table) exec(t require.TestingT, query string, args ...any) {
	_, err := w.db.ExecContext(context.Background(), query, args...)
	require.NoError(t, err)
}

// fill replaces the rows. Few keys for many rows: most rows share theirs with others.
func (w table) fill(t *rapid.T) []uuid.UUID {
	w.exec(t, `DELETE FROM `+w.list.Name)
	pool := make([]any, rapid.IntRange(1, 5).Draw(t, "keys"))
	for i := range pool {
		pool[i] = key(t, w.list.Order)
	}
	ids := make([]uuid.UUID, rapid.IntRange(0, 16).Draw(t, "rows"))
	for i := range ids {
		ids[i] = w.insert(t, rapid.SampledFrom(pool).Draw(t, "row"))
	}
	return ids
}

func (w table) insert(t *rapid.T, key any) uuid.UUID {
	id := uuid.New()
	w.exec(t, `INSERT INTO `+w.list.Name+` (id, c) VALUES ($1, $2)`, id, key)
	return id
}

// want is the whole list at once, by an ORDER BY written by hand.
func (w table) want(t *rapid.T) (ids []uuid.UUID) {
	direction := "ASC"
	if w.list.Order.Desc {
		direction = "DESC"
	}
	for _, r := range w.rows(t, fmt.Sprintf(`SELECT id, c FROM %s ORDER BY c %s NULLS LAST, id %[2]s`, w.list.Name, direction)) {
		ids = append(ids, r.id)
	}
	return ids
}

func (w table) rows(t *rapid.T, query string, args ...any) (out []row) {
	list, err := w.db.QueryContext(context.Background(), query, args...)
	require.NoError(t, err)
	defer func() { require.NoError(t, list.Close()) }()
	for list.Next() {
		var r row
		switch w.list.Order.Kind {
		case page.Text:
			var s string
			require.NoError(t, list.Scan(&r.id, &s))
			r.key = s
		case page.Float:
			var f *float64
			require.NoError(t, list.Scan(&r.id, &f))
			r.key = f
		default:
			require.NoError(t, list.Scan(&r.id, &r.key))
		}
		out = append(out, r)
	}
	require.NoError(t, list.Err())
	return out
}

// walk reads the list in pages and returns its ids in the list's order. Between two pages it calls
// between.
func (w table) walk(t *rapid.T, size int, backward bool, between func()) (ids []uuid.UUID) {
	var cursor *string
	for pages := 0; ; pages++ {
		require.Less(t, pages, 100, "the list does not end")
		args := page.Args{First: &size, After: cursor}
		if backward {
			args = page.Args{Last: &size, Before: cursor}
		}
		request, err := page.Parse(w.list, args)
		require.NoError(t, err)
		s := sql.Dialect(dialect.Postgres).Select("id", "c").From(sql.Table(w.list.Name)).Limit(size + 1)
		request.Where(s)
		request.OrderBy(s)
		query, values := s.Query()
		p := page.Make(request, w.rows(t, query, values...), keyOf)
		require.LessOrEqual(t, len(p.Nodes), size)
		shown := make([]uuid.UUID, len(p.Nodes))
		for i, r := range p.Nodes {
			shown[i] = r.id
		}
		more := p.Info.HasNextPage
		cursor = p.Info.EndCursor
		if backward {
			more, cursor = p.Info.HasPreviousPage, p.Info.StartCursor
			ids = slices.Concat(shown, ids)
		} else {
			ids = slices.Concat(ids, shown)
		}
		if !more {
			return ids
		}
		require.Len(t, shown, size, "only the last page is shorter")
		between()
	}
}

// Whatever the keys, pages of any size visit each row once, in one order from either end.
func TestPagesVisitEachRowOnce(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t).DB(t)
	for n, order := range orders() {
		w := newTable(t, db, n, order)
		rapid.Check(t, func(t *rapid.T) {
			w.fill(t)
			want := w.want(t)
			for _, size := range sizes {
				for _, backward := range []bool{false, true} {
					require.Equal(t, want, w.walk(t, size, backward, func() {}), "%+v, pages of %d, backward: %t", order, size, backward)
				}
			}
		})
	}
}

// Rows that come and go between two pages neither double nor hide the others.
func TestPagesWhileRowsComeAndGo(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t).DB(t)
	for n, order := range orders() {
		w := newTable(t, db, n, order)
		rapid.Check(t, func(t *rapid.T) {
			stayed := w.fill(t)
			size, backward := rapid.SampledFrom(sizes).Draw(t, "size"), rapid.Bool().Draw(t, "backward")
			inserts := 20
			got := w.walk(t, size, backward, func() {
				for range rapid.IntRange(0, 2).Draw(t, "inserted") {
					if inserts--; inserts > 0 {
						w.insert(t, key(t, order))
					}
				}
				if len(stayed) > 0 && rapid.Bool().Draw(t, "delete") {
					i := rapid.IntRange(0, len(stayed)-1).Draw(t, "which")
					w.exec(t, `DELETE FROM `+w.list.Name+` WHERE id = $1`, stayed[i])
					stayed = slices.Delete(slices.Clone(stayed), i, i+1)
				}
			})
			seen := map[uuid.UUID]int{}
			for _, id := range got {
				seen[id]++
				require.Equal(t, 1, seen[id], "a row came twice")
			}
			for _, id := range stayed {
				require.Equal(t, 1, seen[id], "a row that stayed was left out")
			}
			// Those that are still there came in the list's order.
			whole := w.want(t)
			require.Equal(t, both(whole, got), both(got, whole))
		})
	}
}

// both keeps what is in the other list too.
func both(list, other []uuid.UUID) (out []uuid.UUID) {
	for _, id := range list {
		if slices.Contains(other, id) {
			out = append(out, id)
		}
	}
	return out
}
