package recommend

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/lib/pq"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/rag/ragtest"
)

func member(n int) uuid.UUID { return uuid.NewSHA1(uuid.NameSpaceURL, fmt.Append(nil, "member ", n)) }

// crowd adds learners with a run in the first track, who took up credentials of one of three kinds of taste: of
// the catalogue, sorted by id, every third. It marks them as changed.
func crowd(t testing.TB, db *database.DB, learners, each int) {
	t.Helper()
	ids, err := db.Ent.Credential.Query().IDs(system(t))
	require.NoError(t, err)
	slices.SortFunc(ids, compareIDs)
	r := rand.New(rand.NewPCG(1, 2))
	var who, owners, items []uuid.UUID
	var kinds []string
	var at []time.Time
	began := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	deeds := []enums.InteractionKind{enums.InteractionSaved, enums.InteractionEnrolled, enums.InteractionCompleted}
	for n := range learners {
		who = append(who, member(n))
		seen := map[int]bool{}
		for range each {
			i := r.IntN(len(ids)/3)*3 + n%3
			if r.IntN(10) == 0 {
				i = r.IntN(len(ids))
			}
			if seen[i] {
				continue
			}
			seen[i] = true
			owners, items, kinds = append(owners, member(n)), append(items, ids[i]), append(kinds, string(deeds[r.IntN(3)]))
			at = append(at, began.Add(time.Duration(r.IntN(1000))*time.Hour))
		}
	}
	ctx := system(t)
	exec := func(query string, args ...any) {
		t.Helper()
		_, err := db.SQL.ExecContext(ctx, query, args...)
		require.NoError(t, err)
	}
	exec(`INSERT INTO users (id, created_at, name, email, role, active) SELECT u, now(), 'Member', u || '@example.org', 'LEARNER', true FROM unnest($1::uuid[]) u`, pq.Array(who))
	exec(`INSERT INTO interactions (id, created_at, owner_id, credential_id, kind, last_at)
		SELECT md5(o || c::text || k)::uuid, a, o, c, k, a FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[]) AS n (o, c, k, a)`,
		pq.Array(owners), pq.Array(items), pq.Array(kinds), pq.Array(at))
	exec(`INSERT INTO recommend_changes (owner_id) SELECT unnest($1::uuid[]) ON CONFLICT DO NOTHING`, pq.Array(who))
	runs(t, db, who)
}

// runs gives learners a run in the first track.
func runs(t testing.TB, db *database.DB, who []uuid.UUID) {
	t.Helper()
	ctx, track := system(t), ragtest.ID("track", ragtest.Catalog(t).Tracks[0].Slug)
	q, err := db.Ent.Question.Create().SetTrackID(track).SetSlug(fmt.Sprint("q", len(who), who[0])).SetTitle("Q").SetPrompt("?").
		SetLevel(enums.LevelFoundation).SetMinWords(1).SetMaxWords(2).SetPosition(1).Save(ctx)
	require.NoError(t, err)
	rubric, err := db.Ent.Rubric.Create().SetQuestionID(q.ID).SetVersion(1).Save(ctx)
	require.NoError(t, err)
	_, err = db.SQL.ExecContext(ctx, `WITH e AS (
			INSERT INTO essays (id, created_at, owner_id, question_id, text, words, body_hash)
			SELECT gen_random_uuid(), now(), u, $2, 'x', 1, '\x01' FROM unnest($1::uuid[]) u RETURNING id, owner_id)
		INSERT INTO scoring_runs (id, created_at, owner_id, essay_id, rubric_id, track_id, number, kind, stage, percent, seq, changed_at, flags)
		SELECT gen_random_uuid(), now(), owner_id, id, $3, $4, 1, 'FIRST', 'QUEUED', 0, 1, now(), '{}' FROM e`, pq.Array(who), q.ID, rubric.ID, track)
	require.NoError(t, err)
}

// stored is what a fit says, whatever its version is.
func stored(t testing.TB, db *database.DB) *fit {
	t.Helper()
	var version int64
	require.NoError(t, db.SQL.QueryRowContext(t.Context(), `SELECT version FROM recommend_fits WHERE serving`).Scan(&version))
	f, err := readFit(context.Background(), db, nil, version)
	require.NoError(t, err)
	return f
}
