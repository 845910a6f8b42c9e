package calibration

import (
	"errors"
	"fmt"
	"slices"

	"github.com/rubrica/rubrica/scoring"
	"github.com/rubrica/rubrica/scoring/feature"
	"github.com/rubrica/rubrica/scoring/guard"
	"github.com/rubrica/rubrica/scoring/lexicon"
)

// Calibration is what was learnt of one question. It is safe for concurrent use.
type Calibration struct {
	QuestionID     string
	RubricID       string
	EmbeddingModel string   // of the vectors
	Rules          string   // scoring.LocalVersion
	Features       []string // keys of the measures
	Lexicon        bool     // words were looked up
	Pack           string   // version; "" when answers were not compared with a model answer
	Rows           int      // graded answers
	// Guard finds what leads away from what the graded answers speak about; nil of too few answers.
	Guard *guard.Guard

	models []*model
	digest string
}

// Digest names the calibration: equal ones score equally. It is hexadecimal.
func (c *Calibration) Digest() string { return c.digest }

// Level of a criterion by its key; Uncalibrated when it was not graded.
func (c *Calibration) Level(criterion string) scoring.CalibrationLevel {
	if m := c.model(criterion); m != nil {
		return m.Level
	}
	return scoring.Uncalibrated
}

func (c *Calibration) model(criterion string) *model {
	for _, m := range c.models {
		if m.Key == criterion {
			return m
		}
	}
	return nil
}

// ErrOutdated says that a calibration was fitted for something else than what it is to be used with:
// another version of the rubric, of the rules, of the measures or of the models. Fit it again.
var ErrOutdated = errors.New("the calibration is out of date: fit it again")

// Usable tells whether answers to a question can be scored with the calibration; the error is an
// ErrOutdated that says what differs.
func (c *Calibration) Usable(q *scoring.Prepared, lex *lexicon.Lexicon, p Pack) error {
	version := ""
	if p != nil {
		version = p.Version()
	}
	for _, of := range []struct{ what, fitted, now string }{
		{"the question", c.QuestionID, q.Question.ID},
		{"the rubric's version", c.RubricID, q.Question.Rubric.ID},
		{"the embedding model", c.EmbeddingModel, q.Model},
		{"the rules", c.Rules, scoring.LocalVersion},
	} {
		if of.fitted != of.now {
			return fmt.Errorf("%w: %s was %q and is %q", ErrOutdated, of.what, of.fitted, of.now)
		}
	}
	if !slices.Equal(c.Features, feature.Keys()) {
		return fmt.Errorf("%w: the measures of texts are others", ErrOutdated)
	}
	if c.Lexicon != (lex != nil) {
		return fmt.Errorf("%w: words were looked up in a lexicon: %v, and now: %v", ErrOutdated, c.Lexicon, lex != nil)
	}
	for _, m := range c.models {
		at := slices.IndexFunc(q.Question.Rubric.Criteria, func(x scoring.Criterion) bool { return x.Key == m.Key && x.Scale == m.Scale })
		if at < 0 {
			return fmt.Errorf("%w: criterion %q is gone or has another scale", ErrOutdated, m.Key)
		}
	}
	if c.Pack != "" && c.Pack != version {
		return fmt.Errorf("%w: the pack was %q and is %q", ErrOutdated, c.Pack, version)
	}
	return nil
}
