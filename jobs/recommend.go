package jobs

import (
	"context"
	"fmt"

	entsql "entgo.io/ent/dialect/sql"
	"github.com/google/uuid"
	"github.com/lib/pq"
	"github.com/riverqueue/river"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/ent/evidence"
	"github.com/rubrica/rubrica/ent/recommendationitem"
	"github.com/rubrica/rubrica/ent/recommendationlist"
	"github.com/rubrica/rubrica/ent/score"
	"github.com/rubrica/rubrica/ent/scoringrun"
	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/recommend"
)

// recommendWorker recommends what to learn next after a run was scored.
type recommendWorker struct {
	river.WorkerDefaults[RecommendArgs]
	w *Workers
}

// maxQuotes bounds the learner's own words that recommendations may lean on.
const maxQuotes = 8

// recommendable is the stage of a run that has scores and no recommendations.
var recommendable = []enums.Stage{enums.StageRecommending}

// Work implements river.Worker.
func (r *recommendWorker) Work(ctx context.Context, job *river.Job[RecommendArgs]) error {
	return r.w.attempt(ctx, job.JobRow, job.Args.RunID, recommendable, r.recommend)
}

func (r *recommendWorker) recommend(ctx context.Context, c *claim) error {
	db := r.w.deps.DB
	run, err := scoredRun(ctx, db, c.run)
	if err != nil {
		return err
	}
	question, err := r.w.questions.get(ctx, run.RubricID)
	if err != nil {
		return err
	}
	before, err := recommend.ChangesOf(ctx, db.SQL, run.OwnerID)
	if err != nil {
		return err
	}
	list, err := r.w.deps.Recommender.Recommend(ctx, learnerOf(run, question))
	if err != nil {
		return err
	}
	err = db.InTx(ctx, func(tx *database.Tx) error {
		if err := c.update(ctx, tx.SQL, `stage = 'COMPLETED', percent = 100, seq = seq + 1,
			changed_at = now(), finished_at = now(), lease_until = NULL`); err != nil {
			return err
		}
		if err := r.w.keepCurrent(ctx, tx, run.OwnerID, before); err != nil {
			return err
		}
		return writeRecommendations(ctx, tx.Ent, run, 1, list)
	})
	if err != nil {
		return err
	}
	r.w.deps.Notifier.Changed(c.run, true)
	return nil
}

// keepCurrent has the learner's lists made anew when they changed something since a list was begun: the job
// that the change added may not have seen its run.
func (w *Workers) keepCurrent(ctx context.Context, tx *database.Tx, learner uuid.UUID, before recommend.Changes) error {
	now, err := recommend.HoldChanges(ctx, tx.SQL, learner)
	if err != nil || now.Seq == before.Seq {
		return err
	}
	if add, err := recommend.Changed(ctx, tx.SQL, learner); err != nil || !add {
		return err
	}
	return w.deps.Queue.Relist(ctx, tx.SQL, learner)
}

// scoredRun reads a run with what recommendations are made of.
func scoredRun(ctx context.Context, db *database.DB, id uuid.UUID) (*ent.ScoringRun, error) {
	run, err := db.Ent.ScoringRun.Query().Where(scoringrun.ID(id)).
		WithScores(func(q *ent.ScoreQuery) {
			q.Order(score.ByPosition()).WithExplanation(func(q *ent.ExplanationQuery) {
				q.WithEvidence(func(q *ent.EvidenceQuery) { q.Order(evidence.ByPosition()) }).WithKeyPoints()
			})
		}).Only(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the run: %w", err)
	}
	return run, nil
}

