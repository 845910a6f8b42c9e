package progress

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/google/uuid"
	"github.com/lib/pq"
	"golang.org/x/sync/errgroup"
)

// listen holds the process's one LISTEN connection until the context ends. Whenever the connection
// is new, notifications may have been missed, and everything subscribed is read.
func (h *Hub) listen(ctx context.Context) {
	state := outage{log: h.log}
	// The listener calls back from one goroutine.
	l := pq.NewDialListener(dialer{ctx}, h.db.URL, h.options.MinReconnect, h.options.MaxReconnect,
		func(event pq.ListenerEventType, err error) {
			up := event == pq.ListenerEventConnected || event == pq.ListenerEventReconnected
			if up {
				err = nil
			} else {
				h.stats.listening.Store(false)
			}
			state.report(ctx, "listening for changes", err)
		})
	stop := context.AfterFunc(ctx, func() { _ = l.Close() })
	defer stop()

	channel := h.db.Channel(topic)
	var all errgroup.Group
	all.Go(func() error {
		// The first LISTEN; the listener repeats it on each new connection. It waits for a
		// connection, and fails only if the server refuses.
		for {
			err := l.Listen(channel)
			if err == nil {
				h.changedAll()
				h.stats.listening.Store(true)
				return nil
			}
			if errors.Is(err, net.ErrClosed) {
				return nil
			}
			h.log.Warn("LISTEN was refused; it is tried again", "channel", channel, "error", err)
			if !pause(ctx, h.options.MaxReconnect) {
				return nil
			}
		}
	})
	for n := range l.Notify { // closed by l.Close
		if n == nil { // a new connection
			h.changedAll()
			h.stats.listening.Store(true)
			continue
		}
		h.stats.notifications.Add(1)
		run, err := uuid.Parse(n.Extra)
		if err != nil {
			h.log.Warn("a notification on our channel is not of our making", "channel", channel)
			continue
		}
		if h.drop == nil || !h.drop(run) {
			h.changed(run)
		}
	}
	_ = all.Wait() // it returns nil
}

// dialer opens connections that end with its context, so that stopping waits neither for a dial nor
// for a handshake, and with keep-alives that notice within some ten seconds that the server's
// machine is gone; until then the poll serves.
type dialer struct{ ctx context.Context }

func (d dialer) Dial(network, address string) (net.Conn, error) {
	return d.DialContext(d.ctx, network, address)
}

func (d dialer) DialTimeout(network, address string, timeout time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(d.ctx, timeout)
	defer cancel()
	return d.DialContext(ctx, network, address)
}

func (d dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(d.ctx, cancel)()
	nd := net.Dialer{
		Timeout:         10 * time.Second,
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 5 * time.Second, Interval: 2 * time.Second, Count: 3},
	}
	conn, err := nd.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	c := &boundConn{Conn: conn}
	c.release = context.AfterFunc(d.ctx, func() { _ = conn.Close() })
	return c, nil
}

type boundConn struct {
	net.Conn
	release func() bool
}

func (c *boundConn) Close() error {
	c.release()
	return c.Conn.Close()
}
