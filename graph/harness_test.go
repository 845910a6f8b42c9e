package graph_test

import (
	"bytes"
	"context"
	"database/sql/driver"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/graph"
	"github.com/rubrica/rubrica/graph/cost"
	"github.com/rubrica/rubrica/internal/auth"
	"github.com/rubrica/rubrica/internal/calibrations"
	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/internal/importing"
	"github.com/rubrica/rubrica/internal/interactions"
	"github.com/rubrica/rubrica/internal/overrides"
	"github.com/rubrica/rubrica/internal/pgtest"
	"github.com/rubrica/rubrica/internal/progress"
	"github.com/rubrica/rubrica/internal/seeding"
	"github.com/rubrica/rubrica/internal/server"
	"github.com/rubrica/rubrica/internal/submission"
	"github.com/rubrica/rubrica/jobs"
	"github.com/rubrica/rubrica/rag"
	"github.com/rubrica/rubrica/rag/ragtest"
	"github.com/rubrica/rubrica/recommend"
	"github.com/rubrica/rubrica/seeds"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// The people of the tests, by their slugs in the seeds. Lena is in Arno's cohorts, one of which
// Miriam shares; Omar is in Miriam's alone.
const (
	anonymous = ""
	lena      = "lena"
	omar      = "omar"
	arno      = "arno"
	miriam    = "miriam"
	ada       = "ada"
)

var everyone = []string{anonymous, lena, omar, arno, miriam, ada}

// catalog is the seeds of the binary, read once: reading them is slow under -race.
var catalog = sync.OnceValues(seeds.Default)

// world is a database with the seeds, and the API before it as the server serves it.
type world struct {
	db      *database.DB
	catalog *seeds.Catalog
	api     *httptest.Server
	hub     *progress.Hub
	queue   *jobs.Queue
	notify  *progress.Notifier
	auth    *auth.Authority
	index   *rag.Index

	embedder jobs.Embedder
	mu       sync.Mutex
	tokens   map[string]string
}

// newWorld makes a world whose server is in production mode.
func newWorld(t testing.TB) *world {
	t.Helper()
	c, err := catalog()
	require.NoError(t, err)
	db, err := database.Open(t.Context(), pgtest.New(t).URL(), database.Options{MaxConnections: 16, Wrap: counted})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	_, err = seeding.Load(t.Context(), db, c, seeding.Options{People: true})
	require.NoError(t, err)

	w := &world{db: db, catalog: c, tokens: map[string]string{}}
	log := errorsTo(t)
	w.auth, err = auth.New([]byte("a key for tests that is long enough"), auth.SQLAccounts(db.SQL))
	require.NoError(t, err)
	w.queue, err = jobs.NewQueue(db)
	require.NoError(t, err)
	w.notify = progress.NewNotifier(db, log)
	t.Cleanup(func() { assert.NoError(t, w.notify.Close(context.Background())) })
	w.embedder = ragtest.Model(t)
	w.index = rag.New(db, w.embedder, log)
	w.hub = progress.NewHub(db, log, progress.Options{})
	w.api = w.serve(t, false)
	return w
}

// serve starts a server on the world's database.
func (w *world) serve(t testing.TB, development bool) *httptest.Server {
	t.Helper()
	return w.serveWith(t, func(o *graph.Options) { o.Development = development })
}

// serveWith starts a server with options of its own. Callers have no limit unless change sets one: what
// most tests ask for at once is dearer than what a screen does.
func (w *world) serveWith(t testing.TB, change func(*graph.Options)) *httptest.Server {
	t.Helper()
	options := graph.Options{
		DB: w.db, Submission: submission.New(w.db, w.queue, w.notify), Hub: w.hub,
		Overrides:    overrides.New(w.db, w.queue, w.notify),
		Calibrations: calibrations.New(w.db, w.queue),
		Authority:    w.auth, Log: errorsTo(t),
		Jobs: jobs.NewInspector(w.db, w.queue, w.notify), System: installation,
		Index: w.index, Advice: jobs.NewAdvice(w.db, w.embedder, recommend.New(w.db, w.index, errorsTo(t))),
		Interactions: interactions.New(w.db, w.queue), Importing: importing.New(w.db, w.queue.RefreshIndex, errorsTo(t)),
		Limits: new(cost.Limits),
	}
	change(&options)
	api, log := graph.New(options), options.Log
	// The statements of a request are counted behind the middleware, which has a cache of its own.
	handler := w.auth.Middleware(counting(api.Handler()), log)
	s := httptest.NewServer(server.Wrap(handler, server.Options{Logger: log}))
	t.Cleanup(s.Close)
	return s
}

// runHub serves live states until the test ends.
func (w *world) runHub(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.hub.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		assert.NoError(t, <-ended)
	})
}

