package load

import (
	"slices"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2"

	"github.com/rubrica/rubrica/ent/auditevent"
	"github.com/rubrica/rubrica/ent/calibration"
	"github.com/rubrica/rubrica/ent/citation"
	"github.com/rubrica/rubrica/ent/cohort"
	"github.com/rubrica/rubrica/ent/credential"
	"github.com/rubrica/rubrica/ent/criterion"
	"github.com/rubrica/rubrica/ent/essay"
	"github.com/rubrica/rubrica/ent/evidence"
	"github.com/rubrica/rubrica/ent/explanation"
	"github.com/rubrica/rubrica/ent/interaction"
	"github.com/rubrica/rubrica/ent/keypoint"
	"github.com/rubrica/rubrica/ent/keypointoutcome"
	"github.com/rubrica/rubrica/ent/membership"
	"github.com/rubrica/rubrica/ent/override"
	"github.com/rubrica/rubrica/ent/passage"
	"github.com/rubrica/rubrica/ent/preference"
	"github.com/rubrica/rubrica/ent/question"
	"github.com/rubrica/rubrica/ent/recommendationdecision"
	"github.com/rubrica/rubrica/ent/recommendationitem"
	"github.com/rubrica/rubrica/ent/recommendationlist"
	"github.com/rubrica/rubrica/ent/referenceanswer"
	"github.com/rubrica/rubrica/ent/rescoring"
	"github.com/rubrica/rubrica/ent/rubric"
	"github.com/rubrica/rubrica/ent/score"
	"github.com/rubrica/rubrica/ent/scoringrun"
	"github.com/rubrica/rubrica/ent/skill"
	"github.com/rubrica/rubrica/ent/track"
	"github.com/rubrica/rubrica/ent/user"
	"github.com/rubrica/rubrica/graph/exec"
)

// tables are the columns of each type's table.
var tables = map[string][]string{
	"AuditEvent": auditevent.Columns, "Calibration": calibration.Columns, "Citation": citation.Columns, "Cohort": cohort.Columns,
	"CohortMember": membership.Columns, "Credential": credential.Columns, "Criterion": criterion.Columns,
	"Essay": essay.Columns, "Evidence": evidence.Columns, "Explanation": explanation.Columns,
	"Interaction": interaction.Columns, "Preferences": preference.Columns, "RecommendationDecision": recommendationdecision.Columns,
	"Override": override.Columns, "Rescoring": rescoring.Columns,
	"KeyPoint": keypoint.Columns, "KeyPointOutcome": keypointoutcome.Columns, "Passage": passage.Columns,
	"Question": question.Columns, "RecommendationItem": recommendationitem.Columns,
	"RecommendationList": recommendationlist.Columns, "ReferenceAnswer": referenceanswer.Columns,
	"Rubric": rubric.Columns, "Score": score.Columns, "ScoringRun": scoringrun.Columns, "Skill": skill.Columns,
	"Track": track.Columns, "User": user.Columns,
}

// unread are the columns that no field of the API shows, besides created_at and owner_id of those
// that do not show them.
var unread = map[string][]string{
	"Calibration":     {"attempt", "created_by", "rubric_id"},
	"Criterion":       {"position"},
	"Citation":        {"position"},
	"Credential":      {"active", "external_id"},
	"Essay":           {"body_hash", "idempotency_key"},
	"Evidence":        {"position"},
	"KeyPoint":        {"position"},
	"KeyPointOutcome": {"position"},
	"Override":        {"question_id"},
	"Passage":         {"external_id", "slug", "track_id"},
	"Question":        {"active"},
	"Rescoring":       {"cursor", "walked_at"},

	"RecommendationDecision": {"credential_id"},
	"Score":                  {"position"},
	"ScoringRun":             {"attempt", "lease_until", "requested_by", "rescoring_id", "rubric_id", "track_id"},
	"Track":                  {"active"},
}

// The table of columns has every field of the API, and only columns that there are.
func TestColumnsOfEveryField(t *testing.T) {
	t.Parallel()
	schema := exec.NewExecutableSchema(exec.Config{}).Schema()
	for _, typ := range schema.PossibleTypes["Node"] {
		if typ.Name == "Job" { // a row of River's
			continue
		}
		r, ok := rows[typ.Name]
		require.True(t, ok, "%s is in no row of the table", typ.Name)
		fields := 0
		read := strings.Fields(r.always)
		for _, f := range typ.Fields {
			if strings.HasPrefix(f.Name, "__") {
				continue
			}
			columns, ok := r.fields[f.Name]
			require.True(t, ok, "%s.%s: say in rows of which columns it is made", typ.Name, f.Name)
			read = append(read, strings.Fields(columns)...)
			fields++
		}
		require.Len(t, r.fields, fields, "%s has fields that the schema lacks", typ.Name)
		for _, c := range read {
			require.Contains(t, tables[typ.Name], c, "%s has no such column", typ.Name)
		}
		var left []string
		for _, c := range tables[typ.Name] {
			if !slices.Contains(read, c) && c != "id" && c != "created_at" && c != "owner_id" {
				left = append(left, c)
			}
		}
		require.ElementsMatch(t, unread[typ.Name], left, "%s: a column is read by a field, or named here", typ.Name)
		require.LessOrEqual(t, len(bits[typ.Name].optional), 64)
	}
	require.Len(t, rows, len(tables))
	require.Len(t, rows, len(schema.PossibleTypes["Node"])-1)
}

// The columns of a type are the union over the operation, with fragments, aliases and what is skipped.
func TestColumnsFollowTheSelection(t *testing.T) {
	t.Parallel()
	schema := exec.NewExecutableSchema(exec.Config{}).Schema()
	const always = "id owner_id created_at overall_percent"
	for query, want := range map[string]string{
		`{ essays(first: 1) { edges { node { id } } } }`:                                               always,
		`{ essays(first: 1) { totalCount edges { node { words runs(first: 1) { totalCount } } } } }`:   always + " words",
		`{ essays(first: 1) { edges { node { a: text b: text } } } }`:                                  always + " text",
		`{ essays(first: 1) { edges { node { id } } } essay(id: "x") { text } }`:                       always + " text",
		`{ nodes(ids: []) { id ...F } } fragment F on Essay { ...G words } fragment G on Essay { id }`: always + " words",
		`{ nodes(ids: []) { ... on Essay { words @skip(if: true) text @include(if: false) } } }`:       always,
		`{ nodes(ids: []) { ...F @skip(if: true) ...F } } fragment F on Essay { words }`:               always + " words",
		`query($v: Boolean = true) { nodes(ids: []) { ... on Essay @include(if: $v) { words } } }`:     always + " words",
		`{ tracks(first: 1) { edges { node { title } } } }`:                                            always,
	} {
		doc, errs := gqlparser.LoadQueryWithRules(schema, query, nil)
		require.Nil(t, errs, query)
		o := &graphql.OperationContext{Doc: doc, Operation: doc.Operations[0], Variables: map[string]any{"v": true}}
		require.ElementsMatch(t, strings.Fields(want), selected(o).columns("Essay"), query)
	}
	require.Equal(t, []string{"id", "slug", "name"}, selected(nil).columns("Skill"))
}
