package recommend

import (
	"context"

	"github.com/google/uuid"

	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/ent/values"
)

// Signal is one reason to recommend. It judges every candidate by itself; how much it counts is the
// blend's affair.
type Signal interface {
	Name() enums.Signal
	// Values judges the candidates. The same arguments and the same database give the same judgement.
	// An error means that the signal has nothing to say at all: the blend goes on without it.
	Values(ctx context.Context, p *Profile, candidates []Candidate) (Judgement, error)
}

// Judgement is what a signal says. Both maps are keyed by the candidate's id.
type Judgement struct {
	// Values are 0…1. A candidate that is left out is one that the signal knows nothing of, which is
	// not the same as 0: its other signals then count for more.
	Values map[uuid.UUID]float64
	// Traces are the facts behind the values, the weightiest first; learner-safe.
	Traces map[uuid.UUID][]values.Trace
	// Gap says for people what the signal had to do without; empty when nothing.
	Gap string
}

// Profile is the learner, with what follows from the run.
type Profile struct {
	*Learner
	Needs []Need            // largest first
	Names map[string]string // of skills, by slug
}

// need returns the learner's need of a skill, or nil.
func (p *Profile) need(skill string) *Need {
	for i := range p.Needs {
		if p.Needs[i].Skill == skill {
			return &p.Needs[i]
		}
	}
	return nil
}

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

// Candidate is a credential that may be recommended.
type Candidate struct {
	ID       uuid.UUID
	Title    string
	Provider string
	Kind     enums.CredentialKind
	Level    enums.Level
	Teaches  []string // slugs, most central first
	Requires []string // slugs
}
