package progress

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/internal/pgtest"
	"github.com/rubrica/rubrica/internal/viewer"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// patience bounds waits that only a failure exhausts.
const patience = 60 * time.Second

// never is an interval that does not pass within a test.
const never = time.Hour

// world is a database with a few people: two learners, each in a cohort of their own, an advisor of
// the first cohort, and an admin.
type world struct {
	t  testing.TB
	db *database.DB

	ada, bob, advisor, admin viewer.Viewer
	cohort, otherCohort      uuid.UUID // ada's, bob's
	track, otherTrack        uuid.UUID
	question, otherQuestion  uuid.UUID // one in each track
}

func newWorld(t testing.TB) *world { return worldAt(t, pgtest.New(t).URL()) }

func worldAt(t testing.TB, url string) *world {
	db, err := database.Open(t.Context(), url, database.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	w := &world{
		t: t, db: db,
		ada:     viewer.Viewer{ID: uuid.New(), Role: enums.RoleLearner},
		bob:     viewer.Viewer{ID: uuid.New(), Role: enums.RoleLearner},
		advisor: viewer.Viewer{ID: uuid.New(), Role: enums.RoleAdvisor},
		admin:   viewer.Viewer{ID: uuid.New(), Role: enums.RoleAdmin},
		cohort:  uuid.New(), otherCohort: uuid.New(), track: uuid.New(), otherTrack: uuid.New(),
		question: uuid.New(), otherQuestion: uuid.New(),
	}
	for name, v := range map[string]viewer.Viewer{"Ada": w.ada, "Bob": w.bob, "Iris": w.advisor, "Max": w.admin} {
		w.exec(`INSERT INTO users (id, created_at, name, email, role) VALUES ($1, now(), $2::text, $2::text || '@example.org', $3)`, v.ID, name, v.Role)
	}
	for name, id := range map[string]uuid.UUID{"one": w.cohort, "two": w.otherCohort} {
		w.exec(`INSERT INTO cohorts (id, created_at, slug, name) VALUES ($1, now(), $2::text, $2::text)`, id, name)
	}
	for name, id := range map[string]uuid.UUID{"backend": w.track, "frontend": w.otherTrack} {
		w.exec(`INSERT INTO tracks (id, created_at, slug, title, summary, occupation, skills) VALUES ($1, now(), $2::text, $2::text, '', '', '{}')`, id, name)
	}
	for question, track := range map[uuid.UUID]uuid.UUID{w.question: w.track, w.otherQuestion: w.otherTrack} {
		w.exec(`INSERT INTO questions (id, created_at, slug, title, prompt, level, skills, min_words, max_words, position, track_id)
			VALUES ($1::uuid, now(), $1::text, 'Caching', '', 'FOUNDATION', '{}', 1, 900, 1, $2)`, question, track)
	}
	w.join(w.cohort, w.ada, enums.MemberLearner)
	w.join(w.otherCohort, w.bob, enums.MemberLearner)
	w.join(w.cohort, w.advisor, enums.MemberAdvisor)
	return w
}

func (w *world) exec(statement string, args ...any) {
	w.t.Helper()
	_, err := w.db.SQL.Exec(statement, args...)
	require.NoError(w.t, err)
}

func (w *world) join(cohort uuid.UUID, v viewer.Viewer, role enums.MembershipRole) {
	w.t.Helper()
	w.exec(`INSERT INTO memberships (id, created_at, cohort_id, user_id, role) VALUES ($1, now(), $2, $3, $4)`, uuid.New(), cohort, v.ID, role)
}

// leave ends an advisor's or a learner's memberships.
func (w *world) leave(v viewer.Viewer) {
	w.t.Helper()
	w.exec(`DELETE FROM memberships WHERE user_id = $1`, v.ID)
}

// submit adds an essay with its first run, QUEUED with seq 1.
func (w *world) submit(owner viewer.Viewer) (essay, run uuid.UUID) {
	w.t.Helper()
	return w.submitTo(owner, w.question)
}

func (w *world) submitTo(owner viewer.Viewer, question uuid.UUID) (essay, run uuid.UUID) {
	w.t.Helper()
	essay = uuid.New()
	w.exec(`INSERT INTO essays (id, created_at, owner_id, question_id, text, words, body_hash) VALUES ($1, now(), $2, $3, 'x', 1, '')`,
		essay, owner.ID, question)
	return essay, w.addRun(essay)
}

// addRun adds the next run of an essay; its seq goes on from the run before.
func (w *world) addRun(essay uuid.UUID) uuid.UUID {
	w.t.Helper()
	run := uuid.New()
	w.exec(`INSERT INTO scoring_runs (id, created_at, owner_id, rubric_id, track_id, number, kind, seq, changed_at, flags, essay_id)
		SELECT $1, now(), e.owner_id, $1, q.track_id, 1 + count(r.id), 'FIRST', 1 + coalesce(max(r.seq), 0), now(), '{}', e.id
		FROM essays e JOIN questions q ON q.id = e.question_id LEFT JOIN scoring_runs r ON r.essay_id = e.id
		WHERE e.id = $2 GROUP BY e.id, q.id`, run, essay)
	return run
}

const advance = `UPDATE scoring_runs SET stage = $2, percent = $3, seq = seq + 1, changed_at = clock_timestamp(),
	finished_at = CASE WHEN $4 THEN clock_timestamp() END,
	overall_percent = CASE WHEN $4 THEN 75.5 END WHERE id = $1 RETURNING seq`

// set commits a new state and returns its seq. It announces nothing.
func (w *world) set(run uuid.UUID, stage enums.Stage) int64 {
	w.t.Helper()
	var seq int64
	require.NoError(w.t, w.db.SQL.QueryRow(advance, run, stage, stage.Percent(), stage.Terminal()).Scan(&seq))
	return seq
}

// announce sends a NOTIFY as a Notifier does.
func (w *world) announce(run uuid.UUID) {
	w.t.Helper()
	w.exec(`SELECT pg_notify($1, $2)`, w.db.Channel(topic), run.String())
}

// hub runs a Hub until the end of the test. It listens when hub returns.
func (w *world) hub(options Options) *Hub {
	w.t.Helper()
	h, stop := w.startHub(NewHub(w.db, slog.New(slog.DiscardHandler), options))
	w.t.Cleanup(stop)
	return h
}

func (w *world) startHub(h *Hub) (_ *Hub, stop func()) {
	w.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- h.Run(ctx) }()
	require.Eventually(w.t, h.stats.listening.Load, patience, time.Millisecond)
	return h, func() {
		cancel()
		assert.NoError(w.t, <-done)
	}
}

