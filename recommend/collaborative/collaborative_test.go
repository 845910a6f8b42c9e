package collaborative

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
)

func TestItemKNNIsItsDefinition(t *testing.T) {
	for _, k := range []KNN{{K: 5, Shrink: 10}, {K: 30}, {K: 1000, Shrink: 50}} {
		m := matrix(t, drawn(1, 80, 60, 1500))
		x := dense(m)
		s, lists := naive(x, k), k.Items(m)
		for u := range x {
			scores := make([]float64, len(m.Items()))
			lists.AddScores(scores, m.Taken(u), nil)
			for j := range scores {
				var want float64
				for i := range x[u] {
					want += x[u][i] * s[j][i] // i is among the neighbours of j
				}
				require.InDelta(t, want, scores[j], 1e-9, "user %d, item %d, %+v", u, j, k)
			}
		}
	}
}

func TestUserKNNIsItsDefinition(t *testing.T) {
	for _, k := range []KNN{{K: 5, Shrink: 10}, {K: 30}, {K: 1000, Shrink: 50}} {
		m := matrix(t, drawn(2, 70, 60, 1500))
		x := dense(m)
		s, lists := naive(transposed(x), k), k.Users(m)
		for u := range x {
			scores := make([]float64, len(m.Items()))
			lists.AddUserScores(scores, m, u)
			for j := range scores {
				var want float64
				for v := range x {
					want += s[u][v] * x[v][j]
				}
				require.InDelta(t, want, scores[j], 1e-9, "user %d, item %d, %+v", u, j, k)
			}
			assert.Equal(t, lists.Of(m.Users()[u]), k.UsersOf(m, u), "one user's list alone is the same")
		}
	}
}

func TestEASEIsItsDefinition(t *testing.T) {
	m := matrix(t, drawn(3, 400, 300, 6000)) // several blocks of the inversion, the last one smaller
	require.Greater(t, len(m.Items()), 2*inversionBlock)
	lists, err := EASE{Lambda: 20}.Items(t.Context(), m)
	require.NoError(t, err)

	rows := dense(m)
	n := len(m.Items())
	x := mat.NewDense(len(rows), n, slices.Concat(rows...))
	var gram, p mat.Dense
	gram.Mul(x.T(), x)
	for i := range n {
		gram.Set(i, i, gram.At(i, i)+20)
	}
	require.NoError(t, p.Inverse(&gram))
	for i := range n {
		got := make([]float64, n)
		lists.AddScores(got, []int32{int32(i)}, nil)
		for j := range n {
			want := 0.0
			if i != j && len(m.Takers(i)) > 0 {
				want = -p.At(i, j) / p.At(j, j)
			}
			require.InDelta(t, want, got[j], 1e-9)
		}
	}

	kept, err := EASE{Lambda: 20, Keep: 7}.Items(t.Context(), m)
	require.NoError(t, err)
	cut := lists.Keep(7)
	for id, links := range kept.All() {
		assert.Equal(t, cut.Of(id), links)
		assert.LessOrEqual(t, len(links), 7)
	}
}

func TestEASEIsBounded(t *testing.T) {
	_, err := EASEDefault.Items(t.Context(), &Interactions{items: make([]uuid.UUID, MaxEASEItems+1)})
	require.ErrorIs(t, err, ErrTooLarge)
	ended, end := context.WithCancel(t.Context())
	end()
	_, err = EASEDefault.Items(ended, matrix(t, drawn(1, 20, 20, 100)))
	require.ErrorIs(t, err, context.Canceled)
}

