package progress

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/internal/viewer"
)

var quick = Options{PollInterval: 10 * time.Millisecond, ActivityInterval: time.Millisecond}

func watch(t testing.TB, h *Hub, v viewer.Viewer, scope Scope, afterSeq int64) *Subscription[Activity] {
	t.Helper()
	s, err := h.Watch(t.Context(), v, scope, afterSeq)
	require.NoError(t, err)
	return s
}

func (a Activity) count(stage enums.Stage) int {
	for _, c := range a.Stages {
		if c.Stage == stage {
			return c.Count
		}
	}
	return -1
}

// learners lists whose runs the newest changes are about.
func (a Activity) learners() []string {
	var names []string
	for _, c := range a.Newest {
		names = append(names, c.Learner)
	}
	return names
}

func TestWatchIsForWhoMaySee(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.hub(quick)
	missing := uuid.New()
	learning := viewer.Viewer{ID: uuid.New(), Role: enums.RoleAdvisor} // is in the cohort, but to learn
	w.exec(`INSERT INTO users (id, created_at, name, email) VALUES ($1, now(), 'Eve', 'eve@example.org')`, learning.ID)
	w.join(w.cohort, learning, enums.MemberLearner)
	for name, test := range map[string]struct {
		viewer viewer.Viewer
		scope  Scope
		err    error
	}{
		"learner, everything":            {w.ada, Scope{}, ErrForbidden},
		"learner, own cohort":            {w.ada, Scope{CohortID: &w.cohort}, ErrForbidden},
		"nobody":                         {viewer.Viewer{}, Scope{}, ErrForbidden},
		"advisor, everything":            {w.advisor, Scope{}, nil},
		"advisor, own cohort":            {w.advisor, Scope{CohortID: &w.cohort}, nil},
		"advisor, another's cohort":      {w.advisor, Scope{CohortID: &w.otherCohort}, ErrNotFound},
		"advisor, no such cohort":        {w.advisor, Scope{CohortID: &missing}, ErrNotFound},
		"advisor, a track":               {w.advisor, Scope{TrackID: &w.otherTrack}, nil},
		"advisor, no such track":         {w.advisor, Scope{TrackID: &missing}, ErrNotFound},
		"advisor, learner in the cohort": {learning, Scope{CohortID: &w.cohort}, ErrNotFound},
		"admin, everything":              {w.admin, Scope{}, nil},
		"admin, a cohort":                {w.admin, Scope{CohortID: &w.otherCohort}, nil},
		"admin, no such cohort":          {w.admin, Scope{CohortID: &missing}, ErrNotFound},
		"admin, cohort and track":        {w.admin, Scope{CohortID: &w.cohort, TrackID: &w.track}, nil},
	} {
		s, err := h.Watch(t.Context(), test.viewer, test.scope, 0)
		require.ErrorIs(t, err, test.err, name)
		if err == nil {
			next(t, s)
		}
	}
}

func TestWatchShowsItsScope(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.hub(quick)
	w.submit(w.ada)
	_, scoring := w.submit(w.ada)
	w.set(scoring, enums.StageScoring)
	essay, done := w.submitTo(w.bob, w.otherQuestion)
	w.set(done, enums.StageCompleted)
	_, old := w.submit(w.bob)
	w.set(old, enums.StageFailed)
	w.exec(`UPDATE scoring_runs SET finished_at = now() - interval '61 minutes', changed_at = now() - interval '61 minutes' WHERE id = $1`, old)

	for name, test := range map[string]struct {
		viewer                    viewer.Viewer
		scope                     Scope
		queued, scoring, complete int
		learners                  []string
	}{
		"admin, everything":     {w.admin, Scope{}, 1, 1, 1, []string{"Bob", "Ada", "Ada", "Bob"}},
		"admin, cohort":         {w.admin, Scope{CohortID: &w.otherCohort}, 0, 0, 1, []string{"Bob", "Bob"}},
		"admin, track":          {w.admin, Scope{TrackID: &w.track}, 1, 1, 0, []string{"Ada", "Ada", "Bob"}},
		"admin, cohort × track": {w.admin, Scope{CohortID: &w.otherCohort, TrackID: &w.track}, 0, 0, 0, []string{"Bob"}},
		"advisor, everything":   {w.advisor, Scope{}, 1, 1, 0, []string{"Ada", "Ada"}},
		"advisor, cohort":       {w.advisor, Scope{CohortID: &w.cohort}, 1, 1, 0, []string{"Ada", "Ada"}},
		"advisor, track":        {w.advisor, Scope{TrackID: &w.otherTrack}, 0, 0, 0, nil},
	} {
		a := next(t, watch(t, h, test.viewer, test.scope, 0))
		require.Len(t, a.Stages, len(enums.Stage("").Values()), name)
		assert.Equal(t, test.queued, a.count(enums.StageQueued), name)
		assert.Equal(t, test.scoring, a.count(enums.StageScoring), name)
		assert.Equal(t, test.complete, a.count(enums.StageCompleted), name)
		assert.Zero(t, a.count(enums.StageFailed), "%s: it ended more than an hour ago", name)
		assert.InDelta(t, float64(test.complete)/5, a.RatePerMinute, 1e-9, name)
		assert.Equal(t, test.learners, a.learners(), name)
		assert.Positive(t, a.Seq, name)
		assert.False(t, a.At.IsZero(), name)
	}

	newest := next(t, watch(t, h, w.admin, Scope{}, 0)).Newest[0]
	assert.Equal(t, done, newest.RunID)
	assert.Equal(t, essay, newest.EssayID)
	assert.Equal(t, "Caching", newest.Question)
	assert.Equal(t, enums.StageCompleted, newest.Stage)
	assert.Equal(t, 100, newest.Percent)
	require.NotNil(t, newest.OverallPercent)
	assert.InDelta(t, 75.5, *newest.OverallPercent, 1e-9)
	var changed time.Time
	require.NoError(t, w.db.SQL.QueryRow(`SELECT changed_at FROM scoring_runs WHERE id = $1`, done).Scan(&changed))
	assert.True(t, changed.Equal(newest.ChangedAt), "to the microsecond")
}

func TestWatchShowsTwentyChanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.hub(quick)
	for range newestChanges + 5 {
		w.submit(w.ada)
	}
	a := next(t, watch(t, h, w.admin, Scope{}, 0))
	require.Len(t, a.Newest, newestChanges)
	for i := range newestChanges - 1 {
		assert.False(t, a.Newest[i].ChangedAt.Before(a.Newest[i+1].ChangedAt))
	}
	assert.Equal(t, newestChanges+5, a.count(enums.StageQueued))
}

func TestWatchFollowsChanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.hub(Options{PollInterval: never, ActivityInterval: time.Millisecond})
	s := watch(t, h, w.advisor, Scope{CohortID: &w.cohort}, 0)
	a := next(t, s)
	assert.Empty(t, a.Newest)
	_, run := w.submit(w.ada)
	for _, stage := range []enums.Stage{enums.StageQueued, enums.StageScoring, enums.StageCompleted} {
		if stage != enums.StageQueued {
			w.set(run, stage)
		}
		w.announce(run)
		b := next(t, s)
		assert.Equal(t, 1, b.count(stage))
		assert.Greater(t, b.Seq, a.Seq)
		a = b
	}
}

// drive lets a still Hub read what is due, as serveScopes does, without its pace.
func drive(t testing.TB, h *Hub) {
	t.Helper()
	h.changedAll()
	h.mu.Lock()
	for _, g := range h.groups {
		g.next = time.Time{}
	}
	h.mu.Unlock()
	for {
		key, g, _ := h.nextDue(time.Now())
		if g == nil {
			return
		}
		require.NoError(t, h.refresh(t.Context(), key, g))
	}
}

func TestWatchIsSilentWhenNothingInItsScopeChanged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.stillHub()
	s := watch(t, h, w.admin, Scope{CohortID: &w.cohort}, 0)
	drive(t, h)
	first := next(t, s)
	w.submit(w.bob) // seq grows, the content of this scope does not change
	drive(t, h)
	nothing(t, s)
	w.submit(w.ada)
	drive(t, h)
	assert.Greater(t, next(t, s).Seq, first.Seq+1)
}

func TestWatchAfterSeq(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.stillHub()
	w.submit(w.ada)
	first := watch(t, h, w.admin, Scope{}, 0)
	drive(t, h)
	seen := next(t, first)
	again := watch(t, h, w.admin, Scope{}, seen.Seq)
	ahead := watch(t, h, w.admin, Scope{}, seen.Seq+1_000_000_000)
	drive(t, h)
	if w.xid() == seen.Seq { // nobody else on this server commits just now
		nothing(t, again)
	}
	w.submit(w.ada)
	drive(t, h)
	assert.Greater(t, next(t, again).Seq, seen.Seq)
	assert.Equal(t, 2, next(t, first).count(enums.StageQueued))
	nothing(t, ahead)
}

// xid is what snapshotSeq is now.
func (w *world) xid() int64 {
	w.t.Helper()
	var seq int64
	require.NoError(w.t, w.db.SQL.QueryRow(`SELECT `+snapshotSeq+` FROM (SELECT pg_current_snapshot() AS s) x`).Scan(&seq))
	return seq
}

func TestWatchersShareOneRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.stillHub()
	otherAdmin := viewer.Viewer{ID: uuid.New(), Role: enums.RoleAdmin}
	var all []*Subscription[Activity]
	for range 100 {
		all = append(all, watch(t, h, w.admin, Scope{}, 0), watch(t, h, otherAdmin, Scope{}, 0))
	}
	assert.Equal(t, 1, h.Stats().Scopes, "all admins see the same")
	drive(t, h)
	assert.EqualValues(t, 1, h.Stats().ActivityReads)
	for _, s := range all {
		next(t, s)
	}
	watch(t, h, w.advisor, Scope{}, 0)
	watch(t, h, w.admin, Scope{CohortID: &w.cohort}, 0)
	assert.Equal(t, 3, h.Stats().Scopes, "an advisor sees less, a cohort is less")
	drive(t, h)
	assert.EqualValues(t, 4, h.Stats().ActivityReads)
}

func TestWatchPace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.stillHub()
	watch(t, h, w.admin, Scope{}, 0)
	now := time.Now()
	_, g, _ := h.nextDue(now)
	require.NotNil(t, g, "the first state is read at once")
	h.changedAll()
	_, g, wait := h.nextDue(now.Add(time.Millisecond))
	require.Nil(t, g)
	assert.Equal(t, 249*time.Millisecond, wait, "four a second")
	_, g, _ = h.nextDue(now.Add(250 * time.Millisecond))
	require.NotNil(t, g)
	_, g, wait = h.nextDue(now.Add(never))
	require.Nil(t, g)
	assert.Zero(t, wait, "nothing changed")
}

func TestWatchEndsWithTheRight(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.hub(quick)
	s := watch(t, h, w.advisor, Scope{CohortID: &w.cohort}, 0)
	everything := watch(t, h, w.advisor, Scope{}, 0)
	w.submit(w.ada)
	until(t, everything, func(a Activity) bool { return len(a.Newest) == 1 })
	next(t, s)
	w.leave(w.advisor)
	for {
		if _, open := <-s.Updates(); !open {
			break
		}
	}
	require.ErrorIs(t, s.Err(), ErrRevoked)
	until(t, everything, func(a Activity) bool { return len(a.Newest) == 0 })

	gone := watch(t, h, w.admin, Scope{CohortID: &w.cohort}, 0)
	next(t, gone)
	w.exec(`DELETE FROM cohorts WHERE id = $1`, w.cohort)
	for {
		if _, open := <-gone.Updates(); !open {
			break
		}
	}
	require.ErrorIs(t, gone.Err(), ErrRevoked)
}

func TestWatchEndsWithItsContext(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.hub(quick)
	ctx, cancel := context.WithCancel(t.Context())
	s, err := h.Watch(ctx, w.admin, Scope{}, 0)
	require.NoError(t, err)
	next(t, s)
	cancel()
	require.ErrorIs(t, over(t, s), context.Canceled)
	assert.Zero(t, h.Stats().Watchers)
	assert.Zero(t, h.Stats().Scopes)
}

func TestWatchSurvivesErrorsOfTheDatabase(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.hub(quick)
	s := watch(t, h, w.admin, Scope{}, 0)
	next(t, s)
	w.exec(`ALTER TABLE scoring_runs RENAME TO away`)
	failures := h.Stats().Failures
	require.Eventually(t, func() bool { return h.Stats().Failures > failures }, patience, time.Millisecond)
	w.exec(`ALTER TABLE away RENAME TO scoring_runs`)
	w.submit(w.ada)
	until(t, s, func(a Activity) bool { return a.count(enums.StageQueued) == 1 })
}

// A run leaves the windows as time passes, though nobody commits anything.
func TestWatchNoticesTimePassing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.hub(quick)
	_, run := w.submit(w.ada)
	w.set(run, enums.StageCompleted)
	s := watch(t, h, w.admin, Scope{}, 0)
	last := until(t, s, func(a Activity) bool { return a.count(enums.StageCompleted) == 1 })
	w.exec(`UPDATE scoring_runs SET finished_at = now() - interval '1 hour' + interval '1 second'`)
	for last.count(enums.StageCompleted) == 1 {
		a := next(t, s)
		assert.Greater(t, a.Seq, last.Seq)
		last = a
	}
	assert.Len(t, last.Newest, 1, "it is still among the newest changes")
}

func TestShowWaitsForASeqOfItsOwn(t *testing.T) {
	t.Parallel()
	h := &Hub{}
	w := &watcher{Subscription: newSubscription[Activity](0)}
	g := &group{watchers: map[*watcher]struct{}{w: {}}}
	h.show(g, Activity{Seq: 10, RatePerMinute: 1})
	assert.EqualValues(t, 10, next(t, w.Subscription).Seq)
	h.show(g, Activity{Seq: 9, RatePerMinute: 2}) // after a crash of the server
	h.show(g, Activity{Seq: 10, RatePerMinute: 2})
	nothing(t, w.Subscription)
	h.show(g, Activity{Seq: 11, RatePerMinute: 2})
	a := next(t, w.Subscription)
	assert.EqualValues(t, 11, a.Seq)
	assert.InDelta(t, 2, a.RatePerMinute, 0)
}
