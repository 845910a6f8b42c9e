package jobs

import (
	"fmt"
	"sync"
	"testing"
	"time"

	entsql "entgo.io/ent/dialect/sql"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/ent/scoringrun"
	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/internal/overrides"
	"github.com/rubrica/rubrica/internal/seeding"
	"github.com/rubrica/rubrica/internal/submission"
	"github.com/rubrica/rubrica/internal/viewer"
)

// How long an added run is waited for, and how often it is looked for.
const (
	waitMost = patience
	waitStep = 10 * time.Millisecond
)

func descending(o *entsql.OrderTermOptions) { o.Desc = true }

// rescore begins a re-scoring of the question, as the command line does.
func (b *bench) rescore() *ent.Rescoring {
	b.Helper()
	row, err := submission.New(b.db, b.deps.Queue, b.deps.Notifier).RescoreAll(b.ctx, submission.Scope{QuestionID: &b.question}, "A test.")
	require.NoError(b, err)
	return b.db.Ent.Rescoring.GetX(b.ctx, row.ID)
}

func (b *bench) report(row *ent.Rescoring) *RescoringReport {
	b.Helper()
	found, err := Reports(b.ctx, b.db, []uuid.UUID{row.ID})
	require.NoError(b, err)
	return found[row.ID]
}

func (b *bench) newest(essay uuid.UUID) *ent.ScoringRun {
	return b.db.Ent.ScoringRun.Query().Where(scoringrun.EssayID(essay)).Order(scoringrun.ByNumber(descending)).FirstX(b.ctx)
}

// Each essay of the question is scored again, but for one that a person stands behind.
func TestRescoring(t *testing.T) {
	b := newBench(t)
	b.work()
	same, lower := b.end(b.submit(answer, true)), b.end(b.submit(answer+" It is so.", true))
	decided := b.end(b.submit(answer+" Indeed.", true))
	admin := viewer.NewContext(t.Context(), viewer.Viewer{ID: seeding.UserID("ada"), Role: enums.RoleAdmin})
	kept, err := overrides.New(b.db, b.deps.Queue, b.deps.Notifier).Confirm(admin, decided.ID)
	require.NoError(t, err)
	// A person would have to change the text; here its score was another one before.
	b.db.Ent.ScoringRun.UpdateOneID(lower.ID).SetOverallPercent(100).ExecX(b.ctx)

	row := b.rescore()
	require.Equal(t, 3, row.Total)
	for _, run := range []*ent.ScoringRun{same, lower} {
		require.Eventually(t, func() bool { return b.newest(run.EssayID).Number == 2 }, waitMost, waitStep, "no signal tells of a run that another job will add")
		again := b.end(b.newest(run.EssayID))
		require.Equal(t, enums.RunRescore, again.Kind)
		require.Equal(t, enums.StageCompleted, again.Stage)
		require.Equal(t, row.ID, *again.RescoringID)
		require.Greater(t, again.Seq, run.Seq)
	}
	require.Equal(t, kept.Run.ID, b.newest(decided.EssayID).ID)

	r := b.report(row)
	require.Equal(t, RescoringCompleted, r.State)
	require.Equal(t, []int{2, 0, 0, 1}, []int{r.Done, r.Failed, r.MovedUp, r.MovedDown})
	require.InDelta(t, (*same.OverallPercent+100)/2, *r.MeanBefore, 1e-9)
	require.InDelta(t, (*same.OverallPercent+*b.newest(lower.EssayID).OverallPercent)/2, *r.MeanAfter, 1e-9)
	require.Len(t, r.Histogram, maxBins)
	require.Equal(t, []int{1, 1}, []int{r.Histogram[0].Count, r.Histogram[maxBins-1].Count})
	require.InDelta(t, 0, r.Histogram[maxBins-1].High, 1e-9)
	row = b.db.Ent.Rescoring.GetX(b.ctx, row.ID)
	require.Equal(t, []int{2, 1}, []int{row.Added, row.Skipped})
}

