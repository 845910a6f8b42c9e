package database_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/auditevent"
	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/ent/essay"
	"github.com/rubrica/rubrica/ent/scoringrun"
	"github.com/rubrica/rubrica/ent/skill"
	"github.com/rubrica/rubrica/ent/track"
	"github.com/rubrica/rubrica/internal/bypass"
	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/internal/pgtest"
)

// single opens a pool of one connection, whose statements can be looked at.
func single(t *testing.T) (*database.DB, context.Context) {
	t.Helper()
	db, err := database.Open(t.Context(), pgtest.New(t).URL(), database.Options{MaxConnections: 1})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	return db, bypass.Context(t.Context())
}

// prepared is how many statements the connection keeps.
func prepared(ctx context.Context, t *testing.T, db *database.DB) int {
	t.Helper()
	var n int
	require.NoError(t, db.SQL.QueryRowContext(ctx, `SELECT count(*) FROM pg_prepared_statements`).Scan(&n))
	return n
}

func find(ctx context.Context, c *ent.Client, slug string) error {
	_, err := c.Skill.Query().Where(skill.Slug(slug)).Only(ctx)
	return err
}

// What ent sends is prepared when it comes again, and what others send is not.
func TestWhatIsPrepared(t *testing.T) {
	t.Parallel()
	db, ctx := single(t)
	require.NoError(t, db.InTx(ctx, func(tx *database.Tx) error { return addSkill(ctx, tx, "a") }))
	require.Zero(t, prepared(ctx, t, db), "what came once")
	for range 3 {
		_, err := db.SQL.ExecContext(ctx, `SELECT slug FROM skills WHERE slug = $1`, "a")
		require.NoError(t, err)
	}
	require.Zero(t, prepared(ctx, t, db), "what others send")
	for range 3 {
		require.NoError(t, find(ctx, db.Ent, "a"))
	}
	require.Equal(t, 1, prepared(ctx, t, db))
	for _, slug := range []string{"b", "c"} {
		require.NoError(t, db.InTx(ctx, func(tx *database.Tx) error {
			require.NoError(t, addSkill(ctx, tx, slug))
			return find(ctx, tx.Ent, slug)
		}))
	}
	require.Equal(t, 2, prepared(ctx, t, db), "in transactions too")
}

func TestUnprepared(t *testing.T) {
	t.Parallel()
	db, err := database.Open(t.Context(), pgtest.New(t).URL(), database.Options{MaxConnections: 1, Unprepared: true})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	ctx := bypass.Context(t.Context())
	for range 3 {
		require.True(t, ent.IsNotFound(find(ctx, db.Ent, "a")))
	}
	require.Zero(t, prepared(ctx, t, db))
}

// However many texts there are, a connection keeps a bounded number of them.
func TestPreparedStatementsAreBounded(t *testing.T) {
	t.Parallel()
	db, ctx := single(t)
	slugs := make([]string, 300)
	for i := range slugs {
		slugs[i] = fmt.Sprintf("s%d", i)
		for range 2 {
			_, err := db.Ent.Skill.Query().Where(skill.SlugIn(slugs[:i+1]...)).All(ctx)
			require.NoError(t, err)
		}
	}
	require.Equal(t, 256, prepared(ctx, t, db))

	long := make([]string, 2000) // whose text is longer than what is kept
	for range 3 {
		_, err := db.Ent.Skill.Query().Where(skill.SlugIn(long...)).All(ctx)
		require.NoError(t, err)
	}
	require.Equal(t, 256, prepared(ctx, t, db))
}

