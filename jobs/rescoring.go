package jobs

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"

	"github.com/google/uuid"
	"github.com/lib/pq"

	"github.com/rubrica/rubrica/internal/database"
)

// RescoringState is how far a re-scoring has come.
type RescoringState string

// The states of a re-scoring.
const (
	RescoringAdding    RescoringState = "ADDING"    // essays are still to be looked at
	RescoringScoring   RescoringState = "SCORING"   // some of its runs have not ended
	RescoringCompleted RescoringState = "COMPLETED" // all have
)

// RescoringReport is what a re-scoring changed: the overall scores, in percent, of its runs that ended
// with one, against the last one of the same essay before.
type RescoringReport struct {
	State              RescoringState
	Done, Failed       int      // runs that ended
	MovedUp, MovedDown int      // scores
	MeanBefore         *float64 // 0…100; nil while there is none to compare
	MeanAfter          *float64
	Histogram          []RescoringBin // of the moves, in their order; at most maxBins
}

// RescoringBin is how many scores moved by Low up to, and without, High percent points; the last bin
// is with its High.
type RescoringBin struct {
	Low, High float64
	Count     int
}

const (
	maxBins = 10
	// still is by how many percent points a score may differ and count as unmoved: what is summed in
	// another order differs in the last digit.
	still = 1e-9
)

// moves are the ended runs of re-scorings, each with the last overall score of the essay before it.
const moves = `WITH moves AS (
	SELECT r.rescoring_id, r.stage, r.overall_percent AS after, (
		SELECT b.overall_percent FROM scoring_runs b
		WHERE b.essay_id = r.essay_id AND b.number < r.number AND b.overall_percent IS NOT NULL
		ORDER BY b.number DESC LIMIT 1) AS before
	FROM scoring_runs r WHERE r.rescoring_id = ANY($1)),
compared AS (SELECT *, after - before AS by FROM moves WHERE stage = 'COMPLETED' AND before IS NOT NULL),
ends AS (SELECT rescoring_id, min(by) AS low, max(by) AS high FROM compared GROUP BY rescoring_id),
bins AS (
	SELECT c.rescoring_id, least(floor((c.by - e.low) / nullif(e.high - e.low, 0) * $2), $2 - 1) AS bin, count(*) AS n
	FROM compared c JOIN ends e USING (rescoring_id) GROUP BY 1, 2)
SELECT s.id, s.walked_at IS NOT NULL,
	count(m.stage) FILTER (WHERE m.stage NOT IN ('COMPLETED', 'FAILED')),
	count(*) FILTER (WHERE m.stage = 'COMPLETED'), count(*) FILTER (WHERE m.stage = 'FAILED'),
	count(*) FILTER (WHERE m.stage = 'COMPLETED' AND after - before > $3),
	count(*) FILTER (WHERE m.stage = 'COMPLETED' AND before - after > $3),
	avg(before) FILTER (WHERE m.stage = 'COMPLETED'), avg(after) FILTER (WHERE m.stage = 'COMPLETED' AND before IS NOT NULL),
	(SELECT low FROM ends e WHERE e.rescoring_id = s.id), (SELECT high FROM ends e WHERE e.rescoring_id = s.id),
	ARRAY(SELECT coalesce(bin, 0)::bigint FROM bins b WHERE b.rescoring_id = s.id ORDER BY bin),
	ARRAY(SELECT n FROM bins b WHERE b.rescoring_id = s.id ORDER BY bin)
FROM rescorings s LEFT JOIN moves m ON m.rescoring_id = s.id
WHERE s.id = ANY($1) GROUP BY s.id`

// Reports tells of re-scorings as they are now, by their ids, with one statement. Those that do not exist
// are left out. It fails with privacy.Deny for who is no admin.
func Reports(ctx context.Context, db *database.DB, ids []uuid.UUID) (found map[uuid.UUID]*RescoringReport, err error) {
	if err := inspect(ctx); err != nil {
		return nil, err
	}
	rows, err := db.SQL.QueryContext(ctx, moves, pq.Array(ids), maxBins, still)
	if err != nil {
		return nil, fmt.Errorf("reading what re-scoring changed: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	found = make(map[uuid.UUID]*RescoringReport, len(ids))
	for rows.Next() {
		id, report, err := scanReport(rows)
		if err != nil {
			return nil, fmt.Errorf("reading what re-scoring changed: %w", err)
		}
		found[id] = report
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading what re-scoring changed: %w", err)
	}
	return found, nil
}

func scanReport(rows *sql.Rows) (id uuid.UUID, _ *RescoringReport, err error) {
	var (
		r            RescoringReport
		walked       bool
		unfinished   int
		low, high    sql.NullFloat64
		bins, counts []int64
	)
	err = rows.Scan(&id, &walked, &unfinished, &r.Done, &r.Failed, &r.MovedUp, &r.MovedDown, &r.MeanBefore, &r.MeanAfter,
		&low, &high, pq.Array(&bins), pq.Array(&counts))
	if err != nil {
		return id, nil, err
	}
	switch {
	case !walked:
		r.State = RescoringAdding
	case unfinished > 0:
		r.State = RescoringScoring
	default:
		r.State = RescoringCompleted
	}
	r.Histogram = histogram(low.Float64, high.Float64, bins, counts)
	return id, &r, nil
}

// histogram puts counts into bins of equal width between the ends; a single one where these are equal.
func histogram(low, high float64, bins, counts []int64) []RescoringBin {
	if len(bins) == 0 {
		return []RescoringBin{}
	}
	n := maxBins
	if low == high {
		n = 1
	}
	out := make([]RescoringBin, n)
	for i := range out {
		out[i].Low = low + (high-low)*float64(i)/float64(n)
		out[i].High = low + (high-low)*float64(i+1)/float64(n)
	}
	for i, b := range bins {
		out[min(max(0, int(b)), n-1)].Count += int(min(counts[i], math.MaxInt32))
	}
	return out
}
