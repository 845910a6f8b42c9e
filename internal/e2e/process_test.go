package e2e_test

import (
	"bufio"
	"database/sql"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/rubrica/rubrica/internal/auth"
	"github.com/rubrica/rubrica/internal/demo"
	"github.com/rubrica/rubrica/internal/globalid"
	"github.com/rubrica/rubrica/internal/pgtest"
	"github.com/rubrica/rubrica/seeds"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// key signs the tokens of every process of these tests.
const key = "k3Vd9-end-to-end-tests-only-Lq7TzX2m"

// startTimeout bounds what every process may take to answer, or to stop.
const startTimeout = time.Minute

// binary builds rubrica once. It lies beside the test program, in the folder that `go test` removes.
var binary = sync.OnceValues(func() (string, error) {
	program, err := os.Executable()
	if err != nil {
		return "", err
	}
	path := filepath.Join(filepath.Dir(program), "rubrica-under-test")
	out, err := exec.Command("go", "build", "-o", path, "../../cmd/rubrica").CombinedOutput()
	if err != nil {
		return "", &buildError{string(out)}
	}
	return path, nil
})

type buildError struct{ output string }

func (e *buildError) Error() string { return "building cmd/rubrica: " + e.output }

// installation is one database and the processes on it.
type installation struct {
	t         *testing.T
	url       string
	dir       string
	db        *sql.DB
	authority *auth.Authority
	catalog   *seeds.Catalog
}

func install(t *testing.T, database *pgtest.Database) *installation {
	t.Helper()
	in := &installation{t: t, url: database.URL(), dir: t.TempDir(), db: database.DB(t)}
	var err error
	in.catalog, err = seeds.Default()
	require.NoError(t, err)
	in.authority, err = auth.New([]byte(key), auth.SQLAccounts(in.db))
	require.NoError(t, err)
	return in
}

// client speaks to a process as a person of the seeds.
func (in *installation) client(p *process, who string) *demo.Client {
	in.t.Helper()
	return &demo.Client{URL: p.url, Token: in.token(who)}
}

func (in *installation) token(who string) string {
	in.t.Helper()
	token, err := in.authority.Issue(in.id(`SELECT id FROM users WHERE email = $1 || '@example.org'`, who), time.Hour)
	require.NoError(in.t, err)
	return token.Raw
}

// question is the global id of a question.
func (in *installation) question(slug string) string {
	in.t.Helper()
	return globalid.Encode("question", in.id(`SELECT id FROM questions WHERE slug = $1`, slug))
}

func (in *installation) id(query string, args ...any) (id uuid.UUID) {
	in.t.Helper()
	require.NoError(in.t, in.db.QueryRow(query, args...).Scan(&id), args)
	return id
}

func (in *installation) count(query string, args ...any) (n int) {
	in.t.Helper()
	require.NoError(in.t, in.db.QueryRow(query, args...).Scan(&n))
	return n
}

// sample is an answer that somebody might submit.
type sample struct{ slug, text string }

// samples are the sample answers of the seeds, 72 or more.
func (in *installation) samples() (all []sample) {
	for _, track := range in.catalog.Tracks {
		for _, q := range track.Questions {
			for _, text := range []string{q.Samples.Strong, q.Samples.Middling, q.Samples.Weak} {
				all = append(all, sample{q.Slug, text})
			}
		}
	}
	return all
}

// process is a running rubrica.
type process struct {
	t       *testing.T
	url     string // after await
	cmd     *exec.Cmd
	serving chan string // the URL
	ended   chan struct{}
	err     error // of the end; set before ended is closed

	mu    sync.Mutex
	grave []string // what it logged above INFO
}

// start starts `rubrica serve` with further flags and waits until it serves.
func (in *installation) start(flags ...string) *process {
	in.t.Helper()
	p := in.launch(flags...)
	p.await()
	return p
}

// launch starts `rubrica serve`; await waits for it.
func (in *installation) launch(flags ...string) *process {
	in.t.Helper()
	path, err := binary()
	require.NoError(in.t, err)
	p := &process{t: in.t, cmd: exec.Command(path, append([]string{"serve"}, flags...)...), serving: make(chan string, 1), ended: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), "DATABASE_URL="+in.url, "RUBRICA_DATA_DIR="+in.dir, "RUBRICA_JWT_SECRET="+key,
		"RUBRICA_ADDRESS=127.0.0.1:0", "RUBRICA_LOG_FORMAT=json", "RUBRICA_LOG_LEVEL=info", "RUBRICA_DATABASE_CONNECTIONS=12")
	p.cmd.SysProcAttr = dieWithTest()
	stderr, err := p.cmd.StderrPipe()
	require.NoError(in.t, err)
	require.NoError(in.t, p.cmd.Start())
	go func() {
		p.read(stderr)
		p.err = p.cmd.Wait()
		close(p.ended)
	}()
	in.t.Cleanup(func() {
		p.kill()
		if in.t.Failed() {
			p.mu.Lock()
			defer p.mu.Unlock()
			in.t.Logf("process %d logged:\n%s", p.cmd.Process.Pid, strings.Join(p.grave, "\n"))
		}
	})
	return p
}

// await waits until the process serves.
func (p *process) await() {
	p.t.Helper()
	timer := time.NewTimer(startTimeout)
	defer timer.Stop()
	select {
	case p.url = <-p.serving:
	case <-p.ended:
		p.t.Fatalf("rubrica ended before it served: %v", p.err)
	case <-timer.C:
		p.t.Fatal("rubrica does not serve")
	}
}

// kill ends the process as a power failure would, and waits until it is gone.
func (p *process) kill() {
	_ = p.cmd.Process.Signal(unix.SIGKILL) // it may have ended
	<-p.ended
}

// stop ends the process as Ctrl-C would.
func (p *process) stop() {
	p.t.Helper()
	require.NoError(p.t, p.cmd.Process.Signal(unix.SIGTERM))
	timer := time.NewTimer(startTimeout)
	defer timer.Stop()
	select {
	case <-p.ended:
		require.NoError(p.t, p.err)
	case <-timer.C:
		p.t.Fatal("rubrica does not stop")
	}
}

func (p *process) read(stderr io.Reader) {
	lines := bufio.NewScanner(stderr)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var record struct{ Level, Msg, Address string }
		if json.Unmarshal(lines.Bytes(), &record) == nil && record.Level == "INFO" {
			if record.Msg == "serving" {
				p.serving <- "http://" + record.Address
			}
			continue
		}
		p.mu.Lock()
		p.grave = append(p.grave, lines.Text())
		p.mu.Unlock()
	}
}
