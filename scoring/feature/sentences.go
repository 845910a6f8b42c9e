package feature

import (
	"math"
	"slices"
)

// sentences is how long they are, how varied, and how easy to read. The readability formulas are those
// of Flesch (1948), Kincaid et al. (1975), Gunning (1952), Coleman and Liau (1975) and Björnsson (1968).
func (s *sheet) sentences(d *document) {
	lengths := make([]float64, len(d.sentences))
	var short, long float64
	for i, tokens := range d.sentences {
		lengths[i] = float64(len(tokens))
		if lengths[i] < 6 {
			short++
		}
		if lengths[i] > 30 {
			long++
		}
	}
	n := float64(len(lengths))
	mean, deviation := meanDeviation(lengths)
	s.add("sentence_length", "words a sentence", mean)
	s.add("sentence_length_log", "words a sentence (by its logarithm)", math.Log1p(mean))
	s.add("sentence_deviation", "variation of sentence length", deviation)
	s.add("sentence_variation", "variation of sentence length, by its mean", share(deviation, mean))
	slices.Sort(lengths)
	s.add("sentence_q10", "length of the shortest sentences", quantile(lengths, .1))
	s.add("sentence_q50", "length of the middle sentence", quantile(lengths, .5))
	s.add("sentence_q90", "length of the longest sentences", quantile(lengths, .9))
	s.add("sentence_longest", "length of the longest sentence", math.Log1p(quantile(lengths, 1)))
	s.add("short_sentences", "share of sentences below 6 words", share(short, n))
	s.add("long_sentences", "share of sentences above 30 words", share(long, n))
	s.readability(d, mean)
}

func (s *sheet) readability(d *document, sentence float64) {
	var syllabic, many, long, letters float64
	for _, w := range d.words {
		k := syllables(w)
		syllabic += k
		if k >= 3 {
			many++
		}
		if len(w) > 6 {
			long++
		}
		letters += float64(len(w))
	}
	s.add("flesch", "reading ease (Flesch)", 206.835-1.015*sentence-84.6*d.rate(syllabic))
	s.add("kincaid", "school grade (Kincaid)", .39*sentence+11.8*d.rate(syllabic)-15.59)
	s.add("fog", "school grade (Gunning's fog)", .4*(sentence+100*d.rate(many)))
	s.add("coleman_liau", "school grade (Coleman and Liau)", 5.88*d.rate(letters)-29.6/math.Max(1, sentence)-15.8)
	s.add("lix", "reading difficulty (LIX)", sentence+100*d.rate(long))
}
