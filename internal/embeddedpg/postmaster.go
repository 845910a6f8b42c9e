package embeddedpg

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// maxLog is the size, in bytes, from which the log is put aside at the next start.
const maxLog = 8 << 20

// postmaster is a server process that we started.
type postmaster struct {
	process *os.Process
	done    chan struct{} // closed when the process has ended
	logFile string
	logFrom int64 // where this start's part of the log begins
}

// settings are ours; Config.Settings overrides them.
func (s *Server) settings() map[string]string {
	m := map[string]string{
		"listen_addresses":        "",
		"port":                    strconv.Itoa(socketNumber),
		"unix_socket_directories": s.sockets,
		"unix_socket_permissions": "0700",
		"cluster_name":            "rubrica",
		"timezone":                "UTC",
		"log_timezone":            "UTC",
		"log_line_prefix":         "%m [%p] %d ",
		"jit":                     "off", // our statements are short
	}
	maps.Copy(m, s.cfg.Settings)
	return m
}

func startPostmaster(s *Server) (*postmaster, error) {
	log, from, err := openLog(s.paths.log)
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }() // the server has its own descriptor

	args := []string{"-D", s.paths.data}
	settings := s.settings()
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		args = append(args, "-c", name+"="+settings[name])
	}
	cmd := exec.Command(filepath.Join(s.cfg.InstallDir, "bin", "postgres"), args...)
	cmd.Dir = s.paths.server // ours may be closed to the account
	cmd.Env = childEnv(s.paths.server)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = childAttr(s.account, unix.SIGINT)

	p := &postmaster{done: make(chan struct{}), logFile: s.paths.log, logFrom: from}
	started := make(chan error)
	go func() {
		// The parent-death signal is sent when the thread that made the child ends, so that thread
		// must live as long as the child.
		_ = onLockedThread(func() error {
			err := cmd.Start()
			started <- err
			if err == nil {
				_ = cmd.Wait() // how it ended is in its log
			}
			return nil
		})
		close(p.done)
	}()
	if err := <-started; err != nil {
		<-p.done
		return nil, fmt.Errorf("embeddedpg: start PostgreSQL: %w", execError(err, cmd.Path))
	}
	p.process = cmd.Process
	return p, nil
}

// onLockedThread runs f on a thread that runs nothing else meanwhile.
func onLockedThread(f func() error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	return f()
}

// openLog opens the log for appending and says where that begins. A large log is put aside.
func openLog(path string) (*os.File, int64, error) {
	if info, err := os.Stat(path); err == nil && info.Size() > maxLog {
		if err := os.Rename(path, path+".1"); err != nil {
			return nil, 0, fileError("put the log aside", err)
		}
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, 0, fileError("open the log", err)
	}
	info, err := f.Stat()
	if err != nil {
		_ = f.Close()
		return nil, 0, fileError("open the log", err)
	}
	return f, info.Size(), nil
}

// stop ends the process: a fast shutdown, then, after a bound or when the context ends, an abort,
// and at last a kill. It returns when the process has ended.
func (p *postmaster) stop(ctx context.Context) {
	// Signal fails when the process has ended, which is what we want.
	_ = p.process.Signal(unix.SIGINT)
	if p.ended(ctx, shutdownTimeout) {
		return
	}
	_ = p.process.Signal(unix.SIGQUIT)
	if p.ended(context.WithoutCancel(ctx), quitTimeout) {
		return
	}
	_ = p.process.Signal(unix.SIGKILL)
	<-p.done
}

func (p *postmaster) ended(ctx context.Context, bound time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, bound)
	defer cancel()
	select {
	case <-p.done:
		return true
	case <-ctx.Done():
		return false
	}
}

// said is what the server wrote since this start.
func (p *postmaster) said() (string, error) {
	b, err := os.ReadFile(p.logFile)
	if err != nil {
		return "", err
	}
	return strings.ToValidUTF8(string(b[min(p.logFrom, int64(len(b))):]), "?"), nil
}

// failure describes what went wrong by what the server wrote.
func (p *postmaster) failure(problem string) error {
	said, err := p.said()
	return outputError(problem, lastLines(said, 12), p.logFile, err)
}

func (p *postmaster) blockedBySurvivors() bool {
	said, err := p.said()
	return err == nil && strings.Contains(said, "pre-existing shared memory block")
}
