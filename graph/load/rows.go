package load

import (
	"context"
	"database/sql/driver"
	"fmt"

	"entgo.io/ent/dialect/sql"
	"github.com/lib/pq"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/citation"
	"github.com/rubrica/rubrica/ent/criterion"
	"github.com/rubrica/rubrica/ent/essay"
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
	"github.com/rubrica/rubrica/graph/page"
	"github.com/rubrica/rubrica/jobs"
)

// The rows behind the API, by the GraphQL type that shows them.
var (
	auditRows       = kind[ent.AuditEvent]{"AuditEvent", func(c *ent.Client) query[*ent.AuditEvent] { return c.AuditEvent.Query() }, func(v *ent.AuditEvent) id { return v.ID }}
	citationRows    = kind[ent.Citation]{"Citation", func(c *ent.Client) query[*ent.Citation] { return c.Citation.Query() }, func(v *ent.Citation) id { return v.ID }}
	cohortRows      = kind[ent.Cohort]{"Cohort", func(c *ent.Client) query[*ent.Cohort] { return c.Cohort.Query() }, func(v *ent.Cohort) id { return v.ID }}
	credentialRows  = kind[ent.Credential]{"Credential", func(c *ent.Client) query[*ent.Credential] { return c.Credential.Query() }, func(v *ent.Credential) id { return v.ID }}
	criterionRows   = kind[ent.Criterion]{"Criterion", func(c *ent.Client) query[*ent.Criterion] { return c.Criterion.Query() }, func(v *ent.Criterion) id { return v.ID }}
	essayRows       = kind[ent.Essay]{"Essay", func(c *ent.Client) query[*ent.Essay] { return c.Essay.Query() }, func(v *ent.Essay) id { return v.ID }}
	evidenceRows    = kind[ent.Evidence]{"Evidence", func(c *ent.Client) query[*ent.Evidence] { return c.Evidence.Query() }, func(v *ent.Evidence) id { return v.ID }}
	explanationRows = kind[ent.Explanation]{"Explanation", func(c *ent.Client) query[*ent.Explanation] { return c.Explanation.Query() }, func(v *ent.Explanation) id { return v.ID }}
	itemRows        = kind[ent.RecommendationItem]{"RecommendationItem", func(c *ent.Client) query[*ent.RecommendationItem] { return c.RecommendationItem.Query() }, func(v *ent.RecommendationItem) id { return v.ID }}
	keyPointRows    = kind[ent.KeyPoint]{"KeyPoint", func(c *ent.Client) query[*ent.KeyPoint] { return c.KeyPoint.Query() }, func(v *ent.KeyPoint) id { return v.ID }}
	listRows        = kind[ent.RecommendationList]{"RecommendationList", func(c *ent.Client) query[*ent.RecommendationList] { return c.RecommendationList.Query() }, func(v *ent.RecommendationList) id { return v.ID }}
	memberRows      = kind[ent.Membership]{"CohortMember", func(c *ent.Client) query[*ent.Membership] { return c.Membership.Query() }, func(v *ent.Membership) id { return v.ID }}
	outcomeRows     = kind[ent.KeyPointOutcome]{"KeyPointOutcome", func(c *ent.Client) query[*ent.KeyPointOutcome] { return c.KeyPointOutcome.Query() }, func(v *ent.KeyPointOutcome) id { return v.ID }}
	passageRows     = kind[ent.Passage]{"Passage", func(c *ent.Client) query[*ent.Passage] { return c.Passage.Query() }, func(v *ent.Passage) id { return v.ID }}
	questionRows    = kind[ent.Question]{"Question", func(c *ent.Client) query[*ent.Question] { return c.Question.Query() }, func(v *ent.Question) id { return v.ID }}
	referenceRows   = kind[ent.ReferenceAnswer]{"ReferenceAnswer", func(c *ent.Client) query[*ent.ReferenceAnswer] { return c.ReferenceAnswer.Query() }, func(v *ent.ReferenceAnswer) id { return v.ID }}
	rubricRows      = kind[ent.Rubric]{"Rubric", func(c *ent.Client) query[*ent.Rubric] { return c.Rubric.Query() }, func(v *ent.Rubric) id { return v.ID }}
	runRows         = kind[ent.ScoringRun]{"ScoringRun", func(c *ent.Client) query[*ent.ScoringRun] { return c.ScoringRun.Query() }, func(v *ent.ScoringRun) id { return v.ID }}
	scoreRows       = kind[ent.Score]{"Score", func(c *ent.Client) query[*ent.Score] { return c.Score.Query() }, func(v *ent.Score) id { return v.ID }}
	skillRows       = kind[ent.Skill]{"Skill", func(c *ent.Client) query[*ent.Skill] { return c.Skill.Query() }, func(v *ent.Skill) id { return v.ID }}
	trackRows       = kind[ent.Track]{"Track", func(c *ent.Client) query[*ent.Track] { return c.Track.Query() }, func(v *ent.Track) id { return v.ID }}
	userRows        = kind[ent.User]{"User", func(c *ent.Client) query[*ent.User] { return c.User.Query() }, func(v *ent.User) id { return v.ID }}
)

