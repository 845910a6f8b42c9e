package evaluate

import (
	"cmp"
	"math"
	"slices"

	"github.com/rubrica/rubrica/evaluate/dataset"
)

// The content parts are those of package recommend, on what the files tell of items and people: the gap of
// skills, the fit of levels, and the nearness of texts by the vectors given.
const (
	placeDecay   = 0.8 // of SkillGap: what each place in a list of skills counts of the one before
	largestNeeds = 3
	levelPart    = 0.5
	levelReach   = 1.5  // of LevelFit
	levelTooHigh = 1.25 // of LevelFit
)

// contentParts are those for which the files have columns, and what is missing for the others.
func contentParts(c *catalogue, s *holdout) (parts []part, without []string) {
	if c.items == nil {
		return nil, []string{"without a file of items there are no content parts"}
	}
	items := make([]*dataset.CatalogueItem, len(s.m.Items()))
	skills, levels, vectors := false, false, false
	for i, id := range s.m.Items() {
		if items[i] = c.items[id]; items[i] == nil {
			items[i] = &dataset.CatalogueItem{Level: math.NaN()}
		}
		skills = skills || len(items[i].Teaches) > 0
		levels = levels || !math.IsNaN(items[i].Level)
		vectors = vectors || len(items[i].Vector) > 0
	}
	people := make([]*dataset.KnownPerson, len(s.m.Users()))
	for u, id := range s.m.Users() {
		people[u] = c.people[id]
	}
	if skills && c.people != nil {
		parts = append(parts, part{"skill_gap", "skill gap", true, func(t *target, into []float64) {
			skillGap(people[t.user], items, into)
		}})
	} else {
		without = append(without, "the skill gap needs what items teach and what people need")
	}
	if levels {
		parts = append(parts, part{"level_fit", "level fit", true, func(t *target, into []float64) {
			levelFit(standingOf(people[t.user], s.m.Taken(t.user), items), items, into)
		}})
	} else {
		without = append(without, "the level fit needs levels of items")
	}
	if vectors {
		parts = append(parts, part{"semantic", "semantic", true, func(t *target, into []float64) {
			semantic(aimOf(people[t.user], s.m.Taken(t.user), items), items, into)
		}})
	} else {
		without = append(without, "the semantic part needs vectors of items")
	}
	return parts, without
}

// skillGap is gain / best of SkillGap.
func skillGap(p *dataset.KnownPerson, items []*dataset.CatalogueItem, into []float64) {
	clear(into)
	if p == nil {
		return
	}
	sizes := make([]float64, 0, len(p.Needs))
	for _, size := range p.Needs {
		sizes = append(sizes, size)
	}
	slices.SortFunc(sizes, func(a, b float64) int { return cmp.Compare(b, a) })
	var best float64
	for i, size := range sizes[:min(len(sizes), largestNeeds)] {
		best += size * math.Pow(placeDecay, float64(i))
	}
	if best == 0 {
		return
	}
	var gains []float64
	for i, item := range items {
		gains = gains[:0]
		for place, skill := range item.Teaches {
			gains = append(gains, p.Needs[skill]*math.Pow(placeDecay, float64(place)))
		}
		slices.SortFunc(gains, func(a, b float64) int { return cmp.Compare(b, a) })
		for _, g := range gains[:min(len(gains), largestNeeds)] {
			into[i] += g / best
		}
		if !math.IsNaN(item.Level) && !math.IsNaN(p.Level) {
			into[i] *= 1 - levelPart*min(1, max(0, item.Level-p.Level-0.5))
		}
	}
}

// levelFit is that of LevelFit, for where somebody stands.
func levelFit(at float64, items []*dataset.CatalogueItem, into []float64) {
	clear(into)
	for i, item := range items {
		distance := item.Level - at
		if distance > 0 {
			distance *= levelTooHigh
		}
		if !math.IsNaN(distance) {
			into[i] = max(0, 1-math.Abs(distance)/levelReach)
		}
	}
}

// standingOf is a person's level, as told or else the mean of their items'; NaN when neither is known.
func standingOf(p *dataset.KnownPerson, taken []int32, items []*dataset.CatalogueItem) float64 {
	if p != nil && !math.IsNaN(p.Level) {
		return p.Level
	}
	var sum, n float64
	for _, i := range taken {
		if level := items[i].Level; !math.IsNaN(level) {
			sum, n = sum+level, n+1
		}
	}
	return sum / n
}

// aimOf is a person's vector, as told or else the mean of their items'; nil when neither is known.
func aimOf(p *dataset.KnownPerson, taken []int32, items []*dataset.CatalogueItem) []float64 {
	if p != nil && len(p.Vector) > 0 {
		return p.Vector
	}
	var out []float64
	for _, i := range taken {
		if out == nil {
			out = make([]float64, len(items[i].Vector))
		}
		for d, v := range items[i].Vector[:min(len(out), len(items[i].Vector))] {
			out[d] += v
		}
	}
	return out
}

// semantic is the cosine, cut at 0.
func semantic(aim []float64, items []*dataset.CatalogueItem, into []float64) {
	clear(into)
	var own float64
	for _, v := range aim {
		own += v * v
	}
	for i, item := range items {
		if len(item.Vector) != len(aim) {
			continue
		}
		var both, other float64
		for d, v := range item.Vector {
			both, other = both+v*aim[d], other+v*v
		}
		if own > 0 && other > 0 {
			into[i] = max(0, both/math.Sqrt(own*other))
		}
	}
}
