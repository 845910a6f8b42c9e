package submission

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/ent/essay"
	"github.com/rubrica/rubrica/ent/question"
	"github.com/rubrica/rubrica/ent/track"
	"github.com/rubrica/rubrica/internal/audit"
	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/internal/problem"
	"github.com/rubrica/rubrica/internal/viewer"
)

// Scope is which essays are scored again: the answers to a question, or to all questions of a track. One
// of the two is set.
type Scope struct {
	QuestionID, TrackID *uuid.UUID
}

// Essays counts the essays of a scope. The error is a *problem.Problem when there is no such question or
// track.
func (s *Service) Essays(ctx context.Context, scope Scope) (int, error) {
	_, n, err := count(ctx, s.db.Ent, scope)
	return n, err
}

// count finds the track of a scope, and counts its essays.
func count(ctx context.Context, client *ent.Client, scope Scope) (trackID uuid.UUID, n int, err error) {
	q := client.Essay.Query()
	if scope.QuestionID != nil {
		var asked *ent.Question
		if asked, err = client.Question.Query().Where(question.ID(*scope.QuestionID)).Only(ctx); err == nil {
			trackID = asked.TrackID
		}
		q.Where(essay.QuestionID(*scope.QuestionID))
	} else {
		trackID, err = client.Track.Query().Where(track.ID(*scope.TrackID)).OnlyID(ctx)
		q.Where(essay.HasQuestionWith(question.TrackID(*scope.TrackID)))
	}
	if ent.IsNotFound(err) {
		return trackID, 0, problem.New("scope", problem.NotFound, "There is no such question or track.")
	}
	if err != nil {
		return trackID, 0, fmt.Errorf("looking for the scope: %w", err)
	}
	if n, err = q.Count(ctx); err != nil {
		return trackID, 0, fmt.Errorf("counting the essays of the scope: %w", err)
	}
	return trackID, n, nil
}

// RescoreAll has all essays of a scope scored again, by the newest rubric and engine. The runs are added
// by a job; essays that are being scored by then, and those that a person stands behind, are left.
func (s *Service) RescoreAll(ctx context.Context, scope Scope, reason string) (row *ent.Rescoring, err error) {
	if err := checkReason(reason); err != nil {
		return nil, err
	}
	err = s.db.InTx(ctx, func(tx *database.Tx) error {
		trackID, n, err := count(ctx, tx.Ent, scope)
		if err != nil {
			return err
		}
		create := tx.Ent.Rescoring.Create().SetNillableQuestionID(scope.QuestionID).SetTrackID(trackID).
			SetReason(reason).SetTotal(n)
		if v, ok := viewer.FromContext(ctx); ok {
			create.SetActorID(v.ID)
		}
		if row, err = create.Save(ctx); err != nil {
			return fmt.Errorf("beginning to score again: %w", err)
		}
		if err := s.queue.Rescore(ctx, tx.SQL, row.ID); err != nil {
			return err
		}
		return audit.Record(ctx, tx.Ent, enums.AuditEssaysRescore, enums.TargetRescoring, row.ID, map[string]string{"reason": reason})
	})
	return row, err
}
