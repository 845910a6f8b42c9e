package load

import (
	"context"

	"entgo.io/ent/dialect/sql"
	"github.com/google/uuid"
	"github.com/lib/pq"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/citation"
	"github.com/rubrica/rubrica/ent/criterion"
	"github.com/rubrica/rubrica/ent/evidence"
	"github.com/rubrica/rubrica/ent/explanation"
	"github.com/rubrica/rubrica/ent/keypoint"
	"github.com/rubrica/rubrica/ent/keypointoutcome"
	"github.com/rubrica/rubrica/ent/membership"
	"github.com/rubrica/rubrica/ent/question"
	"github.com/rubrica/rubrica/ent/recommendationitem"
	"github.com/rubrica/rubrica/ent/recommendationlist"
	"github.com/rubrica/rubrica/ent/referenceanswer"
	"github.com/rubrica/rubrica/ent/rubric"
	"github.com/rubrica/rubrica/ent/score"
	"github.com/rubrica/rubrica/ent/scoringrun"
	"github.com/rubrica/rubrica/ent/skill"
	"github.com/rubrica/rubrica/internal/database"
)

type id = uuid.UUID

// Set is the loaders of one request.
type Set struct {
	audits      *edge[id, *ent.AuditEvent]
	citation    *edge[id, *ent.Citation]
	cohorts     *edge[id, *ent.Cohort]
	credentials *edge[id, *ent.Credential]
	criteria    *edge[id, *ent.Criterion]
	essays      *edge[id, *ent.Essay]
	evidence    *edge[id, *ent.Evidence]
	explanation *edge[id, *ent.Explanation]
	items       *edge[id, *ent.RecommendationItem]
	keyPoints   *edge[id, *ent.KeyPoint]
	lists       *edge[id, *ent.RecommendationList]
	members     *edge[id, *ent.Membership]
	outcomes    *edge[id, *ent.KeyPointOutcome]
	passages    *edge[id, *ent.Passage]
	questions   *edge[id, *ent.Question]
	references  *edge[id, *ent.ReferenceAnswer]
	rubrics     *edge[id, *ent.Rubric]
	runs        *edge[id, *ent.ScoringRun]
	scores      *edge[id, *ent.Score]
	skillsByID  *edge[id, *ent.Skill]
	tracks      *edge[id, *ent.Track]
	users       *edge[id, *ent.User]

	skills *edge[string, *ent.Skill] // by slug

	latestRunOfEssay   *edge[id, *ent.ScoringRun]
	rubricOfQuestion   *edge[id, *ent.Rubric]
	explanationOfScore *edge[id, *ent.Explanation]
	listOfRun          *edge[id, *ent.RecommendationList]

	scoresOfRun            *edge[id, []*ent.Score]
	evidenceOfExplanation  *edge[id, []*ent.Evidence]
	outcomesOfExplanation  *edge[id, []*ent.KeyPointOutcome]
	citationsOfExplanation *edge[id, []*ent.Citation]
	itemsOfList            *edge[id, []*ent.RecommendationItem]
	criteriaOfRubric       *edge[id, []*ent.Criterion]
	keyPointsOfRubric      *edge[id, []*ent.KeyPoint]
	referencesOfRubric     *edge[id, []*ent.ReferenceAnswer]

	runsOfEssay      connection[*ent.ScoringRun]
	questionsOfTrack connection[*ent.Question]
	membersOfCohort  connection[*ent.Membership]
}

