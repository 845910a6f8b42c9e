package page_test

import (
	"cmp"
	"encoding/base64"
	"slices"
	"testing"
	"time"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/rubrica/rubrica/graph/page"
)

type row struct {
	key any
	id  uuid.UUID
}

func keyOf(r row) (any, uuid.UUID) { return r.key, r.id }

func ptr[T any](v T) *T { return &v }

var keys = map[page.Kind]*rapid.Generator[any]{
	page.Text:   rapid.Map(rapid.StringN(0, 20, -1).Filter(func(s string) bool { return !slices.Contains([]byte(s), 0) }), func(s string) any { return s }),
	page.Number: rapid.Map(rapid.Int(), func(n int) any { return n }),
	page.Moment: rapid.Map(rapid.Int64Range(0, 4e15), func(n int64) any { return time.UnixMicro(n) }),
}

// A cursor brings back the key and the id that it was made of, whatever they are.
func TestCursorsRoundTrip(t *testing.T) {
	t.Parallel()
	for kind, generator := range keys {
		list := page.List{Name: "things", Order: page.Order{Column: "c", Kind: kind}}
		rapid.Check(t, func(t *rapid.T) {
			r := row{generator.Draw(t, "key"), uuid.New()}
			request, err := page.Parse(list, page.Args{First: ptr(1)})
			require.NoError(t, err)
			cursor := page.Make(request, []row{r}, keyOf).Cursors[0]
			next, err := page.Parse(list, page.Args{First: ptr(1), After: &cursor})
			require.NoError(t, err)
			s := sql.Dialect(dialect.Postgres).Select("id").From(sql.Table("things"))
			next.Where(s)
			_, args := s.Query()
			require.Len(t, args, 2)
			if moment, ok := r.key.(time.Time); ok {
				require.True(t, moment.Equal(args[0].(time.Time)))
			} else {
				require.EqualValues(t, r.key, args[0])
			}
			require.Equal(t, r.id, args[1])
		})
	}
}

// Whoever writes a cursor of their own gets an answer, and never a panic.
func FuzzCursor(f *testing.F) {
	f.Add("e30")
	f.Add("")
	f.Add(base64.RawURLEncoding.EncodeToString([]byte(`{"v":1,"t":"x","k":"a\u0000","i":"0190f0c0-a1b2-7c3d-8e4f-5a6b7c8d9e0f"}`)))
	f.Fuzz(func(t *testing.T, cursor string) {
		for kind := range keys {
			_, err := page.Parse(page.List{Name: "things", Order: page.Order{Column: "c", Kind: kind}}, page.Args{First: ptr(1), After: &cursor})
			require.ErrorIs(t, err, page.ErrCursor)
		}
	})
}

func TestArguments(t *testing.T) {
	t.Parallel()
	list := page.List{Name: "things", Order: page.Order{Column: "c"}}
	for _, a := range []page.Args{
		{}, {First: ptr(1), Last: ptr(1)}, {First: ptr(0)}, {First: ptr(-1)}, {First: ptr(page.MaxSize + 1)}, {Last: ptr(0)}, {Last: ptr(page.MaxSize + 1)},
	} {
		_, err := page.Parse(list, a)
		require.ErrorIs(t, err, page.ErrArguments)
	}
	for _, a := range []page.Args{{First: ptr(1)}, {Last: ptr(page.MaxSize)}} {
		_, err := page.Parse(list, a)
		require.NoError(t, err)
	}
}

func TestMake(t *testing.T) {
	t.Parallel()
	list := page.List{Name: "things", Order: page.Order{Column: "c", Kind: page.Number}}
	rows := func(n int, descending bool) (out []row) {
		for i := range n {
			out = append(out, row{i, uuid.New()})
		}
		slices.SortFunc(out, func(a, b row) int {
			if descending {
				a, b = b, a
			}
			return cmp.Compare(a.key.(int), b.key.(int))
		})
		return out
	}
	forward, err := page.Parse(list, page.Args{First: ptr(2)})
	require.NoError(t, err)
	backward, err := page.Parse(list, page.Args{Last: ptr(2)})
	require.NoError(t, err)
	for n, shown := range []int{0, 1, 2, 2} {
		p := page.Make(forward, rows(n, false), keyOf)
		require.Len(t, p.Nodes, shown)
		require.Equal(t, n == 3, p.Info.HasNextPage)
		require.False(t, p.Info.HasPreviousPage)
		require.Equal(t, n == 0, p.Info.StartCursor == nil)
		q := page.Make(backward, rows(n, true), keyOf)
		require.Equal(t, n == 3, q.Info.HasPreviousPage)
		require.True(t, slices.IsSortedFunc(q.Nodes, func(a, b row) int { return cmp.Compare(a.key.(int), b.key.(int)) }))
	}
}
