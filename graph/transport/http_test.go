package transport

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

const (
	asJSON    = "application/json"
	asGraphQL = "application/graphql-response+json"
)

// What the status table of the package documentation says about requests that can be read.
func TestHTTPStatusOfOperations(t *testing.T) {
	s := start(t, Config{ErrorStatus: map[string]int{"UNAUTHENTICATED": http.StatusUnauthorized}})
	for _, c := range []struct {
		name, query   string
		json, graphql int
		data          bool
		code          string
	}{
		{"success", `{hello}`, 200, 200, true, ""},
		{"field error", `{hello fail}`, 200, 200, true, ""},
		{"error that empties the data", `{failHard}`, 200, 200, true, ""},
		{"panic of a resolver", `{crash}`, 200, 200, true, ""},
		{"mutation", `mutation{add(n:1)}`, 200, 200, true, ""},
		{"document parsing", `{`, 200, 400, false, "GRAPHQL_PARSE_FAILED"},
		{"empty document", ``, 200, 400, false, "GRAPHQL_VALIDATION_FAILED"},
		{"document validation", `{nope}`, 200, 400, false, "GRAPHQL_VALIDATION_FAILED"},
		{"operation undetermined", `query A{hello} query B{hello}`, 200, 400, false, "GRAPHQL_VALIDATION_FAILED"},
		{"variable coercion", `query($n:String!){hello(name:$n)}`, 200, 400, false, "GRAPHQL_VALIDATION_FAILED"},
		{"refused by an extension", `query Denied{hello}`, 200, 400, false, ""},
		{"a code of ErrorStatus", `query Unauthenticated{hello}`, 401, 401, false, "UNAUTHENTICATED"},
		{"panic of an extension", `query Panics{hello}`, 500, 500, false, CodeInternal},
		{"answer that cannot be encoded", `query Unencodable{hello}`, 500, 500, false, CodeInternal},
		{"incremental answer", `query Incremental{hello}`, 500, 500, false, CodeInternal},
		{"no answer", `query Silent{hello}`, 500, 500, false, CodeInternal},
		{"subscription", `subscription{idle}`, 406, 406, false, CodeNotAcceptable},
	} {
		for accept, status := range map[string]int{asJSON: c.json, asGraphQL: c.graphql} {
			t.Run(c.name+" as "+accept, func(t *testing.T) {
				resp, body := s.post(t, accept, c.query)
				require.Equal(t, status, resp.StatusCode, body)
				require.Equal(t, accept+"; charset=utf-8", resp.Header.Get("Content-Type"))
				require.Equal(t, "Accept", resp.Header.Get("Vary"))
				require.Equal(t, "no-store", resp.Header.Get("Cache-Control"))
				require.Equal(t, int64(len(body)), resp.ContentLength)
				require.Equal(t, c.code, code(t, body))
				require.NotContains(t, body, "SECRET")
				if c.data {
					require.Contains(t, body, `"data":`)
				} else {
					require.NotContains(t, body, `"data":`)
				}
			})
		}
	}
}

