package submission_test

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/internal/bypass"
	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/internal/pgtest"
	"github.com/rubrica/rubrica/internal/problem"
	"github.com/rubrica/rubrica/internal/progress"
	"github.com/rubrica/rubrica/internal/seeding"
	"github.com/rubrica/rubrica/internal/submission"
	"github.com/rubrica/rubrica/internal/viewer"
	"github.com/rubrica/rubrica/jobs"
	"github.com/rubrica/rubrica/seeds"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

var catalog = sync.OnceValues(seeds.Default)

type world struct {
	db       *database.DB
	service  *submission.Service
	question uuid.UUID
}

func newWorld(t *testing.T) *world {
	t.Helper()
	c, err := catalog()
	require.NoError(t, err)
	db, err := database.Open(t.Context(), pgtest.New(t).URL(), database.Options{MaxConnections: 16})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	_, err = seeding.Load(t.Context(), db, c, seeding.Options{People: true})
	require.NoError(t, err)
	queue, err := jobs.NewQueue(db)
	require.NoError(t, err)
	notifier := progress.NewNotifier(db, slog.New(slog.DiscardHandler))
	t.Cleanup(func() { assert.NoError(t, notifier.Close(context.Background())) })
	track := c.Tracks[0]
	return &world{
		db: db, service: submission.New(db, queue, notifier),
		question: seeding.QuestionID(track.Slug, track.Questions[0].Slug),
	}
}

func as(t *testing.T, person string, role enums.Role) context.Context {
	return viewer.NewContext(t.Context(), viewer.Viewer{ID: seeding.UserID(person), Role: role})
}

func lena(t *testing.T) context.Context { return as(t, "lena", enums.RoleLearner) }
func arno(t *testing.T) context.Context { return as(t, "arno", enums.RoleAdvisor) }

func (w *world) count(t *testing.T, of string) (n int) {
	t.Helper()
	require.NoError(t, w.db.SQL.QueryRowContext(t.Context(), "SELECT count(*) FROM "+of).Scan(&n))
	return n
}

const scoringJobs = "river_job WHERE kind = 'score_essay'"

// requireRows holds how much there is; an essay, its runs and their jobs stand and fall together.
func (w *world) requireRows(t *testing.T, essays, runs int) {
	t.Helper()
	require.Equal(t, essays, w.count(t, "essays"), "essays")
	require.Equal(t, runs, w.count(t, "scoring_runs"), "runs")
	require.Equal(t, runs, w.count(t, scoringJobs), "jobs")
	require.Equal(t, runs, w.count(t, "scoring_runs r WHERE EXISTS (SELECT FROM river_job j WHERE j.args->>'run_id' = r.id::text)"))
}

// end brings every run to its end, as a worker would.
func (w *world) end(t *testing.T, stage enums.Stage) {
	t.Helper()
	_, err := w.db.SQL.ExecContext(t.Context(),
		`UPDATE scoring_runs SET stage = $1, percent = 100, seq = seq + 4, finished_at = now() WHERE stage = 'QUEUED'`, string(stage))
	require.NoError(t, err)
}

func requireProblem(t *testing.T, err error, field string, code problem.Code) {
	t.Helper()
	var p *problem.Problem
	require.ErrorAs(t, err, &p)
	require.Equal(t, field, p.Field)
	require.Equal(t, code, p.Code)
	require.NotEmpty(t, p.Message)
}

func TestSubmit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const text = "  Ünïcode 🎓 e\u0301\r\n\tas it is \u2028"
	r, err := w.service.Submit(lena(t), w.question, text, "")
	require.NoError(t, err)
	require.Equal(t, text, r.Essay.Text)
	require.Equal(t, 6, r.Essay.Words)
	require.Equal(t, seeding.UserID("lena"), r.Essay.OwnerID)
	require.Equal(t, enums.StageQueued, r.Run.Stage)
	require.Equal(t, 1, r.Run.Number)
	require.EqualValues(t, 1, r.Run.Seq)
	require.False(t, r.Replayed)
	again, err := w.db.Ent.Essay.Get(lena(t), r.Essay.ID)
	require.NoError(t, err)
	require.Equal(t, text, again.Text)
	require.True(t, r.Essay.CreatedAt.Equal(again.CreatedAt), "the database keeps the time to the letter")
	w.requireRows(t, 1, 1)

	_, err = w.service.Submit(lena(t), w.question, text, "")
	require.NoError(t, err)
	w.requireRows(t, 2, 2)
}

