package llm_test

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/scoring"
	"github.com/rubrica/rubrica/scoring/llm"
	"github.com/rubrica/rubrica/scoring/llm/llmtest"
)

const essay = `A request that is repeated must not charge the card twice. The client therefore sends a key with each order, and the server keeps the answer under that key. When the answer was lost on its way — which nobody can tell from a slow server — the client asks again, and the server gives the “kept” answer.

For example, a payment of ten euros that timed out is sent again after a second. If the key were made anew each time, the server could not know that both are one order, because only the key ties them together.`

// words embeds a text by its words, so that texts with words in common are near.
type words struct{}

func (words) Model() string { return "words" }

func (words) Embed(_ context.Context, text string) ([]float32, error) {
	v := make([]float32, 64)
	for word := range strings.FieldsSeq(strings.ToLower(text)) {
		h := fnv.New32a()
		_, _ = h.Write([]byte(word))
		v[h.Sum32()%64]++
	}
	var norm float64
	for _, x := range v {
		norm += float64(x) * float64(x)
	}
	for i := range v {
		v[i] /= float32(math.Sqrt(max(norm, 1)))
	}
	return v, nil
}

var question = scoring.Question{
	ID: "q", Title: "Repeated requests", Prompt: "Explain how a server makes a request safe to repeat.", MinWords: 40, MaxWords: 300,
	Rubric: scoring.Rubric{
		ID: "r", Version: 1,
		Criteria: []scoring.Criterion{
			{ID: "content", Key: "content", Title: "Content", Trait: scoring.TraitContent, Weight: 0.6, Scale: scoring.Scale{Min: 0, Max: 10, Step: 0.5},
				Levels: []scoring.Level{{Score: 0, Descriptor: "Says nothing of it."}, {Score: 10, Descriptor: "Says all of it."}}},
			{ID: "clarity", Key: "clarity", Title: "Clarity", Trait: scoring.TraitClarity, Weight: 0.4, Scale: scoring.Scale{Min: 1, Max: 5, Step: 1}},
		},
		KeyPoints: []scoring.KeyPoint{
			{ID: "kp-key", Key: "key", Label: "What the key is for", Text: "An idempotency key chosen by the client ties repeated attempts to one order.", Weight: 2},
			{ID: "kp-lost", Key: "lost", Label: "Lost answers", Text: "A lost response cannot be told apart from a slow server by the caller.", Weight: 1},
		},
		ModelAnswers: []string{"The caller cannot distinguish a slow server from a lost response, so it retries with the same idempotency key and receives the stored outcome."},
	},
}

var passages = []scoring.Passage{
	{ID: "passage-1", Title: "Keys", Text: "Servers keep outcomes under a key.", Similarity: 0.6},
	{ID: "passage-2", Title: "Retries", Text: "Clients wait longer after each failure.", Similarity: 0.5},
}

func request(t testing.TB, raw string) scoring.Request {
	t.Helper()
	prepared, err := scoring.Prepare(context.Background(), words{}, question)
	require.NoError(t, err)
	answer, err := scoring.Analyze(context.Background(), words{}, raw)
	require.NoError(t, err)
	return scoring.Request{Question: prepared, Answer: answer, Passages: passages}
}

// books are a ledger and a cache in memory.
type books struct {
	mu       sync.Mutex
	budget   int64 // 0: none
	spent    int64
	held     map[llm.Hold]int64
	settled  []llm.Settlement
	accounts []llm.Account
	answers  map[string][]byte
	broken   error
}

func (b *books) Reserve(_ context.Context, a llm.Account, _ string, micros int64) (llm.Hold, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	sum := b.spent + micros
	for _, held := range b.held {
		sum += held
	}
	if b.broken != nil {
		return "", b.broken
	}
	if b.budget > 0 && sum > b.budget {
		return "", fmt.Errorf("%w: %d", llm.ErrBudget, micros)
	}
	if b.held == nil {
		b.held = map[llm.Hold]int64{}
	}
	hold := llm.Hold(fmt.Sprint(len(b.accounts)))
	b.accounts = append(b.accounts, a)
	b.held[hold] = micros
	return hold, nil
}

