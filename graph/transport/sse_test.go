package transport

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const asEvents = "text/event-stream"

// event is one next event as it stands in the stream.
func event(data string) string { return "event: next\ndata: " + data + "\n\n" }

const complete = "event: complete\ndata:\n\n"

// What comes over the stream, byte by byte.
func TestSSEEvents(t *testing.T) {
	s := start(t, Config{})
	notYours := `"extensions":{"code":"NOT_YOURS"}`
	for query, want := range map[string]string{
		`subscription{count(to:2)}`: event(`{"data":{"count":1}}`) + event(`{"data":{"count":2}}`),
		`{hello}`:                   event(`{"data":{"hello":"hello world"}}`),
		`mutation{add(n:5)}`:        event(`{"data":{"add":5}}`),
		`{any}`:                     event(`{"data":{"any":{"text":"a\nb \u003cc\u003e"} }}`),
		`{fail}`: event(`{"errors":[{"message":"it failed","path":["fail"],"locations":[{"line":1,"column":2}]}],` +
			`"data":{"fail":null}}`),
		`{`: event(`{"errors":[{"message":"Expected Name, found \u003cEOF\u003e","locations":[{"line":1,"column":2}],` +
			`"extensions":{"code":"GRAPHQL_PARSE_FAILED"}}]}`),
		`subscription{refused}`: event(`{"errors":[{"message":"no","path":["refused"],"locations":[{"line":1,"column":14}],` +
			notYours + `}]}`),
		`subscription{revoked}`: event(`{"data":{"revoked":1}}`) +
			event(`{"errors":[{"message":"revoked",`+notYours+`}]}`),
		`query Panics{hello}`: event(`{"errors":[{"message":"internal error","extensions":{"code":"INTERNAL"}}]}`),
	} {
		t.Run(query, func(t *testing.T) {
			resp, body := s.post(t, asEvents, query)
			require.Equal(t, http.StatusOK, resp.StatusCode)
			require.Equal(t, "text/event-stream; charset=utf-8", resp.Header.Get("Content-Type"))
			require.Equal(t, "no-cache, no-store", resp.Header.Get("Cache-Control"))
			require.Equal(t, ":\n\n"+want+complete, body)
		})
	}
}

func TestSSEByGET(t *testing.T) {
	s := start(t, Config{})
	resp := s.do(t, t.Context(), request{method: http.MethodGet, accept: asEvents, query: withQuery(`subscription{count(to:1)}`)})
	require.Equal(t, ":\n\n"+event(`{"data":{"count":1}}`)+complete, readAll(t, resp))

	resp = s.do(t, t.Context(), request{method: http.MethodGet, accept: asEvents, query: withQuery(`mutation{add(n:1)}`)})
	require.Equal(t, http.StatusMethodNotAllowed, resp.StatusCode)
	require.Equal(t, http.MethodPost, resp.Header.Get("Allow"))
}

// Malformed requests and the single connection mode are refused with a status and JSON.
func TestSSERefusals(t *testing.T) {
	s := start(t, Config{})
	good := withQuery("{hello}")
	for name, c := range map[string]struct {
		in     request
		status int
	}{
		"not JSON":      {request{method: "POST", contentType: asJSON, body: `{`}, 400},
		"form":          {request{method: "POST", contentType: "application/x-www-form-urlencoded", body: good}, 415},
		"no query":      {request{method: "GET"}, 400},
		"token header":  {request{method: "GET", query: good, header: http.Header{"X-Graphql-Event-Stream-Token": {"x"}}}, 400},
		"token in URL":  {request{method: "GET", query: "token=x"}, 400},
		"reservation":   {request{method: "PUT"}, 405},
		"stop of a run": {request{method: "DELETE", query: "operationId=1"}, 405},
	} {
		t.Run(name, func(t *testing.T) {
			c.in.accept = asEvents
			resp := s.do(t, t.Context(), c.in)
			require.Equal(t, c.status, resp.StatusCode)
			require.Equal(t, "application/json; charset=utf-8", resp.Header.Get("Content-Type"))
			require.NotEmpty(t, code(t, readAll(t, resp)))
		})
	}
}

