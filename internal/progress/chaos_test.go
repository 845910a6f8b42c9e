package progress

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/internal/pgtest"
	"github.com/rubrica/rubrica/internal/viewer"
)

// observer reads one stream to its end and judges it.
type observer struct {
	name string
	*Subscription[RunState]
	run  uuid.UUID
	last RunState // the newest state it saw
}

// watch returns what the stream did that it must not do. Without an error the stream is complete.
func (o *observer) watch(ctx context.Context) error {
	for {
		select {
		case state, open := <-o.Updates():
			switch {
			case !open && o.Err() != nil:
				return fmt.Errorf("%s: ended by %w", o.name, o.Err())
			case !open && !o.last.Terminal():
				return fmt.Errorf("%s: completed after %s", o.name, o.last.Stage)
			case !open:
				return nil
			case state.RunID != o.run:
				return fmt.Errorf("%s: state of another run", o.name)
			case state.Seq <= o.last.Seq:
				return fmt.Errorf("%s: seq %d came after %d", o.name, state.Seq, o.last.Seq)
			case o.last.Terminal():
				return fmt.Errorf("%s: seq %d came after the end", o.name, state.Seq)
			}
			o.last = state
		case <-ctx.Done():
			return fmt.Errorf("%s: never completed; last %s, seq %d", o.name, o.last.Stage, o.last.Seq)
		}
	}
}

// write carries a run through random states to a terminal one, announcing each. What the database
// refuses while it restarts is tried again until it is there.
func write(ctx context.Context, w *world, n *Notifier, run uuid.UUID, random *rand.Rand) error {
	states := random.IntN(12)
	for i := range states + 1 {
		stage := enums.StageScoring
		percent := stage.Percent() + i
		if i == states {
			stage = []enums.Stage{enums.StageCompleted, enums.StageFailed}[random.IntN(2)]
			percent = 100
		}
		// Whether a statement whose connection broke took effect is not known: a state that is
		// there twice is as good, seq has grown for both.
		for {
			_, err := w.db.SQL.ExecContext(ctx, advance, run, stage, percent, stage.Terminal())
			if err == nil {
				break
			}
			if ctx.Err() != nil {
				return err
			}
		}
		n.Changed(run, stage.Terminal())
	}
	return nil
}

// chaos has three processes on one database follow runs that writers change, while notifications
// are lost and disturb breaks things.
func chaos(t *testing.T, w *world, seed uint64, disturb func(round int)) {
	t.Logf("seed %d", seed)
	log := slog.New(slog.DiscardHandler)
	var lost atomic.Int64
	hubs := make([]*Hub, 3)
	for i := range hubs {
		h := NewHub(w.db, log, Options{FlushInterval: time.Millisecond, PollInterval: 200 * time.Millisecond, MinReconnect: time.Millisecond})
		chance := rand.New(rand.NewPCG(seed, uint64(1000+i)))
		h.drop = func(uuid.UUID) bool { // called by one goroutine
			drop := chance.IntN(3) == 0
			if drop {
				lost.Add(1)
			}
			return drop
		}
		_, stop := w.startHub(h)
		defer stop()
		hubs[i] = h
	}
	n := NewNotifier(w.db, log)
	defer func() { assert.NoError(t, n.Close(context.Background())) }()

	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	const runs, rounds = 25, 4
	for round := range rounds {
		var reading, writing errgroup.Group
		var observers []*observer
		for i := range runs {
			essay, run := w.submit(w.ada)
			for j, h := range hubs {
				for _, v := range []viewer.Viewer{w.ada, w.advisor, w.admin} {
					o := &observer{name: fmt.Sprintf("round %d, run %d, process %d, %s", round, i, j, v.Role), run: run,
						Subscription: follow(t, h, v, essay, 0)}
					observers = append(observers, o)
					reading.Go(func() error { return o.watch(ctx) })
				}
			}
			random := rand.New(rand.NewPCG(seed, uint64(round*runs+i)))
			writing.Go(func() error { return write(ctx, w, n, run, random) })
		}
		disturb(round)
		require.NoError(t, writing.Wait())
		require.NoError(t, reading.Wait())
		for _, o := range observers {
			var final int64
			require.NoError(t, w.db.SQL.QueryRow(`SELECT seq FROM scoring_runs WHERE id = $1`, o.run).Scan(&final))
			require.Equal(t, final, o.last.Seq, o.name)
		}
	}
	for _, h := range hubs {
		assert.Zero(t, h.Stats().Followers)
		assert.Zero(t, h.Stats().Runs)
	}
	t.Logf("notifications lost: %d", lost.Load())
}

