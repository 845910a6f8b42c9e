package progress

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/internal/viewer"
)

// pushed is a Hub that learns of changes by notifications alone.
var pushed = Options{FlushInterval: time.Millisecond, PollInterval: never}

// polled is one that reads everything again and again.
var polled = Options{FlushInterval: time.Millisecond, PollInterval: 10 * time.Millisecond}

func TestFollowFromPresentToTerminal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.hub(pushed)
	n := NewNotifier(w.db, slog.New(slog.DiscardHandler))
	essay, run := w.submit(w.ada)
	s := follow(t, h, w.ada, essay, 0)

	present := next(t, s)
	assert.Equal(t, run, present.RunID)
	assert.Equal(t, essay, present.EssayID)
	assert.Equal(t, w.ada.ID, present.OwnerID)
	assert.Equal(t, 1, present.Number)
	assert.Equal(t, enums.StageQueued, present.Stage)
	assert.EqualValues(t, 1, present.Seq)
	assert.Equal(t, w.track, present.Row.TrackID)
	assert.Empty(t, present.Row.Flags)
	assert.Nil(t, present.Row.FinishedAt)

	for i, stage := range []enums.Stage{enums.StageEmbedding, enums.StageScoring, enums.StageExplaining, enums.StageRecommending, enums.StageCompleted} {
		w.set(run, stage)
		n.Changed(run, stage.Terminal())
		state := next(t, s)
		assert.Equal(t, stage, state.Stage)
		assert.Equal(t, stage.Percent(), state.Percent)
		assert.EqualValues(t, i+2, state.Seq)
		assert.Equal(t, stage.Terminal(), state.Terminal())
		assert.Equal(t, stage.Terminal(), state.Row.OverallPercent != nil)
	}
	require.NoError(t, over(t, s))
	assert.Zero(t, h.Stats().Followers)
	assert.Zero(t, h.Stats().Runs)
	require.NoError(t, n.Close(t.Context()))
}

func TestFollowWhatHasEnded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.hub(pushed)
	essay, run := w.submit(w.ada)
	seq := w.set(run, enums.StageFailed)

	s := follow(t, h, w.ada, essay, 0)
	assert.Equal(t, enums.StageFailed, next(t, s).Stage)
	require.NoError(t, over(t, s))

	s = follow(t, h, w.ada, essay, seq-1)
	assert.Equal(t, seq, next(t, s).Seq)
	require.NoError(t, over(t, s))

	require.NoError(t, over(t, follow(t, h, w.ada, essay, seq)), "nothing is newer")
	assert.Zero(t, h.Stats().Runs)
}

func TestFollowAfterSeq(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.stillHub()
	essay, run := w.submit(w.ada)
	seq := w.set(run, enums.StageEmbedding)
	seen := follow(t, h, w.ada, essay, seq)
	beyond := follow(t, h, w.ada, essay, seq+2)
	settle(t, h)
	nothing(t, seen)
	newer := w.set(run, enums.StageScoring)
	settle(t, h)
	assert.Equal(t, newer, next(t, seen).Seq)
	settle(t, h)
	nothing(t, seen)
	nothing(t, beyond)
	last := w.set(run, enums.StageCompleted)
	require.Equal(t, seq+2, last)
	settle(t, h)
	assert.Equal(t, last, next(t, seen).Seq)
	require.NoError(t, over(t, seen))
	require.NoError(t, over(t, beyond), "the end completes the stream also of who has seen it")
}

func TestFollowBindsToTheNewestRun(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.hub(pushed)
	essay, first := w.submit(w.ada)
	old := follow(t, h, w.ada, essay, 0)
	next(t, old)
	ended := w.set(first, enums.StageFailed)
	second := w.addRun(essay)
	s := follow(t, h, w.ada, essay, ended)
	state := next(t, s)
	assert.Equal(t, second, state.RunID)
	assert.Equal(t, 2, state.Number)
	assert.Equal(t, ended+1, state.Seq, "seq goes on through the runs")
	w.announce(first)
	assert.Equal(t, first, next(t, old).RunID, "who followed the first run gets its end")
	require.NoError(t, over(t, old))
}

func TestFollowIsForWhoMaySee(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.hub(pushed)
	essay, run := w.submit(w.ada)
	for name, test := range map[string]struct {
		viewer viewer.Viewer
		may    bool
	}{
		"owner":           {w.ada, true},
		"another learner": {w.bob, false},
		"her advisor":     {w.advisor, true},
		"another advisor": {viewer.Viewer{ID: uuid.New(), Role: enums.RoleAdvisor}, false},
		"admin":           {w.admin, true},
		"nobody":          {viewer.Viewer{}, false},
		"an unknown role": {viewer.Viewer{ID: uuid.New(), Role: "ROOT"}, false},
		"learner as fellow": {func() viewer.Viewer {
			fellow := viewer.Viewer{ID: uuid.New(), Role: enums.RoleLearner}
			w.exec(`INSERT INTO users (id, created_at, name, email) VALUES ($1, now(), 'Eve', 'eve@example.org')`, fellow.ID)
			w.join(w.cohort, fellow, enums.MemberLearner)
			return fellow
		}(), false},
	} {
		s, err := h.Follow(t.Context(), test.viewer, essay, 0)
		if !test.may {
			_, missing := h.Follow(t.Context(), test.viewer, uuid.New(), 0)
			require.ErrorIs(t, err, ErrNotFound, name)
			assert.Equal(t, missing, err, "%s can't tell hidden from missing", name)
			continue
		}
		require.NoError(t, err, name)
		assert.Equal(t, run, next(t, s).RunID, name)
	}
}

