package scoring

import "strings"

// What engines outside of this package need to know of a question that was prepared.

// Reveals tells whether text repeats a run of words of a key point or a model answer that a learner
// was not given.
func (p *Prepared) Reveals(text string) bool { return p.reveals(text) }

// KeyPointSimilarity is the cosine of a sentence to the rubric's key point of that index, -1…1; 0 for
// a sentence without words.
func (p *Prepared) KeyPointSimilarity(keyPoint int, sentence *Sentence) float64 {
	if sentence.Vector == nil {
		return 0
	}
	return cosine(sentence.Vector, p.keyPoints[keyPoint].whole.vector)
}

// ownWords joins what an engine says of a score in its own words, without what a learner may not be
// shown; empty if nothing is left.
func (p *Prepared) ownWords(score CriterionScore) string {
	var parts []string
	for _, words := range append([]string{score.Comment}, score.Advice...) {
		if words = strings.TrimSpace(words); words != "" && !p.reveals(words) {
			parts = append(parts, words)
		}
	}
	return strings.Join(parts, " ")
}
