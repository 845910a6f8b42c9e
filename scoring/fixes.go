package scoring

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// formFixes are changes of how the answer is written that can be made without a thought for what it
// says: over-long sentences, capitals and full stops, words that are doubled, shouted or no words.
func (m *measurement) formFixes() []change {
	var out []change
	for _, c := range []change{m.fixForm(), m.fixWords(), m.splitSentences(), m.joinSentences()} {
		if len(c.edits) > 0 {
			out = append(out, c)
		}
	}
	return out
}

// prose tells whether sentence i is judged for its language.
func (m *measurement) prose(i int) bool { return m.sentences[i].own() && !m.text.Sentences[i].Code }

func (m *measurement) fixForm() change {
	c := change{kind: ImproveForm}
	capitals, stops := 0, 0
	for i := range m.sentences {
		s := m.text.Sentences[i]
		if !m.prose(i) || wellFormed(s.Text) == 1 {
			continue
		}
		if c.about[1] == 0 {
			c.about = m.placeOf(i)
		}
		at := listMarker(s.Text)
		for at < len(s.Text) {
			r, size := utf8.DecodeRuneInString(s.Text[at:])
			if !unicode.IsPunct(r) && !unicode.IsSpace(r) {
				if unicode.IsLower(r) {
					capitals++
					c.edits = append(c.edits, edit{s.Start + at, s.Start + at + size, string(unicode.ToUpper(r))})
				}
				break
			}
			at += size
		}
		last, size := utf8.DecodeLastRuneInString(s.Text)
		switch {
		case isTerminal(last) || isClosing(last) || last == ':' || last == ';':
		case last == ',':
			stops++
			c.edits = append(c.edits, edit{s.End - size, s.End, "."})
		default:
			stops++
			c.edits = append(c.edits, edit{s.End, s.End, "."})
		}
	}
	switch {
	case capitals > 0 && stops > 0:
		c.advice = fmt.Sprintf("Begin sentences with a capital (%s) and end them with a full stop (%s), as in %s.", missing(capitals), missing(stops), m.quoteAt(c.about))
	case capitals > 0:
		c.advice = fmt.Sprintf("Begin sentences with a capital (%s), as in %s.", missing(capitals), m.quoteAt(c.about))
	case stops > 0:
		c.advice = fmt.Sprintf("End sentences with a full stop (%s), as in %s.", missing(stops), m.quoteAt(c.about))
	}
	return c
}

func missing(n int) string { return fmt.Sprintf("%d missing", n) }

// longSentence is the number of words from which a sentence loses by its length.
const longSentence = 28

func (m *measurement) splitSentences() change {
	c := change{kind: ImproveSplit}
	longest := 0
	for i := range m.sentences {
		s := m.text.Sentences[i]
		if !m.prose(i) || len(s.Tokens) <= longSentence {
			continue
		}
		e, ok := splitAt(s.Text)
		if !ok {
			continue
		}
		c.edits = append(c.edits, edit{s.Start + e.start, s.Start + e.end, e.with})
		if len(s.Tokens) > longest {
			longest, c.about = len(s.Tokens), m.placeOf(i)
		}
	}
	switch n := len(c.edits); {
	case n == 1:
		c.advice = fmt.Sprintf("Make two sentences of this one of %d words: %s.", longest, m.quoteAt(c.about))
	case n > 1:
		c.advice = fmt.Sprintf("Make two sentences of each of the %d that have more than %d words, first of %s.", n, longSentence, m.quoteAt(c.about))
	}
	return c
}

// leastPart is the number of words that each part of a split sentence has.
const leastPart = 6

// opensSentence are words that a main clause begins with, to which a conjunction leads over.
var opensSentence = wordSet(`the a an this that these those it we they i you he she there my our your their its his her each every no if when`)

// splitAt finds where a sentence can be ended and another begun: at a semicolon, or before "and", "but"
// or "so" that a main clause follows; as near to the middle as may be.
func splitAt(text string) (edit, bool) {
	type word struct{ start, end int }
	var words []word
	for i := 0; i < len(text); {
		i = skipSpace(text, i, len(text))
		end := i
		for end < len(text) && text[end] != ' ' && text[end] != '\n' && text[end] != '\t' && text[end] != '\r' {
			end++
		}
		if end > i {
			words = append(words, word{i, end})
		}
		i = end
	}
	best, distance, found := edit{}, len(words), false
	for k := leastPart; k+leastPart <= len(words); k++ {
		before, here := text[words[k-1].start:words[k-1].end], strings.ToLower(text[words[k].start:words[k].end])
		next := ""
		if k+1 < len(words) {
			next = strings.ToLower(text[words[k+1].start:words[k+1].end])
		}
		e := edit{start: words[k-1].end, end: words[k].end}
		switch {
		case strings.HasSuffix(before, ";"):
			e.start, e.with = e.start-1, ". "+upperFirst(text[words[k].start:words[k].end])
		case here == "and" && opensSentence[next]:
			e.end, e.with = words[k+1].end, ". "+upperFirst(text[words[k+1].start:words[k+1].end])
		case (here == "but" || here == "so") && opensSentence[next]:
			e.with = ". " + upperFirst(here)
		case strings.HasSuffix(before, ",") && opensSentence[here] && here != "that" && here != "if" && here != "when":
			e.with = ". " + upperFirst(text[words[k].start:words[k].end])
		default:
			continue
		}
		if strings.HasSuffix(before, ",") {
			e.start--
		}
		if d := abs(2*k - len(words)); d < distance {
			best, distance, found = e, d, true
		}
	}
	return best, found
}

