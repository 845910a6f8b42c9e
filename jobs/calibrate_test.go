package jobs

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/calibrationmodel"
	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/internal/calibrations"
	"github.com/rubrica/rubrica/internal/problem"
	"github.com/rubrica/rubrica/internal/seeding"
	"github.com/rubrica/rubrica/internal/viewer"
	"github.com/rubrica/rubrica/scoring"
	learnt "github.com/rubrica/rubrica/scoring/calibration"
	"github.com/rubrica/rubrica/seeds"
)

// table is n graded answers to a question of the seeds: its samples, and each with less and less of it,
// scored by how good the sample is and how much is left.
func table(t testing.TB, q seeds.Question, n int) string {
	t.Helper()
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	header := []string{"answer"}
	for _, c := range q.Rubric.Criteria {
		header = append(header, c.Key, c.Key+".second")
	}
	require.NoError(t, w.Write(append(header, "group")))
	samples := []struct {
		text  string
		worth float64
	}{{q.Rubric.ModelAnswer, 1}, {q.Samples.Strong, 0.9}, {q.Samples.Middling, 0.6}, {q.Samples.Weak, 0.3}}
	seen := map[string]bool{}
	for step := 0; len(seen) < n; step++ {
		require.Less(t, step, 40*n, "the samples are too short")
		s := samples[step%4]
		sentences := scoring.Read(s.text).Sentences
		left := step / 4 % (len(sentences) - 1)
		first := step / 4 / (len(sentences) - 1)
		if first >= len(sentences)-left {
			continue
		}
		text := s.text[sentences[first].Start:sentences[len(sentences)-1-left].End]
		if seen[text] {
			continue
		}
		seen[text] = true
		kept := float64(len(sentences)-left-first) / float64(len(sentences))
		row := []string{text}
		for _, c := range q.Rubric.Criteria {
			share := s.worth * (0.2 + 0.8*kept)
			for _, x := range []float64{share, share * 0.95} {
				v := c.Scale.Min + math.Round(x*(c.Scale.Max-c.Scale.Min)/c.Scale.Step)*c.Scale.Step
				row = append(row, strconv.FormatFloat(v, 'f', -1, 64))
			}
		}
		require.NoError(t, w.Write(append(row, []string{"day", "evening"}[step%2])))
	}
	w.Flush()
	require.NoError(t, w.Error())
	return out.String()
}

// calibrating is a bench whose engine knows calibrations.
type calibrating struct {
	*bench
	service *calibrations.Service
	seed    seeds.Question
}

func newCalibrating(t *testing.T) *calibrating {
	b := newBench(t)
	active := calibrations.NewActive(b.db, b.deps.Log)
	b.deps.Calibrations = active
	b.deps.Engine = learnt.NewEngine(scoring.NewLocal(b.deps.Embedder.Model()), active.Find, learnt.Support{})
	c := &calibrating{bench: b, service: calibrations.New(b.db, b.deps.Queue)}
	for _, track := range b.catalog.Tracks {
		for _, q := range track.Questions {
			if track.Slug == "backend-engineer" && q.Slug == "slow-order-list" {
				c.seed = q
			}
		}
	}
	require.NotEmpty(t, c.seed.Slug)
	return c
}

// ended waits for the calibration's job.
func (c *calibrating) ended(ended <-chan *river.Event) {
	c.Helper()
	select {
	case e := <-ended:
		require.NotNil(c, e)
	case <-time.After(patience):
		require.Fail(c, "the calibration's job has not ended")
	}
}

// idle are workers that take no jobs of their own.
func (c *calibrating) idle() *Workers {
	c.Helper()
	w, err := NewWorkers(c.deps)
	require.NoError(c, err)
	c.Cleanup(w.pool.Close)
	return w
}

