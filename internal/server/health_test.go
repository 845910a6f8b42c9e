package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/internal/server"
)

func up(context.Context) (string, error)   { return "v1", nil }
func down(context.Context) (string, error) { return "", errors.New("refused") }

func readyz(t *testing.T, h *server.Health) (int, server.Readiness) {
	t.Helper()
	mux := http.NewServeMux()
	h.Routes(mux)
	w := do(mux, "GET", "/readyz")
	var got server.Readiness
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &got))
	return w.Code, got
}

func TestReadiness(t *testing.T) {
	required := func(probe func(context.Context) (string, error)) server.Check {
		return server.Check{Name: "database", Required: true, Probe: probe}
	}
	optional := func(probe func(context.Context) (string, error)) server.Check {
		return server.Check{Name: "listener", Probe: probe}
	}
	for name, c := range map[string]struct {
		checks []server.Check
		status int
		state  string
	}{
		"nothing to ask": {nil, 200, server.StateReady},
		"all up":         {[]server.Check{required(up), optional(up)}, 200, server.StateReady},
		"optional down":  {[]server.Check{required(up), optional(down)}, 200, server.StateDegraded},
		"required down":  {[]server.Check{required(down), optional(up)}, 503, server.StateUnavailable},
		"both down":      {[]server.Check{optional(down), required(down)}, 503, server.StateUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			status, got := readyz(t, server.NewHealth(c.checks...))
			assert.Equal(t, c.status, status)
			assert.Equal(t, c.state, got.State)
			require.Len(t, got.Checks, len(c.checks))
			for i, check := range got.Checks {
				assert.Equal(t, c.checks[i].Name, check.Name)
				assert.Equal(t, c.checks[i].Required, check.Required)
				assert.NotEmpty(t, check.Detail)
			}
		})
	}
}

func TestReadinessWhileDraining(t *testing.T) {
	h := server.NewHealth(server.Check{Name: "database", Required: true, Probe: up})
	h.Drain()
	status, got := readyz(t, h)
	assert.Equal(t, 503, status)
	assert.Equal(t, server.StateDraining, got.State)

	mux := http.NewServeMux()
	h.Routes(mux)
	assert.Equal(t, 200, do(mux, "GET", "/healthz").Code, "it lives")
	assert.Equal(t, 200, do(mux, "HEAD", "/healthz").Code)
	assert.Equal(t, 405, do(mux, "POST", "/healthz").Code)
}

// A dependency that hangs, ignoring its context even, neither holds up the answer nor is asked again
// and again.
func TestHangingCheck(t *testing.T) {
	var calls atomic.Int32
	release := make(chan struct{})
	h := server.NewHealth(server.Check{Name: "database", Required: true, Probe: up})
	h.Register(server.Check{Name: "embedder", Timeout: time.Millisecond, Probe: func(context.Context) (string, error) {
		calls.Add(1)
		<-release
		return "", nil
	}})
	defer close(release)
	for range 3 {
		status, got := readyz(t, h)
		assert.Equal(t, 200, status)
		assert.Equal(t, server.StateDegraded, got.State)
		assert.Equal(t, "no answer within 1ms", got.Checks[1].Detail)
	}
	assert.EqualValues(t, 1, calls.Load())
}

func TestCheckThatPanicsOrTellsTooMuch(t *testing.T) {
	h := server.NewHealth(
		server.Check{Name: "one", Probe: func(context.Context) (string, error) { panic("no") }},
		server.Check{Name: "two", Probe: func(context.Context) (string, error) {
			return "", errors.New("dial postgres://u:hunter2@db/x: refused")
		}},
	)
	got := h.Ready(t.Context())
	assert.Equal(t, server.StateDegraded, got.State)
	assert.Contains(t, got.Checks[0].Detail, "panicked")
	assert.NotContains(t, got.Checks[1].Detail, "hunter2")
}

// The client that asks first may leave without spoiling the answer of the others.
func TestProbeOutlivesTheFirstCaller(t *testing.T) {
	started, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	h := server.NewHealth(server.Check{Name: "database", Required: true, Timeout: time.Minute, Probe: func(ctx context.Context) (string, error) {
		once.Do(func() { close(started) })
		<-release
		return "", ctx.Err()
	}})
	first, leave := context.WithCancel(t.Context())
	left := make(chan server.Readiness)
	go func() { left <- h.Ready(first) }()
	<-started
	leave()
	assert.Equal(t, server.StateUnavailable, (<-left).State)
	second := make(chan server.Readiness)
	go func() { second <- h.Ready(t.Context()) }()
	close(release)
	assert.Equal(t, server.StateReady, (<-second).State)
}
