package ngram

import "unicode"

// Places calls each with every n-gram of a text that Of counts, as often as it occurs: its index, and
// the byte of the text where its first character stands (len(text) for the space that Of sets behind
// the text). It is how what n-grams add to a score is given back to the sentences that have them.
func Places(text string, o Options, each func(index uint32, at int)) {
	runes, bytes := located(text)
	mask := uint32(1)<<o.Bits - 1
	for i := range runes {
		h := uint64(14695981039346656037)
		for n := 1; n <= o.Max && i+n <= len(runes); n++ {
			h = (h ^ uint64(runes[i+n-1])) * 1099511628211
			if n >= o.Min {
				x := h ^ h>>29
				x *= 0xbf58476d1ce4e5b9
				each(uint32(x>>32)&mask, bytes[i])
			}
		}
	}
}

// located is normalize with the byte at which each character stands.
func located(text string) (runes []rune, bytes []int) {
	runes, bytes = append(make([]rune, 0, len(text)+2), ' '), append(make([]int, 0, len(text)+2), 0)
	for at, r := range text {
		if r = unicode.ToLower(r); unicode.IsSpace(r) {
			r = ' '
			if runes[len(runes)-1] == ' ' {
				continue
			}
		}
		runes, bytes = append(runes, r), append(bytes, at)
	}
	if runes[len(runes)-1] != ' ' {
		runes, bytes = append(runes, ' '), append(bytes, len(text))
	}
	return runes, bytes
}
