package trusted_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/rubrica/rubrica/graph/trusted"
)

var schema = gqlparser.MustLoadSchema(&ast.Source{Input: `
	type Query { hello(name: String): String, me: User }
	type User { name: String }
	type Subscription { ticks: Int }`})

const (
	hello = "query Hello($name: String) {\n  hello(name: $name)\n}"
	me    = "query Me { me { name } }"
)

// write puts files into a folder of the test.
func write(t *testing.T, files map[string]string) (folder string) {
	t.Helper()
	folder = t.TempDir()
	for name, text := range files {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600))
	}
	return folder
}

func flat(ids map[string]string) string {
	text, _ := json.Marshal(ids)
	return string(text)
}

func apollo(id, name, body string) string {
	text, _ := json.Marshal(map[string]any{
		"format": "apollo-persisted-query-manifest", "version": 1,
		"operations": []map[string]string{{"id": id, "name": name, "type": "query", "body": body}},
	})
	return string(text)
}

// Old frontends and new ones, in all three forms, in files and in a folder.
func TestLoad(t *testing.T) {
	folder := write(t, map[string]string{
		"codegen.json": flat(map[string]string{trusted.Hash(hello): hello}),
		"relay.json":   flat(map[string]string{"0a1b2c3d4e5f60718293a4b5c6d7e8f9": me}),
		"notes.txt":    "not a manifest",
	})
	other := write(t, map[string]string{"apollo.json": "\xef\xbb\xbf" + apollo(trusted.Hash(me), "Me", me), "empty.json": "{}"})
	s, err := trusted.Load(schema, []string{folder, filepath.Join(other, "apollo.json"), filepath.Join(other, "empty.json")})
	require.NoError(t, err)
	assert.Equal(t, 2, s.Len(), "the same document of two clients counts once")
	assert.Equal(t, []trusted.Manifest{
		{filepath.Join(folder, "codegen.json"), 1},
		{filepath.Join(folder, "relay.json"), 1},
		{filepath.Join(other, "apollo.json"), 1},
		{filepath.Join(other, "empty.json"), 0},
	}, s.Manifests())

	s, err = trusted.Load(schema, nil)
	require.NoError(t, err)
	assert.Zero(t, s.Len())
}

func TestLoadRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"no JSON":            {`{"a":`, []string{"not valid JSON", "near byte"}},
		"a list":             {`[]`, []string{"not a JSON object"}},
		"two objects":        {`{} {}`, []string{"goes on after"}},
		"no text":            {`{"a": {"query": "{hello}"}}`, []string{`"a" is not a text`, "relay-compiler"}},
		"no id":              {flat(map[string]string{"": me}), []string{"it has no id"}},
		"syntax":             {flat(map[string]string{"x1": "query Q {\n  hello("}), []string{`document "x1"`, "line 2"}},
		"schema":             {flat(map[string]string{"x1": "query Old {\n  gone\n}"}), []string{`document "x1" (Old)`, "line 2, column 3", "gone"}},
		"two faults in one":  {flat(map[string]string{"x1": "query Old { gone lost }"}), []string{"(and 1 more)"}},
		"fragments alone":    {flat(map[string]string{"x1": "fragment F on User { name }"}), []string{"holds no operation"}},
		"changed text":       {flat(map[string]string{trusted.Hash(hello): strings.ReplaceAll(hello, "\n", "\r\n")}), []string{"is not the SHA-256 of its text", trusted.Hash(strings.ReplaceAll(hello, "\n", "\r\n"))}},
		"half a hash":        {flat(map[string]string{"sha256:abc": me}), []string{"64 hexadecimal digits"}},
		"an id twice":        {fmt.Sprintf(`{"x1": %q, "x1": "{ hello }"}`, me), []string{"another document under this id"}},
		"Apollo's next form": {`{"format": "apollo-persisted-query-manifest", "version": 2}`, []string{"version 2"}},
		"Apollo, damaged":    {`{"format": "apollo-persisted-query-manifest", "version": 1, "operations": 3}`, []string{"not a manifest of Apollo"}},
		"Apollo's name":      {apollo("x1", "You", me), []string{"(You)", "no operation of the name You"}},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(write(t, map[string]string{"web.json": c.text}), "web.json")
			_, err := trusted.Load(schema, []string{file})
			require.Error(t, err)
			for _, part := range append(c.want, file) {
				assert.Contains(t, err.Error(), part)
			}
		})
	}
	_, err := trusted.Load(schema, []string{filepath.Join(t.TempDir(), "missing.json")})
	require.ErrorContains(t, err, "missing.json")
	_, err = trusted.Load(schema, []string{t.TempDir()})
	require.ErrorContains(t, err, "holds no .json file")

	// All faults are told at once, up to a number that can be read.
	many := map[string]string{}
	for i := range 14 {
		many[fmt.Sprintf("x%02d", i)] = "{ gone }"
	}
	_, err = trusted.Load(schema, []string{write(t, map[string]string{"web.json": flat(many)})})
	require.ErrorContains(t, err, "4 more like these")
	assert.Equal(t, 10, strings.Count(err.Error(), "gone"))
}

// The executor gets the same parsed document each time, and clients fill none but the cache behind.
func TestCache(t *testing.T) {
	s, err := trusted.Load(schema, []string{write(t, map[string]string{"web.json": flat(map[string]string{trusted.Hash(me): me})})})
	require.NoError(t, err)
	behind := graphql.MapCache[*ast.QueryDocument]{}
	c := s.Cache(behind)
	first, ok := c.Get(context.Background(), me)
	require.True(t, ok)
	again, _ := c.Get(context.Background(), me)
	assert.Same(t, first, again)
	require.NotNil(t, first.Operations[0].SelectionSet[0].(*ast.Field).Definition, "validated")

	_, ok = c.Get(context.Background(), hello)
	require.False(t, ok)
	c.Add(context.Background(), hello, first)
	_, ok = c.Get(context.Background(), hello)
	assert.True(t, ok)
	assert.Len(t, behind, 1)
	assert.Equal(t, 1, s.Len())

	var none *trusted.Store
	assert.Equal(t, graphql.Cache[*ast.QueryDocument](behind), none.Cache(behind))
}
