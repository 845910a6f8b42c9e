package collaborative

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sort"
	"time"

	"github.com/google/uuid"
)

var (
	// ErrEvent is an event that cannot be: an unknown kind, a rating off its scale.
	ErrEvent = errors.New("collaborative: impossible event")
	// ErrTooLarge is more than can be learnt from in bounded time and memory.
	ErrTooLarge = errors.New("collaborative: too large")
)

// MaxEvents bounds what a matrix is made from: about 1 GB at most while it is built.
const MaxEvents = 5_000_000

// MaxProfile is how many items of one person count, the newest. Counting pairs costs the square of it.
const MaxProfile = 2000

// Options of a matrix.
type Options struct {
	Now      time.Time     // as of when events have aged; zero is the time of the newest event
	HalfLife time.Duration // zero is HalfLife
	// Items are those of the catalogue: with them the matrix knows items that nobody has touched yet.
	Items []uuid.UUID
}

// cell is what one person did with one item.
type cell struct {
	other int32   // the item in a row, the user in a column
	value float64 // its strongest event for, plus its strongest event against, aged
	fresh float64 // the same, as if all were of today
	taken bool
	last  int64 // unix microseconds of the newest event
}

// Interactions are a sparse matrix of users × items.
//
// A cell has two views. The binary one is whether the person took the item up (any event but a dismissal);
// models are made of it. The value is how strongly the person stands to the item now: the strongest of the
// aged events for it plus the strongest of those against it, so that opening a page ten times is not more
// than completing; -0.6 to 1 when no event is Weighed.
//
// Users and items are also numbered, in the order of their ids; models inside of this module use numbers.
type Interactions struct {
	users, items []uuid.UUID // ascending
	rows         [][]cell    // by user, ascending by item
	taken        [][]int32   // by user: the items taken up, ascending
	takers       [][]int32   // by item: the users who took it up, ascending
	options      Options
}

// NewInteractions builds the matrix. Events may come in any order and repeatedly; the result is the same.
// Of a person with more than MaxProfile items, the newest count. It fails with ErrEvent on an impossible
// event and with ErrTooLarge on more than MaxEvents.
func NewInteractions(events []Event, o Options) (*Interactions, error) {
	if len(events) > MaxEvents {
		return nil, fmt.Errorf("%w: %d events, at most %d can be learnt from: leave out the oldest", ErrTooLarge, len(events), MaxEvents)
	}
	if o.Now.IsZero() {
		for i := range events {
			if events[i].At.After(o.Now) {
				o.Now = events[i].At
			}
		}
	}
	m := &Interactions{options: o}
	m.users = distinct(events, func(e *Event) uuid.UUID { return e.User })
	m.items = union(o.Items, distinct(events, func(e *Event) uuid.UUID { return e.Item }))
	users, items := numbers(m.users), numbers(m.items)
	m.rows = make([][]cell, len(m.users))
	of := make([][]int32, len(m.users)) // events by user
	for i := range events {
		u := users[events[i].User]
		of[u] = append(of[u], int32(i)) //nolint:gosec // MaxEvents
	}
	for u := range of {
		row, err := m.row(events, of[u], items)
		if err != nil {
			return nil, err
		}
		m.rows[u] = row
	}
	m.index()
	return m, nil
}

// row is one person's cells, of the events with the given numbers.
func (m *Interactions) row(events []Event, of []int32, items map[uuid.UUID]int32) ([]cell, error) {
	type act struct {
		item        int32
		fresh, aged float64
		event       *Event
	}
	acts := make([]act, len(of))
	for i, n := range of {
		e := &events[n]
		s, err := e.Strength()
		if err != nil {
			return nil, err
		}
		acts[i] = act{items[e.Item], s, s * Decay(m.options.Now.Sub(e.At), m.options.HalfLife), e}
	}
	slices.SortFunc(acts, func(a, b act) int { return cmp.Compare(a.item, b.item) })
	var row []cell
	for i := 0; i < len(acts); {
		c := cell{other: acts[i].item, last: acts[i].event.At.UnixMicro()}
		var up, down, freshUp, freshDown float64
		for ; i < len(acts) && acts[i].item == c.other; i++ {
			up, down = max(up, acts[i].aged), min(down, acts[i].aged)
			freshUp, freshDown = max(freshUp, acts[i].fresh), min(freshDown, acts[i].fresh)
			c.taken = c.taken || acts[i].event.takes()
			c.last = max(c.last, acts[i].event.At.UnixMicro())
		}
		c.value, c.fresh = up+down, freshUp+freshDown
		row = append(row, c)
	}
	if len(row) > MaxProfile {
		slices.SortFunc(row, func(a, b cell) int { return cmp.Or(cmp.Compare(b.last, a.last), cmp.Compare(a.other, b.other)) })
		row = slices.Clone(row[:MaxProfile])
		slices.SortFunc(row, func(a, b cell) int { return cmp.Compare(a.other, b.other) })
	}
	return row, nil
}

