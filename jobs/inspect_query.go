package jobs

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	"github.com/google/uuid"
	"github.com/lib/pq"

	"github.com/rubrica/rubrica/internal/database"
)

// Bounds of what is shown of a job.
const (
	maxErrors  = 25
	maxMessage = 2000 // characters
	// maxCount is where counting stops.
	maxCount = 25_001
)

// Columns of a Query by which its rows can be narrowed and ordered.
const (
	ColumnNumber = "number" // Job.Number, a bigint; as an index has it
	ColumnID     = "id"     // Job.UUID
)

// Filter narrows a list of jobs; what is nil keeps all.
type Filter struct {
	States []State // one of these; an empty list keeps none
	Kind   *Kind
	RunID  *uuid.UUID
}

// Query reads jobs. It has the methods of the queries that ent generates.
type Query struct {
	db     *database.DB
	filter Filter
	where  []func(*entsql.Selector)
}

// Jobs begins a query. Reading fails with privacy.Deny for who is no admin.
func Jobs(db *database.DB, filter Filter) *Query { return &Query{db: db, filter: filter} }

// WhereP narrows, orders or limits the query by ColumnNumber and ColumnID.
func (q *Query) WhereP(list ...func(*entsql.Selector)) { q.where = append(q.where, list...) }

// All reads the jobs, with one statement.
func (q *Query) All(ctx context.Context) ([]*Job, error) {
	if err := inspect(ctx); err != nil {
		return nil, err
	}
	s := q.selector(jobColumns)
	s.Select("*")
	return readJobs(ctx, q.db.SQL, s)
}

// Count counts the jobs, up to 25 001.
func (q *Query) Count(ctx context.Context) (n int, err error) {
	if err := inspect(ctx); err != nil {
		return 0, err
	}
	s := q.selector(entsql.Raw(`lpad(to_hex(j.id), 32, '0')::uuid AS id, j.id AS number`))
	s.Select(ColumnNumber).Limit(maxCount)
	text, args := entsql.Dialect(dialect.Postgres).Select(entsql.Count("*")).From(s.As("counted")).Query()
	if err := q.db.SQL.QueryRowContext(ctx, text, args...).Scan(&n); err != nil {
		return 0, fmt.Errorf("counting jobs: %w", err)
	}
	return n, nil
}

// jobColumns are the columns that scanJob reads, in its order. Errors are cut to what is shown before
// they leave the database; River's traces stay there.
var jobColumns = entsql.Raw(fmt.Sprintf(`lpad(to_hex(j.id), 32, '0')::uuid AS id, j.id AS number,
	j.kind, j.state, j.attempt, j.max_attempts, j.created_at, j.scheduled_at, j.attempted_at, j.finalized_at,
	(SELECT jsonb_agg(jsonb_build_object('attempt', e->'attempt', 'at', e->'at', 'error', left(e->>'error', %d)) ORDER BY n)
		FROM unnest(j.errors) WITH ORDINALITY AS t (e, n) WHERE n > cardinality(j.errors) - %d) AS errors,
	j.args->>'run_id' AS run_id`, maxMessage, maxErrors))

// selector is a query of the filtered rows, which conditions are added to.
func (q *Query) selector(columns entsql.Querier) *entsql.Selector {
	b := entsql.Dialect(dialect.Postgres)
	j := b.Table("river_job").As("j")
	rows := b.SelectExpr(columns).From(j).Where(condition("j.kind = ANY(", pq.Array(kinds(q.filter.Kind)), ")"))
	if q.filter.States != nil {
		states := make([]string, len(q.filter.States))
		for i, s := range q.filter.States {
			states[i] = strings.ToLower(string(s))
		}
		rows.Where(condition("j.state = ANY(", pq.Array(states), "::river_job_state[])"))
	}
	if q.filter.RunID != nil {
		rows.Where(condition("j.args @> jsonb_build_object('run_id', ", q.filter.RunID.String(), "::text)"))
	}
	// Not a subquery, through which the selector would see the table's own columns. Postgres inlines it.
	jobs := b.With("jobs").As(rows)
	s := b.Select().From(b.Table("jobs")).Prefix(jobs)
	for _, where := range q.where {
		where(s)
	}
	return s
}

// condition is one with a single argument in it.
func condition(before string, arg any, behind string) *entsql.Predicate {
	return entsql.P(func(b *entsql.Builder) { b.WriteString(before).Arg(arg).WriteString(behind) })
}

