package load

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/values"
	"github.com/rubrica/rubrica/graph/page"
)

// The methods below answer for one object. After a Walk they find everything in memory. What does not
// exist, or may not be seen, is nil.

// Question is the question with the id.
func (s *Set) Question(ctx context.Context, k id) (*ent.Question, error) {
	return s.questions.load(ctx, k)
}

// User is the person with the id.
func (s *Set) User(ctx context.Context, k id) (*ent.User, error) { return s.users.load(ctx, k) }

// Track is the track with the id.
func (s *Set) Track(ctx context.Context, k id) (*ent.Track, error) { return s.tracks.load(ctx, k) }

// Essay is the essay with the id.
func (s *Set) Essay(ctx context.Context, k id) (*ent.Essay, error) { return s.essays.load(ctx, k) }

// Run is the scoring run with the id.
func (s *Set) Run(ctx context.Context, k id) (*ent.ScoringRun, error) { return s.runs.load(ctx, k) }

// Criterion is the criterion with the id.
func (s *Set) Criterion(ctx context.Context, k id) (*ent.Criterion, error) {
	return s.criteria.load(ctx, k)
}

// KeyPoint is the key point with the id.
func (s *Set) KeyPoint(ctx context.Context, k id) (*ent.KeyPoint, error) {
	return s.keyPoints.load(ctx, k)
}

// Passage is the passage with the id.
func (s *Set) Passage(ctx context.Context, k id) (*ent.Passage, error) {
	return s.passages.load(ctx, k)
}

// Credential is the credential with the id.
func (s *Set) Credential(ctx context.Context, k id) (*ent.Credential, error) {
	return s.credentials.load(ctx, k)
}

// LatestRun is the newest run of an essay.
func (s *Set) LatestRun(ctx context.Context, essay id) (*ent.ScoringRun, error) {
	return s.latestRunOfEssay.load(ctx, essay)
}

// Rubric is the newest rubric of a question.
func (s *Set) Rubric(ctx context.Context, question id) (*ent.Rubric, error) {
	return s.rubricOfQuestion.load(ctx, question)
}

// Explanation is the explanation of a score.
func (s *Set) Explanation(ctx context.Context, score id) (*ent.Explanation, error) {
	return s.explanationOfScore.load(ctx, score)
}

// Recommendations is the list of a run.
func (s *Set) Recommendations(ctx context.Context, run id) (*ent.RecommendationList, error) {
	return s.listOfRun.load(ctx, run)
}

// Scores are the scores of a run.
func (s *Set) Scores(ctx context.Context, run id) ([]*ent.Score, error) {
	return s.scoresOfRun.load(ctx, run)
}

// Evidence is the evidence of an explanation.
func (s *Set) Evidence(ctx context.Context, explanation id) ([]*ent.Evidence, error) {
	return s.evidenceOfExplanation.load(ctx, explanation)
}

// KeyPointOutcomes are what an explanation says of the key points.
func (s *Set) KeyPointOutcomes(ctx context.Context, explanation id) ([]*ent.KeyPointOutcome, error) {
	return s.outcomesOfExplanation.load(ctx, explanation)
}

// Citations are the citations of an explanation.
func (s *Set) Citations(ctx context.Context, explanation id) ([]*ent.Citation, error) {
	return s.citationsOfExplanation.load(ctx, explanation)
}

// Items are the items of a list of recommendations.
func (s *Set) Items(ctx context.Context, list id) ([]*ent.RecommendationItem, error) {
	return s.itemsOfList.load(ctx, list)
}

// Criteria are the criteria of a rubric.
func (s *Set) Criteria(ctx context.Context, rubric id) ([]*ent.Criterion, error) {
	return s.criteriaOfRubric.load(ctx, rubric)
}

// KeyPoints are the key points of a rubric.
func (s *Set) KeyPoints(ctx context.Context, rubric id) ([]*ent.KeyPoint, error) {
	return s.keyPointsOfRubric.load(ctx, rubric)
}

// ReferenceAnswers are the model answer and the samples of a rubric.
func (s *Set) ReferenceAnswers(ctx context.Context, rubric id) ([]*ent.ReferenceAnswer, error) {
	return s.referencesOfRubric.load(ctx, rubric)
}

// Skill is the skill with the slug.
func (s *Set) Skill(ctx context.Context, slug string) (*ent.Skill, error) {
	return s.skills.load(ctx, slug)
}

// Skills are the skills with the slugs, in their order; unknown ones are left out.
func (s *Set) Skills(ctx context.Context, slugs []string) ([]*ent.Skill, error) {
	out := make([]*ent.Skill, 0, len(slugs))
	for _, slug := range slugs {
		v, err := s.skills.load(ctx, slug)
		if err != nil {
			return nil, err
		}
		if v != nil {
			out = append(out, v)
		}
	}
	return out, nil
}

// CriterionOf is the criterion that a trace names; false when none.
func CriterionOf(t *values.Trace) (uuid.UUID, bool) {
	k, err := uuid.Parse(t.Criterion)
	return k, err == nil
}

// RunsOf is a page of an essay's runs.
func (s *Set) RunsOf(ctx context.Context, essay id, a page.Args) (*page.Page[*ent.ScoringRun], error) {
	return s.runsOfEssay.page(ctx, essay, a)
}

