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
// tastes those with the largest magnitude count.
func Score(profile []Taste, lists map[uuid.UUID][]Neighbour, limit int) []Scored {
	own := slices.Clone(profile)
	slices.SortFunc(own, func(a, b Taste) int {
		return cmp.Or(cmp.Compare(math.Abs(b.Weight), math.Abs(a.Weight)), compareID(a.Item, b.Item))
	})
	counted := own[:min(len(own), MaxProfile)]
	at := make(map[uuid.UUID]int32, len(own)*4)
	for _, t := range own {
		at[t.Item] = -1
	}
	var found []Scored
	for _, t := range counted {
		for _, n := range lists[t.Item] {
			i, ok := at[n.ID]
			if i < 0 {
				continue
			}
			if !ok {
				i = int32(len(found)) //nolint:gosec // MaxProfile lists
				at[n.ID] = i
				found = append(found, Scored{Item: n.ID})
			}
			found[i].Score += t.Weight * n.Weight
		}
	}
	found = slices.DeleteFunc(found, func(s Scored) bool { return !(s.Score > 0) })
	slices.SortFunc(found, func(a, b Scored) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), compareID(a.Item, b.Item))
	})
	found = slices.Clip(found[:max(0, min(limit, len(found)))])
	explain(found, counted, lists)
	return found
}

// explain finds the reasons of the few items that are returned.
func explain(found []Scored, own []Taste, lists map[uuid.UUID][]Neighbour) {
	at := make(map[uuid.UUID]int, len(found))
	for i := range found {
		at[found[i].Item] = i
	}
	for _, t := range own {
		for _, n := range lists[t.Item] {
			if i, ok := at[n.ID]; ok {
				found[i].Because = append(found[i].Because, Neighbour{ID: t.Item, Weight: t.Weight * n.Weight})
			}
		}
	}
	for i := range found {
		b := found[i].Because
		slices.SortFunc(b, func(a, b Neighbour) int {
			return cmp.Or(cmp.Compare(math.Abs(b.Weight), math.Abs(a.Weight)), compareID(a.ID, b.ID))
		})
		found[i].Because = b[:min(len(b), MaxBecause):min(len(b), MaxBecause)]
	}
}

// ScoreFromUsers recommends by user-KNN: from the users most like a person, and what those took up. Own items
// are left out. Result and order are as of Score; Because are the users, which nobody else may be shown.
func ScoreFromUsers(alike []Neighbour, taken map[uuid.UUID][]uuid.UUID, own []uuid.UUID, limit int) []Scored {
	lists := make(map[uuid.UUID][]Neighbour, len(alike))
	profile := make([]Taste, 0, len(alike)+len(own))
	for _, n := range alike {
		list := make([]Neighbour, 0, len(taken[n.ID]))
		for _, item := range taken[n.ID] {
			if !slices.Contains(own, item) {
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
