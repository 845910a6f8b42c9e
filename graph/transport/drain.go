package transport

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

// connections keeps account of long-lived connections, so that their number is bounded and a
// shutdown can end them.
type connections struct {
	limit int // negative: none

	mu       sync.Mutex
	open     map[connection]struct{}
	draining bool
	empty    chan struct{} // closed when the last one leaves a draining account
}

// connection is one entry of the account. Its methods may be called at any time and repeatedly.
type connection interface {
	// leave asks the connection to end in good order.
	leave()
	// abort cuts the connection off.
	abort()
}

func newConnections(limit int) *connections {
	return &connections{limit: limit, open: map[connection]struct{}{}, empty: make(chan struct{})}
}

// join admits a connection unless the account is full or draining.
func (c *connections) join(conn connection) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.draining || !within(len(c.open)+1, c.limit) {
		return false
	}
	c.open[conn] = struct{}{}
	return true
}

// left takes an ended connection off the account.
func (c *connections) left(conn connection) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.open, conn)
	if c.draining && len(c.open) == 0 {
		close(c.empty)
	}
}

// abortGrace is what cut-off connections get to end in: their operations are cancelled, but a resolver
// that does not listen must not hold up the shutdown.
const abortGrace = time.Second

// drain admits nobody any more, asks every connection to leave at a random moment of the spread, and
// returns when all have left. When the context ends first it cuts off the rest, waits abortGrace for
// them at most, and returns the context's error.
func (c *connections) drain(ctx context.Context, spread time.Duration) error {
	c.mu.Lock()
	if !c.draining {
		c.draining = true
		if len(c.open) == 0 {
			close(c.empty)
		}
	}
	var timers []*time.Timer
	for conn := range c.open {
		timers = append(timers, time.AfterFunc(rand.N(max(spread, 1)), conn.leave))
	}
	c.mu.Unlock()
	defer func() {
		for _, t := range timers {
			t.Stop()
		}
	}()

	select {
	case <-c.empty:
		return nil
	case <-ctx.Done():
	}
	c.mu.Lock()
	for conn := range c.open {
		conn.abort()
	}
	c.mu.Unlock()
	grace := time.NewTimer(abortGrace)
	defer grace.Stop()
	select {
	case <-c.empty:
	case <-grace.C:
	}
	return ctx.Err()
}
