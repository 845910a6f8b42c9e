package jobs

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	entsql "entgo.io/ent/dialect/sql"
	"github.com/google/uuid"
	"github.com/lib/pq"
	"github.com/riverqueue/river/rivertype"

	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/internal/audit"
	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/internal/problem"
	"github.com/rubrica/rubrica/internal/progress"
)

// MaxReason is how long the reason of Cancel may be, in characters.
const MaxReason = 500

// Inspector changes jobs for admins. Every change leaves an audit event in its transaction. Errors are
// *problem.Problem where the caller can put them right, and privacy.Deny for who is no admin.
type Inspector struct {
	db       *database.DB
	queue    *Queue
	notifier *progress.Notifier
}

// NewInspector makes an inspector of the queue.
func NewInspector(db *database.DB, queue *Queue, notifier *progress.Notifier) *Inspector {
	return &Inspector{db: db, queue: queue, notifier: notifier}
}

// Retry has a job that has failed, was cancelled or waits for its time tried again at once. It does not
// bring back a run that was given up: another run, by submission, leaves the history as it was.
func (i *Inspector) Retry(ctx context.Context, id uuid.UUID) (*Job, error) {
	return i.change(ctx, id, func(tx *database.Tx, job *Job) error {
		if !job.waits(time.Now()) && !job.ended() || job.State == StateCompleted {
			return problem.New("jobId", problem.WrongState, retryRefused[job.State])
		}
		if job.RunID != nil {
			if err := workable(ctx, tx.SQL, job); err != nil {
				return err
			}
		}
		if _, err := i.queue.client.JobRetryTx(ctx, tx.SQL, job.Number); err != nil {
			return fmt.Errorf("having the job tried again: %w", err)
		}
		return audit.Record(ctx, tx.Ent, enums.AuditJobRetry, enums.TargetJob, id, about(job))
	})
}

var retryRefused = map[State]string{
	StateRunning:   "A worker has the job. Wait until it has ended, or cancel it first.",
	StateAvailable: "The job waits for a worker already.",
	StateCompleted: "The job is done. There is nothing to try again.",
}

// workable refuses a job whose run it could do nothing for.
func workable(ctx context.Context, tx *sql.Tx, job *Job) error {
	var stage enums.Stage
	err := tx.QueryRowContext(ctx, `SELECT stage FROM scoring_runs WHERE id = $1`, *job.RunID).Scan(&stage)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return problem.New("jobId", problem.WrongState, "The scoring run of this job does not exist any more.")
	case err != nil:
		return fmt.Errorf("reading the job's run: %w", err)
	case stage == enums.StageFailed:
		return problem.New("jobId", problem.WrongState,
			"The scoring run of this job was given up. Have the essay scored anew with essayRetry.")
	}
	for _, s := range job.stages() {
		if s == stage {
			return nil
		}
	}
	return problem.New("jobId", problem.WrongState, "The scoring run has gone past this job. There is nothing to try again.")
}

// stages are those of a run that waits for the job; none for a job that works for no run.
func (j *Job) stages() []enums.Stage {
	switch j.Kind {
	case KindScore:
		return scorable
	case KindRecommend:
		return recommendable
	default:
		return nil
	}
}

