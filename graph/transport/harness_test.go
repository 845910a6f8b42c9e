package transport

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/handler"
	"github.com/99designs/gqlgen/graphql/handler/extension"
	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/rubrica/rubrica/graph/transport/internal/testschema"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds what a test waits for; it is never part of what is tested.
const patience = 30 * time.Second

// testServer serves the test schema by all three transports.
type testServer struct {
	*httptest.Server
	gql  *handler.Server
	root *testschema.Root
	http *HTTP
	sse  *SSE
	ws   *WebSocket
}

// start starts a server. Its sockets have small kernel buffers, so that a client that does not read
// is noticed after kilobytes instead of megabytes.
func start(t *testing.T, cfg Config) *testServer {
	t.Helper()
	if cfg.Limits.DrainSpread == 0 {
		cfg.Limits.DrainSpread = time.Millisecond
	}
	if cfg.Limits.PingInterval == 0 {
		// On a busy machine a ping would stand between the messages that a test expects.
		cfg.Limits.PingInterval = time.Hour
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	s := &testServer{root: &testschema.Root{Revoke: EndWithError}}
	s.http, s.sse, s.ws = NewHTTP(cfg), NewSSE(cfg), NewWebSocket(cfg)
	gql := handler.New(testschema.New(s.root))
	s.gql = gql
	gql.AddTransport(s.ws)
	gql.AddTransport(s.sse)
	gql.AddTransport(s.http)
	gql.Use(extension.Introspection{})
	gql.SetRecoverFunc(func(context.Context, any) error { return errors.New("recovered by gqlgen") })
	gql.AroundOperations(func(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
		switch graphql.GetOperationContext(ctx).Operation.Name {
		case "Panics":
			panic("SECRET of an extension")
		case "Denied":
			return graphql.OneShot(graphql.ErrorResponse(ctx, "denied before execution"))
		case "Unauthenticated":
			resp := graphql.ErrorResponse(ctx, "who are you?")
			resp.Errors[0].Extensions = map[string]any{"code": "UNAUTHENTICATED"}
			return graphql.OneShot(resp)
		case "Unencodable":
			resp := &graphql.Response{Data: []byte(`{}`), Extensions: map[string]any{"x": make(chan int)}}
			return graphql.OneShot(resp)
		case "Incremental":
			more := true
			return graphql.OneShot(&graphql.Response{Data: []byte(`{}`), HasNext: &more})
		case "Silent":
			return func(context.Context) *graphql.Response { return nil }
		}
		return next(ctx)
	})
	s.Server = httptest.NewUnstartedServer(gql)
	s.Config.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		_ = c.(*net.TCPConn).SetWriteBuffer(8 << 10)
		return ctx
	}
	s.Start()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		_ = s.ws.Drain(ctx)
		_ = s.sse.Drain(ctx)
		s.CloseClientConnections()
		s.Client().CloseIdleConnections()
		s.Close()
	})
	return s
}

// request describes an HTTP request of a test; empty members are left out.
type request struct {
	method, query, contentType, accept, body string
	header                                   http.Header
}

func (s *testServer) do(t *testing.T, ctx context.Context, in request) *http.Response {
	t.Helper()
	target := s.URL
	if in.query != "" {
		target += "?" + in.query
	}
	r, err := http.NewRequestWithContext(ctx, in.method, target, strings.NewReader(in.body))
	require.NoError(t, err)
	if in.header != nil {
		r.Header = in.header
	}
	if in.contentType != "" {
		r.Header.Set("Content-Type", in.contentType)
	}
	if in.accept != "" {
		r.Header.Set("Accept", in.accept)
	}
	resp, err := s.Client().Do(r)
	require.NoError(t, err)
	t.Cleanup(func() { _ = resp.Body.Close() })
	return resp
}

// post sends a query as JSON and returns the answer with its body.
func (s *testServer) post(t *testing.T, accept, query string) (*http.Response, string) {
	t.Helper()
	body, err := json.Marshal(map[string]string{"query": query})
	require.NoError(t, err)
	resp := s.do(t, t.Context(), request{
		method: http.MethodPost, contentType: "application/json", accept: accept, body: string(body),
	})
	return resp, readAll(t, resp)
}

func readAll(t *testing.T, resp *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return string(b)
}

// code is extensions.code of the first error in a JSON answer.
func code(t *testing.T, answer string) string {
	t.Helper()
	var parsed struct {
		Errors []struct {
			Extensions struct{ Code string }
		}
	}
	require.NoError(t, json.Unmarshal([]byte(answer), &parsed), answer)
	if len(parsed.Errors) == 0 {
		return ""
	}
	return parsed.Errors[0].Extensions.Code
}