// What it says about requests that are refused before the executor sees them. Each body holds a word
// that no answer may repeat.
func TestHTTPStatusOfRequests(t *testing.T) {
	s := start(t, Config{Limits: Limits{MaxBodyBytes: 2000}})
	const good = `{"query":"{hello}","extensions":{"x":"SECRET"}}`
	hello := withQuery("{hello}")
	for _, c := range []struct {
		name   string
		in     request
		status int
		code   string
	}{
		{"good", request{contentType: asJSON, body: good}, 200, ""},
		{"charset", request{contentType: asJSON + "; charset=UTF-8", body: good}, 200, ""},
		{"byte order mark", request{contentType: asJSON, body: "\xef\xbb\xbf" + good}, 200, ""},
		{"unknown parameters", request{contentType: asJSON, body: `{"SECRET":[1,{}],"query":"{hello}"}`}, 200, ""},
		{"GET", request{method: "GET", query: hello}, 200, ""},
		{"GET with everything", request{method: "GET", query: withQuery("query Q($n:String!){hello(name:$n)}") +
			"&operationName=Q&variables=" + url.QueryEscape(`{"n":"x"}`) + "&extensions={}"}, 200, ""},
		{"GET with empty variables", request{method: "GET", query: hello + "&variables="}, 200, ""},

		{"empty body", request{contentType: asJSON}, 400, CodeBadRequest},
		{"not JSON", request{contentType: asJSON, body: `{"SECRET`}, 400, CodeBadRequest},
		{"JSON with an error inside", request{contentType: asJSON, body: `{"query":"{hello}",SECRET}`}, 400, CodeBadRequest},
		{"value with an error inside", request{contentType: asJSON, body: `{"variables":{"a":SECRET}}`}, 400, CodeBadRequest},
		{"text after the JSON", request{contentType: asJSON, body: good + `SECRET`}, 400, CodeBadRequest},
		{"second object", request{contentType: asJSON, body: good + good}, 400, CodeBadRequest},
		{"batch", request{contentType: asJSON, body: `[` + good + `]`}, 400, CodeBadRequest},
		{"a string", request{contentType: asJSON, body: `"SECRET"`}, 400, CodeBadRequest},
		{"null", request{contentType: asJSON, body: `null`}, 400, CodeBadRequest},
		{"no query", request{contentType: asJSON, body: `{"qeury":"{SECRET}"}`}, 400, CodeBadRequest},
		{"query null", request{contentType: asJSON, body: `{"query":null}`}, 400, CodeBadRequest},
		{"name in another case", request{contentType: asJSON, body: `{"Query":"{SECRET}"}`}, 400, CodeBadRequest},
		{"query twice", request{contentType: asJSON, body: `{"query":"{hello}","query":"{SECRET}"}`}, 400, CodeBadRequest},
		{"query a number", request{contentType: asJSON, body: `{"query":7}`}, 400, CodeBadRequest},
		{"operationName an array", request{contentType: asJSON, body: `{"query":"{hello}","operationName":["SECRET"]}`}, 400, CodeBadRequest},
		{"variables an array", request{contentType: asJSON, body: `{"query":"{hello}","variables":["SECRET"]}`}, 400, CodeBadRequest},
		{"extensions a string", request{contentType: asJSON, body: `{"query":"{hello}","extensions":"SECRET"}`}, 400, CodeBadRequest},
		{"two document ids", request{contentType: asJSON, body: `{"documentId":"SECRET","doc_id":"b"}`}, 400, CodeBadRequest},
		{"three document ids", request{contentType: asJSON, body: `{"documentId":"a","doc_id":"b","id":"SECRET"}`}, 400, CodeBadRequest},
		{"invalid UTF-8", request{contentType: asJSON, body: "{\"query\":\"{hello(name:\\\"SECRET\xff\\\")}\"}"}, 400, CodeBadRequest},
		{"GET without a query", request{method: "GET"}, 400, CodeBadRequest},
		{"GET with a query twice", request{method: "GET", query: hello + "&" + hello}, 400, CodeBadRequest},
		{"GET with broken variables", request{method: "GET", query: hello + "&variables=SECRET"}, 400, CodeBadRequest},
		{"GET with text after the variables", request{method: "GET", query: hello + "&variables={}SECRET"}, 400, CodeBadRequest},
		{"GET with variables as an array", request{method: "GET", query: hello + "&variables=[]"}, 400, CodeBadRequest},
		{"GET with a broken escape", request{method: "GET", query: "query=%zz"}, 400, CodeBadRequest},
		{"GET with invalid UTF-8", request{method: "GET", query: "query=%ff"}, 400, CodeBadRequest},

		{"mutation by GET", request{method: "GET", query: withQuery("mutation{add(n:1)}")}, 405, CodeMethodNotAllowed},
		{"PUT", request{method: "PUT", contentType: asJSON, body: good}, 405, CodeMethodNotAllowed},
		{"DELETE", request{method: "DELETE"}, 405, CodeMethodNotAllowed},
		{"nothing acceptable", request{contentType: asJSON, accept: "text/html", body: good}, 406, CodeNotAcceptable},
		{"body too large", request{contentType: asJSON, body: good + strings.Repeat(" ", 2000)}, 413, CodePayloadTooLarge},
		{"no content type", request{body: good}, 415, CodeUnsupportedMediaType},
		{"plain text", request{contentType: "text/plain", body: good}, 415, CodeUnsupportedMediaType},
		{"form", request{contentType: "application/x-www-form-urlencoded", body: hello}, 415, CodeUnsupportedMediaType},
		{"multipart form", request{contentType: "multipart/form-data; boundary=b", body: "--b--"}, 415, CodeUnsupportedMediaType},
		{"raw document", request{contentType: "application/graphql", body: "{hello}"}, 415, CodeUnsupportedMediaType},
		{"another charset", request{contentType: asJSON + "; charset=utf-16", body: good}, 415, CodeUnsupportedMediaType},
		{"compressed", request{contentType: asJSON, body: good, header: http.Header{"Content-Encoding": {"gzip"}}}, 415, CodeUnsupportedMediaType},
	} {
		for _, accept := range []string{asJSON, asGraphQL} {
			in := c.in
			if in.accept == "" {
				in.accept = accept
			}
			if in.method == "" {
				in.method = http.MethodPost
			}
			t.Run(c.name+" as "+accept, func(t *testing.T) {
				if in.header != nil {
					in.header = in.header.Clone()
				}
				resp := s.do(t, t.Context(), in)
				body := readAll(t, resp)
				require.Equal(t, c.status, resp.StatusCode, body)
				require.Equal(t, c.code, code(t, body), body)
				require.NotContains(t, body, "SECRET")
				if c.status >= 400 {
					require.NotContains(t, body, `"data"`)
				}
				if c.status == http.StatusMethodNotAllowed {
					require.Contains(t, resp.Header.Get("Allow"), http.MethodPost)
				}
			})
		}
	}
}

