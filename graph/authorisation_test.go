package graph_test

import (
	"bufio"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/ent/membership"
	"github.com/rubrica/rubrica/ent/referenceanswer"
	"github.com/rubrica/rubrica/internal/bypass"
	"github.com/rubrica/rubrica/internal/globalid"
	"github.com/rubrica/rubrica/internal/seeding"
)

var (
	signedIn = []string{lena, omar, arno, miriam, ada}
	graders  = []string{arno, miriam, ada}
	// ofLena and ofOmar are who may see their work. Miriam shares a cohort with both.
	ofLena = []string{lena, arno, miriam, ada}
	ofOmar = []string{omar, miriam, ada}
)

// results are the kinds of rows that belong to one essay.
var results = []string{
	"essay", "scoring_run", "score", "explanation", "evidence", "key_point_outcome", "citation",
	"recommendation_list", "recommendation_item",
}

// nodes are one row of every kind, and who may see it.
func (w *world) nodes(t *testing.T, ofLenas, ofOmars *scored) map[string][]string {
	t.Helper()
	ctx := bypass.Context(t.Context())
	track := w.catalog.Tracks[0]
	question := track.Questions[0]
	id := globalid.Encode
	may := map[string][]string{
		id("track", seeding.TrackID(track.Slug)):                              signedIn,
		id("question", seeding.QuestionID(track.Slug, question.Slug)):         signedIn,
		id("rubric", seeding.RubricID(track.Slug, question.Slug, 1)):          signedIn,
		id("skill", seeding.SkillID(w.catalog.Skills[0].Slug)):                signedIn,
		id("passage", seeding.PassageID(track.Slug, track.Passages[0].Slug)):  signedIn,
		id("credential", seeding.CredentialID(w.catalog.Credentials[0].Slug)): signedIn,
		ofLenas.id("key_point"):                          graders,
		id("user", seeding.UserID(lena)):                 ofLena,
		id("user", seeding.UserID(omar)):                 ofOmar,
		id("user", seeding.UserID(ada)):                  {ada},
		id("user", seeding.UserID("noor")):               {ada},
		id("cohort", seeding.CohortID("backend-autumn")): {lena, arno, ada},
		id("cohort", seeding.CohortID("cloud-evening")):  {lena, arno, miriam, ada},
		id("cohort", seeding.CohortID("data-spring")):    {omar, miriam, ada},
	}
	for _, kind := range results {
		may[ofLenas.id(kind)], may[ofOmars.id(kind)] = ofLena, ofOmar
	}
	criterion, err := w.db.Ent.Criterion.Query().First(ctx)
	require.NoError(t, err)
	may[criterion.GlobalID()] = signedIn
	for _, kind := range []enums.ReferenceKind{"MODEL", "STRONG", "WEAK"} {
		reference, err := w.db.Ent.ReferenceAnswer.Query().Where(referenceanswer.KindEQ(kind)).First(ctx)
		require.NoError(t, err)
		may[reference.GlobalID()] = graders
	}
	member := func(cohort, person string) string {
		m, err := w.db.Ent.Membership.Query().Where(membership.CohortID(seeding.CohortID(cohort)), membership.UserID(seeding.UserID(person))).Only(ctx)
		require.NoError(t, err)
		return m.GlobalID()
	}
	may[member("backend-autumn", lena)] = []string{lena, arno, ada}
	may[member("backend-autumn", "priya")] = []string{arno, ada}
	may[member("data-spring", omar)] = ofOmar
	event, err := w.db.Ent.AuditEvent.Query().First(ctx)
	require.NoError(t, err)
	may[event.GlobalID()] = []string{ada}
	may[globalid.Encode("override", w.override(t, w.db.Ent, ofLenas))] = ofLena
	may[globalid.Encode("override", w.override(t, w.db.Ent, ofOmars))] = ofOmar
	may[w.rescoring(t)] = []string{ada}
	may[globalid.Encode("calibration", w.calibration(t))] = graders
	may[w.queued(t, []*scored{ofLenas})[0]] = []string{ada}
	for person, who := range map[string][]string{lena: ofLena, omar: ofOmar} {
		may[globalid.Encode("interaction", w.interaction(t, person, 0, enums.InteractionRated))] = who
		may[globalid.Encode("preference", w.preference(t, person))] = who
	}
	may[globalid.Encode("recommendation_decision", w.decision(t, ofLenas))] = ofLena
	may[globalid.Encode("recommendation_decision", w.decision(t, ofOmars))] = ofOmar
	return may
}

