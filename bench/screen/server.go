package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// server is one of the servers that are compared.
type server struct {
	name    string
	command func(databaseURL string, port int) *exec.Cmd
	body    string // of the request
	headers map[string]string

	url  string
	proc *exec.Cmd
	log  *bytes.Buffer

	statements  float64 // of a request
	allocations float64 // of a request; 0 where they cannot be counted
	allocated   float64 // bytes of a request
	results     []result
}

func chosen(all []*server, names string) []*server {
	if names == "" {
		return all
	}
	return slices.DeleteFunc(all, func(s *server) bool { return !slices.Contains(strings.Split(names, ","), s.name) })
}

func body(query string) string {
	return `{"query":` + strconv.Quote(query) + `}` // what Go and JSON escape alike
}

// ourName is the name of the one binary.
const ourName = "rubrica"

// rubricas are the binaries of the options.
func rubricas(o options, db *benchDatabase) []*server {
	var list []*server
	for _, binary := range strings.Split(o.rubrica, ",") {
		name, path, named := strings.Cut(binary, "=")
		if !named {
			name, path = ourName, binary
		}
		list = append(list, rubrica(name, path, o, db))
	}
	return list
}

// rubrica is the binary as it is shipped: in production mode, with authentication, limits, costs and
// the access log. Costs are counted, and the limit that would stop a load like this one is lifted.
func rubrica(name, path string, o options, db *benchDatabase) *server {
	return &server{
		name: name, body: body(ourQuery), headers: map[string]string{"Authorization": "Bearer " + db.token},
		command: func(databaseURL string, port int) *exec.Cmd {
			cmd := exec.Command(path, "serve", "--no-worker") //nolint:gosec // our own arguments; ended by stop
			cmd.Env = append(os.Environ(), "RUBRICA_MODE=production", "RUBRICA_FREE_DOCUMENTS=everyone", "RUBRICA_LIMIT_LEARNER=none",
				"DATABASE_URL="+databaseURL, "RUBRICA_DATABASE_CONNECTIONS="+strconv.Itoa(o.pool),
				"RUBRICA_ADDRESS=127.0.0.1:"+strconv.Itoa(port), "RUBRICA_JWT_SECRET="+secret)
			return cmd
		},
	}
}

func postgraphile(o options, db *benchDatabase, peer *peer) *server {
	return &server{
		name: "postgraphile", body: body(fmt.Sprintf(peerQuery, db.learner)),
		command: func(databaseURL string, port int) *exec.Cmd {
			cmd := exec.Command("node", filepath.Join(peer.dir, "server.mjs")) //nolint:gosec // our own arguments; ended by stop
			cmd.Env = append(os.Environ(), "NODE_ENV=production", "GRAPHILE_ENV=production",
				"DATABASE_URL="+databaseURL, "POOL="+strconv.Itoa(o.pool), "PORT="+strconv.Itoa(port))
			return cmd
		},
	}
}

func handwritten(o options, db *benchDatabase) *server {
	return &server{
		name: "handwritten", body: "{}",
		command: func(databaseURL string, port int) *exec.Cmd {
			cmd := exec.Command("/proc/self/exe", handwrittenCommand)
			cmd.Env = append(os.Environ(), "DATABASE_URL="+databaseURL, "POOL="+strconv.Itoa(o.pool),
				"PORT="+strconv.Itoa(port), "LEARNER="+db.learner.String())
			return cmd
		},
	}
}

// startTimeout is generous: PostGraphile reads the whole catalogue of the database.
const startTimeout = 20 * time.Second

// start runs the server until it answers.
func (s *server) start(ctx context.Context, databaseURL string) error {
	port, err := freePort(ctx)
	if err != nil {
		return err
	}
	s.url = "http://127.0.0.1:" + strconv.Itoa(port) + "/graphql"
	s.proc, s.log = s.command(databaseURL, port), new(bytes.Buffer)
	s.proc.SysProcAttr = &unix.SysProcAttr{Pdeathsig: unix.SIGKILL}
	s.proc.Stderr = &tail{s.log}
	if err := s.proc.Start(); err != nil {
		return fmt.Errorf("start %s: %w", s.name, err)
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	retry := time.NewTicker(100 * time.Millisecond)
	defer retry.Stop()
	var last error
	for {
		_, err := s.ask(ctx)
		if err == nil {
			return nil
		}
		if ctx.Err() == nil {
			last = err
		}
		select {
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("%s does not answer: %w\n%s", s.name, last, s.log), s.stop())
		case <-retry.C:
		}
	}
}

func (s *server) stop() error {
	if s.proc == nil {
		return nil
	}
	cmd := s.proc
	s.proc = nil
	if err := cmd.Process.Signal(unix.SIGTERM); err != nil {
		return fmt.Errorf("stop %s: %w\n%s", s.name, err, s.log)
	}
	_ = cmd.Wait() // ended by the signal
	return nil
}

// client gives up on a server that hangs.
var client = &http.Client{Timeout: 10 * time.Second}

// ask sends the request once and returns the answer, which must be a good one.
func (s *server) ask(ctx context.Context) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, strings.NewReader(s.body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	for k, v := range s.headers {
		r.Header.Set(k, v)
	}
	resp, err := client.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }() // read to its end
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	var failed struct{ Errors json.RawMessage }
	if err := json.Unmarshal(b, &failed); err != nil || failed.Errors != nil || resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s: %.500s", s.name, resp.Status, b)
	}
	return b, nil
}

func freePort(ctx context.Context) (int, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer func() { _ = l.Close() }() // it was only to find the port
	return l.Addr().(*net.TCPAddr).Port, nil
}

// tail keeps the end of what a server logs.
type tail struct{ *bytes.Buffer }

const tailSize = 1 << 14

// Write never fails.
func (t *tail) Write(b []byte) (int, error) {
	n := len(b)
	if t.Len() > tailSize {
		t.Reset()
	}
	t.Buffer.Write(b)
	return n, nil
}
