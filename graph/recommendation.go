package graph

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/graph/load"
	"github.com/rubrica/rubrica/graph/model"
	"github.com/rubrica/rubrica/graph/page"
	"github.com/rubrica/rubrica/internal/interactions"
	"github.com/rubrica/rubrica/internal/problem"
	"github.com/rubrica/rubrica/recommend"
)

type recommendationListResolver struct{}

func (recommendationListResolver) Run(ctx context.Context, l *ent.RecommendationList) (*ent.ScoringRun, error) {
	return load.For(ctx).Run(ctx, l.RunID)
}

func (recommendationListResolver) Items(ctx context.Context, l *ent.RecommendationList) ([]*ent.RecommendationItem, error) {
	list, err := load.For(ctx).Items(ctx, l.ID)
	return orEmpty(list), err
}

func (recommendationListResolver) Unserved(ctx context.Context, l *ent.RecommendationList) ([]*ent.Skill, error) {
	return load.For(ctx).Skills(ctx, l.Unserved)
}

type recommendationItemResolver struct{}

func (recommendationItemResolver) Credential(ctx context.Context, i *ent.RecommendationItem) (*ent.Credential, error) {
	return load.For(ctx).Credential(ctx, i.CredentialID)
}

func (recommendationItemResolver) Closes(ctx context.Context, i *ent.RecommendationItem) ([]*ent.Skill, error) {
	return load.For(ctx).Skills(ctx, i.Closes)
}

func (recommendationItemResolver) Decision(ctx context.Context, i *ent.RecommendationItem) (*ent.RecommendationDecision, error) {
	return load.For(ctx).Decision(ctx, i.ID)
}

type recommendationDecisionResolver struct{}

func (recommendationDecisionResolver) By(ctx context.Context, d *ent.RecommendationDecision) (*ent.User, error) {
	return load.For(ctx).User(ctx, d.ActorID)
}

// RecommendationLists are those that were made for the person, as far as the viewer may see them.
func (userResolver) RecommendationLists(ctx context.Context, u *ent.User, first *int, after *string, last *int, before *string) (*model.RecommendationListConnection, error) {
	p, err := load.For(ctx).ListsOf(ctx, u.ID, page.Args{First: first, After: after, Last: last, Before: before})
	if err != nil {
		return nil, err
	}
	out := &model.RecommendationListConnection{PageInfo: p.Info}
	for i, n := range p.Nodes {
		out.Edges = append(out.Edges, &model.RecommendationListEdge{Cursor: p.Cursors[i], Node: n})
	}
	out.TotalCount, err = total(ctx, func() (int, error) { return load.For(ctx).ListCount(ctx, u.ID) })
	return out, err
}

func (r mutationResolver) RecommendationItemDecide(ctx context.Context, in model.RecommendationItemDecideInput) (*model.RecommendationItemDecidePayload, error) {
	if err := allow(ctx, enums.RoleAdvisor, enums.RoleAdmin); err != nil {
		return nil, err
	}
	id, err := input("recommendation_item", "itemId", in.ItemID, "There is no such recommendation.")
	var decision *ent.RecommendationDecision
	if err == nil {
		decision, err = r.interactions.Decide(ctx, interactions.Decision{ItemID: id, Verdict: in.Verdict, Reason: in.Reason})
	}
	errs, err := userErrors(err)
	if err != nil || len(errs) > 0 {
		return &model.RecommendationItemDecidePayload{UserErrors: errs}, err
	}
	load.Renew(ctx)
	item, err := load.For(ctx).ReadItem(ctx, id)
	load.WalkField(ctx, "item", "RecommendationItem", item)
	load.WalkField(ctx, "decision", "RecommendationDecision", decision)
	return &model.RecommendationItemDecidePayload{Item: item, Decision: decision, UserErrors: errs}, err
}

// WhyNot answers for a credential as the list would be made now.
func (r queryResolver) WhyNot(ctx context.Context, runID, credentialID string) (*model.RecommendationAbsence, error) {
	if err := allow(ctx, enums.RoleLearner, enums.RoleAdvisor, enums.RoleAdmin); err != nil {
		return nil, err
	}
	run, err := idOf("runId", "scoring_run", runID)
	if err != nil {
		return nil, err
	}
	credential, err := idOf("credentialId", "credential", credentialID)
	if err != nil {
		return nil, err
	}
	absence, err := r.advice.WhyNot(ctx, run, credential)
	var p *problem.Problem
	switch {
	case errors.As(err, &p) && p.Code == problem.NotFound:
		return nil, nil //nolint:nilnil // null is the answer
	case errors.As(err, &p):
		return nil, &fault{codeBadInput, p.Message}
	case err != nil:
		return nil, err
	}
	out := absent(absence)
	below(ctx, "RecommendationAbsence", out)
	return out, nil
}

func absent(a *recommend.Absence) *model.RecommendationAbsence {
	out := &model.RecommendationAbsence{
		CredentialID: a.CredentialID, Reason: a.Reason, Message: a.Text, Of: a.Of, Score: a.Score,
		Parts: orEmpty(a.Parts), Traces: orEmpty(a.Traces), Violates: orEmpty(a.Violates), ModelVersion: a.ModelVersion,
	}
	if a.Place > 0 {
		out.Place = &a.Place
	}
	if a.Rank > 0 {
		out.Rank = &a.Rank
	}
	if a.InFavour != uuid.Nil {
		out.InFavourID = &a.InFavour
	}
	return out
}

type recommendationAbsenceResolver struct{}

func (recommendationAbsenceResolver) Credential(ctx context.Context, a *model.RecommendationAbsence) (*ent.Credential, error) {
	return load.For(ctx).Credential(ctx, a.CredentialID)
}

func (recommendationAbsenceResolver) InFavourOf(ctx context.Context, a *model.RecommendationAbsence) (*ent.Credential, error) {
	if a.InFavourID == nil {
		return nil, nil //nolint:nilnil // for another reason
	}
	return load.For(ctx).Credential(ctx, *a.InFavourID)
}
