package server_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/internal/logging"
	"github.com/rubrica/rubrica/internal/server"
)

// logBuffer collects a log that several goroutines write.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (l *logBuffer) records(t *testing.T) []map[string]any {
	t.Helper()
	var out []map[string]any
	for line := range strings.Lines(l.String()) {
		var r map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &r), line)
		out = append(out, r)
	}
	return out
}

func wrap(h http.HandlerFunc, origins ...string) (http.Handler, *logBuffer) {
	var log logBuffer
	return server.Wrap(h, server.Options{
		Logger: logging.New(&log, logging.Options{Level: slog.LevelDebug}), Origins: origins, Quiet: []string{"/healthz"},
	}), &log
}

func do(h http.Handler, method, target string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func ok(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "fine") }

func TestRequestID(t *testing.T) {
	var seen string
	h, _ := wrap(func(_ http.ResponseWriter, r *http.Request) { seen = server.RequestID(r.Context()) })
	for _, sane := range []string{"a", "trace-1.2_3", strings.Repeat("x", 64)} {
		assert.Equal(t, sane, do(h, "GET", "/", "X-Request-Id", sane).Header().Get("X-Request-Id"))
		assert.Equal(t, sane, seen)
	}
	for _, odd := range []string{"", strings.Repeat("x", 65), "a b", "a\nb", "<script>", "é"} {
		got := do(h, "GET", "/", "X-Request-Id", odd).Header().Get("X-Request-Id")
		id, err := uuid.Parse(got)
		require.NoError(t, err)
		assert.EqualValues(t, 7, id.Version())
		assert.Equal(t, got, seen)
	}
	assert.Empty(t, server.RequestID(t.Context()))
}

func TestAccessLogCarriesNoPrivateThing(t *testing.T) {
	const (
		essay = "A lost response leaves the client in the dark"
		token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJsZW5hIn0.c2lnbmF0dXJl"
	)
	h, log := wrap(func(w http.ResponseWriter, r *http.Request) {
		slog.New(slog.DiscardHandler).Info("nothing")
		_, _ = io.Copy(w, r.Body)
		if r.URL.Path == "/panic" {
			panic(errors.New("boom with " + r.Header.Get("Authorization")))
		}
	})
	for _, path := range []string{"/graphql", "/panic"} {
		r := httptest.NewRequest(http.MethodPost, path+"?access_token="+token+"&query="+strings.ReplaceAll(essay, " ", "+"), strings.NewReader(essay))
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Cookie", "session=c00kie")
		r.Header.Set("X-Request-Id", "r-1")
		func() {
			defer func() { _ = recover() }() // the connection is dropped in the middle of the answer
			h.ServeHTTP(httptest.NewRecorder(), r)
		}()
	}
	for _, private := range []string{essay, "A+lost", token, "eyJ", "c00kie", "access_token"} {
		assert.NotContains(t, log.String(), private)
	}
	records := log.records(t)
	require.Len(t, records, 3)
	assert.Equal(t, "request", records[0]["msg"])
	assert.Equal(t, "/graphql", records[0]["path"])
	assert.Equal(t, "POST", records[0]["method"])
	assert.EqualValues(t, 200, records[0]["status"])
	assert.EqualValues(t, len(essay), records[0]["bytes"])
	assert.Contains(t, records[1]["panic"], "boom")
	assert.Contains(t, records[1]["stack"], "handler_test.go")
	for _, r := range records {
		assert.Equal(t, "r-1", r["request_id"])
	}
}

func TestProbesAreQuiet(t *testing.T) {
	h, log := wrap(ok)
	do(h, "GET", "/healthz")
	do(h, "GET", "/other")
	records := log.records(t)
	assert.Equal(t, "DEBUG", records[0]["level"])
	assert.Equal(t, "INFO", records[1]["level"])
}

func TestPanicIsAnswered(t *testing.T) {
	h, _ := wrap(func(http.ResponseWriter, *http.Request) { panic("no") })
	for accept, want := range map[string]string{
		"":                 "application/json; charset=utf-8",
		"application/json": "application/json; charset=utf-8",
		"application/graphql-response+json, application/json;q=0.5":   "application/graphql-response+json; charset=utf-8",
		"application/graphql-response+json;q=0.0, application/json":   "application/json; charset=utf-8",
		"application/graphql-response+json;q=0.25, application/other": "application/graphql-response+json; charset=utf-8",
	} {
		w := do(h, "POST", "/graphql", "Accept", accept, "X-Request-Id", "r-9")
		assert.Equal(t, http.StatusInternalServerError, w.Code)
		assert.Equal(t, want, w.Header().Get("Content-Type"))
		assert.JSONEq(t, `{"errors":[{"message":"Something went wrong on the server. The id of the request leads to the details in its log.","extensions":{"code":"INTERNAL","requestId":"r-9"}}]}`, w.Body.String())
	}
}

