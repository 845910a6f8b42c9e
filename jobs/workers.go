package jobs

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/internal/bypass"
	"github.com/rubrica/rubrica/internal/calibrations"
	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/internal/logging"
	"github.com/rubrica/rubrica/internal/progress"
	"github.com/rubrica/rubrica/rag"
	"github.com/rubrica/rubrica/recommend"
	"github.com/rubrica/rubrica/scoring"
	learnt "github.com/rubrica/rubrica/scoring/calibration"
	"github.com/rubrica/rubrica/scoring/llm"
)

// Embedder makes the vectors of essays and of reference texts.
type Embedder interface {
	scoring.Embedder
	Dimensions() int
}

// Deps is what the workers work with.
type Deps struct {
	DB       *database.DB
	Queue    *Queue
	Notifier *progress.Notifier
	Embedder Embedder
	Engine   scoring.Engine
	LLM      *llm.Engine // for tracks that agree; nil: none
	// Calibrations are told which one is on before an essay is scored; nil: Engine knows of none. Support is
	// what they are fitted with, the same that Engine scores with.
	Calibrations *calibrations.Active
	Support      learnt.Support
	Index        *rag.Index
	Recommender  *recommend.Recommender
	Log          *slog.Logger
	Workers      int           // essays at the same time; 0: one a processor core
	JobTimeout   time.Duration // of one try; 0: a minute
	// RetryDelays are the waits before the second and each later try, the last one repeated; nil:
	// half a second, two, five. What fails here fails for a moment (a lost connection), or for good.
	RetryDelays []time.Duration
}

// Workers works the jobs of one process.
type Workers struct {
	deps      Deps
	pool      *pgxpool.Pool
	client    *river.Client[pgx.Tx]
	questions *questions
	trainer   *recommend.Trainer
	stopSweep context.CancelFunc
	swept     chan struct{}
}

// How River is tuned. Its defaults are for slow jobs: here a learner watches.
const (
	fetchCooldown = 2 * time.Millisecond
	fetchPoll     = 50 * time.Millisecond
	indexEvery    = 30 * time.Second
	indexBatch    = 500 // vectors that one job computes
	keepEnded     = 24 * time.Hour
	keepFailed    = 7 * 24 * time.Hour
)

// NewWorkers prepares the workers; Start sets them to work.
func NewWorkers(deps Deps) (*Workers, error) {
	if deps.Workers <= 0 {
		deps.Workers = runtime.GOMAXPROCS(0)
	}
	if deps.JobTimeout <= 0 {
		deps.JobTimeout = time.Minute
	}
	if len(deps.RetryDelays) == 0 {
		deps.RetryDelays = []time.Duration{500 * time.Millisecond, 2 * time.Second, 5 * time.Second}
	}
	config, err := pgxpool.ParseConfig(deps.DB.URL)
	if err != nil {
		return nil, fmt.Errorf("the job workers do not understand the database's address: %w", err)
	}
	config.MaxConns = 4 // River's own fetching and bookkeeping; the work itself uses the main pool
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		return nil, fmt.Errorf("opening the job workers' pool: %w", err)
	}
	w := &Workers{deps: deps, pool: pool, questions: newQuestions(deps.DB, deps.Embedder, deps.Calibrations), trainer: recommend.NewTrainer(deps.DB, deps.Log), swept: make(chan struct{})}
	kinds := river.NewWorkers()
	river.AddWorker(kinds, &scoreWorker{w: w})
	river.AddWorker(kinds, &recommendWorker{w: w})
	river.AddWorker(kinds, &indexWorker{w: w})
	river.AddWorker(kinds, &rescoreWorker{w: w})
	river.AddWorker(kinds, &calibrateWorker{w: w})
	river.AddWorker(kinds, &relistWorker{w: w})
	river.AddWorker(kinds, &learnWorker{w: w})
	river.AddWorker(kinds, &refitWorker{w: w})
	w.client, err = river.NewClient(riverpgxv5.New(pool), &river.Config{
		Schema:  deps.DB.Schema,
		Workers: kinds,
		Queues: map[string]river.QueueConfig{queueScoring: {MaxWorkers: deps.Workers}, queueIndex: {MaxWorkers: 1},
			queueCalibration: {MaxWorkers: 1}, queueRelist: {MaxWorkers: 2}, queueLearning: {MaxWorkers: 1}},
		FetchCooldown:     fetchCooldown,
		FetchPollInterval: fetchPoll,
		JobTimeout:        deps.JobTimeout,
		// The sweep below rescues essays within seconds; this is for the rest.
		RescueStuckJobsAfter: deps.JobTimeout + time.Minute,
		// How long ended jobs can be looked at.
		CompletedJobRetentionPeriod: keepEnded,
		CancelledJobRetentionPeriod: keepEnded,
		DiscardedJobRetentionPeriod: keepFailed,
		RetryPolicy:                 retries(deps.RetryDelays),
		Logger:                      quiet(deps.Log),
		PeriodicJobs: []*river.PeriodicJob{river.NewPeriodicJob(river.PeriodicInterval(indexEvery),
			func() (river.JobArgs, *river.InsertOpts) { return IndexArgs{}, nil },
			&river.PeriodicJobOpts{}),
			river.NewPeriodicJob(river.PeriodicInterval(learnEvery),
				func() (river.JobArgs, *river.InsertOpts) { return LearnArgs{}, nil }, &river.PeriodicJobOpts{})},
	})
	if err != nil {
		pool.Close()
		return nil, fmt.Errorf("making the job workers: %w", err)
	}
	return w, nil
}

