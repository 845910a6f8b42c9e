package llm_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/scoring"
	"github.com/rubrica/rubrica/scoring/llm"
	"github.com/rubrica/rubrica/scoring/llm/llmtest"
)

var providers = []llm.Provider{llm.OpenAI, llm.Anthropic, llm.Ollama}

// criterion is a part of a fair answer.
func criterion(a llmtest.Answer, name string) map[string]any {
	criteria, _ := a["criteria"].(map[string]any)
	c, _ := criteria[name].(map[string]any)
	return c
}

func spoilScore(v any) llmtest.Behaviour {
	return llmtest.Spoiled(func(a llmtest.Answer) { criterion(a, "c1")["score"] = v })
}

// Each way in which a provider misbehaves, without an end. Whatever it does, the local engine scores,
// the result says so, and no more is charged than was reserved.
func TestAProviderThatMisbehaves(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		does  llmtest.Behaviour
		class llm.Class
		calls int
		free  bool // nothing may be charged
	}{
		{"500", llmtest.Status(500), llm.ClassServer, 3, true},
		{"503 with Retry-After", llmtest.Status(503, "Retry-After", "2"), llm.ClassServer, 3, true},
		{"529", llmtest.Status(529), llm.ClassServer, 3, true},
		{"429 with Retry-After", llmtest.Status(429, "Retry-After", "3"), llm.ClassRateLimited, 3, true},
		{"429 for an hour", llmtest.Status(429, "Retry-After", "3600"), llm.ClassRateLimited, 1, true},
		{"401", llmtest.Status(401), llm.ClassRefused, 1, true},
		{"400", llmtest.Status(400), llm.ClassRefused, 1, true},
		{"a redirect", llmtest.Status(307, "Location", "http://elsewhere.example"), llm.ClassRefused, 1, true},
		{"connection reset", llmtest.Reset, llm.ClassUnreachable, 3, false},
		{"cut off", llmtest.CutOff, llm.ClassUnreachable, 3, false},
		{"never", llmtest.Never, llm.ClassTimeout, 1, false},
		{"HTML", llmtest.Body("text/html", "<html><body>Bad gateway</body></html>"), llm.ClassNotJSON, 1, false},
		{"HTML that calls itself JSON", llmtest.Body("application/json", "<html>"), llm.ClassNotJSON, 1, false},
		{"wrong content type", llmtest.Mangled("text/plain", func(b []byte) []byte { return b }), llm.ClassNotJSON, 1, false},
		{"truncated response", llmtest.Mangled("application/json", func(b []byte) []byte { return b[:len(b)/2] }), llm.ClassNotJSON, 1, false},
		{"invalid UTF-8", llmtest.Mangled("application/json", func(b []byte) []byte {
			return bytes.Replace(b, []byte("sound"), []byte("s\xffund"), 1)
		}), llm.ClassNotJSON, 1, false},
		{"huge", llmtest.Body("application/json", `"`+strings.Repeat("x", 3*llm.MaxResponse)+`"`), llm.ClassTooLarge, 1, false},
		{"nothing", llmtest.Body("application/json", ""), llm.ClassNotJSON, 1, false},
		{"an empty object", llmtest.Body("application/json", "{}"), llm.ClassEmpty, 1, false},
		{"a list", llmtest.Body("application/json", "[]"), llm.ClassNotJSON, 1, false},
		{"no choices", llmtest.Body("application/json", `{"choices": [], "content": [], "done": true, "usage": {"prompt_tokens": 3, "input_tokens": 3}}`), llm.ClassEmpty, 1, false},
		{"an empty text", llmtest.Rewritten(func(string) string { return "" }), llm.ClassEmpty, 1, false},
		{"half a JSON", llmtest.Rewritten(func(s string) string { return s[:len(s)/2] }), llm.ClassInvalid, 2, false},
		{"chatter", llmtest.Rewritten(func(string) string { return "I would rather not grade this." }), llm.ClassInvalid, 2, false},
		{"another JSON", llmtest.Rewritten(func(string) string { return `{"score": 10}` }), llm.ClassInvalid, 2, false},
		{"11 of 10", spoilScore(11), llm.ClassInvalid, 2, false},
		{"minus one", spoilScore(-1), llm.ClassInvalid, 2, false},
		{"off the grid", spoilScore(7.3), llm.ClassInvalid, 2, false},
		{"a score in words", spoilScore("seven"), llm.ClassInvalid, 2, false},
		{"no score", spoilScore(nil), llm.ClassInvalid, 2, false},
		{"a huge number", llmtest.Rewritten(func(s string) string { return strings.Replace(s, `"points":`, `"points":1e999, "x":`, 1) }), llm.ClassInvalid, 2, false},
		{"a criterion missing", llmtest.Spoiled(func(a llmtest.Answer) {
			criteria, _ := a["criteria"].(map[string]any)
			delete(criteria, "c2")
		}), llm.ClassInvalid, 2, false},
		{"a criterion too many", llmtest.Spoiled(func(a llmtest.Answer) {
			criteria, _ := a["criteria"].(map[string]any)
			criteria["c3"] = criteria["c1"]
		}), llm.ClassInvalid, 2, false},
		{"a status of its own", llmtest.Spoiled(func(a llmtest.Answer) {
			points, _ := a["key_points"].(map[string]any)
			point, _ := points["k1"].(map[string]any)
			point["status"] = "ALMOST"
		}), llm.ClassInvalid, 2, false},
	} {
		for _, provider := range providers {
			t.Run(c.name+"/"+string(provider), func(t *testing.T) {
				t.Parallel()
				var log bytes.Buffer
				s := start(t, provider, func(o *llm.Options) {
					o.CallTimeout = 30 * time.Second
					if c.class == llm.ClassTimeout {
						o.CallTimeout = 2 * time.Second // the provider has to hear of it first
					}
					o.Log = slog.New(slog.NewTextHandler(&log, nil))
				})
				s.Always(c.does)
				req := request(t, essay)
				result := s.score(t, req)
				require.True(t, result.Degraded)
				require.Equal(t, c.class, s.engine.Health().LastError)
				require.Len(t, s.Asked(), c.calls)
				require.Len(t, s.books.settled, c.calls, "every call is settled")
				require.Empty(t, s.books.held)
				if c.free {
					require.Zero(t, s.books.spent, "a refusal costs nothing")
				} else {
					require.Positive(t, s.books.spent, "what may have been billed is charged")
				}
				require.Empty(t, s.books.answers, "what is no answer is not kept")
				local, err := scoring.NewLocal("words").Score(t.Context(), req)
				require.NoError(t, err)
				require.Equal(t, local.Scores, result.Scores, "the local engine's own scores")
				for _, private := range []string{"sk-private", "charge the card", "idempotency key"} {
					require.NotContains(t, log.String(), private)
					require.NotContains(t, result.DegradedReason, private)
				}
			})
		}
	}
}