func newSet(db *database.DB) *Set {
	c := db.Ent
	return &Set{
		audits:      rows(func() query[*ent.AuditEvent] { return c.AuditEvent.Query() }, func(v *ent.AuditEvent) id { return v.ID }),
		citation:    rows(func() query[*ent.Citation] { return c.Citation.Query() }, func(v *ent.Citation) id { return v.ID }),
		cohorts:     rows(func() query[*ent.Cohort] { return c.Cohort.Query() }, func(v *ent.Cohort) id { return v.ID }),
		credentials: rows(func() query[*ent.Credential] { return c.Credential.Query() }, func(v *ent.Credential) id { return v.ID }),
		criteria:    rows(func() query[*ent.Criterion] { return c.Criterion.Query() }, func(v *ent.Criterion) id { return v.ID }),
		essays:      rows(func() query[*ent.Essay] { return c.Essay.Query() }, func(v *ent.Essay) id { return v.ID }),
		evidence:    rows(func() query[*ent.Evidence] { return c.Evidence.Query() }, func(v *ent.Evidence) id { return v.ID }),
		explanation: rows(func() query[*ent.Explanation] { return c.Explanation.Query() }, func(v *ent.Explanation) id { return v.ID }),
		items:       rows(func() query[*ent.RecommendationItem] { return c.RecommendationItem.Query() }, func(v *ent.RecommendationItem) id { return v.ID }),
		keyPoints:   rows(func() query[*ent.KeyPoint] { return c.KeyPoint.Query() }, func(v *ent.KeyPoint) id { return v.ID }),
		lists:       rows(func() query[*ent.RecommendationList] { return c.RecommendationList.Query() }, func(v *ent.RecommendationList) id { return v.ID }),
		members:     rows(func() query[*ent.Membership] { return c.Membership.Query() }, func(v *ent.Membership) id { return v.ID }),
		outcomes:    rows(func() query[*ent.KeyPointOutcome] { return c.KeyPointOutcome.Query() }, func(v *ent.KeyPointOutcome) id { return v.ID }),
		passages:    rows(func() query[*ent.Passage] { return c.Passage.Query() }, func(v *ent.Passage) id { return v.ID }),
		questions:   rows(func() query[*ent.Question] { return c.Question.Query() }, func(v *ent.Question) id { return v.ID }),
		references:  rows(func() query[*ent.ReferenceAnswer] { return c.ReferenceAnswer.Query() }, func(v *ent.ReferenceAnswer) id { return v.ID }),
		rubrics:     rows(func() query[*ent.Rubric] { return c.Rubric.Query() }, func(v *ent.Rubric) id { return v.ID }),
		runs:        rows(func() query[*ent.ScoringRun] { return c.ScoringRun.Query() }, func(v *ent.ScoringRun) id { return v.ID }),
		scores:      rows(func() query[*ent.Score] { return c.Score.Query() }, func(v *ent.Score) id { return v.ID }),
		skillsByID:  rows(func() query[*ent.Skill] { return c.Skill.Query() }, func(v *ent.Skill) id { return v.ID }),
		tracks:      rows(func() query[*ent.Track] { return c.Track.Query() }, func(v *ent.Track) id { return v.ID }),
		users:       rows(func() query[*ent.User] { return c.User.Query() }, func(v *ent.User) id { return v.ID }),

		skills: newEdge(func(ctx context.Context, slugs []string) (map[string]*ent.Skill, error) {
			list, err := c.Skill.Query().Where(anyOf(skill.FieldSlug, slugs)).All(ctx)
			return index(list, func(v *ent.Skill) string { return v.Slug }), err
		}),

		latestRunOfEssay: newEdge(func(ctx context.Context, ids []id) (map[id]*ent.ScoringRun, error) {
			list, err := c.ScoringRun.Query().Where(anyOf(scoringrun.FieldEssayID, ids), newest(scoringrun.Table, scoringrun.FieldEssayID, scoringrun.FieldNumber)).All(ctx)
			return index(list, func(v *ent.ScoringRun) id { return v.EssayID }), err
		}),
		rubricOfQuestion: newEdge(func(ctx context.Context, ids []id) (map[id]*ent.Rubric, error) {
			list, err := c.Rubric.Query().Where(anyOf(rubric.FieldQuestionID, ids), newest(rubric.Table, rubric.FieldQuestionID, rubric.FieldVersion)).All(ctx)
			return index(list, func(v *ent.Rubric) id { return v.QuestionID }), err
		}),
		explanationOfScore: newEdge(func(ctx context.Context, ids []id) (map[id]*ent.Explanation, error) {
			list, err := c.Explanation.Query().Where(anyOf(explanation.FieldScoreID, ids)).All(ctx)
			return index(list, func(v *ent.Explanation) id { return v.ScoreID }), err
		}),
		listOfRun: newEdge(func(ctx context.Context, ids []id) (map[id]*ent.RecommendationList, error) {
			list, err := c.RecommendationList.Query().Where(anyOf(recommendationlist.FieldRunID, ids)).All(ctx)
			return index(list, func(v *ent.RecommendationList) id { return v.RunID }), err
		}),

		scoresOfRun: newEdge(func(ctx context.Context, ids []id) (map[id][]*ent.Score, error) {
			list, err := c.Score.Query().Where(anyOf(score.FieldRunID, ids)).Order(score.ByPosition()).All(ctx)
			return group(list, func(v *ent.Score) id { return v.RunID }), err
		}),
		evidenceOfExplanation: newEdge(func(ctx context.Context, ids []id) (map[id][]*ent.Evidence, error) {
			list, err := c.Evidence.Query().Where(anyOf(evidence.FieldExplanationID, ids)).Order(evidence.ByPosition()).All(ctx)
			return group(list, func(v *ent.Evidence) id { return v.ExplanationID }), err
		}),
		outcomesOfExplanation: newEdge(func(ctx context.Context, ids []id) (map[id][]*ent.KeyPointOutcome, error) {
			list, err := c.KeyPointOutcome.Query().Where(anyOf(keypointoutcome.FieldExplanationID, ids)).Order(keypointoutcome.ByPosition()).All(ctx)
			return group(list, func(v *ent.KeyPointOutcome) id { return v.ExplanationID }), err
		}),
		citationsOfExplanation: newEdge(func(ctx context.Context, ids []id) (map[id][]*ent.Citation, error) {
			list, err := c.Citation.Query().Where(anyOf(citation.FieldExplanationID, ids)).Order(citation.ByPosition()).All(ctx)
			return group(list, func(v *ent.Citation) id { return v.ExplanationID }), err
		}),
		itemsOfList: newEdge(func(ctx context.Context, ids []id) (map[id][]*ent.RecommendationItem, error) {
			list, err := c.RecommendationItem.Query().Where(anyOf(recommendationitem.FieldListID, ids)).Order(recommendationitem.ByRank()).All(ctx)
			return group(list, func(v *ent.RecommendationItem) id { return v.ListID }), err
		}),
		criteriaOfRubric: newEdge(func(ctx context.Context, ids []id) (map[id][]*ent.Criterion, error) {
			list, err := c.Criterion.Query().Where(anyOf(criterion.FieldRubricID, ids)).Order(criterion.ByPosition()).All(ctx)
			return group(list, func(v *ent.Criterion) id { return v.RubricID }), err
		}),
		keyPointsOfRubric: newEdge(func(ctx context.Context, ids []id) (map[id][]*ent.KeyPoint, error) {
			list, err := c.KeyPoint.Query().Where(anyOf(keypoint.FieldRubricID, ids)).Order(keypoint.ByPosition()).All(ctx)
			return group(list, func(v *ent.KeyPoint) id { return v.RubricID }), err
		}),
		referencesOfRubric: newEdge(func(ctx context.Context, ids []id) (map[id][]*ent.ReferenceAnswer, error) {
			list, err := c.ReferenceAnswer.Query().Where(anyOf(referenceanswer.FieldRubricID, ids)).Order(referenceanswer.ByKind(), referenceanswer.ByID()).All(ctx)
			return group(list, func(v *ent.ReferenceAnswer) id { return v.RubricID }), err
		}),

		runsOfEssay: newConnection(Runs, scoringrun.FieldEssayID,
			func(rank func(*sql.Selector)) query[*ent.ScoringRun] {
				q := c.ScoringRun.Query()
				q.Modify(rank)
				return q
			},
			func(v *ent.ScoringRun) id { return v.EssayID },
			func(v *ent.ScoringRun) (any, id) { return v.Number, v.ID },
			func(ctx context.Context, of func(*sql.Selector)) (map[id]int, error) {
				var list []struct {
					Parent id  `sql:"essay_id"`
					Count  int `sql:"count"`
				}
				err := c.ScoringRun.Query().Where(of).GroupBy(scoringrun.FieldEssayID).Aggregate(ent.Count()).Scan(ctx, &list)
				out := make(map[id]int, len(list))
				for _, n := range list {
					out[n.Parent] = n.Count
				}
				return out, err
			}),
		questionsOfTrack: newConnection(Questions, question.FieldTrackID,
			func(rank func(*sql.Selector)) query[*ent.Question] {
				q := c.Question.Query().Where(question.Active(true))
				q.Modify(rank)
				return q
			},
			func(v *ent.Question) id { return v.TrackID },
			func(v *ent.Question) (any, id) { return v.Position, v.ID },
			func(ctx context.Context, of func(*sql.Selector)) (map[id]int, error) {
				var list []struct {
					Parent id  `sql:"track_id"`
					Count  int `sql:"count"`
				}
				err := c.Question.Query().Where(of, question.Active(true)).GroupBy(question.FieldTrackID).Aggregate(ent.Count()).Scan(ctx, &list)
				out := make(map[id]int, len(list))
				for _, n := range list {
					out[n.Parent] = n.Count
				}
				return out, err
			}),
		membersOfCohort: newConnection(Members, membership.FieldCohortID,
			func(rank func(*sql.Selector)) query[*ent.Membership] {
				q := c.Membership.Query()
				q.Modify(rank)
				return q
			},
			func(v *ent.Membership) id { return v.CohortID },
			func(v *ent.Membership) (any, id) { return v.CreatedAt, v.ID },
			func(ctx context.Context, of func(*sql.Selector)) (map[id]int, error) {
				var list []struct {
					Parent id  `sql:"cohort_id"`
					Count  int `sql:"count"`
				}
				err := c.Membership.Query().Where(of).GroupBy(membership.FieldCohortID).Aggregate(ent.Count()).Scan(ctx, &list)
				out := make(map[id]int, len(list))
				for _, n := range list {
					out[n.Parent] = n.Count
				}
				return out, err
			}),
	}
}

