package progress

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"github.com/lib/pq"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// recorder is a database that notes what it is told and when.
type recorder struct {
	sent  chan []uuid.UUID
	block chan struct{} // when set, each statement waits for a value
	err   error
}

func (r *recorder) send(ctx context.Context, runs []uuid.UUID) error {
	if r.block != nil {
		select {
		case <-r.block:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	r.sent <- runs
	return r.err
}

func newRecorder() *recorder { return &recorder{sent: make(chan []uuid.UUID, 10_000)} }

func (r *recorder) notifier() *Notifier { return newNotifier(slog.New(slog.DiscardHandler), r.send) }

// count is how many statements were sent until now.
func (r *recorder) count() int {
	synctest.Wait()
	return len(r.sent)
}

func TestNotifierLimitsWhatLiesBetween(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRecorder()
		n := r.notifier()
		run := uuid.New()
		for range burst { // each is sent before the next comes
			before := r.count()
			n.Changed(run, false)
			assert.Equal(t, before+1, r.count(), "within the burst at once")
		}
		for range 100 {
			n.Changed(run, false)
		}
		assert.Equal(t, burst, r.count(), "the bucket is empty")

		other := uuid.New()
		n.Changed(other, false)
		assert.Equal(t, burst+1, r.count(), "another run has a bucket of its own")

		time.Sleep(time.Second / perSecond) // the bubble's clock
		assert.Equal(t, burst+2, r.count(), "what was held back is announced once, later")
		time.Sleep(time.Minute)
		assert.Equal(t, burst+2, r.count(), "and not again")

		require.NoError(t, n.Close(t.Context()))
	})
}

func TestNotifierPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRecorder()
		n := r.notifier()
		run := uuid.New()
		const seconds = 10
		for range seconds * 100 {
			n.Changed(run, false)
			time.Sleep(10 * time.Millisecond)
		}
		sent := r.count()
		assert.LessOrEqual(t, sent, burst+seconds*perSecond)
		assert.GreaterOrEqual(t, sent, seconds*perSecond)
		n.Changed(run, false)
		time.Sleep(time.Second)
		assert.Greater(t, r.count(), sent, "the last change is announced after it was made")
		require.NoError(t, n.Close(t.Context()))
	})
}

func TestNotifierUrgent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRecorder()
		n := r.notifier()
		run := uuid.New()
		for range burst {
			n.Changed(run, false)
			synctest.Wait()
		}
		n.Changed(run, false) // held back
		n.Changed(run, true)
		assert.Equal(t, burst+1, r.count(), "a terminal state is not held back")
		time.Sleep(time.Minute)
		assert.Equal(t, burst+1, r.count(), "it covers what was held back")
		require.NoError(t, n.Close(t.Context()))
	})
}

func TestNotifierCoalesces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRecorder()
		r.block = make(chan struct{})
		n := r.notifier()
		first := uuid.New()
		n.Changed(first, true)
		synctest.Wait() // its statement is under way
		var rest []uuid.UUID
		for range 50 {
			rest = append(rest, uuid.New())
			n.Changed(rest[len(rest)-1], true)
			n.Changed(rest[len(rest)-1], false)
		}
		r.block <- struct{}{}
		r.block <- struct{}{}
		synctest.Wait()
		assert.Equal(t, []uuid.UUID{first}, <-r.sent)
		assert.ElementsMatch(t, rest, <-r.sent, "one statement, each run once")
		require.NoError(t, n.Close(t.Context()))
		assert.Empty(t, r.sent)
	})
}

func TestNotifierForgetsIdleRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRecorder()
		n := r.notifier()
		for range 1000 {
			n.Changed(uuid.New(), false)
		}
		time.Sleep(2*forgetAfter + time.Second)
		synctest.Wait()
		n.mu.Lock()
		assert.Empty(t, n.limits.runs)
		assert.Empty(t, n.limits.waiting)
		n.mu.Unlock()
		require.NoError(t, n.Close(t.Context()))
	})
}

func TestNotifierCloseFlushes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRecorder()
		n := r.notifier()
		run := uuid.New()
		for range burst + 1 {
			n.Changed(run, false)
			synctest.Wait()
		}
		require.Equal(t, burst, r.count())
		require.NoError(t, n.Close(t.Context()))
		assert.Equal(t, burst+1, r.count(), "what was held back goes out")
		n.Changed(run, true)
		time.Sleep(time.Minute)
		assert.Equal(t, burst+1, r.count(), "nothing after Close")
		require.NoError(t, n.Close(t.Context()), "again is harmless")
	})
}

func TestNotifierCloseIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRecorder()
		r.block = make(chan struct{}) // the database does not answer
		n := r.notifier()
		n.Changed(uuid.New(), true)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, n.Close(ctx), context.DeadlineExceeded)
	})
}

func TestNotifierSurvivesFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		r := newRecorder()
		r.err = errors.New("the database went away")
		n := newNotifier(slog.New(slog.NewTextHandler(&log, nil)), r.send)
		n.Changed(uuid.New(), true)
		assert.Equal(t, 1, r.count())
		time.Sleep(time.Minute)
		assert.Equal(t, 1, r.count(), "dropped, not repeated")
		r.err = nil
		n.Changed(uuid.New(), true)
		assert.Equal(t, 2, r.count())
		require.NoError(t, n.Close(t.Context()))
		assert.Contains(t, log.String(), "level=WARN")
		assert.Contains(t, log.String(), "the database went away")
	})
}

func TestNotifierSendsIDsOnTheSchemasChannel(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	l := pq.NewListener(w.db.URL, time.Second, time.Second, nil)
	t.Cleanup(func() {
		require.NoError(t, l.Close())
		for range l.Notify { // until its goroutine has ended
		}
	})
	require.NoError(t, l.Listen("rubrica_public_progress"))
	n := NewNotifier(w.db, slog.New(slog.DiscardHandler))
	runs := []string{}
	for range 30 {
		run := uuid.New()
		runs = append(runs, run.String())
		n.Changed(run, false)
	}
	require.NoError(t, n.Close(t.Context()))
	var got []string
	for range runs {
		got = append(got, (<-l.Notify).Extra)
	}
	slices.Sort(runs)
	slices.Sort(got)
	assert.Equal(t, runs, got)
}
