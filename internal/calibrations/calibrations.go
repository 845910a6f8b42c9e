// Package calibrations keeps what people's scores teach about a question: it takes graded answers in,
// has them fitted, and switches what was learnt on and off. Nothing is switched on but by an admin.
package calibrations

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"

	entsql "entgo.io/ent/dialect/sql"
	"github.com/google/uuid"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/calibration"
	"github.com/rubrica/rubrica/ent/criterion"
	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/ent/question"
	"github.com/rubrica/rubrica/ent/rubric"
	"github.com/rubrica/rubrica/internal/audit"
	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/internal/problem"
	"github.com/rubrica/rubrica/internal/viewer"
	"github.com/rubrica/rubrica/scoring"
	learnt "github.com/rubrica/rubrica/scoring/calibration"
)

// Queue adds the job that fits a calibration; the job is seen when tx commits. Package jobs has one.
type Queue interface {
	Calibrate(ctx context.Context, tx *sql.Tx, calibration uuid.UUID) error
}

// Service changes calibrations. It acts for the viewer in the context; privacy rules apply. Errors that
// the caller can put right are a *problem.Problem or a problem.List.
type Service struct {
	db    *database.DB
	queue Queue
}

// New makes the service.
func New(db *database.DB, queue Queue) *Service { return &Service{db: db, queue: queue} }

// Upload stores a table of graded answers as the question's next calibration, and has it fitted. All of
// the table is stored or nothing.
func (s *Service) Upload(ctx context.Context, questionID uuid.UUID, table string) (*ent.Calibration, error) {
	var out *ent.Calibration
	err := s.db.InTx(ctx, func(tx *database.Tx) error {
		q, err := locked(ctx, tx, questionID)
		if err != nil {
			return err
		}
		r, err := q.QueryRubrics().Order(rubric.ByVersion(entsql.OrderDesc())).
			WithCriteria(func(c *ent.CriterionQuery) { c.Order(criterion.ByPosition()) }).First(ctx)
		if err != nil {
			return fmt.Errorf("reading the question's rubric: %w", err)
		}
		graded, err := read(graderOf(q, r), table)
		if err != nil {
			return err
		}
		if out, err = store(ctx, tx, q, r, graded); err != nil {
			return err
		}
		if err := s.queue.Calibrate(ctx, tx.SQL, out.ID); err != nil {
			return err
		}
		return audit.Record(ctx, tx.Ent, enums.AuditCalibrationUpload, enums.TargetCalibration, out.ID, about(q, out))
	})
	return out, err
}

// locked is the question, which nobody else calibrates meanwhile.
func locked(ctx context.Context, tx *database.Tx, id uuid.UUID) (*ent.Question, error) {
	q, err := tx.Ent.Question.Query().Where(question.ID(id)).ForUpdate().Only(ctx)
	if ent.IsNotFound(err) {
		return nil, problem.New("questionId", problem.NotFound, "There is no such question.")
	}
	if err != nil {
		return nil, fmt.Errorf("reading the question: %w", err)
	}
	return q, nil
}

// graderOf is the question as far as a table of scores is held against it.
func graderOf(q *ent.Question, r *ent.Rubric) scoring.Question {
	out := scoring.Question{ID: q.ID.String(), Title: q.Title, MinWords: q.MinWords, MaxWords: q.MaxWords, Rubric: scoring.Rubric{ID: r.ID.String()}}
	for _, c := range r.Edges.Criteria {
		out.Rubric.Criteria = append(out.Rubric.Criteria, scoring.Criterion{
			ID: c.ID.String(), Key: c.Key, Title: c.Title, Trait: scoring.Trait(c.Trait), Weight: c.Weight,
			Scale: scoring.Scale{Min: c.ScaleMin, Max: c.ScaleMax, Step: c.ScaleStep},
		})
	}
	return out
}

// batch is how many graded answers one statement stores.
const batch = 500

func store(ctx context.Context, tx *database.Tx, q *ent.Question, r *ent.Rubric, graded []learnt.Graded) (*ent.Calibration, error) {
	newest, err := tx.Ent.Calibration.Query().Where(calibration.QuestionID(q.ID)).
		Order(calibration.ByVersion(entsql.OrderDesc())).Select(calibration.FieldVersion).First(ctx)
	if err != nil && !ent.IsNotFound(err) {
		return nil, fmt.Errorf("reading the newest calibration: %w", err)
	}
	version := 1
	if newest != nil {
		version = newest.Version + 1
	}
	create := tx.Ent.Calibration.Create().SetQuestionID(q.ID).SetRubricID(r.ID).SetVersion(version).SetRows(len(graded))
	if v, ok := viewer.FromContext(ctx); ok {
		create.SetCreatedBy(v.ID)
	}
	out, err := create.Save(ctx)
	if err != nil {
		return nil, fmt.Errorf("storing the calibration: %w", err)
	}
	for from := 0; from < len(graded); from += batch {
		var rows []*ent.GradedAnswerCreate
		for i, g := range graded[from:min(from+batch, len(graded))] {
			rows = append(rows, tx.Ent.GradedAnswer.Create().SetCalibrationID(out.ID).SetPosition(from+i).
				SetText(g.Text.Raw).SetScores(g.Scores).SetSecond(g.Second).SetGroupName(g.Group))
		}
		if err := tx.Ent.GradedAnswer.CreateBulk(rows...).Exec(ctx); err != nil {
			return nil, fmt.Errorf("storing graded answers: %w", err)
		}
	}
	return out, nil
}