// fixWords takes out the second of two equal words and what is no word, and writes shouted words small.
func (m *measurement) fixWords() change {
	c := change{kind: ImproveWords}
	var doubled, shouted, strange string
	n := 0
	note := func(i int, into *string, word string, e edit) {
		if *into == "" {
			*into = word
		}
		if c.about[1] == 0 {
			c.about = m.placeOf(i)
		}
		n++
		c.edits = append(c.edits, e)
	}
	for i := range m.sentences {
		s := m.text.Sentences[i]
		if !m.prose(i) {
			continue
		}
		previous, previousEnd := "", -1
		for at := 0; at < len(s.Text); {
			r, size := utf8.DecodeRuneInString(s.Text[at:])
			if !isWordRune(r) {
				at += size
				continue
			}
			end := wordEnd(s.Text, at)
			word := s.Text[at:end]
			small := strings.ToLower(word)
			switch {
			case small == previous && small != "that" && small != "had" && strings.TrimSpace(s.Text[previousEnd:at]) == "":
				note(i, &doubled, small, edit{s.Start + previousEnd, s.Start + end, ""})
			case shoutedWords(word) > 0:
				with := small
				if at == 0 {
					with = upperFirst(small)
				}
				note(i, &shouted, word, edit{s.Start + at, s.Start + end, with})
			case isGibberish(small):
				note(i, &strange, word, edit{s.Start + max(0, previousEnd), s.Start + end, ""})
			}
			previous, previousEnd, at = small, end, end
		}
	}
	var parts []string
	if doubled != "" {
		parts = append(parts, fmt.Sprintf("write “%s” once where it stands twice", doubled))
	}
	if shouted != "" {
		parts = append(parts, fmt.Sprintf("write “%s” without capitals", shouted))
	}
	if strange != "" {
		parts = append(parts, fmt.Sprintf("replace “%s”, which is no word", clip(strange)))
	}
	if len(parts) > 0 {
		c.advice = upperFirst(strings.Join(parts, "; "))
		if n > len(parts) {
			c.advice += fmt.Sprintf("; in all there are %d such places", n)
		}
		c.advice += "."
	}
	return c
}

// clip is the beginning of a word that may be endless.
func clip(word string) string {
	const most = 24
	if len(word) <= most {
		return word
	}
	return word[:floorRune(word, most)] + "…"
}

// shortSentence is the number of words up to which sentences that follow each other may be joined.
const shortSentence = 9

// joinSentences joins up to three pairs of short sentences, where sentences are much alike in length.
func (m *measurement) joinSentences() change {
	c := change{kind: ImproveJoin}
	for i := 1; i < len(m.sentences) && len(c.edits) < 3; i++ {
		a, b := m.text.Sentences[i-1], m.text.Sentences[i]
		last, size := utf8.DecodeLastRuneInString(a.Text)
		if !m.prose(i-1) || !m.prose(i) || a.Paragraph != b.Paragraph || last != '.' || listMarker(b.Text) > 0 ||
			len(a.Tokens) < 3 || len(b.Tokens) < 3 || len(a.Tokens) > shortSentence || len(b.Tokens) > shortSentence ||
			strings.TrimSpace(m.text.Raw[a.End:b.Start]) != "" || strings.Contains(m.text.Raw[a.End:b.Start], "\n") {
			continue
		}
		first, firstSize := utf8.DecodeRuneInString(b.Text)
		next, _ := utf8.DecodeRuneInString(b.Text[firstSize:])
		begin := b.Text[:firstSize]
		if unicode.IsLower(next) {
			begin = string(unicode.ToLower(first))
		}
		c.edits = append(c.edits, edit{a.End - size, b.Start + firstSize, ", and " + begin})
		if c.about[1] == 0 {
			c.about = [2]int{a.Start, b.End}
		}
		i++
	}
	if len(c.edits) > 0 {
		c.advice = fmt.Sprintf("Join short sentences that belong together into a longer one, such as %s.", m.quoteAt(c.about))
	}
	return c
}