// errorsTo shows what a client sees only as INTERNAL.
func errorsTo(t testing.TB) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError}))
}

func (w *world) token(t testing.TB, person string) string {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.tokens[person] == "" {
		token, err := w.auth.Issue(seeding.UserID(person), time.Hour)
		require.NoError(t, err)
		w.tokens[person] = token.Raw
	}
	return w.tokens[person]
}

type vars = map[string]any

// answer is the response to an operation.
type answer struct {
	Data   map[string]any
	Errors []struct {
		Message    string
		Path       []any
		Extensions map[string]any
	}
	raw        string
	status     int
	requestID  string
	statements []string              // that were sent to the database for it
	arguments  [][]driver.NamedValue // of each statement
}

// ask sends an operation as a person.
func (w *world) ask(t testing.TB, person, query string, variables vars) *answer {
	t.Helper()
	return w.askAt(t, w.api, person, query, variables)
}

func (w *world) askAt(t testing.TB, s *httptest.Server, person, query string, variables vars) *answer {
	t.Helper()
	resp, counter := w.send(t, s, person, "application/graphql-response+json", query, variables)
	defer func() { _ = resp.Body.Close() }() // read to its end
	raw, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	a := &answer{raw: string(raw), status: resp.StatusCode, requestID: resp.Header.Get(server.RequestIDHeader)}
	require.NoError(t, json.Unmarshal(raw, a), "%s", raw)
	a.statements, a.arguments = counter.take()
	return a
}

func (w *world) send(t testing.TB, s *httptest.Server, person, accept, query string, variables vars) (*http.Response, *counter) {
	t.Helper()
	body, err := json.Marshal(vars{"query": query, "variables": variables})
	require.NoError(t, err)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL, bytes.NewReader(body))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", accept)
	id, c := newCounter()
	t.Cleanup(func() { counters.Delete(id) })
	r.Header.Set(counterHeader, id)
	if person != anonymous {
		r.Header.Set("Authorization", "Bearer "+w.token(t, person))
	}
	resp, err := s.Client().Do(r)
	require.NoError(t, err)
	return resp, c
}

// ok asks and expects no error.
func (w *world) ok(t testing.TB, person, query string, variables vars) *answer {
	t.Helper()
	a := w.ask(t, person, query, variables)
	require.Empty(t, a.Errors, "%s: %s", person, a.raw)
	return a
}

// codes are the codes of the errors, in their order.
func (a *answer) codes() []string {
	var list []string
	for _, e := range a.Errors {
		code, _ := e.Extensions["code"].(string)
		list = append(list, code)
	}
	return list
}

// at is the value at a path of keys and indexes; nil where the path leads nowhere.
func (a *answer) at(path ...any) any {
	var v any = a.Data
	for _, step := range path {
		switch step := step.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[step]
		case int:
			l, _ := v.([]any)
			if step >= len(l) {
				return nil
			}
			v = l[step]
		}
	}
	return v
}

func list(v any) []any { l, _ := v.([]any); return l }

func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }
