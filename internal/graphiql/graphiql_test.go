package graphiql_test

import (
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

var people = graphiql.Options{Endpoint: "/graphql", People: []graphiql.Person{{Name: "ada", Role: "admin", Token: "token-of-ada"}}}

func TestThePageLoadsFromThisServerAlone(t *testing.T) {
	r := get(t, people, "/graphiql", "127.0.0.1:8080", "127.0.0.1:5000")
	require.Equal(t, http.StatusOK, r.StatusCode)
	csp := r.Header.Get("Content-Security-Policy")
	assert.Contains(t, csp, "default-src 'none'")
	assert.NotContains(t, csp, "http")
	page := text(t, r)
	assert.NotContains(t, page, "//", "no absolute address")
	assert.NotContains(t, page, "token-of-ada", "nobody was chosen")
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