// follow subscribes and fails the test if that fails.
func follow(t testing.TB, h *Hub, v viewer.Viewer, essay uuid.UUID, afterSeq int64) *Subscription[RunState] {
	t.Helper()
	s, err := h.Follow(t.Context(), v, essay, afterSeq)
	require.NoError(t, err)
	return s
}

// next waits for the next value; the stream must not end.
func next[T any](t testing.TB, s *Subscription[T]) T {
	t.Helper()
	select {
	case value, ok := <-s.Updates():
		require.True(t, ok, "the stream ended: %v", s.Err())
		return value
	case <-time.After(patience):
		require.Fail(t, "nothing came")
		panic("unreachable")
	}
}

// until waits for a value that satisfies the condition, and returns it.
func until[T any](t testing.TB, s *Subscription[T], condition func(T) bool) T {
	t.Helper()
	for {
		if value := next(t, s); condition(value) {
			return value
		}
	}
}

// over waits for the end of the stream; nothing more must come.
func over[T any](t testing.TB, s *Subscription[T]) error {
	t.Helper()
	select {
	case value, ok := <-s.Updates():
		require.False(t, ok, "instead of the end came %+v", value)
		return s.Err()
	case <-time.After(patience):
		require.Fail(t, "the stream did not end")
		panic("unreachable")
	}
}

// stillHub is a Hub that does not run: nothing is handed out but by settle.
func (w *world) stillHub() *Hub { return NewHub(w.db, slog.New(slog.DiscardHandler), Options{}) }

// settle flushes everything that is followed on a still Hub.
func settle(t testing.TB, h *Hub) {
	t.Helper()
	h.changedAll()
	require.NoError(t, h.flush(t.Context()))
}

// nothing fails the test if a value, or the end, is there.
func nothing[T any](t testing.TB, s *Subscription[T]) {
	t.Helper()
	select {
	case value, ok := <-s.Updates():
		require.Fail(t, "there is something", "%+v %v %v", value, ok, s.Err())
	default:
	}
}