func TestFollowersAgreeWithTheDatabaseUnderLostConnections(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.db.SQL.SetMaxOpenConns(20)
	chaos(t, w, rand.Uint64(), func(int) { w.killListeners() })
}

func TestFollowersAgreeWithTheDatabaseUnderRestarts(t *testing.T) {
	t.Parallel()
	server := pgtest.OwnServer(t, 18)
	w := worldAt(t, server.New(t).URL())
	w.db.SQL.SetMaxOpenConns(20)
	chaos(t, w, rand.Uint64(), func(round int) {
		if round%2 == 0 {
			server.Restart(t)
			w.db.SQL.SetMaxIdleConns(0) // for the test's own statements: dead ones are not used again
			w.db.SQL.SetMaxIdleConns(20)
		}
	})
}

// Two thousand subscribers cost what the runs cost that they follow.
func TestManyFollowersCostOneReadPerFlush(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.hub(Options{PollInterval: never})
	n := NewNotifier(w.db, slog.New(slog.DiscardHandler))
	const runs, followers = 200, 2000
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()

	var reading errgroup.Group
	ids := make([]uuid.UUID, runs)
	for i := range ids {
		var essay uuid.UUID
		essay, ids[i] = w.submit(w.ada)
		for j := range followers / runs {
			v := []viewer.Viewer{w.ada, w.admin}[j%2]
			o := &observer{name: fmt.Sprintf("run %d, follower %d", i, j), run: ids[i], Subscription: follow(t, h, v, essay, 0)}
			reading.Go(func() error { return o.watch(ctx) })
		}
	}
	require.Equal(t, followers, h.Stats().Followers)
	began := time.Now()
	before := h.Stats()
	random := rand.New(rand.NewPCG(1, 1))
	for _, run := range ids {
		require.NoError(t, write(ctx, w, n, run, random))
	}
	require.NoError(t, reading.Wait())
	after := h.Stats()
	flushes := int64(time.Since(began)/h.options.FlushInterval) + 2
	assert.LessOrEqual(t, after.RunReads-before.RunReads, flushes, "one statement a flush")
	assert.Zero(t, after.AccessReads)
	assert.EqualValues(t, followers, after.FollowReads, "one statement to begin each")
	assert.Zero(t, after.Runs)
	require.NoError(t, n.Close(t.Context()))
	t.Logf("%d statements for %d followers", after.RunReads-before.RunReads, followers)
}

// BenchmarkHandOut is one event of one run to ten thousand followers, all of whom read it.
func BenchmarkHandOut(b *testing.B) {
	h := NewHub(nil, slog.New(slog.DiscardHandler), Options{})
	row := &ent.ScoringRun{ID: uuid.New(), Stage: enums.StageQueued, Seq: 1}
	const followers = 10_000
	all := make([]*follower, followers)
	for i := range all {
		all[i] = &follower{Subscription: newSubscription[RunState](0), viewer: viewer.Viewer{Role: enums.RoleAdmin}}
		h.addFollower(all[i], row)
	}
	b.ReportAllocs()
	for b.Loop() {
		row = &ent.ScoringRun{ID: row.ID, Stage: enums.StageScoring, Seq: row.Seq + 1}
		h.mu.Lock()
		h.handOut(row.ID, row, nil)
		h.mu.Unlock()
		for _, f := range all {
			<-f.Updates()
		}
	}
	b.ReportMetric(float64(followers)*float64(b.N)/b.Elapsed().Seconds(), "events/s")
}
