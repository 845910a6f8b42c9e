package jobs

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/lib/pq"
	"github.com/riverqueue/river"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/ent/essay"
	"github.com/rubrica/rubrica/ent/scoringrun"
	"github.com/rubrica/rubrica/ent/values"
	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/rag"
	"github.com/rubrica/rubrica/scoring"
)

// scoreWorker scores a run and explains the scores.
type scoreWorker struct {
	river.WorkerDefaults[ScoreArgs]
	w *Workers
}

// scorable are the stages before there are scores; a run enters the first.
var scorable = []enums.Stage{enums.StageEmbedding, enums.StageQueued, enums.StageScoring, enums.StageExplaining}

// Work implements river.Worker.
func (s *scoreWorker) Work(ctx context.Context, job *river.Job[ScoreArgs]) error {
	return s.w.attempt(ctx, job.JobRow, job.Args.RunID, scorable, s.score)
}

// Passages that an answer is checked against.
const (
	citedPassages     = 3
	leastCitedPassage = 0.25 // cosine; below it, a passage is about something else
)

func (s *scoreWorker) score(ctx context.Context, c *claim) error {
	db := s.w.deps.DB
	run, err := db.Ent.ScoringRun.Query().Where(scoringrun.ID(c.run)).
		WithEssay(func(q *ent.EssayQuery) { q.Select(essay.FieldText) }).Only(ctx)
	if err != nil {
		return fmt.Errorf("reading the run: %w", err)
	}
	question, err := s.w.questions.get(ctx, run.RubricID)
	if err != nil {
		return err
	}
	answer, err := scoring.Analyze(ctx, s.w.deps.Embedder, run.Edges.Essay.Text)
	if err != nil {
		return err
	}

	if err := s.enter(ctx, c, enums.StageScoring); err != nil {
		return err
	}
	request := scoring.Request{
		Question: question.scoring,
		Answer:   answer,
		Passages: s.passages(ctx, question, answer),
	}
	engine, err := s.engineFor(ctx, run)
	if err != nil {
		return err
	}
	result, err := engine.Score(ctx, request)
	if err != nil {
		return err
	}

	if err := s.enter(ctx, c, enums.StageExplaining); err != nil {
		return err
	}
	explanations := scoring.Explain(request, result)
	improvements, err := s.improve(ctx, request, result)
	if err != nil {
		return err
	}
	if len(result.Scores) != len(question.criteria) || len(explanations) != len(question.criteria) {
		return scoring.Permanent(fmt.Errorf("the engine gave %d scores and %d explanations for %d criteria",
			len(result.Scores), len(explanations), len(question.criteria)))
	}

	for i := range explanations {
		explanations[i].Improvements = improvements[i]
	}

	err = db.InTx(ctx, func(tx *database.Tx) error {
		if err := s.finish(ctx, c, tx, run.Number, result); err != nil {
			return err
		}
		if err := writeScores(ctx, tx.Ent, run, answer, result, explanations); err != nil {
			return err
		}
		return s.w.deps.Queue.Recommend(ctx, tx.SQL, c.run)
	})
	if err != nil {
		return err
	}
	s.w.deps.Notifier.Changed(c.run, false)
	return nil
}

// enter puts the run into a stage and says so.
func (s *scoreWorker) enter(ctx context.Context, c *claim, stage enums.Stage) error {
	if err := c.advance(ctx, stage); err != nil {
		return err
	}
	s.w.deps.Notifier.Changed(c.run, false)
	return nil
}

// passages are the reference passages nearest to the answer. Without them an answer is scored all
// the same, and its explanation cites nothing.
func (s *scoreWorker) passages(ctx context.Context, question *prepared, answer *scoring.Text) []scoring.Passage {
	if answer.Vector == nil {
		return nil
	}
	hits, err := s.w.deps.Index.Search(ctx, rag.Query{
		Text: answer.Raw, Vector: answer.Vector, VectorModel: s.w.deps.Embedder.Model(), Kinds: []rag.Kind{rag.KindPassage},
		TrackID: question.track.ID, Limit: citedPassages,
	})
	if err != nil {
		s.w.deps.Log.WarnContext(ctx, "no passages could be retrieved; scoring without", "error", err)
		return nil
	}
	var out []scoring.Passage
	for _, h := range hits {
		if h.DenseRank > 0 && h.DenseScore >= leastCitedPassage {
			out = append(out, scoring.Passage{ID: h.RefID.String(), Title: h.Title, Text: h.Body, Similarity: h.DenseScore})
		}
	}
	return out
}

// finish moves the run on to its recommendations, if the claim still holds, and keeps the overall score
// with the essay, whose lists are ordered by it. It comes first in the transaction: it locks the row, and
// whoever lost the claim writes nothing.
func (s *scoreWorker) finish(ctx context.Context, c *claim, tx *database.Tx, number int, r *scoring.Result) error {
	flags := make(pq.StringArray, len(r.Flags))
	for i, f := range r.Flags {
		flags[i] = string(f)
	}
	err := c.update(ctx, tx.SQL, `stage = $3, percent = $4, seq = seq + 1, changed_at = now(),
		scored_at = now(), lease_until = NULL, engine = $5, engine_version = $6, engine_model = $7,
		degraded = $8, degraded_reason = $9, flags = $10,
		overall_percent = $11, overall_low = $12, overall_high = $13, overall_coverage = $14, engine_prompt = $15`,
		string(enums.StageRecommending), enums.StageRecommending.Percent(),
		r.Engine.Name, r.Engine.Version, r.Engine.Model, r.Degraded, r.DegradedReason, flags,
		r.Overall.Percent, r.Overall.Interval.Low, r.Overall.Interval.High, r.Overall.Interval.Coverage, r.Engine.Prompt)
	if err != nil {
		return err
	}
	return c.keepOverall(ctx, tx.SQL, number, r.Overall.Percent)
}