func withQuery(query string) string { return "query=" + url.QueryEscape(query) }

// eventually waits for a state that no signal announces.
func eventually(t *testing.T, condition func() bool, what string) {
	t.Helper()
	require.Eventually(t, condition, patience, 2*time.Millisecond, what)
}

// backTo waits until no more goroutines run than at the base line. It polls by itself, because
// require.Eventually runs its condition in a goroutine of its own.
func backTo(t *testing.T, base int) {
	t.Helper()
	deadline, tick := time.NewTimer(patience), time.NewTicker(2*time.Millisecond)
	defer deadline.Stop()
	defer tick.Stop()
	for runtime.NumGoroutine() > base {
		select {
		case <-tick.C:
		case <-deadline.C:
			stacks := make([]byte, 64<<10)
			require.Failf(t, "goroutines are left", "%d instead of %d:\n%s",
				runtime.NumGoroutine(), base, stacks[:runtime.Stack(stacks, true)])
		}
	}
}

// rawConn opens a TCP connection with a small receive buffer and sends text on it.
func (s *testServer) rawConn(t *testing.T, text string) (net.Conn, *bufio.Reader) {
	t.Helper()
	conn, err := net.Dial("tcp", s.Listener.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.(*net.TCPConn).SetReadBuffer(4<<10))
	require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
	_, err = io.WriteString(conn, text)
	require.NoError(t, err)
	return conn, bufio.NewReader(conn)
}

// wsClient speaks to the WebSocket transport message by message.
type wsClient struct {
	*websocket.Conn
	t   *testing.T
	ctx context.Context
}

// dial opens a socket with the given subprotocols and a small receive buffer.
func (s *testServer) dial(t *testing.T, subprotocols ...string) *wsClient {
	t.Helper()
	c, _, err := s.tryDial(t, nil, subprotocols...)
	require.NoError(t, err)
	return c
}

func (s *testServer) tryDial(t *testing.T, header http.Header, subprotocols ...string) (*wsClient, *http.Response, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	dialer := &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, addr)
		if err == nil {
			err = conn.(*net.TCPConn).SetReadBuffer(4 << 10)
		}
		return conn, err
	}}
	t.Cleanup(dialer.CloseIdleConnections)
	conn, resp, err := websocket.Dial(ctx, s.URL, &websocket.DialOptions{
		Subprotocols: subprotocols, HTTPClient: &http.Client{Transport: dialer}, HTTPHeader: header,
	})
	if err != nil {
		return nil, resp, err
	}
	conn.SetReadLimit(-1)
	t.Cleanup(func() { _ = conn.CloseNow() })
	return &wsClient{Conn: conn, t: t, ctx: ctx}, resp, nil
}

// connect opens an acknowledged socket.
func (s *testServer) connect(t *testing.T) *wsClient {
	t.Helper()
	c := s.dial(t, subprotocol)
	c.send(`{"type":"connection_init"}`)
	c.expect(`{"type":"connection_ack"}`)
	return c
}

func (c *wsClient) send(text string) {
	c.t.Helper()
	require.NoError(c.t, c.Write(c.ctx, websocket.MessageText, []byte(text)))
}

// subscribe starts an operation.
func (c *wsClient) subscribe(id, query string) {
	c.t.Helper()
	b, err := json.Marshal(map[string]any{
		"id": id, "type": "subscribe", "payload": map[string]any{"query": query},
	})
	require.NoError(c.t, err)
	c.send(string(b))
}

func (c *wsClient) receive() string {
	c.t.Helper()
	_, b, err := c.Read(c.ctx)
	require.NoError(c.t, err)
	return string(b)
}

func (c *wsClient) expect(want string) {
	c.t.Helper()
	require.JSONEq(c.t, want, c.receive())
}

// expectClose reads until the socket is closed and checks how.
func (c *wsClient) expectClose(code int, reason string) {
	c.t.Helper()
	for {
		_, b, err := c.Read(c.ctx)
		if err == nil {
			require.NotContains(c.t, string(b), `"type":"next"`)
			continue
		}
		var ce websocket.CloseError
		require.ErrorAs(c.t, err, &ce)
		require.Equal(c.t, code, int(ce.Code), ce.Reason)
		require.Equal(c.t, reason, ce.Reason)
		return
	}
}

// alive checks that the socket still answers, and that nothing else comes before the answer.
func (c *wsClient) alive() {
	c.t.Helper()
	c.send(`{"type":"ping","payload":{"still":"there"}}`)
	c.expect(`{"type":"pong","payload":{"still":"there"}}`)
}
