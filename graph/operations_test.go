package graph_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/graph"
	"github.com/rubrica/rubrica/internal/audit"
	"github.com/rubrica/rubrica/internal/bypass"
	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/internal/globalid"
	"github.com/rubrica/rubrica/jobs"
	"github.com/rubrica/rubrica/migrations"
	"github.com/rubrica/rubrica/rag"
	"github.com/rubrica/rubrica/rag/minilm"
	"github.com/rubrica/rubrica/recommend"
	"github.com/rubrica/rubrica/scoring"
)

// installation is what the tests' servers say of themselves.
var installation = graph.Installation{
	Version: "test", StartedAt: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
	Engine: scoring.NewLocal(minilm.Name).Info(), Embedding: minilm.Name, Dimensions: minilm.Dimensions,
}

// queued adds a scoring job for each essay, and returns the jobs' ids in the same order.
func (w *world) queued(t *testing.T, essays []*scored) (ids []string) {
	t.Helper()
	ctx := bypass.Context(t.Context())
	for _, s := range essays {
		require.NoError(t, w.db.InTx(ctx, func(tx *database.Tx) error {
			return w.queue.Score(ctx, tx.SQL, s.ids["scoring_run"])
		}))
		run := s.ids["scoring_run"]
		list, err := jobs.Jobs(w.db, jobs.Filter{RunID: &run}).All(ctx)
		require.NoError(t, err)
		require.Len(t, list, 1)
		ids = append(ids, list[0].GlobalID())
	}
	return ids
}

const jobFields = `id kind state attempt maxAttempts createdAt scheduledAt attemptedAt finalizedAt elapsed
	errors { attempt at message } run { id stage essay { id } }`

func TestJobsByRole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.queued(t, w.essays(t, lena, 1))[0]
	for _, person := range everyone {
		want := []string{"FORBIDDEN"}
		if person == anonymous {
			want = []string{"UNAUTHENTICATED"}
		}
		for _, query := range []string{
			`{ jobs(first: 1) { totalCount edges { node { id } } } }`, `{ system { version } }`,
			`mutation { jobRetry(input: {jobId: "` + id + `"}) { job { id } } }`,
			`mutation { jobCancel(input: {jobId: "` + id + `", reason: ""}) { job { id } } }`,
		} {
			if a := w.ask(t, person, query, nil); person != ada {
				require.Equal(t, want, a.codes(), query)
				requireStatements(t, 0, a)
			} else {
				require.Empty(t, a.codes(), query)
			}
		}
		const query = `query($id: ID!) { node(id: $id) { id } }`
		one := w.ok(t, person, query, vars{"id": id})
		if person == ada {
			require.Equal(t, id, one.at("node", "id"))
			continue
		}
		require.Nil(t, one.at("node"))
		require.Equal(t, w.ok(t, person, query, vars{"id": globalid.Encode("job", newID())}).Data, one.Data)
	}
}

