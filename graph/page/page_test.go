package page_test

import (
	"cmp"
	"encoding/base64"
	"math"
	"slices"
	"strings"
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

// keys makes keys of each kind that Postgres can hold, the awkward ones often.
var keys = map[page.Kind]*rapid.Generator[any]{
	page.Text: rapid.OneOf(
		rapid.SampledFrom([]any{"", "a", "A", "ä", "á", "a\u0301", "Z", "z", "ß", "ss", "é", "E", " a", "a ", "'", `"`, "\\", "日本", "🎓", "\U0010ffff", "\n", "%"}),
		rapid.Map(rapid.StringN(0, 20, -1).Filter(func(s string) bool { return !strings.ContainsRune(s, 0) }), func(s string) any { return s }),
	),
	page.Number: rapid.OneOf(
		rapid.SampledFrom([]any{0, 1, -1, math.MaxInt, math.MinInt}),
		rapid.Map(rapid.Int(), func(n int) any { return n }),
	),
	page.Moment: rapid.OneOf(
		rapid.SampledFrom([]any{
			time.UnixMicro(0), time.UnixMicro(1), time.UnixMicro(-1), time.Date(2026, 3, 29, 1, 30, 0, 0, time.UTC),
			time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC), time.UnixMicro(math.MaxInt64),
		}),
		rapid.Map(rapid.Int64Range(-1e15, 4e15), func(n int64) any { return time.UnixMicro(n) }),
	),
	page.Float: rapid.OneOf(
		rapid.SampledFrom([]any{
			0.0, math.Copysign(0, -1), 62.5, 0.1, math.MaxFloat64, -math.MaxFloat64, math.SmallestNonzeroFloat64,
			-math.SmallestNonzeroFloat64, math.Nextafter(1, 2), math.Inf(1), math.Inf(-1), math.NaN(),
		}),
		rapid.Map(rapid.Float64(), func(f float64) any { return f }),
	),
}

// orders are the orders that a list can have.
func orders() (out []page.Order) {
	for kind := range keys {
		for _, desc := range []bool{false, true} {
			out = append(out, page.Order{Column: "c", Kind: kind, Desc: desc})
		}
	}
	return append(out, page.Order{Column: "c", Kind: page.Float, NullsLast: true},
		page.Order{Column: "c", Kind: page.Float, NullsLast: true, Desc: true})
}

// key draws a key of the order. Where NULL comes last, keys are finite.
func key(t *rapid.T, o page.Order) any {
	if !o.NullsLast {
		return keys[o.Kind].Draw(t, "key")
	}
	if rapid.IntRange(0, 2).Draw(t, "null") == 0 {
		return nil
	}
	return keys[o.Kind].Filter(func(k any) bool { return math.Abs(k.(float64)) <= math.MaxFloat64 }).Draw(t, "key")
}

// A cursor brings back the key and the id that it was made of, to the last bit.
func TestCursorsRoundTrip(t *testing.T) {
	t.Parallel()
	for _, order := range orders() {
		list := page.List{Name: "things", Order: order}
		rapid.Check(t, func(t *rapid.T) {
			r := row{key(t, order), uuid.New()}
			request, err := page.Parse(list, page.Args{First: ptr(1)})
			require.NoError(t, err)
			cursor := page.Make(request, []row{r}, keyOf).Cursors[0]
			next, err := page.Parse(list, page.Args{First: ptr(1), After: &cursor})
			require.NoError(t, err)
			s := sql.Dialect(dialect.Postgres).Select("id").From(sql.Table("things"))
			next.Where(s)
			_, args := s.Query()
			require.Len(t, args, 2)
			require.Equal(t, r.id, args[1])
			switch k := r.key.(type) {
			case nil:
				require.Equal(t, math.Inf(map[bool]int{false: 1, true: -1}[order.Desc]), args[0])
			case time.Time:
				require.True(t, k.Equal(args[0].(time.Time)))
			case float64:
				require.Equal(t, math.Float64bits(k), math.Float64bits(args[0].(float64)))
			default:
				require.EqualValues(t, r.key, args[0])
			}
		})
	}
}

// A pointer is as good as its value: nullable columns are read so.
func TestNullableKeys(t *testing.T) {
	t.Parallel()
	request, err := page.Parse(page.List{Name: "things", Order: page.Order{Column: "c", Kind: page.Float, NullsLast: true}}, page.Args{First: ptr(2)})
	require.NoError(t, err)
	id := uuid.New()
	var none *float64
	p := page.Make(request, []row{{0.5, id}, {ptr(0.5), id}}, keyOf)
	require.Equal(t, p.Cursors[0], p.Cursors[1])
	p = page.Make(request, []row{{nil, id}, {none, id}}, keyOf)
	require.Equal(t, p.Cursors[0], p.Cursors[1])
}

// A cursor is good for the one list, order and filter that gave it, and for nothing once altered.
func TestCursorsOfAnother(t *testing.T) {
	t.Parallel()
	type filter struct{ A, B string }
	own := page.List{Name: "things", Filter: filter{A: "x"}, Order: page.Order{Column: "c", Kind: page.Float, NullsLast: true}}
	request, err := page.Parse(own, page.Args{First: ptr(1)})
	require.NoError(t, err)
	cursor := page.Make(request, []row{{0.0, uuid.New()}}, keyOf).Cursors[0]
	other := func(change func(*page.List)) page.List {
		l := own
		change(&l)
		return l
	}
	for name, l := range map[string]page.List{
		"list":      other(func(l *page.List) { l.Name = "others" }),
		"filter":    other(func(l *page.List) { l.Filter = filter{B: "x"} }),
		"no filter": other(func(l *page.List) { l.Filter = nil }),
		"order":     other(func(l *page.List) { l.Order.Column = "d" }),
		"direction": other(func(l *page.List) { l.Order.Desc = true }),
	} {
		for _, args := range []page.Args{{First: ptr(1), After: &cursor}, {Last: ptr(1), Before: &cursor}} {
			_, err = page.Parse(l, args)
			require.ErrorIs(t, err, page.ErrCursor, name)
		}
	}
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	require.NoError(t, err)
	for i := range raw {
		for bit := range 8 {
			b := slices.Clone(raw)
			b[i] ^= 1 << bit
			altered := base64.RawURLEncoding.EncodeToString(b)
			_, err := page.Parse(own, page.Args{First: ptr(1), After: &altered})
			require.ErrorIs(t, err, page.ErrCursor, "byte %d, bit %d", i, bit)
		}
	}
	for _, altered := range []string{cursor + "A", cursor[1:], cursor[:len(cursor)-1], cursor + "\n", " " + cursor, cursor + "="} {
		_, err := page.Parse(own, page.Args{First: ptr(1), After: &altered})
		require.ErrorIs(t, err, page.ErrCursor, "%q", altered)
	}
	_, err = page.Parse(own, page.Args{First: ptr(1), After: &cursor})
	require.NoError(t, err)
}

// Whoever writes a cursor of their own gets an answer, and never a panic.
func FuzzCursor(f *testing.F) {
	f.Add("e30")
	f.Add("")
	f.Add(base64.RawURLEncoding.EncodeToString(append([]byte{2}, make([]byte, 34)...)))
	f.Fuzz(func(t *testing.T, cursor string) {
		for _, order := range orders() {
			_, err := page.Parse(page.List{Name: "things", Order: order}, page.Args{First: ptr(1), After: &cursor})
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
	for _, a := range []page.Args{{First: ptr(1)}, {First: ptr(page.MaxSize)}, {Last: ptr(1)}, {Last: ptr(page.MaxSize)}} {
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
