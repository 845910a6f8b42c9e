package scoring

import (
	"strings"

	"github.com/kljensen/snowball/english"
)

// What the packages that learn from people's scores need of the local engine's reading of words.

// Read cuts raw into sentences and words as Analyze does, without vectors.
func Read(raw string) *Text { return read(raw) }

// Terms are the content words of tokens as stems, in order and with repetitions: function words are
// left out, compounds are opened (ci/cd gives ci and cd), inflections are removed.
func Terms(tokens []string) []string { return terms(tokens) }

// Stem is a lower-case word without its inflection (Porter2), function words too.
func Stem(word string) string { return english.Stem(strings.TrimSuffix(word, "'s"), true) }

// Negated is the set of the content words of a text, as stems, that stand in the reach of a negation.
func Negated(text string) map[string]bool { return negatedTerms(text) }

// Opposites are the stems that say the opposite of a stem; none for most.
func Opposites(stem string) []string { return antonyms[stem] }

// IsNegation tells whether a lower-case token turns the words that follow it.
func IsNegation(token string) bool { return negations[token] }

// Cosine of two unit-length vectors: -1…1, and 0 when one is missing or they are of different lengths.
func Cosine(a, b []float32) float64 { return cosine(a, b) }

// Repeats tells of each sentence of an answer whether it repeats the question or an earlier sentence.
func Repeats(question *Prepared, answer *Text) []bool {
	r := readAnswer(question, answer)
	out := make([]bool, len(r.sentences))
	for i := range r.sentences {
		out[i] = r.sentences[i].copied || r.sentences[i].repeated
	}
	return out
}

// HasReferences tells whether a question has key points or model answers.
func (p *Prepared) HasReferences() bool { return p.hasReferences() }

// MeanVector is the unit-length mean of the sentences' vectors, each weighted by its words; nil of none.
func MeanVector(sentences []Sentence) []float32 { return meanVector(sentences) }
