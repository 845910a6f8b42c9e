package jobs

import (
	"context"
	"time"

	"github.com/riverqueue/river"
)

// indexWorker brings the search index up to date.
type indexWorker struct {
	river.WorkerDefaults[IndexArgs]
	w *Workers
}

// Timeout is long: the first index of a large catalogue takes minutes, and whatever is done stays.
func (*indexWorker) Timeout(*river.Job[IndexArgs]) time.Duration { return 10 * time.Minute }

// Work embeds whatever lacks a current vector.
func (i *indexWorker) Work(ctx context.Context, _ *river.Job[IndexArgs]) error {
	for {
		report, err := i.w.deps.Index.Refresh(ctx, indexBatch)
		if err != nil {
			return err
		}
		if report.Written+report.Removed+report.Embedded+report.Linked > 0 {
			i.w.deps.Log.InfoContext(ctx, "search index refreshed", "documents", report.Written,
				"removed", report.Removed, "embedded", report.Embedded, "left", report.Left, "linked", report.Linked)
		}
		if (report.Left == 0 || report.Embedded == 0) && report.Linked == 0 {
			return nil // what is left is in the hands of others
		}
	}
}
