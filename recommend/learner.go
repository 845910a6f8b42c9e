package recommend

import (
	"errors"
	"fmt"
	"math"

	"github.com/google/uuid"

	"github.com/rubrica/rubrica/ent/enums"
)

// Learner is what one finished scoring run tells of a learner.
type Learner struct {
	ID        uuid.UUID
	Track     Track
	Question  Question
	Criteria  []Criterion
	KeyPoints []KeyPoint
	Quotes    []Quote // a few; may be empty
	Percent   float64 // overall score, 0…100
}

// Track is what the learner prepares for.
type Track struct {
	ID     uuid.UUID
	Title  string
	Skills []string // slugs, most central first
}

// Question is what was asked.
type Question struct {
	Prompt string
	Level  enums.Level
	Skills []string  // slugs, most central first
	Vector []float32 // of the prompt, if known; else it is embedded
}

// Criterion is the score of one criterion.
type Criterion struct {
	ID     uuid.UUID
	Title  string
	Trait  enums.Trait
	Score  float64 // 0…1, from the lowest to the highest of its scale
	Weight float64 // within the rubric
}

// KeyPoint is what became of one key point.
type KeyPoint struct {
	ID     uuid.UUID
	Label  string   // learner-safe
	Degree float64  // 0 missed … 1 met
	Weight float64  // relative to the other key points
	Skills []string // slugs: what is missing when it is missed

	// Confidential is what the grader looks for. It is embedded, and no part of it is ever shown.
	Confidential string
	Vector       []float32 // of Confidential, if known; else it is embedded
}

// Quote is a passage of the essay, in the learner's own words.
type Quote struct {
	Text       string
	KeyPointID uuid.UUID // what it bears on, if one
	Criterion  uuid.UUID // what it bears on, if one
}

// ErrLearner is an input that makes no sense, such as a degree above 1.
var ErrLearner = errors.New("bad learner")

func (l *Learner) check() error {
	unit := func(what string, v float64) error {
		if !(v >= 0 && v <= 1) {
			return fmt.Errorf("%w: %s is %v, it must be 0…1", ErrLearner, what, v)
		}
		return nil
	}
	weight := func(what string, v float64) error {
		if !(v >= 0) || math.IsInf(v, 0) {
			return fmt.Errorf("%w: %s is %v, it must be a number from 0 on", ErrLearner, what, v)
		}
		return nil
	}
	err := unit("percent / 100", l.Percent/100)
	if _, known := levels[l.Question.Level]; !known {
		err = errors.Join(err, fmt.Errorf("%w: the question's level is %q", ErrLearner, l.Question.Level))
	}
	for _, c := range l.Criteria {
		err = errors.Join(err, unit("the score of "+c.Title, c.Score), weight("the weight of "+c.Title, c.Weight))
	}
	for _, k := range l.KeyPoints {
		err = errors.Join(err, unit("the degree of "+k.Label, k.Degree), weight("the weight of "+k.Label, k.Weight))
	}
	return err
}

// levels places the levels on one axis.
var levels = map[enums.Level]float64{
	enums.LevelFoundation:   0,
	enums.LevelIntermediate: 1,
	enums.LevelAdvanced:     2,
}
