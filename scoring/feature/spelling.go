package feature

import (
	"math"
	"strings"
	"unicode"
)

// spelling is words that no dictionary has, and neighbours that are not known as such: what is spelt
// well but stands wrong ("there house") shows in the pairs.
func (s *sheet) spelling(d *document) {
	var unknown, unknownTypes float64
	for _, w := range d.order {
		if _, ok := d.known(w); !ok && isProse(w) {
			unknownTypes++
			unknown += float64(d.types[w])
		}
	}
	s.counted(d, "misspelt", "words that are in no dictionary", unknown)
	s.add("misspelt_root", "share of words that are in no dictionary (by its root)", math.Sqrt(d.rate(unknown)))
	s.add("misspelt_types", "share of different words that are in no dictionary", share(unknownTypes, float64(len(d.order))))
	var known, other, association float64
	var frequencies []float64
	for _, tokens := range d.sentences {
		for i := 1; i < len(tokens); i++ {
			f, ok := d.pair(tokens[i-1], tokens[i])
			if !ok {
				other++
				continue
			}
			known++
			frequencies = append(frequencies, f)
			a, _ := d.word(tokens[i-1])
			b, _ := d.word(tokens[i])
			association += f - a - b
		}
	}
	s.add("pairs_known_share", "share of familiar pairs of words", share(known, known+other))
	s.add("pairs_known_log", "number of familiar pairs of words", math.Log1p(known))
	s.add("pairs_unknown_log", "number of unfamiliar pairs of words", math.Log1p(other))
	mean, deviation := meanDeviation(frequencies)
	s.add("pairs_frequency", "mean frequency of familiar pairs of words", mean)
	s.add("pairs_frequency_deviation", "variation of the frequency of familiar pairs of words", deviation)
	s.add("pairs_association", "how closely the words of familiar pairs belong together", share(association, known))
}

func (d *document) word(w string) (float64, bool) {
	if d.lex == nil {
		return 0, false
	}
	return d.lex.Word(w)
}

func (d *document) pair(a, b string) (float64, bool) {
	if d.lex == nil {
		return 0, false
	}
	return d.lex.Pair(a, b)
}

// compoundFrequency stands in for that of a compound, which no table has.
const compoundFrequency = 5

// known looks a word up as it stands, without its apostrophe, without an s, and by the parts of a compound.
func (d *document) known(w string) (frequency float64, ok bool) {
	if f, ok := d.word(w); ok {
		return f, true
	}
	if strings.Contains(w, "'") {
		if f, ok := d.word(strings.ReplaceAll(w, "'", "")); ok {
			return f, true
		}
		w = strings.TrimSuffix(w, "'s")
	}
	if short, cut := strings.CutSuffix(w, "s"); cut {
		if f, ok := d.word(short); ok {
			return f, true
		}
	} else if f, ok := d.word(w); ok {
		return f, true
	}
	if !strings.ContainsAny(w, "-/") {
		return 0, false
	}
	for part := range strings.FieldsFuncSeq(w, func(r rune) bool { return r == '-' || r == '/' }) {
		if _, ok := d.word(part); !ok {
			return 0, false
		}
	}
	return compoundFrequency, true
}

// isProse tells words from numbers, names that were made anonymous, and code.
func isProse(w string) bool {
	return !strings.ContainsFunc(w, func(r rune) bool { return unicode.IsDigit(r) || r == '@' || r == '_' })
}
