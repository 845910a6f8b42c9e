package graph_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/graph"
)

// What the auditor graphql-cop looks for, as somebody who did not sign in at a server in production.
// Each check is named as there; what it would report is a failure here.
func TestNothingForAnAuditorToFind(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	doAt := func(s *httptest.Server, method, query, contentType, body string, headers ...string) (int, http.Header, string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, s.URL+query, strings.NewReader(body))
		require.NoError(t, err)
		if contentType != "" {
			r.Header.Set("Content-Type", contentType)
		}
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		resp, err := s.Client().Do(r)
		require.NoError(t, err)
		defer func() { _ = resp.Body.Close() }() // read to its end
		raw, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		return resp.StatusCode, resp.Header, string(raw)
	}
	do := func(method, query, contentType, body string, headers ...string) (int, http.Header, string) {
		t.Helper()
		return doAt(w.api, method, query, contentType, body, headers...)
	}
	refused := func(t *testing.T, query string) string {
		t.Helper()
		a := w.ask(t, anonymous, query, nil)
		require.NotEmpty(t, a.Errors)
		require.Nil(t, a.Data, "%.300s", a.raw)
		require.Less(t, len(a.raw), 4<<10)
		return a.raw
	}
	field := func(i int) string { return fmt.Sprintf("alias%d:__typename ", i) }
	many := func(n int, f func(int) string) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(f(i))
		}
		return b.String()
	}
	for name, check := range map[string]func(t *testing.T){
		"alias_overloading": func(t *testing.T) { refused(t, "{ "+many(101, field)+"}") },
		"batch": func(t *testing.T) {
			status, _, body := do("POST", "", "application/json", "["+strings.Repeat(`{"query":"{ __typename }"},`, 9)+`{"query":"{ __typename }"}]`)
			require.Equal(t, 400, status)
			require.NotContains(t, body, "Query")
			require.Less(t, len(body), 300)
		},
		"circular_fragment": func(t *testing.T) {
			refused(t, `{ __schema { ...A } } fragment A on __Schema { directives { name } ...B } fragment B on __Schema { ...A }`)
			refused(t, `{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }`)
		},
		"circular_introspection": func(t *testing.T) {
			refused(t, "{ __schema { types { "+strings.Repeat("fields { type { ", 6)+"name"+strings.Repeat("} }", 6)+" } } }")
		},
		"directive_overloading": func(t *testing.T) {
			body := refused(t, "{ __typename "+strings.Repeat("@aa", 10)+" }")
			require.Less(t, strings.Count(body, `"message"`), 10)
			refused(t, "{ __typename "+strings.Repeat("@skip(if: false)", 101)+" }")
		},
		"field_duplication": func(t *testing.T) { refused(t, "{ "+strings.Repeat("__typename ", 500)+"}") },
		"field_suggestions": func(t *testing.T) {
			for _, query := range []string{`{ __schema { directive } }`, `{ trackk }`, `{ tracks(frist: 1) { totalCount } }`} {
				require.NotContains(t, strings.ToLower(refused(t, query)), "did you mean")
			}
		},
		"get_based_mutation": func(t *testing.T) {
			status, headers, body := do("GET", "?query="+url.QueryEscape(`mutation { essayRetry(input: {essayId: "x"}) { userErrors { code } } }`), "", "")
			require.Equal(t, 405, status)
			require.Equal(t, "POST", headers.Get("Allow"))
			require.NotContains(t, body, `"data"`)
			status, _, _ = do("GET", "?query="+url.QueryEscape(`mutation { __typename }`), "", "")
			require.Equal(t, 405, status)
		},
		// GET carries queries, as GraphQL over HTTP has it, and registered documents alone in production.
		// Where an installation lets everyone write documents, the auditor reports it: what then keeps a
		// foreign page from profiting is that no answer can be read across origins or kept by a cache, and
		// that nothing that changes is taken.
		"get_method_support": func(t *testing.T) {
			query := "?query=" + url.QueryEscape(`{ __typename }`)
			registered := w.serveWith(t, func(o *graph.Options) { o.TrustedOnly = true })
			status, _, body := doAt(registered, "GET", query, "", "")
			require.Equal(t, 200, status, "as every well-formed request under application/json")
			require.NotContains(t, body, `"data"`)
			status, headers, _ := do("GET", query, "", "", "Origin", "https://evil.example")
			require.Equal(t, 200, status)
			require.Empty(t, headers.Get("Access-Control-Allow-Origin"))
			require.Equal(t, "no-store", headers.Get("Cache-Control"))
		},
		"graphiql": func(t *testing.T) {
			for _, path := range []string{"", "?", "/graphiql", "/playground", "/console", "/graphql"} {
				_, headers, body := do("GET", path, "", "", "Accept", "text/html")
				require.NotContains(t, headers.Get("Content-Type"), "html")
				for _, word := range []string{"graphiql", "playground", "apollo", "<html"} {
					require.NotContains(t, strings.ToLower(body), word)
				}
			}
		},
		"introspect": func(t *testing.T) {
			refused(t, `{ __schema { types { name fields { name } } } }`)
			refused(t, `{ __type(name: "Query") { name } }`)
		},
		"post_based_csrf": func(t *testing.T) {
			for _, contentType := range []string{"application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain", ""} {
				for _, body := range []string{"query=%7B__typename%7D", `{"query":"{ __typename }"}`, "--x\r\nContent-Disposition: form-data; name=\"query\"\r\n\r\n{ __typename }\r\n--x--\r\n"} {
					status, _, answer := do("POST", "", contentType, body)
					require.Equal(t, 415, status, contentType)
					require.NotContains(t, answer, "Query")
				}
			}
			// A form with files is an admin's, and needs a header that no form of a foreign page has.
			form := "--x\r\nContent-Disposition: form-data; name=\"operations\"\r\n\r\n{\"query\":\"mutation { __typename }\"}\r\n--x--\r\n"
			for _, c := range []struct {
				who    string
				header []string
				status int
			}{
				{"", []string{"GraphQL-Preflight", "1"}, 401},
				{lena, []string{"GraphQL-Preflight", "1"}, 403},
				{ada, nil, 415},
				{ada, []string{"GraphQL-Preflight", "1"}, 400}, // there is no file
			} {
				headers := c.header
				if c.who != "" {
					headers = append(headers, "Authorization", "Bearer "+w.token(t, c.who))
				}
				status, _, answer := do("POST", "", "multipart/form-data; boundary=x", form, headers...)
				require.Equal(t, c.status, status, answer)
				require.NotContains(t, answer, `"data"`)
			}
		},
		"trace_mode": func(t *testing.T) {
			_, _, body := do("POST", "", "application/json", `{"query":"{ __typename }"}`, "Apollo-Federation-Include-Trace", "ftv1", "X-Apollo-Tracing", "1")
			require.NotContains(t, body, "tracing")
			require.NotContains(t, body, "ftv1")
		},
		"unhandled_error": func(t *testing.T) {
			for _, query := range []string{`qwerty { abc }`, `query q { a { b`, "\x00", `{ node(id: 1e400) { id } }`, `query { \u007b }`} {
				body := strings.ToLower(refused(t, query))
				for _, word := range []string{"exception", "stack", "goroutine", ".go:", "internal"} {
					require.NotContains(t, body, word)
				}
			}
		},
	} {
		t.Run(name, check)
	}
}