// A body without a length is bounded as well.
func TestHTTPBodyTooLargeChunked(t *testing.T) {
	s := start(t, Config{Limits: Limits{MaxBodyBytes: 100}})
	_, in := s.rawConn(t, "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"+
		"Transfer-Encoding: chunked\r\n\r\n"+fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", 200, strings.Repeat(" ", 200)))
	resp, err := http.ReadResponse(in, nil)
	require.NoError(t, err)
	defer resp.Body.Close()
	require.Equal(t, http.StatusRequestEntityTooLarge, resp.StatusCode)
}

// The largest essay fits whatever its characters and however a client escapes them.
func TestHTTPEssayFitsEscaped(t *testing.T) {
	s := start(t, Config{})
	body := `{"query":"query($n:String!){hello(name:$n)}","variables":{"n":"` +
		strings.Repeat(`\ud83c\udfc3`, 200_000) + `"}}`
	resp := s.do(t, t.Context(), request{method: http.MethodPost, contentType: asJSON, body: body})
	require.Equal(t, http.StatusOK, resp.StatusCode)
	require.Contains(t, readAll(t, resp), strings.Repeat("🏃", 200_000))
}

func TestHTTPSlowBody(t *testing.T) {
	s := start(t, Config{Limits: Limits{ReadTimeout: 20 * time.Millisecond}})
	_, in := s.rawConn(t, "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{")
	resp, err := http.ReadResponse(in, nil)
	require.NoError(t, err)
	defer resp.Body.Close()
	require.Equal(t, http.StatusRequestTimeout, resp.StatusCode)
}

// The deadlines of a request are taken off before it ends, so that they do not reach into what is
// served next on the connection.
func TestHTTPDeadlinesEndWithTheRequest(t *testing.T) {
	s := start(t, Config{})
	for _, accept := range []string{asJSON, asGraphQL, "text/event-stream"} {
		w := &deadlines{ResponseRecorder: httptest.NewRecorder()}
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(`{"query":"{hello}"}`))
		r.Header.Set("Content-Type", asJSON)
		r.Header.Set("Accept", accept)
		s.Config.Handler.ServeHTTP(w, r)
		require.Equal(t, http.StatusOK, w.Code)
		for name, set := range map[string][]time.Time{"read": w.read, "write": w.write} {
			require.GreaterOrEqual(t, len(set), 2, name)
			require.False(t, set[0].IsZero(), name)
			require.True(t, set[len(set)-1].IsZero(), name)
		}
	}
}