func TestNodesByRole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	may := w.nodes(t, w.essays(t, lena, 1)[0], w.essays(t, omar, 1)[0])
	ids := slices.Sorted(maps.Keys(may))

	kinds := map[string]bool{}
	for _, id := range ids {
		kind, _, err := globalid.Decode(id)
		require.NoError(t, err)
		kinds[kind] = true
	}
	introspected := w.ok(t, ada, `{ __type(name: "Node") { possibleTypes { name } } }`, nil)
	require.Len(t, list(introspected.at("__type", "possibleTypes")), len(kinds), "the table has a row of every kind of node")

	unknown := func(id string) string { // of the same kind, and not there
		kind, _, err := globalid.Decode(id)
		require.NoError(t, err)
		return globalid.Encode(kind, newID())
	}
	for _, person := range everyone {
		t.Run("as "+person, func(t *testing.T) {
			t.Parallel()
			many := w.ok(t, person, `query($ids: [ID!]!) { nodes(ids: $ids) { id __typename } }`, vars{"ids": ids})
			for i, id := range ids {
				var want any
				if slices.Contains(may[id], person) {
					want = id
				}
				assert.Equal(t, want, many.at("nodes", i, "id"), id)
				const query = `query($id: ID!) { node(id: $id) { id } }`
				one := w.ok(t, person, query, vars{"id": id})
				assert.Equal(t, want, one.at("node", "id"), id)
				if want == nil {
					assert.Equal(t, w.ok(t, person, query, vars{"id": unknown(id)}).Data, one.Data,
						"what may not be seen looks like what does not exist")
				}
			}
		})
	}
}

// everyPath asks for all that leads from an essay, a track and the lists.
const everyPath = `query {
  essays(first: 100) { totalCount edges { node { ...E } } }
  users(first: 100) { totalCount edges { node { id name email preferences { id interests { name } } interactions(first: 10) { totalCount edges { node { id learner { email } } } }
    recommendationLists(first: 10) { totalCount edges { node { id note run { essay { text } } } } } } } }
  cohorts(first: 100) { totalCount edges { node { id name members(first: 100) { totalCount edges { node { id user { id name email } } } } } } }
  tracks(first: 100) { edges { node { id questions(first: 100) { edges { node { id title prompt rubric {
    criteria { title description levels { descriptor } } keyPoints { id text } referenceAnswers { id text } } } } } } } }
  credentials(first: 100) { edges { node { title description viewerInteractions { id learner { email } } } } }
}
fragment E on Essay { id text learner { id email } question { rubric { keyPoints { text } referenceAnswers { text } } }
  runs(first: 10) { edges { node { ...R } } } latestRun { ...R } }
fragment R on ScoringRun { id override { reason by { email } from { id } keyPoints { label keyPoint { text } } criteria { criterion { title } } } essay { id } overall { percent } failure { message } scores { id criterion { description }
  explanation { id summary contributions { label } evidence { id quote reason } keyPoints { id label quote keyPoint { id text } }
    citations { id quote passage { id text } } } }
  recommendations { id note items { id rationale decision { reason by { email } } credential { title } traces { text evidence } } } }`

// secrets are the texts that no learner may read.
func (w *world) secrets(t *testing.T) (texts []string) {
	t.Helper()
	rows, err := w.db.SQL.QueryContext(t.Context(), `SELECT text FROM key_points UNION ALL SELECT text FROM reference_answers`)
	require.NoError(t, err)
	defer func() { require.NoError(t, rows.Close()) }()
	for rows.Next() {
		var text string
		require.NoError(t, rows.Scan(&text))
		texts = append(texts, inJSON(t, text))
	}
	require.NoError(t, rows.Err())
	require.Greater(t, len(texts), 100)
	return texts
}

// inJSON is a text as it would stand in a response.
func inJSON(t *testing.T, s string) string {
	t.Helper()
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	require.NoError(t, e.Encode(s))
	return strings.Trim(strings.TrimSpace(b.String()), `"`)
}

func forbid(t *testing.T, raw string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if strings.Contains(raw, text) {
			t.Errorf("the response holds what it must not: %.80s", text)
		}
	}
}

