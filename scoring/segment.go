package scoring

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of what is read. They keep the work on any text below a fixed amount: at most MaxSentences
// sentences of at most maxSentenceBytes, and no more than MaxReadBytes of text, are tokenised,
// embedded and compared. That is some ten thousand words, where answers have a few hundred.
const (
	// MaxSentences is the greatest number of sentences that are read of one text.
	MaxSentences = 400
	// MaxReadBytes is the length of text, from its beginning, within which sentences are read.
	MaxReadBytes = 60_000

	maxSentenceBytes = 480
	maxSentenceWords = 60
	cutAfterWords    = 32 // where a run-on sentence is cut when nothing better is near
)

// span is a piece of the text in bytes.
type span struct {
	start, end int
	paragraph  int
	code       bool
}

// segment cuts text into sentences. Unicode's sentence rules (UAX #29) are not used since they know
// neither abbreviations nor bullets and never end a sentence before a lower-case letter, which is
// how many learners write.
//
// Boundaries are: terminal punctuation followed by white space (not after abbreviations, initials,
// list numbers, or an ellipsis that goes on in lower case); a line break, unless the line was only
// wrapped to a width; a blank line, which also begins a paragraph; a fence of code, which is one
// sentence. What is still longer than maxSentenceWords or maxSentenceBytes is cut at a clause.
// readTo is where reading stopped: len(text) unless the text is longer than the bounds allow.
func segment(text string) (spans []span, readTo int) {
	readTo = len(text)
	if readTo > MaxReadBytes {
		readTo = floorRune(text, MaxReadBytes)
	}
	for _, block := range blocks(text[:readTo]) {
		if block.code {
			spans = appendBounded(spans, text, span{block.start, block.end, block.paragraph, true})
		} else {
			for _, s := range sentencesIn(text, block) {
				spans = appendBounded(spans, text, s)
			}
		}
		if len(spans) > MaxSentences {
			break
		}
	}
	if len(spans) > MaxSentences {
		spans = spans[:MaxSentences]
		readTo = spans[MaxSentences-1].end
	}
	return spans, readTo
}

// blocks cuts text at line breaks that end a sentence and at fences of code.
func blocks(text string) []span {
	var out []span
	width := wrapWidth(text)
	paragraph, open := 0, -1 // open is the start of the block being read
	fence := -1
	flush := func(end int) {
		if open >= 0 {
			out = append(out, span{open, end, paragraph, false})
			open = -1
		}
	}
	for at := 0; at < len(text); {
		lineEnd := len(text)
		next := len(text)
		if k := strings.IndexByte(text[at:], '\n'); k >= 0 {
			lineEnd, next = at+k, at+k+1
		}
		line := strings.TrimSpace(text[at:lineEnd])
		switch {
		case strings.HasPrefix(line, "```"):
			if fence >= 0 {
				out = append(out, span{fence, lineEnd, paragraph, true})
				fence = -1
			} else {
				flush(at)
				fence = at
			}
		case fence >= 0:
		case line == "":
			if open >= 0 || len(out) > 0 && out[len(out)-1].paragraph == paragraph {
				flush(at)
				paragraph++
			}
		default:
			if open < 0 || isListItem(line) {
				flush(at)
				open = at
			}
			if !isWrapped(line, text[next:], width) {
				flush(lineEnd)
			}
		}
		at = next
	}
	flush(len(text))
	if fence >= 0 { // never closed: code to the end
		out = append(out, span{fence, len(text), paragraph, true})
	}
	return out
}

// Lines of at least minWrapWidth that fill the widest line of at most maxWrapWidth were wrapped by
// an editor; wider ones are paragraphs.
const (
	minWrapWidth = 40
	maxWrapWidth = 130
)

// wrapWidth is the width that the text's lines were wrapped to, or 0 if they were not.
func wrapWidth(text string) int {
	widest := 0
	for line := range strings.SplitSeq(text, "\n") {
		n := utf8.RuneCountInString(strings.TrimRight(line, " \t\r"))
		if n > maxWrapWidth {
			return 0
		}
		widest = max(widest, n)
	}
	if widest < minWrapWidth {
		return 0
	}
	return widest
}

// isWrapped tells whether the line ended only because the next line's first word did not fit.
func isWrapped(line, rest string, width int) bool {
	if width == 0 {
		return false
	}
	if k := strings.IndexByte(rest, '\n'); k >= 0 {
		rest = rest[:k]
	}
	rest = strings.TrimSpace(rest)
	if rest == "" || isListItem(rest) || strings.HasPrefix(rest, "```") {
		return false
	}
	word := rest
	if k := strings.IndexAny(rest, " \t"); k >= 0 {
		word = rest[:k]
	}
	return utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width
}

// isListItem tells whether a line begins with a bullet or a number: "- ", "* ", "• ", "1. ", "b) ".
func isListItem(line string) bool { return listMarker(line) > 0 }

