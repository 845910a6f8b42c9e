package llm_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/scoring"
	"github.com/rubrica/rubrica/scoring/llm"
	"github.com/rubrica/rubrica/scoring/llm/llmtest"
)

// pipes is a network in memory, in which time can be made up.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.once.Do(func() { close(p.done) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipes", Net: "unix"} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case p.conns <- server:
		return client, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// inTime runs a test with a provider and an engine whose clock is made up: an hour passes at once.
func inTime(t *testing.T, test func(t *testing.T, s *standIn), change ...func(*llm.Options)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
		s := &standIn{Server: &llmtest.Server{}, books: &books{}}
		server := &http.Server{Handler: s.Server, ReadHeaderTimeout: time.Hour}
		ended := make(chan error, 1)
		go func() { ended <- server.Serve(p) }()
		carrier := &http.Transport{DialContext: p.dial}
		o := llm.Options{
			Provider: llm.OpenAI, BaseURL: "http://provider/v1", Model: "stand-in", Price: price,
			Local: scoring.NewLocal("words"), Ledger: s.books, Cache: s.books, Transport: carrier,
		}
		for _, c := range change {
			c(&o)
		}
		var err error
		s.engine, err = llm.New(o)
		require.NoError(t, err)
		t.Cleanup(func() {
			carrier.CloseIdleConnections()
			assert.NoError(t, server.Close())
			assert.ErrorIs(t, <-ended, http.ErrServerClosed)
		})
		test(t, s)
	})
}

func TestNothingForAnHour(t *testing.T) {
	inTime(t, func(t *testing.T, s *standIn) {
		s.Always(llmtest.After(time.Hour))
		from := time.Now()
		require.True(t, s.score(t, request(t, essay)).Degraded)
		assert.Equal(t, 30*time.Second, time.Since(from), "a call's time")
		require.Equal(t, llm.ClassTimeout, s.engine.Health().LastError)
		require.Positive(t, s.books.spent)
	})
}

func TestAnEssayHasATimeInAll(t *testing.T) {
	inTime(t, func(t *testing.T, s *standIn) {
		s.Next(llmtest.After(20 * time.Second))
		req := request(t, essay)
		require.False(t, s.score(t, req).Degraded, "slow is not too slow")
		s.books.answers = nil
		s.Always(func(w http.ResponseWriter, r *http.Request, asked llmtest.Request, reply llmtest.Reply) {
			select {
			case <-time.After(28 * time.Second):
				spoilScore(11.0)(w, r, asked, reply)
			case <-r.Context().Done():
			}
		})
		from := time.Now()
		require.True(t, s.score(t, req).Degraded)
		assert.Equal(t, 45*time.Second, time.Since(from), "answer and repair together")
		require.Equal(t, llm.ClassTimeout, s.engine.Health().LastError)
	})
}

// The job's own end comes first: there is time left to write the local scores.
func TestTheCallersDeadlineIsKept(t *testing.T) {
	inTime(t, func(t *testing.T, s *standIn) {
		s.Always(llmtest.Never)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		from := time.Now()
		result, err := s.engine.For(account).Score(ctx, request(t, essay))
		require.NoError(t, err)
		require.True(t, result.Degraded)
		assert.Equal(t, 8*time.Second, time.Since(from))
	})
}

// A job that is stopped is no reason to fall back, and none to blame the provider.
func TestScoringThatIsGivenUp(t *testing.T) {
	inTime(t, func(t *testing.T, s *standIn) {
		s.Always(llmtest.Never)
		req := request(t, essay)
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			<-time.After(time.Second)
			cancel()
		}()
		_, err := s.engine.For(account).Score(ctx, req)
		require.ErrorIs(t, err, context.Canceled)
		require.True(t, scoring.Retryable(err))
		require.Zero(t, s.engine.Health().Fallbacks)
		require.Empty(t, s.books.held, "what it cost is settled all the same")
	}, func(o *llm.Options) { o.Trips = 1 })
}

