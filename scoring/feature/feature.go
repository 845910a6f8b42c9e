// Package feature measures a text: how much there is of it, its words, sentences, punctuation, spelling
// and cohesion. Every measure has a key for machines and a label for people, so that a score that is a
// sum over measures can be shown term by term. A measure says what is there and not whether it is good:
// that is learnt from people's scores.
//
// Many measures come twice, as a count (by its logarithm) and as a rate: what a grader minds may be either, and
// a column that does not help is given a flat curve by the learner.
package feature

import (
	"math"

	"github.com/rubrica/rubrica/scoring"
	"github.com/rubrica/rubrica/scoring/lexicon"
)

// Group is a family of measures, by which terms of a score can be put together.
type Group string

// The groups.
const (
	Length      Group = "length"
	Vocabulary  Group = "vocabulary"
	Sentences   Group = "sentences"
	Punctuation Group = "punctuation"
	Spelling    Group = "spelling"
	Connectives Group = "connectives"
	Forms       Group = "forms"
	Cohesion    Group = "cohesion"
)

// Label is the group's name for people.
func (g Group) Label() string { return groupLabels[g] }

var groupLabels = map[Group]string{
	Length:      "How much is written",
	Vocabulary:  "Choice and variety of words",
	Sentences:   "Sentences",
	Punctuation: "Punctuation and capitals",
	Spelling:    "Spelling and word order",
	Connectives: "Connecting and other small words",
	Forms:       "Forms of words",
	Cohesion:    "How sentences hang together",
}

// Name describes one measure.
type Name struct {
	Key   string // stable and unique, for machines
	Label string // for people; reads well after "your text's …"
	Group Group
}

// Names describes the measures of Of, in its order.
var Names = func() []Name {
	s := &sheet{naming: true}
	s.all(newDocument(&scoring.Text{}, nil))
	return s.names
}()

// Keys are the keys of Names.
func Keys() []string { return keys(Names) }

func keys(names []Name) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = n.Key
	}
	return out
}

// Of measures a text in the order of Names. The values are finite for every text, also one without words.
// It takes about a millisecond for 300 words. A nil lexicon knows no word: models that were fitted with
// one must be used with one.
func Of(text *scoring.Text, lex *lexicon.Lexicon) []float64 {
	s := &sheet{values: make([]float64, 0, len(Names))}
	s.all(newDocument(text, lex))
	return s.values
}

// document is a text as the measures need it.
type document struct {
	raw       string     // what was read of the text
	sentences [][]string // tokens, of sentences that have any
	texts     []string   // those sentences as they stand
	words     []string   // of all sentences
	types     map[string]int
	order     []string // types in order of their first use: sums must not follow a map's order
	paragraph []int    // words in each paragraph
	lex       *lexicon.Lexicon
}

func newDocument(text *scoring.Text, lex *lexicon.Lexicon) *document {
	d := &document{
		raw: text.Raw[:min(len(text.Raw), text.ReadTo)], types: make(map[string]int, text.Words),
		paragraph: make([]int, text.Paragraphs), lex: lex,
	}
	for i := range text.Sentences {
		x := &text.Sentences[i]
		if len(x.Tokens) == 0 {
			continue
		}
		d.sentences = append(d.sentences, x.Tokens)
		d.texts = append(d.texts, x.Text)
		d.words = append(d.words, x.Tokens...)
		d.paragraph[x.Paragraph] += len(x.Tokens)
	}
	for _, w := range d.words {
		if d.types[w] == 0 {
			d.order = append(d.order, w)
		}
		d.types[w]++
	}
	return d
}

// rate is a count by words.
func (d *document) rate(count float64) float64 { return share(count, float64(len(d.words))) }

// share is a part of a whole; 0 where there is nothing.
func share(part, whole float64) float64 { return part / math.Max(1, whole) }

// sheet takes down measures, or their names.
type sheet struct {
	group  Group
	naming bool
	names  []Name
	values []float64
}

func (s *sheet) all(d *document) {
	for _, g := range []struct {
		group   Group
		measure func(*sheet, *document)
	}{
		{Length, (*sheet).length},
		{Vocabulary, (*sheet).vocabulary},
		{Sentences, (*sheet).sentences},
		{Punctuation, (*sheet).punctuation},
		{Spelling, (*sheet).spelling},
		{Connectives, (*sheet).connectives},
		{Forms, (*sheet).forms},
		{Cohesion, (*sheet).cohesion},
	} {
		s.group = g.group
		g.measure(s, d)
	}
}

// add takes down one measure. What is not a number counts as 0.
func (s *sheet) add(key, label string, v float64) {
	if s.naming {
		s.names = append(s.names, Name{Key: key, Label: label, Group: s.group})
		return
	}
	if math.IsNaN(v) || math.IsInf(v, 0) {
		v = 0
	}
	s.values = append(s.values, v)
}

// counted takes down a count by its logarithm and by words.
func (s *sheet) counted(d *document, key, label string, count float64) {
	if s.naming { // joining strings is dear, and only names need it
		s.add(key+"_log", "number of "+label, 0)
		s.add(key+"_rate", "share of "+label, 0)
		return
	}
	s.add("", "", math.Log1p(count))
	s.add("", "", d.rate(count))
}

// meanDeviation of values; 0 and 0 of none.
func meanDeviation(v []float64) (mean, deviation float64) {
	if len(v) == 0 {
		return 0, 0
	}
	var squares float64
	for _, x := range v {
		mean += x
		squares += x * x
	}
	n := float64(len(v))
	mean /= n
	return mean, math.Sqrt(math.Max(0, squares/n-mean*mean))
}

// quantile of ascending values; 0 of none.
func quantile(sorted []float64, p float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[int(p*float64(len(sorted)-1))]
}