func TestFollowGivesASlowReaderTheNewest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.stillHub()
	essay, run := w.submit(w.ada)
	s := follow(t, h, w.ada, essay, 0)
	for _, stage := range []enums.Stage{enums.StageEmbedding, enums.StageScoring, enums.StageExplaining} {
		w.set(run, stage)
		settle(t, h)
	}
	assert.Equal(t, enums.StageExplaining, next(t, s).Stage)
	w.set(run, enums.StageRecommending)
	settle(t, h)
	last := w.set(run, enums.StageCompleted)
	settle(t, h)
	assert.Zero(t, h.Stats().Runs)
	assert.Equal(t, last, next(t, s).Seq, "the terminal state waits for the reader")
	require.NoError(t, over(t, s))
}

// What changes between the read that finds the run and the registration is not missed, even if its
// notification came before there was anybody to mark.
func TestFollowMissesNothingBetweenReadAndRegistration(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.hub(pushed)
	essay, run := w.submit(w.ada)
	stale, err := h.newestRun(t.Context(), w.ada, essay)
	require.NoError(t, err)
	newer := w.set(run, enums.StageScoring)
	f := &follower{Subscription: newSubscription[RunState](0), viewer: w.ada}
	require.True(t, h.addFollower(f, stale))
	assert.Equal(t, newer, until(t, f.Subscription, func(s RunState) bool { return s.Seq > stale.Seq }).Seq)
}

func TestFollowWithoutAnyNotification(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.hub(polled)
	essay, run := w.submit(w.ada)
	s := follow(t, h, w.ada, essay, 0)
	for _, stage := range []enums.Stage{enums.StageQueued, enums.StageScoring, enums.StageCompleted} {
		if stage != enums.StageQueued {
			w.set(run, stage)
		}
		assert.Equal(t, stage, next(t, s).Stage)
	}
	require.NoError(t, over(t, s))
}

func TestFollowReadsAtOnceAfterReconnect(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := NewHub(w.db, slog.New(slog.DiscardHandler), pushed)
	h.drop = func(uuid.UUID) bool { return true }
	_, stop := w.startHub(h)
	t.Cleanup(stop)
	essay, run := w.submit(w.ada)
	stale, err := h.newestRun(t.Context(), w.ada, essay)
	require.NoError(t, err)
	w.set(run, enums.StageEmbedding)
	f := &follower{Subscription: newSubscription[RunState](0), viewer: w.ada}
	require.True(t, h.addFollower(f, stale))
	until(t, f.Subscription, func(s RunState) bool { return s.Stage == enums.StageEmbedding }) // the first flush is over
	w.set(run, enums.StageScoring)
	w.killListeners()
	assert.Equal(t, enums.StageScoring, next(t, f.Subscription).Stage)
}

// killListeners ends the database's sessions that LISTEN.
func (w *world) killListeners() {
	w.t.Helper()
	w.exec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'`)
}

func TestFollowHasOneListener(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.hub(pushed)
	for range 20 {
		essay, _ := w.submit(w.ada)
		follow(t, h, w.ada, essay, 0)
	}
	var listeners int
	require.NoError(t, w.db.SQL.QueryRow(`SELECT count(*) FROM pg_stat_activity
		WHERE datname = current_database() AND query LIKE 'LISTEN%'`).Scan(&listeners))
	assert.Equal(t, 1, listeners)
}

func TestFollowEndsWithTheRight(t *testing.T) {
	t.Parallel()
	for name, options := range map[string]Options{"at a change": pushed, "without one": polled} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			h := w.hub(options)
			essay, run := w.submit(w.ada)
			advised := follow(t, h, w.advisor, essay, 0)
			own := follow(t, h, w.ada, essay, 0)
			next(t, advised)
			next(t, own)
			w.leave(w.advisor)
			if options == pushed {
				w.set(run, enums.StageScoring)
				w.announce(run)
				assert.Equal(t, enums.StageScoring, next(t, own).Stage, "others go on")
			}
			require.ErrorIs(t, over(t, advised), ErrRevoked)
			assert.Equal(t, 1, h.Stats().Followers)
		})
	}
}