// learnerOf is what a scored run tells of its learner.
func learnerOf(run *ent.ScoringRun, q *prepared) *recommend.Learner {
	l := &recommend.Learner{
		ID:       run.OwnerID,
		Track:    recommend.Track{ID: q.track.ID, Title: q.track.Title, Skills: q.track.Skills},
		Question: recommend.Question{Prompt: q.question.Prompt, Level: q.question.Level, Skills: q.question.Skills, Vector: q.promptVector},
	}
	if run.OverallPercent != nil {
		l.Percent = *run.OverallPercent
	}
	degree := map[string]float64{}
	for _, s := range run.Edges.Scores {
		for _, c := range q.criteria {
			if c.ID == s.CriterionID {
				l.Criteria = append(l.Criteria, recommend.Criterion{
					ID: c.ID, Title: c.Title, Trait: c.Trait, Weight: c.Weight,
					Score: (s.Value - c.ScaleMin) / (c.ScaleMax - c.ScaleMin),
				})
			}
		}
		x := s.Edges.Explanation
		if x == nil {
			continue
		}
		for _, k := range x.Edges.KeyPoints {
			degree[k.KeyPointID.String()] = k.Degree
		}
		for _, e := range x.Edges.Evidence {
			if len(l.Quotes) < maxQuotes && e.Points > 0 {
				quote := recommend.Quote{Text: e.Quote, Criterion: s.CriterionID}
				for _, k := range q.keyPoints {
					if e.KeyPointLabel != "" && k.Label == e.KeyPointLabel {
						quote.KeyPointID = k.ID
					}
				}
				l.Quotes = append(l.Quotes, quote)
			}
		}
	}
	for i, k := range q.keyPoints {
		l.KeyPoints = append(l.KeyPoints, recommend.KeyPoint{
			ID: k.ID, Label: k.Label, Degree: degree[k.ID.String()], Weight: k.Weight, Skills: k.Skills,
			Confidential: k.Text, Vector: q.keyPointVectors[i],
		})
	}
	return l
}

// writeRecommendations writes a run's list, of the given number.
func writeRecommendations(ctx context.Context, client *ent.Client, run *ent.ScoringRun, number int, list *recommend.List) error {
	id := newID()
	if err := client.RecommendationList.Create().SetID(id).SetOwnerID(run.OwnerID).SetRunID(run.ID).SetNumber(number).
		SetModelVersion(list.ModelVersion).SetNote(list.Note).SetDegraded(list.Degraded).
		SetUnserved(append(pq.StringArray{}, list.Unserved...)).Exec(ctx); err != nil {
		return fmt.Errorf("writing the list of recommendations: %w", err)
	}
	items := make([]*ent.RecommendationItemCreate, len(list.Items))
	for i, item := range list.Items {
		items[i] = client.RecommendationItem.Create().SetOwnerID(run.OwnerID).SetListID(id).
			SetCredentialID(item.CredentialID).SetRank(item.Rank).SetStep(item.Step).SetScore(item.Score).SetParts(item.Parts).
			SetRationale(item.Rationale).SetTraces(item.Traces).SetRelaxed(relaxed(item.Relaxed)).
			SetCloses(append(pq.StringArray{}, item.Closes...)) // a nil array would be NULL
	}
	return bulk(ctx, "recommendations", items, client.RecommendationItem.CreateBulk)
}

func relaxed(constraints []enums.Constraint) pq.StringArray {
	out := make(pq.StringArray, len(constraints))
	for i, c := range constraints {
		out[i] = string(c)
	}
	return out
}

// newestList is the list of a run that is shown, with its items; nil when it has none.
func newestList(ctx context.Context, client *ent.Client, run uuid.UUID) (*ent.RecommendationList, error) {
	list, err := client.RecommendationList.Query().Where(recommendationlist.RunID(run)).
		Order(recommendationlist.ByNumber(entsql.OrderDesc())).
		WithItems(func(q *ent.RecommendationItemQuery) { q.Order(recommendationitem.ByRank()) }).First(ctx)
	if ent.IsNotFound(err) {
		return nil, nil //nolint:nilnil // a run without one
	}
	if err != nil {
		return nil, fmt.Errorf("reading the recommendations: %w", err)
	}
	return list, nil
}