// The edges that lead to a row by its id.
var (
	audits       = auditRows.byID()
	citations    = citationRows.byID()
	cohorts      = cohortRows.byID()
	credentials  = credentialRows.byID()
	criteria     = criterionRows.byID()
	essays       = essayRows.byID()
	evidences    = evidenceRows.byID()
	explanations = explanationRows.byID()
	items        = itemRows.byID()
	keyPoints    = keyPointRows.byID()
	lists        = listRows.byID()
	members      = memberRows.byID()
	outcomes     = outcomeRows.byID()
	passages     = passageRows.byID()
	questions    = questionRows.byID()
	references   = referenceRows.byID()
	rubrics      = rubricRows.byID()
	runs         = runRows.byID()
	scores       = scoreRows.byID()
	skillsByID   = skillRows.byID()
	tracks       = trackRows.byID()
	users        = userRows.byID()
)

// jobsByID leads to a background job, which is a row of River's and not of ent's.
var jobsByID = newEdge(func(ctx context.Context, s *Set, ids []id) (map[id]*jobs.Job, error) {
	return jobs.Find(ctx, s.db, ids)
})

// skills leads to a skill by its slug.
var skills = toOne(skillRows, skill.FieldSlug, func(v *ent.Skill) string { return v.Slug })

// The edges that lead to the one row below a parent, or to its newest.
var (
	latestRunOfEssay   = toOne(runRows, scoringrun.FieldEssayID, func(v *ent.ScoringRun) id { return v.EssayID }, newest(scoringrun.Table, scoringrun.FieldEssayID, scoringrun.FieldNumber))
	rubricOfQuestion   = toOne(rubricRows, rubric.FieldQuestionID, func(v *ent.Rubric) id { return v.QuestionID }, newest(rubric.Table, rubric.FieldQuestionID, rubric.FieldVersion))
	explanationOfScore = toOne(explanationRows, explanation.FieldScoreID, func(v *ent.Explanation) id { return v.ScoreID })
	listOfRun          = toOne(listRows, recommendationlist.FieldRunID, func(v *ent.RecommendationList) id { return v.RunID }, newest(recommendationlist.Table, recommendationlist.FieldRunID, recommendationlist.FieldNumber))
)

// The edges that lead to the bounded list below a parent.
var (
	scoresOfRun            = toMany(scoreRows, score.FieldRunID, func(v *ent.Score) id { return v.RunID }, score.FieldPosition)
	evidenceOfExplanation  = toMany(evidenceRows, evidence.FieldExplanationID, func(v *ent.Evidence) id { return v.ExplanationID }, evidence.FieldPosition)
	outcomesOfExplanation  = toMany(outcomeRows, keypointoutcome.FieldExplanationID, func(v *ent.KeyPointOutcome) id { return v.ExplanationID }, keypointoutcome.FieldPosition)
	citationsOfExplanation = toMany(citationRows, citation.FieldExplanationID, func(v *ent.Citation) id { return v.ExplanationID }, citation.FieldPosition)
	itemsOfList            = toMany(itemRows, recommendationitem.FieldListID, func(v *ent.RecommendationItem) id { return v.ListID }, recommendationitem.FieldRank)
	criteriaOfRubric       = toMany(criterionRows, criterion.FieldRubricID, func(v *ent.Criterion) id { return v.RubricID }, criterion.FieldPosition)
	keyPointsOfRubric      = toMany(keyPointRows, keypoint.FieldRubricID, func(v *ent.KeyPoint) id { return v.RubricID }, keypoint.FieldPosition)
	referencesOfRubric     = toMany(referenceRows, referenceanswer.FieldRubricID, func(v *ent.ReferenceAnswer) id { return v.RubricID }, referenceanswer.FieldKind)
)

