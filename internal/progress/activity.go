package progress

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"

	"github.com/rubrica/rubrica/ent/cohort"
	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/ent/essay"
	"github.com/rubrica/rubrica/ent/membership"
	"github.com/rubrica/rubrica/ent/question"
	"github.com/rubrica/rubrica/ent/scoringrun"
	"github.com/rubrica/rubrica/ent/track"
	"github.com/rubrica/rubrica/ent/user"
	"github.com/rubrica/rubrica/ent/visibility"
	"github.com/rubrica/rubrica/internal/viewer"
)

const (
	newestChanges = 20
	rateMinutes   = 5

	// As the partial index scoringrun_unfinished has it.
	unfinished = "stage NOT IN ('COMPLETED', 'FAILED')"
	// Runs that ended in the last hour, and of those the ones that count for the rate.
	endedLately = "finished_at > now() - interval '1 hour'"
	endedRecent = "finished_at > now() - interval '5 minutes'"
)

// snapshotSeq is Activity.Seq: how many transactions the snapshot s has seen end. Transaction ids
// are handed out in order; a snapshot knows the first one that had not been handed out (or had not
// ended) when it was taken, xmax, and those below that were still running, xip. What lies below xmax
// and is not in xip had ended.
//
// Transactions do not un-end, so that of two snapshots the later one has seen the same ones end or
// more: seq never falls, equal seq means that the very same transactions were seen, hence the same
// rows, and every commit that a snapshot can see beyond another raises it. It is the same measure on
// every process of one database, and needs no counter row that all writers would queue for. Ids of
// subtransactions raise xmax too, and are never in xip; that adds to the growth and takes nothing
// away, since the id below xmax is always one that has ended.
//
// It must be read from the primary. After a crash of the server the id of a transaction that left
// no trace may be given out again, and a restored dump begins a new count: then a state waits until
// seq has passed the one before (Hub.show).
const snapshotSeq = "pg_snapshot_xmax(x.s)::text::bigint - (SELECT count(*) FROM pg_snapshot_xip(x.s))"

// advanceSeq ends a transaction with an id, so that seq grows.
func (h *Hub) advanceSeq(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, h.options.ReadTimeout)
	defer cancel()
	h.stats.activityReads.Add(1)
	if _, err := h.db.SQL.ExecContext(ctx, "SELECT pg_current_xact_id()"); err != nil {
		h.stats.fail.Add(1)
		return fmt.Errorf("advancing the sequence of scoring activity: %w", err)
	}
	return nil
}

// mayWatch returns ErrNotFound unless the scope exists and the viewer, an advisor or an admin, may
// watch it.
func (h *Hub) mayWatch(ctx context.Context, v viewer.Viewer, scope Scope) error {
	if scope.CohortID == nil && scope.TrackID == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, h.options.ReadTimeout)
	defer cancel()
	h.stats.followReads.Add(1)
	b := newBuilder()
	b.WriteString("SELECT ")
	writeAllowed(b, v, scope)
	statement, args, err := finish(b)
	if err != nil {
		return err
	}
	var allowed bool
	if err := h.db.SQL.QueryRowContext(ctx, statement, args...).Scan(&allowed); err != nil {
		h.stats.fail.Add(1)
		return fmt.Errorf("checking access to a scope of scoring activity: %w", err)
	}
	if !allowed {
		return ErrNotFound
	}
	return nil
}

// readActivity reads a scope's activity in one statement, that is in one snapshot; allowed is false
// when the scope is gone or no longer the viewer's to watch.
func (h *Hub) readActivity(ctx context.Context, v viewer.Viewer, scope Scope) (a Activity, allowed bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, h.options.ReadTimeout)
	defer cancel()
	h.stats.activityReads.Add(1)
	defer func() {
		if err != nil {
			h.stats.fail.Add(1)
			err = fmt.Errorf("reading scoring activity: %w", err)
		}
	}()
	statement, args, err := activityStatement(v, scope)
	if err != nil {
		return a, false, err
	}
	var counts, newest []byte
	var recent int
	err = h.db.SQL.QueryRowContext(ctx, statement, args...).Scan(&a.Seq, &a.At, &allowed, &counts, &recent, &newest)
	if err != nil {
		return a, false, err
	}
	byStage := map[enums.Stage]int{}
	if err := errors.Join(json.Unmarshal(counts, &byStage), json.Unmarshal(newest, &a.Newest)); err != nil {
		return a, false, err
	}
	for _, name := range enums.Stage("").Values() {
		stage := enums.Stage(name)
		a.Stages = append(a.Stages, StageCount{stage, byStage[stage]})
	}
	a.RatePerMinute = float64(recent) / rateMinutes
	return a, allowed, nil
}