func TestJobsArePagedAndFiltered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	essays := w.essays(t, lena, 7)
	ids := w.queued(t, essays)
	slices.Reverse(ids) // newest first
	const query = `query($first: Int, $after: String, $last: Int, $before: String, $filter: JobFilter) {
		jobs(first: $first, after: $after, last: $last, before: $before, filter: $filter) { totalCount
			pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor node { ` + jobFields + ` } } } }`
	nodes := func(a *answer) (out []string) {
		for i := range list(a.at("jobs", "edges")) {
			out = append(out, a.at("jobs", "edges", i, "node", "id").(string))
		}
		return out
	}
	var seen []string
	v := vars{"first": 3}
	for {
		a := w.ok(t, ada, query, v)
		requireStatements(t, 4, a) // jobs, totalCount, run, essay
		require.EqualValues(t, 7, a.at("jobs", "totalCount"))
		seen = append(seen, nodes(a)...)
		if a.at("jobs", "pageInfo", "hasNextPage") == false {
			break
		}
		v["after"] = a.at("jobs", "pageInfo", "endCursor")
	}
	require.Equal(t, ids, seen)
	back := w.ok(t, ada, query, vars{"last": 3, "before": v["after"]})
	require.Equal(t, ids[2:5], nodes(back))
	require.Equal(t, true, back.at("jobs", "pageInfo", "hasPreviousPage"))

	first := w.ok(t, ada, query, vars{"first": 1})
	node := first.at("jobs", "edges", 0, "node").(map[string]any)
	require.Equal(t, "SCORE_ESSAY", node["kind"])
	require.Equal(t, "AVAILABLE", node["state"])
	require.Equal(t, []any{}, node["errors"])
	require.Nil(t, node["elapsed"])
	require.Equal(t, essays[6].id("scoring_run"), node["run"].(map[string]any)["id"])

	for _, c := range []struct {
		filter vars
		want   []string
	}{
		{vars{"runId": essays[2].id("scoring_run")}, ids[4:5]},
		{vars{"states": []string{"AVAILABLE"}, "kind": "SCORE_ESSAY"}, ids},
		{vars{"states": []string{"DISCARDED", "RETRYABLE"}}, nil},
		{vars{"states": []string{}}, nil},
		{vars{"kind": "REFRESH_INDEX"}, nil},
		{vars{"runId": globalid.Encode("scoring_run", uuid.New())}, nil},
	} {
		a := w.ok(t, ada, query, vars{"first": 100, "filter": c.filter})
		require.Equal(t, c.want, nodes(a), c.filter)
		require.EqualValues(t, len(c.want), a.at("jobs", "totalCount"))
	}
	every := []string{"AVAILABLE", "SCHEDULED", "PENDING", "RUNNING", "RETRYABLE", "COMPLETED", "DISCARDED", "CANCELLED"}
	require.Len(t, nodes(w.ok(t, ada, query, vars{"first": 100, "filter": vars{"states": every}})), 7)
	for _, bad := range []vars{{"states": append(every, "AVAILABLE")}, {"runId": ids[0]}, {"runId": "nonsense"}} {
		require.Equal(t, []string{"BAD_INPUT"}, w.ask(t, ada, query, vars{"first": 1, "filter": bad}).codes(), bad)
	}
	require.Equal(t, []string{"BAD_CURSOR"}, w.ask(t, ada, query, vars{"first": 1, "after": v["after"], "filter": vars{"kind": "RECOMMEND"}}).codes())

	// By their ids: one statement, whatever does not exist.
	many := w.ok(t, ada, `query($ids: [ID!]!) { nodes(ids: $ids) { id ... on Job { run { id } } } }`,
		vars{"ids": append([]string{globalid.Encode("job", newID())}, ids...)})
	require.Nil(t, many.at("nodes", 0))
	require.Equal(t, ids[6], many.at("nodes", 7, "id"))
	requireStatements(t, 2, many)
}

