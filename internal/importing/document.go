package importing

import (
	"encoding/hex"
	"io"
	"path"
	"strings"

	"github.com/goccy/go-yaml"
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