// activityStatement builds the statement of readActivity.
func activityStatement(v viewer.Viewer, scope Scope) (string, []any, error) {
	stage := scoringrun.FieldStage
	b := newBuilder()
	b.WriteString("WITH counts AS (").
		Join(runsIn(v, scope, sql.ExprP(unfinished), stage, "count(*) AS n", "0 AS recent").GroupBy(stage)).
		WriteString(" UNION ALL ").
		Join(runsIn(v, scope, sql.ExprP("NOT ("+unfinished+") AND "+endedLately),
			stage, "count(*) AS n", "count(*) FILTER (WHERE "+endedRecent+") AS recent").GroupBy(stage)).
		WriteString("), newest AS (").
		Join(runsIn(v, scope, nil, scoringrun.FieldID, scoringrun.FieldEssayID, scoringrun.FieldOwnerID, stage,
			scoringrun.FieldPercent, scoringrun.FieldChangedAt, scoringrun.FieldOverallPercent).
			OrderBy(sql.Desc(scoringrun.FieldChangedAt), sql.Desc(scoringrun.FieldID)).Limit(newestChanges)).
		WriteString(") SELECT " + snapshotSeq + ", now(), ")
	writeAllowed(b, v, scope)
	b.WriteString(", (SELECT coalesce(json_object_agg(stage, n), '{}') FROM counts)" +
		", (SELECT coalesce(sum(recent), 0)::bigint FROM counts)" +
		", (SELECT coalesce(json_agg(json_build_object(" +
		"'run_id', n.id, 'essay_id', n.essay_id, 'learner', u.name, 'question', q.title, 'stage', n.stage, " +
		"'percent', n.percent, 'changed_at', n.changed_at, 'overall_percent', n.overall_percent) " +
		"ORDER BY n.changed_at DESC, n.id DESC), '[]') FROM newest n" +
		" JOIN " + user.Table + " u ON u.id = n.owner_id" +
		" JOIN " + essay.Table + " e ON e.id = n.essay_id" +
		" JOIN " + question.Table + " q ON q.id = e.question_id)" +
		" FROM (SELECT pg_current_snapshot() AS s) x")
	return finish(b)
}

// runsIn selects from the runs in a scope that the viewer may see.
func runsIn(v viewer.Viewer, scope Scope, more *sql.Predicate, columns ...string) *sql.Selector {
	t := sql.Table(scoringrun.Table)
	predicates := []*sql.Predicate{more, visibility.Owned(v, t.C(scoringrun.FieldOwnerID))}
	if scope.TrackID != nil {
		predicates = append(predicates, sql.EQ(t.C(scoringrun.FieldTrackID), *scope.TrackID))
	}
	if scope.CohortID != nil {
		m := sql.Table(membership.Table).As("m")
		predicates = append(predicates, sql.In(t.C(scoringrun.FieldOwnerID),
			postgres.Select(m.C(membership.FieldUserID)).From(m).Where(sql.And(
				sql.EQ(m.C(membership.FieldCohortID), *scope.CohortID),
				sql.EQ(m.C(membership.FieldRole), string(enums.MemberLearner))))))
	}
	s := postgres.Select(columns...).From(t)
	if p := where(predicates...); p != nil {
		s.Where(p)
	}
	return s
}

// writeAllowed writes the expression that tells whether an advisor or an admin may watch the scope.
func writeAllowed(b *sql.Builder, v viewer.Viewer, scope Scope) {
	b.WriteString("true")
	if scope.CohortID != nil {
		c := sql.Table(cohort.Table).As("c")
		predicates := []*sql.Predicate{sql.EQ(c.C(cohort.FieldID), *scope.CohortID), visibility.Cohorts(v, c.C(cohort.FieldID))}
		if v.Role != enums.RoleAdmin {
			// An advisor sees a cohort that they are in as a learner, too; to watch it takes more.
			m := sql.Table(membership.Table).As("m")
			predicates = append(predicates, sql.In(c.C(cohort.FieldID),
				postgres.Select(m.C(membership.FieldCohortID)).From(m).Where(sql.And(
					sql.EQ(m.C(membership.FieldUserID), v.ID),
					sql.EQ(m.C(membership.FieldRole), string(enums.MemberAdvisor))))))
		}
		b.WriteString(" AND EXISTS (").
			Join(postgres.Select(c.C(cohort.FieldID)).From(c).Where(where(predicates...))).WriteString(")")
	}
	if scope.TrackID != nil {
		t := sql.Table(track.Table).As("t")
		b.WriteString(" AND EXISTS (").
			Join(postgres.Select(t.C(track.FieldID)).From(t).Where(sql.EQ(t.C(track.FieldID), *scope.TrackID))).
			WriteString(")")
	}
}

func newBuilder() *sql.Builder {
	b := &sql.Builder{}
	b.SetDialect(dialect.Postgres)
	return b
}

func finish(b *sql.Builder) (string, []any, error) {
	if err := b.Err(); err != nil {
		return "", nil, err
	}
	statement, args := b.Query()
	return statement, args, nil
}

// sameContent tells whether two states differ in nothing but when they were read.
func sameContent(a, b Activity) bool {
	return a.RatePerMinute == b.RatePerMinute && slices.Equal(a.Stages, b.Stages) &&
		slices.EqualFunc(a.Newest, b.Newest, func(x, y Change) bool {
			px, py := x.OverallPercent, y.OverallPercent
			if (px == nil) != (py == nil) || px != nil && *px != *py {
				return false
			}
			x.OverallPercent, y.OverallPercent = nil, nil
			sameTime := x.ChangedAt.Equal(y.ChangedAt)
			y.ChangedAt = x.ChangedAt
			return sameTime && x == y
		})
}
