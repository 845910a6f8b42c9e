package importing

import (
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// openMarkdown divides a document at its headings of one level and of those above. A passage is what stands
// below such a heading; deeper headings are lines of it. Its external id is the file's name and the way to
// the heading, so that it stays when other parts of the document change.
//
// The lines are read here and not by a parser of CommonMark: all that is wanted is the headings and the
// text, and goldmark takes time with the square of a text's length (a minute for 150 KB of "[a](").
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
		document: &document{}, skills: skills, level: in.HeadingLevel, name: in.Name, title: stem(in.Name),
		used: map[string]int{}, start: skipped + 1,
	}
	if id := strings.TrimSpace(m.ID); id != "" {
		s.name = id
	}
	if title := strings.TrimSpace(m.Title); title != "" {
		s.title = title
	}
	s.line = skipped
	for line := range strings.Lines(comment.ReplaceAllStringFunc(body, onlyBreaks)) {
		s.line++
		s.read(strings.TrimRight(line, " \t\n"), strings.HasSuffix(line, "  \n"))
		if len(s.rows) > MaxRows { // walk says so
			break
		}
	}
	s.close()
	return s.document, nil
}

// What lines are, as in CommonMark: https://spec.commonmark.org/0.31.2/, sections 4 and 5.
var (
	comment    = regexp.MustCompile(`(?s)<!--.*?-->`)
	fence      = regexp.MustCompile("^ {0,3}(```+|~~~+)")
	quotation  = regexp.MustCompile(`^(?: {0,3}> ?)+`)
	atx        = regexp.MustCompile(`^ {0,3}(#{1,6})(?:[ \t]+(.*))?$`)
	atxEnd     = regexp.MustCompile(`(^|[ \t])#+$`)
	underline  = regexp.MustCompile(`^ {0,3}(=+|-+)$`)
	rule       = regexp.MustCompile(`^ {0,3}(?:(?:- *){3,}|(?:\* *){3,}|(?:_ *){3,})$`)
	item       = regexp.MustCompile(`^ *(?:[-*+]|\d{1,9}[.)])[ \t]`)
	definition = regexp.MustCompile(`^ {0,3}\[[^\[\]]+\]: *\S+(?:\s+["'(].*)?$`) // where a link leads
)

// onlyBreaks keeps the lines of what is left out, so that those below keep their numbers.
func onlyBreaks(s string) string { return strings.Repeat("\n", strings.Count(s, "\n")) }

// sections collects the passages of a document, line by line.
type sections struct {
	*document
	skills []string
	level  int
	name   string
	line   int

	way   [7]string // the headings above, by level
	depth int
	title string
	start int            // line
	used  map[string]int // external ids, and how often

	fence     string   // that is open
	body      []string // lines of the text that are done; "" between paragraphs
	paragraph []string // lines that make one
	began     int      // line of the paragraph
	itself    bool     // the paragraph is an item, a row of a table or the like
}

// read takes a line; hard says that it ends in a line break of its own.
func (s *sections) read(line string, hard bool) {
	if s.fence != "" {
		if mark := fence.FindStringSubmatch(line); mark != nil && strings.HasPrefix(mark[1], s.fence) && strings.TrimSpace(line) == mark[1] {
			s.fence = ""
			s.gap()
			return
		}
		s.body = append(s.body, line)
		return
	}
	if first(line) == '>' {
		line = quotation.ReplaceAllString(line, "")
	}
	begin := first(line) // most lines are plain, and asked no further
	if mark := find(fence, begin, "`~", line); mark != nil {
		s.gap()
		s.fence = mark[1]
		return
	}
	if begin == 0 {
		s.gap()
		return
	}
	if h := find(atx, begin, "#", line); h != nil {
		s.flush()
		s.heading(len(h[1]), atxEnd.ReplaceAllString(strings.TrimSpace(h[2]), ""), s.line)
		return
	}
	if u := find(underline, begin, "=-", line); u != nil && len(s.paragraph) > 0 && !s.itself {
		title := strings.Join(s.paragraph, " ")
		s.paragraph = nil
		s.heading(map[byte]int{'=': 1, '-': 2}[u[1][0]], title, s.began)
		return
	}
	if find(rule, begin, "-*_", line) != nil {
		s.gap()
		return
	}
	indented := strings.HasPrefix(line, "\t") || strings.HasPrefix(line, "    ")
	switch own := find(item, begin, "-*+0123456789", line) != nil || strings.HasPrefix(line, "|"); {
	case len(s.paragraph) == 0 && find(definition, begin, "[", line) != nil:
		return
	case own || indented && len(s.paragraph) == 0:
		s.flush()
		s.itself = true
	default:
		line = strings.TrimSpace(line)
	}
	if len(s.paragraph) == 0 {
		s.began = s.line
	}
	s.paragraph = append(s.paragraph, strings.TrimSuffix(line, `\`))
	if hard || strings.HasSuffix(line, `\`) {
		s.flush()
	}
}

// first is the first byte of a line that is no blank; 0 when there is none.
func first(line string) byte {
	if line = strings.TrimLeft(line, " \t"); line != "" {
		return line[0]
	}
	return 0
}

// find holds a line that begins with one of the bytes against a form.
func find(form *regexp.Regexp, begin byte, with, line string) []string {
	if strings.IndexByte(with, begin) < 0 {
		return nil
	}
	return form.FindStringSubmatch(line)
}

// flush ends a paragraph.
func (s *sections) flush() {
	if len(s.paragraph) > 0 {
		text := strings.Join(s.paragraph, " ")
		if len(text) <= maxText*utf8.UTFMax { // what is longer is refused
			text = unmarked(text)
		}
		s.body = append(s.body, text)
	}
	s.paragraph, s.itself = nil, false
}

// gap ends a paragraph and leaves a line free.
func (s *sections) gap() {
	s.flush()
	if n := len(s.body); n > 0 && s.body[n-1] != "" {
		s.body = append(s.body, "")
	}
}

// heading begins a section, or is a line of one.
func (s *sections) heading(level int, title string, line int) {
	title = strings.TrimSpace(unmarked(title))
	if level > s.level {
		s.gap()
		s.body = append(s.body, title, "")
		return
	}
	s.close()
	s.title, s.depth, s.start = title, level, line
	s.way[level] = slugOf(title, maxSlug)
	if s.way[level] == "" {
		sum := digest(title)
		s.way[level] = hex.EncodeToString(sum[:4])
	}
	clear(s.way[level+1:])
}

// close ends a section. One without text is only the way to others.
func (s *sections) close() {
	s.flush()
	body := strings.Trim(strings.Join(s.body, "\n"), "\n")
	s.body = nil
	if strings.TrimSpace(body) == "" {
		return
	}
	way := slices.DeleteFunc(slices.Clone(s.way[1:s.depth+1]), func(part string) bool { return part == "" })
	id := s.name
	if len(way) > 0 {
		id += "#" + strings.Join(way, "/")
	}
	plain := id
	for s.used[id] > 0 { // as others count the anchors of equal headings
		s.used[plain]++
		id = fmt.Sprintf("%s-%d", plain, s.used[plain])
	}
	s.used[id] = 1
	title := s.title
	if title == "" {
		title = stem(s.name)
	}
	s.add(s.start, bounded(id), title, body, s.skills)
}
