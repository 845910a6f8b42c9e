package overrides

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/citation"
	"github.com/rubrica/rubrica/ent/criterion"
	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/ent/evidence"
	"github.com/rubrica/rubrica/ent/keypoint"
	"github.com/rubrica/rubrica/ent/keypointoutcome"
	"github.com/rubrica/rubrica/ent/referenceanswer"
	"github.com/rubrica/rubrica/ent/score"
	"github.com/rubrica/rubrica/scoring"
)

// run is a run as the scoring package knows it.
type run struct {
	rubric   scoring.Rubric
	judged   []scoring.Judged                   // in the order of the scores
	outcomes map[string]scoring.KeyPointOutcome // by id of the key point
	labels   map[string]string                  // of the key points, by id
}

// readRun reads the scores of a run with their reasons, which it also leaves with the run, as edges.
func readRun(ctx context.Context, client *ent.Client, from *ent.ScoringRun) (*run, error) {
	rubric, err := readRubric(ctx, client, from.RubricID)
	if err != nil {
		return nil, err
	}
	from.Edges.Scores, err = from.QueryScores().Order(score.ByPosition()).WithExplanation(func(q *ent.ExplanationQuery) {
		q.WithEvidence(func(q *ent.EvidenceQuery) { q.Order(evidence.ByPosition()) }).
			WithKeyPoints(func(q *ent.KeyPointOutcomeQuery) { q.Order(keypointoutcome.ByPosition()) }).
			WithCitations(func(q *ent.CitationQuery) { q.Order(citation.ByPosition()) })
	}).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the scores of the run: %w", err)
	}
	r := &run{rubric: rubric, outcomes: map[string]scoring.KeyPointOutcome{}, labels: map[string]string{}}
	for _, k := range rubric.KeyPoints {
		r.labels[k.ID] = k.Label
	}
	criteria := make(map[string]scoring.Criterion, len(rubric.Criteria))
	for _, c := range rubric.Criteria {
		criteria[c.ID] = c
	}
	for _, s := range from.Edges.Scores {
		c, ok := criteria[s.CriterionID.String()]
		if !ok || s.Edges.Explanation == nil {
			return nil, fmt.Errorf("the score %s has no criterion in its rubric, or no explanation", s.ID)
		}
		j := r.judge(c, s)
		for _, k := range j.KeyPoints {
			r.outcomes[k.KeyPointID] = k
		}
		r.judged = append(r.judged, j)
	}
	return r, nil
}

func (r *run) judge(c scoring.Criterion, s *ent.Score) scoring.Judged {
	x := s.Edges.Explanation
	j := scoring.Judged{Criterion: c, Summary: x.Summary, Score: scoring.CriterionScore{
		CriterionID: c.ID, Value: s.Value, Raw: s.Raw, Base: x.Base, Calibration: scoring.CalibrationLevel(s.Calibration),
		Interval: scoring.Interval{Low: s.Low, High: s.High, Coverage: s.Coverage},
	}}
	for _, t := range x.Contributions {
		j.Score.Contributions = append(j.Score.Contributions, scoring.Contribution{
			Kind: scoring.ContributionKind(t.Kind), Key: t.Key, Label: t.Label, Points: t.Points, Sentence: -1,
		})
	}
	for _, e := range x.Edges.Evidence {
		j.Evidence = append(j.Evidence, scoring.Evidence{
			StartRune: e.StartCodePoint, EndRune: e.EndCodePoint, StartUTF16: e.StartUtf16, EndUTF16: e.EndUtf16,
			Quote: e.Quote, Points: e.Points, KeyPointID: r.named(e.KeyPointLabel), Reason: e.Reason,
		})
	}
	for _, k := range x.Edges.KeyPoints {
		j.KeyPoints = append(j.KeyPoints, scoring.KeyPointOutcome{
			KeyPointID: k.KeyPointID.String(), Label: k.Label, Status: scoring.KeyPointStatus(k.Status),
			Degree: k.Degree, Similarity: k.Similarity, Sentence: -1,
		})
	}
	return j
}

// named is the id of the key point that a label stands for: evidence is kept with the label alone.
func (r *run) named(label string) string {
	for _, k := range r.rubric.KeyPoints {
		if label != "" && k.Label == label {
			return k.ID
		}
	}
	return ""
}

func readRubric(ctx context.Context, client *ent.Client, id uuid.UUID) (scoring.Rubric, error) {
	out := scoring.Rubric{ID: id.String()}
	criteria, err := client.Criterion.Query().Where(criterion.RubricID(id)).Order(criterion.ByPosition()).All(ctx)
	if err != nil {
		return out, fmt.Errorf("reading the criteria of the rubric: %w", err)
	}
	for _, c := range criteria {
		out.Criteria = append(out.Criteria, scoring.Criterion{
			ID: c.ID.String(), Key: c.Key, Title: c.Title, Trait: scoring.Trait(c.Trait), Weight: c.Weight,
			Scale: scoring.Scale{Min: c.ScaleMin, Max: c.ScaleMax, Step: c.ScaleStep},
		})
	}
	points, err := client.KeyPoint.Query().Where(keypoint.RubricID(id)).Order(keypoint.ByPosition()).All(ctx)
	if err != nil {
		return out, fmt.Errorf("reading the key points of the rubric: %w", err)
	}
	for _, k := range points {
		out.KeyPoints = append(out.KeyPoints, scoring.KeyPoint{ID: k.ID.String(), Key: k.Key, Label: k.Label, Weight: k.Weight})
	}
	out.ModelAnswers, err = client.ReferenceAnswer.Query().
		Where(referenceanswer.RubricID(id), referenceanswer.KindEQ(enums.ReferenceModel)).
		Select(referenceanswer.FieldText).Strings(ctx)
	if err != nil {
		return out, fmt.Errorf("reading the model answers of the rubric: %w", err)
	}
	return out, nil
}