// query is what every generated query can do.
type query[T any] interface {
	WhereP(...func(*sql.Selector))
	All(context.Context) ([]T, error)
}

// rows is the edge from ids to rows.
func rows[T any](from func() query[T], of func(T) id) *edge[id, T] {
	return newEdge(func(ctx context.Context, ids []id) (map[id]T, error) {
		q := from()
		q.WhereP(anyOf("id", ids))
		list, err := q.All(ctx)
		return index(list, of), err
	})
}

// anyOf keeps rows whose column is one of the keys: one parameter however many there are, so that the
// statement's text, and with it the plan, stays the same.
func anyOf[K comparable](column string, keys []K) func(*sql.Selector) {
	return func(s *sql.Selector) {
		name := s.C(column) // now: the selector may be given an alias for the statement around it
		s.Where(sql.P(func(b *sql.Builder) {
			b.WriteString(name).WriteString(" = ANY(").Arg(pq.Array(keys)).WriteString(")")
		}))
	}
}

// newest keeps, of the rows with the same parent, the one with the largest number.
func newest(table, parent, number string) func(*sql.Selector) {
	return func(s *sql.Selector) {
		s.Where(sql.P(func(b *sql.Builder) {
			b.WriteString("NOT EXISTS (SELECT FROM ").Ident(table).WriteString(" AS newer WHERE newer.").
				Ident(parent).WriteString(" = ").WriteString(s.C(parent)).WriteString(" AND newer.").
				Ident(number).WriteString(" > ").WriteString(s.C(number)).WriteString(")")
		}))
	}
}

func index[K comparable, T any](list []T, of func(T) K) map[K]T {
	m := make(map[K]T, len(list))
	for _, v := range list {
		m[of(v)] = v
	}
	return m
}

func group[K comparable, T any](list []T, of func(T) K) map[K][]T {
	m := make(map[K][]T)
	for _, v := range list {
		k := of(v)
		m[k] = append(m[k], v)
	}
	return m
}
