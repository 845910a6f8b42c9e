package jobs

import (
	"context"
	"fmt"
	"slices"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/ent/values"
	"github.com/rubrica/rubrica/internal/bypass"
	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/internal/overrides"
	"github.com/rubrica/rubrica/recommend"
	"github.com/rubrica/rubrica/scoring"
)

// WriteDecided implements overrides.Writer: it writes the scores of a run that a person made, with their
// reasons, and keeps the overall score with the essay, which the caller has locked. What to learn next
// follows by a job where scores changed, and is taken over where they did not.
func (q *Queue) WriteDecided(ctx context.Context, tx *database.Tx, d *overrides.Decided) error {
	system := bypass.Context(ctx)
	if err := writeDecided(system, tx.Ent, d); err != nil {
		return err
	}
	if _, err := tx.SQL.ExecContext(ctx, `UPDATE essays SET overall_percent = $2 WHERE id = $1`, d.Run.EssayID, d.Percent); err != nil {
		return fmt.Errorf("keeping the overall score with the essay: %w", err)
	}
	if d.Changed {
		return q.Recommend(ctx, tx.SQL, d.Run.ID)
	}
	return copyRecommendations(system, tx, d)
}

func writeDecided(ctx context.Context, client *ent.Client, d *overrides.Decided) error {
	var (
		owner     = d.Run.OwnerID
		scores    []*ent.ScoreCreate
		reasons   []*ent.ExplanationCreate
		evidence  []*ent.EvidenceCreate
		outcomes  []*ent.KeyPointOutcomeCreate
		citations []*ent.CitationCreate
	)
	for i, j := range d.Scores {
		scoreID, reasonID := newID(), newID()
		before := d.From.Edges.Scores[i]
		was := before.Edges.Explanation
		scores = append(scores, client.Score.Create().SetID(scoreID).SetOwnerID(owner).SetRunID(d.Run.ID).
			SetCriterionID(before.CriterionID).SetPosition(i).SetValue(j.Score.Value).SetRaw(j.Score.Raw).
			SetLow(j.Score.Interval.Low).SetHigh(j.Score.Interval.High).SetCoverage(j.Score.Interval.Coverage).
			SetCalibration(enums.Calibration(j.Score.Calibration)).SetProvisional(false))
		terms := termsOf(j.Score.Contributions)
		improvements := []values.Improvement{} // were tried on other scores
		if slices.Equal(terms, was.Contributions) && j.Summary == was.Summary {
			improvements = was.Improvements
		}
		reasons = append(reasons, client.Explanation.Create().SetID(reasonID).SetOwnerID(owner).SetScoreID(scoreID).
			SetSummary(j.Summary).SetBase(j.Score.Base).SetContributions(terms).SetImprovements(improvements))
		for p, e := range j.Evidence {
			evidence = append(evidence, client.Evidence.Create().SetOwnerID(owner).SetExplanationID(reasonID).SetPosition(p).
				SetStartCodePoint(e.StartRune).SetEndCodePoint(e.EndRune).SetStartUtf16(e.StartUTF16).SetEndUtf16(e.EndUTF16).
				SetQuote(e.Quote).SetPoints(e.Points).SetKeyPointLabel(d.Labels[e.KeyPointID]).SetReason(e.Reason))
		}
		for p, k := range j.KeyPoints {
			outcomes = append(outcomes, client.KeyPointOutcome.Create().SetOwnerID(owner).SetExplanationID(reasonID).SetPosition(p).
				SetKeyPointID(was.Edges.KeyPoints[p].KeyPointID).SetLabel(k.Label).SetStatus(enums.KeyPointStatus(k.Status)).
				SetDegree(k.Degree).SetSimilarity(k.Similarity).SetNillableQuote(was.Edges.KeyPoints[p].Quote))
		}
		for p, c := range was.Edges.Citations {
			citations = append(citations, client.Citation.Create().SetOwnerID(owner).SetExplanationID(reasonID).SetPosition(p).
				SetPassageID(c.PassageID).SetSimilarity(c.Similarity).SetQuote(c.Quote))
		}
	}
	for _, table := range []func() error{
		func() error { return bulk(ctx, "scores", scores, client.Score.CreateBulk) },
		func() error { return bulk(ctx, "explanations", reasons, client.Explanation.CreateBulk) },
		func() error { return bulk(ctx, "evidence", evidence, client.Evidence.CreateBulk) },
		func() error { return bulk(ctx, "key points", outcomes, client.KeyPointOutcome.CreateBulk) },
		func() error { return bulk(ctx, "citations", citations, client.Citation.CreateBulk) },
	} {
		if err := table(); err != nil {
			return err
		}
	}
	return nil
}

func termsOf(contributions []scoring.Contribution) []values.Contribution {
	out := make([]values.Contribution, len(contributions))
	for i, c := range contributions {
		out[i] = values.Contribution{Kind: enums.ContributionKind(c.Kind), Key: c.Key, Label: c.Label, Points: c.Points}
	}
	return out
}

// bulk writes rows of a table with one statement, or none where there are none.
func bulk[C any, B interface{ Exec(context.Context) error }](ctx context.Context, what string, rows []C, create func(...C) B) error {
	if len(rows) == 0 {
		return nil
	}
	if err := create(rows...).Exec(ctx); err != nil {
		return fmt.Errorf("writing %s: %w", what, err)
	}
	return nil
}

// copyRecommendations gives the new run what the run before recommended last.
func copyRecommendations(ctx context.Context, tx *database.Tx, d *overrides.Decided) error {
	// Who makes the learner's lists anew waits, and then finds the new run.
	if _, err := recommend.HoldChanges(ctx, tx.SQL, d.Run.OwnerID); err != nil {
		return err
	}
	list, err := newestList(ctx, tx.Ent, d.From.ID)
	if err != nil || list == nil {
		return err
	}
	id := newID()
	if err := tx.Ent.RecommendationList.Create().SetID(id).SetOwnerID(d.Run.OwnerID).SetRunID(d.Run.ID).
		SetModelVersion(list.ModelVersion).SetNote(list.Note).SetDegraded(list.Degraded).SetUnserved(list.Unserved).Exec(ctx); err != nil {
		return fmt.Errorf("writing the list of recommendations: %w", err)
	}
	items := make([]*ent.RecommendationItemCreate, len(list.Edges.Items))
	for i, item := range list.Edges.Items {
		items[i] = tx.Ent.RecommendationItem.Create().SetOwnerID(d.Run.OwnerID).SetListID(id).
			SetCredentialID(item.CredentialID).SetRank(item.Rank).SetStep(item.Step).SetScore(item.Score).SetParts(item.Parts).
			SetRationale(item.Rationale).SetTraces(item.Traces).SetCloses(item.Closes).SetRelaxed(item.Relaxed)
	}
	return bulk(ctx, "recommendations", items, tx.Ent.RecommendationItem.CreateBulk)
}
