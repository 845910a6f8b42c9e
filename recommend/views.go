package recommend

import (
	"sync"

	"github.com/google/uuid"
)

// views are what was learnt as numbers of candidates, which adds up in no time. Each is made when it is first
// asked for; another catalogue or fit has others.
type views struct {
	lists   sync.Map // of listKey: []link
	known   sync.Map // of a model: []bool
	popular sync.Map // of a track's id: []popular
}

type listKey struct {
	model string
	item  uuid.UUID
}

// link is a neighbour that is a candidate.
type link struct {
	to     int32
	weight float64
}

// listOf is the list of a credential, without those that are no candidates.
func (c *Catalogue) listOf(model string, item uuid.UUID) []link {
	key := listKey{model, item}
	if v, ok := c.views.lists.Load(key); ok {
		return v.([]link) //nolint:forcetypeassert // stored below
	}
	var out []link
	for _, n := range c.fit.lists[model][item] {
		if i := c.place(n.ID); i >= 0 {
			out = append(out, link{int32(i), n.Weight}) //nolint:gosec // of a catalogue
		}
	}
	c.views.lists.Store(key, out)
	return out
}

// knows tells of which candidates a model knows something.
func (c *Catalogue) knows(model string) []bool {
	if v, ok := c.views.known.Load(model); ok {
		return v.([]bool) //nolint:forcetypeassert // stored below
	}
	out := make([]bool, len(c.Candidates))
	for i := range c.Candidates {
		out[i] = len(c.fit.lists[model][c.Candidates[i].ID]) > 0
	}
	c.views.known.Store(model, out)
	return out
}

// popularIn is how popular each candidate is in a track.
func (c *Catalogue) popularIn(track uuid.UUID) []popular {
	if v, ok := c.views.popular.Load(track); ok {
		return v.([]popular) //nolint:forcetypeassert // stored below
	}
	out := make([]popular, len(c.Candidates))
	for i := range c.Candidates {
		out[i] = c.fit.popularity[track][c.Candidates[i].ID]
	}
	c.views.popular.Store(track, out)
	return out
}
