package e2e_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/internal/demo"
	"github.com/rubrica/rubrica/internal/embeddedpg"
	"github.com/rubrica/rubrica/internal/pgtest"
)

const (
	replicaCount         = 3
	essaysOfReplicas     = 20
	subscribersPerEssay  = 3
	retryPause           = 50 * time.Millisecond
	replicasTimeout      = 90 * time.Second
	activitySubscription = `subscription Activity($afterSeq: Sequence) {
  scoringActivity(scope: {everything: true}, afterSeq: $afterSeq) { seq stages { stage count } }
}`
)

// replicas are several processes on one database.
type replicas struct {
	*installation
	processes [replicaCount]*process
	broken    atomic.Int64 // streams that ended before they completed
}

// as speaks to one of the replicas.
func (r *replicas) as(n int, token string) *demo.Client {
	return &demo.Client{URL: r.processes[n%replicaCount].url, Token: token}
}

// Three processes start at once on an empty database and share it. Subscribers on all of them see
// every essay come to its end in order and once, while listeners are cut off, Postgres restarts, a
// process is stopped and clients change replicas.
func TestReplicasAgree(t *testing.T) {
	t.Parallel()
	defer httpClient.CloseIdleConnections()
	version := int(number(t, pgtest.VersionVariable, embeddedpg.DefaultVersion)) //nolint:gosec // small
	server := pgtest.OwnServer(t, version)
	database := server.Empty(t)
	r := &replicas{installation: install(t, database)}
	for i := range r.processes {
		r.processes[i] = r.launch()
	}
	for _, p := range r.processes {
		p.await()
	}
	ctx, cancel := context.WithTimeout(t.Context(), replicasTimeout)
	defer cancel()

	// Read before Postgres restarts under the pool of the test.
	tokens, samples, questions := map[string]string{}, r.samples(), map[string]string{}
	for _, who := range append([]string{"arno", "ada"}, learners...) {
		tokens[who] = r.token(who)
	}
	for _, s := range samples {
		questions[s.slug] = r.question(s.slug)
	}

	var watching sync.WaitGroup
	for i, subscribe := range []subscribeFunc{overWebSocket, overSSE} {
		watching.Go(func() { r.watch(ctx, subscribe, i, tokens["ada"]) })
	}
	for i := range essaysOfReplicas {
		who, s := learners[i%len(learners)], samples[i*7%len(samples)]
		essay := r.submit(ctx, i, tokens[who], questions[s.slug], s.text)
		for k := range subscribersPerEssay {
			token, subscribe := tokens[who], overWebSocket
			if k == subscribersPerEssay-1 {
				token = tokens["ada"] // an admin follows too
			}
			if (i+k)%2 == 0 {
				subscribe = overSSE
			}
			watching.Go(func() { r.follow(ctx, subscribe, i+k, token, essay) })
		}
		switch i {
		case 4:
			assert.GreaterOrEqual(t, r.cutListeners(), replicaCount, "every process listens")
		case 9:
			server.Restart(t)
			r.db = database.DB(t) // the connections of the pool before are dead
		case 13:
			r.processes[replicaCount-1].stop() // in good order; its clients go elsewhere
		case 16:
			r.cutListeners()
		}
	}
	watching.Wait()

	lost, doubled := r.audit()
	assert.Zero(t, lost)
	assert.Zero(t, doubled)
	assert.Equal(t, essaysOfReplicas, r.count(`SELECT count(*) FROM essays`))
	t.Logf("%d processes, %d essays, %d subscribers, %d streams broke and were taken up elsewhere",
		replicaCount, essaysOfReplicas, essaysOfReplicas*subscribersPerEssay, r.broken.Load())
	for _, p := range r.processes[:replicaCount-1] {
		p.stop()
	}
}

// cutListeners ends the connections that wait for notifications, and returns how many there were.
func (r *replicas) cutListeners() int {
	r.t.Helper()
	return r.count(`SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
		WHERE datname = current_database() AND query ILIKE 'LISTEN%' AND pid <> pg_backend_pid()`)
}

// submit submits an essay to one replica after the other until one takes it.
func (r *replicas) submit(ctx context.Context, n int, token, question, text string) string {
	r.t.Helper()
	for try := n; ; try++ {
		answer, err := submit(ctx, r.as(try, token), question, text, fmt.Sprintf("essay-%d", n))
		if err == nil {
			require.Empty(r.t, answer.UserErrors)
			return answer.Essay.ID
		}
		require.True(r.t, pause(ctx), "no replica takes an essay: %v", err)
	}
}

// pause waits before another try; false says that the time is over.
func pause(ctx context.Context) bool {
	timer := time.NewTimer(retryPause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// errChange ends a stream from the client's side.
var errChange = errors.New("the client changes the replica")

// follow reads an essay's progress to its end. Whenever the stream breaks it goes on at the next
// replica; some clients break it themselves.
func (r *replicas) follow(ctx context.Context, subscribe subscribeFunc, n int, token, essay string) {
	var seq int64
	var end string
	for try := n; ; try++ {
		err := subscribe(ctx, r.as(try, token), progressSubscription, map[string]any{"id": essay, "afterSeq": seq},
			func(data json.RawMessage) error {
				var event progressEvent
				if err := json.Unmarshal(data, &event); err != nil {
					return err
				}
				p := event.EssayProgress
				assert.Greater(r.t, p.Seq, seq, "a state came twice, or out of order")
				assert.Empty(r.t, end, "a state came after the end")
				seq = p.Seq
				if event.terminal() {
					end = p.Stage
				}
				if n%4 == 0 && try == n {
					return errChange
				}
				return nil
			})
		if err == nil {
			assert.Equal(r.t, "COMPLETED", end)
			return
		}
		r.broken.Add(1)
		if !errors.Is(err, errChange) && !pause(ctx) {
			r.t.Errorf("an essay did not come to its end at subscriber %d, seq %d: %v", n, seq, err)
			return
		}
	}
}

// errSeen ends the dashboard's stream, which has no end of its own.
var errSeen = errors.New("every essay is done")

// watch reads the dashboard's subscription until it shows all essays done.
func (r *replicas) watch(ctx context.Context, subscribe subscribeFunc, n int, token string) {
	var seq int64
	states := 0
	for try := n; ; try++ {
		variables := map[string]any{}
		if seq > 0 {
			variables["afterSeq"] = seq
		}
		err := subscribe(ctx, r.as(try, token), activitySubscription, variables, func(data json.RawMessage) error {
			var event struct {
				ScoringActivity struct {
					Seq    int64
					Stages []struct {
						Stage string
						Count int
					}
				}
			}
			if err := json.Unmarshal(data, &event); err != nil {
				return err
			}
			a := event.ScoringActivity
			assert.Greater(r.t, a.Seq, seq, "the dashboard saw a state twice, or out of order")
			seq, states = a.Seq, states+1
			for _, s := range a.Stages {
				if s.Stage == "COMPLETED" && s.Count == essaysOfReplicas {
					return errSeen
				}
			}
			return nil
		})
		if errors.Is(err, errSeen) {
			assert.Greater(r.t, states, 1)
			return
		}
		r.broken.Add(1)
		if !pause(ctx) {
			r.t.Errorf("the dashboard did not see the end, seq %d: %v", seq, err)
			return
		}
	}
}
