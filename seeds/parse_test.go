package seeds

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A parser that recurses must not be led into overflowing its stack, which nothing recovers from.
func TestParseSurvivesDeepNesting(t *testing.T) {
	cases := map[string]string{
		"brackets":       strings.Repeat("[", maxFileSize),
		"braces":         strings.Repeat("{a: ", maxFileSize/4),
		"dashes":         strings.Repeat("- ", 5_000) + "a",
		"keys":           strings.Repeat("? ", 5_000) + "a",
		"indented":       indented(1_000),
		"within a limit": strings.Repeat("[", maxNesting) + strings.Repeat("]", maxNesting),
	}
	for name, src := range cases {
		t.Run(name, func(t *testing.T) {
			doc, faults := parse("deep.yaml", []byte(src))
			if doc != nil {
				faults = doc.conform(kindSkills)
			}
			require.NotEmpty(t, faults)
			assert.NotEmpty(t, faults[0].Message)
		})
	}
}

func TestParseRefusesHugeFiles(t *testing.T) {
	_, faults := parse("huge.yaml", make([]byte, maxFileSize+1))
	require.Len(t, faults, 1)
	assert.Contains(t, faults[0].Message, "more than the")
}

func indented(depth int) string {
	var b strings.Builder
	for i := range depth {
		b.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return b.String()
}

func TestParagraphs(t *testing.T) {
	cases := []struct{ name, in, want string }{
		{"nothing", " \n\n", ""},
		{"one line", "One.\n", "One."},
		{"wrapped", "One\ntwo\nthree.\n", "One two three."},
		{"two paragraphs", "One\ntwo.\n\n\nThree.\n", "One two.\n\nThree."},
		{"list", "First:\n- one\n  more\n- two\n", "First:\n- one\n  more\n- two"},
		{"numbers", "First:\n1. one\n2) two\n", "First:\n1. one\n2) two"},
		{"a year begins a line", "It was\n2020 then.\n", "It was 2020 then."},
		{"a dash is no item", "One\n-- two\n", "One -- two"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { assert.Equal(t, c.want, paragraphs(c.in)) })
	}
}

func TestGivesAway(t *testing.T) {
	assert.False(t, givesAway("Idempotency key", "The client sends an idempotency key with each try."))
	assert.True(t, givesAway("The client sends a key", "The client sends a key, so that a second try is known."))
	assert.True(t, givesAway("So: a key is sent.", "A key is sent"))
	assert.False(t, givesAway("Plan", "An explanation of the plan"))
}
