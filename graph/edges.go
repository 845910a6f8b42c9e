package graph

import (
	"context"
	"strings"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/ent/values"
	"github.com/rubrica/rubrica/graph/load"
	"github.com/rubrica/rubrica/graph/model"
	"github.com/rubrica/rubrica/graph/page"
	"github.com/rubrica/rubrica/internal/globalid"
	"github.com/rubrica/rubrica/internal/viewer"
)

// The resolvers of this file answer from the loaders, which the level above has filled.

type essayResolver struct{}

func (essayResolver) Question(ctx context.Context, e *ent.Essay) (*ent.Question, error) {
	return load.For(ctx).Question(ctx, e.QuestionID)
}

func (essayResolver) Learner(ctx context.Context, e *ent.Essay) (*ent.User, error) {
	return load.For(ctx).User(ctx, e.OwnerID)
}

func (essayResolver) LatestRun(ctx context.Context, e *ent.Essay) (*ent.ScoringRun, error) {
	return load.For(ctx).LatestRun(ctx, e.ID)
}

func (essayResolver) Runs(ctx context.Context, e *ent.Essay, first *int, after *string, last *int, before *string) (*model.ScoringRunConnection, error) {
	p, err := load.For(ctx).RunsOf(ctx, e.ID, page.Args{First: first, After: after, Last: last, Before: before})
	if err != nil {
		return nil, err
	}
	out := &model.ScoringRunConnection{PageInfo: p.Info}
	for i, n := range p.Nodes {
		out.Edges = append(out.Edges, &model.ScoringRunEdge{Cursor: p.Cursors[i], Node: n})
	}
	out.TotalCount, err = total(ctx, func() (int, error) { return load.For(ctx).RunCount(ctx, e.ID) })
	return out, err
}

type scoringRunResolver struct{}

func (scoringRunResolver) Essay(ctx context.Context, r *ent.ScoringRun) (*ent.Essay, error) {
	return load.For(ctx).Essay(ctx, r.EssayID)
}

func (scoringRunResolver) Scores(ctx context.Context, r *ent.ScoringRun) ([]*ent.Score, error) {
	list, err := load.For(ctx).Scores(ctx, r.ID)
	return orEmpty(list), err
}

func (scoringRunResolver) Recommendations(ctx context.Context, r *ent.ScoringRun) (*ent.RecommendationList, error) {
	return load.For(ctx).Recommendations(ctx, r.ID)
}

type scoreResolver struct{}

func (scoreResolver) Criterion(ctx context.Context, s *ent.Score) (*ent.Criterion, error) {
	return load.For(ctx).Criterion(ctx, s.CriterionID)
}

func (scoreResolver) Explanation(ctx context.Context, s *ent.Score) (*ent.Explanation, error) {
	return load.For(ctx).Explanation(ctx, s.ID)
}

type explanationResolver struct{}

func (explanationResolver) Evidence(ctx context.Context, x *ent.Explanation) ([]*ent.Evidence, error) {
	list, err := load.For(ctx).Evidence(ctx, x.ID)
	return orEmpty(list), err
}

func (explanationResolver) KeyPoints(ctx context.Context, x *ent.Explanation) ([]*ent.KeyPointOutcome, error) {
	list, err := load.For(ctx).KeyPointOutcomes(ctx, x.ID)
	return orEmpty(list), err
}

func (explanationResolver) Citations(ctx context.Context, x *ent.Explanation) ([]*ent.Citation, error) {
	list, err := load.For(ctx).Citations(ctx, x.ID)
	return orEmpty(list), err
}

type keyPointOutcomeResolver struct{}

// KeyPoint is null for learners, as the contract says, and not an error: the same query serves both
// the learner's page and the advisor's.
func (keyPointOutcomeResolver) KeyPoint(ctx context.Context, o *ent.KeyPointOutcome) (*ent.KeyPoint, error) {
	if v, ok := viewer.FromContext(ctx); !ok || !v.Is(enums.RoleAdvisor, enums.RoleAdmin) {
		return nil, nil //nolint:nilnil // null is the answer
	}
	return load.For(ctx).KeyPoint(ctx, o.KeyPointID)
}

type citationResolver struct{}

func (citationResolver) Passage(ctx context.Context, c *ent.Citation) (*ent.Passage, error) {
	return load.For(ctx).Passage(ctx, c.PassageID)
}

type recommendationTraceResolver struct{}

func (recommendationTraceResolver) Skill(ctx context.Context, t *values.Trace) (*ent.Skill, error) {
	if t.Skill == "" {
		return nil, nil //nolint:nilnil // the trace is about no skill
	}
	return load.For(ctx).Skill(ctx, t.Skill)
}

func (recommendationTraceResolver) Criterion(ctx context.Context, t *values.Trace) (*ent.Criterion, error) {
	id, ok := load.CriterionOf(t)
	if !ok {
		return nil, nil //nolint:nilnil // the trace is about no criterion
	}
	return load.For(ctx).Criterion(ctx, id)
}

type trackResolver struct{}

func (trackResolver) Skills(ctx context.Context, t *ent.Track) ([]*ent.Skill, error) {
	return load.For(ctx).Skills(ctx, t.Skills)
}