func TestRetryAfterIsWaitedFor(t *testing.T) {
	inTime(t, func(t *testing.T, s *standIn) {
		s.Next(llmtest.Status(429, "Retry-After", "7"))
		from := time.Now()
		require.False(t, s.score(t, request(t, essay)).Degraded)
		took := time.Since(from)
		assert.GreaterOrEqual(t, took, 7*time.Second)
		assert.LessOrEqual(t, took, 7700*time.Millisecond)

		s.books.answers = nil
		s.Next(llmtest.Status(503, "Retry-After", time.Now().Add(9*time.Second).UTC().Format(http.TimeFormat)))
		from = time.Now()
		require.False(t, s.score(t, request(t, essay)).Degraded)
		assert.GreaterOrEqual(t, time.Since(from), 8*time.Second, "a date, to the second")
	})
}

func TestTheBreakerOpensAndCloses(t *testing.T) {
	inTime(t, func(t *testing.T, s *standIn) {
		req := request(t, essay)
		require.Equal(t, "CLOSED", s.engine.Health().Breaker)
		s.Always(llmtest.Status(500))
		for range 3 {
			require.True(t, s.score(t, req).Degraded)
		}
		require.Equal(t, "OPEN", s.engine.Health().Breaker)
		asked := len(s.Asked())
		require.True(t, s.score(t, req).Degraded)
		require.Len(t, s.Asked(), asked, "nobody is asked")
		require.Equal(t, llm.ClassOpen, s.engine.Health().LastError)

		<-time.After(31 * time.Second) // of the made-up clock
		require.Equal(t, "HALF_OPEN", s.engine.Health().Breaker)
		require.True(t, s.score(t, req).Degraded, "still broken")
		require.Equal(t, "OPEN", s.engine.Health().Breaker)

		<-time.After(31 * time.Second)
		s.Always(nil)
		require.False(t, s.score(t, req).Degraded)
		require.Equal(t, "CLOSED", s.engine.Health().Breaker)
	}, func(o *llm.Options) { o.Trips = 3 })
}

func TestTheBudgetDoesNotTripTheBreaker(t *testing.T) {
	inTime(t, func(t *testing.T, s *standIn) {
		s.books.budget = 1
		for range 5 {
			require.True(t, s.score(t, request(t, essay)).Degraded)
		}
		require.Equal(t, llm.ClassBudget, s.engine.Health().LastError)
		require.Equal(t, "CLOSED", s.engine.Health().Breaker)
		require.Empty(t, s.Asked())
		s.books.broken = errors.New("no connection")
		require.True(t, s.score(t, request(t, essay)).Degraded)
		require.Equal(t, llm.ClassLedger, s.engine.Health().LastError)
		require.Empty(t, s.Asked(), "what cannot be accounted for is not spent")
	}, func(o *llm.Options) { o.Trips = 1 })
}

// Fifty essays at once, of which the provider sees four at a time, and those that get no turn in time
// are scored without it.
func TestFiftyEssaysAtOnce(t *testing.T) {
	inTime(t, func(t *testing.T, s *standIn) {
		var now, most atomic.Int64
		s.Always(func(w http.ResponseWriter, r *http.Request, asked llmtest.Request, reply llmtest.Reply) {
			n := now.Add(1)
			defer now.Add(-1)
			for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
				continue
			}
			llmtest.After(6*time.Second)(w, r, asked, reply)
		})
		var wg sync.WaitGroup
		var judged, fallen atomic.Int64
		for i := range 50 {
			wg.Go(func() {
				result := s.score(t, request(t, essay+" This is essay number "+string(rune('A'+i))+"."))
				if result.Degraded {
					fallen.Add(1)
				} else {
					judged.Add(1)
				}
			})
		}
		wg.Wait()
		require.Equal(t, int64(4), most.Load())
		require.Equal(t, int64(28), judged.Load(), "seven turns of four within 45 seconds")
		require.Equal(t, int64(22), fallen.Load())
	})
}
