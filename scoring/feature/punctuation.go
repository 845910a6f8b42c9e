package feature

import (
	"math"
	"strings"
	"unicode"
)

var marks = []struct{ mark, key, label string }{
	{",", "comma", "commas"},
	{".", "period", "full stops"},
	{"?", "question", "question marks"},
	{"!", "exclamation", "exclamation marks"},
	{";", "semicolon", "semicolons"},
	{":", "colon", "colons"},
	{`"“”`, "quote", "quotation marks"},
	{"'’", "apostrophe", "apostrophes"},
	{"(", "bracket", "brackets"},
	{"-–—", "dash", "dashes and hyphens"},
	{"@", "at", "at signs"},
}

// punctuation is marks, capitals and blanks, as they stand.
func (s *sheet) punctuation(d *document) {
	counts := make([]float64, len(marks))
	for _, r := range d.raw {
		if r == ' ' || unicode.IsLetter(r) {
			continue
		}
		for i, m := range marks {
			if strings.ContainsRune(m.mark, r) {
				counts[i]++
			}
		}
	}
	for i, m := range marks {
		s.counted(d, m.key, m.label, counts[i])
	}
	s.characters(d)
	var lower float64
	for _, text := range d.texts {
		text = strings.TrimLeft(text, "\"'“‘( ")
		for _, r := range text {
			if unicode.IsLower(r) {
				lower++
			}
			break
		}
	}
	s.add("lower_start_share", "share of sentences that begin with a small letter", share(lower, float64(len(d.texts))))
	s.add("lower_start_log", "number of sentences that begin with a small letter", math.Log1p(lower))
	var shouted float64
	for word := range strings.FieldsSeq(d.raw) {
		if len(word) > 2 && !strings.HasPrefix(word, "@") && strings.ToUpper(word) == word && strings.ToLower(word) != word {
			shouted++
		}
	}
	s.add("capitals_rate", "share of words in capitals", d.rate(shouted))
}

func (s *sheet) characters(d *document) {
	runes := []rune(d.raw)
	at := func(i int) rune {
		if i < 0 || i >= len(runes) {
			return ' '
		}
		return runes[i]
	}
	var upper, digits, glued, double, small float64
	for i, r := range runes {
		next := at(i + 1)
		switch {
		case unicode.IsUpper(r):
			upper++
		case unicode.IsDigit(r):
			digits++
		case r == ' ':
			if next == ' ' {
				double++
			}
		case r == 'i':
			if before := at(i - 1); !unicode.IsLetter(before) && before != '\'' && !unicode.IsLetter(next) {
				small++
			}
		case strings.ContainsRune(",.;!?", r):
			if unicode.IsLetter(next) {
				glued++
			}
		}
	}
	n := float64(len(runes))
	s.add("upper_share", "share of capital letters", share(upper, n))
	s.add("digit_share", "share of digits", share(digits, n))
	s.add("glued_rate", "marks without a blank behind them", d.rate(glued))
	s.add("double_blanks", "number of double blanks", math.Log1p(double))
	s.counted(d, "small_i", "the word I written small", small)
}
