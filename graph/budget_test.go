package graph_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/formatter"
	"github.com/vektah/gqlparser/v2/parser"

	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/internal/globalid"
	"github.com/rubrica/rubrica/internal/seeding"
	"github.com/rubrica/rubrica/jobs"
)

var updateBudget = flag.Bool("update", false, "write testdata/statements.golden anew")

const budgetFile = "testdata/statements.golden"

const budgetHead = `# What each query and mutation of examples/ costs the database: its statements, by what they do to
# which table. The number does not depend on how many rows there are. A change of this file is a change
# of what a screen costs: go test ./graph -run TestStatementBudget -update writes it, and the review
# says why.
`

// example is an operation of examples/, as a document of its own.
type example struct {
	text     string
	mutation bool
	sizes    []string // its variables that say how large a page is
}

// examples are the queries and mutations of examples/ by name. The subscriptions are left out: what their
// events tell is read by one statement for all subscribers.
func examples(t *testing.T) map[string]example {
	t.Helper()
	out := map[string]example{}
	paths, err := filepath.Glob("../examples/*.graphql")
	require.NoError(t, err)
	for _, path := range paths {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		all, err := parser.ParseQuery(&ast.Source{Name: path, Input: string(text)})
		require.NoError(t, err)
		for _, o := range all.Operations {
			if o.Operation == ast.Subscription {
				continue
			}
			one := &ast.QueryDocument{Operations: ast.OperationList{o}}
			spread(o.SelectionSet, all.Fragments, one)
			var b strings.Builder
			formatter.NewFormatter(&b).FormatQueryDocument(one)
			e := example{text: b.String(), mutation: o.Operation == ast.Mutation}
			for _, v := range o.VariableDefinitions {
				if v.Type.Name() == "Int" {
					e.sizes = append(e.sizes, v.Variable)
				}
			}
			out[o.Name] = e
		}
	}
	return out
}

// spread copies the fragments that a selection uses.
func spread(set ast.SelectionSet, from ast.FragmentDefinitionList, to *ast.QueryDocument) {
	for _, item := range set {
		switch item := item.(type) {
		case *ast.Field:
			spread(item.SelectionSet, from, to)
		case *ast.InlineFragment:
			spread(item.SelectionSet, from, to)
		case *ast.FragmentSpread:
			if to.Fragments.ForName(item.Name) == nil {
				f := from.ForName(item.Name)
				to.Fragments = append(to.Fragments, f)
				spread(f.SelectionSet, from, to)
			}
		}
	}
}

// run is as whom an example is run, and with what.
type run struct {
	person string
	vars   vars
}

