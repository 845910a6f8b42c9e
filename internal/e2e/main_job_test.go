package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/internal/demo"
	"github.com/rubrica/rubrica/internal/globalid"
	"github.com/rubrica/rubrica/internal/pgtest"
)

const mainTimeout = 90 * time.Second

// screenQuery reads everything of an essay at once.
const screenQuery = `query Screen($id: ID!) {
  essay(id: $id) {
    id text words
    question { slug rubric { criteria { id } } }
    runs(first: 10) { totalCount edges { node {
      id number kind stage percent seq scoredAt finishedAt degraded
      engine { name version model }
      overall { percent interval { low high coverage } }
      scores {
        value raw interval { low high } criterion { id title weight scale { min max step } }
        explanation {
          summary base
          contributions { kind key label points }
          evidence { quote points polarity reason codePoints { start end } utf16 { start end } }
          keyPoints { label status degree similarity quote }
          citations { similarity quote passage { title text } }
        }
      }
      recommendations { note modelVersion items {
        rank score rationale credential { title provider }
        parts { signal value weight contribution }
        traces { signal text }
        closes { name }
      } }
    } } }
  }
}`

type span struct{ Start, End int }

type screen struct {
	Essay *struct {
		ID, Text string
		Words    int
		Question struct {
			Slug   string
			Rubric struct{ Criteria []struct{ ID string } }
		}
		Runs struct {
			TotalCount int
			Edges      []struct{ Node scoredRun }
		}
	}
}

type scoredRun struct {
	ID, Kind, Stage      string
	Number, Percent      int
	Seq                  int64
	ScoredAt, FinishedAt *time.Time
	Engine               *struct{ Name, Version, Model string }
	Overall              *struct{ Percent float64 }
	Scores               []struct {
		Value, Raw float64
		Interval   struct{ Low, High float64 }
		Criterion  struct {
			ID    string
			Scale struct{ Min, Max, Step float64 }
		}
		Explanation struct {
			Summary       string
			Base          float64
			Contributions []struct {
				Kind, Key, Label string
				Points           float64
			}
			Evidence []struct {
				Quote, Polarity, Reason string
				Points                  float64
				CodePoints, Utf16       span
			}
			KeyPoints []struct{ Label, Status string }
			Citations []struct {
				Quote   string
				Passage *struct{ Title, Text string }
			}
		}
	}
	Recommendations *struct {
		Items []struct {
			Rank       int
			Score      float64
			Rationale  string
			Credential *struct{ Title string }
			Parts      []struct{ Value, Weight, Contribution float64 }
			Traces     []struct{ Text string }
		}
	}
}

