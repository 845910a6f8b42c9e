package rag

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestShortTextIsOneChunk(t *testing.T) {
	chunks, err := cut("Größe", 256)
	require.NoError(t, err)
	assert.Equal(t, []chunk{{body: "Größe", start: 0, end: 5}}, chunks)
}

func TestChunksArePartsOfTheTextInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "a", "Größe", "naïve. ", "\n\n", "\n", "  ", ". ", "a.b",
			strings.Repeat("x", 90), "🙂"}), 0, 200).Draw(t, "words")
		text := strings.Join(words, rapid.SampledFrom([]string{" ", ""}).Draw(t, "glue"))
		limit := rapid.IntRange(16, 40).Draw(t, "limit")
		chunks, err := cut(text, limit)
		if err != nil {
			t.Fatal(err)
		}
		runes := []rune(text)
		covered := make([]bool, len(runes))
		last := -1
		for _, c := range chunks {
			if c.start < last || c.end > len(runes) || string(runes[c.start:c.end]) != c.body {
				t.Fatalf("chunk %+v of %q", c, text)
			}
			if utf8.RuneCountInString(c.body) > limit*charactersPerToken+1 { // and a full stop
				t.Fatalf("chunk of %d characters, limit %d", utf8.RuneCountInString(c.body), limit*charactersPerToken)
			}
			for i := c.start; i < c.end; i++ {
				covered[i] = true
			}
			last = c.end
		}
		for i, r := range runes {
			if !covered[i] && r != ' ' && r != '\n' && r != '.' {
				t.Fatalf("%q at %d is in no chunk of %q", r, i, text)
			}
		}
	})
}
