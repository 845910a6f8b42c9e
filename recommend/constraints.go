package recommend

import (
	"slices"

	"github.com/rubrica/rubrica/ent/enums"
)

// relaxing is the order in which wishes are given up when they leave too few.
var relaxing = []enums.Constraint{enums.ConstraintPrice, enums.ConstraintDuration, enums.ConstraintLevel}

// durations places the classes of learning time on one axis. UNKNOWN is not on it.
var durations = map[enums.Duration]float64{enums.DurationShort: 0, enums.DurationMedium: 1, enums.DurationLong: 2}

// violated lists the wishes that a credential does not keep, in the order in which they would be given up. A
// price or a learning time that is not known is taken to keep them: leaving it out would hide what may well
// fit. The item's sentence says that it is not known.
func (w *Wishes) violated(c *Candidate) []enums.Constraint {
	var out []enums.Constraint
	if w.FreeOnly && c.Price == enums.PricePaid {
		out = append(out, enums.ConstraintPrice)
	}
	if most, ok := durations[w.Longest]; ok {
		if d, ok := durations[c.Duration]; ok && d > most {
			out = append(out, enums.ConstraintDuration)
		}
	}
	if most, ok := levels[w.Highest]; ok && levels[c.Level] > most {
		out = append(out, enums.ConstraintLevel)
	}
	return out
}

// pick picks the items of a list from what is scored. What is gone and what is weak stays out.
// What keeps the wishes comes first; only where that is fewer than leastItems, wishes are given up one after
// another to make up for it: price, then duration, then level. Interests are among the needs and never given
// up. It returns the items ranked by score.
func pick(from []scored, p *Profile) []scored {
	var wishes [4]ranking // by how many wishes have to be given up to take it
	for i := range from {
		if _, gone := p.Gone[from[i].ID]; gone || from[i].weak {
			continue
		}
		given := 0
		for _, v := range p.Wishes.violated(from[i].Candidate) {
			given = max(given, 1+slices.Index(relaxing, v))
		}
		wishes[given].heap = append(wishes[given].heap, int32(i)) //nolint:gosec // of a catalogue
	}
	var picked []scored
	for given := range wishes {
		number := usualItems
		if given > 0 {
			number = leastItems
		}
		wishes[given].all = from
		picked = choose(picked, &wishes[given], number)
	}
	slices.SortFunc(picked, compare)
	return picked
}
