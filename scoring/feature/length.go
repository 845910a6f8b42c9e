package feature

import (
	"math"
	"unicode/utf8"
)

// length is how much there is. The scales differ in how soon more text stops to count: a grader's
// curve lies between them.
func (s *sheet) length(d *document) {
	n := float64(len(d.words))
	log := math.Log1p(n)
	s.add("log_words", "length in words (by its logarithm)", log)
	s.add("log_words_squared", "length in words (by its logarithm, squared)", log*log)
	s.add("root_words", "length in words (by its fourth root)", math.Pow(n, .25))
	s.add("words", "length in words", n/100)
	s.add("log_chars", "length in characters", math.Log1p(float64(utf8.RuneCountInString(d.raw))))
	s.add("log_sentences", "number of sentences", math.Log1p(float64(len(d.sentences))))
	var paragraphs, longest float64
	for _, words := range d.paragraph {
		if words > 0 {
			paragraphs++
		}
		longest = max(longest, float64(words))
	}
	s.add("log_paragraphs", "number of paragraphs", math.Log1p(paragraphs))
	s.add("longest_paragraph", "share of the longest paragraph", share(longest, n))
}
