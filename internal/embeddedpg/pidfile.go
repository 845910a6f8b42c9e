package embeddedpg

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// pidFile is what postmaster.pid says.
type pidFile struct {
	pid   int
	ready bool // accepts connections
}

const (
	pidFilePid    = 0 // line numbers of the file, which PostgreSQL has kept since version 10
	pidFileStatus = 7
)

func readPidFile(path string) (pidFile, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return pidFile{}, err
	}
	lines := strings.Split(string(b), "\n")
	// A negative id marks a backend without postmaster, which we never start.
	pid, err := strconv.Atoi(strings.TrimSpace(lines[pidFilePid]))
	if err != nil || pid <= 1 {
		return pidFile{}, fmt.Errorf("embeddedpg: %s names no process", path)
	}
	pf := pidFile{pid: pid}
	if len(lines) > pidFileStatus {
		pf.ready = strings.TrimSpace(lines[pidFileStatus]) == "ready"
	}
	return pf, nil
}

// stopOrphan stops a server whose owner died, and makes a stale postmaster.pid harmless. The caller
// holds the owner's lock, so that no living process of ours owns that server.
func (s *Server) stopOrphan(ctx context.Context) error {
	path := s.paths.pidFile()
	pf, err := readPidFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		// Empty or cut off, by a crash or a full disk. PostgreSQL would refuse such a file for
		// ever; nobody who runs wrote it, since it is written in one piece before the server starts.
		if err := os.Remove(path); err != nil {
			return fileError("remove a broken postmaster.pid", err)
		}
		return nil
	}
	if !processExists(pf.pid) {
		return nil // PostgreSQL recognises that, and looks for surviving backends as well
	}
	if !isPostmaster(pf.pid, s.paths.data) {
		return disownPidFile(path)
	}
	s.say("stopping the PostgreSQL (process %d) that a killed process left…", pf.pid)
	for _, step := range []struct {
		signal unix.Signal
		wait   time.Duration
	}{{unix.SIGINT, shutdownTimeout}, {unix.SIGQUIT, quitTimeout}, {unix.SIGKILL, quitTimeout}} {
		if !isPostmaster(pf.pid, s.paths.data) { // the id may have passed to another process
			return nil
		}
		if err := unix.Kill(pf.pid, step.signal); err != nil && !errors.Is(err, unix.ESRCH) {
			return &Error{
				Problem: fmt.Sprintf("PostgreSQL (process %d) still runs on %s and cannot be stopped", pf.pid, s.paths.data),
				Fix:     fmt.Sprintf("stop it with `kill -INT %d` as its user", pf.pid),
				Err:     err,
			}
		}
		if s.awaitExit(ctx, pf.pid, step.wait) {
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("embeddedpg: stop a left-over PostgreSQL: %w", ctx.Err())
		}
	}
	return &Error{
		Problem: fmt.Sprintf("PostgreSQL (process %d) still runs on %s and does not stop", pf.pid, s.paths.data),
		Fix:     "restart the machine, or set RUBRICA_DATA_DIR to another folder",
	}
}

// disownPidFile handles a process id that has passed to a stranger. PostgreSQL would refuse to
// start when that runs as the same user; it accepts a file that names its own parent. The file is
// not removed, because its other lines let PostgreSQL find backends that outlived their postmaster.
func disownPidFile(path string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return fileError("read postmaster.pid", err)
	}
	_, rest, _ := bytes.Cut(b, []byte("\n"))
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC|unix.O_NOFOLLOW, 0)
	if err != nil {
		return fileError("repair postmaster.pid", err)
	}
	_, err = f.Write(append([]byte(strconv.Itoa(os.Getpid())+"\n"), rest...))
	if err := errors.Join(err, f.Close()); err != nil {
		return fileError("repair postmaster.pid", err)
	}
	return nil
}

func processExists(pid int) bool {
	err := unix.Kill(pid, 0)
	return err == nil || errors.Is(err, unix.EPERM)
}

// awaitExit polls, because only a parent is told when a process ends. It does not ask whether the
// process exists: one that nobody reaps would exist for ever.
func (s *Server) awaitExit(ctx context.Context, pid int, bound time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, bound)
	defer cancel()
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for isPostmaster(pid, s.paths.data) {
		select {
		case <-ctx.Done():
			return false
		case <-tick.C:
		}
	}
	return true
}
