package demo

import (
	"fmt"
	"io"
	"math"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// width is the longest line that is printed, in characters.
const width = 100

// maxTraces bounds the facts that are shown of each recommendation; the API has them all.
const maxTraces = 3

const (
	codeBold  = "1"
	codeDim   = "2"
	codeRed   = "31"
	codeGreen = "32"
)

// printer writes text for a terminal; its first error stays in err.
type printer struct {
	w     io.Writer
	color bool
	err   error
}

func (p *printer) line(format string, args ...any) {
	if p.err != nil {
		return
	}
	_, p.err = fmt.Fprintln(p.w, strings.TrimRight(fmt.Sprintf(format, args...), " "))
}

func (p *printer) paint(code, s string) string {
	if !p.color {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func (p *printer) bold(s string) string { return p.paint(codeBold, s) }

func (p *printer) title(s string) {
	s = cut(s, width)
	p.line("")
	p.line("%s", p.bold(s))
	p.line("%s", strings.Repeat("─", utf8.RuneCountInString(s)))
}

func (p *printer) paragraph(s string) { p.hang("", s) }

// hang prints a text behind a lead; further lines stand below the text.
func (p *printer) hang(lead, s string) { p.hangIn("", lead, s) }

func (p *printer) hangIn(code, lead, s string) {
	indent := utf8.RuneCountInString(lead)
	for i, l := range wrap(s, width-indent) {
		if i > 0 {
			lead = strings.Repeat(" ", indent)
		}
		if code != "" {
			l = p.paint(code, l)
		}
		p.line("%s%s", lead, l)
	}
}

func (p *printer) stage(name string, percent int, after time.Duration) {
	p.line("  %s %3d %%  %-12s %s", bar(float64(percent)/100, 20), percent, name,
		p.paint(codeDim, fmt.Sprintf("%d ms", after.Milliseconds())))
}

func (p *printer) result(r *run) {
	p.title("Scores")
	if r.Overall != nil {
		p.line("  %-28s %s %5.1f %%   %.0f to %.0f %%", "Overall", bar(r.Overall.Percent/100, 20),
			r.Overall.Percent, r.Overall.Interval.Low, r.Overall.Interval.High)
	}
	for _, s := range r.Scores {
		share := (s.Value - s.Criterion.Scale.Min) / (s.Criterion.Scale.Max - s.Criterion.Scale.Min)
		p.line("  %-28s %s %5s of %g   %s to %s   weight %.0f %%", cut(s.Criterion.Title, 28), bar(share, 20),
			number(s.Value), s.Criterion.Scale.Max, number(s.Interval.Low), number(s.Interval.High), 100*s.Criterion.Weight)
	}
	if r.Engine != nil {
		p.line("  %s", p.paint(codeDim, fmt.Sprintf("engine %s %s on %s", r.Engine.Name, r.Engine.Version, r.Engine.Model)))
	}
	for _, flag := range r.Flags {
		p.line("  Look at this before trusting the score: %s", flag)
	}
	for _, s := range r.Scores {
		p.explanation(&s)
	}
	p.recommendations(r)
}

func (p *printer) explanation(s *score) {
	p.title("Why " + s.Criterion.Title + " got " + number(s.Value))
	e := s.Explanation
	if e == nil {
		return
	}
	p.paragraph(e.Summary)
	for _, ev := range e.Evidence {
		code := codeGreen
		if ev.Polarity == "NEGATIVE" {
			code = codeRed
		}
		p.hangIn(code, fmt.Sprintf("  %+6.2f  ", ev.Points), "“"+oneLine(ev.Quote)+"”")
		about := ev.Reason
		if ev.KeyPointLabel != "" && !strings.Contains(about, ev.KeyPointLabel) {
			about = ev.KeyPointLabel + ": " + about
		}
		p.hangIn(codeDim, "          ", about)
	}
	if len(e.KeyPoints) > 0 {
		p.line("  Key points")
	}
	signs := map[string]string{"MET": "✓ met   ", "PARTLY": "~ partly", "MISSED": "✗ missed"}
	for _, k := range e.KeyPoints {
		p.hang("    "+signs[k.Status]+"  ", k.Label)
	}
	if len(e.Citations) > 0 {
		p.line("  Checked against")
	}
	for _, c := range e.Citations {
		title := "a passage"
		if c.Passage != nil {
			title = c.Passage.Title
		}
		p.hang(fmt.Sprintf("    %.2f  ", c.Similarity), title)
		p.hangIn(codeDim, "          ", "“"+oneLine(c.Quote)+"”")
	}
}

func (p *printer) recommendations(r *run) {
	p.title("What to learn next")
	if r.Recommendations == nil {
		p.line("Nothing was recommended.")
		return
	}
	if r.Recommendations.Note != "" {
		p.paragraph(r.Recommendations.Note)
	}
	for _, it := range r.Recommendations.Items {
		p.line("")
		if c := it.Credential; c != nil {
			p.hangIn(codeBold, fmt.Sprintf("%2d. ", it.Rank), c.Title+", "+c.Provider)
			p.line("    %s", strings.ToLower(fmt.Sprintf("%s, length %s, price %s", c.Level, c.Duration, c.Price)))
		}
		p.line("    %s %.2f", bar(it.Score, 20), it.Score)
		for _, part := range it.Parts {
			p.line("      %-14s %s %.2f × %.2f = %.2f", strings.ToLower(strings.ReplaceAll(part.Signal, "_", " ")),
				bar(part.Contribution, 20), part.Value, part.Weight, part.Contribution)
		}
		p.hang("    ", it.Rationale)
		for i, t := range it.Traces {
			if i == maxTraces {
				p.line("      %s", p.paint(codeDim, fmt.Sprintf("and %d more", len(it.Traces)-i)))
				break
			}
			p.hangIn(codeDim, "      · ", t.Text)
		}
	}
}

// bar shows a share of 0 to 1.
func bar(share float64, length int) string {
	full := int(math.Round(math.Min(math.Max(share, 0), 1) * float64(length)))
	return strings.Repeat("█", full) + strings.Repeat("·", length-full)
}

// number writes a score with as many decimals as it has, two at most.
func number(v float64) string {
	s := strings.TrimRight(strings.TrimRight(fmt.Sprintf("%.2f", v), "0"), ".")
	if s == "-0" {
		return "0"
	}
	return s
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

func words(s string) int { return len(strings.Fields(s)) }

func cut(s string, n int) string {
	r := []rune(clean(s))
	if len(r) <= n {
		return string(r)
	}
	return string(r[:n-1]) + "…"
}

// wrap breaks a text into lines of at most n characters, between words where it can. An empty text
// has no line.
func wrap(s string, n int) []string {
	var lines []string
	var line strings.Builder
	used := 0
	flush := func() {
		if used > 0 {
			lines = append(lines, line.String())
			line.Reset()
			used = 0
		}
	}
	for _, word := range strings.Fields(clean(s)) {
		for utf8.RuneCountInString(word) > n {
			flush()
			r := []rune(word)
			lines, word = append(lines, string(r[:n])), string(r[n:])
		}
		length := utf8.RuneCountInString(word)
		if used > 0 && used+1+length > n {
			flush()
		}
		if used > 0 {
			line.WriteByte(' ')
			used++
		}
		line.WriteString(word)
		used += length
	}
	flush()
	return lines
}

// clean takes out what could steer the terminal: learners and editors wrote the texts.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, s)
}
