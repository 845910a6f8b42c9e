package graph

import (
	"context"
	"errors"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/graph/load"
	"github.com/rubrica/rubrica/graph/model"
	"github.com/rubrica/rubrica/jobs"
)

var errUnfinished = errors.New("not built yet")

func (r queryResolver) Jobs(ctx context.Context, first *int, after *string, last *int, before *string, filter *model.JobFilter) (*model.JobConnection, error) {
	return nil, errUnfinished
}

func (r queryResolver) System(ctx context.Context) (*model.System, error) {
	return nil, errUnfinished
}

func (r mutationResolver) JobRetry(ctx context.Context, in model.JobRetryInput) (*model.JobRetryPayload, error) {
	return nil, errUnfinished
}

func (r mutationResolver) JobCancel(ctx context.Context, in model.JobCancelInput) (*model.JobCancelPayload, error) {
	return nil, errUnfinished
}

type jobResolver struct{}

func (jobResolver) Run(ctx context.Context, j *jobs.Job) (*ent.ScoringRun, error) {
	if j.RunID == nil {
		return nil, nil //nolint:nilnil // it works for no run
	}
	return load.For(ctx).Run(ctx, *j.RunID)
}
