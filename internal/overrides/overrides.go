// Package overrides lets a person step in: set key points and scores of a run to what they found, or
// stand behind them as they are. What they decide makes a run of its own, computed by the terms of the
// run it begins with, which stays as it is.
package overrides

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	entsql "entgo.io/ent/dialect/sql"
	"github.com/google/uuid"
	"github.com/lib/pq"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/ent/essay"
	"github.com/rubrica/rubrica/ent/scoringrun"
	"github.com/rubrica/rubrica/ent/values"
	"github.com/rubrica/rubrica/internal/audit"
	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/internal/problem"
	"github.com/rubrica/rubrica/internal/progress"
	"github.com/rubrica/rubrica/internal/viewer"
	"github.com/rubrica/rubrica/scoring"
)

// Bounds of what is decided at once.
const (
	MaxKeyPoints = 20
	MaxCriteria  = 12
	MaxReason    = 500 // characters
)

// Input is what a person changes of a run's scores.
type Input struct {
	RunID     uuid.UUID
	KeyPoints []KeyPoint
	Criteria  []Criterion
	Reason    string
}

// KeyPoint is what a person sets a key point to.
type KeyPoint struct {
	ID     uuid.UUID
	Status enums.KeyPointStatus
}

// Criterion is the score that a person gives.
type Criterion struct {
	ID    uuid.UUID
	Value float64
}

// Writer writes, in a transaction, the results of a run that a person made. Only the system writes
// results; package jobs has a writer.
type Writer interface {
	WriteDecided(ctx context.Context, tx *database.Tx, d *Decided) error
}

// Decided is a run that a person made, and what it is made of.
type Decided struct {
	Run     *ent.ScoringRun // new
	From    *ent.ScoringRun // with its scores, and all their reasons, as edges
	Scores  []scoring.Judged
	Labels  map[string]string // of the key points, by id
	Percent float64           // overall
	Changed bool              // else the person stands behind what was there
}

// Service decides for the viewer in the context; privacy rules apply.
type Service struct {
	db       *database.DB
	writer   Writer
	notifier *progress.Notifier
}

// New makes the service.
func New(db *database.DB, writer Writer, notifier *progress.Notifier) *Service {
	return &Service{db: db, writer: writer, notifier: notifier}
}

// Result is an essay with the run that a person made.
type Result struct {
	Essay *ent.Essay
	Run   *ent.ScoringRun
}

// Override sets key points and scores. The error is a *problem.Problem where the caller can put it right.
// The new run has its scores at once, and is COMPLETED when the recommendations, which depend on them,
// have been looked for anew.
func (s *Service) Override(ctx context.Context, in Input) (*Result, error) {
	if n := utf8.RuneCountInString(in.Reason); strings.TrimSpace(in.Reason) == "" || n > MaxReason || !database.Storable(in.Reason) {
		return nil, problem.New("reason", problem.Invalid, fmt.Sprintf("Give a reason of 1 to %d characters of UTF-8, none of them NUL.", MaxReason))
	}
	switch {
	case len(in.KeyPoints) > MaxKeyPoints:
		return nil, problem.New("keyPoints", problem.Invalid, fmt.Sprintf("Set at most %d key points.", MaxKeyPoints))
	case len(in.Criteria) > MaxCriteria:
		return nil, problem.New("criteria", problem.Invalid, fmt.Sprintf("Give at most %d scores.", MaxCriteria))
	case len(in.KeyPoints)+len(in.Criteria) == 0:
		return nil, problem.New("", problem.Invalid, "Set a key point or give a score. To stand behind the scores as they are, confirm the run.")
	}
	return s.decide(ctx, in, enums.AuditEssayOverride)
}

// Confirm stands behind the scores as they are: in the new run, which is COMPLETED at once, they are
// provisional no more.
func (s *Service) Confirm(ctx context.Context, run uuid.UUID) (*Result, error) {
	return s.decide(ctx, Input{RunID: run}, enums.AuditEssayConfirm)
}

