package e2e_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"

	"github.com/rubrica/rubrica/internal/pgtest"
)

// screens is a running installation on which the examples are run, and what they have shown so far.
type screens struct {
	*installation
	server *process
	files  map[string]string        // the text of the file that an operation stands in, by its name
	kinds  map[string]ast.Operation // by name
	used   map[string]bool          // by name
}

// openExamples reads every file of examples/, as codegen does.
func (s *screens) openExamples() {
	s.t.Helper()
	s.files, s.kinds, s.used = map[string]string{}, map[string]ast.Operation{}, map[string]bool{}
	paths, err := filepath.Glob("../../examples/*.graphql")
	require.NoError(s.t, err)
	for _, path := range paths {
		text, err := os.ReadFile(path)
		require.NoError(s.t, err)
		document, err := parser.ParseQuery(&ast.Source{Name: path, Input: string(text)})
		require.NoError(s.t, err)
		for _, o := range document.Operations {
			require.NotContains(s.t, s.files, o.Name, "names of operations are unique over all files")
			s.files[o.Name], s.kinds[o.Name] = string(text), o.Operation
		}
	}
	require.NotEmpty(s.t, s.files)
}

// Every example shows what it promises to whom it is for, on a server with the seeds and with workers, and
// to nobody else.
func TestExamples(t *testing.T) {
	t.Parallel()
	defer httpClient.CloseIdleConnections()
	s := &screens{installation: install(t, pgtest.New(t))}
	s.openExamples()

	// Nothing is scored at first: jobs wait, and can be stopped and tried again.
	s.server = s.start("--no-worker")
	essay := s.submit()
	s.jobs(essay)
	s.server.stop()

	s.server = s.start()
	s.indexed()
	essay = s.submit()
	s.follow(essay)
	s.learner(essay)
	s.recommendations(essay)
	s.retrieval(essay)
	s.advisor(essay)
	s.people()
	s.calibration()
	s.everybody()
	for name := range s.files {
		assert.True(t, s.used[name], "%s is run by no test", name)
	}
	s.server.stop()
}

// Who is shown what. Omar is a learner of other cohorts, Miriam an advisor who shares one of Lena's.
var (
	learnersOnly = map[string]string{"omar": shown, "arno": "FORBIDDEN", "miriam": "FORBIDDEN", "ada": "FORBIDDEN"}
	adminsOnly   = map[string]string{"lena": "FORBIDDEN", "omar": "FORBIDDEN", "arno": "FORBIDDEN", "miriam": "FORBIDDEN"}
	signedIn     = map[string]string{"lena": shown, "omar": shown, "arno": shown, "miriam": shown, "ada": shown}
	lenasWork    = map[string]string{"lena": shown, "omar": hidden, "arno": shown, "miriam": shown, "ada": shown}
	lenasStream  = map[string]string{"lena": shown, "omar": "NOT_FOUND", "arno": shown, "miriam": shown, "ada": shown}
)

// submit submits an essay of Lena's and returns its global id.
func (s *screens) submit() string {
	s.t.Helper()
	question := s.catalog.Tracks[0].Questions[0]
	s.check(example{
		operation: "SubmitForm", variables: map[string]any{"question": s.question(question.Slug)},
		shows: []string{"node.prompt", "node.rubric.criteria.0.title"}, as: signedIn,
	}, "lena")
	r := s.check(example{
		operation: "SubmitEssay", as: learnersOnly,
		variables: map[string]any{"input": map[string]any{
			"questionId": s.question(question.Slug), "text": question.Samples.Middling,
		}},
		shows: []string{"essaySubmit.essay.id", "essaySubmit.run.stage"},
	}, "lena")
	return r.text("essaySubmit.essay.id")
}

// indexed waits until what essays are compared with can be found.
func (s *screens) indexed() {
	s.t.Helper()
	require.Eventually(s.t, func() bool {
		r := s.show("ada", "AdminSystem", nil)
		return r.at("system.index.chunks") != 0.0 && r.at("system.index.missing") == 0.0
	}, mainTimeout, 100*time.Millisecond)
}

