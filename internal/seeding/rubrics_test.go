package seeding_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/internal/seeding"
	"github.com/rubrica/rubrica/seeds"
)

// score writes an essay and a run of it, as far as the guard of the rubrics looks at them.
func score(ctx context.Context, t *testing.T, client *ent.Client, track string, q seeds.Question) {
	t.Helper()
	owner := seeding.UserID("lena")
	essay := client.Essay.Create().SetOwnerID(owner).SetQuestionID(seeding.QuestionID(track, q.Slug)).
		SetText("An answer.").SetWords(2).SetBodyHash([]byte{1}).SaveX(ctx)
	client.ScoringRun.Create().SetOwnerID(owner).SetEssayID(essay.ID).SetTrackID(seeding.TrackID(track)).
		SetRubricID(seeding.RubricID(track, q.Slug, q.Rubric.Version)).SetNumber(1).SetKind(enums.RunFirst).SetSeq(1).ExecX(ctx)
}

func TestRubricsThatScored(t *testing.T) {
	t.Parallel()
	changes := map[string]func(q *seeds.Question){
		"text of a criterion": func(q *seeds.Question) { q.Rubric.Criteria[0].Description += " More." },
		"weight":              func(q *seeds.Question) { q.Rubric.KeyPoints[0].Weight++ },
		"key point added": func(q *seeds.Question) {
			key := fmt.Sprintf("new-%d", len(q.Rubric.KeyPoints))
			q.Rubric.KeyPoints = append(q.Rubric.KeyPoints, seeds.KeyPoint{Key: key, Label: "New", Text: "New.", Weight: 1})
		},
		"key point taken away": func(q *seeds.Question) { q.Rubric.KeyPoints = q.Rubric.KeyPoints[1:] },
		"model answer":         func(q *seeds.Question) { q.Rubric.ModelAnswer += " More." },
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db, ctx := open(t)
			c := catalog(t)
			load(t, db, c)
			track := c.Tracks[0].Slug
			q := &c.Tracks[0].Questions[0]
			version := q.Rubric.Version

			change(q)
			assert.True(t, load(t, db, c).Changed(), "nobody was scored: it changes in place")
			assert.False(t, load(t, db, c).Changed())
			score(ctx, t, db.Ent, track, *q)
			assert.False(t, load(t, db, c).Changed(), "what did not change is no matter")

			before := dump(t, db)
			change(q)
			c.Tracks[0].Title += "x" // in the same load, and not to be written
			_, err := seeding.Load(t.Context(), db, c, withPeople)
			var refused *seeding.RubricError
			require.ErrorAs(t, err, &refused)
			assert.Equal(t, []seeding.RubricRef{{Track: track, Question: q.Slug, Version: version}}, refused.Changed)
			assert.ErrorContains(t, err, fmt.Sprintf("tracks/%s/questions/%s.yaml: rubric version %d changed", track, q.Slug, version))
			assert.ErrorContains(t, err, fmt.Sprintf("raise rubric.version to %d", version+1))
			assert.Equal(t, before, dump(t, db), "nothing half-written")

			q.Rubric.Version++
			report := load(t, db, c)
			assert.Equal(t, 1, report.Of(seeding.Rubrics).Inserted)
			after := dump(t, db)
			for _, table := range []string{"rubrics", "criteria", "key_points", "reference_answers"} {
				assert.Subset(t, after[table], before[table], "the old version is as it was")
			}

			q.Rubric.Version--
			_, err = seeding.Load(t.Context(), db, c, withPeople)
			require.ErrorAs(t, err, &refused)
			assert.Equal(t, []seeding.RubricRef{{Track: track, Question: q.Slug, Version: version, Newest: version + 1}}, refused.Older)
			assert.ErrorContains(t, err, fmt.Sprintf("is older than version %d in the database", version+1))
		})
	}
}

func TestSamplesOfScoredRubricsMayChange(t *testing.T) {
	t.Parallel()
	db, ctx := open(t)
	c := catalog(t)
	load(t, db, c)
	q := &c.Tracks[0].Questions[0]
	score(ctx, t, db.Ent, c.Tracks[0].Slug, *q)
	q.Samples.Weak += " More."
	q.Title += "x"
	report := load(t, db, c)
	assert.Equal(t, 1, report.Of(seeding.ReferenceAnswers).Updated)
	assert.Equal(t, 1, report.Of(seeding.Questions).Updated)
}

// A run that is being written while a rubric changes is waited for, and then seen.
func TestRunThatBeginsDuringALoad(t *testing.T) {
	t.Parallel()
	db, ctx := open(t)
	c := catalog(t)
	load(t, db, c)
	q := &c.Tracks[0].Questions[0]
	original := *q
	done := make(chan error, 1)
	err := db.InTx(ctx, func(tx *database.Tx) error {
		score(ctx, t, tx.Ent, c.Tracks[0].Slug, original)
		q.Rubric.ModelAnswer += " More."
		go func() {
			_, err := seeding.Load(context.Background(), db, c, withPeople)
			done <- err
		}()
		return waitForLock(ctx, db, "scoring_runs")
	})
	require.NoError(t, err)
	var refused *seeding.RubricError
	require.ErrorAs(t, <-done, &refused)
}

// waitForLock returns when another session waits for a lock on the table.
func waitForLock(ctx context.Context, db *database.DB, table string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		var waits bool
		err := db.SQL.QueryRowContext(ctx,
			"SELECT EXISTS (SELECT 1 FROM pg_locks WHERE relation = $1::regclass AND NOT granted)", table).Scan(&waits)
		if err != nil || waits {
			return err
		}
	}
}

func TestCitedPassagesStay(t *testing.T) {
	t.Parallel()
	db, ctx := open(t)
	c := catalog(t)
	load(t, db, c)
	track, q := c.Tracks[0], c.Tracks[0].Questions[0]
	score(ctx, t, db.Ent, track.Slug, q)
	run := db.Ent.ScoringRun.Query().OnlyX(ctx)
	s := db.Ent.Score.Create().SetOwnerID(run.OwnerID).SetRunID(run.ID).SetPosition(0).SetValue(1).SetRaw(1).SetLow(0).SetHigh(2).
		SetCoverage(0).SetCalibration(enums.Uncalibrated).SetProvisional(true).
		SetCriterionID(seeding.CriterionID(track.Slug, q.Slug, q.Rubric.Version, q.Rubric.Criteria[0].Key)).SaveX(ctx)
	e := db.Ent.Explanation.Create().SetOwnerID(run.OwnerID).SetScoreID(s.ID).SetSummary("x").SetBase(0).SetContributions(nil).SaveX(ctx)
	cited := seeding.PassageID(track.Slug, track.Passages[0].Slug)
	db.Ent.Citation.Create().SetOwnerID(run.OwnerID).SetExplanationID(e.ID).SetPassageID(cited).SetPosition(0).SetSimilarity(1).SetQuote("x").ExecX(ctx)

	c.Tracks[0].Passages = track.Passages[2:]
	report := load(t, db, c)
	assert.Equal(t, 1, report.Of(seeding.Passages).Deleted)
	assert.Equal(t, cited, db.Ent.Passage.GetX(ctx, cited).ID)
}
