package graph_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/internal/globalid"
	"github.com/rubrica/rubrica/internal/seeding"
	"github.com/rubrica/rubrica/internal/spend"
	"github.com/rubrica/rubrica/scoring"
	"github.com/rubrica/rubrica/scoring/llm"
)

func TestLanguageModelForAdmins(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const query = `{ system { languageModel {
		workers { provider model promptVersion breaker lastError lastErrorAt calls cacheHits repairs fallbacks dropped startedAt seenAt }
		spend { day track { slug } calls promptTokens completionTokens spent reserved }
		essays { essay { id } calls promptTokens completionTokens spent lastAt } } } }`
	for _, person := range []string{lena, arno} {
		require.Equal(t, []string{"FORBIDDEN"}, w.ask(t, person, query, nil).codes())
	}
	require.Nil(t, w.ok(t, ada, query, nil).at("system", "languageModel"), "none was ever asked")

	essay := w.essays(t, lena, 1)[0]
	track := w.catalog.Tracks[0].Slug
	store := spend.New(w.db, spend.Budget{Day: 1_000_000}, 0)
	account := llm.Account{Track: seeding.TrackID(track).String(), Essay: essay.ids["essay"].String()}
	for range 2 {
		hold, err := store.Reserve(t.Context(), account, "m", 20_000)
		require.NoError(t, err)
		require.NoError(t, store.Settle(t.Context(), hold, llm.Settlement{Micros: 1500, PromptTokens: 900, CompletionTokens: 150, Outcome: "OK"}))
	}
	_, err := store.Reserve(t.Context(), llm.Account{Track: account.Track, Essay: uuid.NewString()}, "m", 500_000)
	require.NoError(t, err)
	require.NoError(t, store.Report(t.Context(), scoring.EngineInfo{Model: "ollama/m", Prompt: "1"}, llm.Ollama, llm.Health{Breaker: "HALF_OPEN", Calls: 3}))

	a := w.ok(t, ada, query, nil)
	requireStatements(t, 5, a) // workers, days and essays, then the tracks and the essays behind them
	worker := func(field string) any { return a.at("system", "languageModel", "workers", 0, field) }
	require.Equal(t, []any{"ollama", "ollama/m", "HALF_OPEN", nil, 3.},
		[]any{worker("provider"), worker("model"), worker("breaker"), worker("lastError"), worker("calls")})
	spent := func(i int, path ...any) any {
		return a.at(append([]any{"system", "languageModel", "spend", i}, path...)...)
	}
	require.Nil(t, spent(0, "track"), "the sum comes first")
	require.Equal(t, track, spent(1, "track", "slug"))
	require.Equal(t, []any{3., 1800., 300., 0.003, 0.5}, []any{spent(0, "calls"), spent(0, "promptTokens"), spent(0, "completionTokens"), spent(0, "spent"), spent(0, "reserved")})
	require.True(t, strings.HasSuffix(spent(0, "day").(string), "T00:00:00Z"))
	require.Equal(t, essay.id("essay"), a.at("system", "languageModel", "essays", 0, "essay", "id"))
	require.InDelta(t, 0.003, a.at("system", "languageModel", "essays", 0, "spent"), 1e-12)
	require.Nil(t, a.at("system", "languageModel", "essays", 1, "essay"), "one that is gone")
}

func TestConsentIsAnAdminsDecision(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	track := w.catalog.Tracks[0].Slug
	const update = `mutation($in: TrackUpdateInput!) { trackUpdate(input: $in) { track { slug languageModelConsent } userErrors { code field } } }`
	const read = `query($s: String!) { track(slug: $s) { languageModelConsent } }`
	in := vars{"trackId": globalid.Encode("track", seeding.TrackID(track)), "languageModelConsent": true}
	for _, person := range []string{lena, arno} {
		require.Equal(t, []string{"FORBIDDEN"}, w.ask(t, person, update, vars{"in": in}).codes())
	}
	require.Equal(t, false, w.ok(t, lena, read, vars{"s": track}).at("track", "languageModelConsent"), "and learners see it")
	for _, agrees := range []bool{true, false} {
		in["languageModelConsent"] = agrees
		a := w.ok(t, ada, update, vars{"in": in})
		require.Equal(t, agrees, a.at("trackUpdate", "track", "languageModelConsent"), a.raw)
		require.Equal(t, agrees, w.ok(t, lena, read, vars{"s": track}).at("track", "languageModelConsent"))
	}
	for code, bad := range map[string]vars{
		"NOT_FOUND": {"trackId": globalid.Encode("track", uuid.New()), "languageModelConsent": true},
		"EMPTY":     {"trackId": in["trackId"]},
	} {
		require.Equal(t, code, w.ok(t, ada, update, vars{"in": bad}).at("trackUpdate", "userErrors", 0, "code"))
	}
}
