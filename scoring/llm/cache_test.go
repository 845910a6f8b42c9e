package llm_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/scoring"
	"github.com/rubrica/rubrica/scoring/llm"
)

func TestARepeatedRequestCostsNothing(t *testing.T) {
	t.Parallel()
	for _, provider := range providers {
		s := start(t, provider)
		req := request(t, essay)
		first := s.score(t, req)
		spent := s.books.spent
		require.Equal(t, first, s.score(t, req))
		require.Len(t, s.Asked(), 1)
		require.Equal(t, spent, s.books.spent)
		require.Equal(t, 1, s.engine.Health().CacheHits)

		// Whatever the answer depends on makes another request of it.
		changed := req
		changed.Passages = req.Passages[:1]
		s.score(t, changed)
		s.score(t, request(t, essay+" More."))
		other := question
		other.Rubric.KeyPoints = append([]scoring.KeyPoint(nil), question.Rubric.KeyPoints...)
		other.Rubric.KeyPoints[0].Weight = 3
		prepared, err := scoring.Prepare(t.Context(), words{}, other)
		require.NoError(t, err)
		changed = req
		changed.Question = prepared
		s.score(t, changed)
		require.Len(t, s.Asked(), 4)
	}
}

// What is kept is checked like what is heard: a cache that was tampered with gives no score.
func TestWhatIsKeptIsChecked(t *testing.T) {
	t.Parallel()
	s := start(t, llm.OpenAI)
	req := request(t, essay)
	s.score(t, req)
	for key := range s.books.answers {
		s.books.answers[key] = []byte(`{"criteria": {"c1": {"score": 11}}}`)
	}
	require.False(t, s.score(t, req).Degraded)
	require.Len(t, s.Asked(), 2)
}

func TestEveryCallIsOnTheAccount(t *testing.T) {
	t.Parallel()
	s := start(t, llm.Anthropic)
	s.Next(spoilScore(0.3))
	s.score(t, request(t, essay))
	require.Equal(t, []llm.Account{account, account}, s.books.accounts)
	require.InDelta(t, 2*goodCall, s.books.spent, 0)
	for _, settled := range s.books.settled {
		require.Equal(t, llm.Settlement{Micros: 1500, PromptTokens: 900, CompletionTokens: 150, Outcome: "OK"}, settled)
	}
}

func TestEnginesThatCannotBe(t *testing.T) {
	t.Parallel()
	b := &books{}
	good := llm.Options{Provider: llm.Ollama, Model: "m", Local: scoring.NewLocal("words"), Ledger: b, Cache: b}
	_, err := llm.New(good)
	require.NoError(t, err)
	for _, spoil := range []func(*llm.Options){
		func(o *llm.Options) { o.Local = nil },
		func(o *llm.Options) { o.Ledger = nil },
		func(o *llm.Options) { o.Provider = "oracle" },
		func(o *llm.Options) { o.Model = "" },
		func(o *llm.Options) { o.BaseURL = "ftp://host" },
		func(o *llm.Options) { o.BaseURL = "https://user:sk-private@host" },
	} {
		o := good
		spoil(&o)
		_, err := llm.New(o)
		require.Error(t, err)
		require.NotContains(t, err.Error(), "sk-private")
	}
}