// jobs stops the job of the essay, which ends its run, and has the essay tried again.
func (s *screens) jobs(essay string) {
	s.t.Helper()
	run := s.show("lena", "LearnerResult", map[string]any{"essay": essay}).text("essay.latestRun.id")
	r := s.check(example{
		operation: "AdminJobs", variables: map[string]any{"filter": map[string]any{"runId": run}},
		shows: []string{"jobs.edges.0.node.kind", "jobs.edges.0.cursor"}, as: adminsOnly,
	}, "ada")
	job := r.text("jobs.edges.0.node.id")
	forJob := func(more ...string) map[string]any {
		input := map[string]any{"jobId": job}
		for i := 0; i < len(more); i += 2 {
			input[more[i]] = more[i+1]
		}
		return map[string]any{"input": input}
	}
	// As after a try that failed: the job waits for its time.
	_, err := s.db.Exec(`UPDATE river_job SET state = 'retryable', scheduled_at = now() + interval '1 hour' WHERE state = 'available' AND kind LIKE '%score%'`)
	require.NoError(s.t, err)
	s.check(example{
		operation: "AdminJobRetry", variables: forJob(), shows: []string{"jobRetry.job.state"}, as: adminsOnly,
	}, "ada")
	s.check(example{
		operation: "AdminJobCancel", variables: forJob("reason", "The example stops it."),
		shows: []string{"jobCancel.job.finalizedAt"}, as: adminsOnly,
	}, "ada")
	r = s.check(example{
		operation: "AdminJob", variables: map[string]any{"job": job}, shows: []string{"node.state", "node.run.failure.code", "node.run.essay.id"},
		as: map[string]string{"lena": hidden, "omar": hidden, "arno": hidden, "miriam": hidden},
	}, "ada")
	require.Equal(s.t, "CANCELLED", r.text("node.state"))
	require.Equal(s.t, "FAILED", r.text("node.run.stage"))
	s.check(example{
		operation: "RetryEssay", variables: map[string]any{"input": map[string]any{"essayId": essay}},
		shows: []string{"essayRetry.run.id"}, as: map[string]string{"omar": "NOT_FOUND"},
	}, "lena")
	s.check(example{
		operation: "AdminSystem", shows: []string{"system.engine.model", "system.database.version", "system.index.model", "system.jobs.0.kind"},
		as: adminsOnly,
	}, "ada")
	s.check(example{
		operation: "AdminAuditEvents", variables: map[string]any{"filter": map[string]any{"action": "JOB_CANCEL"}},
		shows: []string{"auditEvents.edges.0.node.actor.name", "auditEvents.edges.0.node.detail.0.value"}, as: adminsOnly,
	}, "ada")
}

// follow watches the essay until it is scored.
func (s *screens) follow(essay string) {
	s.t.Helper()
	variables := map[string]any{"essay": essay}
	shows := []string{"essayProgress.run.scores.0.value", "essayProgress.run.overall.percent"}
	r := s.check(example{operation: "SubmitProgress", variables: variables, shows: shows, as: lenasStream}, "lena")
	require.Equal(s.t, "COMPLETED", r.text("essayProgress.stage"))
	s.check(example{operation: "LiveEssay", variables: variables, shows: shows, as: lenasStream}, "arno")
	s.check(example{
		operation: "LiveActivity", variables: map[string]any{"scope": map[string]any{"everything": true}},
		shows: []string{"scoringActivity.newest.0.learner", "scoringActivity.stages.0.stage"},
		as:    map[string]string{"lena": "FORBIDDEN", "omar": "FORBIDDEN", "miriam": shown, "ada": shown},
	}, "arno")
}

func (s *screens) learner(essay string) {
	s.t.Helper()
	s.check(example{
		operation: "LearnerResult", variables: map[string]any{"essay": essay}, as: lenasWork,
		shows: []string{
			"essay.text", "essay.latestRun.overall.percent", "essay.latestRun.scores.0.criterion.title",
			"essay.latestRun.scores.0.explanation.summary", "essay.latestRun.scores.0.explanation.contributions.0.label",
			"essay.latestRun.scores.0.explanation.evidence.0.quote", "essay.latestRun.scores.0.explanation.keyPoints.0.label",
			"essay.latestRun.scores.0.explanation.citations.0.passage.title",
			"essay.latestRun.recommendations.items.0.credential.title", "essay.latestRun.recommendations.items.0.traces.0.text",
		},
	}, "lena")
	s.check(example{operation: "LearnerHome", shows: []string{"essays.edges.0.node.question.title", "tracks.edges.0.node.title", "viewer.user.name"}, as: signedIn}, "lena")
	s.check(example{operation: "LearnerEssays", shows: []string{"essays.edges.0.node.latestRun.overall.percent"}, as: signedIn}, "lena")
	s.check(example{
		operation: "LearnerTrack", variables: map[string]any{"slug": s.catalog.Tracks[0].Slug},
		shows: []string{"track.questions.edges.0.node.title", "track.skills.0.name"}, as: signedIn,
	}, "lena")
}