// However often and by however many its job is done, an essay gets one run, and one being scored none.
func TestRescoringAddsEachRunOnce(t *testing.T) {
	b := newBench(t)
	const essays = rescoreBatch + 20
	first := b.submit(answer, false)
	b.db.Ent.ScoringRun.UpdateOneID(first.ID).SetStage(enums.StageCompleted).ExecX(b.ctx)
	_, err := b.db.SQL.ExecContext(b.ctx, fmt.Sprintf(`
		WITH more AS (INSERT INTO essays SELECT x.* FROM essays e, generate_series(2, %d) i,
			jsonb_populate_record(NULL::essays, to_jsonb(e) || jsonb_build_object('id', gen_random_uuid(), 'words', i)) x RETURNING id)
		INSERT INTO scoring_runs SELECT x.* FROM scoring_runs r, more,
			jsonb_populate_record(NULL::scoring_runs, to_jsonb(r) || jsonb_build_object('id', gen_random_uuid(), 'essay_id', more.id)) x`, essays))
	require.NoError(t, err)
	b.submit(answer, false) // waits for its first score

	row := b.rescore()
	step := func() (more bool) {
		require.NoError(t, b.db.InTx(b.ctx, func(tx *database.Tx) (err error) {
			_, more, err = rescoreSome(b.ctx, tx, b.deps.Queue, row.ID)
			return err
		}))
		return more
	}
	require.True(t, step())
	r := b.report(row)
	require.Equal(t, RescoringAdding, r.State)
	require.Nil(t, r.MeanBefore)
	require.Empty(t, r.Histogram)
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			for step() { // as a job does
			}
		})
	}
	wait.Wait()
	b.db.Ent.Rescoring.UpdateOneID(row.ID).ClearCursor().ClearWalkedAt().ExecX(b.ctx)
	for step() { // again from the beginning, as if all was forgotten
	}
	require.Equal(t, essays, b.db.Ent.ScoringRun.Query().Where(scoringrun.RescoringID(row.ID)).CountX(b.ctx))
	require.Equal(t, RescoringScoring, b.report(row).State)
	var jobs, later int
	require.NoError(t, b.db.SQL.QueryRowContext(b.ctx, `SELECT count(*), count(*) FILTER (WHERE priority = $1) FROM river_job WHERE kind = 'score_essay'`,
		rescorePriority).Scan(&jobs, &later))
	require.Equal(t, []int{essays, essays}, []int{jobs, later}, "a job each, behind those that a learner waits for")
}

// What a person changed is recommended for anew, and who follows hears of the end once.
func TestAnOverrideIsRecommendedFor(t *testing.T) {
	b := newBench(t)
	b.work()
	run := b.end(b.submit(answer, true))
	admin := viewer.NewContext(t.Context(), viewer.Viewer{ID: seeding.UserID("ada"), Role: enums.RoleAdmin})
	outcome := run.QueryScores().QueryExplanation().QueryKeyPoints().FirstX(b.ctx)
	result, err := overrides.New(b.db, b.deps.Queue, b.deps.Notifier).Override(admin, overrides.Input{
		RunID: run.ID, Reason: "A test.", KeyPoints: []overrides.KeyPoint{{ID: outcome.KeyPointID, Status: enums.KeyPointPartly}},
	})
	require.NoError(t, err)
	made := b.end(result.Run)
	require.Equal(t, enums.StageCompleted, made.Stage)
	require.Equal(t, run.Seq+3, made.Seq, "added, claimed, and ended")
	require.NotEmpty(t, made.QueryRecommendations().QueryItems().AllX(b.ctx))
	require.NotEqual(t, run.QueryRecommendations().OnlyIDX(b.ctx), made.QueryRecommendations().OnlyIDX(b.ctx))
	require.Equal(t, made.OverallPercent, b.overall(made))
}

func TestHistogram(t *testing.T) {
	t.Parallel()
	require.Empty(t, histogram(0, 0, nil, nil))
	require.Equal(t, []RescoringBin{{5, 5, 3}}, histogram(5, 5, []int64{0}, []int64{3}), "all moved alike")
	bins := histogram(-10, 10, []int64{0, 9}, []int64{2, 1})
	require.Len(t, bins, maxBins)
	require.Equal(t, RescoringBin{-10, -8, 2}, bins[0])
	require.Equal(t, RescoringBin{8, 10, 1}, bins[9])
}
