package demo

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
)

func TestWrapKeepsWordsAndWidth(t *testing.T) {
	text := "zwölf Boxkämpfer " + strings.Repeat("x", 25) + " jagen\nViktor"
	lines := wrap(text, 10)
	for _, l := range lines {
		assert.LessOrEqual(t, utf8.RuneCountInString(l), 10)
	}
	assert.Equal(t, strings.ReplaceAll(oneLine(text), " ", ""), strings.ReplaceAll(strings.Join(lines, ""), " ", ""))
	assert.Empty(t, wrap(" \n", 10))
}

func TestTextsCannotSteerTheTerminal(t *testing.T) {
	var out strings.Builder
	p := &printer{w: &out}
	p.title("a\x1b[2Jb")
	p.hang("  ", "quote\x1b]0;title\x07 \u009b31m end")
	assert.NotContains(t, out.String(), "\x1b")
	assert.NotContains(t, out.String(), "\x07")
	assert.NotContains(t, out.String(), "\u009b")
}

func TestBarsStayInBounds(t *testing.T) {
	assert.Equal(t, "····", bar(-1, 4))
	assert.Equal(t, "██··", bar(0.5, 4))
	assert.Equal(t, "████", bar(7, 4))
	assert.Equal(t, "2.5", number(2.5))
	assert.Equal(t, "0", number(-0.001))
}