// fits subscribes to the ends of jobs that fit.
func (c *calibrating) fits(w *Workers) <-chan *river.Event {
	all, stop := w.client.Subscribe(river.EventKindJobCompleted, river.EventKindJobFailed)
	c.Cleanup(stop)
	out := make(chan *river.Event, 16)
	go func() {
		for e := range all {
			if e.Job.Kind == (CalibrateArgs{}).Kind() {
				out <- e
			}
		}
		close(out)
	}()
	return out
}

func (c *calibrating) scores() (*ent.ScoringRun, []*ent.Score) {
	c.Helper()
	run := c.end(c.submit(answer, true))
	require.Equal(c, enums.StageCompleted, run.Stage)
	return run, run.QueryScores().WithExplanation().AllX(c.ctx)
}

// TestCalibration is the whole way: graded answers are uploaded, fitted by a job, switched on, and
// score the next essay; switched off, they no longer do.
func TestCalibration(t *testing.T) {
	c := newCalibrating(t)
	w := c.work()
	fits := c.fits(w)
	_, before := c.scores()
	for _, s := range before {
		assert.Equal(t, enums.Uncalibrated, s.Calibration)
		assert.Zero(t, s.Coverage)
	}

	uploaded, err := c.service.Upload(c.ctx, c.question, table(t, c.seed, 40))
	require.NoError(t, err)
	assert.Equal(t, 1, uploaded.Version)
	assert.Equal(t, 40, uploaded.Rows)
	c.ended(fits)
	fitted := c.db.Ent.Calibration.GetX(c.ctx, uploaded.ID)
	require.Equal(t, enums.CalibrationReady, fitted.State, fitted.Failure)
	require.Len(t, fitted.Criteria, 4)
	for _, r := range fitted.Criteria {
		assert.Equal(t, enums.Calibrated, r.Level, r.Reason)
		assert.Greater(t, r.Engine.Qwk, 0.6)
		assert.InDelta(t, 0.9, r.Coverage, 0.12)
		require.NotNil(t, r.Human)
		assert.Equal(t, 40, r.Human.Rows)
		assert.Len(t, fitted.Points[r.Key], 40)
		assert.NotEmpty(t, r.Reliability)
		assert.NotEmpty(t, r.Bias)
	}

	_, still := c.scores() // nothing is on yet
	assert.Equal(t, enums.Uncalibrated, still[0].Calibration)

	on, err := c.service.Activate(c.ctx, uploaded.ID)
	require.NoError(t, err)
	assert.Equal(t, enums.CalibrationActive, on.State)
	run, scores := c.scores()
	assert.Equal(t, scoring.LocalVersion+"+cal."+fitted.Digest[:8], run.EngineVersion)
	for _, s := range scores {
		assert.Equal(t, enums.Calibrated, s.Calibration)
		assert.False(t, s.Provisional)
		assert.InDelta(t, 0.9, s.Coverage, 0)
		assert.LessOrEqual(t, s.Low, s.Value)
		assert.GreaterOrEqual(t, s.High, s.Value)
		sum := s.Edges.Explanation.Base
		for _, x := range s.Edges.Explanation.Contributions {
			sum += x.Points
		}
		assert.InDelta(t, s.Value, sum, 1e-9)
	}

	_, err = c.service.Activate(c.ctx, uploaded.ID)
	requireProblem(t, err, "calibrationId", problem.WrongState, "")
	nowOn, off, err := c.service.Rollback(c.ctx, c.question)
	require.NoError(t, err)
	assert.Nil(t, nowOn)
	assert.Equal(t, enums.CalibrationRetired, off.State)
	_, after := c.scores()
	for _, s := range after {
		assert.Equal(t, enums.Uncalibrated, s.Calibration)
	}
	_, _, err = c.service.Rollback(c.ctx, c.question)
	requireProblem(t, err, "questionId", problem.WrongState, "")
}

