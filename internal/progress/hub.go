package progress

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"github.com/rubrica/rubrica/internal/database"
)

// Options set a Hub's pace. Zero fields have the defaults.
type Options struct {
	// FlushInterval is the least time between two reads of changed runs (20 ms). A change that
	// comes alone is read at once.
	FlushInterval time.Duration
	// PollInterval is how often everything subscribed is read whether or not a change was
	// announced (5 s).
	PollInterval time.Duration
	// ActivityInterval is the least time between two states of one scope's activity (250 ms).
	ActivityInterval time.Duration
	// ReadTimeout bounds each read (5 s).
	ReadTimeout time.Duration
	// MinReconnect and MaxReconnect bound the pause before the LISTEN connection is tried again
	// (50 ms, 1 s). Stopping may take as long as MaxReconnect while the database is away.
	MinReconnect, MaxReconnect time.Duration
}

func (o Options) withDefaults() Options {
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{
		{&o.FlushInterval, 20 * time.Millisecond},
		{&o.PollInterval, 5 * time.Second},
		{&o.ActivityInterval, 250 * time.Millisecond},
		{&o.ReadTimeout, 5 * time.Second},
		{&o.MinReconnect, 50 * time.Millisecond},
		{&o.MaxReconnect, time.Second},
	} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	return o
}

// Hub fans the states of runs out to the subscribers of one process. It costs one connection for
// LISTEN and a fixed number of goroutines, however many subscribers there are; what a flush costs
// depends on what changed. Its methods may be called by several goroutines.
type Hub struct {
	db      *database.DB
	log     *slog.Logger
	options Options

	started atomic.Bool
	stats   counters
	drop    func(run uuid.UUID) bool // tests lose notifications with it

	// mu is held for work in memory only, never while the database is asked.
	mu        sync.Mutex
	closed    bool
	runs      map[uuid.UUID]*run     // the runs that are followed
	dirty     map[uuid.UUID]struct{} // those of them to be read
	groups    map[groupKey]*group    // the scopes that are watched
	wakeRuns  chan struct{}          // size 1: dirty has grown
	wakeScope chan struct{}          // size 1: a group is due
}

// NewHub returns a Hub that serves subscribers once Run is called.
func NewHub(db *database.DB, log *slog.Logger, options Options) *Hub {
	return &Hub{
		db: db, log: log, options: options.withDefaults(),
		runs: map[uuid.UUID]*run{}, dirty: map[uuid.UUID]struct{}{}, groups: map[groupKey]*group{},
		wakeRuns: make(chan struct{}, 1), wakeScope: make(chan struct{}, 1),
	}
}

// Run serves until the context ends; then it ends all streams with ErrClosed and returns nil. It may
// be called once. Losing the database is not an error: it is logged, and made good when the
// database is back.
func (h *Hub) Run(ctx context.Context) error {
	if h.started.Swap(true) {
		return errors.New("progress: a Hub runs once")
	}
	defer h.close()
	var all errgroup.Group
	all.Go(func() error { h.listen(ctx); return nil })
	all.Go(func() error { h.serveRuns(ctx); return nil })
	all.Go(func() error { h.serveScopes(ctx); return nil })
	return all.Wait()
}

func (h *Hub) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for _, r := range h.runs {
		for f := range r.followers {
			f.end(ErrClosed)
		}
	}
	for _, g := range h.groups {
		for w := range g.watchers {
			w.end(ErrClosed)
		}
	}
	clear(h.runs)
	clear(h.dirty)
	clear(h.groups)
}

// changed notes that a run may have a newer state.
func (h *Hub) changed(id uuid.UUID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.runs[id] != nil {
		h.markRun(id)
	}
	h.markScopes()
}

// changedAll notes that anything may have changed.
func (h *Hub) changedAll() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.markRuns()
	h.markScopes()
}

// The caller of the mark functions holds the mutex.
func (h *Hub) markRun(id uuid.UUID) {
	h.dirty[id] = struct{}{}
	signal(h.wakeRuns)
}

func (h *Hub) markRuns() {
	for id := range h.runs {
		h.dirty[id] = struct{}{}
	}
	signal(h.wakeRuns)
}

// markScopes: a notification does not say which scopes it touches, and asking would cost as much as
// reading them; ActivityInterval bounds the reads.
func (h *Hub) markScopes() {
	for _, g := range h.groups {
		g.due = true
	}
	if len(h.groups) > 0 {
		signal(h.wakeScope)
	}
}

// pause waits unless the context ends first, which it tells by false.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// outage logs the first failure of a row of failures, and its end.
type outage struct {
	log    *slog.Logger
	failed bool
}

func (o *outage) report(ctx context.Context, what string, err error) {
	switch {
	case ctx.Err() != nil: // we are stopping
	case err != nil && !o.failed:
		o.failed = true
		o.log.Warn(what+" failed; subscribers wait and it is tried again", "error", err)
	case err == nil && o.failed:
		o.failed = false
		o.log.Info(what + " works again")
	}
}
