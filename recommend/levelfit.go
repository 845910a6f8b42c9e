package recommend

import (
	"context"
	"fmt"
	"math"

	"github.com/google/uuid"

	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/ent/values"
)

// LevelFit judges a credential by how near its level is to where the learner stands. With the levels
// at 0, 1 and 2, the question's at q, and p the overall score (0…1), the learner stands at
//
//	q · p / 0.6          below 60 %: from the foundations up to the question's level
//	q + (p - 0.6) / 0.4  above: up to one level on, and never past the last one
//
//	value = max(0, 1 - distance / 1.5), where a level that is too high is 1.25 times as far.
type LevelFit struct{}

const (
	passing    = 0.6
	levelReach = 1.5
	tooHigh    = 1.25
)

// Name of the signal.
func (LevelFit) Name() enums.Signal { return enums.SignalLevelFit }

// Values judges all candidates.
func (LevelFit) Values(_ context.Context, p *Profile, candidates []Candidate) (Judgement, error) {
	j := Judgement{Values: map[uuid.UUID]float64{}, Traces: map[uuid.UUID][]values.Trace{}}
	at := standing(p.Learner)
	for _, c := range candidates {
		level, known := levels[c.Level]
		if !known {
			continue
		}
		distance := level - at
		if distance > 0 {
			distance *= tooHigh
		}
		j.Values[c.ID] = max(0, 1-math.Abs(distance)/levelReach)
		j.Traces[c.ID] = []values.Trace{{Signal: enums.SignalLevelFit, Text: fmt.Sprintf(
			"Its level is %s; %s on %s question points to %s.",
			word(c.Level), percent(p.Percent/100), article(word(p.Question.Level)), word(nearest(at)))}}
	}
	return j, nil
}

// standing is where the learner is on the axis of levels, 0…2.
func standing(l *Learner) float64 {
	q, p := levels[l.Question.Level], l.Percent/100
	if p < passing {
		return q * p / passing
	}
	return min(levels[enums.LevelAdvanced], q+(p-passing)/(1-passing))
}

func nearest(at float64) enums.Level {
	switch {
	case at < 0.5:
		return enums.LevelFoundation
	case at < 1.5:
		return enums.LevelIntermediate
	default:
		return enums.LevelAdvanced
	}
}
