package jobs

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/internal/bypass"
	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/internal/logging"
	"github.com/rubrica/rubrica/recommend"
)

// queueRelist is apart, so that learners who click keep no essay waiting.
const queueRelist = "recommending"

// RelistArgs asks for a learner's lists of recommendations to be made anew, after they did something or
// somebody decided something for them.
type RelistArgs struct {
	LearnerID uuid.UUID `json:"learner_id"`
}

// Kind names the job.
func (RelistArgs) Kind() string { return "refresh_recommendations" }

// InsertOpts of the job.
func (RelistArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queueRelist, MaxAttempts: maxAttempts}
}

// Relist adds the job that makes a learner's lists anew; it is seen when tx commits.
func (q *Queue) Relist(ctx context.Context, tx *sql.Tx, learner uuid.UUID) error {
	return q.insert(ctx, tx, RelistArgs{LearnerID: learner})
}

// relistWorker makes, in each track, the list of the learner's newest scored essay anew. The lists of older
// essays stay as they are: they are history.
type relistWorker struct {
	river.WorkerDefaults[RelistArgs]
	w *Workers
}

// relistRounds bounds how long one job follows a learner who goes on clicking; the catch-up of learning takes
// up what is left.
const relistRounds = 20

// Timeout implements river.Worker.
func (*relistWorker) Timeout(*river.Job[RelistArgs]) time.Duration { return time.Minute }

// Work implements river.Worker. It goes on until no change is left that the lists do not show. Of two that
// work for the same learner, the later one finds nothing to do.
func (r *relistWorker) Work(ctx context.Context, job *river.Job[RelistArgs]) error {
	ctx = bypass.Context(logging.With(ctx, slog.Int64(logging.JobID, job.ID)))
	for range relistRounds {
		changes, err := recommend.ChangesOf(ctx, r.w.deps.DB.SQL, job.Args.LearnerID)
		if err != nil {
			return err
		}
		if changes.Listed >= changes.Seq {
			return nil
		}
		if err := r.relist(ctx, job.Args.LearnerID, changes.Seq); err != nil && !errors.Is(err, errMoved) {
			return err
		}
	}
	return nil
}

// errMoved tells that the learner's essays were scored again meanwhile.
var errMoved = errors.New("the learner has another newest run")

// relist makes the lists with the first seq changes, at least.
func (r *relistWorker) relist(ctx context.Context, learner uuid.UUID, seq int64) error {
	db := r.w.deps.DB
	runs, err := newestRuns(ctx, db.SQL, learner)
	if err != nil {
		return err
	}
	lists := make([]*recommend.List, len(runs))
	of := make([]*ent.ScoringRun, len(runs))
	for i, id := range runs {
		if of[i], err = scoredRun(ctx, db, id); err != nil {
			return err
		}
		question, err := r.w.questions.get(ctx, of[i].RubricID)
		if err != nil {
			return err
		}
		if lists[i], err = r.w.deps.Recommender.Recommend(ctx, learnerOf(of[i], question)); err != nil {
			return err
		}
	}
	return db.InTx(ctx, func(tx *database.Tx) error {
		held, err := recommend.HoldChanges(ctx, tx.SQL, learner)
		if err != nil || held.Listed >= seq {
			return err // another one was faster
		}
		if now, err := newestRuns(ctx, tx.SQL, learner); err != nil || !slices.Equal(now, runs) {
			return errors.Join(err, errMoved)
		}
		for i := range runs {
			shown, err := newestList(ctx, tx.Ent, runs[i])
			if err != nil {
				return err
			}
			number := 1
			if shown != nil {
				number = shown.Number + 1
			}
			if shown != nil && same(shown, lists[i]) {
				continue
			}
			if err := writeRecommendations(ctx, tx.Ent, of[i], number, lists[i]); err != nil {
				return err
			}
		}
		return recommend.Listed(ctx, tx.SQL, learner, seq)
	})
}

// newestRuns are the learner's newest completed run in each track, by track.
func newestRuns(ctx context.Context, q interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}, learner uuid.UUID) ([]uuid.UUID, error) {
	rows, err := q.QueryContext(ctx, `
		SELECT DISTINCT ON (r.track_id) r.id FROM scoring_runs r
		WHERE r.owner_id = $1 AND r.stage = 'COMPLETED' AND NOT EXISTS (
			SELECT FROM scoring_runs later WHERE later.essay_id = r.essay_id AND later.number > r.number AND later.stage = 'COMPLETED')
		ORDER BY r.track_id, r.finished_at DESC, r.id DESC`, learner)
	if err != nil {
		return nil, fmt.Errorf("reading the learner's newest runs: %w", err)
	}
	return scanIDs(rows)
}

// same tells whether a list says what is shown already. What it was made with alone makes no new one.
func same(shown *ent.RecommendationList, list *recommend.List) bool {
	if shown.Note != list.Note || shown.Degraded != list.Degraded || !slices.Equal([]string(shown.Unserved), list.Unserved) ||
		len(shown.Edges.Items) != len(list.Items) {
		return false
	}
	for i, was := range shown.Edges.Items {
		item := list.Items[i]
		if was.CredentialID != item.CredentialID || was.Step != item.Step || was.Score != item.Score || was.Rationale != item.Rationale ||
			!slices.Equal([]string(was.Relaxed), []string(relaxed(item.Relaxed))) || !slices.Equal(was.Parts, item.Parts) {
			return false
		}
	}
	return true
}
