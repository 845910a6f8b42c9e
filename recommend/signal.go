package recommend

import (
	"context"
	"math"

	"github.com/google/uuid"

	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/ent/values"
)

// Signal is one reason to recommend. It judges every candidate by itself; how much it counts is the
// blend's affair.
type Signal interface {
	Name() enums.Signal
	// Judge judges the candidates of the catalogue. The same arguments and the same database give the same
	// judgement. An error means that the signal has nothing to say at all: the blend goes on without it.
	Judge(ctx context.Context, p *Profile, c *Catalogue) (Judgement, error)
}

// Judgement is what a signal says.
type Judgement struct {
	// Values are 0…1, by the place of the candidate. Unknown (NaN) stands for a candidate that the signal
	// knows nothing of, which is not the same as 0: its other signals then count for more. Nil is Unknown of
	// all.
	Values []float64
	// Traces are the facts behind the value of a candidate, the weightiest first; learner-safe. Nil gives
	// none. They are asked for of the few that are shown.
	Traces func(candidate int) []Trace
	// Because is the title of what the learner took up that speaks most for a candidate; empty, or nil, when
	// nothing does.
	Because func(candidate int) string
	// Gap says for people what the signal had to do without though it should be there; empty when nothing.
	Gap string
	// Quiet says for people why the signal says nothing, though nothing is broken; empty when it speaks.
	Quiet string
}

// Trace is one fact behind a value.
type Trace = values.Trace

// Unknown is the value of a candidate that a signal knows nothing of.
var Unknown = math.NaN()

func known(value float64) bool { return !math.IsNaN(value) }

// Profile is the learner, with what follows from the run and from what they did.
type Profile struct {
	*Learner
	*Past
	Needs []Need            // largest first
	Names map[string]string // of skills, by slug

	bySkill    map[string]*Need
	questioned map[string]bool // skills that the question is about
}

func newProfile(l *Learner, past *Past, names map[string]string) *Profile {
	p := &Profile{Learner: l, Past: past, Needs: needsOf(l, past.Wishes.Interests), Names: names}
	p.index()
	return p
}

func (p *Profile) index() {
	p.bySkill = make(map[string]*Need, len(p.Needs))
	for i := range p.Needs {
		p.bySkill[p.Needs[i].Skill] = &p.Needs[i]
	}
	p.questioned = map[string]bool{}
	for _, skill := range p.Question.Skills {
		p.questioned[skill] = true
	}
	for _, k := range p.KeyPoints {
		for _, skill := range k.Skills {
			p.questioned[skill] = true
		}
	}
}

// need returns the learner's need of a skill, or nil.
func (p *Profile) need(skill string) *Need { return p.bySkill[skill] }

// name is what people call a skill.
func (p *Profile) name(skill string) string {
	if name := p.Names[skill]; name != "" {
		return name
	}
	return skill
}

// quote gives the learner's own words on a key point or a criterion, if there are some.
func (p *Profile) quote(keyPoint, criterion uuid.UUID) string {
	for _, q := range p.Quotes {
		if keyPoint != uuid.Nil && q.KeyPointID == keyPoint {
			return shorten(q.Text)
		}
	}
	for _, q := range p.Quotes {
		if criterion != uuid.Nil && q.Criterion == criterion {
			return shorten(q.Text)
		}
	}
	return ""
}