func TestSystem(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.queued(t, w.essays(t, lena, 2))
	require.NoError(t, w.queue.RefreshIndex(t.Context()))

	const parts = `database { version vectorVersion migration sizeKiB } index { model dimensions documents chunks missing sizeKiB } jobs { kind state count }`
	a := w.ok(t, ada, `{ system { version startedAt engine { name version model } `+parts+` } }`, nil)
	requireStatements(t, 3, a)
	require.Equal(t, "test", a.at("system", "version"))
	require.Equal(t, "2026-03-01T12:00:00Z", a.at("system", "startedAt"))
	require.Equal(t, "local", a.at("system", "engine", "name"))
	require.Equal(t, minilm.Name, a.at("system", "engine", "model"))
	require.Regexp(t, `^\d+`, a.at("system", "database", "version"))
	require.Regexp(t, `^\d+\.\d+`, a.at("system", "database", "vectorVersion"))
	files, err := migrations.FS.ReadDir(".")
	require.NoError(t, err)
	newest := 0
	for _, f := range files {
		_, err := fmt.Sscanf(f.Name(), "%d", &newest)
		require.NoError(t, err)
	}
	require.EqualValues(t, newest, a.at("system", "database", "migration"))
	require.Greater(t, a.at("system", "database", "sizeKiB"), 1000.)
	require.Equal(t, minilm.Name, a.at("system", "index", "model"))
	require.EqualValues(t, 384, a.at("system", "index", "dimensions"))
	require.EqualValues(t, 0, a.at("system", "index", "documents"), "nothing is indexed yet")
	require.Equal(t, []any{
		vars{"kind": "REFRESH_INDEX", "state": "AVAILABLE", "count": 1.},
		vars{"kind": "SCORE_ESSAY", "state": "AVAILABLE", "count": 2.},
	}, a.at("system", "jobs"))

	for selection, statements := range map[string]int{
		`version startedAt engine { name }`: 0, `database { version }`: 1, `index { model }`: 1, `jobs { count }`: 1,
		`jobs @skip(if: true) { count } ...{ database { version } }`: 1,
	} {
		requireStatements(t, statements, w.ok(t, ada, `{ system { `+selection+` } }`, nil))
	}

	model, err := minilm.Shared(t.Context())
	require.NoError(t, err)
	empty, err := rag.ReadState(t.Context(), w.db, minilm.Name)
	require.NoError(t, err)
	index := rag.New(w.db, model, nil)
	report, err := index.Refresh(t.Context(), 10)
	require.NoError(t, err)
	full := w.ok(t, ada, `{ system { index { documents chunks missing sizeKiB } } }`, nil)
	require.EqualValues(t, report.Written, full.at("system", "index", "documents"))
	require.EqualValues(t, report.Left, full.at("system", "index", "missing"))
	require.EqualValues(t, report.Left+10, full.at("system", "index", "chunks"))
	require.Greater(t, full.at("system", "index", "sizeKiB"), float64(empty.Bytes/1024))
}

// broken is an engine that fails, or never answers, as long as it is told to. An essay is scored more
// than once, since what would raise its scores is tried.
type broken struct {
	scoring.Engine
	fault atomic.Pointer[error] // nil: none
}

// errSilent is the fault of an engine that never answers.
var errSilent = errors.New("the provider is silent")

func (b *broken) Score(ctx context.Context, r scoring.Request) (*scoring.Result, error) {
	switch fault := b.fault.Load(); {
	case fault == nil:
		return b.Engine.Score(ctx, r)
	case errors.Is(*fault, errSilent):
		<-ctx.Done()
		return nil, ctx.Err()
	default:
		return nil, *fault
	}
}

// fail is the fault from now on; nil ends it.
func (b *broken) fail(err error) {
	if err == nil {
		b.fault.Store(nil)
		return
	}
	b.fault.Store(&err)
}

