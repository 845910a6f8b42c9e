package spend_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/internal/pgtest"
	"github.com/rubrica/rubrica/internal/spend"
	"github.com/rubrica/rubrica/scoring"
	"github.com/rubrica/rubrica/scoring/llm"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func open(t *testing.T) *database.DB {
	t.Helper()
	db, err := database.Open(t.Context(), pgtest.New(t).URL(), database.Options{MaxConnections: 20})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	return db
}

func account() llm.Account { return llm.Account{Track: uuid.NewString(), Essay: uuid.NewString()} }

func on(track string) llm.Account { return llm.Account{Track: track, Essay: uuid.NewString()} }

// sums are what the ledger says was spent and is set aside, over all tracks.
func sums(t *testing.T, db *database.DB) (spent, reserved int64) {
	t.Helper()
	days, err := spend.Days(t.Context(), db)
	require.NoError(t, err)
	for _, d := range days {
		if d.TrackID == nil {
			spent, reserved = spent+d.SpentMicros, reserved+d.ReservedMicros
		}
	}
	return spent, reserved
}

// Essays come at once, each reserves its worst case and settles for less or for all of it. At no
// moment is more spent and set aside than the budget, and all of it can be used.
func TestFiftyEssaysAtOnceStayWithinTheBudget(t *testing.T) {
	t.Parallel()
	db := open(t)
	const budget, worst = 10_000, 900
	tracks := []string{uuid.NewString(), uuid.NewString()}
	store := spend.New(db, spend.Budget{Day: budget, Track: 7_000}, 0)

	watching, stop := context.WithCancel(t.Context())
	var most atomic.Int64
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		for watching.Err() == nil {
			var now int64
			if db.SQL.QueryRowContext(watching, `SELECT coalesce(max(spent_micros + reserved_micros), 0) FROM llm_days WHERE track_id = $1`, uuid.Nil).Scan(&now) == nil {
				most.Store(max(most.Load(), now))
			}
		}
	}()
	var wg sync.WaitGroup
	var granted, refused, settled atomic.Int64
	for i := range 50 {
		wg.Go(func() {
			for n := range 4 {
				hold, err := store.Reserve(t.Context(), on(tracks[i%2]), "m", worst)
				if errors.Is(err, llm.ErrBudget) {
					refused.Add(1)
					continue
				}
				if !assert.NoError(t, err) {
					return
				}
				granted.Add(1)
				cost := int64(100 + 200*((i+n)%5)) // once in five all of the reservation
				settled.Add(cost)
				assert.NoError(t, store.Settle(t.Context(), hold, llm.Settlement{Micros: cost, PromptTokens: 7, CompletionTokens: 3, Outcome: "OK"}))
			}
		})
	}
	wg.Wait()
	stop()
	<-watched

	spent, reserved := sums(t, db)
	assert.LessOrEqual(t, spent, int64(budget))
	assert.LessOrEqual(t, most.Load(), int64(budget))
	assert.Zero(t, reserved)
	assert.Equal(t, settled.Load(), spent)
	assert.Positive(t, refused.Load())
	days, err := spend.Days(t.Context(), db)
	require.NoError(t, err)
	var byTrack, calls int64
	for _, d := range days {
		if d.TrackID != nil {
			assert.LessOrEqual(t, d.SpentMicros, int64(7_000))
			byTrack, calls = byTrack+d.SpentMicros, calls+int64(d.Calls)
		}
	}
	assert.Equal(t, spent, byTrack)
	assert.Equal(t, granted.Load(), calls)
	_, err = store.Reserve(t.Context(), account(), "m", budget-spent)
	require.NoError(t, err, "what is left can be had")
	_, err = store.Reserve(t.Context(), account(), "m", 1)
	require.ErrorIs(t, err, llm.ErrBudget)
	t.Logf("budget %d: %d calls granted, %d refused, %d spent, at most %d spent and set aside", budget, granted.Load(), refused.Load(), spent, most.Load())
}

func TestATrackHasABudgetOfItsOwn(t *testing.T) {
	t.Parallel()
	db := open(t)
	store := spend.New(db, spend.Budget{Day: 1000, Track: 600}, 0)
	a, b := account(), account()
	_, err := store.Reserve(t.Context(), a, "m", 601)
	require.ErrorIs(t, err, llm.ErrBudget, "not even the first may exceed it")
	_, err = store.Reserve(t.Context(), a, "m", 600)
	require.NoError(t, err)
	_, err = store.Reserve(t.Context(), a, "m", 1)
	require.ErrorIs(t, err, llm.ErrBudget)
	_, reserved := sums(t, db)
	require.Equal(t, int64(600), reserved, "what the day had granted to a track that refused is given back")
	_, err = store.Reserve(t.Context(), b, "m", 401)
	require.ErrorIs(t, err, llm.ErrBudget, "the day's")
	_, err = store.Reserve(t.Context(), b, "m", 400)
	require.NoError(t, err)
}

