package collaborative

import (
	"cmp"
	"iter"
	"math"
	"runtime"
	"slices"
	"sync"

	"github.com/google/uuid"
)

// Neighbour is an item (or a user, in lists of users) that another one speaks for.
type Neighbour struct {
	ID     uuid.UUID `json:"id"`
	Weight float64   `json:"weight"` // of EASE it may be negative: the one speaks against the other
}

// link is a Neighbour by number.
type link struct {
	to     int32
	weight float64
}

// Lists give to each item what it speaks for (lists of users: to each user the users most like them): what a fit leaves behind, to be stored.
type Lists struct {
	ids   []uuid.UUID // ascending
	links [][]link    // the largest magnitude first, then by id
}

// Of is the list of one item, the largest magnitude first and equal ones by id; empty when it speaks for none.
func (l *Lists) Of(id uuid.UUID) []Neighbour {
	i, ok := find(l.ids, id)
	if !ok {
		return nil
	}
	return l.named(i)
}

// All are the items, ascending by id, with their lists. Items that speak for none are among them.
func (l *Lists) All() iter.Seq2[uuid.UUID, []Neighbour] {
	return func(yield func(uuid.UUID, []Neighbour) bool) {
		for i, id := range l.ids {
			if !yield(id, l.named(i)) {
				return
			}
		}
	}
}

func (l *Lists) named(i int) []Neighbour {
	out := make([]Neighbour, len(l.links[i]))
	for n, x := range l.links[i] {
		out[n] = Neighbour{ID: l.ids[x.to], Weight: x.weight}
	}
	return out
}

// AddScores adds to scores, by number of item, what the items of a profile speak for:
//
//	scores[j] += Σ over i in profile of weights[i] · w(i, j)
//
// in the order of the profile; nil weights are all 1. Items of the profile get scores too.
func (l *Lists) AddScores(scores []float64, profile []int32, weights []float64) {
	for n, i := range profile {
		w := 1.0
		if weights != nil {
			w = weights[n]
		}
		for _, x := range l.links[i] {
			scores[x.to] += w * x.weight
		}
	}
}

// Keep is the lists cut to the first n of each.
func (l *Lists) Keep(n int) *Lists {
	out := &Lists{ids: l.ids, links: make([][]link, len(l.links))}
	for i, links := range l.links {
		out.links[i] = links[:min(n, len(links)):min(n, len(links))]
	}
	return out
}

// top collects the best n links out of many.
type top struct {
	n    int
	best []link // up to 2n, of which the first n are sorted after a cut
	last link   // the n-th best so far, once there are n
	full bool
}

func stronger(a, b link) int {
	return cmp.Or(cmp.Compare(math.Abs(b.weight), math.Abs(a.weight)), cmp.Compare(a.to, b.to))
}

func (t *top) add(x link) {
	if t.n == 0 || (t.full && stronger(x, t.last) > 0) {
		return
	}
	if t.best = append(t.best, x); len(t.best) >= 2*t.n {
		t.cut()
	}
}

func (t *top) cut() {
	slices.SortFunc(t.best, stronger)
	if len(t.best) >= t.n {
		t.best = t.best[:t.n]
		t.last, t.full = t.best[t.n-1], true
	}
}

// take returns the best, and empties the collection.
func (t *top) take() []link {
	t.cut()
	out := slices.Clone(t.best)
	t.best, t.full = t.best[:0], false
	return out
}

// parallel calls work for 0 to n-1 on all cores; start makes what one core works with. Work on a number must
// not depend on others, so that the order does not matter.
func parallel[S any](n int, start func() S, work func(S, int)) {
	workers := max(1, min(n, runtime.GOMAXPROCS(0)))
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() {
			s := start()
			for i := w; i < n; i += workers {
				work(s, i)
			}
		})
	}
	all.Wait()
}
