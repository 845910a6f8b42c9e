package graph

import (
	"context"

	"entgo.io/ent/dialect/sql"
	"github.com/google/uuid"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/ent/rescoring"
	"github.com/rubrica/rubrica/ent/values"
	"github.com/rubrica/rubrica/graph/load"
	"github.com/rubrica/rubrica/graph/model"
	"github.com/rubrica/rubrica/graph/page"
	"github.com/rubrica/rubrica/internal/overrides"
	"github.com/rubrica/rubrica/internal/submission"
	"github.com/rubrica/rubrica/internal/viewer"
	"github.com/rubrica/rubrica/jobs"
)

func (r mutationResolver) EssayOverride(ctx context.Context, in model.EssayOverrideInput) (*model.EssayOverridePayload, error) {
	if err := allow(ctx, enums.RoleAdvisor, enums.RoleAdmin); err != nil {
		return nil, err
	}
	result, err := r.override(ctx, in)
	errs, err := userErrors(err)
	if err != nil || len(errs) > 0 {
		return &model.EssayOverridePayload{UserErrors: errs}, err
	}
	decided(ctx, result)
	return &model.EssayOverridePayload{Essay: result.Essay, Run: result.Run, UserErrors: errs}, nil
}

// noRun is said of an id that is none of a run.
const noRun = "There is no such scoring run."

func (r mutationResolver) override(ctx context.Context, in model.EssayOverrideInput) (*overrides.Result, error) {
	run, err := input("scoring_run", "runId", in.RunID, noRun)
	if err != nil {
		return nil, err
	}
	out := overrides.Input{RunID: run, Reason: in.Reason}
	// Ids are decoded only as far as a decision goes: the service refuses longer lists.
	for _, k := range in.KeyPoints[:min(len(in.KeyPoints), overrides.MaxKeyPoints+1)] {
		id, err := input("key_point", "keyPoints", k.KeyPointID, "The run speaks of no such key point.")
		if err != nil {
			return nil, err
		}
		out.KeyPoints = append(out.KeyPoints, overrides.KeyPoint{ID: id, Status: k.Status})
	}
	for _, c := range in.Criteria[:min(len(in.Criteria), overrides.MaxCriteria+1)] {
		id, err := input("criterion", "criteria", c.CriterionID, "The run has no score for such a criterion.")
		if err != nil {
			return nil, err
		}
		out.Criteria = append(out.Criteria, overrides.Criterion{ID: id, Value: c.Value})
	}
	return r.overrides.Override(ctx, out)
}

func (r mutationResolver) EssayConfirm(ctx context.Context, in model.EssayConfirmInput) (*model.EssayConfirmPayload, error) {
	if err := allow(ctx, enums.RoleAdvisor, enums.RoleAdmin); err != nil {
		return nil, err
	}
	run, err := input("scoring_run", "runId", in.RunID, noRun)
	var result *overrides.Result
	if err == nil {
		result, err = r.overrides.Confirm(ctx, run)
	}
	errs, err := userErrors(err)
	if err != nil || len(errs) > 0 {
		return &model.EssayConfirmPayload{UserErrors: errs}, err
	}
	decided(ctx, result)
	return &model.EssayConfirmPayload{Essay: result.Essay, Run: result.Run, UserErrors: errs}, nil
}

// decided loads what the payload's fields essay and run ask for.
func decided(ctx context.Context, result *overrides.Result) {
	scored(ctx, &submission.Result{Essay: result.Essay, Run: result.Run})
}

func (scoringRunResolver) Override(ctx context.Context, r *ent.ScoringRun) (*ent.Override, error) {
	return load.For(ctx).Override(ctx, r.ID)
}

type overrideResolver struct{}

func (overrideResolver) By(ctx context.Context, o *ent.Override) (*ent.User, error) {
	return load.For(ctx).User(ctx, o.ActorID)
}

func (overrideResolver) From(ctx context.Context, o *ent.Override) (*ent.ScoringRun, error) {
	return load.For(ctx).Run(ctx, o.FromID)
}

type keyPointOverrideResolver struct{}

// KeyPoint is null for learners, as that of an outcome is.
func (keyPointOverrideResolver) KeyPoint(ctx context.Context, k *values.KeyPointOverride) (*ent.KeyPoint, error) {
	if v, ok := viewer.FromContext(ctx); !ok || !v.Is(enums.RoleAdvisor, enums.RoleAdmin) {
		return nil, nil //nolint:nilnil // null is the answer
	}
	return load.For(ctx).KeyPoint(ctx, k.KeyPointID)
}

type criterionOverrideResolver struct{}

func (criterionOverrideResolver) Criterion(ctx context.Context, c *values.CriterionOverride) (*ent.Criterion, error) {
	return load.For(ctx).Criterion(ctx, c.CriterionID)
}

func (r mutationResolver) EssaysRescore(ctx context.Context, in model.EssaysRescoreInput) (*model.EssaysRescorePayload, error) {
	if err := allow(ctx, enums.RoleAdmin); err != nil {
		return nil, err
	}
	scope, err := rescoringScope(in.Scope)
	var row *ent.Rescoring
	if err == nil {
		row, err = r.submission.RescoreAll(ctx, scope, in.Reason)
	}
	errs, err := userErrors(err)
	if err != nil || len(errs) > 0 {
		return &model.EssaysRescorePayload{UserErrors: errs}, err
	}
	load.Renew(ctx)
	load.WalkField(ctx, "rescoring", "Rescoring", row)
	return &model.EssaysRescorePayload{Rescoring: row, UserErrors: errs}, nil
}

func rescoringScope(in *model.RescoringScope) (submission.Scope, error) {
	kind, id := "question", in.QuestionID
	if id == nil {
		kind, id = "track", in.TrackID
	}
	key, err := input(kind, "scope", *id, "There is no such question or track.")
	if kind == "question" {
		return submission.Scope{QuestionID: &key}, err
	}
	return submission.Scope{TrackID: &key}, err
}

func (r queryResolver) Rescorings(ctx context.Context, first *int, after *string, last *int, before *string) (*model.RescoringConnection, error) {
	p, n, err := source[*ent.Rescoring]{
		typ: "Rescoring", name: "rescorings", by: newestRescorings(),
		query: func(m ...func(*sql.Selector)) lister[*ent.Rescoring] {
			q := r.db.Ent.Rescoring.Query()
			q.Modify(m...)
			return q
		},
	}.read(ctx, page.Args{First: first, After: after, Last: last, Before: before}, everything)
	if err != nil {
		return nil, err
	}
	out := &model.RescoringConnection{PageInfo: p.Info, TotalCount: n}
	for i, node := range p.Nodes {
		out.Edges = append(out.Edges, &model.RescoringEdge{Cursor: p.Cursors[i], Node: node})
	}
	return out, nil
}

func newestRescorings() ordering[*ent.Rescoring] {
	return ordering[*ent.Rescoring]{
		page.Order{Column: rescoring.FieldCreatedAt, Desc: true, Kind: page.Moment},
		func(v *ent.Rescoring) (any, uuid.UUID) { return v.CreatedAt, v.ID },
	}
}

type rescoringResolver struct{}

func (rescoringResolver) Question(ctx context.Context, v *ent.Rescoring) (*ent.Question, error) {
	if v.QuestionID == nil {
		return nil, nil //nolint:nilnil // all of the track
	}
	return load.For(ctx).Question(ctx, *v.QuestionID)
}

func (rescoringResolver) Track(ctx context.Context, v *ent.Rescoring) (*ent.Track, error) {
	return load.For(ctx).Track(ctx, v.TrackID)
}

func (rescoringResolver) By(ctx context.Context, v *ent.Rescoring) (*ent.User, error) {
	if v.ActorID == nil {
		return nil, nil //nolint:nilnil // the command line asked for it
	}
	return load.For(ctx).User(ctx, *v.ActorID)
}

func (rescoringResolver) Report(ctx context.Context, v *ent.Rescoring) (*jobs.RescoringReport, error) {
	return load.For(ctx).RescoringReport(ctx, v.ID)
}
