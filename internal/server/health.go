package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/rubrica/rubrica/internal/logging"
)

// DefaultCheckTimeout bounds a check that names no time of its own.
const DefaultCheckTimeout = 2 * time.Second

// Check asks one dependency whether it works.
type Check struct {
	Name string
	// Required says that the process cannot serve without it.
	Required bool
	// Timeout bounds one probe; DefaultCheckTimeout when zero.
	Timeout time.Duration
	// Probe returns a short detail to show (a version, a number), which must hold nothing private,
	// or why the dependency does not work. It may be called by several goroutines at once.
	Probe func(ctx context.Context) (detail string, err error)
}

// The states of a dependency and of the process.
const (
	StateUp          = "up"
	StateDown        = "down"
	StateReady       = "ready"
	StateDegraded    = "degraded"    // something optional is down
	StateUnavailable = "unavailable" // something required is down
	StateDraining    = "draining"    // the process is stopping
)

// CheckResult is what one probe found.
type CheckResult struct {
	Name      string  `json:"name"`
	State     string  `json:"state"` // StateUp or StateDown
	Required  bool    `json:"required"`
	LatencyMS float64 `json:"latencyMs"`
	Detail    string  `json:"detail,omitempty"`
}

// Readiness is the answer of /readyz.
type Readiness struct {
	State  string        `json:"state"`
	Checks []CheckResult `json:"checks"` // in the order of their registration
}

// Serving tells whether requests should be sent here.
func (r Readiness) Serving() bool { return r.State == StateReady || r.State == StateDegraded }

// Health answers whether the process lives and whether it can serve.
type Health struct {
	mu       sync.RWMutex
	checks   []Check
	draining atomic.Bool
	// probes makes callers that ask at once share a probe; a probe that hangs is not started again.
	probes singleflight.Group
}

// NewHealth returns the health of a process with these dependencies.
func NewHealth(checks ...Check) *Health { return &Health{checks: checks} }

// Register adds a dependency.
func (h *Health) Register(c Check) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.checks = append(h.checks, c)
}

// Drain makes /readyz answer 503 from now on, so that a balancer sends no more.
func (h *Health) Drain() { h.draining.Store(true) }

// Ready asks all dependencies at once.
func (h *Health) Ready(ctx context.Context) Readiness {
	h.mu.RLock()
	checks := h.checks[:len(h.checks):len(h.checks)]
	h.mu.RUnlock()
	out := Readiness{State: StateReady, Checks: make([]CheckResult, len(checks))}
	var wg sync.WaitGroup
	for i, c := range checks {
		wg.Go(func() { out.Checks[i] = h.run(ctx, c) })
	}
	wg.Wait()
	for i, c := range checks {
		switch {
		case out.Checks[i].State == StateUp:
		case c.Required:
			out.State = StateUnavailable
		case out.State == StateReady:
			out.State = StateDegraded
		}
	}
	if h.draining.Load() {
		out.State = StateDraining
	}
	return out
}

type probed struct {
	detail string
	took   time.Duration
}

func (h *Health) run(ctx context.Context, c Check) CheckResult {
	timeout := c.Timeout
	if timeout == 0 {
		timeout = DefaultCheckTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	start := time.Now()
	answer := h.probes.DoChan(c.Name, func() (p any, err error) {
		// Not bound to the request that happens to ask first.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeout)
		defer cancel()
		defer func() {
			if v := recover(); v != nil {
				err = fmt.Errorf("the check panicked: %v", v)
			}
		}()
		start := time.Now()
		detail, err := c.Probe(ctx)
		return probed{detail, time.Since(start)}, err
	})
	result := CheckResult{Name: c.Name, State: StateUp, Required: c.Required}
	var took time.Duration
	select {
	case a := <-answer:
		p, _ := a.Val.(probed)
		took, result.Detail = p.took, p.detail
		if a.Err != nil {
			result.State, result.Detail = StateDown, explain(a.Err, timeout)
		}
	case <-ctx.Done():
		took = time.Since(start)
		result.State, result.Detail = StateDown, explain(ctx.Err(), timeout)
	}
	result.LatencyMS = float64(took.Microseconds()) / 1000
	return result
}

func explain(err error, timeout time.Duration) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Sprintf("no answer within %s", timeout)
	}
	return logging.Cut(logging.Scrub(err.Error()))
}

// Healthz answers 200 while the process can answer at all.
func (h *Health) Healthz(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]string{"state": "alive"})
}

// Readyz answers with a Readiness: 200 when the process can serve, else 503.
func (h *Health) Readyz(w http.ResponseWriter, r *http.Request) {
	ready := h.Ready(r.Context())
	status := http.StatusOK
	if !ready.Serving() {
		status = http.StatusServiceUnavailable
		w.Header().Set("Retry-After", "2")
	}
	writeJSON(w, status, ready)
}

// Routes registers /healthz and /readyz.
func (h *Health) Routes(mux *http.ServeMux) {
	mux.HandleFunc("GET /healthz", h.Healthz)
	mux.HandleFunc("GET /readyz", h.Readyz)
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(v); err != nil {
		return // a client that left reads nothing
	}
}
