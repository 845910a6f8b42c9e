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

// Timeout is long: the first index of a large catalogue takes minutes, and what was embedded stays. An
// HNSW index is built as a whole, a minute for 100 000 vectors; one that was broken off begins anew.
func (*indexWorker) Timeout(*river.Job[IndexArgs]) time.Duration { return time.Hour }

// Work embeds whatever lacks a current vector, of the model that serves and of the one that is to.
func (i *indexWorker) Work(ctx context.Context, _ *river.Job[IndexArgs]) error {
	for {
		report, err := i.w.deps.Index.Refresh(ctx, indexBatch)
		if err != nil {
			return err
		}
		if report.Written+report.Removed+report.Embedded+report.Linked > 0 || report.Indexed || report.Switched {
			i.w.deps.Log.InfoContext(ctx, "search index refreshed", "documents", report.Written,
				"removed", report.Removed, "embedded", report.Embedded, "left", report.Left, "linked", report.Linked,
				"indexed", report.Indexed, "switched", report.Switched)
		}
		if (report.Left == 0 || report.Embedded == 0) && report.Linked == 0 {
			return nil // what is left is in the hands of others
		}
	}
}