// writeScores writes scores and explanations, a statement a table.
func writeScores(ctx context.Context, client *ent.Client, run *ent.ScoringRun, answer *scoring.Text, r *scoring.Result, explanations []scoring.Explanation) error {
	var (
		scores       []*ent.ScoreCreate
		reasons      []*ent.ExplanationCreate
		evidence     []*ent.EvidenceCreate
		outcomes     []*ent.KeyPointOutcomeCreate
		citations    []*ent.CitationCreate
		parse        error
		id           = func(s string) uuid.UUID { u, err := uuid.Parse(s); parse = errors.Join(parse, err); return u }
		owner        = run.OwnerID
		keyPointName = map[string]string{}
	)
	for _, k := range r.KeyPoints {
		keyPointName[k.KeyPointID] = k.Label
	}
	for i, s := range r.Scores {
		scoreID, explanationID := newID(), newID()
		scores = append(scores, client.Score.Create().SetID(scoreID).SetOwnerID(owner).SetRunID(run.ID).
			SetCriterionID(id(s.CriterionID)).SetPosition(i).SetValue(s.Value).SetRaw(s.Raw).
			SetLow(s.Interval.Low).SetHigh(s.Interval.High).SetCoverage(s.Interval.Coverage).
			SetCalibration(enums.Calibration(s.Calibration)).SetProvisional(s.Calibration != scoring.Calibrated))
		x := explanations[i]
		contributions := make([]values.Contribution, len(x.Contributions))
		for j, t := range x.Contributions {
			contributions[j] = values.Contribution{
				Kind: enums.ContributionKind(t.Kind), Key: t.Key, Label: t.Label, Points: t.Points,
			}
		}
		reasons = append(reasons, client.Explanation.Create().SetID(explanationID).SetOwnerID(owner).
			SetScoreID(scoreID).SetSummary(x.Summary).SetBase(x.Base).SetContributions(contributions).
			SetImprovements(improvementsOf(x)))
		for j, e := range x.Evidence {
			evidence = append(evidence, client.Evidence.Create().SetOwnerID(owner).SetExplanationID(explanationID).
				SetPosition(j).SetStartCodePoint(e.StartRune).SetEndCodePoint(e.EndRune).
				SetStartUtf16(e.StartUTF16).SetEndUtf16(e.EndUTF16).SetQuote(e.Quote).SetPoints(e.Points).
				SetKeyPointLabel(keyPointName[e.KeyPointID]).SetReason(e.Reason))
		}
		for j, k := range x.KeyPoints {
			outcomes = append(outcomes, client.KeyPointOutcome.Create().SetOwnerID(owner).SetExplanationID(explanationID).
				SetKeyPointID(id(k.KeyPointID)).SetPosition(j).SetLabel(k.Label).
				SetStatus(enums.KeyPointStatus(k.Status)).SetDegree(k.Degree).SetSimilarity(k.Similarity).
				SetNillableQuote(quoteOf(answer, k.Sentence)))
		}
		for j, p := range x.Citations {
			citations = append(citations, client.Citation.Create().SetOwnerID(owner).SetExplanationID(explanationID).
				SetPassageID(id(p.PassageID)).SetPosition(j).SetSimilarity(p.Similarity).SetQuote(p.Quote))
		}
	}
	if parse != nil {
		return scoring.Permanent(fmt.Errorf("the engine named something that does not exist: %w", parse))
	}
	write := func(what string, n int, exec func(context.Context) error) error {
		if n == 0 {
			return nil
		}
		if err := exec(ctx); err != nil {
			return fmt.Errorf("writing %s: %w", what, err)
		}
		return nil
	}
	for _, table := range []func() error{
		func() error { return write("scores", len(scores), client.Score.CreateBulk(scores...).Exec) },
		func() error {
			return write("explanations", len(reasons), client.Explanation.CreateBulk(reasons...).Exec)
		},
		func() error { return write("evidence", len(evidence), client.Evidence.CreateBulk(evidence...).Exec) },
		func() error {
			return write("key points", len(outcomes), client.KeyPointOutcome.CreateBulk(outcomes...).Exec)
		},
		func() error { return write("citations", len(citations), client.Citation.CreateBulk(citations...).Exec) },
	} {
		if err := table(); err != nil {
			return err
		}
	}
	return nil
}

// improvementsOf are the suggestions of an explanation as rows carry them.
func improvementsOf(x scoring.Explanation) []values.Improvement {
	out := make([]values.Improvement, len(x.Improvements))
	for i, s := range x.Improvements {
		out[i] = values.Improvement{Kind: enums.ImprovementKind(s.Kind), Advice: s.Advice, Gain: s.Gain, Score: s.Score}
		if s.End > s.Start {
			out[i].Quote = &s.Quote
			out[i].CodePoints = &values.TextRange{Start: s.StartRune, End: s.EndRune}
			out[i].Utf16 = &values.TextRange{Start: s.StartUTF16, End: s.EndUTF16}
		}
	}
	return out
}

// quoteOf is the sentence of the answer, or nil where there is none.
func quoteOf(answer *scoring.Text, sentence int) *string {
	if sentence < 0 || sentence >= len(answer.Sentences) {
		return nil
	}
	return &answer.Sentences[sentence].Text
}

func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }
