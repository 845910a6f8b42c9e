package collaborative

import (
	"maps"
	"slices"

	"github.com/google/uuid"
)

// Updated fits anew the lists of items that one person's new events change, and no others. before are the
// interactions that old was fitted on with the same settings, and after those with the new events
// (Interactions.WithUser). It returns the lists, which equal those of a full fit on after, and the ids of the
// items whose lists were fitted anew, ascending: what must be stored again.
//
// When the person takes up the items A and has I_u in all, then of every pair with i in A the similarity
// falls with n_i, but for pairs within I_u, where c rises. So these change: the lists of I_u, and those that
// name an item of A. An item that falls where it was not named stays unnamed. When an item is given up, by a
// dismissal in place of an interaction or because a newer one displaces it, its similarities rise, and the
// lists of all items that it was ever taken up with change.
func (k KNN) Updated(before, after *Interactions, old *Lists, user uuid.UUID) (*Lists, []uuid.UUID) {
	taken := func(m *Interactions) map[uuid.UUID]bool {
		out := map[uuid.UUID]bool{}
		if u, ok := m.User(user); ok {
			for _, i := range m.taken[u] {
				out[m.items[i]] = true
			}
		}
		return out
	}
	was, is := taken(before), taken(after)
	gained, lost := map[uuid.UUID]bool{}, map[uuid.UUID]bool{}
	for id := range is {
		if !was[id] {
			gained[id] = true
		}
	}
	for id := range was {
		if !is[id] {
			lost[id] = true
		}
	}
	touched := map[uuid.UUID]bool{}
	if len(gained)+len(lost) > 0 {
		maps.Copy(touched, is)
		maps.Copy(touched, lost)
	}
	for i, links := range old.links {
		if slices.ContainsFunc(links, func(x link) bool { return gained[old.ids[x.to]] }) {
			touched[old.ids[i]] = true
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
	return k.refit(after, old, touched)
}

// refit takes over what is old and fits the lists of the touched items.
func (k KNN) refit(m *Interactions, old *Lists, touched map[uuid.UUID]bool) (*Lists, []uuid.UUID) {
	l := &Lists{ids: m.items, links: make([][]link, len(m.items))}
	moved := make([]int32, len(old.ids))
	for i, id := range old.ids {
		at, _ := m.Item(id)
		moved[i] = int32(at) //nolint:gosec // MaxEvents
	}
	for i, links := range old.links {
		if touched[old.ids[i]] {
			continue
		}
		same := slices.Clone(links)
		for n := range same {
			same[n].to = moved[same[n].to]
		}
		l.links[moved[i]] = same
	}
	ids := slices.SortedFunc(maps.Keys(touched), compareID)
	only := make([]int, 0, len(ids))
	for _, id := range ids {
		if at, ok := m.Item(id); ok {
			only = append(only, at)
		}
	}
	if len(only) > 0 {
		k.fit(m.takers, m.taken, l.links, only)
	}
	return l, ids
}
