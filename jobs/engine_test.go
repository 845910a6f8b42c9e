package jobs

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/ent/scoringrun"
	"github.com/rubrica/rubrica/internal/spend"
	"github.com/rubrica/rubrica/scoring/llm"
	"github.com/rubrica/rubrica/scoring/llm/llmtest"
)

const slowList = `The list is slow because the query reads every order and sorts them all before it gives ten of them away. ` +
	`I would look at the plan first, because without it one only guesses. ` +
	`An index on customer and date lets the database read the newest orders of one customer in their order, and stop after ten.`

// model is a stand-in for a provider and the engine that asks it, on the bench's database.
func (b *bench) model(budget spend.Budget) (*llmtest.Server, *llm.Engine, *spend.Store) {
	b.Helper()
	provider := &llmtest.Server{}
	server := httptest.NewServer(provider)
	b.Cleanup(server.Close)
	store := spend.New(b.db, budget, 0)
	var engine *llm.Engine
	engine, err := llm.New(llm.Options{
		Provider: llm.OpenAI, BaseURL: server.URL + "/v1", Model: "stand-in", Key: "sk", Price: llm.Price{Prompt: 0.001, Completion: 0.004},
		Timeout: patience, CallTimeout: patience / 2, Local: b.deps.Engine, Ledger: store, Cache: store, Concurrency: 50, Transport: server.Client().Transport,
		Wait: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
		Observe: func(ctx context.Context, h llm.Health) {
			assert.NoError(b, store.Report(context.WithoutCancel(ctx), engine.Info(), llm.OpenAI, h))
		},
	})
	require.NoError(b, err)
	return provider, engine, store
}

func (b *bench) consent(agrees bool) {
	b.Helper()
	track := b.db.Ent.Question.GetX(b.ctx, b.question).TrackID
	b.db.Ent.Track.UpdateOneID(track).SetLlmConsent(agrees).ExecX(b.ctx)
}

func TestATrackThatAgreesIsScoredByTheLanguageModel(t *testing.T) {
	b := newBench(t)
	provider, engine, _ := b.model(spend.Budget{Day: 1_000_000})
	b.work(func(d *Deps) { d.LLM = engine })

	before := b.end(b.submit(slowList, true))
	require.Equal(t, "local", before.Engine, "no track agrees unless an admin says so")
	require.False(t, before.Degraded)
	require.Empty(t, provider.Asked())

	b.consent(true)
	run := b.end(b.submit(slowList, true))
	require.Equal(t, enums.StageCompleted, run.Stage)
	require.Equal(t, []string{"llm", llm.Version, "openai/stand-in", llm.PromptVersion},
		[]string{run.Engine, run.EngineVersion, run.EngineModel, run.EnginePrompt})
	require.False(t, run.Degraded)
	require.Len(t, provider.Asked(), 1)
	require.Equal(t, strings.TrimSpace(slowList), provider.Asked()[0].Essay())

	again := b.end(b.submit(slowList, true))
	require.Equal(t, "llm", again.Engine)
	require.Equal(t, run.OverallPercent, again.OverallPercent)
	require.Len(t, provider.Asked(), 1, "the answer was known")

	provider.Always(llmtest.Status(500))
	fallen := b.end(b.submit(slowList+" More of it.", true))
	require.Equal(t, enums.StageCompleted, fallen.Stage, "no essay is lost")
	require.Equal(t, []string{"local", ""}, []string{fallen.Engine, fallen.EnginePrompt})
	require.True(t, fallen.Degraded)
	require.Contains(t, fallen.DegradedReason, "server had an error")

	asked := len(provider.Asked())
	b.consent(false)
	require.False(t, b.end(b.submit(slowList+" And more.", true)).Degraded)
	require.Len(t, provider.Asked(), asked, "consent is taken back at once")

	workers, err := spend.Workers(b.ctx, b.db)
	require.NoError(t, err)
	require.Len(t, workers, 1)
	require.Equal(t, []int{4, 1, 1}, []int{workers[0].Calls, workers[0].CacheHits, workers[0].Fallbacks})
	require.Equal(t, "SERVER_ERROR", workers[0].LastError)
	essays, err := spend.Essays(b.ctx, b.db)
	require.NoError(t, err)
	require.Len(t, essays, 2)
	require.Equal(t, run.EssayID, essays[0].EssayID)
	require.InDelta(t, 0.0015, essays[0].Spent(), 1e-12)
}

// Fifty essays come at once to a budget that is too small for them, scored by real workers: what is
// spent stays below it, and every essay has its scores.
func TestFiftyEssaysAtOnceStayWithinTheBudget(t *testing.T) {
	b := newBench(t)
	const budget = 60_000 // some 24 calls at their worst case of about 25 000, at most two or three at once
	provider, engine, _ := b.model(spend.Budget{Day: budget})
	b.consent(true)
	b.work(func(d *Deps) { d.LLM, d.Workers = engine, 50 })
	var runs []*ent.ScoringRun
	for i := range 50 {
		runs = append(runs, b.submit(strings.Repeat("I have thought of this. ", i%5)+slowList+" "+strings.Repeat("Number. ", i), true))
	}
	var judged, fallen int
	for _, r := range runs {
		run := b.end(r)
		require.Equal(t, enums.StageCompleted, run.Stage)
		if run.Degraded {
			require.Contains(t, run.DegradedReason, "budget")
			fallen++
			continue
		}
		require.Equal(t, "llm", run.Engine)
		judged++
	}
	// On a machine that stands still for longer than a lease, another worker ends a run whose call is
	// still out: that call too ends, and is paid for.
	var day spend.Day
	require.Eventually(t, func() bool {
		days, err := spend.Days(b.ctx, b.db)
		require.NoError(t, err)
		day = *days[0]
		return day.ReservedMicros == 0
	}, time.Minute, 50*time.Millisecond, "what was set aside for a call is settled when the call ends")
	require.LessOrEqual(t, day.SpentMicros, int64(budget))
	require.EqualValues(t, len(provider.Asked())*1500, day.SpentMicros)
	require.GreaterOrEqual(t, len(provider.Asked()), judged)
	require.Positive(t, judged)
	require.Positive(t, fallen)
	require.Equal(t, 50, b.db.Ent.ScoringRun.Query().Where(scoringrun.StageEQ(enums.StageCompleted)).CountX(b.ctx))
	t.Logf("budget %d: %d essays judged, %d by the local engine, %d spent", budget, judged, fallen, day.SpentMicros)
}