// runs says how each example is run; s is an essay of Lena's.
func (w *world) runs(t *testing.T, s *scored, job string) map[string]run {
	cohort := globalid.Encode("cohort", seeding.CohortID("backend-autumn"))
	omar, essay := globalid.Encode("user", seeding.UserID(omar)), s.id("essay")
	in := func(v vars) vars { return vars{"input": v} }
	return map[string]run{
		"AdminJobs":            {ada, nil},
		"AdminJob":             {ada, vars{"job": job}},
		"AdminJobRetry":        {ada, in(vars{"jobId": job})},
		"AdminJobCancel":       {ada, in(vars{"jobId": job, "reason": "It is an example."})},
		"AdminSystem":          {ada, nil},
		"AdminAuditEvents":     {ada, nil},
		"AdminPeople":          {ada, nil},
		"CreateUser":           {ada, in(vars{"name": "Example", "email": "example@example.org", "role": "LEARNER"})},
		"CreateCohort":         {ada, in(vars{"slug": "example", "name": "Example"})},
		"SetCohortMember":      {ada, in(vars{"cohortId": cohort, "userId": omar, "role": "LEARNER"})},
		"RemoveCohortMember":   {ada, in(vars{"cohortId": cohort, "userId": omar})},
		"AdvisorCohorts":       {arno, nil},
		"AdvisorCohort":        {arno, vars{"cohort": cohort}},
		"AdvisorCohortMembers": {arno, vars{"cohort": cohort}},
		"AdvisorCohortEssays":  {arno, vars{"cohort": cohort}},
		"AdvisorEssay":         {arno, vars{"essay": essay}},
		"Catalogue":            {lena, nil},
		"CatalogueCredential":  {lena, vars{"credential": globalid.Encode("credential", seeding.CredentialID(w.catalog.Credentials[0].Slug))}},
		"LearnerHome":          {lena, nil},
		"LearnerEssays":        {lena, nil},
		"LearnerTrack":         {lena, vars{"slug": w.catalog.Tracks[0].Slug}},
		"LearnerResult":        {lena, vars{"essay": essay}},
		"LiveDashboard":        {arno, nil},
		"SubmitForm":           {lena, vars{"question": w.questionID(0, 0)}},
		"SubmitEssay":          {lena, in(vars{"questionId": w.questionID(0, 0), "text": "An answer."})},
		"RetryEssay":           {lena, in(vars{"essayId": essay})},
		"AdvisorReview":        {arno, vars{"essay": essay}},
		"OverrideEssay": {arno, in(vars{
			"runId": s.id("scoring_run"), "reason": "It is an example.",
			"keyPoints": []vars{{"keyPointId": s.id("key_point"), "status": "MISSED"}},
		})},
		"ConfirmEssay":           {arno, in(vars{"runId": s.id("scoring_run")})},
		"AdminCalibrations":      {ada, vars{"question": w.questionID(0, 0)}},
		"AdminCalibration":       {ada, vars{"calibration": globalid.Encode("calibration", w.calibration(t)), "criterion": "content"}},
		"UploadCalibration":      {ada, in(vars{"questionId": w.questionID(0, 0), "csv": w.gradedTable(6)})},
		"ActivateCalibration":    {ada, in(vars{"calibrationId": globalid.Encode("calibration", w.calibrationIn(t, 2, enums.CalibrationReady))})},
		"RollbackCalibration":    {ada, in(vars{"questionId": w.questionID(0, 0)})},
		"AdminRescorings":        {ada, nil},
		"AdminRescoring":         {ada, vars{"rescoring": w.rescoring(t)}},
		"RescoreEssays":          {ada, in(vars{"scope": vars{"questionId": w.questionID(0, 0)}, "reason": "It is an example."})},
		"CatalogueSearch":        {lena, vars{"query": "databases", "filter": vars{"kinds": []string{"CREDENTIAL"}}}},
		"SimilarCredentials":     {lena, vars{"credential": w.credentialID(0)}},
		"LearnerRecommendations": {lena, nil},
		"WhyNotRecommended":      {lena, vars{"run": s.id("scoring_run"), "credential": w.credentialID(5)}},
		"RecordInteraction":      {lena, in(vars{"credentialId": w.credentialID(5), "kind": "SAVED"})},
		"WithdrawInteraction":    {lena, in(vars{"credentialId": w.credentialID(5), "kind": "SAVED"})},
		"SetPreferences":         {lena, in(vars{"interests": []string{w.catalog.Skills[0].Slug}, "freeOnly": true})},
		"AdvisorRecommendations": {arno, vars{"essay": essay}},
		"AdvisorDuplicates":      {arno, vars{"essay": essay}},
		"DecideRecommendation":   {arno, in(vars{"itemId": s.id("recommendation_item"), "verdict": "ACCEPTED"})},
		"AdminSkills":            {ada, nil},
		"AdminRetrieval":         {ada, nil},
		"SetSkillSynonyms":       {ada, in(vars{"skillId": globalid.Encode("skill", seeding.SkillID(w.catalog.Skills[0].Slug)), "synonyms": []string{"k8s"}})},
		"ImportCatalogue":        {ada, in(vars{"kind": "CREDENTIALS", "file": nil})},
		"RescoreEssay":           {arno, in(vars{"essayId": essay, "reason": "It is an example."})},
	}
}

// unsteady are the examples whose statements depend on the moment: what recommendations go by is looked at
// once a second at most, and read when it has changed.
var unsteady = []string{"WhyNotRecommended"}

// steady leaves out that the synonyms of skills were read, which a process does every half minute.
func steady(statements []string) []string {
	return slices.DeleteFunc(slices.Clone(statements), func(s string) bool { return strings.Contains(s, "unnest(s.name::text || s.synonyms)") })
}

// mutationOrder runs those behind each other that change the same rows.
var mutationOrder = []string{
	"CreateUser", "CreateCohort", "SetCohortMember", "RemoveCohortMember", "AdminJobRetry", "AdminJobCancel",
	"SubmitEssay", "RetryEssay", "RescoreEssay", "OverrideEssay", "ConfirmEssay", "RescoreEssays",
	"UploadCalibration", "ActivateCalibration", "RollbackCalibration",
	"RecordInteraction", "WithdrawInteraction", "SetPreferences", "DecideRecommendation", "SetSkillSynonyms", "ImportCatalogue",
}