// TestRollbackGoesBackOneByOne, past what was switched on again.
func TestRollbackGoesBackOneByOne(t *testing.T) {
	c := newCalibrating(t)
	w := c.work()
	fits := c.fits(w)
	var versions []uuid.UUID
	for range 2 {
		x, err := c.service.Upload(c.ctx, c.question, table(t, c.seed, 5+len(versions)))
		require.NoError(t, err)
		versions = append(versions, x.ID)
		c.ended(fits)
	}
	for _, at := range []int{0, 1, 0} {
		_, err := c.service.Activate(c.ctx, versions[at])
		require.NoError(t, err)
	}
	on, _, err := c.service.Rollback(c.ctx, c.question)
	require.NoError(t, err)
	require.NotNil(t, on)
	assert.Equal(t, 2, on.Version)
	on, off, err := c.service.Rollback(c.ctx, c.question)
	require.NoError(t, err)
	assert.Nil(t, on)
	assert.Equal(t, 2, off.Version)
}

// TestAnotherQuestionIsThePrior: what is on for one question helps to fit the next.
func TestAnotherQuestionIsThePrior(t *testing.T) {
	c := newCalibrating(t)
	w := c.work()
	fits := c.fits(w)
	first, err := c.service.Upload(c.ctx, c.question, table(t, c.seed, 40))
	require.NoError(t, err)
	c.ended(fits)
	_, err = c.service.Activate(c.ctx, first.ID)
	require.NoError(t, err)
	other := c.catalog.Tracks[0].Questions[0]
	if other.Slug == c.seed.Slug {
		other = c.catalog.Tracks[0].Questions[1]
	}
	q := c.db.Ent.Question.Query().Where().AllX(c.ctx)
	var id uuid.UUID
	for _, x := range q {
		if x.Slug == other.Slug {
			id = x.ID
		}
	}
	second, err := c.service.Upload(c.ctx, id, table(t, other, 6))
	require.NoError(t, err)
	c.ended(fits)
	require.Equal(t, enums.CalibrationReady, c.db.Ent.Calibration.GetX(c.ctx, second.ID).State)
	data := c.db.Ent.CalibrationModel.Query().Where(calibrationmodel.CalibrationID(second.ID)).OnlyX(c.ctx).Data
	assert.Greater(t, len(data), 4000, "a model of six answers is small unless it holds a prior")
}

// TestFitTwice: a job that runs again, also one that was overtaken, leaves one model.
func TestFitTwice(t *testing.T) {
	c := newCalibrating(t)
	w := c.idle()
	uploaded, err := c.service.Upload(c.ctx, c.question, table(t, c.seed, 8))
	require.NoError(t, err)
	worker := &calibrateWorker{w: w}
	job := func() *river.Job[CalibrateArgs] {
		return &river.Job[CalibrateArgs]{JobRow: &rivertype.JobRow{Attempt: 1, MaxAttempts: 25}, Args: CalibrateArgs{uploaded.ID}}
	}
	overtaken := &fit{w: w, id: uploaded.ID, question: c.question, rubric: uploaded.RubricID, attempt: 0}
	require.NoError(t, worker.Work(c.ctx, job()))
	require.ErrorIs(t, overtaken.work(c.ctx), errNotOurs)
	fitted := c.db.Ent.Calibration.GetX(c.ctx, uploaded.ID)
	require.Equal(t, enums.CalibrationReady, fitted.State)
	require.NoError(t, worker.Work(c.ctx, job()), "there is nothing left to do")
	require.Equal(t, 1, c.db.Ent.CalibrationModel.Query().CountX(c.ctx))
	require.Equal(t, fitted.Digest, c.db.Ent.Calibration.GetX(c.ctx, uploaded.ID).Digest)
}

// brokenEmbedder cannot embed.
type brokenEmbedder struct{ Embedder }

var errBroken = errors.New("out of memory")

func (brokenEmbedder) Embed(context.Context, string) ([]float32, error) { return nil, errBroken }