// A migration of another process changes a table below the statements: nobody notices.
func TestPreparedStatementsOutliveAMigration(t *testing.T) {
	t.Parallel()
	db, ctx := single(t)
	require.NoError(t, db.InTx(ctx, func(tx *database.Tx) error { return addSkill(ctx, tx, "a") }))
	warm := func() {
		for range 3 {
			require.NoError(t, find(ctx, db.Ent, "a"))
		}
		require.NotZero(t, prepared(ctx, t, db))
	}
	widths := 200
	for name, disturb := range map[string]func() string{
		"a column's type changes": func() string {
			widths++
			return fmt.Sprintf(`ALTER TABLE skills ALTER COLUMN onet TYPE varchar(%d)`, widths)
		},
		"the statements are dropped": func() string { return `DEALLOCATE ALL` },
	} {
		t.Run(name, func(t *testing.T) {
			warm()
			_, err := db.SQL.ExecContext(ctx, disturb())
			require.NoError(t, err)
			require.NoError(t, find(ctx, db.Ent, "a"))

			warm()
			tries := 0
			require.NoError(t, db.InTx(ctx, func(tx *database.Tx) error {
				if tries++; tries == 1 {
					if _, err := tx.SQL.ExecContext(ctx, disturb()); err != nil {
						return err
					}
				}
				return find(ctx, tx.Ent, "a")
			}))
			require.Equal(t, 2, tries, "a transaction that was broken off begins anew")
			require.NoError(t, find(ctx, db.Ent, "a"))
		})
	}
}

// While rows are read the connection is taken: a second statement is refused, as lib/pq does, and does
// not mix with the first.
func TestRowsAreReadToTheirEnd(t *testing.T) {
	t.Parallel()
	db, ctx := single(t)
	require.NoError(t, db.InTx(ctx, func(tx *database.Tx) error {
		for _, slug := range []string{"a", "b"} {
			require.NoError(t, addSkill(ctx, tx, slug))
		}
		for range 3 { // the third is prepared
			interrupt(ctx, t, tx)
		}
		return find(ctx, tx.Ent, "b")
	}))
}

// interrupt reads two rows and tries other statements between them.
func interrupt(ctx context.Context, t *testing.T, tx *database.Tx) {
	t.Helper()
	rows, err := tx.Ent.QueryContext(ctx, `SELECT slug FROM skills WHERE slug > $1 ORDER BY slug`, "")
	require.NoError(t, err)
	defer func() { assert.NoError(t, rows.Close()) }()
	require.True(t, rows.Next())
	require.Error(t, find(ctx, tx.Ent, "a"))
	_, err = tx.SQL.ExecContext(ctx, `SELECT 1 WHERE $1`, true)
	require.Error(t, err)
	require.True(t, rows.Next())
	require.False(t, rows.Next())
	require.NoError(t, rows.Err())
}

// Prepared or not, a row is read the same: the two ways have other formats on the wire.
func TestPreparedStatementsAnswerTheSame(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t).URL()
	ctx := bypass.Context(t.Context())
	var read [2][]string
	for i, unprepared := range []bool{true, false} {
		db, err := database.Open(ctx, url, database.Options{MaxConnections: 1, Unprepared: unprepared})
		require.NoError(t, err)
		if i == 0 {
			everyType(ctx, t, db)
		}
		for range 4 {
			read[i] = append(read[i], readAll(ctx, t, db)...)
		}
		require.NoError(t, db.Close())
	}
	require.Equal(t, read[0], read[1])
}

// everyType writes rows with a column of each type that our tables have.
func everyType(ctx context.Context, t *testing.T, db *database.DB) {
	t.Helper()
	require.NoError(t, db.InTx(ctx, func(tx *database.Tx) error {
		c := tx.Ent
		track := c.Track.Create().SetSlug("t").SetTitle("Länge “🎓”").SetSummary("").SetOccupation("o").
			SetSkills([]string{"a,b", `"c"`, ""}).SaveX(ctx)
		question := c.Question.Create().SetTrack(track).SetSlug("q").SetTitle("q").SetPrompt("p").
			SetLevel(enums.Level("ADVANCED")).SetMinWords(0).SetMaxWords(9).SetPosition(0).SaveX(ctx)
		user := c.User.Create().SetName("n").SetEmail("e@example.org").SaveX(ctx)
		essay := c.Essay.Create().SetOwner(user).SetQuestion(question).SetText("\\x00 %").SetWords(1).
			SetBodyHash([]byte{0, 1, '\\', 255}).SaveX(ctx)
		at := time.Date(2026, 1, 2, 3, 4, 5, 678901000, time.UTC)
		rubric := c.Rubric.Create().SetQuestion(question).SetVersion(1).SaveX(ctx)
		c.ScoringRun.Create().SetEssay(essay).SetOwnerID(user.ID).SetRubricID(rubric.ID).SetTrackID(track.ID).
			SetNumber(1).SetKind(enums.RunFirst).SetSeq(1 << 52).SetStartedAt(at).SetOverallPercent(0.1).ExecX(ctx)
		c.AuditEvent.Create().SetAction(enums.AuditAction("CATALOGUE_SEED")).SetTargetType(enums.AuditTarget("CATALOGUE")).
			SetDetail(map[string]string{"a": `"é"`}).ExecX(ctx)
		return nil
	}))
}