// kinds are River's names of what is asked for; of a kind that this version does not know (a newer one
// may be working beside it) nothing is shown.
func kinds(only *Kind) []string {
	if only != nil {
		return []string{strings.ToLower(string(*only))}
	}
	return []string{ScoreArgs{}.Kind(), RecommendArgs{}.Kind(), IndexArgs{}.Kind(), RescoreArgs{}.Kind(), CalibrateArgs{}.Kind()}
}

// Find reads the jobs with these ids (see Job.UUID), with one statement. Those that do not exist are
// left out. It fails with privacy.Deny for who is no admin.
func Find(ctx context.Context, db *database.DB, ids []uuid.UUID) (map[uuid.UUID]*Job, error) {
	numbers := make([]int64, 0, len(ids))
	for _, id := range ids {
		if n, ok := numberOf(id); ok {
			numbers = append(numbers, n)
		}
	}
	q := Jobs(db, Filter{})
	q.WhereP(func(s *entsql.Selector) {
		s.Where(condition(s.C(ColumnNumber)+" = ANY(", pq.Array(numbers), ")"))
	})
	list, err := q.All(ctx)
	if err != nil {
		return nil, err
	}
	found := make(map[uuid.UUID]*Job, len(list))
	for _, j := range list {
		found[j.UUID()] = j
	}
	return found, nil
}

// Counts are how many jobs of each kind are in each state, without those of which there are none;
// ordered by kind and state. It fails with privacy.Deny for who is no admin.
func Counts(ctx context.Context, db *database.DB) (list []*Count, err error) {
	if err := inspect(ctx); err != nil {
		return nil, err
	}
	rows, err := db.SQL.QueryContext(ctx, `SELECT kind, state, count(*) FROM river_job
		WHERE kind = ANY($1) GROUP BY kind, state ORDER BY kind, state`, pq.Array(kinds(nil)))
	if err != nil {
		return nil, fmt.Errorf("counting jobs: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	list = []*Count{}
	for rows.Next() {
		var kind, state string
		var n int64
		if err := rows.Scan(&kind, &state, &n); err != nil {
			return nil, fmt.Errorf("counting jobs: %w", err)
		}
		list = append(list, &Count{Kind(strings.ToUpper(kind)), State(strings.ToUpper(state)), int(min(n, math.MaxInt32))})
	}
	return list, rows.Err()
}

type queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func readJobs(ctx context.Context, on queryer, s *entsql.Selector) (list []*Job, err error) {
	text, args := s.Query()
	rows, err := on.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, fmt.Errorf("reading jobs: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		j, err := scanJob(rows)
		if err != nil {
			return nil, fmt.Errorf("reading jobs: %w", err)
		}
		list = append(list, j)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading jobs: %w", err)
	}
	return list, nil
}

func scanJob(rows *sql.Rows) (*Job, error) {
	var (
		j           Job
		id          uuid.UUID
		kind, state string
		tries       []byte
		run         sql.NullString
	)
	if err := rows.Scan(&id, &j.Number, &kind, &state, &j.Attempt, &j.MaxAttempts, &j.CreatedAt, &j.ScheduledAt,
		&j.AttemptedAt, &j.FinalizedAt, &tries, &run); err != nil {
		return nil, err
	}
	j.Kind, j.State = Kind(strings.ToUpper(kind)), State(strings.ToUpper(state))
	if run.Valid {
		key, err := uuid.Parse(run.String)
		if err != nil {
			return nil, fmt.Errorf("the job %d names no run: %w", j.Number, err)
		}
		j.RunID = &key
	}
	if tries != nil {
		var list []struct {
			Attempt int
			At      time.Time
			Error   string
		}
		if err := json.Unmarshal(tries, &list); err != nil {
			return nil, fmt.Errorf("the errors of the job %d: %w", j.Number, err)
		}
		j.Errors = make([]TryError, len(list))
		for i, e := range list {
			j.Errors[i] = TryError{e.Attempt, e.At, e.Error}
		}
	}
	return &j, nil
}

// waits tells whether the job has a time to wait for that another try need not wait for.
func (j *Job) waits(now time.Time) bool {
	return j.State == StateAvailable && j.ScheduledAt.After(now) ||
		slices.Contains([]State{StateScheduled, StatePending, StateRetryable}, j.State)
}

// ended tells whether the job will not be tried again by itself.
func (j *Job) ended() bool {
	return slices.Contains([]State{StateCompleted, StateDiscarded, StateCancelled}, j.State)
}
