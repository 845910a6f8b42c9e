// Package jobs does the work that a request only asks for: it scores essays, recommends, and keeps
// the search index current. Jobs live in Postgres (River) and commit together with the rows that
// asked for them.
//
// Every job can run twice, and any process can die at any moment: what a scoring run may become next
// is decided by fenced statements on its row (see run.go), never by the job.
package jobs

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/google/uuid"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"

	"github.com/rubrica/rubrica/internal/database"
)

// Queues, so that indexing never keeps an essay waiting.
const (
	queueScoring = "scoring"
	queueIndex   = "index"
)

// ScoreArgs asks for a run's scores and explanations.
type ScoreArgs struct {
	RunID uuid.UUID `json:"run_id"`
}

// Kind names the job.
func (ScoreArgs) Kind() string { return "score_essay" }

// InsertOpts of the job.
func (ScoreArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queueScoring, MaxAttempts: maxAttempts, Priority: 2}
}

// RecommendArgs asks for a run's recommendations.
type RecommendArgs struct {
	RunID uuid.UUID `json:"run_id"`
}

// Kind names the job.
func (RecommendArgs) Kind() string { return "recommend" }

// InsertOpts of the job. What has begun goes before what has not.
func (RecommendArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queueScoring, MaxAttempts: maxAttempts, Priority: 1}
}

// RescoreArgs asks for the runs of a re-scoring to be added.
type RescoreArgs struct {
	RescoringID uuid.UUID `json:"rescoring_id"`
}

// Kind names the job.
func (RescoreArgs) Kind() string { return "rescore_essays" }

// InsertOpts of the job. It is tried on and on: what was added stays, and who asked for it watches.
func (RescoreArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queueScoring, MaxAttempts: 25, Priority: rescorePriority}
}

// IndexArgs asks for the search index to be brought up to date.
type IndexArgs struct{}

// Kind names the job.
func (IndexArgs) Kind() string { return "refresh_index" }

// InsertOpts of the job.
func (IndexArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queueIndex, MaxAttempts: 1}
}

// maxAttempts is how often a job is tried before its run is marked FAILED.
const maxAttempts = 4

// Queue adds jobs inside the transactions that ask for them.
type Queue struct{ client *river.Client[*sql.Tx] }

// NewQueue makes a queue on the database. It works no jobs.
func NewQueue(db *database.DB) (*Queue, error) {
	client, err := river.NewClient(riverdatabasesql.New(db.SQL), &river.Config{
		Schema: db.Schema,
		// River announces the jobs of a queue at most once in this time (by default 100 ms) and leaves
		// the others to be found by polling.
		FetchCooldown: fetchCooldown,
	})
	if err != nil {
		return nil, fmt.Errorf("making the job queue: %w", err)
	}
	return &Queue{client: client}, nil
}

// Score adds the job that scores a run; it is seen when tx commits.
func (q *Queue) Score(ctx context.Context, tx *sql.Tx, run uuid.UUID) error {
	return q.insert(ctx, tx, ScoreArgs{RunID: run})
}

// Recommend adds the job that recommends for a scored run; it is seen when tx commits.
func (q *Queue) Recommend(ctx context.Context, tx *sql.Tx, run uuid.UUID) error {
	return q.insert(ctx, tx, RecommendArgs{RunID: run})
}

// Rescore adds the job that adds the runs of a re-scoring; it is seen when tx commits.
func (q *Queue) Rescore(ctx context.Context, tx *sql.Tx, rescoring uuid.UUID) error {
	return q.insert(ctx, tx, RescoreArgs{RescoringID: rescoring})
}

// scoreLater adds the job that scores a run for which nobody waits.
func (q *Queue) scoreLater(ctx context.Context, tx *sql.Tx, run uuid.UUID) error {
	return q.insertAs(ctx, tx, ScoreArgs{RunID: run}, &river.InsertOpts{Priority: rescorePriority})
}

func (q *Queue) insert(ctx context.Context, tx *sql.Tx, args river.JobArgs) error {
	return q.insertAs(ctx, tx, args, nil)
}

func (q *Queue) insertAs(ctx context.Context, tx *sql.Tx, args river.JobArgs, options *river.InsertOpts) error {
	if _, err := q.client.InsertTx(ctx, tx, args, options); err != nil {
		return fmt.Errorf("adding the job %s: %w", args.Kind(), err)
	}
	return nil
}

// RefreshIndex asks for the search index to be brought up to date now.
func (q *Queue) RefreshIndex(ctx context.Context) error {
	if _, err := q.client.Insert(ctx, IndexArgs{}, nil); err != nil {
		return fmt.Errorf("adding the job %s: %w", IndexArgs{}.Kind(), err)
	}
	return nil
}
