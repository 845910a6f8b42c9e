package importing

import (
	"encoding/hex"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// document gives the passages of a file that has no rows of its own.
type document struct{ rows []*row }

func (d *document) next() (*row, error) {
	if len(d.rows) == 0 {
		return nil, io.EOF
	}
	r := d.rows[0]
	d.rows = d.rows[1:]
	return r, nil
}

// add appends a passage; skills are nil where the document says nothing of them.
func (d *document) add(line int, id, title, body string, skills []string) {
	r := newRow(line)
	r.cells[externalID], r.cells["title"], r.cells["text"] = cell{text: id}, cell{text: title}, cell{text: body}
	if skills != nil {
		r.cells["skills"] = cell{list: skills, split: true}
	}
	d.rows = append(d.rows, r)
}

// openText takes a plain text as one passage: its first line is the title, the rest the text. It is not
// divided by length: where the parts begin would move with each change of the text, and with them the
// external ids; the search index divides what is long by itself.
func openText(in *Request) (*document, error) {
	body, err := whole(in)
	if err != nil {
		return nil, err
	}
	d := &document{}
	before := body[:len(body)-len(strings.TrimLeft(body, " \t\r\n"))]
	body = strings.TrimSpace(body)
	if body == "" {
		return d, nil
	}
	title, rest, _ := strings.Cut(body, "\n")
	if rest = strings.TrimSpace(rest); rest == "" || runes(title) > maxTitle {
		title, rest = stem(in.Name), body // a paragraph on one line is no title
	}
	d.add(1+strings.Count(before, "\n"), bounded(in.Name), title, rest, nil)
	return d, nil
}

// stem is the name of a file without folder and ending.
func stem(name string) string {
	base := path.Base(name)
	return strings.TrimSuffix(base, path.Ext(base))
}

// bounded shortens an external id that is made here, so that it stays one of its own.
func bounded(id string) string {
	if runes(id) <= maxExternalID {
		return id
	}
	sum := digest(id)
	return string([]rune(id)[:maxExternalID-17]) + "~" + hex.EncodeToString(sum[:8])
}

// matter is what front matter says to us; whatever else it says is other programs'.
type matter struct {
	ID     string `yaml:"id"` // instead of the file's name in the external ids
	Title  string `yaml:"title"`
	Skills any    `yaml:"skills"`
}

// frontMatter parts the YAML between two lines of three hyphens off the beginning of a document.
func frontMatter(source string) (_ matter, rest string, lines int, _ error) {
	body, found := strings.CutPrefix(source, "---\n")
	if !found {
		return matter{}, source, 0, nil
	}
	head, rest, found := strings.Cut(body, "\n---\n")
	if !found {
		return matter{}, source, 0, nil // a rule across the page
	}
	var m matter
	if err := yaml.Unmarshal([]byte(head), &m); err != nil {
		return m, "", 0, fileError(BrokenStart, 1, "The front matter is not YAML, or its id or title is no text: %s", clip(strings.SplitN(err.Error(), "\n", 2)[0]))
	}
	return m, rest, strings.Count(head, "\n") + 3, nil
}

// skills are those of the front matter: a list, or one text with semicolons or commas.
func (m matter) skills() ([]string, error) {
	switch v := m.Skills.(type) {
	case nil:
		return nil, nil
	case string:
		return strings.FieldsFunc(v, func(r rune) bool { return r == ';' || r == ',' }), nil
	case []any:
		out := []string{}
		for _, e := range v {
			s, ok := e.(string)
			if !ok {
				return nil, fileError(BrokenStart, 1, "The skills of the front matter are not a list of texts.")
			}
			out = append(out, s)
		}
		return out, nil
	}
	return nil, fileError(BrokenStart, 1, "The skills of the front matter are not a list of texts.")
}

// openMarkdown divides a document at its headings of one level and of those above. A passage is what stands
// below such a heading; deeper headings are lines of it. Its external id is the file's name and the way to
// the heading, so that it stays when other parts of the document change.
func openMarkdown(in *Request) (*document, error) {
	source, err := whole(in)
	if err != nil {
		return nil, err
	}
	source = strings.ReplaceAll(source, "\r\n", "\n")
	m, body, skipped, err := frontMatter(source)
	if err != nil {
		return nil, err
	}
	skills, err := m.skills()
	if err != nil {
		return nil, err
	}
	s := &sections{
		document: &document{}, source: []byte(body), skills: skills, lines: lineCounter{text: body, line: skipped + 1},
		name: in.Name, title: stem(in.Name), used: map[string]bool{}, start: skipped + 1,
	}
	if id := strings.TrimSpace(m.ID); id != "" {
		s.name = id
	}
	if title := strings.TrimSpace(m.Title); title != "" {
		s.title = title
	}
	root := goldmark.DefaultParser().Parse(text.NewReader(s.source))
	for n := root.FirstChild(); n != nil; n = n.NextSibling() {
		if h, ok := n.(*ast.Heading); ok && h.Level <= in.HeadingLevel {
			s.close()
			s.open(h)
			continue
		}
		s.text = append(s.text, n)
	}
	s.close()
	return s.document, nil
}

// sections collects the passages of a document.
type sections struct {
	*document
	source []byte
	skills []string
	name   string
	lines  lineCounter

	way   [7]string // the headings above, by level
	depth int
	title string
	start int // line
	text  []ast.Node
	used  map[string]bool // external ids
}

func (s *sections) open(h *ast.Heading) {
	s.title = inline(h, s.source)
	s.depth = h.Level
	s.way[h.Level] = slugOf(s.title, maxSlug)
	if s.way[h.Level] == "" {
		sum := digest(s.title)
		s.way[h.Level] = hex.EncodeToString(sum[:4])
	}
	clear(s.way[h.Level+1:])
	if at := h.Pos(); at >= 0 {
		s.start = s.lines.at(at)
	}
}

// close ends a section. One without text is only the way to others.
func (s *sections) close() {
	body := plain(s.text, s.source)
	s.text = nil
	if body == "" {
		return
	}
	way := slices.DeleteFunc(slices.Clone(s.way[1:s.depth+1]), func(part string) bool { return part == "" })
	id := s.name
	if len(way) > 0 {
		id += "#" + strings.Join(way, "/")
	}
	for first, n := id, 2; s.used[id]; n++ {
		id = fmt.Sprintf("%s-%d", first, n)
	}
	s.used[id] = true
	title := s.title
	if title == "" {
		title = stem(s.name)
	}
	s.add(s.start, bounded(id), title, body, s.skills)
}

// lineCounter tells the lines of places that go up.
type lineCounter struct {
	text string
	seen int
	line int
}

func (l *lineCounter) at(place int) int {
	if place > l.seen {
		l.line += strings.Count(l.text[l.seen:min(place, len(l.text))], "\n")
		l.seen = place
	}
	return l.line
}

// plain is what blocks say, without the marks of Markdown: the text is embedded, and quoted to people.
func plain(blocks []ast.Node, source []byte) string {
	var parts []string
	for _, b := range blocks {
		if s := strings.TrimRight(block(b, source), " \n"); strings.TrimSpace(s) != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, "\n\n")
}

func block(n ast.Node, source []byte) string {
	switch n := n.(type) {
	case *ast.HTMLBlock, *ast.ThematicBreak, *ast.LinkReferenceDefinition:
		return ""
	case *ast.FencedCodeBlock, *ast.CodeBlock:
		return string(n.Lines().Value(source))
	case *ast.List:
		var items []string
		number := n.Start
		for item := n.FirstChild(); item != nil; item = item.NextSibling() {
			mark := "- "
			if n.IsOrdered() {
				mark = fmt.Sprintf("%d. ", number)
				number++
			}
			body := strings.TrimSpace(strings.ReplaceAll(plain(children(item), source), "\n\n", "\n"))
			items = append(items, mark+strings.ReplaceAll(body, "\n", "\n"+strings.Repeat(" ", len(mark))))
		}
		return strings.Join(items, "\n")
	case *ast.Blockquote:
		return plain(children(n), source)
	}
	return inline(n, source)
}

func children(n ast.Node) []ast.Node {
	var out []ast.Node
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		out = append(out, c)
	}
	return out
}

// inline is the text of a line or a paragraph: that of links without their addresses, no tags.
func inline(n ast.Node, source []byte) string {
	var b strings.Builder
	var walk func(ast.Node)
	walk = func(n ast.Node) {
		switch n := n.(type) {
		case *ast.Text:
			value := n.Value(source)
			if !n.IsRaw() {
				value = util.ResolveEntityNames(util.ResolveNumericReferences(util.UnescapePunctuations(value)))
			}
			b.Write(value)
			switch {
			case n.HardLineBreak():
				b.WriteByte('\n')
			case n.SoftLineBreak():
				b.WriteByte(' ')
			}
			return
		case *ast.String:
			b.Write(n.Value)
			return
		case *ast.AutoLink:
			b.Write(n.Label(source))
			return
		case *ast.RawHTML:
			return
		}
		for c := n.FirstChild(); c != nil; c = c.NextSibling() {
			walk(c)
		}
	}
	walk(n)
	return strings.TrimSpace(b.String())
}
