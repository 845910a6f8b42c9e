package main

import (
	"bytes"
	"context"
	"database/sql"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// buffer is a bytes.Buffer for several goroutines.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// run runs a command to its end.
func run(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs buffer
	code = (&App{Stdout: &out, Stderr: &errs}).Run(t.Context(), args)
	return code, out.String(), errs.String()
}

func must(t *testing.T, args ...string) string {
	t.Helper()
	code, stdout, stderr := run(t, args...)
	require.Zero(t, code, stderr)
	return strings.TrimSpace(stdout)
}

// installation is a database and a data folder of one test, as flags.
func installation(t *testing.T) (flags []string, db *sql.DB) {
	t.Helper()
	database := pgtest.New(t)
	return []string{"--database-url=" + database.URL(), "--data-dir=" + t.TempDir()}, database.DB(t)
}

func with(flags []string, args ...string) []string { return append(args, flags...) }

func TestPeopleOfTheCommandLine(t *testing.T) {
	t.Parallel()
	flags, db := installation(t)
	must(t, with(flags, "seed")...)
	assert.Equal(t, "The database is at the newest version.", must(t, with(flags, "migrate")...))

	id := must(t, with(flags, "user", "add", "--name=Uma", "--email=uma@example.org", "--role=advisor")...)
	code, _, stderr := run(t, with(flags, "user", "add", "--name=Uma", "--email=uma@example.org")...)
	assert.Equal(t, 1, code)
	assert.Equal(t, "rubrica: There is an account with this address already.\n", stderr)

	must(t, with(flags, "cohort", "add", "--slug=winter", "--name=Winter", "--track=data-analyst")...)
	must(t, with(flags, "cohort", "member", "--cohort=winter", "--user="+id, "--role=advisor")...)
	must(t, with(flags, "cohort", "member", "--cohort=winter", "--user=lena")...)
	must(t, with(flags, "cohort", "member", "--cohort=winter", "--user=lena", "--remove")...)
	code, _, stderr = run(t, with(flags, "cohort", "member", "--cohort=winter", "--user=lena", "--remove")...)
	assert.Equal(t, 1, code)
	assert.Contains(t, stderr, "not in")
	assert.Equal(t, 2, strings.Count(must(t, with(flags, "token", "--user="+id)...), "."), "a token has three parts")

	var actions string
	require.NoError(t, db.QueryRow(`SELECT string_agg(action, ' ' ORDER BY created_at, id) FROM audit_events WHERE actor_id IS NULL`).Scan(&actions))
	assert.Equal(t, "CATALOGUE_SEED USER_CREATE COHORT_CREATE COHORT_MEMBER_SET COHORT_MEMBER_SET COHORT_MEMBER_REMOVE TOKEN_ISSUE", actions)
}

func TestErrorsAreSentences(t *testing.T) {
	t.Parallel()
	flags, _ := installation(t)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	latin1 := filepath.Join(t.TempDir(), "essay.txt")
	require.NoError(t, os.WriteFile(latin1, []byte("caf\xe9"), 0o600))
	broken := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(broken, "skills.yaml"), []byte("skills:\n  - slug: A B\n"), 0o600))
	strong := "--jwt-secret=Hq8vZ3nKx2WcT7pLm4RyB9dFj6GsE1aU5oXi"
	cases := map[string]struct {
		args []string
		want string
	}{
		"port in use":         {with(flags, "serve", "--address="+taken.Addr().String()), "is in use by another program: stop that one"},
		"unknown person":      {with(flags, "token", "--user=nobody"), `there is no person "nobody"`},
		"token for ever":      {with(flags, "token", "--user=lena", "--ttl=100000h"), "a token is valid for"},
		"not an address":      {with(flags, "user", "add", "--name=U", "--email=u"), "not an e-mail address"},
		"not a slug":          {with(flags, "cohort", "add", "--slug=A B", "--name=A"), "A slug has"},
		"no server":           {[]string{"health", "--address=127.0.0.1:1"}, "no server answers on 127.0.0.1:1"},
		"no server to demo":   {[]string{"demo", "--data-dir=" + t.TempDir()}, "make run"},
		"demo of nobody":      {[]string{"demo", "--address=127.0.0.1:1", "--token=t"}, "make run"},
		"essay not in UTF-8":  {[]string{"demo", "--file=" + latin1}, "is not UTF-8"},
		"broken seeds":        {[]string{"seed", "--check", "--folder=" + broken}, "skills.yaml:2:"},
		"no database":         {[]string{"migrate", "--database-url=postgres://127.0.0.1:1/x?connect_timeout=1"}, "connection refused"},
		"production, nothing": {[]string{"serve", "--mode=production"}, "RUBRICA_JWT_SECRET is not set"},
		"production, pending": {[]string{"serve", "--mode=production", "--address=127.0.0.1:0", strong,
			"--database-url=" + pgtest.Empty(t).URL()}, "rubrica migrate"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			code, _, stderr := run(t, c.args...)
			assert.Equal(t, 1, code)
			assert.Contains(t, stderr, c.want)
			assert.NotContains(t, stderr, "goroutine")
		})
	}
}

func TestMigrateListsWhatIsPending(t *testing.T) {
	t.Parallel()
	url := "--database-url=" + pgtest.Empty(t).URL()
	dir := "--data-dir=" + t.TempDir()
	code, stdout, stderr := run(t, "migrate", "--pending", url, dir)
	assert.Equal(t, 1, code)
	assert.Contains(t, stdout, "00002_models.sql")
	assert.Contains(t, stderr, "rubrica migrate")
	must(t, "migrate", "--mode=production", url, dir) // without a signing key
	assert.Contains(t, must(t, "migrate", "--pending", url, dir), "newest version")
}

func TestSchemaIsTheWholeContract(t *testing.T) {
	t.Parallel()
	sdl := must(t, "schema")
	for _, part := range []string{"type Query", "type Subscription", "type RecommendationItem", "input EssaySubmitInput"} {
		assert.Contains(t, sdl, part)
	}
	assert.Contains(t, must(t, "seed", "--check"), "The seeds are sound")
	assert.Contains(t, must(t, "version"), "rubrica ")
	assert.Contains(t, must(t), "Commands:")
}

// serve starts the server and returns its URL, its outputs, and how to stop it as Ctrl-C does.
func serve(t *testing.T, flags ...string) (url string, stdout, stderr *buffer, stop func() int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	started, ended := make(chan string, 1), make(chan int, 1)
	stdout, stderr = &buffer{}, &buffer{}
	app := &App{Stdout: stdout, Stderr: stderr, Serving: func(url string) { started <- url }}
	go func() { ended <- app.Run(ctx, append([]string{"serve", "--address=127.0.0.1:0"}, flags...)) }()
	stop = sync.OnceValue(func() int { cancel(); return <-ended })
	t.Cleanup(func() { stop() })
	select {
	case url = <-started:
	case code := <-ended:
		ended <- code
		t.Fatalf("serve ended with %d: %s", code, stderr)
	}
	return url, stdout, stderr, stop
}