func TestWithoutABudgetSpendingIsOnlyWrittenDown(t *testing.T) {
	t.Parallel()
	db := open(t)
	store := spend.New(db, spend.Budget{}, 0)
	hold, err := store.Reserve(t.Context(), account(), "m", 1<<40)
	require.NoError(t, err)
	require.NoError(t, store.Settle(t.Context(), hold, llm.Settlement{Micros: 1 << 39}))
	spent, reserved := sums(t, db)
	require.Equal(t, int64(1<<39), spent)
	require.Zero(t, reserved)
}

func TestACallIsSettledOnceAndWithinItsReservation(t *testing.T) {
	t.Parallel()
	db := open(t)
	store := spend.New(db, spend.Budget{Day: 1000}, 0)
	hold, err := store.Reserve(t.Context(), account(), "m", 500)
	require.NoError(t, err)
	for range 2 {
		require.NoError(t, store.Settle(t.Context(), hold, llm.Settlement{Micros: 5000}))
	}
	spent, reserved := sums(t, db)
	require.Equal(t, int64(500), spent)
	require.Zero(t, reserved)
	require.Error(t, store.Settle(t.Context(), llm.Hold(uuid.NewString()), llm.Settlement{}))
}

// A process dies with its reservation. It runs out and is charged; should the process have been only
// slow, its settlement puts that right.
func TestAReservationOfADeadProcessRunsOut(t *testing.T) {
	t.Parallel()
	db := open(t)
	store := spend.New(db, spend.Budget{Day: 1000}, -time.Second)
	hold, err := store.Reserve(t.Context(), account(), "m", 300)
	require.NoError(t, err)
	for _, want := range []int{1, 0} {
		n, err := store.Expire(t.Context())
		require.NoError(t, err)
		require.Equal(t, want, n)
	}
	spent, reserved := sums(t, db)
	require.Equal(t, []int64{300, 0}, []int64{spent, reserved})
	require.NoError(t, store.Settle(t.Context(), hold, llm.Settlement{Micros: 120, Outcome: "OK"}))
	spent, reserved = sums(t, db)
	require.Equal(t, []int64{120, 0}, []int64{spent, reserved})

	live := spend.New(db, spend.Budget{Day: 1000}, 0)
	_, err = live.Reserve(t.Context(), account(), "m", 300)
	require.NoError(t, err)
	n, err := live.Expire(t.Context())
	require.NoError(t, err)
	require.Zero(t, n, "one that is alive is left alone")
}

func TestAccountsAreIDs(t *testing.T) {
	t.Parallel()
	store := spend.New(open(t), spend.Budget{}, 0)
	for _, a := range []llm.Account{{}, {Track: uuid.NewString()}, {Track: uuid.Nil.String(), Essay: uuid.NewString()}} {
		_, err := store.Reserve(t.Context(), a, "m", 1)
		require.Error(t, err)
		require.NotErrorIs(t, err, llm.ErrBudget)
	}
}

func TestAnswersAreKept(t *testing.T) {
	t.Parallel()
	store := spend.New(open(t), spend.Budget{}, 0)
	key, other := bytes.Repeat([]byte{0, 255}, 16), bytes.Repeat([]byte{1}, 32)
	none, err := store.Get(t.Context(), key)
	require.NoError(t, err)
	require.Nil(t, none)
	for i := range 2 { // the first stays
		require.NoError(t, store.Put(t.Context(), key, fmt.Appendf(nil, `{"a": "ü%d"}`, i)))
	}
	kept, err := store.Get(t.Context(), key)
	require.NoError(t, err)
	require.JSONEq(t, `{"a": "ü0"}`, string(kept))
	none, err = store.Get(t.Context(), other)
	require.NoError(t, err)
	require.Nil(t, none)
}

func TestWorkersAndEssays(t *testing.T) {
	t.Parallel()
	db := open(t)
	store := spend.New(db, spend.Budget{}, 0)
	info := scoring.EngineInfo{Name: "llm", Model: "ollama/m", Prompt: "1"}
	require.NoError(t, store.Report(t.Context(), info, llm.Ollama, llm.Health{Breaker: "CLOSED", Calls: 1}))
	require.NoError(t, store.Report(t.Context(), info, llm.Ollama, llm.Health{Breaker: "OPEN", Calls: 6, LastError: llm.ClassTimeout, LastErrorAt: time.Now()}))
	workers, err := spend.Workers(t.Context(), db)
	require.NoError(t, err)
	require.Len(t, workers, 1)
	require.Equal(t, "OPEN", workers[0].Breaker)
	require.Equal(t, 6, workers[0].Calls)
	require.Equal(t, "TIMEOUT", workers[0].LastError)
	require.NotNil(t, workers[0].LastErrorAt)

	a := account()
	for _, cost := range []int64{30, 12} {
		hold, err := store.Reserve(t.Context(), a, "m", 100)
		require.NoError(t, err)
		require.NoError(t, store.Settle(t.Context(), hold, llm.Settlement{Micros: cost, PromptTokens: 5, CompletionTokens: 2, Outcome: "OK"}))
	}
	essays, err := spend.Essays(t.Context(), db)
	require.NoError(t, err)
	require.Len(t, essays, 1)
	require.Equal(t, a.Essay, essays[0].EssayID.String())
	require.Equal(t, []int{2, 42, 10, 4},
		[]int{essays[0].Calls, int(essays[0].SpentMicros), essays[0].PromptTokens, essays[0].CompletionTokens})
}