// What goes wrong once is put right: by another try, or by telling the model what is wrong.
func TestAProviderThatStumbles(t *testing.T) {
	t.Parallel()
	for _, provider := range providers {
		t.Run(string(provider), func(t *testing.T) {
			t.Parallel()
			s := start(t, provider)
			s.Next(llmtest.Status(503), llmtest.Status(429, "Retry-After", "7"), spoilScore(11))
			result := s.score(t, request(t, essay))
			require.False(t, result.Degraded)
			require.Equal(t, scoring.EngineInfo{Name: "llm", Version: llm.Version, Model: string(provider) + "/stand-in", Prompt: llm.PromptVersion}, result.Engine)
			asked := s.Asked()
			require.Len(t, asked, 4)
			require.Contains(t, asked[3].Repair, "/criteria/c1/score")
			require.NotContains(t, asked[3].Repair, "11", "faults name places and rules")
			require.Equal(t, 1, s.engine.Health().Repairs)
			require.InDelta(t, 2*goodCall, s.books.spent, 0, "two of the four calls did something")

			require.Len(t, s.waits, 2)
			require.GreaterOrEqual(t, s.waits[0], 250*time.Millisecond)
			require.LessOrEqual(t, s.waits[0], 500*time.Millisecond)
			require.GreaterOrEqual(t, s.waits[1], 7*time.Second, "Retry-After is the least")
			require.LessOrEqual(t, s.waits[1], 7700*time.Millisecond)
		})
	}
}

func TestNobodyListens(t *testing.T) {
	t.Parallel()
	s := start(t, llm.OpenAI, func(o *llm.Options) { o.BaseURL = "http://127.0.0.1:1/v1" })
	require.True(t, s.score(t, request(t, essay)).Degraded)
	require.Equal(t, llm.ClassUnreachable, s.engine.Health().LastError)
	require.Zero(t, s.books.spent, "what was not sent costs nothing")
}

// A model may wrap its answer.
func TestAnAnswerWithinAnAnswer(t *testing.T) {
	t.Parallel()
	for _, wrap := range []func(string) string{
		func(s string) string { return "```json\n" + s + "\n```" },
		func(s string) string { return "Here is my judgement:\n" + s + "\nI hope it helps." },
	} {
		s := start(t, llm.OpenAI)
		s.Always(llmtest.Rewritten(wrap))
		require.False(t, s.score(t, request(t, essay)).Degraded)
		require.Len(t, s.Asked(), 1)
	}
}

func TestATokenCountThatCannotBeIsNotBelieved(t *testing.T) {
	t.Parallel()
	s := start(t, llm.OpenAI)
	s.Always(llmtest.Mangled("application/json", func(b []byte) []byte {
		return bytes.Replace(b, []byte(`"completion_tokens": 150`), []byte(`"completion_tokens": 999999999`), 1)
	}))
	require.False(t, s.score(t, request(t, essay)).Degraded)
	require.Len(t, s.books.settled, 1, "and the ledger took it: the cost is within what was reserved")
	require.EqualValues(t, 3000, s.books.settled[0].CompletionTokens)
	s = start(t, llm.OpenAI)
	s.Always(llmtest.Mangled("application/json", func(b []byte) []byte {
		return bytes.Replace(b, []byte(`"completion_tokens": 150`), []byte(`"completion_tokens": -5000`), 1)
	}))
	s.score(t, request(t, essay))
	assert.Greater(t, s.books.spent, int64(goodCall), "without a count that makes sense the worst case is charged")
}
