package transport

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// stuck is a connection whose operation does not listen to its context.
type stuck struct{ left, aborted chan struct{} }

func (s stuck) leave() { close(s.left) }
func (s stuck) abort() { close(s.aborted) }

// A connection that never ends is asked, then cut off, and does not hold up the shutdown for good.
func TestDrainGivesUpOnStuckConnections(t *testing.T) {
	c := newConnections(-1)
	conn := stuck{left: make(chan struct{}), aborted: make(chan struct{})}
	require.True(t, c.join(conn))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- c.drain(ctx, -time.Second) }()
	<-conn.left
	require.False(t, c.join(conn), "a draining account admits nobody")
	cancel()
	<-conn.aborted
	require.ErrorIs(t, <-done, context.Canceled)
	c.left(conn)
	require.NoError(t, c.drain(t.Context(), 0), "it has ended since")
}
