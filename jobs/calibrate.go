package jobs

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	entsql "entgo.io/ent/dialect/sql"
	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/calibration"
	"github.com/rubrica/rubrica/ent/calibrationmodel"
	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/ent/gradedanswer"
	"github.com/rubrica/rubrica/ent/values"
	"github.com/rubrica/rubrica/internal/bypass"
	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/internal/logging"
	"github.com/rubrica/rubrica/scoring"
	learnt "github.com/rubrica/rubrica/scoring/calibration"
	"github.com/rubrica/rubrica/scoring/lexicon"
)

// queueCalibration is apart from the others, so that a fit, which takes seconds or minutes, never keeps
// an essay waiting.
const queueCalibration = "calibration"

// CalibrateArgs asks for a calibration to be fitted.
type CalibrateArgs struct {
	CalibrationID uuid.UUID `json:"calibration_id"`
}

// Kind names the job.
func (CalibrateArgs) Kind() string { return "fit_calibration" }

// InsertOpts of the job. River may take it up as often as processes die; it is given up by the worker,
// after maxAttempts tries, so that its calibration says so.
func (CalibrateArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queueCalibration, MaxAttempts: 25}
}

// Calibrate adds the job that fits a calibration; it is seen when tx commits.
func (q *Queue) Calibrate(ctx context.Context, tx *sql.Tx, calibration uuid.UUID) error {
	return q.insert(ctx, tx, CalibrateArgs{CalibrationID: calibration})
}

// calibrateTimeout is of one try: 2 000 essays take some minutes on a small machine.
const calibrateTimeout = 20 * time.Minute

// calibrateWorker fits calibrations.
type calibrateWorker struct {
	river.WorkerDefaults[CalibrateArgs]
	w *Workers
}

// Timeout implements river.Worker.
func (*calibrateWorker) Timeout(*river.Job[CalibrateArgs]) time.Duration { return calibrateTimeout }

// Work implements river.Worker. Each try raises the attempt of the calibration's row, which every later
// statement asks for: of two that run at once only the later one writes.
func (c *calibrateWorker) Work(ctx context.Context, job *river.Job[CalibrateArgs]) error {
	log, db := c.w.deps.Log, c.w.deps.DB
	id := job.Args.CalibrationID
	ctx = bypass.Context(logging.With(ctx, slog.Int64(logging.JobID, job.ID), slog.String("calibration_id", id.String())))
	fit := &fit{w: c.w, id: id}
	err := db.SQL.QueryRowContext(ctx, `UPDATE calibrations SET state = 'FITTING', attempt = attempt + 1
		WHERE id = $1 AND state IN ('UPLOADED', 'FITTING') RETURNING attempt, question_id, rubric_id`, id).
		Scan(&fit.attempt, &fit.question, &fit.rubric)
	if errors.Is(err, sql.ErrNoRows) {
		return nil // fitted already, or given up
	}
	if err != nil {
		return fmt.Errorf("claiming the calibration: %w", err)
	}
	err = protect(func() error { return fit.work(ctx) })
	switch {
	case err == nil || errors.Is(err, errNotOurs):
		return nil
	case errors.Is(context.Cause(ctx), river.ErrJobCancelledRemotely):
		return err // the row was ended with the order to stop
	case errors.Is(err, context.Canceled):
		return river.JobSnooze(time.Second) // a worker that is stopped has not failed: whoever comes next goes on
	}
	last := job.Attempt >= maxAttempts || !scoring.Retryable(err) || errors.Is(err, context.DeadlineExceeded)
	log.ErrorContext(ctx, "fitting a calibration failed", "try", job.Attempt, "last", last, "error", err, stackOf(err))
	if !last {
		return err
	}
	settle, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if _, failed := db.SQL.ExecContext(settle, `UPDATE calibrations SET state = 'FAILED', failure = $3
		WHERE id = $1 AND attempt = $2 AND state = 'FITTING'`, id, fit.attempt, whyNotFitted(err)); failed != nil {
		return errors.Join(err, failed) // tried again
	}
	job.MaxAttempts = job.Attempt // River has no word for what no other try can help
	return err
}

// stopFit ends the calibration that a job is to fit. Its worker, if there is one, writes nothing any more.
func stopFit(ctx context.Context, tx *sql.Tx, job int64, reason string) error {
	_, err := tx.ExecContext(ctx, `UPDATE calibrations SET state = 'FAILED', attempt = attempt + 1, failure = $2
		WHERE id = (SELECT (args->>'calibration_id')::uuid FROM river_job WHERE id = $1) AND state IN ('UPLOADED', 'FITTING')`,
		job, "An admin stopped the fitting: "+reason)
	if err != nil {
		return fmt.Errorf("ending the job's calibration: %w", err)
	}
	return nil
}

// whyNotFitted tells people; what went wrong inside is for the log.
func whyNotFitted(err error) string {
	var invalid *learnt.InvalidError
	switch {
	case errors.As(err, &invalid):
		return "The graded answers cannot be fitted on: " + invalid.Faults[0].Message + "."
	case errors.Is(err, context.DeadlineExceeded):
		return "Fitting took longer than it may. Upload fewer answers."
	default:
		return "Something went wrong while fitting. Upload the answers again; if it happens again, ask the operator."
	}
}

// fit is one try to fit a calibration.
type fit struct {
	w                    *Workers
	id, question, rubric uuid.UUID
	attempt              int
}

