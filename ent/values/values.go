// Package values holds the structured values that rows carry and the API shows.
package values

import "github.com/rubrica/rubrica/ent/enums"

// ScoreLevel describes what one score of a criterion looks like.
type ScoreLevel struct {
	Score      float64 `json:"score"`
	Descriptor string  `json:"descriptor"`
}

// Contribution is one term of a score, in points of the criterion's scale.
type Contribution struct {
	Kind   enums.ContributionKind `json:"kind"`
	Key    string                 `json:"key"`
	Label  string                 `json:"label"`
	Points float64                `json:"points"`
}

// Improvement is something concrete that raises a score, in points of the criterion's scale.
type Improvement struct {
	Kind       enums.ImprovementKind `json:"kind"`
	Advice     string                `json:"advice"` // for people, learner-safe
	Gain       float64               `json:"gain"`
	Score      float64               `json:"score"`
	Quote      *string               `json:"quote,omitempty"` // nil, as the ranges, when it is about no one place
	CodePoints *TextRange            `json:"codePoints,omitempty"`
	Utf16      *TextRange            `json:"utf16,omitempty"`
}

// Part is one signal of a recommendation's score: Value × Weight = Contribution.
type Part struct {
	Signal       enums.Signal `json:"signal"`
	Value        float64      `json:"value"`  // 0…1, normalised
	Weight       float64      `json:"weight"` // 0…1, the weights of an item add up to 1
	Contribution float64      `json:"contribution"`
}

// Trace is one fact behind a recommendation.
type Trace struct {
	Signal     enums.Signal `json:"signal"`
	Text       string       `json:"text"`                 // for people, learner-safe
	Skill      string       `json:"skill,omitempty"`      // slug
	Criterion  string       `json:"criterion,omitempty"`  // id of the criterion that scored low
	Evidence   string       `json:"evidence,omitempty"`   // the learner's own words
	Similarity *float64     `json:"similarity,omitempty"` // cosine
	Rank       *int         `json:"rank,omitempty"`       // in the list that found it
}

// Scale is the grid of a criterion's scores: Min, Min+Step, … Max.
type Scale struct{ Min, Max, Step float64 }

// Interval is a range of scores. Coverage is the share of human scores that such ranges are
// calibrated to contain; 0 where nothing was calibrated.
type Interval struct{ Low, High, Coverage float64 }

// Overall is all criteria of a run together, in percent.
type Overall struct {
	Percent  float64
	Interval Interval
}

// Engine names what gave a score.
type Engine struct {
	Name, Version, Model string
	PromptVersion        *string // nil where no prompt was used
}

// Failure says why a run failed.
type Failure struct {
	Code    enums.FailureCode
	Message string
}

// TextRange is a range of a text, without its end.
type TextRange struct {
	Start int `json:"start"`
	End   int `json:"end"`
}

// Detail is a fact of an audit event.
type Detail struct{ Key, Value string }

// Quote is the learner's own words behind the fact; nil when there are none.
func (t *Trace) Quote() *string {
	if t.Evidence == "" {
		return nil
	}
	return &t.Evidence
}
