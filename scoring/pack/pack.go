// Package pack is the model of short answers that ships with Rubrica: it predicts which share of the points
// an answer would be given from how it measures against a reference answer (package pair), for questions of
// which no answer was graded. It was fitted on other questions (docs/models/pack.md says which), so that it
// tells better answers from worse ones, and can only guess the level of a question.
package pack

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"sync"

	"github.com/rubrica/rubrica/scoring"
	"github.com/rubrica/rubrica/scoring/additive"
	"github.com/rubrica/rubrica/scoring/pair"
)

// Pack predicts a share by a sum: Base, and a weight for each measure on its standard scale.
type Pack struct {
	Version int      `json:"version"`
	Model   string   `json:"model"`  // of the vectors that the measures were made from
	Base    float64  `json:"base"`   // mean share over the questions that it was fitted on
	Lambda  float64  `json:"lambda"` // ridge parameter
	Weights []Weight `json:"weights"`
	// Half is the half-width of the range that held 90 % of the shares of questions that had been left out.
	Half float64 `json:"half"`
	// Within and Between are the deviations of its errors: among answers to one question, and among the
	// means of questions.
	Within  float64 `json:"within"`
	Between float64 `json:"between"`
	// Stretch is by how much answers to one question differ more than the model says, once the level of the
	// question is known: without, its sum is held back by what it cannot know.
	Stretch float64 `json:"stretch"`
	Words   Words   `json:"words"`
}

// Weight is what one measure adds for each standard deviation.
type Weight struct {
	Key      string            `json:"key"`
	Standard additive.Standard `json:"standard"`
	Weight   float64           `json:"weight"`
}

// Term is what a measure added to a share.
type Term struct {
	Measure pair.Measure
	Value   float64 // of the measure
	Share   float64 // that it added; negative took off
}

//go:embed pack.json
var shipped []byte

// Default is the pack that ships.
var Default = sync.OnceValue(func() *Pack {
	p, err := Read(bytes.NewReader(shipped))
	if err != nil {
		panic(err) // a test reads it
	}
	return p
})

// version of the file's form and of the measures that it speaks of.
const version = 1

// Read reads a pack that Write wrote. It refuses one of other measures than this program makes.
func Read(r io.Reader) (*Pack, error) {
	p := &Pack{}
	d := json.NewDecoder(r)
	d.DisallowUnknownFields()
	if err := d.Decode(p); err != nil {
		return nil, fmt.Errorf("pack: %w", err)
	}
	if p.Version != version || len(p.Weights) != len(pair.Measures) {
		return nil, fmt.Errorf("pack: version %d with %d measures, this program has version %d with %d: fit it again",
			p.Version, len(p.Weights), version, len(pair.Measures))
	}
	for j, m := range pair.Measures {
		if p.Weights[j].Key != m.Key {
			return nil, fmt.Errorf("pack: measure %d is %s, this program's %s: fit it again", j, p.Weights[j].Key, m.Key)
		}
	}
	return p, nil
}

// Write writes the pack; the same pack gives the same bytes.
func (p *Pack) Write(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", " ")
	if err := e.Encode(p); err != nil {
		return fmt.Errorf("pack: %w", err)
	}
	return nil
}

// Weight is how much a stem tells; it makes the pack a pair.Weights.
func (p *Pack) Weight(stem string) float64 { return p.Words.Weight(stem) }

// Question is a question and its reference answer, ready for any number of answers. It is safe for
// concurrent use.
type Question struct {
	pack      *Pack
	reference *pair.Reference
}

// Against makes a question ready. Both texts were embedded with the pack's Model.
func (p *Pack) Against(question, reference *scoring.Text) *Question {
	return &Question{pack: p, reference: pair.Against(question, reference, p)}
}

// Share is the share of the points that the answer would be given, about 0 to 1 but not cut to it, and
// the terms that make it: Base + Σ Term.Share, to rounding.
func (q *Question) Share(answer *scoring.Text) (float64, []Term) {
	return q.pack.Of(q.reference.Of(answer))
}

// Measures of an answer, as Of takes them.
func (q *Question) Measures(answer *scoring.Text) []float64 { return q.reference.Of(answer) }

// Share is Against(question, reference).Share(answer).
func (p *Pack) Share(question, reference, answer *scoring.Text) (float64, []Term) {
	return p.Against(question, reference).Share(answer)
}

// Of is the share for an answer's measures, with its terms; measures without weight have none.
func (p *Pack) Of(measures []float64) (float64, []Term) {
	sum := p.Base
	var terms []Term
	for j, w := range p.Weights {
		if w.Weight == 0 {
			continue
		}
		t := Term{Measure: pair.Measures[j], Value: measures[j], Share: w.Weight * w.Standard.Of(measures[j])}
		sum += t.Share
		terms = append(terms, t)
	}
	return sum, terms
}

func (p *Pack) of(measures []float64) float64 {
	sum, _ := p.Of(measures)
	return sum
}
