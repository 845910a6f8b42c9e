package progress

import (
	"context"
	"fmt"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"
	"github.com/google/uuid"
	"github.com/lib/pq"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/scoringrun"
	"github.com/rubrica/rubrica/ent/visibility"
	"github.com/rubrica/rubrica/internal/viewer"
)

var postgres = sql.Dialect(dialect.Postgres)

// newestRun reads the newest run of an essay that the viewer may see. An essay and its first run are
// committed together, so that one without runs does not exist.
func (h *Hub) newestRun(ctx context.Context, v viewer.Viewer, essay uuid.UUID) (*ent.ScoringRun, error) {
	h.stats.followReads.Add(1)
	t := sql.Table(scoringrun.Table)
	rows, err := h.queryRuns(ctx, postgres.Select(t.Columns(scoringrun.Columns...)...).From(t).
		Where(where(
			sql.EQ(t.C(scoringrun.FieldEssayID), essay),
			visibility.Owned(v, t.C(scoringrun.FieldOwnerID)),
		)).
		OrderBy(sql.Desc(t.C(scoringrun.FieldNumber))).Limit(1))
	if err != nil {
		return nil, fmt.Errorf("reading the newest run of essay %s: %w", essay, err)
	}
	if len(rows) == 0 {
		return nil, ErrNotFound
	}
	return rows[0], nil
}

// readRuns reads runs by their ids, for no viewer in particular.
func (h *Hub) readRuns(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]*ent.ScoringRun, error) {
	h.stats.runReads.Add(1)
	t := sql.Table(scoringrun.Table)
	rows, err := h.queryRuns(ctx, postgres.Select(t.Columns(scoringrun.Columns...)...).From(t).
		Where(anyOf(t.C(scoringrun.FieldID), ids)))
	if err != nil {
		return nil, fmt.Errorf("reading %d changed runs: %w", len(ids), err)
	}
	byID := make(map[uuid.UUID]*ent.ScoringRun, len(rows))
	for _, row := range rows {
		byID[row.ID] = row
	}
	return byID, nil
}

// visibleRuns tells which of the runs the viewer may see.
func (h *Hub) visibleRuns(ctx context.Context, v viewer.Viewer, ids []uuid.UUID) (map[uuid.UUID]bool, error) {
	h.stats.accessReads.Add(1)
	t := sql.Table(scoringrun.Table)
	rows, err := h.queryRuns(ctx, postgres.Select(t.C(scoringrun.FieldID)).From(t).
		Where(where(
			anyOf(t.C(scoringrun.FieldID), ids),
			visibility.Owned(v, t.C(scoringrun.FieldOwnerID)),
		)))
	if err != nil {
		return nil, fmt.Errorf("checking an advisor's access to %d runs: %w", len(ids), err)
	}
	visible := make(map[uuid.UUID]bool, len(rows))
	for _, row := range rows {
		visible[row.ID] = true
	}
	return visible, nil
}

func (h *Hub) queryRuns(ctx context.Context, q sql.Querier) (found []*ent.ScoringRun, err error) {
	ctx, cancel := context.WithTimeout(ctx, h.options.ReadTimeout)
	defer cancel()
	defer func() {
		if err != nil {
			h.stats.fail.Add(1)
		}
	}()
	statement, args := q.Query()
	rows, err := h.db.SQL.QueryContext(ctx, statement, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // Err reports what went wrong with the rows
	if err := sql.ScanSlice(rows, &found); err != nil {
		return nil, err
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	return found, nil
}

// where joins the predicates that are not nil (nil is what visibility says for "all"); nil if none.
func where(predicates ...*sql.Predicate) *sql.Predicate {
	var set []*sql.Predicate
	for _, p := range predicates {
		if p != nil {
			set = append(set, p)
		}
	}
	if len(set) == 0 {
		return nil
	}
	return sql.And(set...)
}

// anyOf is column = ANY(ids): one argument, and one statement text, for any number of ids.
func anyOf(column string, ids []uuid.UUID) *sql.Predicate {
	return sql.P(func(b *sql.Builder) {
		b.Ident(column).WriteString(" = ANY(").Arg(pq.Array(ids)).WriteString(")")
	})
}
