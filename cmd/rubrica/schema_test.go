package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql/introspection"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/rubrica/rubrica/graph/trusted"
)

// What is printed is what is served: each type with its fields, and nothing of the generator.
func TestSchemaIsWhatIsServed(t *testing.T) {
	t.Parallel()
	text := must(t, "schema")
	assert.Equal(t, text, must(t, "schema"), "in the same order each time")
	for _, word := range []string{"goField", "goModel", "goTag", "@defer", "@stream"} {
		assert.NotContains(t, text, word)
	}
	printed, err := gqlparser.LoadSchema(&ast.Source{Input: text})
	require.NoError(t, err)
	for _, served := range introspection.WrapSchema(schema()).Types() {
		def := printed.Types[*served.Name()]
		require.NotNil(t, def, *served.Name())
		if def.BuiltIn {
			continue
		}
		assert.Equal(t, *served.Description(), def.Description, def.Name)
		var fields []string
		for _, f := range served.Fields(true) {
			fields = append(fields, f.Name)
			require.NotNil(t, def.Fields.ForName(f.Name), "%s.%s", def.Name, f.Name)
		}
		for _, f := range served.InputFields() {
			fields = append(fields, f.Name)
		}
		for _, f := range def.Fields {
			assert.True(t, slices.Contains(fields, f.Name) || f.Name[0] == '_', "%s.%s", def.Name, f.Name)
		}
		assert.Len(t, served.EnumValues(true), len(def.EnumValues), def.Name)
	}
}

// A manifest that does not fit the schema stops the start, before anything is begun.
func TestManifestsAreCheckedAtTheStart(t *testing.T) {
	t.Parallel()
	flags, _ := installation(t)
	file := filepath.Join(t.TempDir(), "web.json")
	require.NoError(t, os.WriteFile(file, []byte(`{"a1": "query Old { viewer { shoeSize } }"}`), 0o600))
	code, _, stderr := run(t, with(flags, "serve", "--address=127.0.0.1:0", "--trusted-documents="+file)...)
	assert.Equal(t, exitError, code)
	for _, part := range []string{file, `document "a1" (Old)`, "line 1", "shoeSize"} {
		assert.Contains(t, stderr, part)
	}
}

// The first start in production, without and with a manifest.
func TestProductionRunsRegisteredDocuments(t *testing.T) {
	t.Parallel()
	flags, _ := installation(t)
	must(t, with(flags, "seed")...)
	key := "--jwt-secret=Hq8vZ3nKx2WcT7pLm4RyB9dFj6GsE1aU5oXi"
	lena, ada := must(t, with(flags, "token", "--user=lena", key)...), must(t, with(flags, "token", "--user=ada", key)...)
	client := &http.Client{Timeout: time.Minute}
	ask := func(url, token string, params map[string]string) string {
		body, err := json.Marshal(params)
		require.NoError(t, err)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/graphql", bytes.NewReader(body))
		require.NoError(t, err)
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Authorization", "Bearer "+token)
		res, err := client.Do(req)
		require.NoError(t, err)
		answer, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		return string(answer)
	}
	const query = `query Who { viewer { role } }`
	free := map[string]string{"query": query}

	production := with(flags, "--mode=production", key, "--no-worker")
	url, _, log, stop := serve(t, production...)
	assert.Contains(t, log.String(), "nobody but admins can use the API")
	assert.Contains(t, log.String(), "RUBRICA_TRUSTED_DOCUMENTS")
	assert.Contains(t, ask(url, lena, free), "DOCUMENT_REQUIRED")
	assert.Contains(t, ask(url, ada, free), `"ADMIN"`)
	client.CloseIdleConnections()
	require.Zero(t, stop(), log)

	folder := t.TempDir()
	manifest, err := json.Marshal(map[string]string{trusted.Hash(query): query})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(folder, "web.json"), manifest, 0o600))
	url, _, log, stop = serve(t, append(production, "--trusted-documents="+folder)...)
	assert.Contains(t, log.String(), `"documents":1`)
	assert.NotContains(t, log.String(), "nobody but admins")
	assert.Contains(t, ask(url, lena, map[string]string{"documentId": "sha256:" + trusted.Hash(query)}), `"LEARNER"`)
	assert.Contains(t, ask(url, lena, free), "DOCUMENT_REQUIRED")
	client.CloseIdleConnections()
	require.Zero(t, stop(), log)

	url, _, log, stop = serve(t, append(production, "--free-documents=everyone")...)
	assert.Contains(t, log.String(), "everyone may send any document")
	assert.Contains(t, ask(url, lena, free), `"LEARNER"`)
	client.CloseIdleConnections()
	assert.Zero(t, stop(), log)
}