// RunCount is how many runs an essay has.
func (s *Set) RunCount(ctx context.Context, essay id) (int, error) {
	return s.runsOfEssay.totals.load(ctx, essay)
}

// QuestionsOf is a page of a track's questions.
func (s *Set) QuestionsOf(ctx context.Context, track id, a page.Args) (*page.Page[*ent.Question], error) {
	return s.questionsOfTrack.page(ctx, track, a)
}

// QuestionCount is how many questions a track has.
func (s *Set) QuestionCount(ctx context.Context, track id) (int, error) {
	return s.questionsOfTrack.totals.load(ctx, track)
}

// MembersOf is a page of a cohort's members.
func (s *Set) MembersOf(ctx context.Context, cohort id, a page.Args) (*page.Page[*ent.Membership], error) {
	return s.membersOfCohort.page(ctx, cohort, a)
}

// MemberCount is how many members a cohort has, as far as the viewer may see.
func (s *Set) MemberCount(ctx context.Context, cohort id) (int, error) {
	return s.membersOfCohort.totals.load(ctx, cohort)
}

func (c connection[T]) page(ctx context.Context, parent id, a page.Args) (*page.Page[T], error) {
	if _, err := page.Parse(c.list, a); err != nil {
		return nil, err
	}
	if !hasRows(ctx, graphql.GetFieldContext(ctx).Field.Selections) {
		return &page.Page[T]{Info: &page.Info{}}, nil // who asks for the count alone
	}
	return c.pages.load(ctx, keyOf(parent, a))
}

// hasRows tells whether more than the count is asked of a connection.
func hasRows(ctx context.Context, selections ast.SelectionSet) bool {
	return Selected(ctx, selections, "edges") || Selected(ctx, selections, "pageInfo")
}

// Nodes returns the rows with the ids, of one kind (see package globalid), with one statement; nil
// where there is none to see. The kinds are the names of the ent types in snake case.
func (s *Set) Nodes(ctx context.Context, kind string, ids []uuid.UUID) (typ string, rows map[uuid.UUID]any, err error) {
	f, ok := nodes[kind]
	if !ok {
		return "", nil, nil
	}
	return f(ctx, s, ids)
}

type nodesOf func(context.Context, *Set, []id) (string, map[id]any, error)

func node[T any](typ string, of func(*Set) *edge[id, *T]) nodesOf {
	return func(ctx context.Context, s *Set, ids []id) (string, map[id]any, error) {
		e := of(s)
		if _, err := e.level(ctx, ids); err != nil {
			return typ, nil, err
		}
		out := make(map[id]any, len(ids))
		for _, k := range ids {
			v, err := e.load(ctx, k)
			if err != nil {
				return typ, nil, err
			}
			if v != nil {
				out[k] = v
			}
		}
		return typ, out, nil
	}
}

var nodes = map[string]nodesOf{
	"audit_event":         node("AuditEvent", func(s *Set) *edge[id, *ent.AuditEvent] { return s.audits }),
	"citation":            node("Citation", func(s *Set) *edge[id, *ent.Citation] { return s.citation }),
	"cohort":              node("Cohort", func(s *Set) *edge[id, *ent.Cohort] { return s.cohorts }),
	"credential":          node("Credential", func(s *Set) *edge[id, *ent.Credential] { return s.credentials }),
	"criterion":           node("Criterion", func(s *Set) *edge[id, *ent.Criterion] { return s.criteria }),
	"essay":               node("Essay", func(s *Set) *edge[id, *ent.Essay] { return s.essays }),
	"evidence":            node("Evidence", func(s *Set) *edge[id, *ent.Evidence] { return s.evidence }),
	"explanation":         node("Explanation", func(s *Set) *edge[id, *ent.Explanation] { return s.explanation }),
	"key_point":           node("KeyPoint", func(s *Set) *edge[id, *ent.KeyPoint] { return s.keyPoints }),
	"key_point_outcome":   node("KeyPointOutcome", func(s *Set) *edge[id, *ent.KeyPointOutcome] { return s.outcomes }),
	"membership":          node("CohortMember", func(s *Set) *edge[id, *ent.Membership] { return s.members }),
	"passage":             node("Passage", func(s *Set) *edge[id, *ent.Passage] { return s.passages }),
	"question":            node("Question", func(s *Set) *edge[id, *ent.Question] { return s.questions }),
	"recommendation_item": node("RecommendationItem", func(s *Set) *edge[id, *ent.RecommendationItem] { return s.items }),
	"recommendation_list": node("RecommendationList", func(s *Set) *edge[id, *ent.RecommendationList] { return s.lists }),
	"reference_answer":    node("ReferenceAnswer", func(s *Set) *edge[id, *ent.ReferenceAnswer] { return s.references }),
	"rubric":              node("Rubric", func(s *Set) *edge[id, *ent.Rubric] { return s.rubrics }),
	"score":               node("Score", func(s *Set) *edge[id, *ent.Score] { return s.scores }),
	"scoring_run":         node("ScoringRun", func(s *Set) *edge[id, *ent.ScoringRun] { return s.runs }),
	"skill":               node("Skill", func(s *Set) *edge[id, *ent.Skill] { return s.skillsByID }),
	"track":               node("Track", func(s *Set) *edge[id, *ent.Track] { return s.tracks }),
	"user":                node("User", func(s *Set) *edge[id, *ent.User] { return s.users }),
}
