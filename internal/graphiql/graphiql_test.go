package graphiql_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/internal/graphiql"
)

func get(t *testing.T, o graphiql.Options, target, host, remote string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, target, nil)
	r.Host, r.RemoteAddr = host, remote
	w := httptest.NewRecorder()
	graphiql.Handler(o).ServeHTTP(w, r)
	return w.Result()
}

func text(t *testing.T, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	return string(b)
}

// examples are the page's own, with variables for one of them.
func examples() []graphiql.Example {
	list, err := graphiql.Examples(map[string]map[string]any{"submit": {"input": map[string]any{"text": "An <essay>."}}})
	if err != nil {
		panic(err)
	}
	return list
}

var people = graphiql.Options{Endpoint: "/graphql", People: []graphiql.Person{{Name: "ada", Role: "admin", Token: "token-of-ada"}}}

func TestThePageLoadsFromThisServerAlone(t *testing.T) {
	r := get(t, people, "/graphiql", "127.0.0.1:8080", "127.0.0.1:5000")
	require.Equal(t, http.StatusOK, r.StatusCode)
	csp := r.Header.Get("Content-Security-Policy")
	assert.Contains(t, csp, "default-src 'none'")
	assert.NotContains(t, csp, "http")
	page := text(t, r)
	assert.NotContains(t, page, "//", "no absolute address")
	assert.Equal(t, "no-store", r.Header.Get("Cache-Control"), "it holds tokens")
	found := regexp.MustCompile(`(?:src|href)="(/graphiql/[^"]+)"`).FindAllStringSubmatch(page, -1)
	require.Len(t, found, 4)
	for _, f := range found {
		r := get(t, people, f[1], "127.0.0.1:8080", "127.0.0.1:5000")
		assert.Equal(t, http.StatusOK, r.StatusCode, f[1])
		assert.NotEmpty(t, text(t, r), f[1])
	}
	for _, worker := range []string{"editor", "json", "graphql"} {
		r := get(t, people, "/graphiql/"+worker+".worker.js", "localhost", "127.0.0.1:5000")
		assert.Equal(t, http.StatusOK, r.StatusCode, worker)
	}
	assert.Equal(t, http.StatusNotFound, get(t, people, "/graphiql/other.js", "localhost", "127.0.0.1:5000").StatusCode)
}

func TestTokensAreForThisMachine(t *testing.T) {
	cases := []struct {
		host, remote string
		want         bool
	}{
		{"127.0.0.1:8080", "127.0.0.1:5000", true},
		{"localhost:8080", "127.0.0.1:5000", true},
		{"[::1]:8080", "[::1]:5000", true},
		{"rebound.example.org:8080", "127.0.0.1:5000", false},
		{"localhost:8080", "192.0.2.7:5000", false},
	}
	for _, c := range cases {
		page := text(t, get(t, people, "/graphiql?as=ada", c.host, c.remote))
		assert.Equal(t, c.want, strings.Contains(page, "token-of-ada"), "%s from %s", c.host, c.remote)
	}
}

func TestScriptsOfOtherOriginsGetNoTokens(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, "/graphiql?as=ada", nil)
	r.Host, r.RemoteAddr = "localhost:8080", "127.0.0.1:5000"
	r.Header.Set("Origin", "http://localhost:5173")
	w := httptest.NewRecorder()
	graphiql.Handler(people).ServeHTTP(w, r)
	assert.NotContains(t, w.Body.String(), "token-of-ada")
}

// options are what the page starts GraphiQL with.
func options(t *testing.T, o graphiql.Options, target string) map[string]any {
	t.Helper()
	page := text(t, get(t, o, target, "localhost:8080", "127.0.0.1:5000"))
	found := regexp.MustCompile(`(?s)id="options">(.*?)</script>`).FindStringSubmatch(page)
	require.NotNil(t, found)
	var out map[string]any
	require.NoError(t, json.Unmarshal([]byte(found[1]), &out))
	return out
}

// Each kind of user has a tab, with the token in place for those who may have it.
func TestExamplesCarryTokens(t *testing.T) {
	o := people
	o.Examples = examples()
	for _, e := range o.Examples {
		assert.NotEmpty(t, e.As, e.Name)
	}
	got := options(t, o, "/graphiql")
	tabs, _ := got["defaultTabs"].([]any)
	require.Len(t, tabs, 5)
	var with, variables int
	for _, v := range tabs {
		tab, _ := v.(map[string]any)
		assert.Regexp(t, `(?m)^(query|mutation|subscription) \w+`, tab["query"])
		if tab["variables"] != nil {
			variables++
			assert.Contains(t, tab["variables"], "An \\u003cessay\\u003e.")
		}
		if tab["headers"] != nil {
			with++
			assert.Equal(t, "ada", tab["as"])
			assert.Contains(t, tab["headers"], `"Bearer token-of-ada"`)
		}
	}
	assert.Equal(t, 1, with, "ada's tab; the others are not offered here")
	assert.Equal(t, 1, variables)
	assert.Nil(t, got["as"])
	assert.Equal(t, true, got["shouldPersistHeaders"])

	got = options(t, o, "/graphiql?as=ada")
	assert.Equal(t, "ada", got["as"])
	assert.Contains(t, got["defaultHeaders"], "token-of-ada", "for new tabs")

	o.People = nil // production
	got = options(t, o, "/graphiql?as=ada")
	assert.Equal(t, false, got["shouldPersistHeaders"], "an admin's token does not stay in the browser")
	assert.Empty(t, got["tokens"])
}

func TestAllowDecides(t *testing.T) {
	o := people
	o.Allow = func(w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(http.StatusForbidden)
		return false
	}
	for _, target := range []string{"/graphiql", "/graphiql/app.js"} {
		r := get(t, o, target, "localhost", "127.0.0.1:5000")
		assert.Equal(t, http.StatusForbidden, r.StatusCode)
		assert.Empty(t, text(t, r))
	}
}