func (s *Service) decide(ctx context.Context, in Input, action enums.AuditAction) (*Result, error) {
	v, ok := viewer.FromContext(ctx)
	if !ok {
		return nil, errors.New("deciding about a run needs a viewer")
	}
	var result Result
	err := s.db.InTx(ctx, func(tx *database.Tx) error {
		e, from, err := newest(ctx, tx, in.RunID)
		if err != nil {
			return err
		}
		if action == enums.AuditEssayConfirm && from.Kind == enums.RunOverride {
			return problem.New("runId", problem.Conflict, "A person stands behind these scores already.")
		}
		r, err := readRun(ctx, tx.Ent, from)
		if err != nil {
			return err
		}
		decisions, made, err := r.decisions(in)
		if err != nil {
			return err
		}
		d := &Decided{From: from, Labels: r.labels, Changed: action == enums.AuditEssayOverride}
		d.Scores = scoring.Decide(r.rubric, r.judged, decisions)
		if d.Run, err = s.addRun(ctx, tx, d, v); err != nil {
			return err
		}
		if err := tx.Ent.Override.Create().SetOwnerID(e.OwnerID).SetRunID(d.Run.ID).SetFromID(from.ID).
			SetQuestionID(e.QuestionID).SetActorID(v.ID).SetReason(in.Reason).
			SetKeyPoints(made.KeyPoints).SetCriteria(made.Criteria).Exec(ctx); err != nil {
			return fmt.Errorf("keeping what was decided: %w", err)
		}
		if err := s.writer.WriteDecided(ctx, tx, d); err != nil {
			return err
		}
		result = Result{Essay: e, Run: d.Run}
		detail := map[string]string{"run": d.Run.ID.String(), "from": from.ID.String()}
		if d.Changed {
			detail["reason"] = in.Reason
		}
		return audit.Record(ctx, tx.Ent, action, enums.TargetEssay, e.ID, detail)
	})
	if database.IsUnique(err, "override_from_id") || database.IsUnique(err, "scoringrun_one_unfinished") || database.IsUnique(err, "scoringrun_essay_id_number") {
		return nil, errNotNewest
	}
	if err != nil {
		return nil, err
	}
	s.notifier.Changed(result.Run.ID, true)
	return &result, nil
}

var errNotNewest = problem.New("runId", problem.WrongState, "There is a newer run of this essay. Look at it before you decide.")

// newest locks the essay of a run, and returns both. It refuses a run that is not the newest one, so that
// nobody decides about what they have not seen, and the same twice makes one run.
func newest(ctx context.Context, tx *database.Tx, id uuid.UUID) (*ent.Essay, *ent.ScoringRun, error) {
	run, err := tx.Ent.ScoringRun.Query().Where(scoringrun.ID(id)).Select(scoringrun.FieldEssayID).Only(ctx)
	if ent.IsNotFound(err) {
		return nil, nil, problem.New("runId", problem.NotFound, "There is no such scoring run.")
	}
	if err != nil {
		return nil, nil, fmt.Errorf("reading the run: %w", err)
	}
	e, err := tx.Ent.Essay.Query().Where(essay.ID(run.EssayID)).ForUpdate().Only(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("locking the essay: %w", err)
	}
	last, err := e.QueryRuns().Order(scoringrun.ByNumber(entsql.OrderDesc())).First(ctx)
	switch {
	case err != nil:
		return nil, nil, fmt.Errorf("reading the newest run: %w", err)
	case last.ID != id:
		return nil, nil, errNotNewest
	case last.Stage != enums.StageCompleted:
		return nil, nil, problem.New("runId", problem.WrongState, "The run is not COMPLETED. Wait for it, or have the essay scored again.")
	}
	return e, last, nil
}