// TestFitFails: after as many tries as it may, the calibration says so.
func TestFitFails(t *testing.T) {
	c := newCalibrating(t)
	c.deps.Embedder = brokenEmbedder{c.deps.Embedder}
	w := c.idle()
	uploaded, err := c.service.Upload(c.ctx, c.question, table(t, c.seed, 8))
	require.NoError(t, err)
	worker := &calibrateWorker{w: w}
	for try := 1; try <= maxAttempts; try++ {
		err := worker.Work(c.ctx, &river.Job[CalibrateArgs]{JobRow: &rivertype.JobRow{Attempt: try, MaxAttempts: 25}, Args: CalibrateArgs{uploaded.ID}})
		require.ErrorIs(t, err, errBroken)
	}
	failed := c.db.Ent.Calibration.GetX(c.ctx, uploaded.ID)
	require.Equal(t, enums.CalibrationFailed, failed.State)
	require.NotEmpty(t, failed.Failure)
	require.Zero(t, c.db.Ent.CalibrationModel.Query().CountX(c.ctx))
	_, err = c.service.Activate(c.ctx, uploaded.ID)
	requireProblem(t, err, "calibrationId", problem.WrongState, "")
}

// TestFitStopped: a job that an admin stops ends its calibration with it, whether a worker has it or not.
func TestFitStopped(t *testing.T) {
	c := newCalibrating(t)
	uploaded, err := c.service.Upload(c.ctx, c.question, table(t, c.seed, 8))
	require.NoError(t, err)
	var number int64
	require.NoError(t, c.db.SQL.QueryRowContext(c.ctx, `SELECT id FROM river_job WHERE kind = $1`, CalibrateArgs{}.Kind()).Scan(&number))
	inspector := NewInspector(c.db, c.deps.Queue, c.deps.Notifier)
	admin := viewer.NewContext(t.Context(), viewer.Viewer{ID: seeding.UserID("ada"), Role: enums.RoleAdmin})
	_, err = inspector.Cancel(admin, numbered(number), "The wrong table.")
	require.NoError(t, err)
	stopped := c.db.Ent.Calibration.GetX(c.ctx, uploaded.ID)
	require.Equal(t, enums.CalibrationFailed, stopped.State)
	require.Contains(t, stopped.Failure, "The wrong table.")
	worker := &calibrateWorker{w: c.idle()}
	require.NoError(t, worker.Work(c.ctx, &river.Job[CalibrateArgs]{JobRow: &rivertype.JobRow{Attempt: 1}, Args: CalibrateArgs{uploaded.ID}}))
	require.Equal(t, enums.CalibrationFailed, c.db.Ent.Calibration.GetX(c.ctx, uploaded.ID).State)
}

// TestUnreadableModel: a model that this program cannot read is passed over, and said once.
func TestUnreadableModel(t *testing.T) {
	c := newCalibrating(t)
	var log bytes.Buffer
	active := calibrations.NewActive(c.db, slog.New(slog.NewTextHandler(&log, nil)))
	w := c.idle()
	uploaded, err := c.service.Upload(c.ctx, c.question, table(t, c.seed, 8))
	require.NoError(t, err)
	require.NoError(t, (&calibrateWorker{w: w}).Work(c.ctx, &river.Job[CalibrateArgs]{JobRow: &rivertype.JobRow{Attempt: 1}, Args: CalibrateArgs{uploaded.ID}}))
	c.db.Ent.CalibrationModel.Update().SetData([]byte("of another version")).ExecX(c.ctx)
	for range 2 {
		require.NoError(t, active.Use(c.ctx, c.question, &uploaded.ID))
		_, ok := active.Find(c.question.String())
		require.False(t, ok)
	}
	assert.Equal(t, 1, strings.Count(log.String(), "cannot be used"))
}

