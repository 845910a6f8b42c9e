package recommend

import (
	"context"
	"fmt"
	"math"

	"github.com/rubrica/rubrica/ent/enums"
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

// Judge judges all candidates.
func (LevelFit) Judge(_ context.Context, p *Profile, c *Catalogue) (Judgement, error) {
	at := standing(p.Learner)
	fits := map[enums.Level]float64{}
	for name, level := range levels {
		distance := level - at
		if distance > 0 {
			distance *= tooHigh
		}
		fits[name] = max(0, 1-math.Abs(distance)/levelReach)
	}
	foundation, intermediate, advanced := fits[enums.LevelFoundation], fits[enums.LevelIntermediate], fits[enums.LevelAdvanced]
	values := make([]float64, len(c.Candidates))
	for i := range c.Candidates {
		switch c.Candidates[i].Level {
		case enums.LevelFoundation:
			values[i] = foundation
		case enums.LevelIntermediate:
			values[i] = intermediate
		case enums.LevelAdvanced:
			values[i] = advanced
		default:
			values[i] = Unknown
		}
	}
	return Judgement{Values: values, Traces: func(i int) []Trace {
		return []Trace{{Signal: enums.SignalLevelFit, Text: fmt.Sprintf(
			"Its level is %s; %s on %s question points to %s.",
			word(c.Candidates[i].Level), percent(p.Percent/100), article(word(p.Question.Level)), word(nearest(at)))}}
	}}, nil
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