// index derives the binary views from the rows.
func (m *Interactions) index() {
	m.taken = make([][]int32, len(m.users))
	m.takers = make([][]int32, len(m.items))
	for u, row := range m.rows {
		for _, c := range row {
			if c.taken {
				m.taken[u] = append(m.taken[u], c.other)
				m.takers[c.other] = append(m.takers[c.other], int32(u)) //nolint:gosec // MaxEvents
			}
		}
	}
}

// WithUser is the matrix in which one person's events are the given ones, all of them, old and new. Rows of
// others are shared. Events age as of the same time as in m. It fails as NewInteractions does, and on an
// event of somebody else.
func (m *Interactions) WithUser(user uuid.UUID, all []Event) (*Interactions, error) {
	if len(all) > MaxEvents {
		return nil, fmt.Errorf("%w: %d events of one person", ErrTooLarge, len(all))
	}
	for i := range all {
		if all[i].User != user {
			return nil, fmt.Errorf("%w: an event of another person", ErrEvent)
		}
	}
	next := &Interactions{options: m.options}
	next.users = union(m.users, []uuid.UUID{user})
	next.items = union(m.items, distinct(all, func(e *Event) uuid.UUID { return e.Item }))
	items := numbers(next.items)
	moved := make([]int32, len(m.items))
	for i, id := range m.items {
		moved[i] = items[id]
	}
	next.rows = make([][]cell, len(next.users))
	at := 0
	for u, id := range next.users {
		if at == len(m.users) || m.users[at] != id {
			continue // the new person
		}
		next.rows[u] = m.rows[at]
		if len(next.items) != len(m.items) {
			next.rows[u] = slices.Clone(m.rows[at])
			for i := range next.rows[u] {
				next.rows[u][i].other = moved[next.rows[u][i].other]
			}
		}
		at++
	}
	u, _ := next.User(user)
	numbersOf := make([]int32, len(all))
	for i := range numbersOf {
		numbersOf[i] = int32(i) //nolint:gosec // MaxEvents
	}
	row, err := next.row(all, numbersOf, items)
	if err != nil {
		return nil, err
	}
	next.rows[u] = row
	next.index()
	return next, nil
}

// Users are the ids of all users, ascending; the place of one is its number.
func (m *Interactions) Users() []uuid.UUID { return m.users }

// Items are the ids of all items, ascending; the place of one is its number.
func (m *Interactions) Items() []uuid.UUID { return m.items }

// User is the number of a user.
func (m *Interactions) User(id uuid.UUID) (int, bool) { return find(m.users, id) }

// Item is the number of an item.
func (m *Interactions) Item(id uuid.UUID) (int, bool) { return find(m.items, id) }

// Taken are the numbers of the items that a user took up, ascending.
func (m *Interactions) Taken(user int) []int32 { return m.taken[user] }

// Takers are the numbers of the users who took an item up, ascending.
func (m *Interactions) Takers(item int) []int32 { return m.takers[item] }

// Value is how a user stands to an item, 0 where nothing is known.
func (m *Interactions) Value(user, item int) float64 {
	row := m.rows[user]
	i := sort.Search(len(row), func(i int) bool { return int(row[i].other) >= item })
	if i == len(row) || int(row[i].other) != item {
		return 0
	}
	return row[i].value
}

// Tastes are a user's items with their values, ascending by id: what Score takes.
func (m *Interactions) Tastes(user int) []Taste {
	out := make([]Taste, len(m.rows[user]))
	for i, c := range m.rows[user] {
		out[i] = Taste{Item: m.items[c.other], Weight: c.value}
	}
	return out
}

// Count is the number of cells in which an item was taken up.
func (m *Interactions) Count() int {
	n := 0
	for _, t := range m.taken {
		n += len(t)
	}
	return n
}

func compareID(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) }

func find(ids []uuid.UUID, id uuid.UUID) (int, bool) {
	return slices.BinarySearchFunc(ids, id, compareID)
}

func distinct(events []Event, id func(*Event) uuid.UUID) []uuid.UUID {
	seen := map[uuid.UUID]struct{}{}
	var out []uuid.UUID
	for i := range events {
		x := id(&events[i])
		if _, ok := seen[x]; !ok {
			seen[x] = struct{}{}
			out = append(out, x)
		}
	}
	slices.SortFunc(out, compareID)
	return out
}

func union(a, b []uuid.UUID) []uuid.UUID {
	out := append(slices.Clone(a), b...)
	slices.SortFunc(out, compareID)
	return slices.Compact(out)
}

func numbers(ids []uuid.UUID) map[uuid.UUID]int32 {
	out := make(map[uuid.UUID]int32, len(ids))
	for i, id := range ids {
		out[id] = int32(i) //nolint:gosec // MaxEvents
	}
	return out
}