// An admin finds a job that failed, reads why, has it tried again, and stops another; its learner sees
// all of it, and asks for the essay to be scored anew.
func TestAdminLooksAfterJobs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.runHub(t)
	engine := &broken{}
	w.work(t, engine)
	submit := func(text string) string {
		a := w.ok(t, lena, `mutation($in: EssaySubmitInput!) { essaySubmit(input: $in) { essay { id } userErrors { code } } }`,
			vars{"in": vars{"questionId": w.questionID(0, 0), "text": text}})
		return a.at("essaySubmit", "essay", "id").(string)
	}
	const progress = `subscription($id: ID!) { essayProgress(id: $id) { stage run { failure { code message } } } }`
	terminal := func(essay, stage string) string {
		events := w.stream(t, lena, progress, vars{"id": essay}, 0)
		last := 0
		for _, e := range events {
			if strings.Contains(e, `"COMPLETED"`) || strings.Contains(e, `"FAILED"`) {
				last++
			}
		}
		require.Equal(t, 1, last, "the end comes once: %v", events)
		require.Contains(t, events[len(events)-1], `"stage":"`+stage+`"`)
		return events[len(events)-1]
	}
	const query = `query($s: [JobState!]) { jobs(first: 5, filter: {states: $s, kind: SCORE_ESSAY}) { edges { node { ` + jobFields + ` } } } }`
	in := func(states ...string) (job *answer) {
		t.Helper()
		require.Eventually(t, func() bool {
			job = w.ok(t, ada, query, vars{"s": states})
			return len(list(job.at("jobs", "edges"))) > 0
		}, time.Minute, 10*time.Millisecond, "no job becomes %v", states)
		return job
	}
	of := func(a *answer, field string) any { return a.at("jobs", "edges", 0, "node", field) }
	change := func(mutation, input string, id any, in vars) *answer {
		in["jobId"] = id
		return w.ok(t, ada, `mutation($in: `+input+`!) { `+mutation+`(input: $in) { job { `+jobFields+` } userErrors { field code message } } }`, vars{"in": in})
	}

	engine.fail(errors.New("the provider is down"))
	one := submit("An index makes reads fast, and writes a little slower, since it must be kept up to date.")
	failed := in("DISCARDED", "RETRYABLE")
	require.Equal(t, "RETRYABLE", of(failed, "state"))
	require.Equal(t, "the provider is down", failed.at("jobs", "edges", 0, "node", "errors", 0, "message"))
	require.Equal(t, one, failed.at("jobs", "edges", 0, "node", "run", "essay", "id"))
	engine.fail(nil)
	retried := change("jobRetry", "JobRetryInput", of(failed, "id"), vars{})
	require.Empty(t, list(retried.at("jobRetry", "userErrors")))
	require.Equal(t, "AVAILABLE", retried.at("jobRetry", "job", "state"))
	terminal(one, "COMPLETED")
	require.Equal(t, of(failed, "id"), of(in("COMPLETED"), "id"))

	engine.fail(errSilent)
	two := submit("A second answer, that nobody needs. It says little and takes its time to say it.")
	running := in("RUNNING")
	cancelled := change("jobCancel", "JobCancelInput", of(running, "id"), vars{"reason": "The provider bills by the hour."})
	require.Empty(t, list(cancelled.at("jobCancel", "userErrors")))
	require.Equal(t, "FAILED", cancelled.at("jobCancel", "job", "run", "stage"), "the payload is as of now")
	end := terminal(two, "FAILED")
	require.Contains(t, end, `"code":"CANCELLED"`)
	require.Contains(t, end, "The provider bills by the hour.")
	require.Equal(t, of(running, "id"), of(in("CANCELLED"), "id"))

	refused := change("jobRetry", "JobRetryInput", of(running, "id"), vars{})
	require.Nil(t, refused.at("jobRetry", "job"))
	require.Equal(t, []any{"input", "jobId"}, refused.at("jobRetry", "userErrors", 0, "field"))
	require.Equal(t, "WRONG_STATE", refused.at("jobRetry", "userErrors", 0, "code"))
	require.Contains(t, refused.at("jobRetry", "userErrors", 0, "message"), "essayRetry")
	for reason, code := range map[string]string{"": "INVALID", strings.Repeat("ü", 501): "INVALID", strings.Repeat("ü", 500): "WRONG_STATE"} {
		a := change("jobCancel", "JobCancelInput", of(running, "id"), vars{"reason": reason})
		require.Equal(t, code, a.at("jobCancel", "userErrors", 0, "code"))
	}
	for _, unknown := range []string{globalid.Encode("job", newID()), two, "nonsense"} {
		require.Equal(t, "NOT_FOUND", change("jobRetry", "JobRetryInput", unknown, vars{}).at("jobRetry", "userErrors", 0, "code"))
	}

	engine.fail(nil)
	again := w.ok(t, lena, `mutation($id: ID!) { essayRetry(input: {essayId: $id}) { run { number } userErrors { code } } }`, vars{"id": two})
	require.EqualValues(t, 2, again.at("essayRetry", "run", "number"))
	terminal(two, "COMPLETED")

	trail := w.ok(t, ada, `{ auditEvents(first: 2) { edges { node { action actor { name } targetType targetId detail { key value } } } } }`, nil)
	require.Equal(t, string(enums.AuditJobCancel), trail.at("auditEvents", "edges", 0, "node", "action"))
	require.Equal(t, "JOB", trail.at("auditEvents", "edges", 0, "node", "targetType"))
	require.Equal(t, of(running, "id"), trail.at("auditEvents", "edges", 0, "node", "targetId"))
	require.Contains(t, list(trail.at("auditEvents", "edges", 0, "node", "detail")), any(vars{"key": "reason", "value": "The provider bills by the hour."}))
	require.Equal(t, string(enums.AuditJobRetry), trail.at("auditEvents", "edges", 1, "node", "action"))
	require.Equal(t, of(failed, "id"), trail.at("auditEvents", "edges", 1, "node", "targetId"))
}

