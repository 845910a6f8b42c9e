package collaborative

import (
	"maps"
	"slices"

	"github.com/google/uuid"
)

// Updated fits anew what one person's new events change of item-KNN, and nothing else. before are the
// interactions that old was fitted on with the same settings, and after those with the new events
// (Interactions.WithUser). It returns the lists, which equal those of a full fit on after, and the ids of the
// items whose lists differ from old, ascending: what must be stored again.
//
// When the person takes up the items A and has I_u in all, the similarity of every pair with an item of A falls
// with n_i, but for pairs within I_u, where c rises. So the neighbours change of the items of I_u, and of those
// that an item of A is a neighbour of; where it was none, it becomes none by falling. When an item is given up,
// by a dismissal in place of an interaction or because a newer one displaces it, its similarities rise, and
// the neighbours change of all items that it was ever taken up with.
func (k KNN) Updated(before, after *Interactions, old *Lists, user uuid.UUID) (*Lists, []uuid.UUID) {
	was, is := before.takenBy(user), after.takenBy(user)
	gained, lost := without(is, was), without(was, is)
	touched := map[uuid.UUID]bool{} // items whose neighbours are found anew
	if len(gained)+len(lost) > 0 {
		maps.Copy(touched, is)
		maps.Copy(touched, lost)
	}
	for id := range gained {
		if i, ok := find(old.ids, id); ok {
			for _, x := range old.links[i] {
				touched[old.ids[x.to]] = true
			}
		}
	}
	for id := range lost {
		i, _ := before.Item(id)
		for _, u := range before.takers[i] {
			for _, j := range before.taken[u] {
				touched[before.items[j]] = true
			}
		}
	}
	next := k.refit(after, old, touched)
	var differ []uuid.UUID
	for i, id := range next.ids {
		if !slices.Equal(next.named(i), old.Of(id)) {
			differ = append(differ, id)
		}
	}
	return next, differ
}

// refit finds the neighbours of the touched items and takes over those of the others.
func (k KNN) refit(m *Interactions, old *Lists, touched map[uuid.UUID]bool) *Lists {
	moved := make([]int32, len(old.ids)) // new numbers of the old items
	for i, id := range old.ids {
		at, _ := m.Item(id)
		moved[i] = int32(at) //nolint:gosec // MaxEvents
	}
	neighbours := make([][]link, len(m.items))
	for j, links := range turned(old.links) {
		if touched[old.ids[j]] {
			continue
		}
		for n := range links {
			links[n].to = moved[links[n].to]
		}
		neighbours[moved[j]] = links
	}
	only := make([]int, 0, len(touched))
	for id := range touched {
		if at, ok := m.Item(id); ok {
			only = append(only, at)
		}
	}
	slices.Sort(only)
	k.fit(m.takers, m.taken, neighbours, only)
	return &Lists{ids: m.items, links: turned(neighbours)}
}

func (m *Interactions) takenBy(user uuid.UUID) map[uuid.UUID]bool {
	out := map[uuid.UUID]bool{}
	if u, ok := m.User(user); ok {
		for _, i := range m.taken[u] {
			out[m.items[i]] = true
		}
	}
	return out
}

func without(from, these map[uuid.UUID]bool) map[uuid.UUID]bool {
	out := map[uuid.UUID]bool{}
	for id := range from {
		if !these[id] {
			out[id] = true
		}
	}
	return out
}
