package calibration

import (
	"math"
	"slices"

	"github.com/rubrica/rubrica/scoring"
	"github.com/rubrica/rubrica/scoring/additive"
)

// kind is a prior: something that is known of an answer before any score.
type kind string

const (
	rules      kind = "rules"
	pack       kind = "pack"
	otherTexts kind = "others"
)

// trusted orders the priors by how far they are to be trusted for a question: the rules where they have
// key points to look for, else likeness to the model answer.
func trusted(q scoring.Question) []kind {
	if len(q.Rubric.KeyPoints) > 0 {
		return []kind{rules, pack, otherTexts}
	}
	return []kind{pack, otherTexts, rules}
}

// Anchor is the share of the most trusted prior's points that counts before a score is seen; the model is shrunk
// towards it.
const Anchor = 0.5

// model is what was learnt of one criterion. Its sum is Sum.Base, what the parts of Sum add, and
// Anchor times the points of the first of Kinds. Parts of Sum are one a prior, in the order of Kinds, and then the
// features and the n-grams where the model is Full.
type model struct {
	Key      string // of the criterion
	Scale    scoring.Scale
	Level    scoring.CalibrationLevel
	Kinds    []kind // most trusted first
	Others   *others
	Full     bool
	Sum      additive.Model
	Map      additive.Map
	Half     float64 // half the width of the interval, for an answer of difficulty 1
	Coverage float64 // of the interval; 0 when there were too few answers to tell
}

func gridOf(s scoring.Scale) additive.Grid {
	step := s.Step
	if step <= 0 {
		step = s.Width() / 100
	}
	return additive.Grid{Min: s.Min, Max: s.Max, Step: step}
}

// points are what a prior gives the answer, on the scale and not kept within it.
func (c *model) points(k kind, m *measured) float64 {
	switch k {
	case rules:
		return c.ruled(m).Raw
	case pack:
		return c.Scale.Min + c.Scale.Width()*m.share.value()
	default:
		return c.Others.points(m.features)
	}
}

// ruled is what the rules made of the criterion.
func (c *model) ruled(m *measured) *scoring.CriterionScore {
	return &m.rules.Scores[slices.Index(m.keys, c.Key)] // a criterion of the rubric: see Calibration.Usable
}

// row is the answer as Sum sees it.
func (c *model) row(m *measured) additive.Row {
	row := make(additive.Row, 0, len(c.Kinds)+2)
	for _, k := range c.Kinds {
		row = append(row, additive.Measures{Dense: []float64{c.points(k, m)}})
	}
	if c.Full {
		row = append(row, additive.Measures{Dense: m.features}, additive.Measures{Sparse: m.grams})
	}
	return row
}

// anchored is what counts before a score is seen.
func (c *model) anchored(m *measured) float64 {
	if len(c.Kinds) == 0 {
		return 0
	}
	return Anchor * c.points(c.Kinds[0], m)
}

// raw is the sum before the map.
func (c *model) raw(m *measured) float64 { return c.Sum.Predict(c.row(m)) + c.anchored(m) }

// slope is by how many points the sum moves when prior i moves by one.
func (c *model) slope(i int) float64 {
	var s float64
	if i == 0 {
		s = Anchor
	}
	if e := &c.Sum.Parts[i]; e.Weights != nil && e.Standards[0].Deviation > 0 {
		s += float64(e.Weights[0]) / e.Standards[0].Deviation
	}
	return s
}

// difficulty is 1 for an answer like the graded ones, and grows with the distance of its measures
// from theirs: the root mean square of the standardised measures, of which what lies beyond 1 counts half.
func (c *model) difficulty(m *measured) float64 {
	if !c.Full {
		return 1
	}
	e := &c.Sum.Parts[len(c.Kinds)]
	var sum float64
	var n int
	for j, s := range e.Standards {
		if s.Deviation > 0 {
			z := s.Of(m.features[j])
			sum, n = sum+z*z, n+1
		}
	}
	if n == 0 {
		return 1
	}
	return 1 + 0.5*math.Max(0, math.Sqrt(sum/float64(n))-1)
}

// interval is the interval around a value that was not yet rounded, clipped to the scale.
func (c *model) interval(value float64, m *measured) scoring.Interval {
	half := c.Half * c.difficulty(m)
	value = c.Scale.Clamp(value)
	return scoring.Interval{Low: c.Scale.Clamp(value - half), High: c.Scale.Clamp(value + half), Coverage: c.Coverage}
}