func readAll(ctx context.Context, t *testing.T, db *database.DB) []string {
	t.Helper()
	var out []string
	add := func(rows any, err error) {
		t.Helper()
		require.NoError(t, err)
		text, err := json.Marshal(rows)
		require.NoError(t, err)
		out = append(out, string(text))
	}
	tracks, err := db.Ent.Track.Query().Where(track.SlugNEQ("")).All(ctx)
	add(tracks, err)
	essays, err := db.Ent.Essay.Query().Where(essay.WordsGT(0)).All(ctx)
	add(essays, err)
	runs, err := db.Ent.ScoringRun.Query().Where(scoringrun.SeqGT(0)).All(ctx)
	add(runs, err)
	audits, err := db.Ent.AuditEvent.Query().Where(auditevent.RequestID("")).All(ctx)
	add(audits, err)
	n, err := db.Ent.Essay.Query().Where(essay.BodyHash([]byte{0, 1, '\\', 255})).Count(ctx)
	add(n, err)
	return out
}

// Many at once, in and out of transactions.
func TestPreparedStatementsOfManyClients(t *testing.T) {
	t.Parallel()
	db, ctx := open(t)
	require.NoError(t, db.InTx(ctx, func(tx *database.Tx) error { return addSkill(ctx, tx, "a") }))
	var g errgroup.Group
	for i := range 16 {
		g.Go(func() error {
			for j := range 20 {
				if (i+j)%3 == 0 {
					if err := db.InTx(ctx, func(tx *database.Tx) error {
						if err := addSkill(ctx, tx, fmt.Sprintf("s%d-%d", i, j)); err != nil {
							return err
						}
						return find(ctx, tx.Ent, fmt.Sprintf("s%d-%d", i, j))
					}); err != nil {
						return err
					}
				}
				if err := find(ctx, db.Ent, "a"); err != nil {
					return err
				}
			}
			return nil
		})
	}
	require.NoError(t, g.Wait())
}

// A prepared statement that is given up ends in the database too, and its connection is not used again.
func TestPreparedStatementsAreCancelled(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t).URL()
	open := func() *database.DB {
		db, err := database.Open(t.Context(), url, database.Options{MaxConnections: 1})
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, db.Close()) })
		return db
	}
	db, other, watch := open(), open(), open()
	ctx := bypass.Context(t.Context())
	for range 3 {
		require.True(t, ent.IsNotFound(find(ctx, db.Ent, "a")))
	}
	require.Equal(t, 1, prepared(ctx, t, db))
	waiting := func() (n int) {
		require.NoError(t, watch.SQL.QueryRowContext(ctx, `SELECT count(*) FROM pg_stat_activity
			WHERE datname = current_database() AND wait_event_type = 'Lock'`).Scan(&n))
		return n
	}
	lock, err := other.SQL.BeginTx(ctx, nil)
	require.NoError(t, err)
	_, err = lock.ExecContext(ctx, `LOCK TABLE skills IN ACCESS EXCLUSIVE MODE`)
	require.NoError(t, err)
	given, giveUp := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- find(given, db.Ent, "a") }()
	require.Eventually(t, func() bool { return waiting() == 1 }, 20*time.Second, 5*time.Millisecond)
	giveUp()
	require.Error(t, <-ended)
	require.Eventually(t, func() bool { return waiting() == 0 }, 20*time.Second, 5*time.Millisecond)
	require.NoError(t, lock.Rollback())
	require.True(t, ent.IsNotFound(find(ctx, db.Ent, "a")))
	require.Zero(t, prepared(ctx, t, db), "the connection is a new one")
}