func TestAnUpdateIsAFullFit(t *testing.T) {
	k := KNN{K: 4, Shrink: 3}
	r := rand.New(rand.NewPCG(5, 5))
	events := drawn(4, 60, 80, 900)
	before := matrix(t, events)
	lists := k.Items(before)
	changed := 0
	for step := range 60 {
		who := user(r.IntN(65)) // some are new
		of := slices.DeleteFunc(slices.Clone(events), func(e Event) bool { return e.User != who })
		events = slices.DeleteFunc(events, func(e Event) bool { return e.User == who })
		if step%3 == 2 && len(of) > 0 {
			gone := of[0].Item // what was taken up is given up
			of = slices.DeleteFunc(of, func(e Event) bool { return e.Item == gone })
			of = append(of, Event{User: who, Item: gone, Kind: Dismissed, At: noon})
		} else {
			of = append(of, Event{User: who, Item: item(r.IntN(90)), Kind: Enrolled, At: noon}) // some items are new
		}
		events = append(events, of...)
		after, err := before.WithUser(who, of)
		require.NoError(t, err)
		updated, touched := k.Updated(before, after, lists, who)
		full := k.Items(matrix(t, events))
		for id, links := range updated.All() {
			if want := full.Of(id); len(want)+len(links) > 0 {
				require.Equal(t, want, links, "step %d", step)
			}
			was := lists.Of(id)
			require.Equal(t, !slices.Equal(was, links), slices.Contains(touched, id), "the lists that differ are named")
		}
		changed += len(touched)
		before, lists = after, updated
	}
	assert.Positive(t, changed)
	assert.Less(t, changed, 60*len(lists.ids), "not everything is to be stored again")
}

func TestTheOrderOfEventsDoesNotMatter(t *testing.T) {
	events := drawn(6, 40, 40, 800)
	a := matrix(t, events)
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
	b := matrix(t, events)
	assert.Equal(t, a, b)
	assert.Equal(t, a.Popularity(Damping), b.Popularity(Damping))
	assert.Equal(t, ItemKNN.Items(a), ItemKNN.Items(b))
}

func TestValues(t *testing.T) {
	at := func(kind Kind, value float64, days int) Event {
		return Event{User: user(1), Item: item(1), Kind: kind, Value: value, At: noon.AddDate(0, 0, -days)}
	}
	for _, c := range []struct {
		name   string
		events []Event
		value  float64
		taken  bool
	}{
		{"completed", []Event{at(Completed, 0, 0)}, 1, true},
		{"a half-life ago", []Event{at(Completed, 0, 180)}, 0.5, true},
		{"tomorrow counts as now", []Event{at(Completed, 0, -1)}, 1, true},
		{"ten openings are one", slices.Repeat([]Event{at(Opened, 0, 0)}, 10), 0.2, true},
		{"the worst rating", []Event{at(Rated, 1, 0)}, -0.6, true},
		{"the best", []Event{at(Rated, 5, 0)}, 1, true},
		{"dismissed", []Event{at(Dismissed, 0, 0)}, -0.5, false},
		{"completed and disliked", []Event{at(Completed, 0, 0), at(Rated, 1, 0)}, 0.4, true},
		{"a weight", []Event{at(Weighed, 0.3, 0)}, 0.3, true},
		{"a weight against", []Event{at(Weighed, -2, 0)}, -2, false},
	} {
		m := matrix(t, c.events)
		assert.InDelta(t, c.value, m.Value(0, 0), 1e-12, c.name)
		assert.Equal(t, c.taken, len(m.Taken(0)) == 1, c.name)
	}
	for _, e := range []Event{at(Rated, 0, 0), at(Rated, 5.5, 0), at(Rated, math.NaN(), 0), at(Weighed, math.Inf(1), 0), at("LIKED", 0, 0)} {
		_, err := NewInteractions([]Event{e}, Options{})
		require.ErrorIs(t, err, ErrEvent)
	}
}

func TestOfAManyTimesBusyUserTheNewestItemsCount(t *testing.T) {
	var events []Event
	for i := range 50_000 {
		events = append(events, Event{User: user(1), Item: item(i), Kind: Saved, At: noon.Add(-time.Duration(i) * time.Minute)})
	}
	m := matrix(t, events)
	require.Len(t, m.Taken(0), MaxProfile)
	assert.Equal(t, item(MaxProfile-1), m.Items()[m.Taken(0)[MaxProfile-1]])
	assert.Len(t, m.Items(), 50_000)
	assert.Empty(t, ItemKNN.UsersOf(m, 0))
}