// Start begins to work jobs. The context bounds starting only.
func (w *Workers) Start(ctx context.Context) error {
	if err := w.client.Start(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("starting the job workers: %w", err)
	}
	if err := w.deps.Queue.RefreshIndex(ctx); err != nil {
		return err
	}
	sweepCtx, cancel := context.WithCancel(bypass.Context(context.WithoutCancel(ctx)))
	w.stopSweep = cancel
	go w.sweepForever(sweepCtx)
	return nil
}

// Stop lets the jobs at hand end and takes no new ones. When the context ends first, they are
// cancelled; other workers take them up.
func (w *Workers) Stop(ctx context.Context) error {
	if w.stopSweep != nil {
		w.stopSweep()
		<-w.swept
	}
	defer w.pool.Close()
	err := w.client.Stop(ctx)
	if err == nil {
		return nil
	}
	hard, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := w.client.StopAndCancel(hard); err != nil {
		return fmt.Errorf("stopping the job workers: %w", err)
	}
	return nil
}

// Working tells whether the workers are up, for readiness.
func (w *Workers) Working(ctx context.Context) error {
	if err := w.pool.Ping(ctx); err != nil {
		return fmt.Errorf("the job workers' connection: %w", err)
	}
	return nil
}

// retries are the waits before further tries.
type retries []time.Duration

// NextRetry implements River's retry policy.
func (r retries) NextRetry(job *rivertype.JobRow) time.Time {
	return time.Now().Add(r[min(max(len(job.Errors), 1), len(r))-1])
}