// deadlines records the deadlines that a handler sets.
type deadlines struct {
	*httptest.ResponseRecorder
	read, write []time.Time
}

func (d *deadlines) SetReadDeadline(at time.Time) error  { d.read = append(d.read, at); return nil }
func (d *deadlines) SetWriteDeadline(at time.Time) error { d.write = append(d.write, at); return nil }

func TestHTTPOperationTimeout(t *testing.T) {
	s := start(t, Config{Limits: Limits{OperationTimeout: 20 * time.Millisecond}})
	for _, accept := range []string{asJSON, asGraphQL} {
		resp, body := s.post(t, accept, `{wait}`)
		require.Equal(t, http.StatusGatewayTimeout, resp.StatusCode, body)
		require.Equal(t, CodeTimeout, code(t, body))
	}
	require.Equal(t, int64(2), s.root.Stopped())
}

func TestHTTPShedsLoad(t *testing.T) {
	s := start(t, Config{Limits: Limits{MaxInFlight: 1}})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		r, _ := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"?"+withQuery("{wait}"), nil)
		if resp, err := s.Client().Do(r); err == nil {
			_ = resp.Body.Close()
		}
	}()
	eventually(t, func() bool { return s.root.Started() == 1 }, "the first request runs")

	resp, body := s.post(t, asJSON, `{hello}`)
	require.Equal(t, http.StatusServiceUnavailable, resp.StatusCode)
	require.Equal(t, CodeOverloaded, code(t, body))
	require.Equal(t, "1", resp.Header.Get("Retry-After"))

	// A client that leaves cancels its operation and makes room.
	cancel()
	<-done
	eventually(t, func() bool { return s.root.Stopped() == 1 }, "the operation is cancelled")
	eventually(t, func() bool {
		resp, _ := s.post(t, asJSON, `{hello}`)
		return resp.StatusCode == http.StatusOK
	}, "room for the next request")
}

func TestHTTPPartialSuccess(t *testing.T) {
	s := start(t, Config{PartialSuccess: true})
	for query, want := range map[string]int{`{hello fail}`: 294, `{hello}`: 200, `{failHard}`: 200} {
		resp, body := s.post(t, asGraphQL, query)
		require.Equal(t, want, resp.StatusCode, body)
		resp, body = s.post(t, asJSON, query)
		require.Equal(t, http.StatusOK, resp.StatusCode, body)
	}
}

// Errors that the transports raise pass Config.Present, which may add a request id.
func TestPresent(t *testing.T) {
	s := start(t, Config{Present: func(_ context.Context, err *gqlerror.Error) *gqlerror.Error {
		err.Extensions["requestId"] = "r-1"
		return err
	}})
	_, body := s.post(t, asJSON, `query Panics{hello}`)
	require.JSONEq(t, `{"errors":[{"message":"internal error","extensions":{"code":"INTERNAL","requestId":"r-1"}}]}`, body)
}

func TestDocumentID(t *testing.T) {
	for body, want := range map[string]string{
		`{"documentId":"sha256:ab"}`:                        "sha256:ab",
		`{"doc_id":"ab","variables":null}`:                  "ab",
		`{"id":"ab","variables":{}}`:                        "ab",
		`{"query":"{hello}"}`:                               "",
		`{"extensions":{"persistedQuery":{"version":1}}}`:   "",
		`{"documentId":"x","extensions":{"other":"stays"}}`: "x",
	} {
		params, problem := decodeParams([]byte(body))
		require.Empty(t, problem, body)
		require.Equal(t, want, DocumentID(params), body)
	}
	require.Empty(t, DocumentID(&graphql.RawParams{}))
	params, refused := queryParams("documentId=sha256%3Aab&variables=%7B%7D")
	require.Nil(t, refused)
	require.Equal(t, "sha256:ab", DocumentID(params))
}

// Numbers keep their digits on the way to the scalars.
func TestVariablesKeepNumbers(t *testing.T) {
	params, problem := decodeParams([]byte(`{"query":"{hello}","variables":{"n":12345678901234567890.5}}`))
	require.Empty(t, problem)
	require.Equal(t, "12345678901234567890.5", fmt.Sprint(params.Variables["n"]))
}
