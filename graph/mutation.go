package graph

import (
	"context"

	"github.com/google/uuid"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/graph/load"
	"github.com/rubrica/rubrica/graph/model"
	"github.com/rubrica/rubrica/internal/globalid"
	"github.com/rubrica/rubrica/internal/problem"
	"github.com/rubrica/rubrica/internal/submission"
	"github.com/rubrica/rubrica/internal/viewer"
)

// allow refuses who is not signed in or has none of the roles. Below the resolvers the privacy rules
// refuse too; here it is said in words before anything is read.
func allow(ctx context.Context, roles ...enums.Role) error {
	v, ok := viewer.FromContext(ctx)
	if !ok {
		return errUnauthenticated
	}
	if !v.Is(roles...) {
		return errForbidden
	}
	return nil
}

// input decodes an id of an input field; what is no id of the kind names nothing.
func input(kind, field, id, missing string) (uuid.UUID, error) {
	key, err := globalid.DecodeAs(kind, id)
	if err != nil {
		return key, problem.New(field, problem.NotFound, missing)
	}
	return key, nil
}

func (r mutationResolver) EssaySubmit(ctx context.Context, in model.EssaySubmitInput) (*model.EssaySubmitPayload, error) {
	if err := allow(ctx, enums.RoleLearner); err != nil {
		return nil, err
	}
	result, err := r.submit(ctx, in)
	errs, err := userErrors(err)
	if err != nil || len(errs) > 0 {
		return &model.EssaySubmitPayload{UserErrors: errs}, err
	}
	scored(ctx, result)
	return &model.EssaySubmitPayload{Essay: result.Essay, Run: result.Run, Replayed: result.Replayed, UserErrors: errs}, nil
}

func (r mutationResolver) submit(ctx context.Context, in model.EssaySubmitInput) (*submission.Result, error) {
	question, err := input("question", "questionId", in.QuestionID, "There is no such question.")
	if err != nil {
		return nil, err
	}
	key := ""
	if in.IdempotencyKey != nil {
		if key = *in.IdempotencyKey; key == "" {
			return nil, problem.New("idempotencyKey", problem.Empty, "The idempotency key is empty. Leave it out or give one.")
		}
	}
	return r.submission.Submit(ctx, question, in.Text, key)
}

func (r mutationResolver) EssayRetry(ctx context.Context, in model.EssayRetryInput) (*model.EssayRetryPayload, error) {
	if err := allow(ctx, enums.RoleLearner, enums.RoleAdvisor, enums.RoleAdmin); err != nil {
		return nil, err
	}
	essay, err := input("essay", "essayId", in.EssayID, "There is no such essay.")
	var result *submission.Result
	if err == nil {
		result, err = r.submission.Retry(ctx, essay)
	}
	errs, err := userErrors(err)
	if err != nil || len(errs) > 0 {
		return &model.EssayRetryPayload{UserErrors: errs}, err
	}
	scored(ctx, result)
	return &model.EssayRetryPayload{Essay: result.Essay, Run: result.Run, UserErrors: errs}, nil
}

func (r mutationResolver) EssayRescore(ctx context.Context, in model.EssayRescoreInput) (*model.EssayRescorePayload, error) {
	if err := allow(ctx, enums.RoleAdvisor, enums.RoleAdmin); err != nil {
		return nil, err
	}
	essay, err := input("essay", "essayId", in.EssayID, "There is no such essay.")
	var result *submission.Result
	if err == nil {
		result, err = r.submission.Rescore(ctx, essay, in.Reason)
	}
	errs, err := userErrors(err)
	if err != nil || len(errs) > 0 {
		return &model.EssayRescorePayload{UserErrors: errs}, err
	}
	scored(ctx, result)
	return &model.EssayRescorePayload{Essay: result.Essay, Run: result.Run, UserErrors: errs}, nil
}

// scored loads what the payload's fields essay and run ask for.
func scored(ctx context.Context, result *submission.Result) {
	load.Renew(ctx)
	load.WalkField(ctx, "essay", "Essay", result.Essay)
	load.WalkField(ctx, "run", "ScoringRun", result.Run)
}

func (r mutationResolver) UserCreate(ctx context.Context, in model.UserCreateInput) (*model.UserCreatePayload, error) {
	if err := allow(ctx, enums.RoleAdmin); err != nil {
		return nil, err
	}
	user, err := r.people.CreateUser(ctx, in.Name, in.Email, in.Role)
	errs, err := userErrors(err)
	return &model.UserCreatePayload{User: user, UserErrors: errs}, err
}

func (r mutationResolver) CohortCreate(ctx context.Context, in model.CohortCreateInput) (*model.CohortCreatePayload, error) {
	if err := allow(ctx, enums.RoleAdmin); err != nil {
		return nil, err
	}
	cohort, err := r.createCohort(ctx, in)
	errs, err := userErrors(err)
	if cohort != nil {
		load.Renew(ctx)
		load.WalkField(ctx, "cohort", "Cohort", cohort)
	}
	return &model.CohortCreatePayload{Cohort: cohort, UserErrors: errs}, err
}

func (r mutationResolver) createCohort(ctx context.Context, in model.CohortCreateInput) (*ent.Cohort, error) {
	var track *uuid.UUID
	if in.TrackID != nil {
		key, err := input("track", "trackId", *in.TrackID, "There is no such track.")
		if err != nil {
			return nil, err
		}
		track = &key
	}
	return r.people.CreateCohort(ctx, in.Slug, in.Name, track)
}

func (r mutationResolver) CohortMemberSet(ctx context.Context, in model.CohortMemberSetInput) (*model.CohortMemberSetPayload, error) {
	if err := allow(ctx, enums.RoleAdmin); err != nil {
		return nil, err
	}
	cohort, user, err := member(in.CohortID, in.UserID)
	var c *ent.Cohort
	var m *ent.Membership
	if err == nil {
		c, m, err = r.people.SetMember(ctx, cohort, user, in.Role)
	}
	errs, err := userErrors(err)
	if err != nil || len(errs) > 0 {
		return &model.CohortMemberSetPayload{UserErrors: errs}, err
	}
	load.Renew(ctx)
	load.WalkField(ctx, "cohort", "Cohort", c)
	load.WalkField(ctx, "member", "CohortMember", m)
	return &model.CohortMemberSetPayload{Cohort: c, Member: m, UserErrors: errs}, nil
}

func (r mutationResolver) CohortMemberRemove(ctx context.Context, in model.CohortMemberRemoveInput) (*model.CohortMemberRemovePayload, error) {
	if err := allow(ctx, enums.RoleAdmin); err != nil {
		return nil, err
	}
	cohort, user, err := member(in.CohortID, in.UserID)
	var c *ent.Cohort
	var m *ent.Membership
	if err == nil {
		c, m, err = r.people.RemoveMember(ctx, cohort, user)
	}
	errs, err := userErrors(err)
	if err != nil || len(errs) > 0 {
		return &model.CohortMemberRemovePayload{UserErrors: errs}, err
	}
	load.Renew(ctx)
	load.WalkField(ctx, "cohort", "Cohort", c)
	id := m.GlobalID()
	return &model.CohortMemberRemovePayload{Cohort: c, RemovedMemberID: &id, UserErrors: errs}, nil
}

func member(cohortID, userID string) (cohort, user uuid.UUID, err error) {
	if cohort, err = input("cohort", "cohortId", cohortID, "There is no such cohort."); err != nil {
		return cohort, user, err
	}
	user, err = input("user", "userId", userID, "There is no such person.")
	return cohort, user, err
}