// openStream starts a subscription and returns its stream after the first comment.
func (s *testServer) openStream(t *testing.T, ctx context.Context, query string) *bufio.Reader {
	t.Helper()
	resp := s.do(t, ctx, request{method: http.MethodGet, accept: asEvents, query: withQuery(query)})
	require.Equal(t, http.StatusOK, resp.StatusCode)
	in := bufio.NewReader(resp.Body)
	expectText(t, in, ":\n\n")
	return in
}

func expectText(t *testing.T, in io.Reader, want string) {
	t.Helper()
	got := make([]byte, len(want))
	_, err := io.ReadFull(in, got)
	require.NoError(t, err)
	require.Equal(t, want, string(got))
}

func TestSSEKeepAliveAndDisconnect(t *testing.T) {
	s := start(t, Config{Limits: Limits{KeepAliveInterval: 5 * time.Millisecond}})
	ctx, cancel := context.WithCancel(t.Context())
	in := s.openStream(t, ctx, `subscription{idle}`)
	expectText(t, in, strings.Repeat(":\n\n", 5))
	require.Zero(t, s.root.Stopped())
	cancel()
	eventually(t, func() bool { return s.root.Stopped() == 1 }, "the subscription ends with its client")
}

func TestSSETimeoutOfAQuery(t *testing.T) {
	s := start(t, Config{Limits: Limits{OperationTimeout: 20 * time.Millisecond}})
	in := s.openStream(t, t.Context(), `subscription{idle}`)
	_, body := s.post(t, asEvents, `{wait}`)
	require.Contains(t, body, `"code":"TIMEOUT"`)
	require.True(t, strings.HasSuffix(body, complete))
	// The subscription is older than the limit and still there.
	require.Equal(t, int64(1), s.root.Stopped())
	require.Zero(t, in.Buffered())
}

// A client that does not read is cut off, and its resolver with it.
func TestSSEStalledReader(t *testing.T) {
	s := start(t, Config{Limits: Limits{WriteTimeout: 50 * time.Millisecond}})
	base := runtime.NumGoroutine()
	for range 10 {
		s.rawConn(t, "GET /?"+withQuery(`subscription{flood(bytes:65536)}`)+" HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n")
	}
	eventually(t, func() bool { return s.root.Stopped() == 10 }, "the subscriptions end")
	backTo(t, base)
}

func TestSSEDrainAndLimit(t *testing.T) {
	s := start(t, Config{Limits: Limits{MaxStreams: 1}})
	in := s.openStream(t, t.Context(), `subscription{idle}`)
	resp, _ := s.post(t, asEvents, `{hello}`)
	require.Equal(t, http.StatusServiceUnavailable, resp.StatusCode, "the second stream")

	require.NoError(t, s.sse.Drain(t.Context()))
	rest, err := io.ReadAll(in)
	require.NoError(t, err)
	require.Empty(t, rest, "no complete event: the client has to come back")
	require.Equal(t, int64(1), s.root.Stopped())

	resp, body := s.post(t, asEvents, `{hello}`)
	require.Equal(t, http.StatusServiceUnavailable, resp.StatusCode)
	require.Equal(t, CodeOverloaded, code(t, body))
	require.NotEmpty(t, resp.Header.Get("Retry-After"))
	require.NoError(t, s.sse.Drain(t.Context()), "a second time")
}

// Keep-alive comments and events share one writer: under load no byte of one stands inside another.
func TestSSEKeepAliveBesideEvents(t *testing.T) {
	s := start(t, Config{Limits: Limits{KeepAliveInterval: time.Microsecond}})
	_, body := s.post(t, asEvents, `subscription{count(to:500)}`)
	blocks := strings.Split(strings.TrimSuffix(body, "\n\n"), "\n\n")
	var events bytes.Buffer
	for _, block := range blocks {
		if block != ":" {
			events.WriteString(block + "\n\n")
		}
	}
	require.Equal(t, 500, strings.Count(events.String(), "event: next\ndata: {\"data\":{\"count\":"))
	require.True(t, strings.HasSuffix(events.String(), `{"data":{"count":500}}`+"\n\n"+complete))
}
