package recommend

import (
	"cmp"
	"container/heap"
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

// blend scores every candidate, by place: each signal's value times its weight, where the weights of the
// signals that judge the candidate add up to 1.
func blend(signals []judged, c *Catalogue) []scored {
	out := make([]scored, len(c.Candidates))
	for i := range out {
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
	return out
}

// compare puts the better one first, and of equal ones the one that stands first among the candidates.
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
// same. What scores below 0.55 × the best of from only makes up the least number.
func choose(picked []scored, from *ranking, number int) []scored {
	best, ok := from.at(0)
	taken := map[int]bool{} // of from
	for ok && len(picked) < number {
		at, most := -1, 0.0
		for i := 0; ; i++ {
			s, more := from.at(i)
			if !more || s.score < tailShare*best.score && len(picked) >= leastItems {
				break
			}
			if at >= 0 && relevance*s.score <= most {
				break // neither this one nor those behind it can be more
			}
			if taken[i] {
				continue
			}
			if value := relevance*s.score - (1-relevance)*closest(s, picked); at < 0 || value > most {
				at, most = i, value
			}
		}
		if at < 0 {
			break
		}
		s, _ := from.at(at)
		picked, taken[at] = append(picked, s), true
	}
	return picked
}

// ranking gives the best of many one after another. It sorts no more of them than are asked for, which are few.
type ranking struct {
	all  []scored
	heap []int32  // into all
	best []scored // those that were asked for
}

// Len, Less, Swap, Push and Pop are for container/heap.
func (r *ranking) Len() int           { return len(r.heap) }
func (r *ranking) Less(i, j int) bool { return compare(r.all[r.heap[i]], r.all[r.heap[j]]) < 0 }
func (r *ranking) Swap(i, j int)      { r.heap[i], r.heap[j] = r.heap[j], r.heap[i] }

// Push is not used: nothing is added.
func (r *ranking) Push(any) {}

// Pop takes the last one.
func (r *ranking) Pop() any {
	last := r.heap[len(r.heap)-1]
	r.heap = r.heap[:len(r.heap)-1]
	return last
}

// at is the i-th best, from 0 on; false when there are not so many.
func (r *ranking) at(i int) (scored, bool) {
	if len(r.best) == 0 {
		heap.Init(r)
	}
	for len(r.best) <= i && len(r.heap) > 0 {
		r.best = append(r.best, r.all[r.heap[0]])
		heap.Pop(r)
	}
	if i >= len(r.best) {
		return scored{}, false
	}
	return r.best[i], true
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
