package recommend

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/rag"
	"github.com/rubrica/rubrica/rag/ragtest"
	"github.com/rubrica/rubrica/recommend/collaborative"
)

func TestFitAndUpdate(t *testing.T) {
	t.Parallel()
	r, db := ready(t, ragtest.Words{})
	track := ragtest.Catalog(t).Tracks[0]
	l := learner(track, track.Questions[0], "", []float64{0.2, 0.6})
	someone(t, db, l.ID)
	trainer := NewTrainer(db, nil)
	report, err := trainer.Update(system(t))
	require.NoError(t, err)
	assert.False(t, report.Refit, "nothing to learn from")
	cold, err := r.Recommend(system(t), l)
	require.NoError(t, err)
	assert.Contains(t, cold.Note, "none have been learnt from")
	assert.False(t, cold.Degraded)

	crowd(t, db, 60, 12)
	report, err = trainer.Update(system(t))
	require.NoError(t, err)
	assert.True(t, report.Refit, "there is no fit yet")
	report, err = trainer.Refit(system(t))
	require.NoError(t, err)
	assert.Equal(t, 60, report.Learners)
	assert.Equal(t, 60, report.Users)
	f := stored(t, db)
	assert.NotEmpty(t, f.lists[modelEASE])
	assert.NotNil(t, f.parameters.EASE)
	assert.NotEmpty(t, f.popularity[l.Track.ID])

	// A learner without interactions: popularity speaks, the others do not, and it is said.
	shy, err := r.Recommend(system(t), l)
	require.NoError(t, err)
	assert.Contains(t, shy.Note, "you have not taken up or saved a credential")
	assert.Contains(t, shy.ModelVersion, fmt.Sprintf(" fit@%d.0", f.version))

	// What members took up counts for who took up the like.
	for c := range f.lists[modelKNN] {
		if n := f.lists[modelKNN][c]; len(n) > 20 {
			did(t, db, l.ID, c, enums.InteractionCompleted)
			break
		}
	}
	warm, err := r.Recommend(system(t), l)
	require.NoError(t, err)
	parts := 0
	for _, item := range warm.Items {
		for _, p := range item.Parts {
			if p.Signal == enums.SignalCollaborative {
				parts++
			}
		}
	}
	assert.Positive(t, parts)
	assertWellFormed(t, "warm", warm)

	// An update equals a fit, by a trainer that knows what was before and by one that does not.
	for round, by := range []*Trainer{trainer, NewTrainer(db, nil), trainer} {
		did(t, db, member(round), someCredential(t, db, round), enums.InteractionOpened)
		report, err = by.Update(system(t))
		require.NoError(t, err)
		assert.Positive(t, report.Learners)
		assert.EqualValues(t, round+1, report.Revision)
		known, err := readFit(system(t), db, f, f.version)
		require.NoError(t, err)
		whole := stored(t, db)
		assert.Equal(t, whole, known, "what changed, read into what was there, is the whole")
		f = known
	}
	report, err = trainer.Update(system(t))
	require.NoError(t, err)
	assert.Zero(t, report.Learners, "once more changes nothing")
	assert.EqualValues(t, 3, report.Revision)

	updated := stored(t, db)
	_, err = trainer.Refit(system(t))
	require.NoError(t, err)
	again := stored(t, db)
	for id, list := range again.lists[modelKNN] {
		if len(list)+len(updated.lists[modelKNN][id]) > 0 {
			assert.Equal(t, list, updated.lists[modelKNN][id])
		}
	}
	assert.Equal(t, again.popularity, updated.popularity)
	var fits int
	require.NoError(t, db.SQL.QueryRowContext(t.Context(), `SELECT count(*) FROM recommend_fits`).Scan(&fits))
	assert.Equal(t, keptFits, fits)
}

func someCredential(t *testing.T, db *database.DB, n int) uuid.UUID {
	t.Helper()
	var id uuid.UUID
	require.NoError(t, db.SQL.QueryRowContext(t.Context(), `SELECT c.id FROM credentials c WHERE NOT EXISTS (
		SELECT FROM interactions i WHERE i.credential_id = c.id AND i.owner_id = $1) ORDER BY id LIMIT 1 OFFSET $2`, member(n), n).Scan(&id))
	return id
}

// The old fit serves until the new one is committed, and only one process learns at a time.
func TestOneLearnsAtATime(t *testing.T) {
	t.Parallel()
	_, db := ready(t, ragtest.Words{})
	crowd(t, db, 10, 5)
	_, err := NewTrainer(db, nil).Refit(system(t))
	require.NoError(t, err)
	tx, err := db.SQL.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	_, err = tx.ExecContext(t.Context(), `SELECT pg_advisory_xact_lock($1)`, trainLock)
	require.NoError(t, err)
	_, err = NewTrainer(db, nil).Refit(system(t))
	require.ErrorIs(t, err, ErrBusy)
	_, err = NewTrainer(db, nil).Update(system(t))
	require.ErrorIs(t, err, ErrBusy)
	require.NoError(t, tx.Rollback())
	assert.NotEmpty(t, stored(t, db).lists[modelKNN])
}

