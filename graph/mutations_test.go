package graph_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/ent/auditevent"
	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/internal/bypass"
	"github.com/rubrica/rubrica/internal/globalid"
	"github.com/rubrica/rubrica/internal/seeding"
)

// mutations are all of them with inputs that are allowed, and who may send them.
func (w *world) mutations(essays []*scored, n string) []struct {
	name, query string
	in          vars
	may         []string
	action      enums.AuditAction // in the audit trail
} {
	s, overridden, confirmed := essays[0], essays[1], essays[2]
	cohort := globalid.Encode("cohort", seeding.CohortID("backend-autumn"))
	noor := globalid.Encode("user", seeding.UserID("noor"))
	const errs = ` userErrors { code field message } } }`
	return []struct {
		name, query string
		in          vars
		may         []string
		action      enums.AuditAction
	}{
		{"essaySubmit", `mutation($in: EssaySubmitInput!) { essaySubmit(input: $in) { essay { id }` + errs,
			vars{"questionId": w.questionID(0, 0), "text": "An answer."}, []string{lena, omar}, ""},
		{"essayRescore", `mutation($in: EssayRescoreInput!) { essayRescore(input: $in) { essay { id } run { number kind }` + errs,
			vars{"essayId": s.id("essay"), "reason": "The rubric is new."}, []string{arno, miriam, ada}, enums.AuditEssayRescore},
		{"essayOverride", `mutation($in: EssayOverrideInput!) { essayOverride(input: $in) { essay { id } run { number kind override { reason } scores { provisional } }` + errs,
			vars{"runId": overridden.id("scoring_run"), "reason": "I read it.", "keyPoints": []vars{{"keyPointId": overridden.id("key_point"), "status": "PARTLY"}}},
			[]string{arno, miriam, ada}, enums.AuditEssayOverride},
		{"essayConfirm", `mutation($in: EssayConfirmInput!) { essayConfirm(input: $in) { essay { id } run { stage override { reason } }` + errs,
			vars{"runId": confirmed.id("scoring_run")}, []string{arno, miriam, ada}, enums.AuditEssayConfirm},
		{"essaysRescore", `mutation($in: EssaysRescoreInput!) { essaysRescore(input: $in) { rescoring { total track { title } report { state } }` + errs,
			vars{"scope": vars{"trackId": globalid.Encode("track", seeding.TrackID(w.catalog.Tracks[0].Slug))}, "reason": "The engine is new."},
			[]string{ada}, enums.AuditEssaysRescore},
		{"calibrationUpload", `mutation($in: CalibrationUploadInput!) { calibrationUpload(input: $in) { calibration { version question { title } }` + errs,
			vars{"questionId": w.questionID(0, 0), "csv": w.gradedTable(6)}, []string{ada}, enums.AuditCalibrationUpload},
		{"calibrationActivate", `mutation($in: CalibrationActivateInput!) { calibrationActivate(input: $in) { calibration { state }` + errs,
			vars{"calibrationId": globalid.Encode("calibration", calibrationID(1))}, []string{ada}, enums.AuditCalibrationActivate},
		{"calibrationRollback", `mutation($in: CalibrationRollbackInput!) { calibrationRollback(input: $in) { retired { state }` + errs,
			vars{"questionId": w.questionID(0, 0)}, []string{ada}, enums.AuditCalibrationRollback},
		{"interactionRecord", `mutation($in: InteractionRecordInput!) { interactionRecord(input: $in) { interaction { id times learner { name } credential { title viewerInteractions { kind } } }` + errs,
			vars{"credentialId": w.credentialID(3), "kind": "RATED", "rating": 4}, []string{lena, omar}, ""},
		{"interactionWithdraw", `mutation($in: InteractionWithdrawInput!) { interactionWithdraw(input: $in) { withdrawn credential { viewerInteractions { kind } }` + errs,
			vars{"credentialId": w.credentialID(3), "kind": "RATED"}, []string{lena, omar}, ""},
		{"preferencesSet", `mutation($in: PreferencesSetInput!) { preferencesSet(input: $in) { preferences { id freeOnly longest interests { name } }` + errs,
			vars{"interests": []string{w.catalog.Skills[0].Slug}, "freeOnly": true, "longest": "MEDIUM"}, []string{lena, omar}, ""},
		{"recommendationItemDecide", `mutation($in: RecommendationItemDecideInput!) { recommendationItemDecide(input: $in) { item { decision { reason } credential { title } } decision { verdict by { name } }` + errs,
			vars{"itemId": s.id("recommendation_item"), "verdict": "REJECTED", "reason": "Another one is nearer."}, []string{arno, miriam, ada}, enums.AuditRecommendationJudge},
		{"skillSynonymsSet", `mutation($in: SkillSynonymsSetInput!) { skillSynonymsSet(input: $in) { skill { slug synonyms }` + errs,
			vars{"skillId": globalid.Encode("skill", seeding.SkillID(w.catalog.Skills[0].Slug)), "synonyms": []string{"K8S", " k8s "}}, []string{ada}, enums.AuditSkillUpdate},
		{"userCreate", `mutation($in: UserCreateInput!) { userCreate(input: $in) { user { id email }` + errs,
			vars{"name": "New", "email": "new" + n + "@example.org", "role": "LEARNER"}, []string{ada}, enums.AuditUserCreate},
		{"cohortCreate", `mutation($in: CohortCreateInput!) { cohortCreate(input: $in) { cohort { id track { title } members(first: 1) { totalCount } }` + errs,
			vars{"slug": "new" + n, "name": "New", "trackId": globalid.Encode("track", seeding.TrackID(w.catalog.Tracks[0].Slug))}, []string{ada}, enums.AuditCohortCreate},
		{"trackUpdate", `mutation($in: TrackUpdateInput!) { trackUpdate(input: $in) { track { slug languageModelConsent }` + errs,
			vars{"trackId": globalid.Encode("track", seeding.TrackID(w.catalog.Tracks[0].Slug)), "languageModelConsent": true}, []string{ada}, enums.AuditTrackUpdate},
		{"cohortMemberSet", `mutation($in: CohortMemberSetInput!) { cohortMemberSet(input: $in) { member { id role user { name } } cohort { members(first: 100) { totalCount } }` + errs,
			vars{"cohortId": cohort, "userId": noor, "role": "LEARNER"}, []string{ada}, enums.AuditCohortMemberSet},
		{"cohortMemberRemove", `mutation($in: CohortMemberRemoveInput!) { cohortMemberRemove(input: $in) { removedMemberId cohort { members(first: 100) { totalCount } }` + errs,
			vars{"cohortId": cohort, "userId": noor}, []string{ada}, enums.AuditCohortMemberRemove},
	}
}

