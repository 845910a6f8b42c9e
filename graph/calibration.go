package graph

import (
	"context"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/graph/load"
	"github.com/rubrica/rubrica/graph/model"
	"github.com/rubrica/rubrica/graph/page"
)

func (questionResolver) Calibration(ctx context.Context, q *ent.Question) (*ent.Calibration, error) {
	return load.For(ctx).Calibration(ctx, q.ID)
}

func (questionResolver) Calibrations(ctx context.Context, q *ent.Question, first *int, after *string, last *int, before *string) (*model.CalibrationConnection, error) {
	p, err := load.For(ctx).CalibrationsOf(ctx, q.ID, page.Args{First: first, After: after, Last: last, Before: before})
	if err != nil {
		return nil, err
	}
	out := &model.CalibrationConnection{PageInfo: p.Info}
	for i, n := range p.Nodes {
		out.Edges = append(out.Edges, &model.CalibrationEdge{Cursor: p.Cursors[i], Node: n})
	}
	out.TotalCount, err = total(ctx, func() (int, error) { return load.For(ctx).CalibrationCount(ctx, q.ID) })
	return out, err
}

type calibrationResolver struct{}

func (calibrationResolver) Question(ctx context.Context, c *ent.Calibration) (*ent.Question, error) {
	return load.For(ctx).Question(ctx, c.QuestionID)
}

// noQuestion and noCalibration are said of ids that are none of theirs.
const (
	noQuestion    = "There is no such question."
	noCalibration = "There is no such calibration."
)

func (r mutationResolver) CalibrationUpload(ctx context.Context, in model.CalibrationUploadInput) (*model.CalibrationUploadPayload, error) {
	if err := allow(ctx, enums.RoleAdmin); err != nil {
		return nil, err
	}
	question, err := input("question", "questionId", in.QuestionID, noQuestion)
	var c *ent.Calibration
	if err == nil {
		c, err = r.calibrations.Upload(ctx, question, in.CSV)
	}
	errs, err := userErrors(err)
	if err != nil || len(errs) > 0 {
		return &model.CalibrationUploadPayload{UserErrors: errs}, err
	}
	calibrated(ctx, map[string]*ent.Calibration{"calibration": c})
	return &model.CalibrationUploadPayload{Calibration: c, UserErrors: errs}, nil
}

func (r mutationResolver) CalibrationActivate(ctx context.Context, in model.CalibrationActivateInput) (*model.CalibrationActivatePayload, error) {
	if err := allow(ctx, enums.RoleAdmin); err != nil {
		return nil, err
	}
	id, err := input("calibration", "calibrationId", in.CalibrationID, noCalibration)
	var c *ent.Calibration
	if err == nil {
		c, err = r.calibrations.Activate(ctx, id)
	}
	errs, err := userErrors(err)
	if err != nil || len(errs) > 0 {
		return &model.CalibrationActivatePayload{UserErrors: errs}, err
	}
	calibrated(ctx, map[string]*ent.Calibration{"calibration": c})
	return &model.CalibrationActivatePayload{Calibration: c, UserErrors: errs}, nil
}

func (r mutationResolver) CalibrationRollback(ctx context.Context, in model.CalibrationRollbackInput) (*model.CalibrationRollbackPayload, error) {
	if err := allow(ctx, enums.RoleAdmin); err != nil {
		return nil, err
	}
	question, err := input("question", "questionId", in.QuestionID, noQuestion)
	var on, off *ent.Calibration
	if err == nil {
		on, off, err = r.calibrations.Rollback(ctx, question)
	}
	errs, err := userErrors(err)
	if err != nil || len(errs) > 0 {
		return &model.CalibrationRollbackPayload{UserErrors: errs}, err
	}
	calibrated(ctx, map[string]*ent.Calibration{"calibration": on, "retired": off})
	return &model.CalibrationRollbackPayload{Calibration: on, Retired: off, UserErrors: errs}, nil
}

// calibrated loads what the payload's fields ask for.
func calibrated(ctx context.Context, fields map[string]*ent.Calibration) {
	load.Renew(ctx)
	for field, c := range fields {
		load.WalkField(ctx, field, "Calibration", c)
	}
}
