package progress

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/internal/viewer"
)

// run is an unfinished run that somebody follows.
type run struct {
	followers map[*follower]struct{}
}

type follower struct {
	*Subscription[RunState]
	viewer viewer.Viewer
}

// Follow subscribes to the newest run of an essay, as it is now: first its present state, then newer
// ones, each with a larger Seq; states in between may be left out, the terminal one never. After the
// terminal state the stream is complete. States with Seq up to afterSeq (0 for none) are left out;
// if that leaves nothing of a run that has ended, the stream completes at once.
//
// The error is ErrNotFound when the essay does not exist or the viewer may not see it, ErrClosed
// when the Hub has stopped, else the database's.
func (h *Hub) Follow(ctx context.Context, v viewer.Viewer, essay uuid.UUID, afterSeq int64) (*Subscription[RunState], error) {
	row, err := h.newestRun(ctx, v, essay)
	if err != nil {
		return nil, err
	}
	f := &follower{Subscription: newSubscription[RunState](afterSeq), viewer: v}
	if !h.addFollower(f, row) {
		return nil, ErrClosed
	}
	bind(ctx, h, f.Subscription, func() { h.removeFollower(row.ID, f) })
	return f.Subscription, nil
}

func (h *Hub) addFollower(f *follower, row *ent.ScoringRun) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return false
	}
	state := stateOf(row)
	f.offer(state, state.Seq)
	if state.Terminal() { // for good: nothing of it need be kept
		f.end(nil)
		return true
	}
	r := h.runs[row.ID]
	if r == nil {
		r = &run{followers: map[*follower]struct{}{}}
		h.runs[row.ID] = r
	}
	r.followers[f] = struct{}{}
	// Which run it is was known only after the read, and a change may have been announced between
	// the read and now. Reading once more, together with whatever else changed, closes the gap.
	h.markRun(row.ID)
	return true
}

// removeFollower takes a follower out. The caller holds the mutex.
func (h *Hub) removeFollower(id uuid.UUID, f *follower) {
	r := h.runs[id]
	if r == nil {
		return
	}
	delete(r.followers, f)
	if len(r.followers) == 0 {
		delete(h.runs, id)
		delete(h.dirty, id)
	}
}

// serveRuns hands out newer states until the context ends.
func (h *Hub) serveRuns(ctx context.Context) {
	state := outage{log: h.log}
	poll := time.NewTicker(h.options.PollInterval)
	defer poll.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-h.wakeRuns:
		case <-poll.C:
			h.mu.Lock()
			h.markRuns()
			h.mu.Unlock()
		}
		began := time.Now()
		state.report(ctx, "reading changed runs", h.flush(ctx))
		if !pause(ctx, h.options.FlushInterval-time.Since(began)) {
			return
		}
	}
}

// access names a run that an advisor follows.
type access struct {
	advisor uuid.UUID
	run     uuid.UUID
}

// flush reads the dirty runs and hands their states out. What could not be read stays dirty for the
// next flush.
func (h *Hub) flush(ctx context.Context) error {
	ids, advised := h.takeDirty()
	if len(ids) == 0 {
		return nil
	}
	rows, err := h.readRuns(ctx, ids)
	if err != nil {
		h.mu.Lock()
		defer h.mu.Unlock()
		for _, id := range ids {
			h.keepDirty(id)
		}
		return err
	}
	// Access is asked for after the states were read: what is handed out was allowed at a moment
	// not before the one that it shows.
	allowed := map[access]bool{}
	for advisor, runs := range advised {
		var visible map[uuid.UUID]bool
		var failed error
		if visible, failed = h.visibleRuns(ctx, viewer.Viewer{ID: advisor, Role: enums.RoleAdvisor}, runs); failed != nil {
			err = failed // their followers wait
			continue
		}
		for _, id := range runs {
			allowed[access{advisor, id}] = visible[id]
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, id := range ids {
		h.handOut(id, rows[id], allowed)
	}
	return err
}

// takeDirty empties dirty and returns it, and which of the runs each advisor follows.
func (h *Hub) takeDirty() (ids []uuid.UUID, advised map[uuid.UUID][]uuid.UUID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	ids = make([]uuid.UUID, 0, len(h.dirty))
	advised = map[uuid.UUID][]uuid.UUID{}
	seen := map[access]bool{}
	for id := range h.dirty {
		ids = append(ids, id)
		for f := range h.runs[id].followers {
			a := access{f.viewer.ID, id}
			if f.viewer.Role == enums.RoleAdvisor && !seen[a] {
				seen[a] = true
				advised[a.advisor] = append(advised[a.advisor], id)
			}
		}
	}
	clear(h.dirty)
	return ids, advised
}

// keepDirty leaves a run to the next flush without asking for one, so that a database that fails is
// not asked again and again. The caller holds the mutex.
func (h *Hub) keepDirty(id uuid.UUID) {
	if h.runs[id] != nil {
		h.dirty[id] = struct{}{}
	}
}

// handOut offers a run's state to its followers; row is nil when the run is gone. The caller holds
// the mutex.
func (h *Hub) handOut(id uuid.UUID, row *ent.ScoringRun, allowed map[access]bool) {
	r := h.runs[id]
	if r == nil {
		return
	}
	var state RunState
	if row != nil {
		state = stateOf(row)
	}
	for f := range r.followers {
		var may, known bool
		switch {
		case row == nil:
			h.removeFollower(id, f)
			f.end(ErrNotFound)
			continue
		case f.viewer.Role == enums.RoleAdmin:
			may, known = true, true
		case f.viewer.Role == enums.RoleAdvisor:
			may, known = allowed[access{f.viewer.ID, id}]
		default:
			may, known = f.viewer.ID == state.OwnerID, true
		}
		switch {
		case !known: // not asked yet, or the database did not answer
			h.keepDirty(id)
		case !may:
			h.removeFollower(id, f)
			f.end(ErrRevoked)
		default:
			f.offer(state, state.Seq)
			if state.Terminal() {
				h.removeFollower(id, f)
				f.end(nil)
			}
		}
	}
}
