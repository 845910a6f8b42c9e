package graph

import (
	"context"

	"github.com/google/uuid"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/graph/model"
	"github.com/rubrica/rubrica/graph/transport"
	"github.com/rubrica/rubrica/internal/globalid"
	"github.com/rubrica/rubrica/internal/progress"
	"github.com/rubrica/rubrica/internal/viewer"
)

func (r subscriptionResolver) EssayProgress(ctx context.Context, id string, afterSeq *int64) (<-chan *model.EssayProgress, error) {
	v, ok := viewer.FromContext(ctx)
	if !ok {
		return nil, errUnauthenticated
	}
	essay, err := globalid.DecodeAs("essay", id)
	if err != nil {
		return nil, err
	}
	s, err := r.hub.Follow(ctx, v, essay, orZero(afterSeq))
	if err != nil {
		return nil, err
	}
	return stream(ctx, s, func(state progress.RunState) *model.EssayProgress {
		return &model.EssayProgress{
			Seq: state.Seq, Stage: state.Stage, Percent: state.Percent, ChangedAt: state.ChangedAt, Run: state.Row,
		}
	}), nil
}

func (r subscriptionResolver) ScoringActivity(ctx context.Context, in model.ScoringActivityScope, afterSeq *int64) (<-chan *model.ScoringActivity, error) {
	v, ok := viewer.FromContext(ctx)
	if !ok {
		return nil, errUnauthenticated
	}
	scope, err := activityScope(in)
	if err != nil {
		return nil, err
	}
	s, err := r.hub.Watch(ctx, v, scope, orZero(afterSeq))
	if err != nil {
		return nil, err
	}
	return stream(ctx, s, activity), nil
}

// activityScope reads the scope. The library checks only literals against @oneOf, so variables are
// checked here.
func activityScope(in model.ScoringActivityScope) (progress.Scope, error) {
	given := 0
	var scope progress.Scope
	decode := func(kind string, id *string) (*uuid.UUID, error) {
		if id == nil {
			return nil, nil //nolint:nilnil // not given
		}
		given++
		key, err := globalid.DecodeAs(kind, *id)
		return &key, err
	}
	var err error
	if scope.CohortID, err = decode("cohort", in.CohortID); err != nil {
		return scope, err
	}
	if scope.TrackID, err = decode("track", in.TrackID); err != nil {
		return scope, err
	}
	if in.Everything != nil {
		given++
	}
	if given != 1 || in.Everything != nil && !*in.Everything {
		return scope, &fault{codeBadInput, "Give exactly one of cohortId, trackId and everything: true."}
	}
	return scope, nil
}

func activity(a progress.Activity) *model.ScoringActivity {
	out := &model.ScoringActivity{
		Seq: a.Seq, At: a.At, RatePerMinute: a.RatePerMinute,
		Stages: make([]*model.ScoringStageCount, len(a.Stages)),
		Newest: make([]*model.ScoringChange, len(a.Newest)),
	}
	for i, s := range a.Stages {
		out.Stages[i] = &model.ScoringStageCount{Stage: s.Stage, Count: s.Count}
	}
	for i, c := range a.Newest {
		out.Newest[i] = &model.ScoringChange{
			EssayID: globalid.Encode("essay", c.EssayID), RunID: globalid.Encode("scoring_run", c.RunID),
			Learner: c.Learner, Question: c.Question, Stage: c.Stage, Percent: c.Percent,
			ChangedAt: c.ChangedAt, OverallPercent: c.OverallPercent,
		}
	}
	return out
}

// stream hands the states of a subscription on, and says why it ended when it ended early.
func stream[S, T any](ctx context.Context, s *progress.Subscription[S], show func(S) T) <-chan T {
	out := make(chan T)
	go func() {
		defer close(out)
		for state := range s.Updates() {
			select {
			case out <- show(state):
			case <-ctx.Done():
				return
			}
		}
		if err := s.Err(); err != nil && ctx.Err() == nil {
			transport.EndWithError(ctx, gqlerror.WrapIfUnwrapped(err))
		}
	}()
	return out
}

func orZero(n *int64) int64 {
	if n == nil {
		return 0
	}
	return *n
}

type essayProgressResolver struct{}

// Run is the run as it was when the state was reached; what is asked below it is loaded by level.
func (essayProgressResolver) Run(ctx context.Context, p *model.EssayProgress) (*ent.ScoringRun, error) {
	below(ctx, "ScoringRun", p.Run)
	return p.Run, nil
}