func TestAbortedAnswersStayAborted(t *testing.T) {
	for name, f := range map[string]http.HandlerFunc{
		"by the handler": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"half an answer": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "half"); panic("no") },
	} {
		t.Run(name, func(t *testing.T) {
			h, _ := wrap(f)
			assert.PanicsWithValue(t, http.ErrAbortHandler, func() { do(h, "GET", "/") })
		})
	}
}

func TestSecurityHeaders(t *testing.T) {
	h, _ := wrap(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/page" {
			w.Header().Set("Content-Security-Policy", "script-src 'self'")
		}
	})
	got := do(h, "GET", "/").Header()
	assert.Equal(t, "nosniff", got.Get("X-Content-Type-Options"))
	assert.Equal(t, "DENY", got.Get("X-Frame-Options"))
	assert.Equal(t, "no-referrer", got.Get("Referrer-Policy"))
	assert.Equal(t, "no-store", got.Get("Cache-Control"))
	assert.Contains(t, got.Get("Content-Security-Policy"), "default-src 'none'")
	assert.Equal(t, []string{"script-src 'self'"}, do(h, "GET", "/page").Header().Values("Content-Security-Policy"))
}

func TestCrossOrigin(t *testing.T) {
	preflight := func(h http.Handler, origin string) http.Header {
		return do(h, "OPTIONS", "/graphql", "Origin", origin,
			"Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization,content-type").Header()
	}
	listed, _ := wrap(ok, "https://app.example.org")
	assert.Equal(t, "https://app.example.org", preflight(listed, "https://app.example.org").Get("Access-Control-Allow-Origin"))
	assert.Empty(t, preflight(listed, "https://evil.example.org").Get("Access-Control-Allow-Origin"))
	got := do(listed, "POST", "/graphql", "Origin", "https://app.example.org")
	assert.Equal(t, "fine", got.Body.String())
	assert.Contains(t, got.Header().Get("Access-Control-Expose-Headers"), "X-Request-Id")
	assert.Empty(t, got.Header().Get("Access-Control-Allow-Credentials"))

	none, _ := wrap(ok)
	assert.Empty(t, preflight(none, "https://app.example.org").Get("Access-Control-Allow-Origin"), "an empty list allows nobody")
	all, _ := wrap(ok, "*")
	assert.Equal(t, "*", preflight(all, "https://any.example.org").Get("Access-Control-Allow-Origin"))
}

func TestAllowOrigin(t *testing.T) {
	allow := server.AllowOrigin([]string{"https://app.example.org"})
	for origin, want := range map[string]bool{
		"": true, "https://app.example.org": true, "http://api.example.org": true, "https://API.example.org": true,
		"https://evil.example.org": false, "null": false, "https://app.example.org.evil.org": false,
	} {
		r := httptest.NewRequest(http.MethodGet, "http://api.example.org/graphql", nil)
		r.Header.Set("Origin", origin)
		if origin == "" {
			r.Header.Del("Origin")
		}
		assert.Equal(t, want, allow(r), origin)
	}
}

// Streams and WebSockets must reach the connection through everything that is wrapped around it.
func TestFlushAndHijackPassThrough(t *testing.T) {
	h, log := wrap(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/stream" {
			_, _ = io.WriteString(w, "one\n")
			assert.NoError(t, http.NewResponseController(w).Flush())
			_, plain := w.(http.Flusher)
			assert.True(t, plain)
			<-r.Context().Done()
			return
		}
		assert.NoError(t, http.NewResponseController(w).EnableFullDuplex(), "through Unwrap")
		hijacker, is := w.(http.Hijacker)
		if !assert.True(t, is) {
			return
		}
		conn, _, err := hijacker.Hijack()
		if assert.NoError(t, err) {
			_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\n\r\nraw")
			_ = conn.Close()
		}
	})
	srv := httptest.NewServer(h)
	res, err := srv.Client().Get(srv.URL + "/stream")
	require.NoError(t, err)
	line, err := bufio.NewReader(res.Body).ReadString('\n')
	require.NoError(t, err)
	assert.Equal(t, "one\n", line, "before the handler returned")
	require.NoError(t, res.Body.Close())

	conn, err := net.Dial("tcp", strings.TrimPrefix(srv.URL, "http://"))
	require.NoError(t, err)
	_, err = io.WriteString(conn, "GET /raw HTTP/1.1\r\nHost: x\r\n\r\n")
	require.NoError(t, err)
	raw, err := io.ReadAll(conn)
	require.NoError(t, err)
	assert.True(t, strings.HasSuffix(string(raw), "raw"))
	require.NoError(t, conn.Close())
	srv.Close() // waits for the handlers, but not for one that took its connection

	status := map[string]any{}
	require.Eventually(t, func() bool {
		for _, r := range log.records(t) {
			status[r["path"].(string)] = r["status"]
		}
		return len(status) == 2
	}, 10*time.Second, 5*time.Millisecond, "both leave a record")
	assert.EqualValues(t, 200, status["/stream"])
	assert.EqualValues(t, 101, status["/raw"])
}
