package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/rubrica/rubrica/graph"
	"github.com/rubrica/rubrica/internal/auth"
	"github.com/rubrica/rubrica/internal/calibrations"
	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/internal/overrides"
	"github.com/rubrica/rubrica/internal/progress"
	httpserver "github.com/rubrica/rubrica/internal/server"
	"github.com/rubrica/rubrica/internal/submission"
	"github.com/rubrica/rubrica/jobs"
)

// serveCommand makes this program the server that is measured.
const serveCommand = "serve"

// secret signs tokens for a database that lasts for minutes and holds nobody's data.
const secret = "a key of the benchmark, which guards nothing"

// stats is what the server says of itself.
type stats struct {
	Goroutines int
	RSS        int64 // bytes
}

// serve is the API as `rubrica serve --no-worker` makes it, with its stats, and with runs that change
// all the time. It ends when its standard input does.
func serve(ctx context.Context) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	db, err := database.Open(ctx, os.Getenv("DATABASE_URL"), database.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	authority, err := auth.New([]byte(secret), auth.SQLAccounts(db.SQL))
	if err != nil {
		return err
	}
	queue, err := jobs.NewQueue(db)
	if err != nil {
		return err
	}
	notifier := progress.NewNotifier(db, log)
	defer func() { err = errors.Join(err, notifier.Close(context.WithoutCancel(ctx))) }()
	hub := progress.NewHub(db, log, progress.Options{})
	background := make(chan error, 2)
	go func() { background <- hub.Run(ctx) }()
	go func() { background <- change(ctx, db, notifier) }()

	api := graph.New(graph.Options{
		DB: db, Submission: submission.New(db, queue, notifier), Hub: hub, Authority: authority, Log: log,
		Overrides:    overrides.New(db, queue, notifier),
		Calibrations: calibrations.New(db, queue),
		Jobs:         jobs.NewInspector(db, queue, notifier),
	})
	mux := http.NewServeMux()
	mux.Handle("/graphql", authority.Middleware(api.Handler(), log))
	mux.HandleFunc("/stats", func(w http.ResponseWriter, _ *http.Request) {
		rss, err := residentSize()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		_ = json.NewEncoder(w).Encode(stats{runtime.NumGoroutine(), rss}) // the reader notices
	})
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	srv := &http.Server{Handler: httpserver.Wrap(mux, httpserver.Options{Logger: log}), ReadHeaderTimeout: time.Minute}
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(listener) }()
	if _, err := fmt.Fprintln(os.Stdout, "http://"+listener.Addr().String()); err != nil {
		return err
	}

	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	select {
	case <-ctx.Done():
	case err = <-background:
		return fmt.Errorf("what runs beside the server ended: %w", err)
	case err = <-ended:
		return err
	}
	return srv.Close()
}

// residentSize is the memory of this process that is not swapped out, in bytes.
func residentSize() (int64, error) {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, err
	}
	pages, err := strconv.ParseInt(strings.Fields(string(text))[1], 10, 64)
	return pages * int64(os.Getpagesize()), err
}

// change moves every unfinished run some of the way, a hundred times a second, and says so.
func change(ctx context.Context, db *database.DB, notifier *progress.Notifier) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	runs, err := unfinished(ctx, db)
	if err != nil {
		return err
	}
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		run := runs[n%len(runs)]
		_, err := db.SQL.ExecContext(ctx, `UPDATE scoring_runs SET seq = seq + 1, percent = (percent + 1) % 100, changed_at = now() WHERE id = $1`, run)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("changing a run: %w", err)
		}
		notifier.Changed(run, false)
	}
}

// server is the server that is measured, in a process of its own.
type server struct {
	url   string
	proc  *exec.Cmd
	stdin io.Closer
}

func start(ctx context.Context, databaseURL string) (*server, error) {
	cmd := exec.Command("/proc/self/exe", serveCommand)
	cmd.Env = append(os.Environ(), "DATABASE_URL="+databaseURL)
	cmd.SysProcAttr = &unix.SysProcAttr{Pdeathsig: unix.SIGKILL}
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the server: %w", err)
	}
	s := &server{proc: cmd, stdin: stdin}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		return nil, errors.Join(fmt.Errorf("the server does not start: %w", err), s.stop())
	}
	s.url = strings.TrimSpace(line)
	_, err = s.stats(ctx)
	return s, err
}

func (s *server) stop() error {
	_ = s.stdin.Close() // which ends it
	return s.proc.Wait()
}

var statsClient = &http.Client{Timeout: time.Minute}

func (s *server) stats(ctx context.Context) (out stats, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/stats", nil)
	if err != nil {
		return out, err
	}
	r.Close = true // a connection that stays would be two goroutines
	resp, err := statsClient.Do(r)
	if err != nil {
		return out, fmt.Errorf("ask the server for its stats: %w", err)
	}
	defer func() { _ = resp.Body.Close() }() // it is read
	return out, json.NewDecoder(resp.Body).Decode(&out)
}

// steady are the stats with the most goroutines of a few moments: statements come and go.
func (s *server) steady(ctx context.Context) (most stats, err error) {
	for range 10 {
		now, err := s.stats(ctx)
		if err != nil {
			return most, err
		}
		if now.Goroutines > most.Goroutines {
			most = now
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return most, err
		}
	}
	return most, nil
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