// A learner with 50 000 interactions: the newest count, what is gone is gone however old it is.
func TestVeryBusyLearner(t *testing.T) {
	t.Parallel()
	db := ragtest.Open(t)
	ragtest.Load(system(t), t, db, ragtest.Catalog(t))
	r := New(db, rag.New(db, ragtest.Words{}, nil), nil)
	track := ragtest.Catalog(t).Tracks[0]
	l := learner(track, track.Questions[0], "", []float64{0.2, 0.6})
	someone(t, db, l.ID)
	first, err := r.Recommend(system(t), l)
	require.NoError(t, err)
	_, err = db.SQL.ExecContext(t.Context(), `INSERT INTO credentials (id, created_at, slug, title, provider, kind, level, duration, price, teaches, requires, description, active)
		SELECT md5('c' || n)::uuid, now(), 'c' || n, 'C', 'P', 'COURSE', 'FOUNDATION', 'SHORT', 'FREE', '{}', '{}', '', false FROM generate_series(1, 50000) n`)
	require.NoError(t, err)
	_, err = db.SQL.ExecContext(t.Context(), `INSERT INTO interactions (id, created_at, owner_id, credential_id, kind, last_at)
		SELECT md5('i' || n)::uuid, now(), $1, md5('c' || n)::uuid, 'SAVED', now() - n * interval '1 second' FROM generate_series(1, 50000) n`, l.ID)
	require.NoError(t, err)
	_, err = db.SQL.ExecContext(t.Context(), `INSERT INTO interactions (id, created_at, owner_id, credential_id, kind, last_at)
		VALUES (gen_random_uuid(), now(), $1, $2, 'DISMISSED', '2001-01-01')`, l.ID, first.Items[0].CredentialID)
	require.NoError(t, err)
	past, _, _, err := readPast(system(t), db, l.ID)
	require.NoError(t, err)
	assert.Len(t, past.Tastes, MaxDeeds)
	assert.Equal(t, AbsenceDismissed, past.Gone[first.Items[0].CredentialID].Reason)
	list, err := r.Recommend(system(t), l)
	require.NoError(t, err)
	assert.False(t, has(list, first.Items[0].CredentialID))
	_, err = NewTrainer(db, nil).Refit(system(t))
	require.NoError(t, err)
	assert.Nil(t, stored(t, db).parameters.EASE, "too many credentials for it, said so")
	assert.Equal(t, 1, collaborative.LowestRating)
}

// What is added up by places is what package collaborative adds up.
func TestCollaborativeIsItsDefinition(t *testing.T) {
	t.Parallel()
	r, db := ready(t, ragtest.Words{})
	crowd(t, db, 60, 12)
	_, err := NewTrainer(db, nil).Refit(system(t))
	require.NoError(t, err)
	f := stored(t, db)
	for n := range 20 {
		past, version, revision, err := readPast(system(t), db, member(n))
		require.NoError(t, err)
		c, _, err := r.keeper.at(system(t), version, revision)
		require.NoError(t, err)
		j, err := Collaborative{}.Judge(system(t), &Profile{Learner: &Learner{}, Past: past}, c)
		require.NoError(t, err)
		want := map[uuid.UUID]float64{}
		for _, s := range collaborative.Score(past.Tastes, f.lists[modelEASE], 1000) {
			want[s.Item] = min(1, s.Score/max(f.parameters.Scales[modelEASE], leastScales[modelEASE]))
		}
		for i := range c.Candidates {
			id := c.Candidates[i].ID
			if _, own := past.Deeds[id]; !own && known(j.Values[i]) {
				require.InDelta(t, want[id], j.Values[i], 1e-12)
			}
		}
	}
}

// The facts of the collaborative part are told, and add up as all parts do.
func TestWhatAlikeLearnersTookUpIsTold(t *testing.T) {
	t.Parallel()
	r, db := ready(t, ragtest.Words{})
	track := ragtest.Catalog(t).Tracks[0]
	l := learner(track, track.Questions[0], "", []float64{0.2, 0.6})
	someone(t, db, l.ID)
	list, err := r.Recommend(system(t), l)
	require.NoError(t, err)
	// Everybody takes up the second of the list with one that this learner completed.
	mine, theirs := list.Items[0].CredentialID, list.Items[1].CredentialID
	at := time.Now()
	for n := range 40 {
		someone(t, db, member(n))
		for _, c := range []uuid.UUID{mine, theirs} {
			db.Ent.Interaction.Create().SetOwnerID(member(n)).SetCredentialID(c).SetKind(enums.InteractionCompleted).SetLastAt(at).ExecX(system(t))
		}
	}
	did(t, db, l.ID, mine, enums.InteractionCompleted)
	_, err = NewTrainer(db, nil).Refit(system(t))
	require.NoError(t, err)
	list, err = r.Recommend(system(t), l)
	require.NoError(t, err)
	require.True(t, has(list, theirs))
	title := db.Ent.Credential.GetX(system(t), mine).Title
	for _, item := range list.Items {
		if item.CredentialID != theirs {
			continue
		}
		assert.Contains(t, item.Rationale, "learners who took up “"+title+"”")
		told := false
		for _, trace := range item.Traces {
			told = told || trace.Signal == enums.SignalCollaborative && strings.Contains(trace.Text, title)
		}
		assert.True(t, told)
	}
	assertWellFormed(t, "alike", list)
}