// addRun adds the run that a person makes. Its seq goes on from the run before.
func (s *Service) addRun(ctx context.Context, tx *database.Tx, d *Decided, v viewer.Viewer) (*ent.ScoringRun, error) {
	criteria, scores := make([]scoring.Criterion, len(d.Scores)), make([]scoring.CriterionScore, len(d.Scores))
	for i, j := range d.Scores {
		criteria[i], scores[i] = j.Criterion, j.Score
	}
	overall := scoring.OverallOf(criteria, scores)
	d.Percent = overall.Percent
	from, now := d.From, time.Now().UTC().Truncate(time.Microsecond)
	stage := enums.StageRecommending
	create := tx.Ent.ScoringRun.Create()
	if !d.Changed {
		stage = enums.StageCompleted
		create.SetFinishedAt(now)
	}
	run, err := create.SetEssayID(from.EssayID).SetOwnerID(from.OwnerID).SetRubricID(from.RubricID).SetTrackID(from.TrackID).
		SetNumber(from.Number + 1).SetSeq(from.Seq + 1).SetKind(enums.RunOverride).SetRequestedBy(v.ID).
		SetStage(stage).SetPercent(stage.Percent()).SetCreatedAt(now).SetChangedAt(now).SetStartedAt(now).SetScoredAt(now).
		SetEngine(from.Engine).SetEngineVersion(from.EngineVersion).SetEngineModel(from.EngineModel).SetEnginePrompt(from.EnginePrompt).
		SetDegraded(from.Degraded).SetDegradedReason(from.DegradedReason).SetFlags(seen(from.Flags)).
		SetOverallPercent(overall.Percent).SetOverallLow(overall.Interval.Low).SetOverallHigh(overall.Interval.High).
		SetOverallCoverage(overall.Interval.Coverage).Save(ctx)
	if err != nil {
		return nil, fmt.Errorf("adding the run: %w", err)
	}
	return run, nil
}

// seen are the flags without the one that asked for a person, who has come. The others are about the
// text.
func seen(flags pq.StringArray) pq.StringArray {
	return slices.DeleteFunc(append(pq.StringArray{}, flags...), func(f string) bool { return f == "LOW_CONFIDENCE" })
}

// made is what was decided, as it is kept.
type made struct {
	KeyPoints []values.KeyPointOverride
	Criteria  []values.CriterionOverride
}

// decisions holds what a person decided against the run, and refuses what is not of it, and what it says
// already.
func (r *run) decisions(in Input) (scoring.Decisions, made, error) {
	d := scoring.Decisions{KeyPoints: map[string]scoring.KeyPointStatus{}, Values: map[string]float64{}}
	out := made{KeyPoints: []values.KeyPointOverride{}, Criteria: []values.CriterionOverride{}}
	anything := false
	for _, k := range in.KeyPoints {
		id := k.ID.String()
		before, ok := r.outcomes[id]
		if !ok {
			return d, out, problem.New("keyPoints", problem.NotFound, "The run speaks of no such key point.")
		}
		if _, twice := d.KeyPoints[id]; twice {
			return d, out, problem.New("keyPoints", problem.Invalid, "Set each key point once.")
		}
		d.KeyPoints[id] = scoring.KeyPointStatus(k.Status)
		anything = anything || before.Status != d.KeyPoints[id] || before.Degree != scoring.DegreeOf(d.KeyPoints[id])
		out.KeyPoints = append(out.KeyPoints, values.KeyPointOverride{
			KeyPointID: k.ID, Label: before.Label, From: enums.KeyPointStatus(before.Status), To: k.Status,
		})
	}
	for _, c := range in.Criteria {
		id := c.ID.String()
		i := slices.IndexFunc(r.judged, func(j scoring.Judged) bool { return j.Criterion.ID == id })
		if i < 0 {
			return d, out, problem.New("criteria", problem.NotFound, "The run has no score for such a criterion.")
		}
		if _, twice := d.Values[id]; twice {
			return d, out, problem.New("criteria", problem.Invalid, "Give each score once.")
		}
		scale := r.judged[i].Criterion.Scale
		if !scale.OnGrid(c.Value) {
			return d, out, problem.New("criteria", problem.Invalid, fmt.Sprintf(
				"A score of %q is %v to %v in steps of %v.", r.judged[i].Criterion.Title, scale.Min, scale.Max, scale.Step))
		}
		d.Values[id] = scale.Round(c.Value)
		anything = anything || d.Values[id] != r.judged[i].Score.Value
		out.Criteria = append(out.Criteria, values.CriterionOverride{CriterionID: c.ID, From: r.judged[i].Score.Value, To: d.Values[id]})
	}
	if !anything && len(in.KeyPoints)+len(in.Criteria) > 0 {
		return d, out, problem.New("", problem.Conflict, "The run says all of that already. To stand behind it as it is, confirm it.")
	}
	return d, out, nil
}