func TestMutationsByRole(t *testing.T) {
	t.Parallel()
	for _, person := range everyone {
		t.Run("as "+person, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			essays := w.essays(t, lena, 3)
			w.calibrationIn(t, 1, enums.CalibrationReady)
			trail := w.db.Ent.AuditEvent.Query().Where(auditevent.ActionNEQ(enums.AuditCatalogueSeed))
			for _, m := range w.mutations(essays, person) {
				before, err := trail.Clone().Count(bypass.Context(t.Context()))
				require.NoError(t, err)
				a := w.ask(t, person, m.query, vars{"in": m.in})
				allowed := false
				for _, p := range m.may {
					allowed = allowed || p == person
				}
				if !allowed {
					want := "FORBIDDEN"
					if person == anonymous {
						want = "UNAUTHENTICATED"
					}
					require.Equal(t, []string{want}, a.codes(), m.name)
					requireStatements(t, 0, a)
				} else {
					require.Empty(t, a.Errors, "%s: %s", m.name, a.raw)
					require.Empty(t, list(a.at(m.name, "userErrors")), "%s: %s", m.name, a.raw)
				}
				after, err := trail.Clone().All(bypass.Context(t.Context()))
				require.NoError(t, err)
				if !allowed || m.action == "" {
					require.Len(t, after, before, m.name)
					continue
				}
				require.Len(t, after, before+1, m.name)
				event, err := trail.Clone().Order(auditevent.ByCreatedAt(), auditevent.ByID()).All(bypass.Context(t.Context()))
				require.NoError(t, err)
				last := event[len(event)-1]
				require.Equal(t, m.action, last.Action)
				require.Equal(t, seeding.UserID(person), *last.ActorID)
				require.Equal(t, a.requestID, last.RequestID)
			}
		})
	}
}

// The trail reads as it was written, and its details keep their letters.
func TestAuditTrailReads(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.essays(t, lena, 1)[0]
	const reason = "“Neu” 🎓 <b>\u2028\\"
	w.ok(t, arno, `mutation($id: ID!, $r: String!) { essayRescore(input: {essayId: $id, reason: $r}) { userErrors { code } } }`,
		vars{"id": s.id("essay"), "r": reason})
	a := w.ok(t, ada, `{ auditEvents(first: 1) { edges { node { actor { name } action targetType targetId detail { key value } requestId } } } }`, nil)
	event := a.at("auditEvents", "edges", 0, "node")
	require.Equal(t, s.id("essay"), a.at("auditEvents", "edges", 0, "node", "targetId"))
	require.Equal(t, "Arno Keller", a.at("auditEvents", "edges", 0, "node", "actor", "name"))
	require.Contains(t, list(a.at("auditEvents", "edges", 0, "node", "detail")), any(vars{"key": "reason", "value": reason}), "%v", event)
	for _, person := range []string{lena, arno} {
		require.Equal(t, []string{"FORBIDDEN"}, w.ask(t, person, `{ auditEvents(first: 1) { totalCount } }`, nil).codes())
	}
}

