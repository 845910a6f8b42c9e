package transport

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/99designs/gqlgen/graphql"
	"github.com/coder/websocket"
)

// WebSocket is GraphQL over WebSocket by the protocol graphql-transport-ws, for subscriptions,
// queries and mutations.
//
//	close code   when
//	1001         the server drains, or the client does not answer pings or does not read
//	1007, 1009   a message is not UTF-8, or too large
//	4400         a message that the protocol does not have
//	4401         subscribe before the connection is acknowledged
//	4403         Config.Init said no ("Forbidden"), or Session.ExpiresAt has come ("Token expired")
//	4406         another subprotocol, or none
//	4408         no connection_init in time, or no answer to it from Config.Init
//	4409         an id that is in use
//	4429         a second connection_init, or too many sockets of one Session.Key: clients do not
//	             retry this code, and a page that opens sockets in a loop has to stop
//	4500         a fault of the server
//
// A socket costs two goroutines (that of the request reads, one writes) and one for each running
// operation. Messages are not compressed: a deflate window for each socket costs more than it saves.
type WebSocket struct {
	*core
	sockets *connections

	mu   sync.Mutex
	keys map[string]int // open sockets by Session.Key
}

var _ graphql.Transport = (*WebSocket)(nil)

// NewWebSocket makes the WebSocket transport.
func NewWebSocket(cfg Config) *WebSocket {
	c := newCore(cfg)
	return &WebSocket{core: c, sockets: newConnections(c.Limits.MaxSockets), keys: map[string]int{}}
}

// Supports takes the requests that ask for an upgrade to WebSocket.
func (t *WebSocket) Supports(r *http.Request) bool {
	for _, v := range r.Header.Values("Upgrade") {
		for token := range strings.SplitSeq(v, ",") {
			if strings.EqualFold(strings.TrimSpace(token), "websocket") {
				return true
			}
		}
	}
	return false
}

// Drain refuses new sockets with 503 and closes the open ones with 1001, spread over
// Limits.DrainSpread. It returns when all have ended, or the context's error when it had to cut the
// last ones off. http.Server.Shutdown does not do it: it knows nothing of upgraded connections.
func (t *WebSocket) Drain(ctx context.Context) error {
	return t.sockets.drain(ctx, t.Limits.DrainSpread)
}

// Do serves one socket until it is closed.
func (t *WebSocket) Do(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor) {
	if !t.AllowOrigin(r) {
		t.refuse(w, r, mediaJSON, &requestError{
			status: http.StatusForbidden, code: CodeForbidden,
			message: "this origin may not open a WebSocket here",
		})
		return
	}
	s := newSocket(t, r, exec)
	if !t.sockets.join(s) {
		t.refuse(w, r, mediaJSON, overloaded("too many WebSockets are open"))
		return
	}
	defer t.sockets.left(s)

	hijacked := &hijacked{ResponseWriter: w}
	ws, err := websocket.Accept(hijacked, r, &websocket.AcceptOptions{
		Subprotocols: []string{subprotocol, firstOffer(r)},
		// AllowOrigin has decided.
		InsecureSkipVerify: true,
		CompressionMode:    websocket.CompressionDisabled,
	})
	if err != nil {
		// Accept has answered the request.
		t.Logger.DebugContext(r.Context(), "WebSocket handshake refused", "error", err)
		return
	}
	s.serve(ws, &hijacked.conn)
}

// firstOffer is the subprotocol that a client would like best. It is accepted, whatever it is,
// because clients abort a handshake without an accepted subprotocol by themselves, and would not see
// the close code 4406 that follows at once when it is not ours.
func firstOffer(r *http.Request) string {
	first, _, _ := strings.Cut(r.Header.Get("Sec-WebSocket-Protocol"), ",")
	return strings.TrimSpace(first)
}

// acquireKey counts a socket for its key unless the key has enough of them.
func (t *WebSocket) acquireKey(key string) bool {
	if key == "" {
		return true
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if !within(t.keys[key]+1, t.Limits.MaxSocketsPerKey) {
		return false
	}
	t.keys[key]++
	return true
}

func (t *WebSocket) releaseKey(key string) {
	if key == "" {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.keys[key]--; t.keys[key] <= 0 {
		delete(t.keys, key)
	}
}

// hijacked keeps hold of the network connection below a WebSocket, which the library does not give
// out: a closing handshake with a client that does not answer can only be cut short there.
type hijacked struct {
	http.ResponseWriter
	conn countingConn
}

// Hijack implements http.Hijacker.
func (h *hijacked) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(h.ResponseWriter).Hijack()
	h.conn.Conn = conn
	return &h.conn, rw, err
}

// countingConn counts the reads that brought something: a sign of life of the client.
type countingConn struct {
	net.Conn
	reads atomic.Uint64
}

// Read implements net.Conn.
func (c *countingConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 {
		c.reads.Add(1)
	}
	return n, err
}
