package jobs

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/lib/pq"

	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/internal/database"
)

// lease is how long a claim on a run holds without a sign of life. A worker that dies is replaced
// after at most this time and one sweep.
const (
	lease     = 10 * time.Second
	heartbeat = 3 * time.Second
)

// errNotOurs says that a run is finished, or that another worker has it: there is nothing to do.
var errNotOurs = errors.New("the run is finished, or another worker has it")

// claim is a worker's hold on a run. The attempt is its fence: a later claim raises it, and from then
// on every statement of this one finds no row.
type claim struct {
	db      *database.DB
	run     uuid.UUID
	essay   uuid.UUID
	attempt int
}

// claimRun takes hold of a run that is in one of the stages and that nobody else holds, and puts it
// into the stage first. It returns errNotOurs otherwise.
func claimRun(ctx context.Context, db *database.DB, run uuid.UUID, from []enums.Stage, first enums.Stage) (*claim, error) {
	c := &claim{db: db, run: run}
	err := db.SQL.QueryRowContext(ctx, `
		UPDATE scoring_runs
		SET attempt = attempt + 1, lease_until = now() + make_interval(secs => $4),
		    stage = $2, percent = $3, seq = seq + 1, changed_at = now(),
		    started_at = coalesce(started_at, now())
		WHERE id = $1 AND stage = ANY($5)
		  AND (lease_until IS NULL OR lease_until < now())
		RETURNING essay_id, attempt`,
		run, string(first), first.Percent(), lease.Seconds(), pq.Array(from),
	).Scan(&c.essay, &c.attempt)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, errNotOurs
	case err != nil:
		return nil, fmt.Errorf("claiming the run: %w", err)
	}
	return c, nil
}

// execer is a pool or a transaction.
type execer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// advance puts the run into a stage and prolongs the lease.
func (c *claim) advance(ctx context.Context, stage enums.Stage) error {
	return c.update(ctx, c.db.SQL, `stage = $3, percent = $4, seq = seq + 1, changed_at = now(),
		lease_until = now() + make_interval(secs => $5)`, string(stage), stage.Percent(), lease.Seconds())
}

// update changes the run if the claim still holds; else it returns errNotOurs. Placeholders of the
// assignments begin with $3.
func (c *claim) update(ctx context.Context, on execer, assignments string, args ...any) error {
	result, err := on.ExecContext(ctx, `UPDATE scoring_runs SET `+assignments+`
		WHERE id = $1 AND attempt = $2 AND stage NOT IN ('COMPLETED', 'FAILED')`,
		append([]any{c.run, c.attempt}, args...)...)
	if err != nil {
		return fmt.Errorf("updating the run: %w", err)
	}
	n, err := result.RowsAffected()
	if err != nil {
		return fmt.Errorf("updating the run: %w", err)
	}
	if n == 0 {
		return errNotOurs
	}
	return nil
}

// keepOverall gives the essay the overall score (in percent) of this run, the number'th of the essay, if
// no later run has one. A later run begins when this one has ended, and from then on update finds no row,
// so that this comes late only if somebody writes past the claim; the condition holds all the same.
func (c *claim) keepOverall(ctx context.Context, on execer, number int, percent float64) error {
	_, err := on.ExecContext(ctx, `UPDATE essays SET overall_percent = $2 WHERE id = $1 AND NOT EXISTS (
		SELECT FROM scoring_runs later
		WHERE later.essay_id = $1 AND later.number > $3 AND later.overall_percent IS NOT NULL)`,
		c.essay, percent, number)
	if err != nil {
		return fmt.Errorf("keeping the overall score with the essay: %w", err)
	}
	return nil
}

// release gives the run back, so that the next try need not wait for the lease to run out.
func (c *claim) release(ctx context.Context) error {
	return c.update(ctx, c.db.SQL, `lease_until = NULL`)
}

// failed are the assignments that end a run without success; $3 is the code and $4 the message.
const failed = `stage = 'FAILED', percent = 100, seq = seq + 1, changed_at = now(),
	finished_at = now(), lease_until = NULL, failure_code = $3, failure_message = $4`

// fail ends the run.
func (c *claim) fail(ctx context.Context, on execer, code enums.FailureCode, message string) error {
	return c.update(ctx, on, failed, string(code), message)
}

// prolong is a sign of life. A lease that was given up, by the transaction that hands the run on to the
// next job, stays so: this may have waited for that transaction's lock, and a lease that nobody holds
// would keep the next job away until it runs out.
func (c *claim) prolong(ctx context.Context) error {
	return c.update(ctx, c.db.SQL, `lease_until = CASE WHEN lease_until IS NOT NULL THEN now() + make_interval(secs => $3) END`, lease.Seconds())
}

// keepAlive prolongs the lease until the returned function is called. It stops by itself when the
// claim is lost, and cancels the work.
func (c *claim) keepAlive(ctx context.Context, lost context.CancelCauseFunc) (stop func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(heartbeat)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-ctx.Done():
				return
			case <-tick.C:
				if err := c.prolong(ctx); errors.Is(err, errNotOurs) {
					lost(errNotOurs)
					return
				}
			}
		}
	}()
	return func() { close(done); <-ended }
}
