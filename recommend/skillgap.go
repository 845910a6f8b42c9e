package recommend

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/google/uuid"

	"github.com/rubrica/rubrica/ent/enums"
)

// SkillGap judges a credential by how well what it teaches closes what the learner needs:
//
//	value = gain / best · readiness
//	gain = Σ over the three largest of need(i-th skill taught)·0.8^i, counting from 0
//	best = Σ over the learner's three largest needs·0.8^i
//	readiness = (1 - 0.5 · mean over the prerequisites of (the learner's gap in it; 0.25 when unknown))
//	            · (1 - 0.5 · (its level - where the learner stands - 0.5, cut to 0…1))
//
// 1 means that it teaches the learner's three largest needs first, and asks for nothing that the
// learner lacks. LevelFit says where the learner stands: what is taught far above one's head closes
// little. Needs count relative to the largest ones, so that a learner who did well has a best
// next step too; three, so that a long list of skills is no merit of its own.
type SkillGap struct{}

const (
	countedNeeds        = 3
	unknownPrerequisite = 0.25
	prerequisiteShare   = 0.5
	levelShare          = 0.5
	maxSkillTraces      = 4
)

// Name of the signal.
func (SkillGap) Name() enums.Signal { return enums.SignalSkillGap }

// Judge judges all candidates.
func (SkillGap) Judge(_ context.Context, p *Profile, c *Catalogue) (Judgement, error) {
	var best float64
	for i, n := range p.Needs[:min(len(p.Needs), countedNeeds)] {
		best += n.Size * fade(i)
	}
	sizes := make([]float64, len(c.skills)) // of the needs, by number of the skill
	for _, n := range p.Needs {
		if i, ok := c.skills[n.Skill]; ok {
			sizes[i] = n.Size
		}
	}
	values := make([]float64, len(c.Candidates))
	for i := range c.Candidates {
		if gain := gainOf(sizes, c.teaches[i]); gain > 0 {
			values[i] = min(1, gain/best) * readiness(p, &c.Candidates[i]) // above 1 by rounding only
		}
	}
	return Judgement{Values: values, Traces: func(i int) []Trace { return skillTraces(p, &c.Candidates[i]) }}, nil
}

// gainOf is the sum of the largest gains of what a credential teaches.
func gainOf(sizes []float64, teaches []int32) float64 {
	var largest [countedNeeds]float64 // descending
	for i, skill := range teaches {
		gain := sizes[skill] * fade(i)
		for k := range largest {
			if gain > largest[k] {
				gain, largest[k] = largest[k], gain
			}
		}
	}
	var sum float64
	for _, gain := range largest {
		sum += gain
	}
	return sum
}

// fade is how much the i-th place in a list of skills counts.
func fade(i int) float64 {
	if i < len(faded) {
		return faded[i]
	}
	return math.Pow(centralDecay, float64(i))
}

// faded are the first places.
var faded = func() (f [16]float64) {
	for i := range f {
		f[i] = math.Pow(centralDecay, float64(i))
	}
	return f
}()

// lesson is a need that a credential serves.
type lesson struct {
	*Need
	gain float64
}

// taught lists the needs that a credential serves, the largest gain first.
func taught(p *Profile, c *Candidate) []lesson {
	var lessons []lesson
	for i, skill := range c.Teaches {
		if n := p.need(skill); n != nil && n.Size > 0 {
			lessons = append(lessons, lesson{n, n.Size * fade(i)})
		}
	}
	slices.SortStableFunc(lessons, func(a, b lesson) int { return cmp.Compare(b.gain, a.gain) })
	return lessons
}

func readiness(p *Profile, c *Candidate) float64 {
	above := min(1, max(0, levels[c.Level]-standing(p.Learner)-0.5))
	ready := 1 - levelShare*above
	if len(c.Requires) == 0 {
		return ready
	}
	var lacking float64
	for _, skill := range c.Requires {
		switch n := p.need(skill); {
		case n != nil && n.gap():
			lacking += n.Size
		case !p.asked(skill):
			lacking += unknownPrerequisite
		}
	}
	return ready * (1 - prerequisiteShare*lacking/float64(len(c.Requires)))
}

// asked tells whether the question was about the skill.
func (p *Profile) asked(skill string) bool { return p.questioned[skill] }

func skillTraces(p *Profile, c *Candidate) []Trace {
	var traces []Trace
	for _, l := range taught(p, c) {
		if len(traces) == maxSkillTraces {
			break
		}
		t := Trace{Signal: enums.SignalSkillGap, Skill: l.Skill}
		switch {
		case len(l.Missed) > 0:
			k := l.Missed[0]
			t.Text = fmt.Sprintf("Teaches %s; your answer %s “%s”.", p.name(l.Skill), verb(k), k.Label)
			t.Evidence = p.quote(k.ID, uuid.Nil)
		case l.Low != nil:
			t.Text = fmt.Sprintf("Teaches %s; you reached %s on “%s”.", p.name(l.Skill), percent(l.Low.Score), l.Low.Title)
			t.Evidence = p.quote(uuid.Nil, l.Low.ID)
		case l.Interest:
			t.Text = fmt.Sprintf("Teaches %s, one of your interests.", p.name(l.Skill))
		case l.Next:
			t.Text = fmt.Sprintf("Teaches %s, which the track %s builds on and this question did not ask about.", p.name(l.Skill), p.Track.Title)
		default:
			t.Text = fmt.Sprintf("Teaches %s, in which your answer was nearly complete.", p.name(l.Skill))
		}
		if l.Low != nil {
			t.Criterion = l.Low.ID.String()
		}
		traces = append(traces, t)
	}
	for _, skill := range c.Requires {
		var text string
		switch n := p.need(skill); {
		case n != nil && n.gap() && n.Size >= unservedFrom:
			text = "Asks for %s beforehand, in which your answer had gaps."
		case p.asked(skill):
			text = "Asks for %s beforehand, which your answer showed."
		default:
			text = "Asks for %s beforehand, which this question did not test."
		}
		traces = append(traces, Trace{Signal: enums.SignalSkillGap, Skill: skill, Text: fmt.Sprintf(text, p.name(skill))})
	}
	return traces
}