func (s *screens) advisor(essay string) {
	s.t.Helper()
	r := s.check(example{operation: "AdvisorCohorts", shows: []string{"cohorts.edges.0.node.name"}, as: signedIn}, "arno")
	cohort := map[string]any{"cohort": r.text("cohorts.edges.0.node.id")} // backend-autumn, which is not Miriam's
	ofArno := map[string]string{"lena": shown, "omar": hidden, "miriam": hidden, "ada": shown}
	const member, result = "node.members.edges.0.node.joinedAt", "essays.edges.0.node.latestRun.overall.percent"
	s.check(example{operation: "AdvisorCohort", variables: cohort, shows: []string{member, result}, as: ofArno}, "arno")
	s.check(example{operation: "AdvisorCohortMembers", variables: cohort, shows: []string{member}, as: ofArno}, "arno")
	s.check(example{operation: "AdvisorCohortEssays", variables: cohort, shows: []string{result, "essays.edges.0.node.learner.name"}, as: ofArno}, "arno")
	s.check(example{
		operation: "AdvisorEssay", variables: map[string]any{"essay": essay},
		shows: []string{"essay.text", "essay.learner.name", "essay.runs.edges.0.node.number", "essay.question.rubric.keyPoints.0.text"},
		as:    map[string]string{"lena": "FORBIDDEN", "omar": hidden, "miriam": shown, "ada": shown},
	}, "arno")
	s.check(example{operation: "LiveDashboard", shows: []string{"cohorts.edges.0.node.name", "essays.edges.0.node.latestRun.overall.percent"}, as: signedIn}, "arno")
	s.review(essay)
	s.check(example{
		operation: "RescoreEssay", variables: map[string]any{"input": map[string]any{"essayId": essay, "reason": "An example."}},
		shows: []string{"essayRescore.run.id"}, as: map[string]string{"lena": "FORBIDDEN", "omar": "FORBIDDEN"},
	}, "arno")
}

// review steps in: the advisor stands behind the scores, then gives one, and an admin has all essays of the
// question scored again.
func (s *screens) review(essay string) {
	s.t.Helper()
	variables := map[string]any{"essay": essay}
	in := func(v map[string]any) map[string]any { return map[string]any{"input": v} }
	notLearners := map[string]string{"lena": "FORBIDDEN", "omar": "FORBIDDEN"}
	r := s.check(example{
		operation: "AdvisorReview", variables: variables, as: lenasWork,
		shows: []string{"essay.text", "essay.latestRun.scores.0.explanation.summary", "essay.runs.edges.0.node.engine.name"},
	}, "arno")
	r = s.check(example{
		operation: "ConfirmEssay", variables: in(map[string]any{"runId": r.text("essay.latestRun.id")}), as: notLearners,
		shows: []string{"essayConfirm.run.id", "essayConfirm.run.override.by.name"},
	}, "arno")
	confirmed := r.text("essayConfirm.run.id")
	r = s.show("arno", "AdvisorReview", variables)
	require.Equal(s.t, confirmed, r.text("essay.latestRun.id"))
	value, scale := r.at("essay.latestRun.scores.0.value"), r.at("essay.latestRun.scores.0.criterion.scale.min")
	if value == scale {
		scale = r.at("essay.latestRun.scores.0.criterion.scale.max")
	}
	s.check(example{
		operation: "OverrideEssay", as: notLearners,
		variables: in(map[string]any{"runId": confirmed, "reason": "An example.", "criteria": []any{
			map[string]any{"criterionId": r.text("essay.latestRun.scores.0.criterion.id"), "value": scale},
		}}),
		shows: []string{"essayOverride.run.override.reason", "essayOverride.run.scores.0.explanation.summary"},
	}, "arno")
	s.show("lena", "SubmitProgress", variables) // until what to learn next is known

	r = s.check(example{
		operation: "RescoreEssays", as: adminsOnly, shows: []string{"essaysRescore.rescoring.track.title"},
		variables: in(map[string]any{"scope": map[string]any{"questionId": s.question(s.catalog.Tracks[0].Questions[0].Slug)}, "reason": "An example."}),
	}, "ada")
	rescoring := r.text("essaysRescore.rescoring.id")
	s.check(example{operation: "AdminRescorings", shows: []string{"rescorings.edges.0.node.report.state"}, as: adminsOnly}, "ada")
	s.check(example{
		operation: "AdminRescoring", variables: map[string]any{"rescoring": rescoring}, shows: []string{"node.reason"},
		as: map[string]string{"lena": hidden, "omar": hidden, "arno": hidden, "miriam": hidden},
	}, "ada")
}