func (f *fit) work(ctx context.Context) error {
	deps := f.w.deps
	prepared, err := f.w.questions.get(ctx, f.rubric)
	if err != nil {
		return err
	}
	rows, err := deps.DB.Ent.GradedAnswer.Query().Where(gradedanswer.CalibrationID(f.id)).
		Order(gradedanswer.ByPosition()).All(ctx)
	if err != nil {
		return fmt.Errorf("reading the graded answers: %w", err)
	}
	graded := make([]learnt.Graded, len(rows))
	for i, row := range rows {
		text, err := scoring.Analyze(ctx, deps.Embedder, row.Text)
		if err != nil {
			return err
		}
		graded[i] = gradedOf(row, text)
	}
	lex, pack := deps.Support.Open()
	prior, err := f.prior(ctx, prepared.scoring.Question, lex)
	if err != nil {
		return err
	}
	model, report, err := learnt.Fit(ctx, prepared.scoring, graded, learnt.Options{Lexicon: lex, Pack: pack, Prior: prior})
	if invalid := (*learnt.InvalidError)(nil); errors.As(err, &invalid) {
		return scoring.Permanent(err)
	}
	if err != nil {
		return err
	}
	data, err := model.MarshalBinary()
	if err != nil {
		return err
	}
	return f.store(ctx, model.Digest(), data, report)
}

func gradedOf(row *ent.GradedAnswer, text *scoring.Text) learnt.Graded {
	return learnt.Graded{Text: text, Scores: row.Scores, Second: row.Second, Group: row.GroupName}
}

// Bounds of what a prior is fitted on: the newest calibrations that are on, and of each so many answers.
const (
	priorQuestions = 20
	priorAnswers   = 100
)

// prior is what the installation's other calibrated questions teach; nil when there are none.
func (f *fit) prior(ctx context.Context, q scoring.Question, lex *lexicon.Lexicon) (*learnt.Prior, error) {
	others, err := f.w.deps.DB.Ent.Calibration.Query().
		Where(calibration.StateEQ(enums.CalibrationActive), calibration.QuestionIDNEQ(f.question)).
		Order(calibration.ByActivatedAt(entsql.OrderDesc()), calibration.ByID()).Limit(priorQuestions).
		Select(calibration.FieldRubricID).
		WithGraded(func(g *ent.GradedAnswerQuery) {
			g.Where(gradedanswer.PositionLT(priorAnswers)).Order(gradedanswer.ByPosition())
		}).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading other calibrations: %w", err)
	}
	var sources []learnt.Source
	for _, c := range others {
		p, err := f.w.questions.get(ctx, c.RubricID)
		if err != nil {
			return nil, err
		}
		s := learnt.Source{Question: p.scoring.Question}
		for _, g := range c.Edges.Graded {
			s.Graded = append(s.Graded, gradedOf(g, scoring.Read(g.Text)))
		}
		sources = append(sources, s)
	}
	return learnt.FitPrior(ctx, q, sources, lex)
}

// store writes the model and its report, if the try is still the newest.
func (f *fit) store(ctx context.Context, digest string, data []byte, report *learnt.Report) error {
	return f.w.deps.DB.InTx(ctx, func(tx *database.Tx) error {
		criteria, points := reported(report)
		n, err := tx.Ent.Calibration.Update().Where(calibration.ID(f.id), calibration.Attempt(f.attempt), calibration.StateEQ(enums.CalibrationFitting)).
			SetState(enums.CalibrationReady).SetDigest(digest).SetMethod(report.Method).SetCriteria(criteria).SetPoints(points).
			SetFittedAt(time.Now().UTC()).Save(ctx)
		if err != nil {
			return fmt.Errorf("storing the report: %w", err)
		}
		if n == 0 {
			return errNotOurs
		}
		if _, err := tx.Ent.CalibrationModel.Delete().Where(calibrationmodel.CalibrationID(f.id)).Exec(ctx); err != nil {
			return fmt.Errorf("clearing the model of an earlier try: %w", err)
		}
		if err := tx.Ent.CalibrationModel.Create().SetCalibrationID(f.id).SetData(data).Exec(ctx); err != nil {
			return fmt.Errorf("storing the model: %w", err)
		}
		return nil
	})
}

// reported is a report as rows hold it.
func reported(r *learnt.Report) ([]values.CalibrationCriterion, values.CalibrationPoints) {
	criteria := make([]values.CalibrationCriterion, len(r.Criteria))
	points := values.CalibrationPoints{}
	for i, c := range r.Criteria {
		criteria[i] = values.CalibrationCriterion{
			Key: c.Key, Level: enums.Calibration(c.Level), Reason: c.Reason, Engine: *agreementOf(&c.Engine),
			Human: agreementOf(c.Human), EngineThere: agreementOf(c.EngineThere),
			Coverage: c.Coverage, Promised: c.Promised, MeanWidth: c.MeanWidth,
		}
		for _, b := range c.Bias {
			criteria[i].Bias = append(criteria[i].Bias, values.BiasGroup{
				By: enums.BiasBy(b.By), Group: b.Group, Rows: b.Rows, Human: b.Human, Predicted: b.Predicted, Rmse: b.RMSE,
			})
		}
		for _, b := range c.Reliability {
			criteria[i].Reliability = append(criteria[i].Reliability, values.ReliabilityBin(b))
		}
		for _, p := range c.Points {
			points[c.Key] = append(points[c.Key], values.CalibrationPoint(p))
		}
	}
	return criteria, points
}

func agreementOf(a *learnt.Agreement) *values.Agreement {
	if a == nil {
		return nil
	}
	return &values.Agreement{Rows: a.Rows, Qwk: a.QWK, Pearson: a.Pearson, Rmse: a.RMSE, Exact: a.Exact, Adjacent: a.Adjacent}
}
