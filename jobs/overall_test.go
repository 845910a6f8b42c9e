package jobs

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/internal/database"
)

func (b *bench) overall(run *ent.ScoringRun) *float64 {
	return b.db.Ent.Essay.GetX(b.ctx, run.EssayID).OverallPercent
}

// again adds the essay's next run, which has a score already when one is given.
func (b *bench) again(run *ent.ScoringRun, percent *float64) *ent.ScoringRun {
	n := b.db.Ent.Essay.GetX(b.ctx, run.EssayID).QueryRuns().CountX(b.ctx)
	return b.db.Ent.ScoringRun.Create().SetEssayID(run.EssayID).SetOwnerID(run.OwnerID).SetRubricID(run.RubricID).
		SetTrackID(run.TrackID).SetKind(enums.RunRescore).SetNumber(n + 1).SetSeq(100).SetStage(enums.StageFailed).
		SetNillableOverallPercent(percent).SaveX(b.ctx)
}

// The essay has the overall score of its newest run that has one, from the very transaction that the
// run has it from.
func TestEssayKeepsTheOverallScore(t *testing.T) {
	b := newBench(t)
	b.work()
	run := b.end(b.submit(answer, true))
	require.NotNil(t, run.OverallPercent)
	require.Equal(t, run.OverallPercent, b.overall(run))
}

func TestOverallScoreOfTheNewestRunStays(t *testing.T) {
	b := newBench(t)
	first := b.submit(answer, false)
	keep := func(run *ent.ScoringRun, percent float64) {
		t.Helper()
		c := &claim{db: b.db, run: run.ID, essay: run.EssayID}
		require.NoError(t, c.keepOverall(b.ctx, b.db.SQL, run.Number, percent))
	}
	require.Nil(t, b.overall(first))
	keep(first, 40)
	require.InDelta(t, 40, *b.overall(first), 0)

	failed := b.again(first, nil)
	keep(first, 41)
	require.InDelta(t, 41, *b.overall(first), 0, "a later run without a score takes nothing away")
	zero := 0.0
	second := b.again(first, &zero)
	keep(second, zero)
	require.NotNil(t, b.overall(first))
	require.Zero(t, *b.overall(first), "0 is a score")
	keep(first, 99)
	keep(failed, 98)
	require.Zero(t, *b.overall(first), "an older run comes too late")
}

func TestOverallScoreFallsWithItsTransaction(t *testing.T) {
	b := newBench(t)
	run := b.submit(answer, false)
	c, err := claimRun(b.ctx, b.db, run.ID, scorable, scorable[0])
	require.NoError(t, err)
	boom := errors.New("boom")
	require.ErrorIs(t, b.db.InTx(b.ctx, func(tx *database.Tx) error {
		require.NoError(t, c.keepOverall(b.ctx, tx.SQL, run.Number, 50))
		return boom
	}), boom)
	require.Nil(t, b.overall(run))
}
