package transport

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"
)

func TestWebSocketLimitsOfSockets(t *testing.T) {
	s := start(t, Config{Init: session, Limits: Limits{MaxSocketsPerKey: 2, MaxSockets: 4}})
	open := func(user string) *wsClient {
		client := s.dial(t, subprotocol)
		client.send(fmt.Sprintf(`{"type":"connection_init","payload":{"user":%q}}`, user))
		return client
	}
	var clients []*wsClient
	for _, user := range []string{"ada", "ada", "eve"} {
		client := open(user)
		client.expect(fmt.Sprintf(`{"type":"connection_ack","payload":{"hello":%q}}`, user))
		clients = append(clients, client)
	}
	open("ada").expectClose(4429, "Too many sockets")

	// Another user has room, and is the fourth socket.
	eventually(t, func() bool { return len(s.sockets()) == 3 }, "the refused socket is gone")
	open("eve").expect(`{"type":"connection_ack","payload":{"hello":"eve"}}`)
	_, resp, err := s.tryDial(t, nil, subprotocol)
	require.Error(t, err)
	require.Equal(t, http.StatusServiceUnavailable, resp.StatusCode)
	require.Equal(t, "1", resp.Header.Get("Retry-After"))

	// A socket that closes makes room for its user.
	require.NoError(t, clients[0].Close(websocket.StatusNormalClosure, ""))
	eventually(t, func() bool { return len(s.sockets()) == 3 }, "the closed socket is gone")
	open("ada").expect(`{"type":"connection_ack","payload":{"hello":"ada"}}`)
}

// sockets are the open sockets of the server.
func (s *testServer) sockets() []*socket {
	s.ws.sockets.mu.Lock()
	defer s.ws.sockets.mu.Unlock()
	var all []*socket
	for c := range s.ws.sockets.open {
		all = append(all, c.(*socket))
	}
	return all
}

func TestWebSocketOperationTimeout(t *testing.T) {
	s := start(t, Config{Limits: Limits{OperationTimeout: 20 * time.Millisecond}})
	client := s.connect(t)
	client.subscribe("s", "subscription{idle}")
	client.subscribe("q", "{wait}")
	client.expect(`{"id":"q","type":"error","payload":[{"message":"the operation took longer than 20ms","extensions":{"code":"TIMEOUT"}}]}`)
	// The subscription is older than the limit and still there.
	require.LessOrEqual(t, s.root.Stopped(), int64(1))
	client.subscribe("s", "{hello}")
	client.expectClose(4409, "Subscriber for s already exists")
}

// A client that answers pings stays, however long it has nothing to say.
func TestWebSocketKeepAlive(t *testing.T) {
	s := start(t, Config{Limits: Limits{PingInterval: 10 * time.Millisecond, PongTimeout: time.Second}})
	client := s.connect(t)
	for range 3 {
		client.expect(`{"type":"ping"}`)
		client.send(`{"type":"pong"}`)
	}
	// Then it falls silent.
	client.expect(`{"type":"ping"}`)
	client.expectClose(1001, "Client does not respond")
}

// After its complete message a client gets nothing more for the id: the answer to a ping that it
// sent afterwards is behind everything that was still on the way.
func TestWebSocketNothingAfterComplete(t *testing.T) {
	s := start(t, Config{})
	client := s.connect(t)
	client.subscribe("1", "subscription{flood(bytes:100)}")
	require.Contains(t, client.receive(), `"id":"1"`)
	client.send(completeMsg("1"))
	client.send(`{"type":"ping"}`)
	for client.receive() != `{"type":"pong"}` {
	}
	client.alive()
	eventually(t, func() bool { return s.root.Stopped() == 1 }, "the producer ends")
	client.alive()
}

// A client that reads slowly gets every event in order, and the producer waits for it instead of
// filling memory.
func TestWebSocketSlowReader(t *testing.T) {
	s := start(t, Config{Limits: Limits{OutgoingMessages: 4}})
	client := s.connect(t)
	const events = 2000
	client.subscribe("1", fmt.Sprintf("subscription{count(to:%d)}", events))
	eventually(t, func() bool { return s.root.Sent() >= 10 }, "the producer is ahead of the reader")
	for i := 1; i <= events; i++ {
		require.JSONEq(t, fmt.Sprintf(`{"id":"1","type":"next","payload":{"data":{"count":%d}}}`, i), client.receive())
		// Between the two are the queue and the small kernel buffers.
		require.Less(t, s.root.Sent()-int64(i), int64(events/2))
	}
	client.expect(completeMsg("1"))
}

// running is the number of operations that have a place on the open sockets.
func (s *testServer) running() int {
	n := 0
	for _, socket := range s.sockets() {
		n += socket.load()
	}
	return n
}

// queued is the length of the longest queue of an open socket.
func (s *testServer) queued() int {
	longest := 0
	for _, socket := range s.sockets() {
		longest = max(longest, len(socket.out))
	}
	return longest
}

// The documents of a socket's operations are bounded together, not only one by one.
func TestWebSocketDocumentsHeld(t *testing.T) {
	s := start(t, Config{Limits: Limits{MaxMessageBytes: 1000}})
	client := s.connect(t)
	for i := range 3 {
		client.subscribe(fmt.Sprint(i), "subscription{idle}#"+strings.Repeat("x", 700))
	}
	require.Contains(t, client.receive(), `"code":"TOO_MANY_OPERATIONS"`)
	client.send(completeMsg("0"))
	eventually(t, func() bool { return s.running() == 1 }, "room for another")
	client.subscribe("2", "{hello}#"+strings.Repeat("x", 700))
	client.expect(nextMsg("2", `{"data":{"hello":"hello world"}}`))
}
