package graph_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/lib/pq"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/internal/bypass"
	"github.com/rubrica/rubrica/internal/globalid"
	"github.com/rubrica/rubrica/internal/seeding"
)

// credentialID is the global id of a credential of the seeds.
func (w *world) credentialID(i int) string {
	return globalid.Encode("credential", seeding.CredentialID(w.catalog.Credentials[i].Slug))
}

// interaction writes what a person did with a credential of the seeds, and returns its id.
func (w *world) interaction(t testing.TB, person string, credential int, kind enums.InteractionKind) uuid.UUID {
	t.Helper()
	id := newID()
	create := w.db.Ent.Interaction.Create().SetID(id).SetOwnerID(seeding.UserID(person)).
		SetCredentialID(seeding.CredentialID(w.catalog.Credentials[credential].Slug)).SetKind(kind)
	if kind == enums.InteractionRated {
		create.SetRating(4)
	}
	require.NoError(t, create.Exec(bypass.Context(t.Context())))
	return id
}

// wishes fills preferences in, all of their columns.
func (w *world) wishes(create *ent.PreferenceCreate) *ent.PreferenceCreate {
	return create.SetInterests(pq.StringArray{w.catalog.Skills[1].Slug, w.catalog.Skills[0].Slug}).SetFreeOnly(true).
		SetLongest(enums.DurationMedium).SetHighest(enums.LevelIntermediate)
}

// preference writes what a person wants, and returns its id.
func (w *world) preference(t testing.TB, person string) uuid.UUID {
	t.Helper()
	id := newID()
	require.NoError(t, w.wishes(w.db.Ent.Preference.Create().SetID(id).SetOwnerID(seeding.UserID(person))).Exec(bypass.Context(t.Context())))
	return id
}

// decision writes what an advisor decided about an item of the essay's list, and returns its id.
func (w *world) decision(t testing.TB, s *scored) uuid.UUID {
	t.Helper()
	id := newID()
	require.NoError(t, w.db.Ent.RecommendationDecision.Create().SetID(id).SetOwnerID(seeding.UserID(s.owner)).
		SetItemID(s.ids["recommendation_item"]).SetCredentialID(seeding.CredentialID(w.catalog.Credentials[2].Slug)).
		SetActorID(seeding.UserID(miriam)).SetVerdict(enums.VerdictRejected).SetReason("Not for "+s.owner+".").
		Exec(bypass.Context(t.Context())))
	return id
}

// crowdOfInteractions gives each credential of the crowd an interaction with Ada, who asks, each person
// preferences, and each item a decision.
func (w *world) crowdOfInteractions(t testing.TB, c crowd, db *ent.Client) {
	t.Helper()
	ctx := bypass.Context(t.Context())
	key := func(global string) uuid.UUID {
		_, id, err := globalid.Decode(global)
		require.NoError(t, err)
		return id
	}
	var deeds []*ent.InteractionCreate
	for _, credential := range c["Credential"] {
		deeds = append(deeds,
			db.Interaction.Create().SetID(c.add("Interaction", "interaction", newID())).SetOwnerID(seeding.UserID(ada)).
				SetCredentialID(key(credential)).SetKind(enums.InteractionRated).SetRating(3).SetTimes(2),
			db.Interaction.Create().SetOwnerID(seeding.UserID(lena)).SetCredentialID(key(credential)).SetKind(enums.InteractionSaved))
	}
	require.NoError(t, db.Interaction.CreateBulk(deeds...).Exec(ctx))
	var wishes []*ent.PreferenceCreate
	for _, user := range c["User"] {
		wishes = append(wishes, w.wishes(db.Preference.Create().SetID(c.add("Preferences", "preference", newID())).SetOwnerID(key(user))))
	}
	require.NoError(t, db.Preference.CreateBulk(wishes...).Exec(ctx))
	var decisions []*ent.RecommendationDecisionCreate
	for _, item := range c["RecommendationItem"] {
		decisions = append(decisions, db.RecommendationDecision.Create().SetID(c.add("RecommendationDecision", "recommendation_decision", newID())).
			SetOwnerID(seeding.UserID(lena)).SetItemID(key(item)).SetCredentialID(key(c["Credential"][0])).
			SetActorID(seeding.UserID(arno)).SetVerdict(enums.VerdictAccepted).SetReason("It is near."))
	}
	require.NoError(t, db.RecommendationDecision.CreateBulk(decisions...).Exec(ctx))
}

const recordInteraction = `mutation($in: InteractionRecordInput!) { interactionRecord(input: $in) {
	interaction { id kind rating times credential { id viewerInteractions { kind rating times } } } userErrors { code field } } }`