func TestLearnersReadNothingOfOthersByAnyPath(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mine, theirs := w.essays(t, lena, 4), w.essays(t, omar, 4)
	secrets := w.secrets(t)
	w.override(t, w.db.Ent, theirs[0])
	w.interaction(t, omar, 0, enums.InteractionSaved)
	w.preference(t, omar)
	w.decision(t, theirs[0])
	foreign := []string{"what omar wrote", "thoughts of omar", "Reasons for omar", "It fits omar", "omar@example.org", "Not for omar", "arno@example.org", "Priya Raman"}
	for _, s := range theirs {
		for _, kind := range results {
			foreign = append(foreign, s.id(kind))
		}
	}

	a := w.ask(t, lena, everyPath, nil)
	require.NotEmpty(t, a.Errors, "key points are refused")
	for _, e := range a.Errors {
		require.Equal(t, "FORBIDDEN", e.Extensions["code"])
		require.Contains(t, []any{"keyPoints", "referenceAnswers"}, e.Path[len(e.Path)-1])
	}
	require.EqualValues(t, len(mine), a.at("essays", "totalCount"))
	require.Len(t, list(a.at("essays", "edges")), len(mine))
	require.NotEmpty(t, a.at("essays", "edges", 0, "node", "latestRun", "scores", 0, "explanation", "keyPoints", 0, "label"))
	require.Nil(t, a.at("essays", "edges", 0, "node", "latestRun", "scores", 0, "explanation", "keyPoints", 0, "keyPoint"))
	require.EqualValues(t, 1, a.at("users", "totalCount"))
	forbid(t, a.raw, append(secrets, foreign...)...)

	// The test means something: an admin's response to the same query holds them.
	full := w.ok(t, ada, everyPath, nil)
	for _, text := range foreign[:3] {
		require.Contains(t, full.raw, text)
	}
	for _, text := range secrets[:10] {
		require.Contains(t, full.raw, text)
	}

	filters := []vars{
		{"learnerId": globalid.Encode("user", seeding.UserID(omar))},
		{"cohortId": globalid.Encode("cohort", seeding.CohortID("data-spring"))},
	}
	for _, filter := range filters {
		f := w.ok(t, lena, `query($f: EssayFilter) { essays(first: 100, filter: $f) { totalCount edges { node { id } } } }`, vars{"f": filter})
		require.EqualValues(t, 0, f.at("essays", "totalCount"))
		require.Empty(t, list(f.at("essays", "edges")))
	}
	b := w.ok(t, lena, `query($id: ID!) { essay(id: $id) { text } }`, vars{"id": theirs[0].id("essay")})
	require.Nil(t, b.at("essay"))
}

func TestAdvisorsReadTheirCohortsOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.essays(t, lena, 2)
	theirs := w.essays(t, omar, 3)
	w.essays(t, "noor", 1) // in no cohort
	for person, want := range map[string]int{arno: 2, miriam: 5, ada: 6} {
		a := w.ok(t, person, everyPath, nil)
		require.EqualValues(t, want, a.at("essays", "totalCount"), person)
	}
	a := w.ok(t, arno, everyPath, nil)
	forbid(t, a.raw, "thoughts of omar", "Reasons for omar", "omar@example.org", "thoughts of noor", theirs[0].id("essay"))

	cohort := func(person, slug string) any {
		return w.ok(t, person, `query($f: EssayFilter) { essays(first: 100, filter: $f) { totalCount } }`,
			vars{"f": vars{"cohortId": globalid.Encode("cohort", seeding.CohortID(slug))}}).at("essays", "totalCount")
	}
	require.EqualValues(t, 2, cohort(arno, "backend-autumn"))
	require.EqualValues(t, 0, cohort(arno, "data-spring"))
	require.EqualValues(t, 3, cohort(miriam, "data-spring"))
	require.EqualValues(t, 0, cohort(miriam, "backend-autumn"), "lena's essays are hers to see, that cohort is not")
	require.EqualValues(t, 2, cohort(ada, "backend-autumn"))
}

func TestAnonymousReadNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.essays(t, lena, 1)[0]
	a := w.ok(t, anonymous, `{ viewer { role user { id } } }`, nil)
	require.Contains(t, a.Data, "viewer")
	require.Nil(t, a.at("viewer"))
	for query, v := range map[string]vars{
		`{ essays(first: 1) { totalCount } }`:                                                                      nil,
		`{ tracks(first: 1) { totalCount } }`:                                                                      nil,
		`{ users(first: 1) { edges { node { name } } } }`:                                                          nil,
		`{ cohorts(first: 1) { totalCount } }`:                                                                     nil,
		`{ credentials(first: 1) { edges { node { title } } } }`:                                                   nil,
		`{ auditEvents(first: 1) { totalCount } }`:                                                                 nil,
		`{ search(query: "databases") { hits { title } } }`:                                                        nil,
		`query($id: ID!) { essayDuplicates(essayId: $id) { score } }`:                                              {"id": s.id("essay")},
		`query($id: ID!) { similarCredentials(id: $id) { hits { title } } }`:                                       {"id": w.credentialID(0)},
		`query($r: ID!, $c: ID!) { whyNot(runId: $r, credentialId: $c) { message } }`:                              {"r": s.id("scoring_run"), "c": w.credentialID(0)},
		`mutation($id: ID!) { interactionRecord(input: {credentialId: $id, kind: SAVED}) { interaction { id } } }`: {"id": w.credentialID(0)},
		`{ track(slug: "backend-engineer") { title } }`:                                                            nil,
		`query($id: ID!) { essay(id: $id) { text } }`:                                                              {"id": s.id("essay")},
		`mutation($id: ID!) { essayRetry(input: {essayId: $id}) { essay { id } } }`:                                {"id": s.id("essay")},
		`mutation($id: ID!) { essaySubmit(input: {questionId: $id, text: "x"}) { replayed } }`:                     {"id": w.questionID(0, 0)},
		`mutation { userCreate(input: {name: "x", email: "x@example.org", role: ADMIN}) { user { id } } }`:         nil,
	} {
		a := w.ask(t, anonymous, query, v)
		require.Equal(t, []string{"UNAUTHENTICATED"}, a.codes(), query)
		requireStatements(t, 0, a)
	}
}

