package scoring

import (
	"fmt"
	"math"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"
)

// changes are the ways to change the answer that may raise a score, in the order in which they are
// tried: what the answer says comes before how it is written.
func (m *measurement) changes() []change {
	var out []change
	for _, list := range [][]change{
		firstOf(m.leaveOut(), 2), firstOf(m.missingPoints(), 2), firstOf(m.giveReasons(), 1), firstOf(m.formFixes(), 2),
		m.paragraphBreaks(), m.connect(), m.giveReasons(), m.missingPoints(), m.formFixes(), m.leaveOut(),
	} {
		for _, c := range list {
			if !contains(out, c) {
				out = append(out, c)
			}
		}
	}
	return out
}

func firstOf(list []change, n int) []change { return list[:min(n, len(list))] }

func contains(list []change, c change) bool {
	for _, x := range list {
		if x.kind == c.kind && x.advice == c.advice {
			return true
		}
	}
	return false
}

// missingPoints are the key points that are not fully made, what weighs most first. The statement that
// is inserted for the trial is a model answer's; without one it is the key point's own text.
func (m *measurement) missingPoints() []change {
	var order []int
	for j := range m.outcomes {
		if m.outcomes[j].Degree < 0.95 {
			order = append(order, j)
		}
	}
	missing := func(j int) float64 { return m.question.keyPoints[j].share * (1 - m.outcomes[j].Degree) }
	sort.SliceStable(order, func(a, b int) bool { return missing(order[a]) > missing(order[b]) })
	var out []change
	for _, j := range order {
		k := m.outcomes[j]
		c := change{kind: ImproveExtendPoint}
		switch k.Status {
		case KeyPointMissed:
			c.kind, c.advice = ImproveAddPoint, fmt.Sprintf("Add the point “%s”, which is not made yet.", k.Label)
		case KeyPointPartly:
			c.advice = fmt.Sprintf("Say more about “%s”, which is made only in part.", k.Label)
		default:
			c.advice = fmt.Sprintf("Say “%s” more fully, with the reason for it.", k.Label)
		}
		at := k.Sentence
		if at >= 0 && k.Status != KeyPointMissed {
			c.about = m.placeOf(at)
		}
		if at < 0 {
			at, _ = maxCosine(m.question.keyPoints[j].whole.vector, m.text.Sentences)
		}
		c.edits = []edit{m.insertAfter(at, m.statement(j))}
		out = append(out, c)
	}
	return out
}

// statement is how the references make key point j.
func (m *measurement) statement(j int) string {
	var parts []string
	for _, i := range m.question.keyPoints[j].said {
		parts = append(parts, m.question.model[i].Text)
	}
	if len(parts) == 0 {
		return m.question.Question.Rubric.KeyPoints[j].Text
	}
	return strings.Join(parts, " ")
}

func (m *measurement) placeOf(sentence int) [2]int {
	return [2]int{m.text.Sentences[sentence].Start, m.text.Sentences[sentence].End}
}

// insertAfter puts statement behind a sentence, which it closes if it is open; behind the text if the
// sentence is code or there is none.
func (m *measurement) insertAfter(sentence int, statement string) edit {
	if sentence < 0 || m.text.Sentences[sentence].Code {
		return edit{len(m.text.Raw), len(m.text.Raw), "\n\n" + statement}
	}
	s := m.text.Sentences[sentence]
	gap := " "
	if last, _ := utf8.DecodeLastRuneInString(s.Text); !isTerminal(last) && !isClosing(last) {
		gap = ". "
	}
	return edit{s.End, s.End, gap + statement}
}

// plain tells whether sentence i is prose of the learner's that bears on the question.
func (m *measurement) plain(i int) bool {
	s := &m.sentences[i]
	return s.own() && !m.text.Sentences[i].Code && s.words >= 5 && s.bearing() > 0.3
}

// byBearing orders sentences by how much they bear on the question.
func (m *measurement) byBearing(list []int) []int {
	sort.SliceStable(list, func(a, b int) bool { return m.sentences[list[a]].bearing() > m.sentences[list[b]].bearing() })
	return list
}