// TestBadTables: what is wrong is told by row, and nothing of it is stored.
func TestBadTables(t *testing.T) {
	c := newCalibrating(t)
	good := table(t, c.seed, 6)
	rows := func(change func([][]string) [][]string) string {
		all, err := csv.NewReader(strings.NewReader(good)).ReadAll()
		require.NoError(t, err)
		var out bytes.Buffer
		require.NoError(t, csv.NewWriter(&out).WriteAll(change(all)))
		return out.String()
	}
	cell := func(row, column int, value string) string {
		return rows(func(r [][]string) [][]string { r[row][column] = value; return r })
	}
	for name, x := range map[string]struct {
		table, message string
		code           problem.Code
	}{
		"empty":         {" \n", "empty", problem.Empty},
		"too long":      {strings.Repeat("x", calibrations.MaxTable+1), "2 000 000", problem.TooLong},
		"not UTF-8":     {good + "\xff", "UTF-8", problem.InvalidText},
		"NUL":           {good + "\x00", "NUL", problem.InvalidText},
		"no answers":    {cell(0, 0, "text"), `"text"`, problem.Invalid},
		"two columns":   {rows(func(r [][]string) [][]string { r[0][3] = r[0][1]; return r }), "two columns", problem.Conflict},
		"no scores":     {"answer\nhello\n", "no column of scores", problem.Invalid},
		"not CSV":       {strings.Replace(good, "\n", "\n\"x\"y,", 1), "Row 2", problem.Invalid},
		"few cells":     {good + "only one cell\n", "Row 8", problem.Invalid},
		"no number":     {cell(3, 1, "four"), "Row 4", problem.Invalid},
		"off the scale": {cell(3, 1, "77"), "Row 4", problem.Invalid},
		"between steps": {cell(3, 1, "1.23"), "Row 4", problem.Invalid},
		"second off":    {cell(3, 2, "-3"), "Row 4", problem.Invalid},
		"no score":      {cell(5, 1, ""), "Row 6", problem.Empty},
		"no text":       {cell(1, 0, " "), "Row 2", problem.Empty},
		"German":        {cell(2, 0, "Der Schlüssel wird vor dem ersten Versuch erzeugt und bei jeder Wiederholung wieder mitgeschickt, damit er hilft."), "Row 3", problem.Invalid},
		"twice":         {rows(func(r [][]string) [][]string { r[5][0] = r[2][0]; return r }), "Row 6", problem.Conflict},
		"four":          {rows(func(r [][]string) [][]string { return r[:5] }), "at least 5", problem.Invalid},
		"all equal": {rows(func(r [][]string) [][]string {
			for _, row := range r[1:] {
				row[1] = "2"
			}
			return r
		}), "nothing can be learnt", problem.Invalid},
		"many faults": {rows(func(r [][]string) [][]string {
			for _, row := range r[1:] {
				for i := 1; i < len(row)-1; i++ {
					row[i] = "x"
				}
			}
			return r
		}), "Row 2", problem.Invalid},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.service.Upload(c.ctx, c.question, x.table)
			var list problem.List
			require.ErrorAs(t, err, &list)
			require.LessOrEqual(t, len(list), 10)
			assert.Equal(t, x.code, list[0].Code, list[0].Message)
			assert.Contains(t, list[0].Message, x.message)
			assert.Equal(t, "csv", list[0].Field)
		})
	}
	_, err := c.service.Upload(c.ctx, uuid.New(), good)
	requireProblem(t, err, "questionId", problem.NotFound, "")
	require.Zero(t, c.db.Ent.Calibration.Query().CountX(c.ctx))
	require.Zero(t, c.db.Ent.GradedAnswer.Query().CountX(c.ctx))
	var jobs int
	require.NoError(t, c.db.SQL.QueryRowContext(c.ctx, fmt.Sprintf(`SELECT count(*) FROM river_job WHERE kind = '%s'`, CalibrateArgs{}.Kind())).Scan(&jobs))
	require.Zero(t, jobs)
}
