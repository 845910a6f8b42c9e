package recommend

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/rubrica/rubrica/ent/enums"
)

// leads tells what an item teaches that the other asks for and that the learner has not shown; empty when
// nothing. What is above the level of the other does not lead up to it.
func leads(p *Profile, first, then scored) string {
	if first.ID == then.ID || levels[first.Level] > levels[then.Level] {
		return ""
	}
	for _, skill := range then.Requires {
		if n := p.need(skill); n == nil && p.asked(skill) {
			continue
		}
		if first.teaches(skill) {
			return skill
		}
	}
	return ""
}

// hours are the usual ones of the classes of learning time, for what says no more than its class.
var hours = map[enums.Duration]float64{enums.DurationShort: 5, enums.DurationMedium: 25, enums.DurationLong: 60, enums.DurationUnknown: 25}

func (c *Candidate) hours() float64 {
	if c.Hours > 0 {
		return c.Hours
	}
	return hours[c.Duration]
}

// steps puts the items into an order of learning: what leads up to another one comes before it, and else the
// lower level, the fewer hours, the better rank. It is a topological sort (Kahn 1962) that takes the first by
// these of what is free. When items lead to each other in a circle, nothing is free: the first by these of
// all breaks it. It returns the step of each item, from 1 on.
func steps(p *Profile, items []scored) []int {
	before := make([]int, len(items)) // how many that lead up to it are not placed
	for i := range items {
		for k := range items {
			if leads(p, items[k], items[i]) != "" {
				before[i]++
			}
		}
	}
	rest := make([]int, len(items))
	for i := range rest {
		rest[i] = i
	}
	slices.SortStableFunc(rest, func(a, b int) int {
		return cmp.Or(cmp.Compare(levels[items[a].Level], levels[items[b].Level]), cmp.Compare(items[a].hours(), items[b].hours()))
	})
	out := make([]int, len(items))
	for step := 1; len(rest) > 0; step++ {
		at := max(0, slices.IndexFunc(rest, func(i int) bool { return before[i] == 0 }))
		next := rest[at]
		rest = slices.Delete(rest, at, at+1)
		out[next] = step
		for _, i := range rest {
			if leads(p, items[next], items[i]) != "" {
				before[i]--
			}
		}
	}
	return out
}

// sequence names the first two items of which one leads up to the other.
func sequence(p *Profile, chosen []scored) string {
	for _, then := range chosen {
		for _, first := range chosen {
			if skill := leads(p, first, then); skill != "" {
				return fmt.Sprintf("Take “%s” before “%s”: it teaches %s, which the other asks for.", first.Title, then.Title, p.name(skill))
			}
		}
	}
	return ""
}
