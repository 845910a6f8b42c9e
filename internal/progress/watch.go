package progress

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/internal/viewer"
)

// groupKey tells apart what watchers see: all admins see the same of a scope, each advisor their
// own. A zero id means none.
type groupKey struct {
	advisor, cohort, track uuid.UUID
}

// group is a scope with everybody who watches it with the same eyes: one read serves them all.
type group struct {
	viewer   viewer.Viewer
	scope    Scope
	watchers map[*watcher]struct{}

	due  bool      // something may have changed
	next time.Time // not to be read before

	now     Activity // as last read
	version int      // grows when the content of now changes; 0 before the first read
}

type watcher struct {
	*Subscription[Activity]
	version int // of the content it was offered last
}

// Watch subscribes to scoring in a scope: first its present state, then, whenever that changed, the
// new one, each with a larger Seq and at most four a second. States with Seq up to afterSeq (0 for
// none) are left out. The stream has no end of its own.
//
// The error is ErrForbidden for a learner, ErrNotFound when the cohort or the track does not exist
// or an advisor does not advise the cohort, ErrClosed when the Hub has stopped, else the database's.
func (h *Hub) Watch(ctx context.Context, v viewer.Viewer, scope Scope, afterSeq int64) (*Subscription[Activity], error) {
	if !v.Is(enums.RoleAdvisor, enums.RoleAdmin) {
		return nil, ErrForbidden
	}
	if err := h.mayWatch(ctx, v, scope); err != nil {
		return nil, err
	}
	key := groupKey{cohort: deref(scope.CohortID), track: deref(scope.TrackID)}
	if v.Role == enums.RoleAdvisor {
		key.advisor = v.ID
	}
	w := &watcher{Subscription: newSubscription[Activity](afterSeq)}
	if !h.addWatcher(key, v, scope, w) {
		return nil, ErrClosed
	}
	bind(ctx, h, w.Subscription, func() { h.removeWatcher(key, w) })
	return w.Subscription, nil
}

func deref(id *uuid.UUID) uuid.UUID {
	if id == nil {
		return uuid.Nil
	}
	return *id
}

func (h *Hub) addWatcher(key groupKey, v viewer.Viewer, scope Scope, w *watcher) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return false
	}
	g := h.groups[key]
	if g == nil {
		g = &group{viewer: v, scope: scope, watchers: map[*watcher]struct{}{}}
		h.groups[key] = g
	}
	g.watchers[w] = struct{}{}
	g.due = true // the next read is its first state
	signal(h.wakeScope)
	return true
}

// removeWatcher takes a watcher out. The caller holds the mutex.
func (h *Hub) removeWatcher(key groupKey, w *watcher) {
	g := h.groups[key]
	if g == nil {
		return
	}
	delete(g.watchers, w)
	if len(g.watchers) == 0 {
		delete(h.groups, key)
	}
}

// serveScopes hands out activity until the context ends. It reads one scope after the other: many
// dashboards make their states rarer, not the database busier.
func (h *Hub) serveScopes(ctx context.Context) {
	state := outage{log: h.log}
	poll := time.NewTicker(h.options.PollInterval) // also because the windows of time slide
	defer poll.Stop()
	timer := time.NewTimer(h.options.ActivityInterval)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-h.wakeScope:
		case <-timer.C:
		case <-poll.C:
			h.mu.Lock()
			h.markScopes()
			h.mu.Unlock()
		}
		for {
			key, g, wait := h.nextDue(time.Now())
			if g == nil {
				if wait > 0 {
					timer.Reset(wait)
				}
				break
			}
			state.report(ctx, "reading scoring activity", h.refresh(ctx, key, g))
			if ctx.Err() != nil {
				return
			}
		}
	}
}

// nextDue takes the due group that may be read first. If none may be read yet, wait says how long
// until one may; 0 when none is due.
func (h *Hub) nextDue(now time.Time) (key groupKey, first *group, wait time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for k, g := range h.groups {
		if g.due && (first == nil || g.next.Before(first.next)) {
			key, first = k, g
		}
	}
	if first == nil {
		return key, nil, 0
	}
	if wait = first.next.Sub(now); wait > 0 {
		return key, nil, wait
	}
	first.due = false
	first.next = now.Add(h.options.ActivityInterval)
	return key, first, 0
}

// refresh reads a group's activity and hands it out.
func (h *Hub) refresh(ctx context.Context, key groupKey, g *group) error {
	read, allowed, err := h.readActivity(ctx, g.viewer, g.scope)
	if err == nil && allowed && g.version > 0 && read.Seq <= g.now.Seq && !sameContent(read, g.now) {
		// A window of time slid on while nothing was committed. A state needs a seq of its own.
		if err = h.advanceSeq(ctx); err == nil {
			read, allowed, err = h.readActivity(ctx, g.viewer, g.scope)
		}
	}
	if err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if !allowed {
		for w := range g.watchers {
			h.removeWatcher(key, w)
			w.end(ErrRevoked)
		}
		return nil
	}
	h.show(g, read)
	return nil
}

// show makes what was read the group's state and offers it to those who have not got its content.
// Only serveScopes reads and writes a group's now and version. The caller holds the mutex.
func (h *Hub) show(g *group, read Activity) {
	switch {
	case g.version > 0 && sameContent(read, g.now):
		g.now.Seq, g.now.At = max(read.Seq, g.now.Seq), read.At
	case g.version > 0 && read.Seq <= g.now.Seq:
		return // still no seq of its own (see snapshotSeq): the next read shows it
	default:
		g.now = read
		g.version++
	}
	for w := range g.watchers {
		// Who continues after a seq that we have not passed yet is offered the content when
		// we have: what they saw of it is not known.
		if w.version != g.version && w.offer(g.now, g.now.Seq) {
			w.version = g.version
		}
	}
}
