package embeddedpg

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// ownerLock marks this process as the owner of a data folder. The kernel releases it when the
// process ends, however it ends.
type ownerLock struct{ file *os.File }

// tryLock returns nil without an error when another process holds the lock.
func tryLock(path string) (*ownerLock, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, fileError("open the lock file", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) || errors.Is(err, unix.EINTR) {
			return nil, nil
		}
		return nil, fileError("lock "+path, err)
	}
	// The id is for people and for messages; a failure to write it hurts nobody.
	if f.Truncate(0) == nil {
		_, _ = f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	}
	return &ownerLock{file: f}, nil
}

// release gives the folder up. The file stays: removing it would let two processes hold one lock each.
func (l *ownerLock) release() { _ = l.file.Close() }

// ownOrAdopt takes the folder's lock, or returns nil once the server of the process that holds it
// answers. When that process ends meanwhile, the lock becomes ours.
func (s *Server) ownOrAdopt(ctx context.Context) (*ownerLock, error) {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for told := false; ; {
		lock, err := tryLock(s.paths.lock)
		if err != nil || lock != nil {
			return lock, err
		}
		if pf, err := readPidFile(s.paths.pidFile()); err == nil && pf.ready && s.ping(ctx) == nil {
			if err := s.checkVersion(); err != nil {
				return nil, err
			}
			s.say("using the PostgreSQL of process %s", lockHolder(s.paths.lock))
			return nil, nil
		}
		if !told {
			s.say("waiting for the PostgreSQL that process %s is starting…", lockHolder(s.paths.lock))
			told = true
		}
		select {
		case <-ctx.Done():
			return nil, &Error{
				Problem: fmt.Sprintf("process %s owns %s but its server does not answer", lockHolder(s.paths.lock), s.paths.root),
				Fix:     "wait for it or stop that process, or set RUBRICA_DATA_DIR to another folder",
				Err:     ctx.Err(),
			}
		case <-tick.C:
		}
	}
}

func lockHolder(path string) string {
	b, err := os.ReadFile(path)
	if pid := strings.TrimSpace(string(b)); err == nil && pid != "" {
		return pid
	}
	return "(unknown)"
}

// checkVersion compares the cluster's major version with the one that was asked for.
func (s *Server) checkVersion() error {
	b, err := os.ReadFile(filepath.Join(s.paths.data, "PG_VERSION"))
	if err != nil {
		return &Error{
			Problem: s.paths.data + " is not a PostgreSQL data folder",
			Fix:     "move it away, or set RUBRICA_DATA_DIR to another folder",
			Err:     err,
		}
	}
	if have := strings.TrimSpace(string(b)); have != strconv.Itoa(s.cfg.Version) {
		return &Error{
			Problem: fmt.Sprintf("%s was made by PostgreSQL %s and cannot be read by %d", s.paths.data, have, s.cfg.Version),
			Fix: fmt.Sprintf("start version %s, or export with its pg_dump and set RUBRICA_DATA_DIR to an empty folder for version %d",
				have, s.cfg.Version),
		}
	}
	return nil
}
