package llm_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/scoring"
	"github.com/rubrica/rubrica/scoring/llm"
	"github.com/rubrica/rubrica/scoring/llm/llmtest"
)

func part(quote string, points float64, keyPoint string) any {
	return map[string]any{"quote": quote, "points": points, "reason": "Because", "key_point": keyPoint}
}

func TestQuotesAreThoseOfTheEssay(t *testing.T) {
	t.Parallel()
	s := start(t, llm.OpenAI)
	s.Always(llmtest.Spoiled(func(a llmtest.Answer) {
		c := criterion(a, "c1")
		c["score"] = 7.0
		c["parts"] = []any{
			part("the server keeps the answer under that key", 3, "k1"),
			part("a  slow\nserver - the client asks again, and the server gives the \"kept\" answer", 2, "k2"), // improved by the model
			part("the server burns the answer under that key", 1.5, "k1"),                                      // never said
			part("An idempotency key chosen by the client", 1, ""),                                             // of the key point
			part("…", 1, ""),
			part("anew each time", -0.5, "k1"),
		}
		points, _ := a["key_points"].(map[string]any)
		points["k1"] = map[string]any{"status": "MET", "quote": "the server keeps the answer under that key"}
		points["k2"] = map[string]any{"status": "PARTLY", "quote": "never in the essay"}
		a["citations"] = []any{"p2", "p9", "passage-1"}
	}))
	req := request(t, essay)
	result := s.score(t, req)
	require.False(t, result.Degraded)
	require.Equal(t, 6, result.Dropped, "three quotes, one of a key point, two citations")
	require.Equal(t, 6, s.engine.Health().Dropped)
	require.Equal(t, []string{"passage-2"}, result.Cited)

	content := scoring.Explain(req, result)[0]
	var quotes []string
	for _, e := range content.Evidence {
		quotes = append(quotes, e.Quote)
		assert.Equal(t, e.Quote, string([]rune(req.Answer.Raw)[e.StartRune:e.EndRune]))
	}
	require.Equal(t, []string{
		"the server keeps the answer under that key",
		"a slow server — the client asks again, and the server gives the “kept” answer", // as it stands
		"anew each time",
	}, quotes)
	require.Len(t, content.Citations, 1)
	require.Equal(t, "passage-2", content.Citations[0].PassageID)

	local, err := scoring.NewLocal("words").Score(t.Context(), req)
	require.NoError(t, err)
	require.Equal(t, scoring.KeyPointMet, result.KeyPoints[0].Status)
	require.NotZero(t, result.KeyPoints[0].Similarity)
	require.Equal(t, local.KeyPoints[1], result.KeyPoints[1], "a claim without proof is the local engine's to judge")
	points := map[string]float64{}
	for _, c := range content.Contributions {
		points[string(c.Kind)+" "+c.Key] = c.Points
	}
	require.Equal(t, map[string]float64{
		"KEY_POINT key_point:key/1": 3, "KEY_POINT key_point:lost/2": 2, "PENALTY judged/6": -0.5, "FEATURE unattributed": 2.5,
	}, points)
}

func TestPointsThatSayTooMuchAreScaledDown(t *testing.T) {
	t.Parallel()
	s := start(t, llm.Anthropic)
	s.Always(llmtest.Spoiled(func(a llmtest.Answer) {
		c := criterion(a, "c1")
		c["score"] = 2.0
		c["parts"] = []any{part("charge the card twice", 900, ""), part("ten euros", 10, ""), part("anew each time", -1, "")}
	}))
	result := s.score(t, request(t, essay))
	c := result.Scores[0].Contributions
	require.Len(t, c, 3)
	require.InDelta(t, 1.5, c[0].Points, 1e-9)
	require.InDelta(t, 1.5, c[1].Points, 1e-9)
	require.InDelta(t, -1, c[2].Points, 1e-9)
}

// A model that has seen the key points may not pass them on.
func TestKeyPointsAreNotRevealed(t *testing.T) {
	t.Parallel()
	secret := question.Rubric.KeyPoints[0].Text
	s := start(t, llm.Ollama)
	s.Always(llmtest.Spoiled(func(a llmtest.Answer) {
		c := criterion(a, "c1")
		c["comment"] = "You should have said: " + secret
		c["improvements"] = []any{"Write that " + strings.ToLower(secret), "Say what the key is for."}
		c["parts"] = []any{map[string]any{"quote": "ten euros", "points": 1, "reason": question.Rubric.ModelAnswers[0], "key_point": ""}}
	}))
	req := request(t, essay)
	result := s.score(t, req)
	require.Equal(t, 3, result.Dropped)
	require.Empty(t, result.Scores[0].Comment)
	require.Equal(t, []string{"Say what the key is for."}, result.Scores[0].Advice)
	for _, x := range scoring.Explain(req, result) {
		shown := x.Summary
		for _, c := range x.Contributions {
			shown += c.Label
		}
		for _, e := range x.Evidence {
			shown += e.Reason
		}
		require.NotContains(t, shown, "chosen by the client ties")
		require.NotContains(t, shown, "cannot distinguish")
	}
}

// Whatever a model claims within the schema, the result keeps to the scale and to the essay.
func TestWhateverIsClaimed(t *testing.T) {
	t.Parallel()
	s := start(t, llm.OpenAI)
	req := request(t, essay)
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a test
	pick := func() string {
		from := random.IntN(len(essay))
		return strings.ToValidUTF8(essay[from:min(len(essay), from+random.IntN(90))], "?")
	}
	for range 100 {
		s.books.answers = nil
		s.Next(llmtest.Spoiled(func(a llmtest.Answer) {
			c := criterion(a, "c1")
			c["score"] = float64(random.IntN(21)) / 2
			var parts []any
			for range random.IntN(9) {
				parts = append(parts, part(pick(), random.NormFloat64()*10, []string{"", "k1", "k2"}[random.IntN(3)]))
			}
			if parts != nil {
				c["parts"] = parts
			}
		}))
		require.False(t, s.score(t, req).Degraded)
	}
}

func TestTheRangeCoversBothEngines(t *testing.T) {
	t.Parallel()
	s := start(t, llm.OpenAI)
	req := request(t, essay)
	local, err := scoring.NewLocal("words").Score(t.Context(), req)
	require.NoError(t, err)
	s.Always(spoilScore(10.0))
	result := s.score(t, req)
	require.InDelta(t, 10, result.Scores[0].Value, 0)
	require.InDelta(t, 10, result.Scores[0].Interval.High, 0)
	require.InDelta(t, local.Scores[0].Value-1, result.Scores[0].Interval.Low, 1e-9)
	require.Equal(t, scoring.Uncalibrated, result.Scores[0].Calibration)
}