// What a learner does is kept once for each kind, shows to them and to whoever looks after them, and can
// be taken back.
func TestInteractionsAreKeptOnceAKind(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	record := func(in vars) *answer {
		in["credentialId"] = w.credentialID(0)
		a := w.ok(t, lena, recordInteraction, vars{"in": in})
		require.Empty(t, list(a.at("interactionRecord", "userErrors")), a.raw)
		return a
	}
	first := record(vars{"kind": "OPENED"})
	record(vars{"kind": "RATED", "rating": 2})
	record(vars{"kind": "RATED", "rating": 5})
	second := record(vars{"kind": "OPENED"})
	require.Equal(t, first.at("interactionRecord", "interaction", "id"), second.at("interactionRecord", "interaction", "id"))
	require.EqualValues(t, 2, second.at("interactionRecord", "interaction", "times"))
	require.Equal(t, []any{
		vars{"kind": "OPENED", "rating": nil, "times": 2.0}, vars{"kind": "RATED", "rating": 5.0, "times": 1.0},
	}, second.at("interactionRecord", "interaction", "credential", "viewerInteractions"), "in the order of the kinds")

	const mine = `query($id: ID!, $c: ID!) { node(id: $id) { ... on User { interactions(first: 5) { totalCount edges { node { kind learner { name } credential { id } } } } } }
		credential: node(id: $c) { ... on Credential { viewerInteractions { kind } } } }`
	v := vars{"id": globalid.Encode("user", seeding.UserID(lena)), "c": w.credentialID(0)}
	for _, person := range ofLena {
		a := w.ok(t, person, mine, v)
		require.EqualValues(t, 2, a.at("node", "interactions", "totalCount"), person)
		require.Equal(t, "OPENED", a.at("node", "interactions", "edges", 0, "node", "kind"), "the newest first")
		if own := list(a.at("credential", "viewerInteractions")); person == lena {
			require.Len(t, own, 2)
		} else {
			require.Empty(t, own, "whoever asks sees their own there")
		}
	}
	require.Nil(t, w.ok(t, omar, mine, v).at("node"))

	const withdraw = `mutation($in: InteractionWithdrawInput!) { interactionWithdraw(input: $in) { withdrawn credential { viewerInteractions { kind } } userErrors { code } } }`
	in := vars{"in": vars{"credentialId": w.credentialID(0), "kind": "OPENED"}}
	for _, there := range []bool{true, false} {
		a := w.ok(t, lena, withdraw, in)
		require.Equal(t, there, a.at("interactionWithdraw", "withdrawn"))
		require.Len(t, list(a.at("interactionWithdraw", "credential", "viewerInteractions")), 1)
	}
}

// The history of what was recommended stays: the run shows its newest list, the person all of them.
func TestListsOfRecommendationsStay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.essays(t, lena, 1)[0]
	require.NoError(t, w.db.Ent.RecommendationList.Create().SetOwnerID(seeding.UserID(lena)).SetRunID(s.ids["scoring_run"]).
		SetNumber(2).SetModelVersion("2").SetNote("Newer.").Exec(bypass.Context(t.Context())))
	a := w.ok(t, arno, `query($id: ID!, $u: ID!) { node(id: $id) { ... on ScoringRun { recommendations { number modelVersion items { rank } } } }
		user: node(id: $u) { ... on User { recommendationLists(first: 5) { totalCount edges { node { number modelVersion unserved { slug } run { id } items { step decision { verdict } } } } } } } }`,
		vars{"id": s.id("scoring_run"), "u": globalid.Encode("user", seeding.UserID(lena))})
	require.EqualValues(t, 2, a.at("node", "recommendations", "number"))
	require.Empty(t, list(a.at("node", "recommendations", "items")))
	require.EqualValues(t, 2, a.at("user", "recommendationLists", "totalCount"))
	require.Equal(t, "2", a.at("user", "recommendationLists", "edges", 0, "node", "modelVersion"))
	require.Len(t, list(a.at("user", "recommendationLists", "edges", 1, "node", "items")), 3)
	require.Equal(t, w.catalog.Skills[0].Slug, a.at("user", "recommendationLists", "edges", 1, "node", "unserved", 0, "slug"))
}

const whyNot = `query($r: ID!, $c: ID!) { whyNot(runId: $r, credentialId: $c) { reason message place of score rank violates
	credential { id } inFavourOf { id } parts { signal contribution } traces { text skill { slug } } modelVersion } }`

// Whoever may see a run is told why a credential is not recommended after it, and nobody else.
func TestWhyNotByRole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.essays(t, lena, 1)[0]
	w.interaction(t, lena, 0, enums.InteractionDismissed)
	v := vars{"r": s.id("scoring_run"), "c": w.credentialID(0)}
	for _, person := range ofLena {
		a := w.ok(t, person, whyNot, v)
		require.Equal(t, "DISMISSED", a.at("whyNot", "reason"), a.raw)
		require.Equal(t, w.credentialID(0), a.at("whyNot", "credential", "id"))
		sum := 0.0
		for i := range list(a.at("whyNot", "parts")) {
			sum += a.at("whyNot", "parts", i, "contribution").(float64)
		}
		require.InDelta(t, a.at("whyNot", "score"), sum, 1e-9, "the parts add up")
	}
	forbid(t, w.ok(t, lena, whyNot, v).raw, w.secrets(t)...)
	require.Nil(t, w.ok(t, omar, whyNot, v).at("whyNot"))
	require.Nil(t, w.ok(t, ada, whyNot, vars{"r": v["r"], "c": globalid.Encode("credential", newID())}).at("whyNot"))
	require.Equal(t, []string{"BAD_INPUT"}, w.ask(t, ada, whyNot, vars{"r": v["c"], "c": v["c"]}).codes())
	w.exec(t, `UPDATE scoring_runs SET stage = 'SCORING'`)
	require.Equal(t, []string{"BAD_INPUT"}, w.ask(t, lena, whyNot, v).codes(), "there is nothing yet")
}
