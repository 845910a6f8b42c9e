package graph_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/graph/scalar"
	"github.com/rubrica/rubrica/internal/globalid"
	"github.com/rubrica/rubrica/internal/seeding"
)

// What clients see of a fault inside is an id, and nothing of the database.
func TestFaultsInsideAreNotTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.essays(t, lena, 2)
	_, err := w.db.SQL.ExecContext(t.Context(), `ALTER TABLE scores RENAME TO scores_gone; ALTER TABLE tracks RENAME TO tracks_gone`)
	require.NoError(t, err)
	for _, query := range []string{
		`{ tracks(first: 1) { totalCount } }`,
		`{ track(slug: "x") { id } }`,
		`{ essays(first: 2) { edges { node { latestRun { scores { value } } } } } }`,
	} {
		a := w.ask(t, lena, query, nil)
		require.NotEmpty(t, a.Errors, query)
		for _, e := range a.Errors {
			require.Equal(t, "INTERNAL", e.Extensions["code"])
			require.Equal(t, a.requestID, e.Extensions["requestId"])
		}
		for _, word := range []string{"pq:", "relation", "SELECT", "tracks_gone", "ent:", ".go"} {
			require.NotContains(t, a.raw, word)
		}
	}
}

func TestBadInput(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	track := globalid.Encode("track", seeding.TrackID(w.catalog.Tracks[0].Slug))
	for query, v := range map[string]vars{
		`query($id: ID!) { node(id: $id) { id } }`:                                       {"id": "nonsense"},
		`query($id: ID!) { nodes(ids: [$id]) { id } }`:                                   {"id": track + "0"},
		`query($id: ID!) { essay(id: $id) { id } }`:                                      {"id": track},
		`query($id: ID!) { essays(first: 1, filter: {trackId: $id}) { totalCount } }`:    {"id": "x"},
		`query($id: ID!) { essays(first: 1, filter: {learnerId: $id}) { totalCount } }`:  {"id": track},
		`query($id: ID!) { essays(first: 1, filter: {cohortId: $id}) { totalCount } }`:   {"id": track},
		`query($id: ID!) { essays(first: 1, filter: {questionId: $id}) { totalCount } }`: {"id": strings.ToUpper(track)},
		`query($ids: [ID!]!) { nodes(ids: $ids) { id } }`:                                {"ids": strings.Split(strings.Repeat(track+" ", 101), " ")[:101]},
	} {
		a := w.ask(t, lena, query, v)
		require.Equal(t, []string{"BAD_INPUT"}, a.codes(), "%s: %s", query, a.raw)
		requireStatements(t, 0, a)
	}
	a := w.ok(t, lena, `query($id: ID!) { node(id: $id) { id } }`, vars{"id": globalid.Encode("unheard_of", newID())})
	require.Nil(t, a.at("node"))
	for _, v := range []any{-1, 1.5, "7", scalar.MaxSequence + 1, true} {
		events := w.stream(t, lena, `subscription($n: Sequence) { essayProgress(id: "x", afterSeq: $n) { seq } }`, vars{"n": v}, 1)
		require.Contains(t, events[0], `"errors"`, "%v", v)
		require.NotContains(t, events[0], "INTERNAL", "%v", v)
	}
	for _, query := range []string{
		`{ essays(first: 99999999999999999999) { totalCount } }`,
		`{ essays(first: 1, filter: {stage: NOT_A_STAGE}) { totalCount } }`,
		`mutation { userCreate(input: {name: "x", email: "x@example.org", role: KING}) { userErrors { code } } }`,
		`subscription { essayProgress(id: "x", afterSeq: -1) { seq } }`,
		`{ essays(first: "1") { totalCount } }`,
		`{ essays(first: 1) { totalCount `,
	} {
		a := w.stream(t, ada, query, nil, 1)
		require.Contains(t, a[0], `"errors"`, query)
		require.NotContains(t, a[0], "INTERNAL", query)
	}
}

// What workers wrote as JSON comes back as it was.
func TestJSONColumns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.essays(t, lena, 1)[0]
	a := w.ok(t, lena, `query($id: ID!) { essay(id: $id) { submittedAt question { rubric { criteria { levels { score descriptor } scale { min max step } } } } latestRun {
		seq engine { name } failure { code } overall { percent interval { low high coverage } }
		scores { interval { low high } explanation { contributions { kind key label points } evidence { polarity points codePoints { start end } utf16 { start end } } } }
		recommendations { items { parts { signal value weight contribution } closes { slug }
			traces { signal text skill { slug } criterion { id } evidence similarity rank } } } } } }`, vars{"id": s.id("essay")})
	require.Equal(t, "2026-03-01T12:00:00.123457Z", a.at("essay", "submittedAt"))
	run := []any{"essay", "latestRun"}
	at := func(path ...any) any { return a.at(append(run, path...)...) }
	require.EqualValues(t, 7, at("seq"))
	require.Nil(t, at("failure"))
	require.Equal(t, vars{"percent": 62.5, "interval": vars{"low": 50.0, "high": 75.0, "coverage": 0.0}}, at("overall"))
	require.Equal(t, []any{
		vars{"kind": "FEATURE", "key": "length", "label": "Länge “🎓”", "points": 0.1},
		vars{"kind": "ROUNDING", "key": "rounding", "label": "Rounding", "points": -1e-17},
	}, at("scores", 0, "explanation", "contributions"))
	require.Equal(t, "NEGATIVE", at("scores", 0, "explanation", "evidence", 0, "polarity"))
	require.Equal(t, vars{"start": 0.0, "end": 3.0}, at("scores", 0, "explanation", "evidence", 0, "utf16"))
	require.Equal(t, []any{vars{"signal": "SEMANTIC", "value": 0.5, "weight": 1.0, "contribution": 0.5}}, at("recommendations", "items", 0, "parts"))
	skill := w.catalog.Credentials[0].Teaches[0]
	require.Equal(t, skill, at("recommendations", "items", 0, "closes", 0, "slug"))
	require.Equal(t, skill, at("recommendations", "items", 0, "traces", 0, "skill", "slug"))
	require.NotEmpty(t, at("recommendations", "items", 0, "traces", 0, "criterion", "id"))
	require.Equal(t, vars{
		"signal": "SEMANTIC", "text": "It is near.", "skill": nil, "criterion": nil, "evidence": nil,
		"similarity": 0.3333333333333333, "rank": 1.0,
	}, at("recommendations", "items", 0, "traces", 1))
	levels := list(a.at("essay", "question", "rubric", "criteria", 0, "levels"))
	want := w.catalog.Tracks[0].Questions[0].Rubric.Criteria[0].Levels
	require.Len(t, levels, len(want))
	got, err := json.Marshal(levels[0])
	require.NoError(t, err)
	require.Contains(t, string(got), inJSON(t, want[0].Descriptor))
}
