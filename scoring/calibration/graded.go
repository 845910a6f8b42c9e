package calibration

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/rubrica/rubrica/scoring"
)

// Graded is an answer that people have scored.
type Graded struct {
	Text   *scoring.Text
	Scores map[string]float64 // by the criterion's key, on its scale
	Second map[string]float64 // of another rater, where there is one; for some criteria or none
	Group  string             // of learners, to compare by; may be empty
}

// The bounds of what is fitted on.
const (
	MinRows    = 5    // graded answers that it takes at all
	EnoughRows = 30   // from which it may count as calibrated
	MaxRows    = 2000 // a fit's time grows with the third power
	MaxGroups  = 20   // different values of Group
	MaxGroup   = 64   // characters of a group's name
)

// FaultCode says what is wrong with graded answers.
type FaultCode string

// The faults. Those of the whole table have the row -1.
const (
	TooFew           FaultCode = "TOO_FEW"
	TooMany          FaultCode = "TOO_MANY"
	NoCriterion      FaultCode = "NO_CRITERION"
	UnknownCriterion FaultCode = "UNKNOWN_CRITERION"
	AllEqual         FaultCode = "ALL_EQUAL"
	TooManyGroups    FaultCode = "TOO_MANY_GROUPS"
	Empty            FaultCode = "EMPTY"
	NotEnglish       FaultCode = "NOT_ENGLISH"
	Duplicate        FaultCode = "DUPLICATE"
	Missing          FaultCode = "MISSING"
	OffScale         FaultCode = "OFF_SCALE"
	LongGroup        FaultCode = "LONG_GROUP"
)

// Fault is one thing that is wrong with graded answers.
type Fault struct {
	Code      FaultCode
	Row       int    // index of the answer, or -1
	Criterion string // key, or ""
	Message   string // what is wrong and what to do; without the row
}

// InvalidError says all that is wrong with graded answers, the first MaxFaults of it.
type InvalidError struct{ Faults []Fault }

// MaxFaults bounds what an InvalidError lists.
const MaxFaults = 100

// Error names the first fault and the number of the others.
func (e *InvalidError) Error() string {
	f := e.Faults[0]
	where := "calibration: "
	if f.Row >= 0 {
		where += fmt.Sprintf("graded answer %d: ", f.Row+1)
	}
	if n := len(e.Faults) - 1; n > 0 {
		return fmt.Sprintf("%s%s (and %d more)", where, f.Message, n)
	}
	return where + f.Message
}

// Check says what is wrong with graded answers of a question, at most MaxFaults things; nil when they
// can be fitted on. It reads the texts' words and no vectors.
func Check(q scoring.Question, graded []Graded) []Fault {
	c := &checker{question: q, graded: graded}
	c.table()
	c.rows()
	slices.SortStableFunc(c.faults, func(a, b Fault) int { return cmp.Compare(a.Row, b.Row) })
	return c.faults[:min(len(c.faults), MaxFaults)]
}

type checker struct {
	question scoring.Question
	graded   []Graded
	faults   []Fault
}

func (c *checker) add(code FaultCode, row int, criterion, format string, args ...any) {
	c.faults = append(c.faults, Fault{code, row, criterion, fmt.Sprintf(format, args...)})
}

// table checks what can only be seen of all answers together.
func (c *checker) table() {
	switch n := len(c.graded); {
	case n < MinRows:
		c.add(TooFew, -1, "", "%d graded answers are too few: at least %d are needed", n, MinRows)
	case n > MaxRows:
		c.add(TooMany, -1, "", "%d graded answers are too many: leave out all but %d", n, MaxRows)
	}
	groups := map[string]bool{}
	for _, g := range c.graded {
		groups[g.Group] = true
	}
	if len(groups) > MaxGroups {
		c.add(TooManyGroups, -1, "", "%d groups are too many to compare by: use at most %d", len(groups), MaxGroups)
	}
	known := map[string]bool{}
	for _, x := range c.question.Rubric.Criteria {
		known[x.Key] = true
	}
	for _, key := range gradedKeys(c.graded) {
		if !known[key] {
			c.add(UnknownCriterion, -1, key, "the rubric has no criterion %q", key)
		}
	}
	criteria := gradedCriteria(c.question, c.graded)
	if len(criteria) == 0 && len(c.graded) > 0 {
		c.add(NoCriterion, -1, "", "no criterion of the rubric is scored")
	}
	for _, x := range criteria {
		if equal, v := c.equal(x.Key); equal && len(c.graded) >= MinRows {
			c.add(AllEqual, -1, x.Key, "all answers have the score %v by %q: nothing can be learnt from that", v, x.Key)
		}
	}
}

func (c *checker) equal(key string) (equal bool, value float64) {
	first := true
	for _, g := range c.graded {
		v, ok := g.Scores[key]
		switch {
		case !ok:
		case first:
			first, value = false, v
		case v != value:
			return false, 0
		}
	}
	return !first, value
}

func (c *checker) rows() {
	criteria := gradedCriteria(c.question, c.graded)
	seen := map[[sha256.Size]byte]bool{}
	for i, g := range c.graded {
		if g.Text == nil || g.Text.Words == 0 {
			c.add(Empty, i, "", "the answer has no words")
		} else {
			if !scoring.English(g.Text) {
				c.add(NotEnglish, i, "", "the answer does not seem to be in English, which is all that can be scored")
			}
			digest := sha256.Sum256([]byte(strings.Join(strings.Fields(strings.ToLower(g.Text.Raw)), " ")))
			if seen[digest] {
				c.add(Duplicate, i, "", "the same answer was graded before")
			}
			seen[digest] = true
		}
		if len([]rune(g.Group)) > MaxGroup {
			c.add(LongGroup, i, "", "the group's name is longer than %d characters", MaxGroup)
		}
		for _, x := range criteria {
			v, ok := g.Scores[x.Key]
			if !ok {
				c.add(Missing, i, x.Key, "the score by %q is missing", x.Key)
			} else {
				c.scale(i, x, v)
			}
			if v, ok := g.Second[x.Key]; ok {
				c.scale(i, x, v)
			}
		}
		if len(c.faults) > 2*MaxFaults {
			return
		}
	}
}

func (c *checker) scale(row int, x scoring.Criterion, v float64) {
	if math.IsNaN(v) || v < x.Scale.Min || v > x.Scale.Max || math.Abs(v-x.Scale.Round(v)) > 1e-6 {
		c.add(OffScale, row, x.Key, "%v is not on the scale of %q: %v to %v in steps of %v", v, x.Key, x.Scale.Min, x.Scale.Max, x.Scale.Step)
	}
}

// gradedKeys are the keys that any answer is scored by, in order.
func gradedKeys(graded []Graded) []string {
	set := map[string]bool{}
	for _, g := range graded {
		for key := range g.Scores {
			set[key] = true
		}
		for key := range g.Second {
			set[key] = true
		}
	}
	keys := make([]string, 0, len(set))
	for key := range set {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// gradedCriteria are the rubric's criteria that any answer is scored by, in the rubric's order.
func gradedCriteria(q scoring.Question, graded []Graded) []scoring.Criterion {
	set := map[string]bool{}
	for _, g := range graded {
		for key := range g.Scores {
			set[key] = true
		}
	}
	var out []scoring.Criterion
	for _, x := range q.Rubric.Criteria {
		if set[x.Key] {
			out = append(out, x)
		}
	}
	return out
}