func (trackResolver) Questions(ctx context.Context, t *ent.Track, first *int, after *string, last *int, before *string) (*model.QuestionConnection, error) {
	p, err := load.For(ctx).QuestionsOf(ctx, t.ID, page.Args{First: first, After: after, Last: last, Before: before})
	if err != nil {
		return nil, err
	}
	out := &model.QuestionConnection{PageInfo: p.Info}
	for i, n := range p.Nodes {
		out.Edges = append(out.Edges, &model.QuestionEdge{Cursor: p.Cursors[i], Node: n})
	}
	out.TotalCount, err = total(ctx, func() (int, error) { return load.For(ctx).QuestionCount(ctx, t.ID) })
	return out, err
}

type questionResolver struct{}

func (questionResolver) Skills(ctx context.Context, q *ent.Question) ([]*ent.Skill, error) {
	return load.For(ctx).Skills(ctx, q.Skills)
}

func (questionResolver) Track(ctx context.Context, q *ent.Question) (*ent.Track, error) {
	return load.For(ctx).Track(ctx, q.TrackID)
}

func (questionResolver) Rubric(ctx context.Context, q *ent.Question) (*ent.Rubric, error) {
	return load.For(ctx).Rubric(ctx, q.ID)
}

type rubricResolver struct{}

func (rubricResolver) Criteria(ctx context.Context, r *ent.Rubric) ([]*ent.Criterion, error) {
	list, err := load.For(ctx).Criteria(ctx, r.ID)
	return orEmpty(list), err
}

func (rubricResolver) KeyPoints(ctx context.Context, r *ent.Rubric) ([]*ent.KeyPoint, error) {
	list, err := load.For(ctx).KeyPoints(ctx, r.ID)
	return orEmpty(list), err
}

func (rubricResolver) ReferenceAnswers(ctx context.Context, r *ent.Rubric) ([]*ent.ReferenceAnswer, error) {
	list, err := load.For(ctx).ReferenceAnswers(ctx, r.ID)
	return orEmpty(list), err
}

type keyPointResolver struct{}

func (keyPointResolver) Skills(ctx context.Context, k *ent.KeyPoint) ([]*ent.Skill, error) {
	return load.For(ctx).Skills(ctx, k.Skills)
}

type passageResolver struct{}

func (passageResolver) Skills(ctx context.Context, p *ent.Passage) ([]*ent.Skill, error) {
	return load.For(ctx).Skills(ctx, p.Skills)
}

type credentialResolver struct{}

func (credentialResolver) Teaches(ctx context.Context, c *ent.Credential) ([]*ent.Skill, error) {
	return load.For(ctx).Skills(ctx, c.Teaches)
}

func (credentialResolver) Requires(ctx context.Context, c *ent.Credential) ([]*ent.Skill, error) {
	return load.For(ctx).Skills(ctx, c.Requires)
}

type cohortResolver struct{}

func (cohortResolver) Track(ctx context.Context, c *ent.Cohort) (*ent.Track, error) {
	if c.TrackID == nil {
		return nil, nil //nolint:nilnil // the cohort follows no track
	}
	return load.For(ctx).Track(ctx, *c.TrackID)
}

func (cohortResolver) Members(ctx context.Context, c *ent.Cohort, first *int, after *string, last *int, before *string) (*model.CohortMemberConnection, error) {
	p, err := load.For(ctx).MembersOf(ctx, c.ID, page.Args{First: first, After: after, Last: last, Before: before})
	if err != nil {
		return nil, err
	}
	out := &model.CohortMemberConnection{PageInfo: p.Info}
	for i, n := range p.Nodes {
		out.Edges = append(out.Edges, &model.CohortMemberEdge{Cursor: p.Cursors[i], Node: n})
	}
	out.TotalCount, err = total(ctx, func() (int, error) { return load.For(ctx).MemberCount(ctx, c.ID) })
	return out, err
}

type cohortMemberResolver struct{}

func (cohortMemberResolver) User(ctx context.Context, m *ent.Membership) (*ent.User, error) {
	return load.For(ctx).User(ctx, m.UserID)
}

type auditEventResolver struct{}

func (auditEventResolver) Actor(ctx context.Context, a *ent.AuditEvent) (*ent.User, error) {
	if a.ActorID == nil {
		return nil, nil //nolint:nilnil // the command line acted
	}
	return load.For(ctx).User(ctx, *a.ActorID)
}

func (auditEventResolver) TargetID(_ context.Context, a *ent.AuditEvent) (*string, error) {
	if a.TargetID == nil {
		return nil, nil //nolint:nilnil // the event has no target
	}
	s := globalid.Encode(strings.ToLower(string(a.TargetType)), *a.TargetID)
	return &s, nil
}

type userResolver struct{}

// Email is for the account itself, for its advisors, and for admins: whoever sees the row, except
// learners who see another person.
func (userResolver) Email(ctx context.Context, u *ent.User) (*string, error) {
	v, ok := viewer.FromContext(ctx)
	if !ok || v.Role == enums.RoleLearner && v.ID != u.ID {
		return nil, nil //nolint:nilnil // null is the answer
	}
	return &u.Email, nil
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// Essays of the person, as far as the viewer may see them.
func (userResolver) Essays(ctx context.Context, u *ent.User, first *int, after *string, last *int, before *string) (*model.EssayConnection, error) {
	p, err := load.For(ctx).EssaysOf(ctx, u.ID, page.Args{First: first, After: after, Last: last, Before: before})
	if err != nil {
		return nil, err
	}
	out := &model.EssayConnection{PageInfo: p.Info}
	for i, n := range p.Nodes {
		out.Edges = append(out.Edges, &model.EssayEdge{Cursor: p.Cursors[i], Node: n})
	}
	out.TotalCount, err = total(ctx, func() (int, error) { return load.For(ctx).EssayCount(ctx, u.ID) })
	return out, err
}
