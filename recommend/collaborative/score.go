package collaborative

import (
	"cmp"
	"math"
	"slices"

	"github.com/google/uuid"
)

// Taste is an item of a person's own, and how the person stands to it: the value of a cell of Interactions,
// or 1 to count all alike.
type Taste struct {
	Item   uuid.UUID
	Weight float64
}

// Scored is an item with what speaks for it.
type Scored struct {
	Item  uuid.UUID
	Score float64
	// Because are the person's own items that the score comes from, the largest magnitude first, at most
	// MaxBecause; without the cut, they add up to the score.
	Because []Neighbour
}

// MaxBecause is how many reasons an item carries.
const MaxBecause = 3

// Score recommends from stored lists: the person's own items, and the lists of those (others are not looked
// at), are all that it needs.
//
//	score(j) = Σ over i in profile with j in lists[i] of weight_i · w(i, j)
//
// The person's own items are left out; dismissed ones are among them. It returns the limit best with a score
// above 0, best first, equal ones by id; the order of the profile does not matter. Of more than MaxProfile
// tastes those with the largest magnitude count. Whoever recommends to many keeps Lists (NewLists) and asks
// them, which gives the same several times as fast.
func Score(profile []Taste, lists map[uuid.UUID][]Neighbour, limit int) []Scored {
	own := counted(profile)
	of := make(map[uuid.UUID][]Neighbour, len(own))
	for _, t := range own {
		of[t.Item] = lists[t.Item]
	}
	return NewLists(of).Score(profile, limit)
}

// counted are the tastes that count, the largest magnitude first.
func counted(profile []Taste) []Taste {
	own := slices.Clone(profile)
	slices.SortFunc(own, func(a, b Taste) int {
		return cmp.Or(cmp.Compare(math.Abs(b.Weight), math.Abs(a.Weight)), compareID(a.Item, b.Item))
	})
	return own[:min(len(own), MaxProfile)]
}

// NewLists makes lists of what was stored of All. Items that only others name get an empty list.
func NewLists(stored map[uuid.UUID][]Neighbour) *Lists {
	l := &Lists{}
	at := make(map[uuid.UUID]int32, len(stored))
	add := func(id uuid.UUID) {
		if _, ok := at[id]; !ok {
			at[id] = 0
			l.ids = append(l.ids, id)
		}
	}
	for id, list := range stored {
		add(id)
		for _, n := range list {
			add(n.ID)
		}
	}
	slices.SortFunc(l.ids, compareID)
	for i, id := range l.ids {
		at[id] = int32(i) //nolint:gosec // MaxEvents
	}
	l.links = make([][]link, len(l.ids))
	for i, id := range l.ids {
		l.links[i] = make([]link, len(stored[id]))
		for n, x := range stored[id] {
			l.links[i][n] = link{at[x.ID], x.Weight}
		}
		slices.SortFunc(l.links[i], stronger)
	}
	return l
}

// Score is Score on all lists; they may be asked by several goroutines at a time.
func (l *Lists) Score(profile []Taste, limit int) []Scored {
	scores := make([]float64, len(l.ids))
	own := counted(profile)
	for _, t := range own {
		if i, ok := find(l.ids, t.Item); ok {
			for _, x := range l.links[i] {
				scores[x.to] += t.Weight * x.weight
			}
		}
	}
	for _, t := range profile {
		if i, ok := find(l.ids, t.Item); ok {
			scores[i] = 0
		}
	}
	best := top{n: max(0, limit)}
	for i, s := range scores {
		if s > 0 {
			best.add(link{int32(i), s}) //nolint:gosec // MaxEvents
		}
	}
	chosen := best.take()
	out := make([]Scored, len(chosen))
	place := make(map[int32]int, len(chosen))
	for n, x := range chosen {
		out[n], place[x.to] = Scored{Item: l.ids[x.to], Score: x.weight}, n
		scores[x.to] = -1 // marks what is to be explained
	}
	for _, t := range own {
		i, ok := find(l.ids, t.Item)
		if !ok {
			continue
		}
		for _, x := range l.links[i] {
			if scores[x.to] == -1 {
				if n, ok := place[x.to]; ok {
					out[n].Because = append(out[n].Because, Neighbour{ID: t.Item, Weight: t.Weight * x.weight})
				}
			}
		}
	}
	for i := range out {
		b := out[i].Because
		slices.SortFunc(b, func(a, b Neighbour) int {
			return cmp.Or(cmp.Compare(math.Abs(b.Weight), math.Abs(a.Weight)), compareID(a.ID, b.ID))
		})
		out[i].Because = b[:min(len(b), MaxBecause):min(len(b), MaxBecause)]
	}
	return out
}

// ScoreFromUsers recommends by user-KNN: from the users most like a person, and what those took up. Own items
// are left out. Result and order are as of Score; Because are the users, which nobody else may be shown.
func ScoreFromUsers(alike []Neighbour, taken map[uuid.UUID][]uuid.UUID, own []uuid.UUID, limit int) []Scored {
	mine := make(map[uuid.UUID]bool, len(own))
	for _, item := range own {
		mine[item] = true
	}
	lists := make(map[uuid.UUID][]Neighbour, len(alike))
	profile := make([]Taste, 0, len(alike)+len(own))
	for _, n := range alike {
		list := make([]Neighbour, 0, len(taken[n.ID]))
		for _, item := range taken[n.ID] {
			if !mine[item] {
				list = append(list, Neighbour{ID: item, Weight: 1})
			}
		}
		lists[n.ID] = list
		profile = append(profile, Taste{Item: n.ID, Weight: n.Weight})
	}
	return Score(profile, lists, limit)
}

// Normalise divides scores by their largest, so that they are 0 to 1 and the best of each part is 1: how
// collaborative parts enter a blend. What is not above 0 becomes 0.
func Normalise(scores []Scored) {
	var most float64
	for i := range scores {
		most = max(most, scores[i].Score)
	}
	for i := range scores {
		if most > 0 {
			scores[i].Score = max(0, scores[i].Score/most)
		}
	}
}
