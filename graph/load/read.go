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
	return questions.load(ctx, s, k)
}

// User is the person with the id.
func (s *Set) User(ctx context.Context, k id) (*ent.User, error) { return users.load(ctx, s, k) }

// ReadUser reads the person with the id at once, for a field of the root.
func (s *Set) ReadUser(ctx context.Context, k id) (*ent.User, error) { return users.now(ctx, s, k) }

// ReadEssay reads the essay with the id at once, for a field of the root.
func (s *Set) ReadEssay(ctx context.Context, k id) (*ent.Essay, error) { return essays.now(ctx, s, k) }

// ReadCredential reads the credential with the id at once, for the payload of a mutation.
func (s *Set) ReadCredential(ctx context.Context, k id) (*ent.Credential, error) {
	return credentials.now(ctx, s, k)
}

// ReadItem reads the item of a list of recommendations with the id at once, for the payload of a mutation.
func (s *Set) ReadItem(ctx context.Context, k id) (*ent.RecommendationItem, error) {
	return items.now(ctx, s, k)
}

// Track is the track with the id.
func (s *Set) Track(ctx context.Context, k id) (*ent.Track, error) { return tracks.load(ctx, s, k) }

// Essay is the essay with the id.
func (s *Set) Essay(ctx context.Context, k id) (*ent.Essay, error) { return essays.load(ctx, s, k) }

// Run is the scoring run with the id.
func (s *Set) Run(ctx context.Context, k id) (*ent.ScoringRun, error) { return runs.load(ctx, s, k) }

// Criterion is the criterion with the id.
func (s *Set) Criterion(ctx context.Context, k id) (*ent.Criterion, error) {
	return criteria.load(ctx, s, k)
}

// KeyPoint is the key point with the id.
func (s *Set) KeyPoint(ctx context.Context, k id) (*ent.KeyPoint, error) {
	return keyPoints.load(ctx, s, k)
}

// Passage is the passage with the id.
func (s *Set) Passage(ctx context.Context, k id) (*ent.Passage, error) {
	return passages.load(ctx, s, k)
}

// Credential is the credential with the id.
func (s *Set) Credential(ctx context.Context, k id) (*ent.Credential, error) {
	return credentials.load(ctx, s, k)
}

// LatestRun is the newest run of an essay.
func (s *Set) LatestRun(ctx context.Context, essay id) (*ent.ScoringRun, error) {
	return latestRunOfEssay.load(ctx, s, essay)
}

// Rubric is the newest rubric of a question.
func (s *Set) Rubric(ctx context.Context, question id) (*ent.Rubric, error) {
	return rubricOfQuestion.load(ctx, s, question)
}

// Explanation is the explanation of a score.
func (s *Set) Explanation(ctx context.Context, score id) (*ent.Explanation, error) {
	return explanationOfScore.load(ctx, s, score)
}

// Recommendations is the newest list of a run.
func (s *Set) Recommendations(ctx context.Context, run id) (*ent.RecommendationList, error) {
	return listOfRun.load(ctx, s, run)
}

// Scores are the scores of a run.
func (s *Set) Scores(ctx context.Context, run id) ([]*ent.Score, error) {
	return scoresOfRun.load(ctx, s, run)
}

// Evidence is the evidence of an explanation.
func (s *Set) Evidence(ctx context.Context, explanation id) ([]*ent.Evidence, error) {
	return evidenceOfExplanation.load(ctx, s, explanation)
}

// KeyPointOutcomes are what an explanation says of the key points.
func (s *Set) KeyPointOutcomes(ctx context.Context, explanation id) ([]*ent.KeyPointOutcome, error) {
	return outcomesOfExplanation.load(ctx, s, explanation)
}

// Citations are the citations of an explanation.
func (s *Set) Citations(ctx context.Context, explanation id) ([]*ent.Citation, error) {
	return citationsOfExplanation.load(ctx, s, explanation)
}

// Items are the items of a list of recommendations.
func (s *Set) Items(ctx context.Context, list id) ([]*ent.RecommendationItem, error) {
	return itemsOfList.load(ctx, s, list)
}

// Criteria are the criteria of a rubric.
func (s *Set) Criteria(ctx context.Context, rubric id) ([]*ent.Criterion, error) {
	return criteriaOfRubric.load(ctx, s, rubric)
}

// KeyPoints are the key points of a rubric.
func (s *Set) KeyPoints(ctx context.Context, rubric id) ([]*ent.KeyPoint, error) {
	return keyPointsOfRubric.load(ctx, s, rubric)
}

// ReferenceAnswers are the model answer and the samples of a rubric.
func (s *Set) ReferenceAnswers(ctx context.Context, rubric id) ([]*ent.ReferenceAnswer, error) {
	return referencesOfRubric.load(ctx, s, rubric)
}

// Skill is the skill with the slug.
func (s *Set) Skill(ctx context.Context, slug string) (*ent.Skill, error) {
	return skills.load(ctx, s, slug)
}