func (b *books) Settle(_ context.Context, hold llm.Hold, s llm.Settlement) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	reserved, ok := b.held[hold]
	if !ok || s.Micros > reserved {
		return errors.New("settled what was not reserved")
	}
	delete(b.held, hold)
	b.spent += s.Micros
	b.settled = append(b.settled, s)
	return nil
}

func (b *books) Get(_ context.Context, key []byte) ([]byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.answers[string(key)], b.broken
}

func (b *books) Put(_ context.Context, key, answer []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.answers == nil {
		b.answers = map[string][]byte{}
	}
	b.answers[string(key)] = answer
	return b.broken
}

// standIn is an engine with a provider, over TCP. Its waits are only noted.
type standIn struct {
	*llmtest.Server
	engine *llm.Engine
	books  *books
	mu     sync.Mutex
	waits  []time.Duration
}

var price = llm.Price{Prompt: 0.001, Completion: 0.004} // a call that goes well costs 1500 millionths

const goodCall = (900*0.001 + 150*0.004) * 1000

func start(t testing.TB, provider llm.Provider, change ...func(*llm.Options)) *standIn {
	t.Helper()
	s := &standIn{Server: &llmtest.Server{}, books: &books{}}
	server := httptest.NewServer(s.Server)
	carrier := &http.Transport{}
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
		carrier.CloseIdleConnections()
	})
	o := llm.Options{
		Provider: provider, BaseURL: server.URL + "/v1", Model: "stand-in", Key: "sk-private", Price: price,
		Local: scoring.NewLocal("words"), Ledger: s.books, Cache: s.books, Transport: carrier, Trips: 1000,
		Wait: func(ctx context.Context, d time.Duration) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.waits = append(s.waits, d)
			return ctx.Err()
		},
	}
	for _, c := range change {
		c(&o)
	}
	var err error
	s.engine, err = llm.New(o)
	require.NoError(t, err)
	return s
}

var account = llm.Account{Track: "track", Essay: "essay"}

// score scores, and checks what holds of every result, whatever the provider does.
func (s *standIn) score(t testing.TB, req scoring.Request) *scoring.Result {
	t.Helper()
	result, err := s.engine.For(account).Score(context.Background(), req)
	require.NoError(t, err, "no essay is lost")
	sound(t, req, result)
	return result
}

// sound checks the scales, the sums, the quotes, and that a fallback is marked.
func sound(t testing.TB, req scoring.Request, result *scoring.Result) {
	t.Helper()
	criteria := req.Question.Question.Rubric.Criteria
	require.Len(t, result.Scores, len(criteria))
	for i, s := range result.Scores {
		scale := criteria[i].Scale
		require.Equal(t, criteria[i].ID, s.CriterionID)
		require.GreaterOrEqual(t, s.Value, scale.Min)
		require.LessOrEqual(t, s.Value, scale.Max)
		require.InDelta(t, scale.Round(s.Value), s.Value, 1e-9, "on the grid")
		sum := s.Base
		for _, c := range s.Contributions {
			sum += c.Points
		}
		require.InDelta(t, s.Value, sum, 1e-9, "base and contributions are the score")
		require.LessOrEqual(t, s.Interval.Low, s.Value)
		require.GreaterOrEqual(t, s.Interval.High, s.Value)
		require.Zero(t, s.Interval.Coverage, "a range: nothing was calibrated")
	}
	require.Equal(t, result.Degraded, result.Engine.Name == "local", "a fallback is marked, and only that")
	require.Equal(t, result.Degraded, result.DegradedReason != "")
	for _, x := range scoring.Explain(req, result) {
		for _, e := range x.Evidence {
			require.Equal(t, req.Answer.Raw[e.Start:e.End], e.Quote)
		}
	}
	require.Len(t, result.KeyPoints, len(req.Question.Question.Rubric.KeyPoints))
}
