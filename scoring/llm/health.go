package llm

import (
	"sync"
	"time"
)

// Health is how an engine has fared since its process began.
type Health struct {
	Breaker     string // CLOSED, OPEN or HALF_OPEN
	LastError   Class  // "" if there was none
	LastErrorAt time.Time
	Calls       int // HTTP requests
	CacheHits   int
	Repairs     int
	Fallbacks   int
	Dropped     int // quotes, citations and remarks that could not be found or shown
}

// counters are the parts of Health that are counted.
type counters struct {
	mu     sync.Mutex
	health Health
}

func (c *counters) add(change func(*Health)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change(&c.health)
}

// Health tells how the engine fares.
func (e *Engine) Health() Health {
	e.counters.mu.Lock()
	defer e.counters.mu.Unlock()
	h := e.counters.health
	h.Breaker = stateName(e.breaker.State())
	return h
}
