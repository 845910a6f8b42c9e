// Package submission takes essays in and has them scored: the essay, its scoring run and its job are
// written in one transaction, so that none can be without the others.
package submission

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	entsql "entgo.io/ent/dialect/sql"
	"github.com/google/uuid"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/ent/essay"
	"github.com/rubrica/rubrica/ent/question"
	"github.com/rubrica/rubrica/ent/rubric"
	"github.com/rubrica/rubrica/ent/scoringrun"
	"github.com/rubrica/rubrica/internal/audit"
	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/internal/problem"
	"github.com/rubrica/rubrica/internal/progress"
	"github.com/rubrica/rubrica/internal/viewer"
)

// Bounds of what is submitted.
const (
	MaxCharacters = 200_000 // Unicode code points of an essay
	MaxKey        = 64      // characters of an idempotency key
	MaxReason     = 500     // characters
)

// Queue adds the job that scores a run; the job is seen when tx commits. Package jobs has one.
type Queue interface {
	Score(ctx context.Context, tx *sql.Tx, run uuid.UUID) error
	// Rescore adds the job that adds the runs of a re-scoring.
	Rescore(ctx context.Context, tx *sql.Tx, rescoring uuid.UUID) error
}

// Service submits essays. It acts for the viewer in the context; privacy rules apply.
type Service struct {
	db       *database.DB
	queue    Queue
	notifier *progress.Notifier
}

// New makes the service.
func New(db *database.DB, queue Queue, notifier *progress.Notifier) *Service {
	return &Service{db: db, queue: queue, notifier: notifier}
}

// Result is an essay with the run that scores it.
type Result struct {
	Essay    *ent.Essay
	Run      *ent.ScoringRun
	Replayed bool // the key was used before, with the same essay
}

// Submit stores an essay of the viewer and has it scored. An empty key means none. The error is a
// *problem.Problem where the caller can put it right.
func (s *Service) Submit(ctx context.Context, questionID uuid.UUID, text, key string) (*Result, error) {
	v, ok := viewer.FromContext(ctx)
	if !ok {
		return nil, errors.New("submitting needs a viewer")
	}
	if err := checkText(text); err != nil {
		return nil, err
	}
	if utf8.RuneCountInString(key) > MaxKey || !database.Storable(key) {
		return nil, problem.New("idempotencyKey", problem.Invalid, fmt.Sprintf("An idempotency key has 1 to %d characters of UTF-8, none of them NUL.", MaxKey))
	}
	hash := sha256.Sum256(append(questionID[:], text...))

	if key != "" {
		if earlier, err := s.earlier(ctx, v, key, hash[:]); earlier != nil || err != nil {
			return earlier, err
		}
	}
	var result Result
	err := s.db.InTx(ctx, func(tx *database.Tx) error {
		q, err := tx.Ent.Question.Query().Where(question.ID(questionID), question.Active(true)).Only(ctx)
		if ent.IsNotFound(err) {
			return problem.New("questionId", problem.NotFound, "There is no such question.")
		}
		if err != nil {
			return fmt.Errorf("reading the question: %w", err)
		}
		create := tx.Ent.Essay.Create().SetOwnerID(v.ID).SetQuestionID(q.ID).SetText(text).
			SetWords(len(strings.Fields(text))).SetBodyHash(hash[:])
		if key != "" {
			create.SetIdempotencyKey(key)
		}
		if result.Essay, err = create.Save(ctx); err != nil {
			return fmt.Errorf("storing the essay: %w", err)
		}
		result.Run, err = s.addRun(ctx, tx, result.Essay, q, enums.RunFirst, nil)
		return err
	})
	if key != "" && isDuplicateKey(err) {
		// The same request came twice at once; the other one was faster.
		return s.earlier(ctx, v, key, hash[:])
	}
	if err != nil {
		return nil, err
	}
	s.notifier.Changed(result.Run.ID, true)
	return &result, nil
}

func checkText(text string) error {
	switch {
	case strings.ContainsRune(text, 0):
		return problem.New("text", problem.InvalidText, "The text holds a NUL character, which cannot be stored. Take it out.")
	case !utf8.ValidString(text):
		return problem.New("text", problem.InvalidText, "The text is not valid UTF-8.")
	case strings.TrimSpace(text) == "":
		return problem.New("text", problem.Empty, "The essay is empty. Write an answer first.")
	case len(text) > MaxCharacters && utf8.RuneCountInString(text) > MaxCharacters:
		return problem.New("text", problem.TooLong, "The essay is longer than 200 000 characters. Shorten it.")
	}
	return nil
}

