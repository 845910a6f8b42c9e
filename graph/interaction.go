package graph

import (
	"context"

	"github.com/google/uuid"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/graph/load"
	"github.com/rubrica/rubrica/graph/model"
	"github.com/rubrica/rubrica/graph/page"
	"github.com/rubrica/rubrica/internal/interactions"
)

// noCredential is said of an id that is none of a credential.
const noCredential = "There is no such credential."

func (userResolver) Preferences(ctx context.Context, u *ent.User) (*ent.Preference, error) {
	return load.For(ctx).Preferences(ctx, u.ID)
}

// Interactions of the person, as far as the viewer may see them.
func (userResolver) Interactions(ctx context.Context, u *ent.User, first *int, after *string, last *int, before *string) (*model.InteractionConnection, error) {
	p, err := load.For(ctx).InteractionsOf(ctx, u.ID, page.Args{First: first, After: after, Last: last, Before: before})
	if err != nil {
		return nil, err
	}
	out := &model.InteractionConnection{PageInfo: p.Info}
	for i, n := range p.Nodes {
		out.Edges = append(out.Edges, &model.InteractionEdge{Cursor: p.Cursors[i], Node: n})
	}
	out.TotalCount, err = total(ctx, func() (int, error) { return load.For(ctx).InteractionCount(ctx, u.ID) })
	return out, err
}

func (credentialResolver) ViewerInteractions(ctx context.Context, c *ent.Credential) ([]*ent.Interaction, error) {
	list, err := load.For(ctx).ViewerInteractions(ctx, c.ID)
	return orEmpty(list), err
}

type interactionResolver struct{}

func (interactionResolver) Learner(ctx context.Context, i *ent.Interaction) (*ent.User, error) {
	return load.For(ctx).User(ctx, i.OwnerID)
}

func (interactionResolver) Credential(ctx context.Context, i *ent.Interaction) (*ent.Credential, error) {
	return load.For(ctx).Credential(ctx, i.CredentialID)
}

type preferencesResolver struct{}

func (preferencesResolver) Interests(ctx context.Context, p *ent.Preference) ([]*ent.Skill, error) {
	return load.For(ctx).Skills(ctx, p.Interests)
}

func (r mutationResolver) InteractionRecord(ctx context.Context, in model.InteractionRecordInput) (*model.InteractionRecordPayload, error) {
	if err := allow(ctx, enums.RoleLearner); err != nil {
		return nil, err
	}
	id, err := input("credential", "credentialId", in.CredentialID, noCredential)
	var row *ent.Interaction
	if err == nil {
		row, err = r.interactions.Record(ctx, interactions.Deed{CredentialID: id, Kind: in.Kind, Rating: in.Rating})
	}
	errs, err := userErrors(err)
	if err != nil || len(errs) > 0 {
		return &model.InteractionRecordPayload{UserErrors: errs}, err
	}
	load.Renew(ctx)
	load.WalkField(ctx, "interaction", "Interaction", row)
	return &model.InteractionRecordPayload{Interaction: row, UserErrors: errs}, nil
}

func (r mutationResolver) InteractionWithdraw(ctx context.Context, in model.InteractionWithdrawInput) (*model.InteractionWithdrawPayload, error) {
	if err := allow(ctx, enums.RoleLearner); err != nil {
		return nil, err
	}
	var removed bool
	var id uuid.UUID
	id, err := input("credential", "credentialId", in.CredentialID, noCredential)
	if err == nil {
		removed, err = r.interactions.Withdraw(ctx, id, in.Kind)
	}
	errs, err := userErrors(err)
	if err != nil || len(errs) > 0 {
		return &model.InteractionWithdrawPayload{UserErrors: errs}, err
	}
	load.Renew(ctx)
	c, err := load.For(ctx).ReadCredential(ctx, id)
	load.WalkField(ctx, "credential", "Credential", c)
	return &model.InteractionWithdrawPayload{Credential: c, Withdrawn: removed, UserErrors: errs}, err
}

func (r mutationResolver) PreferencesSet(ctx context.Context, in model.PreferencesSetInput) (*model.PreferencesSetPayload, error) {
	if err := allow(ctx, enums.RoleLearner); err != nil {
		return nil, err
	}
	row, err := r.interactions.SetPreferences(ctx, interactions.Preferences{
		Interests: in.Interests, FreeOnly: in.FreeOnly, Longest: in.Longest, Highest: in.Highest,
	})
	errs, err := userErrors(err)
	if err != nil || len(errs) > 0 {
		return &model.PreferencesSetPayload{UserErrors: errs}, err
	}
	load.Renew(ctx)
	load.WalkField(ctx, "preferences", "Preferences", row)
	return &model.PreferencesSetPayload{Preferences: row, UserErrors: errs}, nil
}