// listMarker is the length of a line's bullet or number with the blank behind it, or 0.
func listMarker(line string) int {
	r, size := utf8.DecodeRuneInString(line)
	if strings.ContainsRune("-*+•–—·▪◦‣", r) {
		if len(line) > size && (line[size] == ' ' || line[size] == '\t') {
			return size + 1
		}
		if r == '•' {
			return size
		}
		return 0
	}
	i := 0
	for i < len(line) && i < 3 && line[i] >= '0' && line[i] <= '9' {
		i++
	}
	if i == 0 && len(line) > 0 && unicode.IsLetter(r) && size == 1 {
		if len(line) < 3 || line[1] != ')' || line[2] != ' ' {
			return 0
		}
		return 3
	}
	if i > 0 && len(line) > i+1 && (line[i] == '.' || line[i] == ')') && line[i+1] == ' ' {
		return i + 2
	}
	return 0
}

// sentencesIn cuts one block at its terminal punctuation.
func sentencesIn(text string, block span) []span {
	var out []span
	start := skipSpace(text, block.start, block.end)
	i := start + listMarker(text[start:block.end]) // the number of an item ends no sentence
	quoted := false                                // between back quotes, where code is
	for i < block.end {
		r, size := utf8.DecodeRuneInString(text[i:block.end])
		if r == '`' {
			quoted = !quoted && strings.IndexByte(text[i+1:block.end], '`') >= 0
		}
		if quoted || !isTerminal(r) {
			i += size
			continue
		}
		end := i
		for end < block.end { // all of "?!", "...", and quotes and brackets that close
			r, size := utf8.DecodeRuneInString(text[end:block.end])
			if !isTerminal(r) && !isClosing(r) {
				break
			}
			end += size
		}
		if endsSentence(text[start:i], text[i:end], text[end:block.end]) {
			out = append(out, span{start, end, block.paragraph, false})
			start = skipSpace(text, end, block.end)
			end = start
		}
		i = end
	}
	if start < block.end {
		out = append(out, span{start, block.end, block.paragraph, false})
	}
	return out
}

// endsSentence decides whether the punctuation between before and after ends a sentence.
func endsSentence(before, punctuation, after string) bool {
	if r, _ := utf8.DecodeRuneInString(punctuation); r == '。' || r == '！' || r == '？' {
		return true
	}
	if after == "" {
		return true
	}
	next, _ := utf8.DecodeRuneInString(after)
	if !unicode.IsSpace(next) {
		// "…lost.The client" is a missing blank, "node.js" and "fmt.Println" are not.
		return punctuation == "." && sentenceStarters[firstWord(after)] && endsInLowerWord(before)
	}
	rest := strings.TrimLeftFunc(after, unicode.IsSpace)
	next, _ = utf8.DecodeRuneInString(rest)
	lower := unicode.IsLower(next)
	switch {
	case rest == "":
		return true
	case strings.HasPrefix(punctuation, "...") || strings.HasPrefix(punctuation, "…"):
		return !lower
	case punctuation != ".":
		// "Why?" he asked.
		last, _ := utf8.DecodeLastRuneInString(punctuation)
		return !(lower && isClosing(last))
	}
	word := lastWord(before)
	switch {
	case word == strings.TrimSpace(before) && isListItem(word+". "+rest):
		return false // the number of an item in running text: "2. Store the key"
	case neverEnds[strings.ToLower(word)]:
		return false
	case mayEnd[strings.ToLower(word)]:
		return !lower && !unicode.IsDigit(next)
	case utf8.RuneCountInString(word) == 1 && word != "I" && unicode.IsUpper([]rune(word)[0]):
		return false // an initial
	}
	return true
}

func isTerminal(r rune) bool { return strings.ContainsRune(".!?…。！？", r) }

func isClosing(r rune) bool { return strings.ContainsRune("\"'”’»)]}", r) }

// lastWord is the last run of text without white space or opening brackets.
func lastWord(s string) string {
	s = s[max(0, len(s)-40):]
	if k := strings.LastIndexFunc(s, func(r rune) bool { return unicode.IsSpace(r) || r == '(' || r == '"' }); k >= 0 {
		_, size := utf8.DecodeRuneInString(s[k:])
		return s[k+size:]
	}
	return s
}

// firstWord is the run of letters that s begins with, if white space follows it.
func firstWord(s string) string {
	k := strings.IndexFunc(s, func(r rune) bool { return !unicode.IsLetter(r) && r != '\'' })
	if k <= 0 || s[k] != ' ' {
		return ""
	}
	return s[:k]
}

func endsInLowerWord(s string) bool {
	word := lastWord(s)
	return len(word) >= 2 && strings.IndexFunc(word, func(r rune) bool { return !unicode.IsLower(r) }) < 0
}

func skipSpace(text string, i, end int) int {
	for i < end {
		r, size := utf8.DecodeRuneInString(text[i:end])
		if !unicode.IsSpace(r) {
			break
		}
		i += size
	}
	return i
}

// floorRune is the greatest beginning of a code point that is not after i.
func floorRune(text string, i int) int {
	if i >= len(text) {
		return len(text)
	}
	for j := i; j > 0 && j > i-utf8.UTFMax; j-- {
		if utf8.RuneStart(text[j]) {
			return j
		}
	}
	return i
}
