package graph_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/graph"
)

// What nobody waits for any longer is given up by the database too. The statement is made to take long
// by another transaction's lock: it ends when it is cancelled, and not before.
func TestCancellationReachesPostgres(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.essays(t, lena, 1)
	const query = `{ essays(first: 1) { edges { node { id question { title } } } } }`
	for range 4 { // from the third on it is prepared
		w.ok(t, lena, query, nil)
	}
	for _, c := range []struct {
		name, table string
		timeout     time.Duration
		// ask sends the query and returns how its client gives up.
		ask func(t *testing.T, s *httptest.Server) (giveUp func())
	}{
		{"an HTTP client that leaves", "essays", 0, func(t *testing.T, s *httptest.Server) func() { return w.askAndLeave(t, s, query) }},
		{"below the root", "questions", 0, func(t *testing.T, s *httptest.Server) func() { return w.askAndLeave(t, s, query) }},
		{"a WebSocket operation that is completed", "essays", 0, func(t *testing.T, s *httptest.Server) func() { return w.askAndComplete(t, s, query) }},
		{"a WebSocket that is closed", "essays", 0, func(t *testing.T, s *httptest.Server) func() { return w.askAndClose(t, s, query) }},
		// The client waits; the operation's time is short, since it is over for certain.
		{"an operation past its time", "essays", 100 * time.Millisecond, func(t *testing.T, s *httptest.Server) func() {
			a := w.askAt(t, s, lena, query, nil)
			require.Equal(t, []string{"TIMEOUT"}, a.codes(), a.raw)
			return func() {}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := w.serveWith(t, func(o *graph.Options) { o.Timeout = c.timeout })
			lock, err := w.db.SQL.BeginTx(t.Context(), nil)
			require.NoError(t, err)
			_, err = lock.ExecContext(t.Context(), "LOCK TABLE "+c.table+" IN ACCESS EXCLUSIVE MODE")
			require.NoError(t, err)
			giveUp := c.ask(t, s)
			if c.timeout == 0 {
				require.Eventually(t, func() bool { return w.waiting(t) == 1 }, 20*time.Second, 5*time.Millisecond, "the statement waits")
			}
			giveUp()
			require.Eventually(t, func() bool { return w.waiting(t) == 0 }, 20*time.Second, 5*time.Millisecond, "the statement is ended")
			require.NoError(t, lock.Rollback())
			w.ok(t, lena, query, nil)
		})
	}
}

// waiting is how many statements wait for a lock.
func (w *world) waiting(t *testing.T) (n int) {
	t.Helper()
	require.NoError(t, w.db.SQL.QueryRowContext(t.Context(), `SELECT count(*) FROM pg_stat_activity
		WHERE datname = current_database() AND state = 'active' AND wait_event_type = 'Lock'`).Scan(&n))
	return n
}

func (w *world) askAndLeave(t *testing.T, s *httptest.Server, query string) func() {
	t.Helper()
	body, err := json.Marshal(vars{"query": query})
	require.NoError(t, err)
	ctx, leave := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL, bytes.NewReader(body))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+w.token(t, lena))
	ended := make(chan error, 1)
	go func() {
		resp, err := s.Client().Do(r)
		if err == nil {
			_ = resp.Body.Close()
		}
		ended <- err
	}()
	return func() {
		leave()
		require.ErrorIs(t, <-ended, context.Canceled)
	}
}

func (w *world) askAndComplete(t *testing.T, s *httptest.Server, query string) func() {
	t.Helper()
	c := w.socket(t, s)
	require.NoError(t, wsjson.Write(t.Context(), c, vars{"type": "subscribe", "id": "1", "payload": vars{"query": query}}))
	return func() { require.NoError(t, wsjson.Write(t.Context(), c, vars{"type": "complete", "id": "1"})) }
}

func (w *world) askAndClose(t *testing.T, s *httptest.Server, query string) func() {
	t.Helper()
	c := w.socket(t, s)
	require.NoError(t, wsjson.Write(t.Context(), c, vars{"type": "subscribe", "id": "1", "payload": vars{"query": query}}))
	return func() { require.NoError(t, c.CloseNow()) }
}

// socket is a WebSocket of Lena's.
func (w *world) socket(t *testing.T, s *httptest.Server) *websocket.Conn {
	t.Helper()
	c, resp, err := websocket.Dial(t.Context(), strings.Replace(s.URL, "http", "ws", 1),
		&websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}})
	require.NoError(t, err)
	if resp.Body != nil {
		require.NoError(t, resp.Body.Close())
	}
	t.Cleanup(func() { _ = c.CloseNow() })
	require.NoError(t, wsjson.Write(t.Context(), c, vars{"type": "connection_init", "payload": vars{"Authorization": "Bearer " + w.token(t, lena)}}))
	var ack struct{ Type string }
	require.NoError(t, wsjson.Read(t.Context(), c, &ack))
	require.Equal(t, "connection_ack", ack.Type)
	return c
}
