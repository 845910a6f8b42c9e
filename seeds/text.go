package seeds

import (
	"strings"
	"unicode"
)

// length is how many words a text should have.
type length struct{ min, max int }

// The lengths that README.md asks for.
var (
	promptLength      = length{40, 110}
	passageLength     = length{120, 220}
	modelAnswerLength = length{180, 320}
	strongLength      = length{150, 300}
	middlingLength    = length{80, 180}
	weakLength        = length{30, 90}
	descriptionLength = length{40, 80}
)

// allows tells whether n words will do: a fifth beyond either end is not worth a fault.
func (l length) allows(n int) bool {
	return 5*n >= 4*l.min && 5*n <= 6*l.max
}

func words(text string) int { return len(strings.Fields(text)) }

// paragraphs undoes the line breaks that only keep a seed file narrow: the lines of a paragraph are
// joined, paragraphs are kept apart by an empty line. An item of a list and an indented line keep
// their line.
func paragraphs(text string) string {
	var b strings.Builder
	open := false // whether the next line may continue the paragraph
	blank := false
	for _, line := range strings.Split(strings.TrimSpace(text), "\n") {
		line = strings.TrimRightFunc(line, unicode.IsSpace)
		if line == "" {
			open, blank = false, true
			continue
		}
		switch {
		case b.Len() == 0:
		case blank:
			b.WriteString("\n\n")
		case open && !ownLine(line):
			b.WriteByte(' ')
		default:
			b.WriteByte('\n')
		}
		b.WriteString(line)
		open, blank = line[0] != ' ' && line[0] != '\t', false
	}
	return b.String()
}

// ownLine tells whether a line begins an item of a list or is indented.
func ownLine(line string) bool {
	if line[0] == ' ' || line[0] == '\t' {
		return true
	}
	if rest, ok := strings.CutPrefix(line, "-"); ok {
		return strings.HasPrefix(rest, " ")
	}
	if rest, ok := strings.CutPrefix(line, "*"); ok {
		return strings.HasPrefix(rest, " ")
	}
	rest := strings.TrimLeft(line, "0123456789")
	return len(rest) < len(line) && (strings.HasPrefix(rest, ". ") || strings.HasPrefix(rest, ") "))
}

// fold reduces a text to its lower-case words, so that punctuation and case hide no repetition.
func fold(text string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	}), " ")
}

// topicWords is the number of words up to which a label that the text also contains only names the
// topic ("idempotency key"); a longer one has the statement itself.
const topicWords = 4

// givesAway tells whether a key point's label says what its text says.
func givesAway(label, text string) bool {
	l, t := " "+fold(label)+" ", " "+fold(text)+" "
	return strings.Contains(l, t) || words(l) > topicWords && strings.Contains(t, l)
}
