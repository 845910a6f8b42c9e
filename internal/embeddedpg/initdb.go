package embeddedpg

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

const initPrefix = "initdb-"

// initialize makes the cluster unless there is one. It is made beside its place and moved there
// when it is whole, so that a crash leaves nothing but a folder that the next call removes.
func (s *Server) initialize(ctx context.Context) error {
	left, err := filepath.Glob(filepath.Join(s.paths.server, initPrefix+"*"))
	if err != nil {
		return fmt.Errorf("embeddedpg: look for leftovers: %w", err)
	}
	for _, dir := range left {
		if err := os.RemoveAll(dir); err != nil {
			return fileError("remove the leftover of an interrupted start", err)
		}
	}
	switch err := os.Remove(s.paths.data); { // takes an empty folder only
	case err == nil, errors.Is(err, fs.ErrNotExist):
	case errors.Is(err, unix.ENOTEMPTY), errors.Is(err, unix.EEXIST):
		return s.checkVersion()
	default:
		return fileError("look at the data folder", err)
	}

	s.say("making a PostgreSQL %d cluster in %s (as %s)…", s.cfg.Version, s.paths.data, s.account.name)
	work, err := os.MkdirTemp(s.paths.server, initPrefix)
	if err != nil {
		return fileError("make the data folder", err)
	}
	defer func() { _ = os.RemoveAll(work) }() // gone after the rename; else the next start removes it
	if err := os.Lchown(work, s.account.uid, s.account.gid); err != nil {
		return fileError("give the data folder to "+s.account.name, err)
	}
	args := []string{
		"--pgdata=" + work, "--username=" + User,
		"--auth-local=trust", "--auth-host=reject", // the package comment says why
		"--encoding=UTF8", "--locale=C.UTF-8", "--data-checksums", "--no-instructions",
	}
	if s.cfg.Settings["fsync"] == "off" {
		args = append(args, "--no-sync")
	}
	out, err := s.run(ctx, work, "initdb", args...)
	var told *Error
	if errors.As(err, &told) {
		return told
	}
	if err != nil {
		return outputError("the cluster could not be made", lastLines(out, 12), "", err)
	}
	if err := os.Rename(work, s.paths.data); err != nil {
		return fileError("move the cluster into place", err)
	}
	return syncDir(s.paths.server)
}

// run executes a program of the installation as the server's account and returns what it wrote.
func (s *Server) run(ctx context.Context, dir, program string, args ...string) (string, error) {
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, filepath.Join(s.cfg.InstallDir, "bin", program), args...)
	cmd.Dir = dir // ours may be closed to the account
	cmd.Env = childEnv(s.paths.server)
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.SysProcAttr = childAttr(s.account, unix.SIGKILL)
	err := onLockedThread(cmd.Run)
	if err != nil && ctx.Err() != nil {
		err = ctx.Err()
	}
	return out.String(), execError(err, cmd.Path)
}

// execError turns failures of starting a program, which have no output, into sentences.
func execError(err error, path string) error {
	var exit *exec.ExitError
	if err == nil || errors.As(err, &exit) {
		return err
	}
	switch {
	case errors.Is(err, fs.ErrPermission):
		return &Error{
			Problem: "may not run " + path + " as the server's user",
			Fix:     "set RUBRICA_CACHE_DIR and RUBRICA_DATA_DIR to folders that every user can enter, on file systems that allow programs",
			Err:     err,
		}
	case errors.Is(err, fs.ErrNotExist):
		if _, statErr := os.Stat(path); statErr == nil { // then it is the loader that is missing
			return &Error{
				Problem: path + " cannot run here",
				Fix:     "it needs the GNU C library (2.28 or newer): use a system that has it, or set DATABASE_URL to another PostgreSQL",
				Err:     err,
			}
		}
		return &Error{Problem: path + " is missing", Fix: "delete the cache folder so that it is fetched again", Err: err}
	}
	return err
}

// childEnv is the whole environment of the server and its tools: no PG… variable of ours may
// change what they do.
func childEnv(home string) []string {
	return []string{"PATH=/usr/bin:/bin", "LANG=C.UTF-8", "LC_ALL=C.UTF-8", "LC_MESSAGES=C", "TZ=UTC", "HOME=" + home}
}

func lastLines(s string, n int) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return fileError("sync the data folder", err)
	}
	defer func() { _ = f.Close() }() // read only
	if err := f.Sync(); err != nil {
		return fileError("sync the data folder", err)
	}
	return nil
}