func TestFollowTakesBackWhatWasNotReadBeforeRevocation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.hub(polled)
	essay, _ := w.submit(w.ada)
	s := follow(t, h, w.advisor, essay, 0)
	w.leave(w.advisor)
	require.Eventually(t, func() bool { return h.Stats().Followers == 0 }, patience, time.Millisecond)
	require.ErrorIs(t, over(t, s), ErrRevoked)
}

func TestFollowOfAnErasedEssay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.hub(polled)
	essay, _ := w.submit(w.ada)
	s := follow(t, h, w.admin, essay, 0)
	next(t, s)
	w.exec(`DELETE FROM essays WHERE id = $1`, essay)
	require.ErrorIs(t, over(t, s), ErrNotFound)
}

func TestFollowAsksOncePerAdvisor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.stillHub()
	var streams []*Subscription[RunState]
	var runs []uuid.UUID
	for range 20 {
		essay, run := w.submit(w.ada)
		runs = append(runs, run)
		for range 5 {
			s := follow(t, h, w.advisor, essay, 0)
			next(t, s)
			streams = append(streams, s)
		}
	}
	for _, run := range runs {
		w.set(run, enums.StageCompleted)
	}
	settle(t, h)
	for _, s := range streams {
		assert.True(t, next(t, s).Terminal())
		require.NoError(t, over(t, s))
	}
	assert.EqualValues(t, 1, h.Stats().RunReads)
	assert.EqualValues(t, 1, h.Stats().AccessReads)
}

func TestFollowSurvivesErrorsOfTheDatabase(t *testing.T) {
	t.Parallel()
	for name, statements := range map[string][2]string{
		"of the read": {`ALTER TABLE scoring_runs RENAME TO away`, `ALTER TABLE away RENAME TO scoring_runs`},
		"of access":   {`ALTER TABLE memberships RENAME TO away`, `ALTER TABLE away RENAME TO memberships`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			h := w.hub(polled)
			essay, run := w.submit(w.ada)
			s := follow(t, h, w.advisor, essay, 0)
			next(t, s)
			w.exec(statements[0])
			failures := h.Stats().Failures
			require.Eventually(t, func() bool { return h.Stats().Failures > failures }, patience, time.Millisecond)
			assert.Equal(t, 1, h.Stats().Followers)
			w.exec(statements[1])
			w.set(run, enums.StageCompleted)
			assert.True(t, next(t, s).Terminal())
			require.NoError(t, over(t, s))
		})
	}
}

func TestFollowEndsWithItsContext(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.hub(pushed)
	essay, run := w.submit(w.ada)
	ctx, cancel := context.WithCancel(t.Context())
	gone, err := h.Follow(ctx, w.ada, essay, 0)
	require.NoError(t, err)
	next(t, gone)
	stays := follow(t, h, w.ada, essay, 0)
	next(t, stays)
	cancel()
	require.ErrorIs(t, over(t, gone), context.Canceled)
	assert.Equal(t, 1, h.Stats().Followers)
	w.set(run, enums.StageCompleted)
	w.announce(run)
	assert.True(t, next(t, stays).Terminal())

	_, err = h.Follow(ctx, w.ada, essay, 0)
	require.ErrorIs(t, err, context.Canceled)
}

func TestHubEndsAllStreams(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h, stop := w.startHub(NewHub(w.db, slog.New(slog.DiscardHandler), pushed))
	essay, _ := w.submit(w.ada)
	run := follow(t, h, w.ada, essay, 0)
	next(t, run)
	activity, err := h.Watch(t.Context(), w.admin, Scope{}, 0)
	require.NoError(t, err)
	next(t, activity)
	stop()
	require.ErrorIs(t, over(t, run), ErrClosed)
	require.ErrorIs(t, over(t, activity), ErrClosed)
	_, err = h.Follow(t.Context(), w.ada, essay, 0)
	require.ErrorIs(t, err, ErrClosed)
	_, err = h.Watch(t.Context(), w.admin, Scope{}, 0)
	require.ErrorIs(t, err, ErrClosed)
	require.Error(t, h.Run(t.Context()), "a Hub runs once")
}

// Without LISTEN the Hub polls, and stops as promptly.
func TestHubStopsWhileTheDatabaseIsAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	away := *w.db
	away.URL = "postgres:///x?host=" + t.TempDir() + "&sslmode=disable"
	h := NewHub(&away, slog.New(slog.DiscardHandler), Options{MinReconnect: time.Millisecond, MaxReconnect: time.Millisecond, PollInterval: 10 * time.Millisecond})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- h.Run(ctx) }()
	essay, run := w.submit(w.ada)
	s := follow(t, h, w.ada, essay, 0) // LISTEN is down, the pool is not: the poll serves
	next(t, s)
	w.set(run, enums.StageCompleted)
	assert.True(t, next(t, s).Terminal())
	assert.False(t, h.Stats().Listening)
	cancel()
	require.NoError(t, <-done)
}
