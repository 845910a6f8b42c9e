package scoring

import (
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestPositions(t *testing.T) {
	raw := "é\r\n👩‍🚀 e\u0301 fin" // é is 2 bytes; the astronaut is three code points, five UTF-16 units
	end := len(raw)
	assert.Equal(t, []Position{
		{end, utf8.RuneCountInString(raw), len(utf16.Encode([]rune(raw)))},
		{0, 0, 0},
		{2, 1, 1},
		{4, 3, 3},
		{15, 6, 8},
		{15, 6, 8},
	}, Positions(raw, []int{end, 0, 2, 4, 15, 15}))
}

func TestPositionsOfImpossibleOffsets(t *testing.T) {
	assert.Equal(t, []Position{{0, 0, 0}, {4, 1, 2}, {0, 0, 0}}, Positions("😀", []int{-5, 99, 2}))
	assert.Equal(t, []Position{{1, 1, 1}, {2, 2, 2}}, Positions("\xff\xfe", []int{1, 2}))
	assert.Empty(t, Positions("a", nil))
}

// Positions agree with Go's own conversions, in any order of offsets.
func TestPositionsAgreeWithConversions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		raw := rapid.String().Draw(t, "raw")
		var offsets []int
		for i := range raw {
			offsets = append(offsets, i)
		}
		offsets = rapid.Permutation(append(offsets, len(raw))).Draw(t, "offsets")
		for i, p := range Positions(raw, offsets) {
			before := raw[:offsets[i]]
			require.Equal(t, Position{len(before), utf8.RuneCountInString(before), len(utf16.Encode([]rune(before)))}, p)
		}
	})
}