// The edges that lead to pages. Their names and orders are part of the contract: cursors carry them.
var (
	runsOfEssay = toPages(runRows, scoringrun.FieldEssayID, func(v *ent.ScoringRun) id { return v.EssayID },
		page.List{Name: "Essay.runs", Order: page.Order{Column: scoringrun.FieldNumber, Desc: true, Kind: page.Number}},
		func(v *ent.ScoringRun) (any, id) { return v.Number, v.ID })
	questionsOfTrack = toPages(questionRows, question.FieldTrackID, func(v *ent.Question) id { return v.TrackID },
		page.List{Name: "Track.questions", Order: page.Order{Column: question.FieldPosition, Kind: page.Number}},
		func(v *ent.Question) (any, id) { return v.Position, v.ID }, active)
	membersOfCohort = toPages(memberRows, membership.FieldCohortID, func(v *ent.Membership) id { return v.CohortID },
		page.List{Name: "Cohort.members", Order: page.Order{Column: membership.FieldCreatedAt, Kind: page.Moment}},
		func(v *ent.Membership) (any, id) { return v.CreatedAt, v.ID })
	essaysOfUser = toPages(essayRows, essay.FieldOwnerID, func(v *ent.Essay) id { return v.OwnerID },
		page.List{Name: "User.essays", Order: page.Order{Column: essay.FieldCreatedAt, Desc: true, Kind: page.Moment}},
		func(v *ent.Essay) (any, id) { return v.CreatedAt, v.ID })
)

func active(s *sql.Selector) { s.Where(sql.EQ(s.C("active"), true)) }

// query is what every generated query can do.
type query[T any] interface {
	Columns(names ...string)
	Finish(change func(*sql.Selector))
	Narrowed(context.Context) (*sql.Selector, error)
	Rows(context.Context) ([]T, error)
	WhereP(conditions ...func(*sql.Selector))
}

// kind is the rows that a type of the API shows.
type kind[T any] struct {
	typ   string
	query func(*ent.Client) query[*T]
	id    func(*T) id
}

// read begins a query for the columns that the operation has a use for.
func (k kind[T]) read(s *Set) query[*T] {
	q := k.query(s.db.Ent)
	q.Columns(s.selection.columns(k.typ)...)
	return q
}

func (k kind[T]) all(ctx context.Context, q query[*T]) ([]*T, error) {
	list, err := q.Rows(ctx)
	if err != nil {
		return nil, fmt.Errorf("loading rows of %s: %w", k.typ, err)
	}
	return list, nil
}

func (k kind[T]) byID() *edge[id, *T] { return toOne(k, "id", k.id) }

// toOne makes the edge to the one row whose column is the key.
func toOne[K comparable, T any](k kind[T], column string, key func(*T) K, conditions ...func(*sql.Selector)) *edge[K, *T] {
	return newEdge(func(ctx context.Context, s *Set, keys []K) (map[K]*T, error) {
		q := k.read(s)
		q.WhereP(anyOf(column, keys))
		q.WhereP(conditions...)
		list, err := k.all(ctx, q)
		m := make(map[K]*T, len(list))
		for _, v := range list {
			m[key(v)] = v
		}
		return m, err
	})
}

// toMany makes the edge to the rows whose column is the key, in the order of a column and of their ids.
func toMany[T any](k kind[T], column string, parent func(*T) id, order string) *edge[id, []*T] {
	return newEdge(func(ctx context.Context, s *Set, keys []id) (map[id][]*T, error) {
		q := k.read(s)
		q.WhereP(anyOf(column, keys), func(s *sql.Selector) { s.OrderBy(s.C(order), s.C("id")) })
		list, err := k.all(ctx, q)
		return group(list, parent), err
	})
}

// anyOf keeps rows whose column is one of the keys: one parameter however many there are, so that the
// statement's text, and with it the plan, stays the same.
func anyOf[K comparable](column string, keys []K) func(*sql.Selector) {
	return func(s *sql.Selector) {
		name := s.C(column) // now: the selector may be given an alias for the statement around it
		s.Where(sql.P(func(b *sql.Builder) {
			b.WriteString(name).WriteString(" = ANY(").Arg(array(keys)).WriteString(")")
		}))
	}
}

// array is the keys as one parameter.
func array[K comparable](keys []K) any {
	if ids, ok := any(keys).([]id); ok {
		return uuids(ids)
	}
	return pq.Array(keys)
}

// uuids is an array of ids as Postgres writes it, without the reflection of pq.Array.
type uuids []id

// Value is the array as text.
func (u uuids) Value() (driver.Value, error) {
	const length = 36
	b := make([]byte, 0, 2+len(u)*(length+1))
	b = append(b, '{')
	for i, k := range u {
		if i > 0 {
			b = append(b, ',')
		}
		text, err := k.MarshalText()
		if err != nil {
			return nil, err
		}
		b = append(b, text...)
	}
	return string(append(b, '}')), nil
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

func group[K comparable, T any](list []T, of func(T) K) map[K][]T {
	m := make(map[K][]T)
	for _, v := range list {
		k := of(v)
		m[k] = append(m[k], v)
	}
	return m
}