func TestSubmitRefusesWhatCannotBeScored(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := uuid.New()
	for name, c := range map[string]struct {
		question  *uuid.UUID
		text, key string
		field     string
		code      problem.Code
	}{
		"empty":            {text: "", field: "text", code: problem.Empty},
		"white space":      {text: " \r\n\t\u00a0\u2003", field: "text", code: problem.Empty},
		"too long":         {text: strings.Repeat("é", submission.MaxCharacters+1), field: "text", code: problem.TooLong},
		"NUL":              {text: "a\x00b", field: "text", code: problem.InvalidText},
		"no UTF-8":         {text: "a\xff", field: "text", code: problem.InvalidText},
		"a surrogate":      {text: "a\xed\xa0\x80", field: "text", code: problem.InvalidText},
		"unknown question": {question: &other, text: "x", field: "questionId", code: problem.NotFound},
		"long key":         {text: "x", key: strings.Repeat("k", submission.MaxKey+1), field: "idempotencyKey", code: problem.Invalid},
		"NUL in the key":   {text: "x", key: "a\x00", field: "idempotencyKey", code: problem.Invalid},
		"key of no UTF-8":  {text: "x", key: "a\xff", field: "idempotencyKey", code: problem.Invalid},
	} {
		question := w.question
		if c.question != nil {
			question = *c.question
		}
		_, err := w.service.Submit(lena(t), question, c.text, c.key)
		require.Error(t, err, name)
		requireProblem(t, err, c.field, c.code)
	}
	_, err := w.db.SQL.ExecContext(t.Context(), "UPDATE questions SET active = false WHERE id = $1", w.question)
	require.NoError(t, err)
	_, err = w.service.Submit(lena(t), w.question, "x", "")
	requireProblem(t, err, "questionId", problem.NotFound)
	w.requireRows(t, 0, 0)
}

func TestSubmitTakesTheLongestEssayAndKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.service.Submit(lena(t), w.question, strings.Repeat("🎓", submission.MaxCharacters), strings.Repeat("🔑", submission.MaxKey))
	require.NoError(t, err)
	w.requireRows(t, 1, 1)
}

func TestSubmitAgainWithTheSameKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first, err := w.service.Submit(lena(t), w.question, "An answer.", "key")
	require.NoError(t, err)
	w.end(t, enums.StageFailed)
	_, err = w.service.Retry(lena(t), first.Essay.ID)
	require.NoError(t, err)

	second, err := w.service.Submit(lena(t), w.question, "An answer.", "key")
	require.NoError(t, err)
	require.True(t, second.Replayed)
	require.Equal(t, first.Essay.ID, second.Essay.ID)
	require.Equal(t, first.Run.ID, second.Run.ID, "the first result, not the newest")

	_, err = w.service.Submit(lena(t), w.question, "Another answer.", "key")
	requireProblem(t, err, "idempotencyKey", problem.Conflict)
	other, err := w.service.Submit(as(t, "omar", enums.RoleLearner), w.question, "An answer.", "key")
	require.NoError(t, err)
	require.False(t, other.Replayed, "keys are each learner's own")
	w.requireRows(t, 2, 3)
}

// together calls f n times at once.
func together(n int, f func(i int)) {
	var g sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		g.Go(func() { <-start; f(i) })
	}
	close(start)
	g.Wait()
}

func TestSubmitTheSameAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const n = 8
	var results [n]*submission.Result
	var errs [n]error
	ctx := lena(t)
	together(n, func(i int) { results[i], errs[i] = w.service.Submit(ctx, w.question, "An answer.", "key") })
	made := 0
	for i := range n {
		require.NoError(t, errs[i])
		require.Equal(t, results[0].Essay.ID, results[i].Essay.ID)
		require.Equal(t, results[0].Run.ID, results[i].Run.ID)
		if !results[i].Replayed {
			made++
		}
	}
	require.Equal(t, 1, made)
	w.requireRows(t, 1, 1)
}

