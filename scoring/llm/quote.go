package llm

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rubrica/rubrica/scoring"
)

// minQuote is the least number of letters and digits of a quote that proves anything.
const minQuote = 3

// span is a passage of the answer, in bytes, and the sentence that holds most of it.
type span struct{ start, end, sentence int }

// finder finds quotes in one answer.
type finder struct {
	text   *scoring.Text
	folded string // the text as fold leaves it
	at     []int  // byte of the text for each byte of folded, and its length at the end
}

func newFinder(text *scoring.Text) *finder {
	f := &finder{text: text}
	f.folded, f.at = fold(text.Raw)
	return f
}

// find looks for a quote: as it is, then without regard to white space and to the kinds of quotation
// marks and dashes, which models like to improve. Letters have to agree. What is found is a passage of
// the text, and only that is ever shown. It is false for a quote that is not there.
func (f *finder) find(quote string) (span, bool) {
	quote = strings.TrimSpace(quote)
	letters := 0
	for _, r := range quote {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			letters++
		}
	}
	if letters < minQuote {
		return span{}, false
	}
	if i := strings.Index(f.text.Raw, quote); i >= 0 {
		return f.span(i, i+len(quote))
	}
	needle, _ := fold(quote)
	i := strings.Index(f.folded, needle)
	if i < 0 {
		return span{}, false
	}
	last := f.at[i+len(needle)-1]
	_, width := utf8.DecodeRuneInString(f.text.Raw[last:])
	return f.span(f.at[i], last+width)
}

// span finds the sentence; false for a passage of a part that was not read.
func (f *finder) span(start, end int) (span, bool) {
	out, most := span{start, end, -1}, 0
	for i, s := range f.text.Sentences {
		if common := min(end, s.End) - max(start, s.Start); common > most {
			out.sentence, most = i, common
		}
	}
	return out, out.sentence >= 0
}

var alike = strings.NewReplacer("“", `"`, "”", `"`, "„", `"`, "«", `"`, "»", `"`, "‘", "'", "’", "'", "–", "-", "—", "-", "…", "...")

// fold takes white space out of a text and makes quotation marks and dashes alike. The second result
// gives, for each byte of the first, where its character starts in the text.
func fold(text string) (folded string, at []int) {
	var b strings.Builder
	for i, r := range text {
		if unicode.IsSpace(r) || r == utf8.RuneError || unicode.IsControl(r) {
			continue
		}
		before := b.Len()
		b.WriteString(alike.Replace(string(r)))
		for range b.Len() - before {
			at = append(at, i)
		}
	}
	return b.String(), at
}