func TestStatementBudgetOfTheExamples(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.essays(t, lena, 1)[0]
	job := w.job(t, s)
	w.crowd(t)
	for _, u := range w.catalog.People.Users { // so that no level is empty, whoever comes first
		w.essays(t, u.Slug, 1)
	}
	w.indexed(t)
	all, runs := examples(t), w.runs(t, s, job)
	require.ElementsMatch(t, slices.Collect(maps.Keys(all)), slices.Collect(maps.Keys(runs)), "each example is run")

	ask := func(name string, v vars) []string {
		t.Helper()
		if name == "ImportCatalogue" {
			a := w.upload(t, runs[name].person, all[name].text, v, "input", "a.csv", oneCredential(w))
			require.Empty(t, a.Errors, a.raw)
			require.NotContains(t, a.raw, `"userErrors":[{`, name)
			return a.statements
		}
		a := w.ok(t, runs[name].person, all[name].text, v)
		require.NotContains(t, a.raw, `"userErrors":[{`, name)
		return steady(a.statements)
	}
	budget := map[string][]string{}
	for name, e := range all {
		if e.mutation {
			require.Contains(t, mutationOrder, name)
			continue
		}
		if slices.Contains(unsteady, name) {
			ask(name, runs[name].vars)
			continue
		}
		budget[name] = ask(name, runs[name].vars)
		for _, n := range []int{1, 10, 100} {
			v := maps.Clone(runs[name].vars)
			if v == nil {
				v = vars{}
			}
			for _, size := range e.sizes {
				v[size] = n
			}
			require.Len(t, ask(name, v), len(budget[name]), "%s: the number of its statements depends on that of the rows: %d", name, n)
		}
	}
	for _, name := range mutationOrder {
		switch name {
		case "AdminJobRetry":
			w.exec(t, `UPDATE scoring_runs SET stage = 'QUEUED' WHERE essay_id = $1`, s.ids["essay"])
		case "OverrideEssay", "ConfirmEssay": // of the first run, as if it was the only one
			w.exec(t, `DELETE FROM scoring_runs WHERE essay_id = $1 AND number > 1`, s.ids["essay"])
			w.exec(t, `UPDATE scoring_runs SET stage = 'COMPLETED' WHERE essay_id = $1`, s.ids["essay"])
		case "RescoreEssay":
			w.exec(t, `UPDATE scoring_runs SET stage = 'COMPLETED' WHERE essay_id = $1`, s.ids["essay"])
		}
		budget[name] = ask(name, runs[name].vars)
	}

	var b strings.Builder
	b.WriteString(budgetHead)
	for _, name := range slices.Sorted(maps.Keys(budget)) {
		fmt.Fprintf(&b, "\n%s %d\n", name, len(budget[name]))
		lines := make([]string, len(budget[name]))
		for i, statement := range budget[name] {
			lines[i] = "  " + brief(statement) + "\n"
		}
		slices.Sort(lines) // fields of the root are read side by side
		b.WriteString(strings.Join(lines, ""))
	}
	if *updateBudget {
		require.NoError(t, os.MkdirAll(filepath.Dir(budgetFile), 0o755))
		require.NoError(t, os.WriteFile(budgetFile, []byte(b.String()), 0o644)) //nolint:gosec // as every file of the repository
	}
	golden, err := os.ReadFile(budgetFile)
	require.NoError(t, err)
	require.Equal(t, string(golden), b.String(), "an example costs more statements, or fewer, than it did")
}

// job is a job that failed once and waits, which works for the essay's run.
func (w *world) job(t *testing.T, s *scored) string {
	t.Helper()
	tx, err := w.db.SQL.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	require.NoError(t, w.queue.Score(t.Context(), tx, s.ids["scoring_run"]))
	var j jobs.Job
	require.NoError(t, tx.QueryRowContext(t.Context(),
		`UPDATE river_job SET state = 'retryable', attempt = 1, scheduled_at = now() + interval '1 hour' RETURNING id`).Scan(&j.Number))
	require.NoError(t, tx.Commit())
	return j.GlobalID()
}

var (
	comment = regexp.MustCompile(`(?m)--.*$|/\*.*?\*/`)
	table   = regexp.MustCompile(`(?:FROM|INTO|UPDATE)\s+(?:"?public"?\.)?"?([a-z_]+)"?(\(?)`)
)

// brief is what a statement does to which table.
func brief(statement string) string {
	statement = comment.ReplaceAllString(statement, "")
	verb := strings.ToUpper(strings.Fields(statement)[0])
	for _, m := range table.FindAllStringSubmatch(statement, -1) {
		if m[2] == "" {
			if strings.Contains(statement, "count(*)") || strings.Contains(statement, "COUNT(") {
				verb += " count"
			}
			return verb + " " + m[1]
		}
	}
	return verb
}