func TestNoEssayWithoutItsJob(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.db.SQL.ExecContext(t.Context(), "ALTER TABLE river_job ADD CONSTRAINT broken CHECK (false) NOT VALID")
	require.NoError(t, err)
	_, err = w.service.Submit(lena(t), w.question, "An answer.", "key")
	require.Error(t, err)
	w.requireRows(t, 0, 0)
	_, err = w.db.SQL.ExecContext(t.Context(), "ALTER TABLE river_job DROP CONSTRAINT broken")
	require.NoError(t, err)
	r, err := w.service.Submit(lena(t), w.question, "An answer.", "key")
	require.NoError(t, err)
	require.False(t, r.Replayed, "what failed has not used the key up")
}

func TestRetryAndRescoreByState(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r, err := w.service.Submit(lena(t), w.question, "An answer.", "")
	require.NoError(t, err)
	essay := r.Essay.ID
	_, err = w.service.Retry(lena(t), essay)
	requireProblem(t, err, "essayId", problem.WrongState)
	_, err = w.service.Rescore(arno(t), essay, "again")
	requireProblem(t, err, "essayId", problem.WrongState)

	w.end(t, enums.StageCompleted)
	_, err = w.service.Retry(lena(t), essay)
	requireProblem(t, err, "essayId", problem.WrongState)
	second, err := w.service.Rescore(arno(t), essay, "The rubric is new.")
	require.NoError(t, err)
	require.Equal(t, 2, second.Run.Number)
	require.Equal(t, enums.RunRescore, second.Run.Kind)
	require.EqualValues(t, 6, second.Run.Seq, "goes on from the run before")
	require.Equal(t, seeding.UserID("arno"), *second.Run.RequestedBy)
	require.Equal(t, seeding.UserID("lena"), second.Run.OwnerID)

	w.end(t, enums.StageFailed)
	third, err := w.service.Retry(lena(t), essay)
	require.NoError(t, err)
	require.Equal(t, enums.RunRetry, third.Run.Kind)
	w.end(t, enums.StageFailed)
	_, err = w.service.Retry(arno(t), essay)
	require.NoError(t, err)
	w.requireRows(t, 1, 4)
	require.Equal(t, 2, w.count(t, "audit_events WHERE action IN ('ESSAY_RETRY', 'ESSAY_RESCORE')"), "the advisor's, and not the learner's")
}

func TestAgainNeedsToSeeTheEssay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r, err := w.service.Submit(as(t, "omar", enums.RoleLearner), w.question, "An answer.", "")
	require.NoError(t, err)
	w.end(t, enums.StageFailed)
	_, err = w.service.Retry(lena(t), r.Essay.ID)
	requireProblem(t, err, "essayId", problem.NotFound)
	_, err = w.service.Rescore(arno(t), r.Essay.ID, "again")
	requireProblem(t, err, "essayId", problem.NotFound)
	for _, reason := range []string{"", " \n", "a\x00", "\xff", strings.Repeat("x", submission.MaxReason+1)} {
		_, err = w.service.Rescore(as(t, "miriam", enums.RoleAdvisor), r.Essay.ID, reason)
		requireProblem(t, err, "reason", problem.Invalid)
	}
	w.requireRows(t, 1, 1)
	require.Zero(t, w.count(t, "audit_events WHERE action LIKE 'essay.%'"))
	_, err = w.service.Rescore(as(t, "miriam", enums.RoleAdvisor), r.Essay.ID, "again")
	require.NoError(t, err)
}

func TestRescoreAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r, err := w.service.Submit(lena(t), w.question, "An answer.", "")
	require.NoError(t, err)
	w.end(t, enums.StageCompleted)
	const n = 4
	var errs [n]error
	ctx := arno(t)
	together(n, func(i int) { _, errs[i] = w.service.Rescore(ctx, r.Essay.ID, "again") })
	made := 0
	for _, err := range errs {
		if err == nil {
			made++
			continue
		}
		requireProblem(t, err, "essayId", problem.WrongState)
	}
	require.Equal(t, 1, made)
	w.requireRows(t, 1, 2)
	require.Equal(t, 1, w.count(t, "audit_events WHERE action = 'ESSAY_RESCORE'"))
}

func TestNobodySubmits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.service.Submit(t.Context(), w.question, "x", "")
	require.Error(t, err)
	_, err = w.service.Retry(bypass.Context(t.Context()), uuid.New())
	require.Error(t, err, "the system asks for no runs")
	w.requireRows(t, 0, 0)
}