// attempt does the work on a claimed run, and settles what an error means for it: another try, or
// the end. stages are those that the run may be in, first the one it enters.
func (w *Workers) attempt(ctx context.Context, job *rivertype.JobRow, run uuid.UUID, stages []enums.Stage, work func(context.Context, *claim) error) error {
	ctx = bypass.Context(logging.With(ctx, slog.String(logging.RunID, run.String()), slog.Int64(logging.JobID, job.ID)))
	c, err := claimRun(ctx, w.deps.DB, run, stages, stages[0])
	if errors.Is(err, errNotOurs) {
		return w.overtaken(ctx, run)
	}
	if err != nil {
		return err
	}
	ctx = logging.With(ctx, slog.String(logging.EssayID, c.essay.String()))
	w.deps.Notifier.Changed(run, false)

	working, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop := c.keepAlive(working, cancel)
	err = protect(func() error { return work(working, c) })
	stop()
	if errors.Is(err, errNotOurs) || errors.Is(context.Cause(working), errNotOurs) {
		w.deps.Log.InfoContext(ctx, "the run was ended, or another worker has taken it over")
		return w.overtaken(ctx, run)
	}
	if err == nil {
		return nil
	}
	if errors.Is(context.Cause(ctx), river.ErrJobCancelledRemotely) {
		w.deps.Log.InfoContext(ctx, "an admin has stopped the job")
		return err // with which River ends the job; the run was ended with the order to stop
	}

	// A worker that is stopped has not failed: whoever comes next goes on.
	last := job.Attempt >= job.MaxAttempts && !errors.Is(err, context.Canceled)
	w.deps.Log.ErrorContext(ctx, "scoring failed", "stage", stages[0], "try", job.Attempt, "last", last, "error", err, stackOf(err))
	settle, cancelSettle := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancelSettle()
	if scoring.Retryable(err) && !last {
		if released := c.release(settle); released != nil {
			w.deps.Log.WarnContext(ctx, "the run could not be released; its lease will run out", "error", released)
		}
		return err
	}
	code, message := failureOf(err)
	if failed := c.fail(settle, w.deps.DB.SQL, code, message); failed != nil {
		if errors.Is(failed, errNotOurs) {
			return nil
		}
		return errors.Join(err, failed) // the sweep ends it later
	}
	w.deps.Notifier.Changed(run, true)
	// River discards a job that has used up its tries; it has no word for one that no other try can
	// help. A cancelled job is one that a person stopped.
	job.MaxAttempts = job.Attempt
	return err
}

// errStopped ends a job whose run was stopped by a person.
var errStopped = errors.New("an admin has stopped the scoring run")

// overtaken ends a job whose run has ended or is in other hands. When a person has stopped the run, the
// job is cancelled, whether River's word or the run's row reached it first.
func (w *Workers) overtaken(ctx context.Context, run uuid.UUID) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	var code string
	err := w.deps.DB.SQL.QueryRowContext(ctx, `SELECT failure_code FROM scoring_runs WHERE id = $1`, run).Scan(&code)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err != nil:
		return fmt.Errorf("reading how the run ended: %w", err)
	case enums.FailureCode(code) == enums.FailureCancelled:
		return river.JobCancel(errStopped)
	}
	return nil
}

// failureOf tells people why a run was given up. What went wrong inside is for the log.
func failureOf(err error) (enums.FailureCode, string) {
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return enums.FailureTimeout, "Scoring took longer than it may. Try again; if it happens again, ask the operator."
	case !scoring.Retryable(err):
		return enums.FailureUnscorable, "This essay cannot be scored as it is. The operator's log tells why."
	default:
		return enums.FailureInternal, "Something went wrong while scoring. Try again; if it happens again, ask the operator."
	}
}

// protect turns a panic into an error, so that the run is settled and not only the job.
func protect(work func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &panicked{p, debug.Stack()}
		}
	}()
	return work()
}

// panicked is a panic. Its stack is for the log; the message is kept with the job, for admins.
type panicked struct {
	value any
	stack []byte
}

func (p *panicked) Error() string { return fmt.Sprintf("panic: %v", p.value) }

// stackOf is where an error came from, when it was a panic.
func stackOf(err error) slog.Attr {
	if p := (*panicked)(nil); errors.As(err, &p) {
		return slog.String("stack", string(p.stack))
	}
	return slog.Attr{}
}

// quiet keeps River's routine messages out of the log.
func quiet(log *slog.Logger) *slog.Logger {
	return slog.New(atLeast{log.Handler(), slog.LevelWarn})
}

type atLeast struct {
	slog.Handler
	level slog.Level
}

func (h atLeast) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= h.level && h.Handler.Enabled(ctx, level)
}

func (h atLeast) WithAttrs(attrs []slog.Attr) slog.Handler {
	return atLeast{h.Handler.WithAttrs(attrs), h.level}
}

func (h atLeast) WithGroup(name string) slog.Handler {
	return atLeast{h.Handler.WithGroup(name), h.level}
}
