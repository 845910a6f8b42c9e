package scoring

import "math"

// Trait is what a criterion measures.
type Trait string

// The traits that engines know how to measure.
const (
	TraitContent      Trait = "CONTENT"
	TraitReasoning    Trait = "REASONING"
	TraitOrganization Trait = "ORGANIZATION"
	TraitClarity      Trait = "CLARITY"
)

// Question is one essay question with the rubric that its answers are scored by.
type Question struct {
	ID       string
	Title    string
	Prompt   string
	MinWords int // advised, not enforced
	MaxWords int
	Rubric   Rubric
}

// Rubric is one version of the rules by which the answers to a question are scored.
type Rubric struct {
	ID           string
	Version      int
	Criteria     []Criterion
	KeyPoints    []KeyPoint
	ModelAnswers []string
}

// Criterion is one line of a rubric. The weights of a rubric's criteria add up to 1.
type Criterion struct {
	ID     string
	Key    string
	Title  string
	Trait  Trait
	Weight float64
	Scale  Scale
	Levels []Level
}

// Level describes what one score of a criterion looks like.
type Level struct {
	Score      float64
	Descriptor string
}

// KeyPoint is a statement that a grader looks for. Label may be shown to a learner, Text may not.
type KeyPoint struct {
	ID     string
	Key    string
	Label  string
	Text   string
	Weight float64 // relative to the other key points of the rubric
	Skills []string
}

// Scale is the grid on which a criterion's scores are displayed: Min, Min+Step, … Max.
type Scale struct {
	Min, Max, Step float64
}

// Width is the distance between the ends of the scale.
func (s Scale) Width() float64 { return s.Max - s.Min }

// Clamp returns the point of the continuous scale that is nearest to v.
func (s Scale) Clamp(v float64) float64 { return math.Min(s.Max, math.Max(s.Min, v)) }

// Round returns the point of the grid that is nearest to v; a half rounds up.
func (s Scale) Round(v float64) float64 {
	v = s.Clamp(v)
	if s.Step <= 0 {
		return v
	}
	return s.Clamp(s.Min + math.Floor((v-s.Min)/s.Step+0.5)*s.Step)
}
