package importing

import (
	"html"
	"regexp"
	"strconv"
	"strings"
)

// Marks within lines, in the order in which they are taken off. Each takes time with the length of the
// text. Marks that nest in unusual ways stay.
var (
	codeSpan = regexp.MustCompile("``([^`]+)``|`([^`]+)`")
	marks    = []struct {
		mark *regexp.Regexp
		by   string
	}{
		{regexp.MustCompile(`<((?:https?://|mailto:)[^<>\s]+)>`), "$1"},
		{regexp.MustCompile(`!?\[([^\[\]]*)\]\([^()\s]*(?:\([^()\s]*\)[^()\s]*)?(?:\s+(?:"[^"]*"|'[^']*'))?\)`), "$1"},
		{regexp.MustCompile(`!?\[([^\[\]]+)\]\[[^\[\]]*\]`), "$1"},
		{regexp.MustCompile(`</?[A-Za-z][^<>]*>`), ""},
		{regexp.MustCompile(`\*\*([^\s*](?:[^*]*[^\s*])?)\*\*`), "$1"},
		{regexp.MustCompile(`\*([^\s*](?:[^*]*[^\s*])?)\*`), "$1"},
		{regexp.MustCompile(`\b__([^_]+)__\b`), "$1"},
		{regexp.MustCompile(`\b_([^_]+)_\b`), "$1"},
	}
	escaped = regexp.MustCompile(`\\([!-/:-@\[-\x60{-~])`)
	held    = regexp.MustCompile("\x00[0-9]+\x00")
)

// unmarked is what a line of Markdown says to a reader: the text of links without their addresses, no
// tags, no stars. Code and characters after a backslash stay as they are.
func unmarked(s string) string {
	if !strings.ContainsAny(s, "`[<*_\\&") {
		return s
	}
	var kept []string
	hold := func(text string) string { // a file with NUL is refused before
		kept = append(kept, text)
		return "\x00" + strconv.Itoa(len(kept)-1) + "\x00"
	}
	s = codeSpan.ReplaceAllStringFunc(s, func(span string) string { return hold(strings.TrimSpace(strings.Trim(span, "`"))) })
	s = escaped.ReplaceAllStringFunc(s, func(e string) string { return hold(e[1:]) })
	for _, m := range marks {
		s = m.mark.ReplaceAllString(s, m.by)
	}
	s = html.UnescapeString(s)
	return held.ReplaceAllStringFunc(s, func(h string) string {
		i, err := strconv.Atoi(strings.Trim(h, "\x00"))
		if err != nil || i >= len(kept) {
			return ""
		}
		return kept[i]
	})
}
