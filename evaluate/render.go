package evaluate

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Text is the report for a terminal.
func (r *Report) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n%s\n", r.Title, r.About)
	tables := r.Tables
	if len(r.Goals) > 0 {
		tables = append([]Table{r.goals()}, tables...)
	}
	for i := range tables {
		t := &tables[i]
		fmt.Fprintf(&b, "\n%s\n", t.Title)
		if t.Note != "" {
			fmt.Fprintf(&b, "%s\n", t.Note)
		}
		t.text(&b)
	}
	return b.String()
}

// Markdown is the report as a section of a document, its title a heading of the second level. Times are
// left out: they would differ each time that the document is made.
func (r *Report) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "## %s\n\n%s\n\n`%s`\n", r.Title, r.About, r.Command)
	tables := r.Tables
	if len(r.Goals) > 0 {
		tables = append([]Table{r.goals()}, tables...)
	}
	for i := range tables {
		t := &tables[i]
		if t.Timing {
			continue
		}
		fmt.Fprintf(&b, "\n### %s\n\n", t.Title)
		if t.Note != "" {
			fmt.Fprintf(&b, "%s\n\n", t.Note)
		}
		t.markdown(&b)
	}
	return b.String()
}

// goals puts what was asked for next to what was found.
func (r *Report) goals() Table {
	t := Table{Key: "goals", Title: "What was asked for", Columns: []Column{{Label: "figure"}, {Label: "found"}, {Label: "asked"}, {Label: ""}}}
	for _, g := range r.Goals {
		met := "met"
		if !g.Met() {
			met = "NOT MET"
		}
		t.Add(g.Label, number(g.Value, g.Digits+1), g.Bound(), met)
	}
	return t
}

func (t *Table) text(b *strings.Builder) {
	widths := make([]int, len(t.Columns))
	for j, c := range t.Columns {
		widths[j] = utf8.RuneCountInString(c.Label)
		for i := range t.Rows {
			widths[j] = max(widths[j], utf8.RuneCountInString(t.cell(i, j)))
		}
	}
	line := func(cell func(int) string) {
		var s strings.Builder
		for j := range t.Columns {
			blanks := strings.Repeat(" ", widths[j]-utf8.RuneCountInString(cell(j)))
			if t.isText(j) {
				s.WriteString("  " + cell(j) + blanks)
			} else {
				s.WriteString("  " + blanks + cell(j))
			}
		}
		b.WriteString(strings.TrimRight(s.String(), " ") + "\n")
	}
	line(func(j int) string { return t.Columns[j].Label })
	for i := range t.Rows {
		line(func(j int) string { return t.cell(i, j) })
	}
}

func (t *Table) markdown(b *strings.Builder) {
	b.WriteString("|")
	for _, c := range t.Columns {
		b.WriteString(" " + c.Label + " |")
	}
	b.WriteString("\n|")
	for j := range t.Columns {
		if t.isText(j) {
			b.WriteString(" --- |")
		} else {
			b.WriteString(" ---: |")
		}
	}
	b.WriteString("\n")
	for i := range t.Rows {
		b.WriteString("|")
		for j := range t.Columns {
			b.WriteString(" " + strings.ReplaceAll(t.cell(i, j), "|", "\\|") + " |")
		}
		b.WriteString("\n")
	}
}

// isText tells columns of words, which are set left, from those of figures.
func (t *Table) isText(column int) bool {
	if len(t.Rows) == 0 {
		return true
	}
	_, words := t.Rows[0][column].(string)
	return words
}