func TestSubscriptionsByRole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.runHub(t)
	s := w.essays(t, lena, 1)[0]
	const progress = `subscription($id: ID!) { essayProgress(id: $id) { stage seq run { id scores { value explanation { summary } } } } }`
	unknown := globalid.Encode("essay", uuid.New())
	for _, person := range everyone {
		events := w.stream(t, person, progress, vars{"id": s.id("essay")}, 0)
		switch {
		case person == anonymous:
			require.Contains(t, events[0], "UNAUTHENTICATED")
		case slices.Contains(ofLena, person):
			require.Len(t, events, 1)
			require.Contains(t, events[0], `"stage":"COMPLETED"`)
			require.Contains(t, events[0], "Reasons for lena")
		default:
			require.Contains(t, events[0], "NOT_FOUND")
			require.Equal(t, w.stream(t, person, progress, vars{"id": unknown}, 0), events, "as if it did not exist")
		}
	}

	const activity = `subscription($s: ScoringActivityScope!) { scoringActivity(scope: $s) { seq newest { essayId learner } } }`
	data := vars{"s": vars{"cohortId": globalid.Encode("cohort", seeding.CohortID("data-spring"))}}
	all := vars{"s": vars{"everything": true}}
	for _, c := range []struct {
		person string
		scope  vars
		want   string
	}{
		{anonymous, all, "UNAUTHENTICATED"},
		{lena, all, "FORBIDDEN"},
		{omar, data, "FORBIDDEN"},
		{arno, data, "NOT_FOUND"},
		{miriam, data, `"newest":[]`},
		{arno, all, "Lena Hartwig"},
		{ada, all, "Lena Hartwig"},
		{ada, vars{"s": vars{"everything": false}}, "BAD_INPUT"},
		{ada, vars{"s": vars{}}, "GRAPHQL_VALIDATION_FAILED"},
		{ada, vars{"s": vars{"everything": true, "cohortId": data["s"].(vars)["cohortId"]}}, "GRAPHQL_VALIDATION_FAILED"},
		{ada, vars{"s": vars{"cohortId": "nonsense"}}, "BAD_INPUT"},
		{ada, vars{"s": vars{"trackId": data["s"].(vars)["cohortId"]}}, "BAD_INPUT"},
	} {
		require.Contains(t, w.stream(t, c.person, activity, c.scope, 1)[0], c.want, "%s %v", c.person, c.scope)
	}
}

// stream reads the events of a subscription over SSE: the first n, or all to its end when n is 0.
func (w *world) stream(t *testing.T, person, query string, variables vars, n int) (events []string) {
	t.Helper()
	resp, _ := w.send(t, w.api, person, "text/event-stream", query, variables)
	defer func() { _ = resp.Body.Close() }() // the rest is not wanted
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
			if events = append(events, data); len(events) == n {
				return events
			}
		}
		if strings.HasPrefix(lines.Text(), "event: complete") {
			break
		}
	}
	require.NoError(t, lines.Err())
	require.NotEmpty(t, events)
	return events
}

func TestIntrospection(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	open := w.serve(t, true)
	for _, query := range []string{`{ __schema { queryType { name } } }`, `{ __type(name: "Essay") { name } }`} {
		for _, person := range everyone {
			require.Empty(t, w.askAt(t, open, person, query, nil).Errors, person)
			a := w.ask(t, person, query, nil)
			if person == ada {
				require.Empty(t, a.Errors)
			} else {
				require.NotEmpty(t, a.Errors, person)
				require.NotContains(t, a.raw, "Query", person)
			}
		}
	}
	a := w.ask(t, lena, `{ essayz }`, nil)
	require.NotContains(t, a.raw, "Did you mean", "suggestions tell the schema too")
}