// A mutation sees what the ones before it in the same document did.
func TestMutationsInOneDocument(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const one = `cohortMemberSet(input: {cohortId: $c, userId: $u, role: LEARNER}) { cohort { members(first: 100) { totalCount } } }`
	const two = `cohortMemberRemove(input: {cohortId: $c, userId: $u}) { cohort { members(first: 100) { totalCount } } }`
	a := w.ok(t, ada, `mutation($c: ID!, $u: ID!) { a: `+one+` b: `+two+` c: `+one+` }`, vars{
		"c": globalid.Encode("cohort", seeding.CohortID("backend-autumn")), "u": globalid.Encode("user", seeding.UserID("noor"))})
	for alias, want := range map[string]int{"a": 5, "b": 4, "c": 5} {
		require.EqualValues(t, want, a.at(alias, "cohort", "members", "totalCount"), alias)
	}
}

// An advisor whom an admin takes out of a cohort loses its work at once.
func TestLeavingACohort(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.essays(t, omar, 2)
	total := func() any {
		return w.ok(t, miriam, `{ essays(first: 1) { totalCount } }`, nil).at("essays", "totalCount")
	}
	require.EqualValues(t, 2, total())
	w.ok(t, ada, `mutation($c: ID!, $u: ID!) { cohortMemberRemove(input: {cohortId: $c, userId: $u}) { removedMemberId } }`, vars{
		"c": globalid.Encode("cohort", seeding.CohortID("data-spring")), "u": globalid.Encode("user", seeding.UserID(miriam))})
	require.EqualValues(t, 0, total())
}

func TestUserErrorsOfMutations(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, theirs := w.essays(t, lena, 1)[0], w.essays(t, omar, 1)[0]
	submit := func(text string) vars { return vars{"questionId": w.questionID(0, 0), "text": text} }
	for name, c := range map[string]struct {
		person, mutation string
		in               vars
		code, field      string
	}{
		"empty":            {lena, "essaySubmit", submit(""), "EMPTY", "text"},
		"white space":      {lena, "essaySubmit", submit(" \n"), "EMPTY", "text"},
		"200 001":          {lena, "essaySubmit", submit(strings.Repeat("a", 200_001)), "TOO_LONG", "text"},
		"NUL":              {lena, "essaySubmit", submit("a\x00"), "INVALID_TEXT", "text"},
		"unknown question": {lena, "essaySubmit", vars{"questionId": globalid.Encode("question", uuid.New()), "text": "x"}, "NOT_FOUND", "questionId"},
		"id of a track":    {lena, "essaySubmit", vars{"questionId": globalid.Encode("track", uuid.New()), "text": "x"}, "NOT_FOUND", "questionId"},
		"empty key":        {lena, "essaySubmit", vars{"questionId": w.questionID(0, 0), "text": "x", "idempotencyKey": ""}, "EMPTY", "idempotencyKey"},
		"not failed":       {lena, "essayRetry", vars{"essayId": s.id("essay")}, "WRONG_STATE", "essayId"},
		"not theirs":       {lena, "essayRetry", vars{"essayId": theirs.id("essay")}, "NOT_FOUND", "essayId"},
		"not there":        {lena, "essayRetry", vars{"essayId": globalid.Encode("essay", uuid.New())}, "NOT_FOUND", "essayId"},
		"not advised":      {arno, "essayRescore", vars{"essayId": theirs.id("essay"), "reason": "x"}, "NOT_FOUND", "essayId"},
		"no reason":        {arno, "essayRescore", vars{"essayId": s.id("essay"), "reason": " "}, "INVALID", "reason"},
		"taken":            {ada, "userCreate", vars{"name": "x", "email": "lena@example.org", "role": "ADMIN"}, "CONFLICT", "email"},
		"taken slug":       {ada, "cohortCreate", vars{"slug": "data-spring", "name": "x"}, "CONFLICT", "slug"},
	} {
		typ := strings.ToUpper(c.mutation[:1]) + c.mutation[1:] + "Input!"
		a := w.ok(t, c.person, `mutation($in: `+typ+`) { `+c.mutation+`(input: $in) { userErrors { code field message } } }`, vars{"in": c.in})
		require.Equal(t, c.code, a.at(c.mutation, "userErrors", 0, "code"), "%s: %s", name, a.raw)
		require.Equal(t, []any{"input", c.field}, a.at(c.mutation, "userErrors", 0, "field"), name)
	}
}