func (s *screens) people() {
	s.t.Helper()
	input := func(pairs ...string) map[string]any {
		in := map[string]any{}
		for i := 0; i < len(pairs); i += 2 {
			in[pairs[i]] = pairs[i+1]
		}
		return map[string]any{"input": in}
	}
	r := s.check(example{
		operation: "CreateUser", variables: input("name", "Example", "email", "example@example.org", "role", "LEARNER"),
		shows: []string{"userCreate.user.email"}, as: adminsOnly,
	}, "ada")
	user := r.text("userCreate.user.id")
	r = s.check(example{
		operation: "CreateCohort", variables: input("slug", "example", "name", "Example"),
		shows: []string{"cohortCreate.cohort.name"}, as: adminsOnly,
	}, "ada")
	cohort := r.text("cohortCreate.cohort.id")
	s.check(example{
		operation: "SetCohortMember", variables: input("cohortId", cohort, "userId", user, "role", "LEARNER"),
		shows: []string{"cohortMemberSet.member.user.name"}, as: adminsOnly,
	}, "ada")
	s.check(example{
		operation: "RemoveCohortMember", variables: input("cohortId", cohort, "userId", user),
		shows: []string{"cohortMemberRemove.removedMemberId", "cohortMemberRemove.cohort.id"}, as: adminsOnly,
	}, "ada")
	s.check(example{operation: "AdminPeople", shows: []string{"users.edges.0.node.name"}, as: signedIn}, "ada")
}

func (s *screens) everybody() {
	s.t.Helper()
	r := s.check(example{operation: "Catalogue", shows: []string{"credentials.edges.0.node.teaches.0.name"}, as: signedIn}, "lena")
	s.check(example{
		operation: "CatalogueCredential", variables: map[string]any{"credential": r.text("credentials.edges.0.node.id")},
		shows: []string{"node.description"}, as: signedIn,
	}, "lena")
}

// reply is what came of an operation: of a subscription, its last event.
type reply struct {
	Data   map[string]any
	Errors []struct {
		Message    string
		Extensions struct{ Code string }
	}
	raw string
}

// show runs an operation of the examples as a person ("" for nobody). A stream is read to its end, or to its
// first event.
func (s *screens) show(who, operation string, variables map[string]any) reply {
	s.t.Helper()
	s.used[operation] = true
	body, err := json.Marshal(map[string]any{
		"query": s.files[operation], "operationName": operation, "variables": variables,
	})
	require.NoError(s.t, err)
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.server.url+"/graphql", bytes.NewReader(body))
	require.NoError(s.t, err)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "text/event-stream")
	if who != "" {
		req.Header.Set("Authorization", "Bearer "+s.token(who))
	}
	res, err := httpClient.Do(req)
	require.NoError(s.t, err)
	defer func() { _ = res.Body.Close() }() // read as far as it is wanted
	var last reply
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data:")
		if data = strings.TrimSpace(data); !ok || data == "" {
			continue
		}
		last = reply{raw: data}
		require.NoError(s.t, json.Unmarshal([]byte(data), &last), operation)
		if operation == "LiveActivity" { // never ends
			break
		}
	}
	require.NoError(s.t, lines.Err())
	require.NotEmpty(s.t, last.raw, "%s as %q: %s", operation, who, res.Status)
	return last
}

// at is the value at a path such as "essay.latestRun.scores.0.value"; nil where it leads nowhere.
func (r reply) at(path string) any {
	var v any = r.Data
	for _, step := range strings.Split(path, ".") {
		switch of := v.(type) {
		case map[string]any:
			v = of[step]
		case []any:
			if step != "0" || len(of) == 0 {
				return nil
			}
			v = of[0]
		default:
			return nil
		}
	}
	return v
}

func (r reply) text(path string) string { text, _ := r.at(path).(string); return text }

// empty tells whether there is nothing to show at a path.
func (r reply) empty(path string) bool {
	switch v := r.at(path).(type) {
	case nil:
		return true
	case []any:
		return len(v) == 0
	case string:
		return v == ""
	}
	return false
}

// Outcomes of an example for somebody, besides the codes of errors.
const (
	shown  = "shown"  // no errors, and something at each path
	hidden = "hidden" // no errors, and nothing at the first path
)

