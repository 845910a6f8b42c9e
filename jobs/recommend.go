package jobs

import (
	"context"
	"fmt"

	"github.com/lib/pq"
	"github.com/riverqueue/river"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/ent/evidence"
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
	run, err := db.Ent.ScoringRun.Query().Where(scoringrun.ID(c.run)).
		WithScores(func(q *ent.ScoreQuery) {
			q.Order(score.ByPosition()).WithExplanation(func(q *ent.ExplanationQuery) {
				q.WithEvidence(func(q *ent.EvidenceQuery) { q.Order(evidence.ByPosition()) }).WithKeyPoints()
			})
		}).Only(ctx)
	if err != nil {
		return fmt.Errorf("reading the run: %w", err)
	}
	question, err := r.w.questions.get(ctx, run.RubricID)
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
		return writeRecommendations(ctx, tx.Ent, run, list)
	})
	if err != nil {
		return err
	}
	r.w.deps.Notifier.Changed(c.run, true)
	return nil
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

func writeRecommendations(ctx context.Context, client *ent.Client, run *ent.ScoringRun, list *recommend.List) error {
	id := newID()
	if err := client.RecommendationList.Create().SetID(id).SetOwnerID(run.OwnerID).SetRunID(run.ID).
		SetModelVersion(list.ModelVersion).SetNote(list.Note).SetDegraded(list.Degraded).Exec(ctx); err != nil {
		return fmt.Errorf("writing the list of recommendations: %w", err)
	}
	items := make([]*ent.RecommendationItemCreate, len(list.Items))
	for i, item := range list.Items {
		items[i] = client.RecommendationItem.Create().SetOwnerID(run.OwnerID).SetListID(id).
			SetCredentialID(item.CredentialID).SetRank(item.Rank).SetScore(item.Score).SetParts(item.Parts).
			SetRationale(item.Rationale).SetTraces(item.Traces).
			SetCloses(append(pq.StringArray{}, item.Closes...)) // a nil array would be NULL
	}
	if len(items) == 0 {
		return nil
	}
	if err := client.RecommendationItem.CreateBulk(items...).Exec(ctx); err != nil {
		return fmt.Errorf("writing the recommendations: %w", err)
	}
	return nil
}
