package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const root = "../.."

func TestThePageIsCurrent(t *testing.T) {
	require.NoError(t, run(root, true), "run `make docs`, and read what changed")
}

// Every link leads to a heading, and no two headings have one address.
func TestLinksLeadSomewhere(t *testing.T) {
	page, err := render(root)
	require.NoError(t, err)
	page = regexp.MustCompile("(?s)\n```.*?\n```\n").ReplaceAll(page, nil) // comments of code are no headings
	ids := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^#{1,3} (.+)$`).FindAllStringSubmatch(string(page), -1) {
		id := anchor(m[1])
		assert.False(t, ids[id], "two headings are %q", id)
		ids[id] = true
	}
	links := regexp.MustCompile(`\]\(#([^)]+)\)`).FindAllStringSubmatch(string(page), -1)
	require.NotEmpty(t, links)
	for _, m := range links {
		assert.True(t, ids[m[1]], "no heading is %q", m[1])
	}
	for _, m := range regexp.MustCompile("`(docs/[^`]+)`").FindAllStringSubmatch(string(page), -1) {
		assert.FileExists(t, filepath.Join(root, m[1]))
	}
}

// Nothing of the contract is left out: each type, field, argument and value stands somewhere.
func TestThePageIsWhole(t *testing.T) {
	schema, err := load(root)
	require.NoError(t, err)
	text, err := render(root)
	require.NoError(t, err)
	page := string(text)
	d := &document{schema: schema}
	for _, def := range schema.Types {
		if def.BuiltIn || d.isPage(def) {
			continue
		}
		assert.Contains(t, page, def.Name)
		assert.NotEmpty(t, def.Description, def.Name)
		for _, f := range def.Fields {
			if strings.HasPrefix(f.Name, "__") {
				continue
			}
			assert.NotEmpty(t, f.Description, "%s.%s", def.Name, f.Name)
			if def == schema.Query || def == schema.Mutation || def == schema.Subscription {
				assert.Contains(t, page, "### "+def.Name+"."+f.Name+"\n")
			} else {
				assert.Contains(t, page, "| `"+d.signature(f)+"` |", "%s.%s", def.Name, f.Name)
			}
			for _, a := range d.args(f) {
				assert.NotEmpty(t, a.Description, "%s.%s(%s:)", def.Name, f.Name, a.Name)
			}
		}
		for _, v := range def.EnumValues {
			assert.Contains(t, page, "| `"+v.Name+"` | "+prose(v.Description), "%s.%s", def.Name, v.Name)
		}
	}
}

func TestExamplesAreCutOut(t *testing.T) {
	e, err := readExample("admin-list.graphql", `# The list of
# everything.

# First.
query A($n: Int!) {
  a(first: $n) {
    ...Second
  }
}

query B {
  b
}

# Not needed.
fragment Other on T {
  x
}

fragment Third on T {
  ... on U {
    x
  }
}

# Needed.
fragment Second on T {
  ...Third
}
`)
	require.NoError(t, err)
	assert.Equal(t, "Admin list", e.Title)
	assert.Equal(t, "The list of everything.", e.About)
	assert.Equal(t, []string{"a", "b"}, e.Roots)
	assert.Equal(t, []string{"B"}, e.Rest)
	assert.Equal(t, "# First.\nquery A($n: Int!) {\n  a(first: $n) {\n    ...Second\n  }\n}\n\n# Needed.\nfragment Second on T {\n  ...Third\n}\n\n"+
		"fragment Third on T {\n  ... on U {\n    x\n  }\n}", e.Text)
	_, err = readExample("x.graphql", "fragment F on T { x }")
	require.Error(t, err)
}

func TestProse(t *testing.T) {
	assert.Equal(t, "One line: `GRAPHQL_PARSE_FAILED`, a \\| b, 2 \\* 3 &lt; 7.", prose("One\n  line: GRAPHQL_PARSE_FAILED, a | b, 2 * 3 < 7."))
}

func TestCheckTellsWhatToDo(t *testing.T) {
	folder := t.TempDir()
	require.Error(t, run(folder, false), "no SDL")
	for _, part := range []string{"schema.graphql", "graph/schema", "examples"} {
		require.NoError(t, os.MkdirAll(filepath.Join(folder, filepath.Dir(part)), 0o700))
		require.NoError(t, os.Symlink(abs(t, filepath.Join(root, part)), filepath.Join(folder, part)))
	}
	require.NoError(t, os.Mkdir(filepath.Join(folder, "docs"), 0o700))
	require.NoError(t, run(folder, false))
	require.NoError(t, run(folder, true))
	require.NoError(t, os.WriteFile(filepath.Join(folder, target), []byte("old"), 0o600))
	require.ErrorContains(t, run(folder, true), "make docs")
}

func abs(t *testing.T, path string) string {
	t.Helper()
	path, err := filepath.Abs(path)
	require.NoError(t, err)
	return path
}
