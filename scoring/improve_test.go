package scoring

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func improved(t require.TestingT, answer string) (Request, *Result, [][]Improvement) {
	req, res := scored(t, retryQuestion(), answer)
	lists, err := Improve(context.Background(), NewLocal(hashing{}.Model()), hashing{}, req, res)
	require.NoError(t, err)
	require.Len(t, lists, len(res.Scores))
	return req, res, lists
}

// Whatever was submitted: what is suggested raises the score, and two runs suggest the same.
func TestEverySuggestionRaisesTheScore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		answer := answers().Draw(t, "answer")
		req, res, lists := improved(t, answer)
		_, _, again := improved(t, answer)
		require.Equal(t, lists, again)
		for i, list := range lists {
			require.LessOrEqual(t, len(list), MaxImprovements)
			for _, x := range list {
				_, after := scored(t, req.Question.Question, x.changed)
				require.Greater(t, after.Scores[i].Value, res.Scores[i].Value, x.Advice)
				require.Equal(t, x.Quote, answer[x.Start:x.End])
			}
		}
	})
}

func TestChangesOfForm(t *testing.T) {
	for name, c := range map[string]struct {
		answer, want string
		kind         ImprovementKind
	}{
		"capitals and stops": {"the unique key makes a retry harmless. the database accepts one insert of two",
			"The unique key makes a retry harmless. The database accepts one insert of two.", ImproveForm},
		"a doubled word": {"The unique key makes the the retry harmless for the database.",
			"The unique key makes the retry harmless for the database.", ImproveWords},
		"shouting": {"The unique key makes a retry HARMLESS for the database.",
			"The unique key makes a retry harmless for the database.", ImproveWords},
		"no word": {"The unique key makes a xqzzzzt retry harmless for the database.",
			"The unique key makes a retry harmless for the database.", ImproveWords},
		"a long sentence": {"The client creates a unique key before the first attempt of the purchase and sends it with every retry, and the server inserts the key under a unique constraint before it charges the card of the customer.",
			"The client creates a unique key before the first attempt of the purchase and sends it with every retry. The server inserts the key under a unique constraint before it charges the card of the customer.", ImproveSplit},
		"short sentences": {"The client sends a unique key. The database accepts one insert.",
			"The client sends a unique key, and the database accepts one insert.", ImproveJoin},
	} {
		t.Run(name, func(t *testing.T) {
			req, _ := scored(t, retryQuestion(), c.answer)
			for _, x := range measure(req).formFixes() {
				if x.kind == c.kind {
					assert.Equal(t, c.want, apply(c.answer, x.edits))
					return
				}
			}
			assert.Failf(t, "not found", "no %s", c.kind)
		})
	}
}

func TestWhatRepeatsIsLeftOut(t *testing.T) {
	twice := retryAnswer + " " + retryAnswer
	req, _ := scored(t, retryQuestion(), twice)
	list := measure(req).leaveOut()
	require.NotEmpty(t, list)
	left := apply(twice, list[0].edits)
	assert.Less(t, len(left), len(retryAnswer)+20)
	assert.Contains(t, list[0].advice, "what was said before")
}

func TestNoAdviceOnAGuess(t *testing.T) {
	for name, answer := range map[string]string{
		"empty": " ", "German": strings.Repeat("Der Schlüssel wird vor dem ersten Versuch erzeugt und immer wieder mitgeschickt. ", 3),
		"not read to its end": strings.Repeat(retryAnswer+"\n\n", 200),
	} {
		t.Run(name, func(t *testing.T) {
			_, _, lists := improved(t, answer)
			for _, list := range lists {
				assert.Empty(t, list)
			}
		})
	}
}

// A trial embeds what is new and scores at most maxTrials texts.
func TestTrialsAreBounded(t *testing.T) {
	req, res := scored(t, retryQuestion(), retryAnswer)
	counting := &countingEmbedder{}
	engine := &countingEngine{Engine: NewLocal(hashing{}.Model())}
	_, err := Improve(t.Context(), engine, counting, req, res)
	require.NoError(t, err)
	assert.LessOrEqual(t, engine.scored.Load(), int64(maxTrials))
	assert.LessOrEqual(t, counting.texts.Load(), int64(4*maxTrials))
}

type countingEngine struct {
	Engine
	scored atomic.Int64
}

func (c *countingEngine) Score(ctx context.Context, req Request) (*Result, error) {
	c.scored.Add(1)
	return c.Engine.Score(ctx, req)
}

func TestWithoutReadsLikeTheTextThatIsLeft(t *testing.T) {
	ctx := context.Background()
	text, err := Analyze(ctx, hashing{}, retryAnswer)
	require.NoError(t, err)
	for i := range text.Sentences {
		left := text.Without(i)
		anew, err := Analyze(ctx, hashing{}, left.Raw)
		require.NoError(t, err)
		assert.Equal(t, anew, left, "without %d", i)
	}
	assert.Equal(t, text, text.Without())
}