// giveReasons asks for the reason of claims that stand alone. It is tried with the model answers'
// nearest sentence that argues, or, without one, with the nearest key point behind a "because".
func (m *measurement) giveReasons() []change {
	var claims []int
	for i := range m.sentences {
		alone := m.plain(i)
		for kind, n := range m.sentences[i].cues {
			alone = alone && (n == 0 || arguing[kind] == 0)
		}
		if alone {
			claims = append(claims, i)
		}
	}
	var out []change
	var edits []edit
	used := map[string]bool{}
	for _, i := range m.byBearing(claims) {
		reason := m.reasonFor(i, used)
		if reason == "" {
			continue
		}
		used[reason] = true
		edits = append(edits, m.insertAfter(i, reason))
		switch len(edits) {
		case 1:
			out = append(out, change{
				kind: ImproveReason, about: m.placeOf(i), edits: edits[:1:1],
				advice: "Say why this holds, or what follows from it: " + m.quote(i) + " stands without a reason.",
			})
		case 3:
			out = append(out, change{
				kind: ImproveReason, about: out[0].about, edits: edits[:3:3],
				advice: "Give a reason, a condition or an example for three of the statements that stand alone, first for " +
					m.quoteAt(out[0].about) + ".",
			})
			return []change{out[1], out[0]}
		}
	}
	return out
}

func (m *measurement) reasonFor(i int, used map[string]bool) string {
	best, most := "", 0.0
	for k := range m.question.model {
		s := &m.question.model[k]
		if c := cosine(s.Vector, m.text.Sentences[i].Vector); c > most && argues(s.Tokens) && !used[s.Text] {
			best, most = s.Text, c
		}
	}
	if best != "" {
		return best
	}
	for j := range m.question.keyPoints {
		text := "This is because " + lowerFirst(m.question.Question.Rubric.KeyPoints[j].Text)
		if c := cosine(m.question.keyPoints[j].whole.vector, m.text.Sentences[i].Vector); c > most && !used[text] {
			best, most = text, c
		}
	}
	return best
}

func argues(tokens []string) bool {
	for kind, n := range cuesOf(tokens) {
		if n > 0 && arguing[kind] >= 0.8 {
			return true
		}
	}
	return false
}

// quoteWords is how much of a sentence advice repeats.
const quoteWords = 8

// quote is the beginning of sentence i in quotation marks.
func (m *measurement) quote(i int) string { return m.quoteAt(m.placeOf(i)) }

func (m *measurement) quoteAt(place [2]int) string {
	words := strings.Fields(m.text.Raw[place[0]:place[1]])
	if len(words) > quoteWords {
		return "“" + strings.Join(words[:quoteWords], " ") + " …”"
	}
	return "“" + strings.Join(words, " ") + "”"
}

// connectives that a sentence is tied to the one before with, by what they signal.
var ties = []struct {
	kind cueKind
	word string
}{{cueConsequence, "therefore"}, {cueContrast, "however"}, {cueExample, "for example"}, {cueAddition, "in addition"}, {cueOrder, "then"}}

// connect ties up to three sentences that stand unconnected to those before them.
func (m *measurement) connect() []change {
	var loose []int
	used := map[cueKind]bool{}
	for i := range m.sentences {
		any := 0
		for kind, n := range m.sentences[i].cues {
			any += n
			if n > 0 {
				used[cueKind(kind)] = true
			}
		}
		if any == 0 && i > 0 && m.plain(i) && listMarker(m.text.Sentences[i].Text) == 0 {
			loose = append(loose, i)
		}
	}
	loose = m.byBearing(loose)
	var words []string
	for _, unused := range []bool{true, false} {
		for _, tie := range ties {
			if used[tie.kind] != unused {
				words = append(words, tie.word)
			}
		}
	}
	var c change
	for n, i := range loose[:min(3, len(loose))] {
		start := m.text.Sentences[i].Start
		r, size := utf8.DecodeRuneInString(m.text.Raw[start:])
		next, _ := utf8.DecodeRuneInString(m.text.Raw[start+size:])
		with := upperFirst(words[n]) + ", "
		if unicode.IsLower(next) || unicode.IsSpace(next) && r != 'I' {
			with += string(unicode.ToLower(r))
		} else {
			with += m.text.Raw[start : start+size]
		}
		c.edits = append(c.edits, edit{start, start + size, with})
		if n == 0 {
			c.about = m.placeOf(i)
		}
	}
	if len(c.edits) == 0 {
		return nil
	}
	c.kind = ImproveConnect
	c.advice = "Say how " + m.quoteAt(c.about) + " follows from the sentence before it, with a word such as “" + words[0] + "” or “" + words[1] + "”."
	if n := len(c.edits); n > 1 {
		c.advice = fmt.Sprintf("Tie %d sentences to the ones before them, first %s, with words such as “%s” or “%s”.", n, m.quoteAt(c.about), words[0], words[1])
	}
	return []change{c}
}

