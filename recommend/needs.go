package recommend

import (
	"cmp"
	"math"
	"slices"

	"github.com/rubrica/rubrica/ent/enums"
)

// Need is a skill that the learner should work on, and why.
type Need struct {
	Skill string  // slug
	Size  float64 // 0…1
	// Next is set for a skill of the track that this question did not ask about: the next step, and
	// not a gap.
	Next bool
	// Interest is set for what the learner wants to learn. It may be a gap or a next step too.
	Interest bool
	Missed   []KeyPoint // the points that were missed or only touched on, the largest loss first
	Low      *Criterion // the criterion that scored low, if one did
}

const (
	metFrom       = 0.7 // degree from which a key point counts as met
	lowBelow      = 0.7 // score below which a criterion is called low
	centralDecay  = 0.8 // each place in a list of skills counts so much of the one before
	criterionCap  = 0.6 // a low criterion alone says less than missed points
	nextLeast     = 0.15
	nextMost      = 0.40
	nextBehind    = 0.6
	interestLeast = 0.40
	interestShare = 0.8
	gapFrom       = 0.1 // below this nothing is called a gap
	unservedFrom  = 0.3 // gaps of this size are named when nothing teaches them
)

// needsOf finds what to work on, largest first, then by slug.
//
// The gap of a skill is the larger of two: the share of its key points that was missed, weighted, and
// counting half to whole by how much of the question is about the skill; and for the question's own
// skills 0.6 × what the CONTENT and REASONING criteria fell short of, fading by 0.8 with each place.
//
// A skill of the track that the question did not ask about is a next step: from 0.15 after an empty
// answer to 0.40 after a perfect one, fading to half along the track's list, and at most 0.6 × the
// largest gap where there is one. So gaps come first, and a perfect answer still leads on.
//
// An interest is at least 0.8 × the largest gap, and at least 0.40: it stands behind the largest gap and
// before what is small.
func needsOf(l *Learner, interests []string) []Need {
	found := map[string]*Need{}
	need := func(skill string) *Need {
		if found[skill] == nil {
			found[skill] = &Need{Skill: skill}
		}
		return found[skill]
	}

	asked, lost := map[string]float64{}, map[string]float64{}
	var most float64
	for _, k := range l.KeyPoints {
		for _, skill := range k.Skills {
			asked[skill] += k.Weight
			lost[skill] += k.Weight * (1 - k.Degree)
			most = max(most, asked[skill])
			if k.Degree < metFrom {
				n := need(skill)
				n.Missed = append(n.Missed, k)
			}
		}
	}
	for skill, weight := range asked {
		if lost[skill] > 0 {
			need(skill).Size = lost[skill] / weight * (0.5 + 0.5*weight/most)
		}
	}

	low, shortfall := subjectShortfall(l.Criteria)
	for i, skill := range l.Question.Skills {
		if size := criterionCap * shortfall * math.Pow(centralDecay, float64(i)); size > 0 {
			n := need(skill)
			n.Size, n.Low = max(n.Size, size), low
		}
	}

	var largest float64
	for _, n := range found {
		largest = max(largest, n.Size)
	}
	most = nextLeast + (nextMost-nextLeast)*l.Percent/100
	if largest >= gapFrom {
		most = min(most, nextBehind*largest)
	}
	for i, skill := range l.Track.Skills {
		_, wasAsked := asked[skill]
		if !wasAsked && !slices.Contains(l.Question.Skills, skill) {
			n := need(skill)
			n.Next, n.Size = true, most*(1-0.5*float64(i)/float64(len(l.Track.Skills)))
		}
	}

	for _, skill := range interests {
		n := need(skill)
		n.Interest, n.Size = true, max(n.Size, interestLeast, interestShare*largest)
	}

	needs := make([]Need, 0, len(found))
	for _, n := range found {
		slices.SortStableFunc(n.Missed, func(a, b KeyPoint) int {
			return cmp.Compare(b.Weight*(1-b.Degree), a.Weight*(1-a.Degree))
		})
		needs = append(needs, *n)
	}
	slices.SortFunc(needs, func(a, b Need) int {
		return cmp.Or(cmp.Compare(b.Size, a.Size), cmp.Compare(a.Skill, b.Skill))
	})
	return needs
}

// gap tells whether the need is a gap that the answer showed, and not only a next step or an interest.
func (n *Need) gap() bool { return len(n.Missed) > 0 || n.Low != nil || !n.Next && !n.Interest }

// subjectShortfall is the weighted mean of what the criteria of the subject matter lack, 0…1, and
// the criterion among them that lost most, if it is low.
func subjectShortfall(criteria []Criterion) (low *Criterion, shortfall float64) {
	var weights, worst float64
	for i, c := range criteria {
		if c.Trait != enums.TraitContent && c.Trait != enums.TraitReasoning {
			continue
		}
		lost := c.Weight * (1 - c.Score)
		weights += c.Weight
		shortfall += lost
		if c.Score < lowBelow && lost > worst {
			low, worst = &criteria[i], lost
		}
	}
	if weights == 0 {
		return nil, 0
	}
	return low, shortfall / weights
}