// Cancel stops a job that has not ended, and ends the run that waits for it as FAILED; its learner
// reads the reason (1 to MaxReason characters). A job that a worker has is still RUNNING in what is
// returned: River tells the worker when the change commits, and should that be lost, the worker finds
// at its next statement that the run has ended.
//
// The run is ended here and not by the worker, so that nothing that dies meanwhile can keep it: from
// this commit on, no statement of a worker finds the run, and the sweep does not see it.
func (i *Inspector) Cancel(ctx context.Context, id uuid.UUID, reason string) (*Job, error) {
	if err := inspect(ctx); err != nil {
		return nil, err
	}
	reason = strings.TrimSpace(reason)
	if n := utf8.RuneCountInString(reason); n < 1 || n > MaxReason || !database.Storable(reason) {
		return nil, problem.New("reason", problem.Invalid,
			fmt.Sprintf("Give a reason of 1 to %d characters of UTF-8, none of them NUL.", MaxReason))
	}
	ended := false
	job, err := i.change(ctx, id, func(tx *database.Tx, job *Job) (err error) {
		if job.ended() {
			return problem.New("jobId", problem.WrongState, "The job has ended already.")
		}
		if job.RunID != nil {
			if ended, err = stop(ctx, tx.SQL, job, reason); err != nil {
				return err
			}
			if !ended && job.State == StateRunning {
				return problem.New("jobId", problem.WrongState,
					"The job has just done its work. Look for the next one of its scoring run.")
			}
		}
		if job.Kind == KindCalibrate {
			if err := stopFit(ctx, tx.SQL, job.Number, reason); err != nil {
				return err
			}
		}
		if _, err := i.queue.client.JobCancelTx(ctx, tx.SQL, job.Number); err != nil {
			return fmt.Errorf("cancelling the job: %w", err)
		}
		detail := about(job)
		detail["reason"] = reason
		return audit.Record(ctx, tx.Ent, enums.AuditJobCancel, enums.TargetJob, id, detail)
	})
	if err == nil && ended {
		i.notifier.Changed(*job.RunID, true)
	}
	return job, err
}

// stop ends the job's run, and tells whether it was waiting for this job.
func stop(ctx context.Context, tx *sql.Tx, job *Job, reason string) (bool, error) {
	result, err := tx.ExecContext(ctx, `UPDATE scoring_runs SET `+failed+` WHERE id = $1 AND stage = ANY($2)`,
		*job.RunID, pq.Array(job.stages()), string(enums.FailureCancelled), "An admin stopped the scoring: "+reason)
	if err != nil {
		return false, fmt.Errorf("ending the job's run: %w", err)
	}
	n, err := result.RowsAffected()
	if err != nil {
		return false, fmt.Errorf("ending the job's run: %w", err)
	}
	return n > 0, nil
}

// change locks a job, changes it in a transaction, and returns it as it is then.
func (i *Inspector) change(ctx context.Context, id uuid.UUID, fn func(*database.Tx, *Job) error) (changed *Job, err error) {
	if err := inspect(ctx); err != nil {
		return nil, err
	}
	number, ok := numberOf(id)
	if !ok {
		return nil, errNoJob
	}
	err = i.db.InTx(ctx, func(tx *database.Tx) error {
		var locked int64
		err := tx.SQL.QueryRowContext(ctx, `SELECT id FROM river_job WHERE id = $1 FOR UPDATE`, number).Scan(&locked)
		if errors.Is(err, sql.ErrNoRows) {
			return errNoJob
		}
		if err != nil {
			return fmt.Errorf("locking the job: %w", err)
		}
		job, err := i.get(ctx, tx.SQL, number)
		if err != nil {
			return err
		}
		if err := fn(tx, job); err != nil {
			return err
		}
		changed, err = i.get(ctx, tx.SQL, number)
		return err
	})
	if errors.Is(err, rivertype.ErrNotFound) {
		return nil, errNoJob
	}
	if err != nil {
		return nil, err
	}
	return changed, nil
}

var errNoJob = problem.New("jobId", problem.NotFound, "There is no such job. Ended ones are kept for a day, failed ones for a week.")

// get reads a job inside of a transaction.
func (i *Inspector) get(ctx context.Context, tx *sql.Tx, number int64) (*Job, error) {
	s := Jobs(i.db, Filter{}).selector(jobColumns)
	s.Select("*").Where(entsql.EQ(s.C(ColumnNumber), number))
	list, err := readJobs(ctx, tx, s)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 { // of a kind that this version does not know
		return nil, errNoJob
	}
	return list[0], nil
}

// about is what the trail keeps of a job, whose row will be gone.
func about(job *Job) map[string]string {
	detail := map[string]string{"kind": string(job.Kind), "state": string(job.State)}
	if job.RunID != nil {
		detail["run"] = job.RunID.String()
	}
	return detail
}