// earlier is what the viewer submitted with the key before; nil when nothing.
func (s *Service) earlier(ctx context.Context, v viewer.Viewer, key string, hash []byte) (*Result, error) {
	e, err := s.db.Ent.Essay.Query().Where(essay.OwnerID(v.ID), essay.IdempotencyKey(key)).Only(ctx)
	if ent.IsNotFound(err) {
		return nil, nil //nolint:nilnil // nothing was submitted with the key
	}
	if err != nil {
		return nil, fmt.Errorf("looking for an earlier submission: %w", err)
	}
	if !bytes.Equal(e.BodyHash, hash) {
		return nil, problem.New("idempotencyKey", problem.Conflict, "This key was used for another essay. Use a new key for a new essay.")
	}
	run, err := e.QueryRuns().Order(scoringrun.ByNumber()).First(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the run of an earlier submission: %w", err)
	}
	return &Result{Essay: e, Run: run, Replayed: true}, nil
}

func isDuplicateKey(err error) bool {
	return database.IsUnique(err, "essay_owner_id_idempotency_key")
}

// Retry adds a run to an essay whose newest run has failed.
func (s *Service) Retry(ctx context.Context, essayID uuid.UUID) (*Result, error) {
	return s.again(ctx, essayID, enums.RunRetry, "")
}

// Rescore adds a run to an essay whose newest run has ended, by the newest rubric and engine.
func (s *Service) Rescore(ctx context.Context, essayID uuid.UUID, reason string) (*Result, error) {
	if err := checkReason(reason); err != nil {
		return nil, err
	}
	return s.again(ctx, essayID, enums.RunRescore, reason)
}

func checkReason(reason string) error {
	if n := utf8.RuneCountInString(reason); strings.TrimSpace(reason) == "" || n > MaxReason || !database.Storable(reason) {
		return problem.New("reason", problem.Invalid, fmt.Sprintf("Give a reason of 1 to %d characters of UTF-8, none of them NUL.", MaxReason))
	}
	return nil
}

func (s *Service) again(ctx context.Context, essayID uuid.UUID, kind enums.RunKind, reason string) (*Result, error) {
	v, ok := viewer.FromContext(ctx)
	if !ok {
		return nil, errors.New("scoring again needs a viewer")
	}
	var result Result
	err := s.db.InTx(ctx, func(tx *database.Tx) error {
		e, err := tx.Ent.Essay.Query().Where(essay.ID(essayID)).WithQuestion().ForUpdate().Only(ctx)
		if ent.IsNotFound(err) {
			return problem.New("essayId", problem.NotFound, "There is no such essay.")
		}
		if err != nil {
			return fmt.Errorf("reading the essay: %w", err)
		}
		last, err := e.QueryRuns().Order(scoringrun.ByNumber(descending)).First(ctx)
		if err != nil {
			return fmt.Errorf("reading the newest run: %w", err)
		}
		switch {
		case !last.Stage.Terminal():
			return problem.New("essayId", problem.WrongState, "The essay is being scored. Wait until that has ended.")
		case kind == enums.RunRetry && last.Stage != enums.StageFailed:
			return problem.New("essayId", problem.WrongState, "The newest run has not failed. An advisor can have the essay scored again.")
		}
		result.Essay = e
		if result.Run, err = s.addRun(ctx, tx, e, e.Edges.Question, kind, last); err != nil {
			return err
		}
		if v.Role == enums.RoleLearner {
			return nil
		}
		action := enums.AuditEssayRescore
		if kind == enums.RunRetry {
			action = enums.AuditEssayRetry
		}
		return audit.Record(ctx, tx.Ent, action, enums.TargetEssay, e.ID,
			map[string]string{"reason": reason, "run": result.Run.ID.String()})
	})
	if database.IsUnique(err, "scoringrun_one_unfinished") {
		return nil, problem.New("essayId", problem.WrongState, "The essay is being scored. Wait until that has ended.")
	}
	if err != nil {
		return nil, err
	}
	s.notifier.Changed(result.Run.ID, true)
	return &result, nil
}

// addRun writes a run and its job. Its seq goes on from the run before, so that of any two states of
// an essay the one with the larger seq is the newer.
func (s *Service) addRun(ctx context.Context, tx *database.Tx, e *ent.Essay, q *ent.Question, kind enums.RunKind, last *ent.ScoringRun) (*ent.ScoringRun, error) {
	r, err := tx.Ent.Rubric.Query().Where(rubric.QuestionID(q.ID)).Order(rubric.ByVersion(descending)).First(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the question's rubric: %w", err)
	}
	create := tx.Ent.ScoringRun.Create().SetEssayID(e.ID).SetOwnerID(e.OwnerID).SetRubricID(r.ID).
		SetTrackID(q.TrackID).SetKind(kind).SetNumber(1).SetSeq(1)
	if last != nil {
		create.SetNumber(last.Number + 1).SetSeq(last.Seq + 1)
	}
	if v, ok := viewer.FromContext(ctx); ok {
		create.SetRequestedBy(v.ID)
	}
	run, err := create.Save(ctx)
	if err != nil {
		return nil, fmt.Errorf("adding the scoring run: %w", err)
	}
	return run, s.queue.Score(ctx, tx.SQL, run.ID)
}

func descending(o *entsql.OrderTermOptions) { o.Desc = true }
