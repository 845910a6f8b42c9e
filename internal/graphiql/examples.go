package graphiql

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// Example is an operation that the page opens with, in a tab of its own.
type Example struct {
	Name      string         // such as submit
	As        string         // name of the person whose token it is sent with, where people are offered
	Query     string         // the document, with a comment on what it shows
	Variables map[string]any // nil: none
}

// whose says who the examples are for: they need more than anybody's rights.
var whose = map[string]string{
	"learner": "lena", "submit": "lena", "advisor": "arno", "dashboard": "arno", "admin": "ada",
}

// Examples are the operations of the page in the order of its tabs, one for each kind of user and a
// subscription. variables gives those that need some, by the example's name.
func Examples(variables map[string]map[string]any) ([]Example, error) {
	names, err := fs.Glob(files, "examples/*.graphql")
	if err != nil {
		return nil, fmt.Errorf("list GraphiQL's examples: %w", err)
	}
	list := make([]Example, len(names))
	for i, file := range names {
		text, err := files.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read GraphiQL's example: %w", err)
		}
		_, name, _ := strings.Cut(strings.TrimSuffix(path.Base(file), ".graphql"), "-")
		list[i] = Example{Name: name, As: whose[name], Query: string(text), Variables: variables[name]}
	}
	return list, nil
}

// tab is an example as GraphiQL takes it; variables and headers are texts there.
type tab struct {
	Query     string  `json:"query"`
	Variables *string `json:"variables,omitempty"`
	Headers   *string `json:"headers,omitempty"`
	As        string  `json:"as,omitempty"` // for page.js
}

// tabs gives the examples the tokens of those people who are offered.
func tabs(examples []Example, people []Person) ([]tab, error) {
	list := make([]tab, len(examples))
	for i, e := range examples {
		list[i] = tab{Query: e.Query, As: e.As}
		if len(e.Variables) > 0 {
			text, err := json.MarshalIndent(e.Variables, "", "  ")
			if err != nil {
				return nil, fmt.Errorf("variables of GraphiQL's example %s: %w", e.Name, err)
			}
			list[i].Variables = new(string(text))
		}
		for _, p := range people {
			if p.Name == e.As {
				list[i].Headers = new(headers(p.Token))
			}
		}
	}
	return list, nil
}

// headers is what the header editor of a tab holds.
func headers(token string) string {
	return "{\n  \"Authorization\": \"Bearer " + token + "\"\n}"
}