// Skills are the skills with the slugs, in their order; unknown ones are left out.
func (s *Set) Skills(ctx context.Context, slugs []string) ([]*ent.Skill, error) {
	out := make([]*ent.Skill, 0, len(slugs))
	for _, slug := range slugs {
		v, err := skills.load(ctx, s, slug)
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
	return runsOfEssay.page(ctx, s, essay, a)
}

// RunCount is how many runs an essay has.
func (s *Set) RunCount(ctx context.Context, essay id) (int, error) {
	return runsOfEssay.totals.load(ctx, s, essay)
}

// QuestionsOf is a page of a track's questions.
func (s *Set) QuestionsOf(ctx context.Context, track id, a page.Args) (*page.Page[*ent.Question], error) {
	return questionsOfTrack.page(ctx, s, track, a)
}

// QuestionCount is how many questions a track has.
func (s *Set) QuestionCount(ctx context.Context, track id) (int, error) {
	return questionsOfTrack.totals.load(ctx, s, track)
}

// MembersOf is a page of a cohort's members.
func (s *Set) MembersOf(ctx context.Context, cohort id, a page.Args) (*page.Page[*ent.Membership], error) {
	return membersOfCohort.page(ctx, s, cohort, a)
}

// MemberCount is how many members a cohort has, as far as the viewer may see.
func (s *Set) MemberCount(ctx context.Context, cohort id) (int, error) {
	return membersOfCohort.totals.load(ctx, s, cohort)
}

// EssaysOf is a page of a person's essays, as far as the viewer may see them.
func (s *Set) EssaysOf(ctx context.Context, user id, a page.Args) (*page.Page[*ent.Essay], error) {
	return essaysOfUser.page(ctx, s, user, a)
}

// EssayCount is how many essays a person has, as far as the viewer may see.
func (s *Set) EssayCount(ctx context.Context, user id) (int, error) {
	return essaysOfUser.totals.load(ctx, s, user)
}

func (c connection[T]) page(ctx context.Context, s *Set, parent id, a page.Args) (*page.Page[*T], error) {
	if _, err := page.Parse(c.list, a); err != nil {
		return nil, err
	}
	if !hasRows(ctx, graphql.GetFieldContext(ctx).Field.Selections) {
		return &page.Page[*T]{Info: &page.Info{}}, nil // who asks for the count alone
	}
	return c.pages.load(ctx, s, keyOf(parent, a))
}

// hasRows tells whether more than the count is asked of a connection.
func hasRows(ctx context.Context, selections ast.SelectionSet) bool {
	return Selected(ctx, selections, "edges") || Selected(ctx, selections, "pageInfo")
}

// Nodes returns the rows with the ids, of one kind (see package globalid), with one statement; nil
// where there is none to see, and an error for each that could not be read. The kinds are the names of
// the ent types in snake case, and job.
func (s *Set) Nodes(ctx context.Context, kind string, ids []uuid.UUID) (typ string, rows map[uuid.UUID]any, failed map[uuid.UUID]error) {
	f, ok := nodes[kind]
	if !ok {
		return "", nil, nil
	}
	return f(ctx, s, ids)
}

type nodesOf func(context.Context, *Set, []id) (string, map[id]any, map[id]error)

func node[T any](typ string, e *edge[id, *T]) nodesOf {
	return func(ctx context.Context, s *Set, ids []id) (string, map[id]any, map[id]error) {
		_, _ = e.level(ctx, s, ids) // which keeps the error of each
		rows, failed := make(map[id]any, len(ids)), map[id]error{}
		for _, k := range ids {
			v, err := e.load(ctx, s, k)
			switch {
			case err != nil:
				failed[k] = err
			case v != nil:
				rows[k] = v
			}
		}
		return typ, rows, failed
	}
}

var nodes = map[string]nodesOf{
	"audit_event":             node("AuditEvent", audits),
	"calibration":             node("Calibration", calibrations),
	"citation":                node("Citation", citations),
	"cohort":                  node("Cohort", cohorts),
	"credential":              node("Credential", credentials),
	"criterion":               node("Criterion", criteria),
	"essay":                   node("Essay", essays),
	"evidence":                node("Evidence", evidences),
	"explanation":             node("Explanation", explanations),
	"interaction":             node("Interaction", interactions),
	"job":                     node("Job", jobsByID),
	"key_point":               node("KeyPoint", keyPoints),
	"key_point_outcome":       node("KeyPointOutcome", outcomes),
	"membership":              node("CohortMember", members),
	"override":                node("Override", overrides),
	"passage":                 node("Passage", passages),
	"preference":              node("Preferences", preferences),
	"question":                node("Question", questions),
	"recommendation_decision": node("RecommendationDecision", decisions),
	"recommendation_item":     node("RecommendationItem", items),
	"recommendation_list":     node("RecommendationList", lists),
	"reference_answer":        node("ReferenceAnswer", references),
	"rescoring":               node("Rescoring", rescorings),
	"rubric":                  node("Rubric", rubrics),
	"score":                   node("Score", scores),
	"scoring_run":             node("ScoringRun", runs),
	"skill":                   node("Skill", skillsByID),
	"track":                   node("Track", tracks),
	"user":                    node("User", users),
}
