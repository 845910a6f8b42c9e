package recommend

import (
	"cmp"
	"slices"

	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/ent/values"
)

const (
	// MaxItems bounds every list.
	MaxItems = 10
	// usualItems is how many a list has when enough fits: more than one can take is no help.
	usualItems = 6
	// leastItems is how many a list has even if they are far behind the best, as long as they are
	// not weak.
	leastItems = 3

	weakBelow   = 0.30 // an item is weak when no signal about its subject reaches this
	tailShare   = 0.55 // of the best score; what is below is left out
	relevance   = 0.75 // MMR's λ: what is left is held against resemblance
	skillsShare = 0.7  // of resemblance; the rest is the provider
	maxTraces   = 20
	maxClosed   = 12
)

// judged is a signal that had something to say.
type judged struct {
	Judgement
	name   enums.Signal
	weight float64
}

// value is what the signal says of a candidate; Unknown where it knows nothing.
func (j *judged) value(candidate int) float64 {
	if j.Values == nil {
		return Unknown
	}
	return j.Values[candidate]
}

// scored is a candidate with its score.
type scored struct {
	*Candidate
	place int // among the candidates
	score float64
	weak  bool
}

// blend scores every candidate: each signal's value times its weight, where the weights of the signals that
// judge the candidate add up to 1. Best first, then by id.
func blend(signals []judged, c *Catalogue) []scored {
	out := make([]scored, len(c.Candidates))
	for i := range c.Candidates {
		s := scored{Candidate: &c.Candidates[i], place: i, weak: true}
		var weights float64
		for k := range signals {
			if known(signals[k].value(i)) {
				weights += signals[k].weight
			}
		}
		for k := range signals {
			value := signals[k].value(i)
			if !known(value) {
				continue
			}
			s.score += value * (signals[k].weight / weights)
			s.weak = s.weak && !speaks(signals[k].name, value)
		}
		out[i] = s
	}
	slices.SortFunc(out, compare)
	return out
}

func compare(a, b scored) int {
	return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.place, b.place))
}

// speaks tells whether a signal speaks for an item enough to recommend it. That its level fits, or that many
// take it, does not: it says nothing of the subject.
func speaks(signal enums.Signal, value float64) bool {
	return signal != enums.SignalLevelFit && signal != enums.SignalPopularity && value >= weakBelow
}

// partsOf are what the score of a candidate is made of, the heaviest signal first. Their contributions add up
// to it.
func partsOf(signals []judged, place int) []values.Part {
	var weights float64
	for k := range signals {
		if known(signals[k].value(place)) {
			weights += signals[k].weight
		}
	}
	var parts []values.Part
	for k := range signals {
		if value := signals[k].value(place); known(value) {
			weight := signals[k].weight / weights
			parts = append(parts, values.Part{Signal: signals[k].name, Value: value, Weight: weight, Contribution: value * weight})
		}
	}
	slices.SortStableFunc(parts, func(a, b values.Part) int { return cmp.Compare(b.Weight, a.Weight) })
	return parts
}

// tracesOf are the facts behind a candidate's score, in the order of the signals.
func tracesOf(signals []judged, place int) []Trace {
	var traces []Trace
	for k := range signals {
		if signals[k].Traces != nil && known(signals[k].value(place)) {
			traces = append(traces, signals[k].Traces(place)...)
		}
	}
	return traces[:min(len(traces), maxTraces)]
}

// choose adds to what was picked, up to a number of items, by maximal marginal relevance (Carbonell and
// Goldstein 1998): one after another, always the one with the largest
//
//	0.75 · score - 0.25 · resemblance to the nearest item picked before
//
// where resemblance is 0.7 × the shared part of what both teach (Jaccard) + 0.3 if the provider is the
// same. From is best first. What scores below 0.55 × best only makes up the least number.
func choose(picked, from []scored, best float64, number int) []scored {
	rest := slices.Clone(from)
	for len(picked) < number {
		at, most := -1, 0.0
		for i, s := range rest {
			if s.score < tailShare*best && len(picked) >= leastItems {
				break
			}
			if at >= 0 && relevance*s.score <= most {
				break // neither this one nor those behind it can be more
			}
			if value := relevance*s.score - (1-relevance)*closest(s, picked); at < 0 || value > most {
				at, most = i, value
			}
		}
		if at < 0 {
			break
		}
		picked = append(picked, rest[at])
		rest = slices.Delete(rest, at, at+1)
	}
	return picked
}

// closest is the resemblance to the nearest of what was picked.
func closest(s scored, picked []scored) float64 {
	var alike float64
	for _, p := range picked {
		alike = max(alike, resemblance(s.Candidate, p.Candidate))
	}
	return alike
}

func resemblance(a, b *Candidate) float64 {
	var shared int
	for _, skill := range a.Teaches {
		if slices.Contains(b.Teaches, skill) {
			shared++
		}
	}
	var alike float64
	if all := len(a.Teaches) + len(b.Teaches) - shared; all > 0 {
		alike = skillsShare * float64(shared) / float64(all)
	}
	if a.Provider == b.Provider {
		alike += 1 - skillsShare
	}
	return alike
}

func (s scored) teaches(skill string) bool { return slices.Contains(s.Teaches, skill) }
