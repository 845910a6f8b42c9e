package server_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/rubrica/rubrica/internal/logging"
	"github.com/rubrica/rubrica/internal/server"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := server.Listen(t.Context(), "127.0.0.1:0")
	require.NoError(t, err)
	return l
}

func TestPortInUse(t *testing.T) {
	l := listen(t)
	defer l.Close()
	_, err := server.Listen(t.Context(), l.Addr().String())
	var e *server.ListenError
	require.ErrorAs(t, err, &e)
	assert.Equal(t, l.Addr().String(), e.Address)
	assert.ErrorContains(t, err, "is in use by another program: stop that one, or choose another")

	_, err = server.Listen(t.Context(), "192.0.2.1:8080")
	assert.ErrorContains(t, err, "is not an address of this machine")
}

// running is a server with one request that its handler holds until released is closed.
type running struct {
	stop     context.CancelFunc
	stopped  chan error
	released chan struct{}
	answer   chan string // body, or "error"
	ended    chan error  // the end of the request's context, as the handler saw it
	health   *server.Health
}

func start(t *testing.T, drain time.Duration, drainers ...func(context.Context) error) *running {
	t.Helper()
	r := &running{
		stopped: make(chan error, 1), released: make(chan struct{}), answer: make(chan string, 1),
		ended: make(chan error, 1), health: server.NewHealth(),
	}
	entered := make(chan struct{})
	s := &server.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			close(entered)
			select {
			case <-r.released:
				_, _ = io.WriteString(w, "whole")
				r.ended <- req.Context().Err()
			case <-req.Context().Done():
				r.ended <- req.Context().Err()
			}
		}),
		Logger: logging.New(io.Discard, logging.Options{}), Health: r.health, Drainers: drainers, DrainTimeout: drain,
	}
	ctx, stop := context.WithCancel(context.Background())
	t.Cleanup(stop)
	r.stop = stop
	l := listen(t)
	go func() { r.stopped <- s.Serve(ctx, l) }()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	go func() {
		res, err := (&http.Client{Transport: transport}).Get("http://" + l.Addr().String())
		if err != nil {
			r.answer <- "error"
			return
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			r.answer <- "error"
			return
		}
		r.answer <- string(body)
	}()
	<-entered
	return r
}

func TestRunningRequestsEndInGoodOrder(t *testing.T) {
	draining := make(chan struct{})
	r := start(t, time.Minute, func(context.Context) error { close(draining); return nil })
	r.stop()
	<-draining
	assert.Equal(t, server.StateDraining, r.health.Ready(t.Context()).State)
	close(r.released)
	assert.NoError(t, <-r.ended)
	assert.Equal(t, "whole", <-r.answer)
	assert.NoError(t, <-r.stopped)
}

func TestDrainingIsBounded(t *testing.T) {
	r := start(t, time.Millisecond, func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
	r.stop()
	err := <-r.stopped
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorContains(t, err, "not everything came to its end within 1ms")
	assert.ErrorIs(t, <-r.ended, context.Canceled, "the handler is told")
	assert.Equal(t, "error", <-r.answer)
}

func TestServeReportsABrokenListener(t *testing.T) {
	l := listen(t)
	require.NoError(t, l.Close())
	err := (&server.Server{Handler: http.NotFoundHandler()}).Serve(t.Context(), l)
	assert.ErrorIs(t, err, net.ErrClosed)
}