// leaveOut takes out what repeats, strays or copies, and the least of a text that is far too long.
func (m *measurement) leaveOut() []change {
	var out []change
	for _, x := range []struct {
		is     func(*sentenceReading) bool
		advice string
	}{
		{func(s *sentenceReading) bool { return s.repeated && !s.copied }, "Leave out what says again what was said before"},
		{func(s *sentenceReading) bool { return s.offTopic && !s.repeated && !s.copied }, "Leave out what does not speak to the question"},
		{func(s *sentenceReading) bool { return s.hollow }, "Leave out, or fill, what names the subject and says nothing of it"},
		{func(s *sentenceReading) bool { return s.copied }, "Leave out what only repeats the question"},
	} {
		c := change{kind: ImproveLeaveOut}
		for i := range m.sentences {
			if m.sentences[i].words > 0 && x.is(&m.sentences[i]) {
				if len(c.edits) == 0 {
					c.about = m.placeOf(i)
				}
				c.edits = append(c.edits, m.without(i))
			}
		}
		if n := len(c.edits); n == 1 {
			c.advice = fmt.Sprintf("%s: %s.", x.advice, m.quoteAt(c.about))
			out = append(out, c)
		} else if n > 1 {
			c.advice = fmt.Sprintf("%s: %d sentences, first %s.", x.advice, n, m.quoteAt(c.about))
			out = append(out, c)
		}
	}
	return append(out, m.shorten()...)
}

// without takes sentence i out, with the white space of its line behind it.
func (m *measurement) without(i int) edit {
	s := m.text.Sentences[i]
	end := s.End
	for end < len(m.text.Raw) && (m.text.Raw[end] == ' ' || m.text.Raw[end] == '\t') {
		end++
	}
	return edit{s.Start, end, ""}
}

func (m *measurement) shorten() []change {
	most := 1.2 * float64(m.question.Question.MaxWords)
	if most <= 0 || float64(m.words) <= most {
		return nil
	}
	order := make([]int, 0, len(m.sentences))
	for i := range m.sentences {
		order = append(order, i)
	}
	m.byBearing(order)
	c := change{kind: ImproveShorten}
	left := m.words
	for k := len(order) - 1; k >= 0 && float64(left) > most; k-- {
		left -= m.sentences[order[k]].words
		c.edits = append(c.edits, m.without(order[k]))
		if len(c.edits) == 1 {
			c.about = m.placeOf(order[k])
		}
	}
	c.advice = fmt.Sprintf("Shorten the text from %d to %d words, beginning with what bears least on the question: %s.", m.words, left, m.quoteAt(c.about))
	return []change{c}
}

// paragraphBreaks divides a long text that has too few paragraphs.
func (m *measurement) paragraphBreaks() []change {
	needed := int(math.Ceil(math.Min(3, float64(m.ownWords)/130)))
	if needed <= m.text.Paragraphs || m.text.Paragraphs != 1 || len(m.text.Sentences) < 2*needed {
		return nil
	}
	c := change{kind: ImproveParagraphs}
	for part := 1; part < needed; part++ {
		i := part * len(m.text.Sentences) / needed
		c.edits = append(c.edits, edit{m.text.Sentences[i-1].End, m.text.Sentences[i].Start, "\n\n"})
		if part == 1 {
			c.about = m.placeOf(i)
		}
	}
	c.advice = fmt.Sprintf("Divide the text into %d paragraphs, one for each thought; one could begin at %s.", needed, m.quoteAt(c.about))
	return []change{c}
}

func upperFirst(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[size:]
}
