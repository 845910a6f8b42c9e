package load

import (
	"context"

	"entgo.io/ent/dialect/sql"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/calibration"
	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/graph/page"
)

// What was learnt of questions from people's scores.
var (
	calibrationRows = kind[ent.Calibration]{"Calibration", func(c *ent.Client) query[*ent.Calibration] { return c.Calibration.Query() }, func(v *ent.Calibration) id { return v.ID }}

	calibrations = calibrationRows.byID()

	calibrationOfQuestion = toOne(calibrationRows, calibration.FieldQuestionID, func(v *ent.Calibration) id { return v.QuestionID }, switchedOn)

	calibrationsOfQuestion = toPages(calibrationRows, calibration.FieldQuestionID, func(v *ent.Calibration) id { return v.QuestionID },
		page.List{Name: "Question.calibrations", Order: page.Order{Column: calibration.FieldVersion, Desc: true, Kind: page.Number}},
		func(v *ent.Calibration) (any, id) { return v.Version, v.ID })
)

// switchedOn keeps the one calibration of a question that is on.
func switchedOn(s *sql.Selector) {
	s.Where(sql.EQ(s.C(calibration.FieldState), string(enums.CalibrationActive)))
}

// Calibration is the calibration that is on for a question.
func (s *Set) Calibration(ctx context.Context, question id) (*ent.Calibration, error) {
	return calibrationOfQuestion.load(ctx, s, question)
}

// CalibrationsOf is a page of a question's calibrations.
func (s *Set) CalibrationsOf(ctx context.Context, question id, a page.Args) (*page.Page[*ent.Calibration], error) {
	return calibrationsOfQuestion.page(ctx, s, question, a)
}

// CalibrationCount is how many calibrations a question has.
func (s *Set) CalibrationCount(ctx context.Context, question id) (int, error) {
	return calibrationsOfQuestion.totals.load(ctx, s, question)
}

// calibrationEdges are those of this file's types, for the table of all edges.
func calibrationEdges() map[string]map[string]step {
	return map[string]map[string]step{
		"Calibration": {"question": one("Question", questions, always(func(v *ent.Calibration) id { return v.QuestionID }))},
	}
}