// The main job: an essay goes in, and its scores, reasons and next steps come out, and hold together.
func TestMainJob(t *testing.T) {
	t.Parallel()
	defer httpClient.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(t.Context(), mainTimeout)
	defer cancel()
	in := install(t, pgtest.New(t))
	p := in.start()
	lena, arno := in.client(p, "lena"), in.client(p, "arno")

	question := in.catalog.Tracks[0].Questions[0]
	// Characters outside of the basic plane tell code points and UTF-16 units apart; the odd white
	// space must stay.
	text := "\t😀 Ein Anfang, naïve𝔘.\r\n\r\n" + question.Samples.Strong + "  \n"
	answer, err := submit(ctx, lena, in.question(question.Slug), text, "first")
	require.NoError(t, err)
	require.Empty(t, answer.UserErrors)
	require.False(t, answer.Replayed)
	essay := answer.Essay.ID
	completed(ctx, t, lena, essay)

	first := read(ctx, t, lena, essay)
	require.Len(t, first.Essay.Runs.Edges, 1)
	assert.Equal(t, text, first.Essay.Text, "the text is kept as it is")
	assert.Equal(t, len(strings.Fields(text)), first.Essay.Words)
	run := first.Essay.Runs.Edges[0].Node
	assert.Equal(t, "FIRST", run.Kind)
	holdsTogether(t, run, text, len(question.Rubric.Criteria))

	t.Run("a repeated submission", func(t *testing.T) {
		again, err := submit(ctx, lena, in.question(question.Slug), text, "first")
		require.NoError(t, err)
		assert.True(t, again.Replayed)
		assert.Equal(t, essay, again.Essay.ID)
		assert.Equal(t, run.ID, again.Run.ID)
		other, err := submit(ctx, lena, in.question(question.Slug), text+"!", "first")
		require.NoError(t, err)
		assert.Nil(t, other.Essay)
		refused(t, other, "CONFLICT")
		// Keys are a learner's own.
		of, err := submit(ctx, in.client(p, "omar"), in.question(question.Slug), question.Samples.Weak, "first")
		require.NoError(t, err)
		require.Empty(t, of.UserErrors)
		completed(ctx, t, in.client(p, "omar"), of.Essay.ID)
	})

	t.Run("scored again", func(t *testing.T) {
		refused(t, again(ctx, t, lena, "essayRetry", "EssayRetryInput", map[string]any{"essayId": essay}), "WRONG_STATE")
		rescore := again(ctx, t, arno, "essayRescore", "EssayRescoreInput", map[string]any{"essayId": essay, "reason": "a second look"})
		require.Empty(t, rescore.UserErrors)
		assert.Equal(t, 2, rescore.Run.Number)
		assert.Greater(t, rescore.Run.Seq, run.Seq, "the sequence goes on through the runs")
		completed(ctx, t, arno, essay)

		second := read(ctx, t, lena, essay)
		require.Equal(t, 2, second.Essay.Runs.TotalCount)
		newest, older := second.Essay.Runs.Edges[0].Node, second.Essay.Runs.Edges[1].Node
		assert.Equal(t, run, older, "history stays as it was")
		assert.Equal(t, "RESCORE", newest.Kind)
		holdsTogether(t, newest, text, len(question.Rubric.Criteria))
		for i, s := range newest.Scores {
			assert.InDelta(t, run.Scores[i].Value, s.Value, 0, "the same engine gives the same score")
		}
		assert.Equal(t, 1, in.count(`SELECT count(*) FROM audit_events WHERE action = 'ESSAY_RESCORE'`))
	})

	t.Run("bad input", func(t *testing.T) { in.badInput(ctx, t, p, lena, question.Slug) })
	p.stop()
}

// read reads an essay's screen.
func read(ctx context.Context, t *testing.T, c *demo.Client, essay string) (out screen) {
	t.Helper()
	require.NoError(t, c.Do(ctx, screenQuery, map[string]any{"id": essay}, &out))
	require.NotNil(t, out.Essay)
	return out
}

// again calls a mutation that adds a run.
func again(ctx context.Context, t *testing.T, c *demo.Client, name, input string, variables map[string]any) submitted {
	t.Helper()
	var out map[string]submitted
	require.NoError(t, c.Do(ctx, `mutation Again($input: `+input+`!) {
		`+name+`(input: $input) { essay { id } run { id number seq stage } userErrors { field code message } }
	}`, map[string]any{"input": variables}, &out))
	return out[name]
}

// refused requires one user error with the code, and nothing else.
func refused(t *testing.T, s submitted, code string) {
	t.Helper()
	require.Len(t, s.UserErrors, 1)
	assert.Equal(t, code, s.UserErrors[0].Code)
	assert.NotEmpty(t, s.UserErrors[0].Message)
	assert.Nil(t, s.Essay)
	assert.Nil(t, s.Run)
}