func about(q *ent.Question, c *ent.Calibration) map[string]string {
	return map[string]string{"question": q.Slug, "version": strconv.Itoa(c.Version), "rows": strconv.Itoa(c.Rows)}
}

// Activate switches a calibration on, and off the one before: what is scored from then on is scored by
// it. Scores that exist stay as they are.
func (s *Service) Activate(ctx context.Context, id uuid.UUID) (*ent.Calibration, error) {
	var out *ent.Calibration
	err := s.db.InTx(ctx, func(tx *database.Tx) error {
		missing := problem.New("calibrationId", problem.NotFound, "There is no such calibration.")
		c, err := tx.Ent.Calibration.Query().Where(calibration.ID(id)).Select(calibration.FieldQuestionID).Only(ctx)
		if ent.IsNotFound(err) {
			return missing
		}
		if err != nil {
			return fmt.Errorf("reading the calibration: %w", err)
		}
		q, err := locked(ctx, tx, c.QuestionID)
		if err != nil {
			return err
		}
		if c, err = tx.Ent.Calibration.Get(ctx, id); err != nil { // as it is now that nobody changes it
			return fmt.Errorf("reading the calibration: %w", err)
		}
		if refused, ok := activateRefused[c.State]; ok {
			return problem.New("calibrationId", problem.WrongState, refused)
		}
		newest, err := q.QueryRubrics().Order(rubric.ByVersion(entsql.OrderDesc())).First(ctx)
		if err != nil {
			return fmt.Errorf("reading the question's rubric: %w", err)
		}
		if newest.ID != c.RubricID {
			return problem.New("calibrationId", problem.WrongState, "The question has a newer rubric than the one that the answers were graded by. Upload answers that were graded by the newer one.")
		}
		if _, err := retire(ctx, tx, q.ID); err != nil {
			return err
		}
		if out, err = c.Update().SetState(enums.CalibrationActive).SetActivatedAt(now()).Save(ctx); err != nil {
			return fmt.Errorf("switching the calibration on: %w", err)
		}
		return audit.Record(ctx, tx.Ent, enums.AuditCalibrationActivate, enums.TargetCalibration, id, about(q, c))
	})
	return out, err
}

var activateRefused = map[enums.CalibrationState]string{
	enums.CalibrationUploaded: "The calibration has not been fitted yet. Wait until it is READY.",
	enums.CalibrationFitting:  "The calibration is being fitted. Wait until it is READY.",
	enums.CalibrationFailed:   "The calibration could not be fitted: its failure says why.",
	enums.CalibrationActive:   "The calibration is switched on already.",
}

func now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// retire switches off what is on; nil when nothing is.
func retire(ctx context.Context, tx *database.Tx, questionID uuid.UUID) (*ent.Calibration, error) {
	c, err := tx.Ent.Calibration.Query().
		Where(calibration.QuestionID(questionID), calibration.StateEQ(enums.CalibrationActive)).Only(ctx)
	if ent.IsNotFound(err) {
		return nil, nil //nolint:nilnil // nothing is switched on
	}
	if err != nil {
		return nil, fmt.Errorf("reading the calibration that is switched on: %w", err)
	}
	if c, err = c.Update().SetState(enums.CalibrationRetired).Save(ctx); err != nil {
		return nil, fmt.Errorf("switching the calibration off: %w", err)
	}
	return c, nil
}

// Rollback switches off what is on for a question, and on again what was on before it; nothing when
// nothing was, and then the question is scored uncalibrated.
func (s *Service) Rollback(ctx context.Context, questionID uuid.UUID) (on, off *ent.Calibration, err error) {
	err = s.db.InTx(ctx, func(tx *database.Tx) error {
		q, err := locked(ctx, tx, questionID)
		if err != nil {
			return err
		}
		if off, err = retire(ctx, tx, q.ID); err != nil {
			return err
		}
		if off == nil {
			return problem.New("questionId", problem.WrongState, "No calibration is switched on for this question.")
		}
		before := off.ActivatedAt
		if before == nil {
			return errors.New("a calibration was on that nobody switched on")
		}
		on, err = tx.Ent.Calibration.Query().Where(
			calibration.QuestionID(q.ID), calibration.StateEQ(enums.CalibrationRetired),
			calibration.RubricID(off.RubricID), calibration.ActivatedAtLT(*before),
		).Order(calibration.ByActivatedAt(entsql.OrderDesc())).First(ctx)
		switch {
		case ent.IsNotFound(err):
			on = nil
		case err != nil:
			return fmt.Errorf("reading the calibration before: %w", err)
		default:
			if on, err = on.Update().SetState(enums.CalibrationActive).Save(ctx); err != nil {
				return fmt.Errorf("switching the calibration before on: %w", err)
			}
		}
		detail := about(q, off)
		detail["now"] = "none"
		if on != nil {
			detail["now"] = strconv.Itoa(on.Version)
		}
		return audit.Record(ctx, tx.Ent, enums.AuditCalibrationRollback, enums.TargetCalibration, off.ID, detail)
	})
	return on, off, err
}
