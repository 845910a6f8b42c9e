package overrides

import (
	"context"
	"fmt"
	"time"

	entsql "entgo.io/ent/dialect/sql"
	"github.com/google/uuid"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/ent/essay"
	"github.com/rubrica/rubrica/ent/override"
)

// MaxGrades is how many decisions Graded reads, the newest ones.
const MaxGrades = 2000

// Grade is an essay with the scores that a person stands behind.
type Grade struct {
	EssayID, RubricID uuid.UUID
	Text              string
	Scores            map[string]float64 // by the criterion's key, on its scale
	// Judged are the keys of the criteria that the person gave a score, or moved by a key point. The
	// others they left as the engine had them: to learn from those is to learn from oneself.
	Judged map[string]bool
	At     time.Time
}

// Graded are the answers to a question that people have decided about, each by the newest decision, the
// newest first. It is for calibration; the caller must be allowed to read all of them.
func Graded(ctx context.Context, client *ent.Client, question uuid.UUID) ([]Grade, error) {
	rows, err := client.Override.Query().Where(override.QuestionID(question)).
		Order(override.ByCreatedAt(entsql.OrderDesc()), override.ByID(entsql.OrderDesc())).Limit(MaxGrades).
		WithRun(func(q *ent.ScoringRunQuery) {
			q.WithEssay(func(q *ent.EssayQuery) { q.Select(essay.FieldText) }).
				WithScores(func(q *ent.ScoreQuery) { q.WithCriterion() })
		}).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading what people decided about answers: %w", err)
	}
	var out []Grade
	at := map[uuid.UUID]int{}           // place in out, by essay
	before := map[uuid.UUID]uuid.UUID{} // the run that an essay's decisions go back to, so far
	for _, o := range rows {
		r := o.Edges.Run
		if r == nil || r.Edges.Essay == nil {
			return nil, fmt.Errorf("the decision %s has no run or no essay that may be read", o.ID)
		}
		i, known := at[r.EssayID]
		switch {
		case !known:
			i = len(out)
			at[r.EssayID] = i
			out = append(out, Grade{
				EssayID: r.EssayID, RubricID: r.RubricID, Text: r.Edges.Essay.Text, At: o.CreatedAt,
				Scores: map[string]float64{}, Judged: map[string]bool{},
			})
			for _, s := range r.Edges.Scores {
				out[i].Scores[s.Edges.Criterion.Key] = s.Value
			}
		case before[r.EssayID] != r.ID:
			continue // an engine has scored in between
		}
		before[r.EssayID] = o.FromID
		for _, s := range r.Edges.Scores {
			if gave(o, s) {
				out[i].Judged[s.Edges.Criterion.Key] = true
			}
		}
	}
	return out, nil
}

// gave tells whether a decision is about a score.
func gave(o *ent.Override, s *ent.Score) bool {
	for _, c := range o.Criteria {
		if c.CriterionID == s.CriterionID {
			return true
		}
	}
	return len(o.KeyPoints) > 0 && s.Edges.Criterion.Trait == enums.TraitContent
}
