package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
)

// example is the first operation of a screen's file, with the fragments that it needs.
type example struct {
	Title string // of the screen, such as Learner result
	File  string
	About string // what the file says of the screen
	Text  string
	Roots []string // names of the root fields of all operations of the file
	Rest  []string // names of the file's other operations
}

var (
	begins  = regexp.MustCompile(`^(?:query|mutation|subscription|fragment)\s+(\w+)`)
	spreads = regexp.MustCompile(`\.\.\.\s*(\w+)`)
)

func readExamples(folder string) ([]example, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.graphql"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s holds no examples", folder)
	}
	var list []example
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read an example: %w", err)
		}
		e, err := readExample(filepath.Base(file), string(text))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		list = append(list, e)
	}
	return list, nil
}

func readExample(file, text string) (example, error) {
	doc, err := parser.ParseQuery(&ast.Source{Name: file, Input: text})
	if err != nil {
		return example{}, err
	}
	if len(doc.Operations) == 0 {
		return example{}, fmt.Errorf("no operation")
	}
	e := example{File: file, Title: title(file)}
	head, parts := split(text)
	e.About = head
	first := doc.Operations[0].Name
	e.Text = strings.Join(append([]string{parts[first]}, needed(parts, first)...), "\n\n")
	for _, o := range doc.Operations {
		if o.Name != first {
			e.Rest = append(e.Rest, o.Name)
		}
		for _, s := range o.SelectionSet {
			if f, ok := s.(*ast.Field); ok && !slices.Contains(e.Roots, f.Name) {
				e.Roots = append(e.Roots, f.Name)
			}
		}
	}
	return e, nil
}

// title makes words of a file's name.
func title(file string) string {
	words := strings.ReplaceAll(strings.TrimSuffix(file, ".graphql"), "-", " ")
	return strings.ToUpper(words[:1]) + words[1:]
}

// split cuts a file into its definitions by name, each with the comment right above it. The comment
// at the head of the file, which an empty line follows, stands for itself.
func split(text string) (head string, parts map[string]string) {
	parts = map[string]string{}
	var comment, body []string
	name := ""
	for line := range strings.SplitSeq(text, "\n") {
		switch {
		case name != "":
			body = append(body, line)
			if line == "}" {
				parts[name] = strings.Join(body, "\n")
				name, body = "", nil
			}
		case strings.HasPrefix(line, "#"):
			comment = append(comment, line)
		case begins.MatchString(line):
			name = begins.FindStringSubmatch(line)[1]
			body, comment = append(comment, line), nil
		default:
			if head == "" && len(parts) == 0 {
				head = uncomment(comment)
			}
			comment = nil
		}
	}
	return head, parts
}

func uncomment(lines []string) string {
	for i, line := range lines {
		lines[i] = strings.TrimSpace(strings.TrimPrefix(line, "#"))
	}
	return strings.Join(lines, " ")
}

// needed are the fragments that a definition spreads, directly or not, in the order of their use.
func needed(parts map[string]string, name string) []string {
	var list []string
	seen := map[string]bool{"on": true}
	var walk func(name string)
	walk = func(name string) {
		for _, m := range spreads.FindAllStringSubmatch(parts[name], -1) {
			if !seen[m[1]] {
				seen[m[1]] = true
				list = append(list, parts[m[1]])
				walk(m[1])
			}
		}
	}
	walk(name)
	return list
}