// example is an operation, what it must show, and to whom.
type example struct {
	operation string
	variables map[string]any
	shows     []string // paths
	// as is the outcome for each other person: a code, or one of the above. A mutation that can be done once
	// leaves out who else may do it.
	as map[string]string
}

// check runs an example as everybody; the one to whom all of it is shown comes last, whose reply it returns.
func (s *screens) check(e example, wanted string) reply {
	s.t.Helper()
	require.Contains(s.t, s.files, e.operation)
	nobody := hidden // an object by its global id is not there for those who may not see it, nor is a viewer
	for _, path := range e.shows {
		if !strings.HasPrefix(path, "node.") && !strings.HasPrefix(path, "viewer.") {
			nobody = "UNAUTHENTICATED"
		}
	}
	r := s.show("", e.operation, e.variables)
	assert.Equal(s.t, nobody, s.outcome(e, r), "%s as nobody: %.600s", e.operation, r.raw)
	for _, who := range []string{"lena", "omar", "arno", "miriam", "ada"} {
		want, listed := e.as[who]
		if who != wanted && (listed || s.kinds[e.operation] != ast.Mutation) {
			r := s.show(who, e.operation, e.variables)
			assert.Equal(s.t, want, s.outcome(e, r), "%s as %s: %.600s", e.operation, who, r.raw)
		}
	}
	r = s.show(wanted, e.operation, e.variables)
	require.Equal(s.t, shown, s.outcome(e, r), "%s as %s: %.600s", e.operation, wanted, r.raw)
	return r
}

func (s *screens) outcome(e example, r reply) string {
	if len(r.Errors) > 0 {
		return r.Errors[0].Extensions.Code
	}
	payload, _, _ := strings.Cut(e.shows[0], ".")
	if code := r.text(payload + ".userErrors.0.code"); code != "" {
		return code
	}
	if r.empty(e.shows[0]) {
		return hidden
	}
	for _, path := range e.shows[1:] {
		if r.empty(path) {
			return "nothing at " + path
		}
	}
	return shown
}

// calibration goes from a table of graded answers to the calibration that is on, and back.
func (s *screens) calibration() {
	s.t.Helper()
	seed := s.catalog.Tracks[0].Questions[0]
	question := s.question(seed.Slug)
	var table strings.Builder
	key := seed.Rubric.Criteria[0].Key
	table.WriteString("answer," + key + "\n")
	for i, text := range []string{seed.Rubric.ModelAnswer, seed.Samples.Strong, seed.Samples.Middling, seed.Samples.Weak, "Nobody knows what is to be done here."} {
		fmt.Fprintf(&table, "\"%s\",%d\n", strings.ReplaceAll(text, `"`, `""`), 5-i)
	}
	in := func(pairs map[string]any) map[string]any { return map[string]any{"input": pairs} }
	r := s.check(example{
		operation: "UploadCalibration", variables: in(map[string]any{"questionId": question, "csv": table.String()}),
		shows: []string{"calibrationUpload.calibration.id"}, as: adminsOnly,
	}, "ada")
	id := r.text("calibrationUpload.calibration.id")
	one := map[string]any{"calibration": id, "criterion": key}
	require.Eventually(s.t, func() bool {
		return s.show("ada", "AdminCalibration", one).text("node.state") == "READY"
	}, time.Minute, 20*time.Millisecond, "the calibration is not fitted")
	graders := map[string]string{"lena": hidden, "omar": hidden, "arno": shown, "miriam": shown, "ada": shown}
	s.check(example{
		operation: "AdminCalibration", variables: one,
		shows: []string{"node.criteria.0.engine.rmse", "node.points.0.predicted"}, as: graders,
	}, "ada")
	s.check(example{
		operation: "ActivateCalibration", variables: in(map[string]any{"calibrationId": id}),
		shows: []string{"calibrationActivate.calibration.activatedAt"}, as: adminsOnly,
	}, "ada")
	s.check(example{
		operation: "AdminCalibrations", variables: map[string]any{"question": question},
		shows: []string{"node.calibration.id", "node.calibrations.edges.0.node.criteria.0.level"},
		as:    map[string]string{"lena": "FORBIDDEN", "omar": "FORBIDDEN", "arno": shown, "miriam": shown},
	}, "ada")
	s.check(example{
		operation: "RollbackCalibration", variables: in(map[string]any{"questionId": question}),
		shows: []string{"calibrationRollback.retired.state"}, as: adminsOnly,
	}, "ada")
}
