package calibration

import (
	"context"
	"fmt"

	"github.com/rubrica/rubrica/scoring"
	"github.com/rubrica/rubrica/scoring/feature"
	"github.com/rubrica/rubrica/scoring/lexicon"
	"github.com/rubrica/rubrica/scoring/ngram"
)

// Pack predicts, before any score of a question is known, which share of the points an answer earns
// for its likeness to the model answer. It is safe for concurrent use.
type Pack interface {
	// Version changes whenever the same answer could be given another share.
	Version() string
	// Against makes a question ready; nil where there is no model answer to compare with.
	Against(q *scoring.Prepared) Comparison
}

// Comparison compares answers with one question's model answer. It is safe for concurrent use.
type Comparison interface {
	Share(answer *scoring.Text) Share
}

// Share is a share of the points: Base plus the Terms, each in shares of the scale's width (0…1; the
// sum may lie a little outside). The terms' labels are learner-safe.
type Share struct {
	Base  float64
	Terms []scoring.Contribution
}

// value is the sum.
func (s Share) value() float64 {
	v := s.Base
	for _, t := range s.Terms {
		v += t.Points
	}
	return v
}

// gramOptions are the n-grams that are counted.
var gramOptions = ngram.Options{Min: 1, Max: 5, Bits: 17}

// measured is an answer as models see it.
type measured struct {
	text     *scoring.Text
	keys     []string // of the rubric's criteria
	rules    *scoring.Result
	features []float64
	left     [][]float64 // the features without each sentence; nil where nobody asks for reasons
	grams    ngram.Vector
	share    *Share // of the pack
}

// meter measures the answers to one question.
type meter struct {
	question *scoring.Prepared
	local    *scoring.Local
	lexicon  *lexicon.Lexicon
	pack     Comparison // nil without
}

// all measures everything; grams only where the models have them, since they are the dear part.
func (m *meter) all(ctx context.Context, answer *scoring.Text, rules *scoring.Result, grams bool) (*measured, error) {
	out := &measured{text: answer, rules: rules}
	for _, c := range m.question.Question.Rubric.Criteria {
		out.keys = append(out.keys, c.Key)
	}
	if rules == nil {
		var err error
		if out.rules, err = m.local.Score(ctx, scoring.Request{Question: m.question, Answer: answer, ScoresOnly: true}); err != nil {
			return nil, fmt.Errorf("calibration: what the rules make of an answer: %w", err)
		}
	}
	out.features = feature.Of(answer, m.lexicon)
	if grams {
		out.grams = ngram.Of(readable(answer), gramOptions)
	}
	if m.pack != nil {
		s := m.pack.Share(answer)
		out.share = &s
	}
	return out, nil
}

// readable is what was read of a text.
func readable(t *scoring.Text) string { return t.Raw[:min(len(t.Raw), t.ReadTo)] }
