package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/coder/websocket"
	"golang.org/x/sync/errgroup"
)

// writeDeadline is the server's: transport.Limits.WriteTimeout as it is by default.
const writeDeadline = 10 * time.Second

// asking is the clients whose query is timed, a connection each.
type asking struct {
	url     string
	clients []asker
}

type asker struct {
	*http.Client
	token string
}

// newAsking has the clients ask as one person after the other, so that nobody's budget runs out.
func newAsking(url string, tokens map[string]string, n int) *asking {
	a := &asking{url: url + "/graphql"}
	people := slices.Sorted(maps.Keys(tokens))
	for i := range n {
		client := &http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxConnsPerHost: 1}}
		a.clients = append(a.clients, asker{client, tokens[people[i%len(people)]]})
	}
	return a
}

func (a *asking) close() {
	for _, c := range a.clients {
		c.CloseIdleConnections()
	}
}

const question = `{"query":"{ essays(first: 20) { totalCount edges { node { id words question { title } latestRun { stage percent } } } } }"}`

// times are how long requests took, ascending.
type times []time.Duration

// at is the time within which the share of the requests was answered.
func (t times) at(share float64) time.Duration { return t[min(int(share*float64(len(t))), len(t)-1)] }

// measure asks for that long, each client as soon as it has its answer.
func (a *asking) measure(ctx context.Context, length time.Duration) (times, error) {
	end := time.Now().Add(length)
	took := make([]times, len(a.clients))
	g, ctx := errgroup.WithContext(ctx)
	for i, c := range a.clients {
		g.Go(func() error {
			for begin := time.Now(); begin.Before(end); begin = time.Now() {
				if err := a.ask(ctx, c); err != nil {
					return err
				}
				took[i] = append(took[i], time.Since(begin))
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	all := slices.Concat(took...)
	slices.Sort(all)
	return all, nil
}

func (a *asking) ask(ctx context.Context, c asker) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, a.url, strings.NewReader(question))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+c.token)
	resp, err := c.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }() // read to its end
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK || strings.Contains(string(b[:min(len(b), 200)]), `"errors"`) {
		return fmt.Errorf("the server answers %s: %.300s", resp.Status, b)
	}
	return nil
}

// sockets are open and not read.
type sockets []*websocket.Conn

func (s sockets) close() {
	for _, c := range s {
		_ = c.CloseNow() // the server has
	}
}

// flood is a subscription whose events have some 100 kB and cost little: one field under long names.
func flood() string {
	var b strings.Builder
	b.WriteString(`subscription { scoringActivity(scope: {everything: true}) { newest {`)
	for n := range 40 {
		fmt.Fprintf(&b, " a%d_%s: percent", n, strings.Repeat("x", 120))
	}
	b.WriteString(` } } }`)
	return b.String()
}

// stall opens sockets that keep being sent to, and waits until no more gets through to any of them.
// They share three accounts, since one may have 20 sockets.
func stall(ctx context.Context, s *server, tokens map[string]string, n int) (open sockets, err error) {
	people := []string{"arno", "miriam", "ada"}
	for i := range n {
		c, err := subscribe(ctx, s.url, tokens[people[i%len(people)]])
		if err != nil {
			return open, fmt.Errorf("open socket %d: %w", i+1, err)
		}
		open = append(open, c)
	}
	address, err := url.Parse(s.url)
	if err != nil {
		return open, err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	// The kernel's queue of each hung socket stays as it is.
	var last map[string]int64
	for since := time.Now(); ; {
		now, err := unsent(address.Port())
		if err != nil {
			return open, err
		}
		if len(now) < n || !equal(last, now) {
			last, since = now, time.Now()
		}
		if time.Since(since) > time.Second {
			return open, nil
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return open, fmt.Errorf("%d of %d sockets hang: %w", len(now), n, err)
		}
	}
}

func equal(a, b map[string]int64) bool {
	if len(a) != len(b) {
		return false
	}
	for k, v := range a {
		if b[k] != v {
			return false
		}
	}
	return true
}

// subscribe opens a socket with a small window, and reads no more than the acknowledgement.
func subscribe(ctx context.Context, server, token string) (*websocket.Conn, error) {
	dialer := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, addr)
		if err == nil {
			err = conn.(*net.TCPConn).SetReadBuffer(4 << 10)
		}
		return conn, err
	}}
	c, resp, err := websocket.Dial(ctx, server+"/graphql", &websocket.DialOptions{
		Subprotocols: []string{"graphql-transport-ws"}, HTTPClient: &http.Client{Transport: dialer},
	})
	if err != nil {
		return nil, err
	}
	if resp.Body != nil {
		_ = resp.Body.Close() // the socket goes on without it
	}
	initial, err := json.Marshal(map[string]any{"type": "connection_init", "payload": map[string]string{"Authorization": "Bearer " + token}})
	if err != nil {
		return c, err
	}
	message, err := json.Marshal(map[string]any{"id": "1", "type": "subscribe", "payload": map[string]string{"query": flood()}})
	if err != nil {
		return c, err
	}
	if err := c.Write(ctx, websocket.MessageText, initial); err != nil {
		return c, err
	}
	if _, ack, err := c.Read(ctx); err != nil || !strings.Contains(string(ack), "connection_ack") {
		return c, fmt.Errorf("no acknowledgement but %s: %w", ack, err)
	}
	return c, c.Write(ctx, websocket.MessageText, message)
}

// unsent is how many bytes wait in the kernel for each client of the local port, where there are any.
func unsent(port string) (map[string]int64, error) {
	number, err := strconv.Atoi(port)
	if err != nil {
		return nil, err
	}
	f, err := os.Open("/proc/net/tcp")
	if err != nil {
		return nil, fmt.Errorf("this benchmark needs Linux: %w", err)
	}
	defer func() { _ = f.Close() }() // only read
	const established = "01"
	local := fmt.Sprintf(":%04X", number)
	out := map[string]int64{}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) < 5 || !strings.HasSuffix(fields[1], local) || fields[3] != established {
			continue
		}
		queue, _, _ := strings.Cut(fields[4], ":")
		if n, err := strconv.ParseInt(queue, 16, 64); err == nil && n > 0 {
			out[fields[2]] = n
		}
	}
	return out, lines.Err()
}