func TestPopularityIsDamped(t *testing.T) {
	var events []Event
	add := func(i, n int, rating float64) {
		for u := range n {
			events = append(events, Event{User: user(u), Item: item(i), Kind: Rated, Value: rating, At: noon})
		}
	}
	add(0, 1, 5)  // one enthusiast
	add(1, 40, 4) // many friends
	add(2, 40, 3) // as many, less pleased
	p := matrix(t, events).Popularity(Damping)
	assert.Greater(t, p[1].Value, p[2].Value)
	assert.Positive(t, p[2].Value)
	assert.Greater(t, p[1].Value, p[0].Value)
	assert.Equal(t, []int{1, 40, 40}, []int{p[0].Count, p[1].Count, p[2].Count})
	prior := (1 + 40*0.6 + 40*0.2) / 81
	assert.InDelta(t, (1+10*prior)/11, p[0].Mean, 1e-12)
	assert.InDelta(t, math.Log(41)/math.Log(41), p[1].Value, 1e-12, "the most popular and best liked is 1")
}

func TestScoreFromStoredLists(t *testing.T) {
	m := matrix(t, drawn(7, 80, 60, 1500))
	lists := ItemKNN.Items(m)
	stored := map[uuid.UUID][]Neighbour{}
	for id, links := range lists.All() {
		stored[id] = links
	}
	for u := range m.Users() {
		tastes := m.Tastes(u)
		got := Score(tastes, stored, 1000)

		weights, profile := make([]float64, len(tastes)), make([]int32, len(tastes))
		for i, taste := range tastes {
			n, _ := m.Item(taste.Item)
			profile[i], weights[i] = int32(n), taste.Weight
		}
		scores := make([]float64, len(m.Items()))
		lists.AddScores(scores, profile, weights)
		positive := 0
		for i, s := range scores {
			if s > 1e-12 && !slices.Contains(profile, int32(i)) {
				positive++
			}
		}
		require.InDelta(t, positive, len(got), 1, "rounding may leave a sum of 0 on either side")
		for n, s := range got {
			i, _ := m.Item(s.Item)
			require.InDelta(t, scores[i], s.Score, 1e-12)
			require.NotContains(t, profile, int32(i), "own items are left out")
			require.LessOrEqual(t, len(s.Because), MaxBecause)
			require.NotEmpty(t, s.Because)
			require.True(t, n == 0 || got[n-1].Score >= s.Score)
		}
		slices.Reverse(tastes)
		assert.Equal(t, got, Score(tastes, stored, 1000), "to the last bit")
		assert.Equal(t, got[:min(3, len(got))], Score(tastes, stored, 3))
		assert.Equal(t, got, lists.Score(tastes, 1000), "lists that are at hand say the same")
		assert.Equal(t, got, NewLists(stored).Score(tastes, 1000), "and those that were stored")
	}
	assert.Empty(t, Score(nil, stored, 10))
}

func TestScoreFromUsers(t *testing.T) {
	m := matrix(t, drawn(8, 50, 60, 1200))
	users := UserKNN.Users(m)
	taken := map[uuid.UUID][]uuid.UUID{}
	for u, id := range m.Users() {
		for _, i := range m.Taken(u) {
			taken[id] = append(taken[id], m.Items()[i])
		}
	}
	for u, who := range m.Users() {
		scores := make([]float64, len(m.Items()))
		users.AddUserScores(scores, m, u)
		for _, s := range ScoreFromUsers(users.Of(who), taken, taken[who], 5) {
			i, _ := m.Item(s.Item)
			assert.InDelta(t, scores[i], s.Score, 1e-12)
			assert.NotContains(t, taken[who], s.Item)
		}
	}
}

func TestNormalise(t *testing.T) {
	s := []Scored{{Score: 4}, {Score: 1}, {Score: -1}}
	Normalise(s)
	assert.Equal(t, []float64{1, 0.25, 0}, []float64{s[0].Score, s[1].Score, s[2].Score})
	zero := []Scored{{}}
	Normalise(zero)
	assert.Zero(t, zero[0].Score)
}
