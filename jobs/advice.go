package jobs

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/credential"
	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/ent/scoringrun"
	"github.com/rubrica/rubrica/internal/bypass"
	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/internal/problem"
	"github.com/rubrica/rubrica/recommend"
)

// Advice answers what a list of recommendations does not tell.
type Advice struct {
	db          *database.DB
	questions   *questions
	recommender *recommend.Recommender
}

// NewAdvice makes it, for any process: it works no jobs.
func NewAdvice(db *database.DB, embedder Embedder, recommender *recommend.Recommender) *Advice {
	return &Advice{db: db, questions: newQuestions(db, embedder, nil), recommender: recommender}
}

// WhyNot tells why a credential is not among the recommendations of a run, for the viewer in the context, who
// must be one that may see the run. The error is a *problem.Problem where the caller can put it right.
func (a *Advice) WhyNot(ctx context.Context, run, credentialID uuid.UUID) (*recommend.Absence, error) {
	seen, err := a.db.Ent.ScoringRun.Query().Where(scoringrun.ID(run)).Select(scoringrun.FieldStage).Only(ctx)
	switch {
	case ent.IsNotFound(err):
		return nil, problem.New("runId", problem.NotFound, "There is no such scoring run.")
	case err != nil:
		return nil, fmt.Errorf("reading the run: %w", err)
	case seen.Stage != enums.StageCompleted:
		return nil, problem.New("runId", problem.WrongState, "The run is not COMPLETED, so nothing is recommended yet. Wait for it.")
	}
	if found, err := a.db.Ent.Credential.Query().Where(credential.ID(credentialID)).Exist(ctx); err != nil {
		return nil, fmt.Errorf("looking for the credential: %w", err)
	} else if !found {
		return nil, problem.New("credentialId", problem.NotFound, "There is no such credential.")
	}
	// The viewer may see the run. What it is recommended by are key points too, of which no part is shown.
	system := bypass.Context(ctx)
	scored, err := scoredRun(system, a.db, run)
	if err != nil {
		return nil, err
	}
	question, err := a.questions.get(system, scored.RubricID)
	if err != nil {
		return nil, err
	}
	absence, err := a.recommender.WhyNot(system, learnerOf(scored, question), credentialID)
	if errors.Is(err, recommend.ErrNoCredential) {
		return nil, problem.New("credentialId", problem.NotFound, "There is no such credential.")
	}
	if err != nil {
		return nil, err
	}
	if absence.Reason != recommend.AbsenceListed {
		return absence, nil
	}
	list, err := newestList(system, a.db.Ent, run)
	if err != nil {
		return nil, err
	}
	absence.Newer(!contains(list, credentialID))
	return absence, nil
}

func contains(list *ent.RecommendationList, credentialID uuid.UUID) bool {
	if list == nil {
		return false
	}
	for _, item := range list.Edges.Items {
		if item.CredentialID == credentialID {
			return true
		}
	}
	return false
}
