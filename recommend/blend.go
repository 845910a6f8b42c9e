package recommend

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/google/uuid"

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

func newJudged(s Weighted, j Judgement) judged {
	return judged{Judgement: j, name: s.Name(), weight: s.Weight}
}

// scored is a candidate with its score.
type scored struct {
	Candidate
	score  float64
	parts  []values.Part
	traces []values.Trace
}

// blend scores every candidate that is not weak: each signal's value times its weight, where the
// weights of the signals that judge the candidate add up to 1. Best first, then by id.
func blend(signals []judged, candidates []Candidate) []scored {
	var out []scored
	for _, c := range candidates {
		var weights float64
		for _, s := range signals {
			if _, ok := s.Values[c.ID]; ok {
				weights += s.weight
			}
		}
		item := scored{Candidate: c}
		for _, s := range signals {
			value, ok := s.Values[c.ID]
			if !ok {
				continue
			}
			part := values.Part{Signal: s.name, Value: value, Weight: s.weight / weights}
			part.Contribution = part.Value * part.Weight
			item.parts = append(item.parts, part)
			item.score += part.Contribution
			item.traces = append(item.traces, s.Traces[c.ID]...)
		}
		slices.SortStableFunc(item.parts, func(a, b values.Part) int { return cmp.Compare(b.Weight, a.Weight) })
		item.traces = item.traces[:min(len(item.traces), maxTraces)]
		if !weak(item.parts) {
			out = append(out, item)
		}
	}
	slices.SortFunc(out, compare)
	return out
}

func compare(a, b scored) int {
	return cmp.Or(cmp.Compare(b.score, a.score), bytes.Compare(a.ID[:], b.ID[:]))
}

// weak tells whether nothing speaks for an item. That its level fits, or that many take it, does not:
// it says nothing of the subject.
func weak(parts []values.Part) bool {
	return !slices.ContainsFunc(parts, func(p values.Part) bool {
		return p.Signal != enums.SignalLevelFit && p.Signal != enums.SignalPopularity && p.Value >= weakBelow
	})
}

// choose picks the items of the list by maximal marginal relevance: one after another, always the one
// with the largest
//
//	0.75 · score - 0.25 · resemblance to the nearest item picked before
//
// where resemblance is 0.7 × the shared part of what both teach (Jaccard) + 0.3 if the provider is the
// same. It returns them best first, so that ranks follow scores.
func choose(from []scored) []scored {
	if len(from) == 0 {
		return nil
	}
	best := from[0].score
	picked := make([]scored, 0, usualItems)
	rest := slices.Clone(from)
	for len(picked) < usualItems {
		at, most := -1, 0.0
		for i, s := range rest {
			if s.score < tailShare*best && len(picked) >= leastItems {
				continue
			}
			var alike float64
			for _, p := range picked {
				alike = max(alike, resemblance(s.Candidate, p.Candidate))
			}
			if value := relevance*s.score - (1-relevance)*alike; at < 0 || value > most {
				at, most = i, value
			}
		}
		if at < 0 {
			break
		}
		picked = append(picked, rest[at])
		rest = slices.Delete(rest, at, at+1)
	}
	slices.SortFunc(picked, compare)
	return picked
}

func resemblance(a, b Candidate) float64 {
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

// item turns a chosen candidate into what is stored and shown.
func item(p *Profile, s scored, rank int, told map[uuid.UUID]bool) Item {
	var closes []string
	for _, l := range taught(p, s.Candidate) {
		if l.Size >= gapFrom && len(closes) < maxClosed {
			closes = append(closes, l.Skill)
		}
	}
	return Item{
		CredentialID: s.ID, Rank: rank, Score: s.score, Parts: s.parts,
		Rationale: rationale(p, s, told), Traces: s.traces, Closes: closes,
	}
}

// value is what a signal says of an item; 0 when it says nothing.
func (s scored) value(name enums.Signal) float64 {
	for _, p := range s.parts {
		if p.Signal == name {
			return p.Value
		}
	}
	return 0
}

func (s scored) teaches(skill string) bool { return slices.Contains(s.Teaches, skill) }
