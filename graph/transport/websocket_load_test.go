package transport

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"
)

// Clients that stop reading are cut off after WriteTimeout with all they held, while another client
// is served as ever.
func TestFiftyStalledReaders(t *testing.T) {
	s := start(t, Config{Limits: Limits{WriteTimeout: 200 * time.Millisecond}})
	healthy := s.connect(t)
	base := runtime.NumGoroutine()
	const stalled = 50
	for range stalled {
		s.connect(t).subscribe("1", "subscription{flood(bytes:16384)}")
	}
	for s.root.Stopped() < stalled {
		healthy.subscribe("q", "{hello}")
		healthy.expect(nextMsg("q", `{"data":{"hello":"hello world"}}`))
		healthy.expect(completeMsg("q"))
	}
	eventually(t, func() bool { return len(s.sockets()) == 1 }, "only the healthy socket is left")
	backTo(t, base)
	require.Equal(t, int64(stalled), s.root.Started())
	healthy.alive()
}

// Of 2,000 subscriptions on one socket a hundred run and the others are refused one by one.
func TestFloodOfSubscriptions(t *testing.T) {
	s := start(t, Config{})
	client := s.connect(t)
	base := runtime.NumGoroutine()
	const flood = 2000
	limit := s.ws.Limits.MaxOperations
	var writer sync.WaitGroup
	writer.Go(func() {
		for i := range flood {
			msg := fmt.Sprintf(`{"id":"%d","type":"subscribe","payload":{"query":"subscription{idle}"}}`, i)
			if client.Write(client.ctx, websocket.MessageText, []byte(msg)) != nil {
				return
			}
		}
	})
	for i := limit; i < flood; i++ {
		require.JSONEq(t, fmt.Sprintf(`{"id":"%d","type":"error","payload":[{
			"message":"this socket runs as many operations as it may (100)",
			"extensions":{"code":"TOO_MANY_OPERATIONS"}}]}`, i), client.receive())
	}
	writer.Wait()
	eventually(t, func() bool { return s.root.Started() == int64(limit) }, "the hundred run")
	// One goroutine of the transport and one of the resolver for each.
	backTo(t, base+2*limit)
	client.alive()

	// One that ends makes room for one.
	client.send(completeMsg("7"))
	eventually(t, func() bool { return s.root.Stopped() == 1 && s.sockets()[0].load() == limit-1 }, "one has ended")
	client.subscribe("again", "subscription{idle}")
	client.alive()
	eventually(t, func() bool { return s.root.Started() == int64(limit)+1 }, "another runs")
}

// An idle socket costs two goroutines, one of which the HTTP server would have anyway.
func TestGoroutinesOfIdleSockets(t *testing.T) {
	s := start(t, Config{})
	base := runtime.NumGoroutine()
	const sockets = 20
	for range sockets {
		s.connect(t)
	}
	backTo(t, base+2*sockets)
	require.Len(t, s.sockets(), sockets)
}

// Sockets that come and go, in every manner, leave nothing behind.
func TestChurn(t *testing.T) {
	s := start(t, Config{Limits: Limits{CloseTimeout: 100 * time.Millisecond}})
	base := runtime.NumGoroutine()
	const cycles = 1000
	for i := range cycles {
		client := s.connect(t)
		client.subscribe("1", "subscription{idle}")
		client.subscribe("2", "subscription{count(to:1000)}")
		switch i % 4 {
		case 0: // killed without a close frame
			require.NoError(t, client.CloseNow())
		case 1: // closed in good order
			_ = client.Close(websocket.StatusNormalClosure, "")
		case 2: // closed by the server, whose close frame is never answered
			client.send("nonsense")
		case 3: // killed after cancelling
			client.send(completeMsg("1"))
			require.NoError(t, client.CloseNow())
		}
	}
	eventually(t, func() bool { return len(s.sockets()) == 0 }, "every socket is gone")
	eventually(t, func() bool { return s.root.Started() == s.root.Stopped() }, "every resolver has ended")
	backTo(t, base)
	require.Empty(t, s.ws.keys)
}

func TestWebSocketDrain(t *testing.T) {
	s := start(t, Config{Limits: Limits{DrainSpread: 20 * time.Millisecond}})
	var clients []*wsClient
	for range 5 {
		client := s.connect(t)
		client.subscribe("1", "subscription{idle}")
		clients = append(clients, client)
	}
	drained := make(chan error, 1)
	go func() { drained <- s.ws.Drain(context.Background()) }()
	for _, client := range clients {
		client.expectClose(1001, "Server is going away")
	}
	require.NoError(t, <-drained)
	require.Equal(t, s.root.Started(), s.root.Stopped())

	_, resp, err := s.tryDial(t, nil, subprotocol)
	require.Error(t, err)
	require.Equal(t, 503, resp.StatusCode)
	require.NoError(t, s.ws.Drain(t.Context()), "a second time")
}

// A client that does not take part in the closing is cut off when Drain runs out of time.
func TestWebSocketDrainCutsOff(t *testing.T) {
	s := start(t, Config{Limits: Limits{CloseTimeout: time.Hour, WriteTimeout: time.Hour}})
	client := s.connect(t)
	client.subscribe("1", "subscription{flood(bytes:65536)}")
	eventually(t, func() bool { return s.queued() == s.ws.Limits.OutgoingMessages }, "the client stalls")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, s.ws.Drain(ctx), context.DeadlineExceeded)
	require.Empty(t, s.sockets())
	require.Equal(t, int64(1), s.root.Stopped())
}

// The end of the request's context, as when the server's base context is cancelled, closes the
// socket too.
func TestWebSocketEndsWithRequestContext(t *testing.T) {
	s := start(t, Config{})
	client := s.connect(t)
	s.sockets()[0].cancel()
	client.expectClose(1001, "Server is going away")
}

// Whatever a client sends, the transport answers or closes, and never panics.
func FuzzParseMessage(f *testing.F) {
	for _, seed := range []string{
		initMsg, helloMsg, idleMsg, `{"type":"ping","payload":null}`, `[]`, `{"id":1}`, "\xff", `{"type":"complete","id":"` + strings.Repeat("é", 50) + `"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		m, invalid := parseMessage(websocket.MessageText, text)
		if invalid != nil {
			require.LessOrEqual(t, len(invalid.reason), 123)
			return
		}
		require.LessOrEqual(t, len(closeDuplicate(m.ID[:min(len(m.ID), maxIDBytes)]).reason), 123)
		if m.Type == typeSubscribe {
			if params, problem := decodeParams(m.Payload); problem == "" {
				require.NotNil(t, params)
			}
		}
		if _, err := decodeObject(m.Payload); err != nil && m.Type == typeInit {
			t.Fatalf("a checked payload was not an object: %v", err)
		}
	})
}
