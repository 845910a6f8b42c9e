// Package pair measures an answer against a reference answer: which of the reference's words and
// statements it has, how near it is in meaning, what it copies from the question, and what it
// contradicts. The strongest single measure is the share of the reference's words, weighted by how much
// they tell, that are found in the answer, words of the question counting little (Sultan, Salazar and
// Sumner 2016, "Fast and Easy Short Answer Grading with High Accuracy"; Mohler, Bunescu and Mihalcea 2011).
//
// Every measure is a finite number for any three texts, empty ones too, and depends on them alone.
package pair

import (
	"math"

	"github.com/rubrica/rubrica/scoring"
)

// Measure is one column of what Of returns.
type Measure struct {
	Key   string // stable, for machines
	Label string // for people; learner-safe
	Group string // what it is summed up under: one of the groups below
	Sense Sense
}

// Sense is which way a measure may count for an answer to a question of which nothing else is known.
type Sense int

// A measure may only raise a score, only lower it, or says nothing by itself.
const (
	Lowers Sense = -1
	Either Sense = 0
	Raises Sense = 1
)

// The groups of measures, as they are named to people.
const (
	GroupAligned  = "aligned"  // counterparts of the reference's words, in their contexts
	GroupWords    = "words"    // shared with the reference answer
	GroupMeaning  = "meaning"  // nearness by sentence vectors
	GroupPhrasing = "phrasing" // runs of words and of characters in common
	GroupDetails  = "details"  // numbers, names, negation
	GroupQuestion = "question" // what is the question's and not the learner's
	GroupLength   = "length"
)

// Weights tells how much a stem says: 0 nothing, 1 as much as any word does.
type Weights interface{ Weight(stem string) float64 }

// Reference is a question and its reference answer, read once for any number of answers. It is safe
// for concurrent use.
type Reference struct {
	weights  Weights
	question words
	text     words
	clauses  []words // the statements of the reference answer
	grams    [3]grams
	meaning  meaning
	aligned  aligned

	abbreviations map[string]bool
}

// Against prepares a question and its reference answer. Both texts were embedded with one model;
// either may be empty.
func Against(question, reference *scoring.Text, w Weights) *Reference {
	r := &Reference{weights: w, question: wordsOf(question.Raw, question.Sentences)}
	r.text = wordsOf(reference.Raw, reference.Sentences)
	r.clauses = clauses(reference)
	r.grams = allGrams(reference.Raw)
	r.meaning = meaningOf(question, reference)
	r.aligned = alignedOf(r, question, reference)
	r.abbreviations = abbreviations(reference.Raw)
	return r
}

// Of measures an answer, in the order of Measures. The answer was embedded with the model of the
// question and the reference; without vectors the measures of meaning are 0.
func (r *Reference) Of(answer *scoring.Text) []float64 {
	b := &board{values: make([]float64, 0, len(Measures))}
	a := wordsOf(answer.Raw, answer.Sentences)
	r.align(b, answer)
	r.shared(b, &a)
	r.phrasing(b, &a, answer)
	r.near(b, answer)
	r.details(b, &a)
	r.copied(b, &a)
	r.length(b, &a, answer)
	return b.values
}

// board collects values; what is not finite becomes 0.
type board struct{ values []float64 }

func (b *board) add(values ...float64) {
	for _, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			v = 0
		}
		b.values = append(b.values, v)
	}
}

// share is a/b, or 0 when b is not positive.
func share(a, b float64) float64 {
	if b <= 0 {
		return 0
	}
	return a / b
}

// harmonic is the harmonic mean of two shares.
func harmonic(a, b float64) float64 { return share(2*a*b, a+b) }
