package scoring

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// appendBounded appends s without surrounding white space, in pieces of at most maxSentenceWords
// words and maxSentenceBytes bytes. Nothing is appended for white space alone.
func appendBounded(spans []span, text string, s span) []span {
	for s.start = skipSpace(text, s.start, s.end); s.start < s.end; {
		end := s.start + cutPoint(text[s.start:s.end])
		trimmed := s.start + len(strings.TrimRightFunc(text[s.start:end], unicode.IsSpace))
		spans = append(spans, span{s.start, trimmed, s.paragraph, s.code})
		s.start = skipSpace(text, end, s.end)
	}
	return spans
}

// cutPoint returns where to cut a sentence that is too long: behind a semicolon, colon or dash or
// before a conjunction, in that order of preference, as near as it can be to cutAfterWords; else
// between two words; else between two code points, but not before a combining mark. It is len(s)
// for a sentence within the bounds.
func cutPoint(s string) int {
	limit := min(len(s), floorRune(s, maxSentenceBytes))
	words, inWord := 0, false
	var starts []int // of the words within the limit
	for i, r := range s[:limit] {
		space := unicode.IsSpace(r)
		if !space && !inWord {
			words++
			starts = append(starts, i)
		}
		inWord = !space
	}
	if limit == len(s) && words <= maxSentenceWords {
		return len(s)
	}
	if len(starts) < 2 {
		for limit > utf8.UTFMax {
			r, _ := utf8.DecodeRuneInString(s[limit:])
			if !unicode.Is(unicode.M, r) && r != '\u200d' {
				break
			}
			limit = floorRune(s, limit-1)
		}
		return limit
	}
	best, bestCost := starts[min(cutAfterWords, len(starts)-1)], 1000
	for k := len(starts) / 4; k < len(starts) && k < maxSentenceWords; k++ {
		if k == 0 {
			continue
		}
		cost := cutCost(strings.TrimSpace(s[starts[k-1]:starts[k]]), s[starts[k]:limit])
		if cost < 0 {
			continue
		}
		if cost += 2 * abs(k-min(cutAfterWords, len(starts)/2)); cost < bestCost {
			best, bestCost = starts[k], cost
		}
	}
	return best
}

// cutCost is how bad a cut between a word and the rest of the sentence would be; -1 forbids it.
func cutCost(before, rest string) int {
	switch {
	case strings.HasSuffix(before, ";"):
		return 0
	case strings.HasSuffix(before, ":"), before == "-", before == "–", before == "—":
		return 6
	}
	if k := strings.IndexByte(rest, ' '); k > 0 && clauseStarters[strings.ToLower(rest[:k])] {
		return 10
	}
	if strings.HasSuffix(before, ",") {
		return 16
	}
	return -1
}

func abs(x int) int {
	if x < 0 {
		return -x
	}
	return x
}
