package enums

// ScoreLevel describes what one score of a criterion looks like.
type ScoreLevel struct {
	Score      float64 `json:"score"`
	Descriptor string  `json:"descriptor"`
}

// Contribution is one term of a score, in points of the criterion's scale.
type Contribution struct {
	Kind   string  `json:"kind"`
	Key    string  `json:"key"`
	Label  string  `json:"label"`
	Points float64 `json:"points"`
}

// Part is one signal of a recommendation's score: Value × Weight = Contribution.
type Part struct {
	Signal       string  `json:"signal"`
	Value        float64 `json:"value"`  // 0…1, normalised
	Weight       float64 `json:"weight"` // 0…1, the weights of an item add up to 1
	Contribution float64 `json:"contribution"`
}

// Trace is one fact behind a recommendation.
type Trace struct {
	Signal     string   `json:"signal"`
	Text       string   `json:"text"`                 // for people, learner-safe
	Skill      string   `json:"skill,omitempty"`      // slug
	Criterion  string   `json:"criterion,omitempty"`  // id of the criterion that scored low
	Evidence   string   `json:"evidence,omitempty"`   // the learner's own words
	Similarity *float64 `json:"similarity,omitempty"` // cosine
	Rank       *int     `json:"rank,omitempty"`       // in the list that found it
}