// holdsTogether checks that a finished run is whole, that its sums are sums and its quotes quotes.
func holdsTogether(t *testing.T, run scoredRun, text string, criteria int) {
	t.Helper()
	assert.Equal(t, "COMPLETED", run.Stage)
	assert.Equal(t, 100, run.Percent)
	assert.NotNil(t, run.ScoredAt)
	assert.NotNil(t, run.FinishedAt)
	assert.NotNil(t, run.Engine)
	assert.NotNil(t, run.Overall)
	require.Len(t, run.Scores, criteria)
	points, units := []rune(text), utf16.Encode([]rune(text))
	quotes := 0
	for _, s := range run.Scores {
		x := s.Explanation
		assert.GreaterOrEqual(t, s.Value, s.Criterion.Scale.Min)
		assert.LessOrEqual(t, s.Value, s.Criterion.Scale.Max)
		assert.LessOrEqual(t, s.Interval.Low, s.Value)
		assert.GreaterOrEqual(t, s.Interval.High, s.Value)
		assert.NotEmpty(t, x.Summary)
		sum := x.Base
		for _, c := range x.Contributions {
			assert.NotEmpty(t, c.Label)
			sum += c.Points
		}
		assert.InDelta(t, s.Value, sum, 1e-6, "base and contributions are the score")
		for _, e := range x.Evidence {
			quotes++
			assert.Equal(t, e.Quote, string(points[e.CodePoints.Start:e.CodePoints.End]))
			assert.Equal(t, e.Quote, string(utf16.Decode(units[e.Utf16.Start:e.Utf16.End])))
			assert.Equal(t, e.Points > 0, e.Polarity == "POSITIVE")
			assert.NotEmpty(t, e.Reason)
		}
		for _, c := range x.Citations {
			if assert.NotNil(t, c.Passage) {
				assert.Contains(t, c.Passage.Text, c.Quote)
			}
		}
	}
	assert.Positive(t, quotes, "reasons name passages of the essay")
	require.NotNil(t, run.Recommendations)
	require.GreaterOrEqual(t, len(run.Recommendations.Items), 3)
	for i, item := range run.Recommendations.Items {
		assert.Equal(t, i+1, item.Rank)
		assert.NotNil(t, item.Credential)
		assert.NotEmpty(t, item.Rationale)
		assert.NotEmpty(t, item.Traces)
		sum := 0.0
		for _, part := range item.Parts {
			assert.InDelta(t, part.Contribution, part.Value*part.Weight, 1e-6)
			sum += part.Contribution
		}
		assert.InDelta(t, item.Score, sum, 1e-6, "the parts are the score")
	}
}

// badInput submits what cannot be taken. Every case is answered with a code, and leaves nothing.
func (in *installation) badInput(ctx context.Context, t *testing.T, p *process, c *demo.Client, slug string) {
	before := in.count(`SELECT count(*) FROM essays`)
	question := in.question(slug)
	for name, bad := range map[string]struct{ question, text, key, code string }{
		"empty":              {question, "", "", "EMPTY"},
		"white space":        {question, " \r\n\t\u00a0\u2003", "", "EMPTY"},
		"too long":           {question, strings.Repeat("ä", 200_001), "", "TOO_LONG"},
		"NUL":                {question, "a\x00b", "", "INVALID_TEXT"},
		"no such question":   {globalid.Encode("question", uuid.New()), "An answer.", "", "NOT_FOUND"},
		"NUL in the key":     {question, "An answer.", "a\x00", "INVALID"},
		"a key of 65":        {question, "An answer.", strings.Repeat("k", 65), "INVALID"},
		"empty, with a key":  {question, "", "bad", "EMPTY"},
		"no question at all": {globalid.Encode("track", uuid.New()), "An answer.", "", "NOT_FOUND"},
		"not an id":          {"what", "An answer.", "", "NOT_FOUND"},
	} {
		t.Run(name, func(t *testing.T) {
			answer, err := submit(ctx, c, bad.question, bad.text, bad.key)
			require.NoError(t, err)
			refused(t, answer, bad.code)
		})
	}
	t.Run("not UTF-8", func(t *testing.T) {
		body, err := json.Marshal(map[string]any{"query": submitMutation, "variables": map[string]any{
			"input": map[string]any{"questionId": question, "text": "caf@"}}})
		require.NoError(t, err)
		body = bytes.ReplaceAll(body, []byte("caf@"), []byte("caf\xe9"))
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url+"/graphql", bytes.NewReader(body))
		require.NoError(t, err)
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Authorization", "Bearer "+c.Token)
		res, err := httpClient.Do(req)
		require.NoError(t, err)
		defer res.Body.Close()
		said, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		assert.Equal(t, http.StatusBadRequest, res.StatusCode)
		assert.Contains(t, string(said), "UTF-8")
	})
	t.Run("as long as allowed", func(t *testing.T) {
		// 200 000 characters, more than 200 000 bytes.
		answer, err := submit(ctx, c, question, strings.Repeat("Ünïcödé ", 25_000), "")
		require.NoError(t, err)
		require.Empty(t, answer.UserErrors)
		before++
		completed(ctx, t, c, answer.Essay.ID)
	})
	assert.Equal(t, before, in.count(`SELECT count(*) FROM essays`), "a refused essay left something")
	assert.Equal(t, 0, in.count(`SELECT count(*) FROM essays e WHERE NOT EXISTS (SELECT FROM scoring_runs r WHERE r.essay_id = e.id)`))
}
