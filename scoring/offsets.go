package scoring

import (
	"sort"
	"unicode/utf8"
)

// Position is one place in a text, counted in three units.
type Position struct {
	Byte  int // UTF-8 bytes
	Rune  int // Unicode code points; an invalid byte counts as one
	UTF16 int // UTF-16 code units, as JavaScript counts
}

// Positions converts byte offsets of text, in any order and with repetitions, in one pass over it.
// The result is in the order of the arguments. An offset inside a code point stands for that code
// point's beginning; one outside the text is moved to its nearer end.
func Positions(text string, offsets []int) []Position {
	order := make([]int, len(offsets))
	for i := range order {
		order[i] = i
	}
	sort.SliceStable(order, func(a, b int) bool { return offsets[order[a]] < offsets[order[b]] })

	out := make([]Position, len(offsets))
	var at Position
	for _, i := range order {
		for at.Byte < len(text) {
			r, size := utf8.DecodeRuneInString(text[at.Byte:])
			if at.Byte+size > offsets[i] {
				break
			}
			at.Byte += size
			at.Rune++
			at.UTF16++
			if r >= 0x10000 {
				at.UTF16++
			}
		}
		out[i] = at
	}
	return out
}