// work scores with the engine, which gets the real one below it, until the test ends. Failed jobs wait
// for an hour, so that the test decides when they are tried again.
func (w *world) work(t *testing.T, engine *broken) {
	t.Helper()
	model, err := minilm.Shared(t.Context())
	require.NoError(t, err)
	log := slog.New(slog.DiscardHandler)
	index := rag.New(w.db, model, log)
	engine.Engine = scoring.NewLocal(model.Model())
	workers, err := jobs.NewWorkers(jobs.Deps{
		DB: w.db, Queue: w.queue, Notifier: w.notify, Embedder: model, Engine: engine, Index: index,
		Recommender: recommend.New(w.db, index, log), Log: log, RetryDelays: []time.Duration{time.Hour},
	})
	require.NoError(t, err)
	require.NoError(t, workers.Start(t.Context()))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		require.NoError(t, workers.Stop(ctx))
	})
}

// Whatever admins did is in the trail, that of the command line too, which has no actor, and can be
// told apart by action.
func TestTrailHasEveryAction(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	target := map[enums.AuditAction]enums.AuditTarget{
		enums.AuditEssayRetry: enums.TargetEssay, enums.AuditEssayRescore: enums.TargetEssay,
		enums.AuditUserCreate: enums.TargetUser, enums.AuditTokenIssue: enums.TargetUser,
		enums.AuditCohortCreate: enums.TargetCohort, enums.AuditCohortMemberSet: enums.TargetCohort,
		enums.AuditCohortMemberRemove: enums.TargetCohort, enums.AuditTrackUpdate: enums.TargetTrack,
		enums.AuditJobRetry: enums.TargetJob, enums.AuditJobCancel: enums.TargetJob,
		enums.AuditEssayOverride: enums.TargetEssay, enums.AuditEssayConfirm: enums.TargetEssay,
		enums.AuditEssaysRescore: enums.TargetRescoring, enums.AuditCalibrationUpload: enums.TargetCalibration,
		enums.AuditCalibrationActivate: enums.TargetCalibration, enums.AuditCalibrationRollback: enums.TargetCalibration,
		enums.AuditSkillUpdate: enums.TargetSkill, enums.AuditCatalogueImport: enums.TargetCatalogue,
		enums.AuditRecommendationJudge: enums.TargetRecommendation,
	}
	const query = `query($a: AuditAction!) { auditEvents(first: 2, filter: {action: $a}) { totalCount edges { node {
		action targetType targetId actor { id } } } } }`
	for _, name := range enums.AuditAction("").Values() {
		action := enums.AuditAction(name)
		kind, ok := target[action]
		id := newID()
		if kind == enums.TargetCatalogue { // the whole of it has no id
			id = uuid.Nil
		}
		if ok {
			require.NoError(t, audit.Record(bypass.Context(t.Context()), w.db.Ent, action, kind, id, nil))
		}
		a := w.ok(t, ada, query, vars{"a": name})
		require.EqualValues(t, 1, a.at("auditEvents", "totalCount"), name)
		event := a.at("auditEvents", "edges", 0, "node").(map[string]any)
		require.Equal(t, name, event["action"])
		require.Nil(t, event["actor"])
		if !ok { // the seeds, of which there is one load
			require.Equal(t, string(enums.AuditCatalogueSeed), name)
			require.Nil(t, event["targetId"])
			continue
		}
		require.Equal(t, string(kind), event["targetType"])
		if id == uuid.Nil {
			require.Nil(t, event["targetId"])
			continue
		}
		global := globalid.Encode(strings.ToLower(string(kind)), id)
		require.Equal(t, global, event["targetId"])
		of := w.ok(t, ada, `query($t: ID!) { auditEvents(first: 2, filter: {targetId: $t}) { edges { node { action } } } }`, vars{"t": global})
		require.Equal(t, []any{vars{"node": vars{"action": name}}}, of.at("auditEvents", "edges"))
	}
}
