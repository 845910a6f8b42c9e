package provision

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// file is one entry of a wheel made for a test.
type file struct {
	name, body string
	mode       fs.FileMode
}

var plainWheel = []file{
	{"pkg/bin/tool", "#!/bin/sh\n", 0o755},
	{"pkg/lib/data.txt", "some data", 0o600},
	{"pkg/include/unwanted.h", "not kept", 0o644},
	{"pkg-1.0.dist-info/LICENSE", "free", 0o644},
}

func zipOf(t *testing.T, files []file) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for _, f := range files {
		header := &zip.FileHeader{Name: f.name, Method: zip.Deflate}
		header.SetMode(f.mode)
		entry, err := w.CreateHeader(header)
		require.NoError(t, err)
		_, err = entry.Write([]byte(f.body))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return buf.Bytes()
}

// world is a provisioner over a made-up lock file with one artefact, "part".
type world struct {
	provisioner
	mu    sync.Mutex
	lines []string
}

const (
	partFile     = "pkg-1.0-cp311-cp311-linux.whl"
	testPlatform = "linux/test"
)

// newWorld locks contents as the wheel of "part" and puts it into a folder of wheels.
func newWorld(t *testing.T, contents []byte) *world {
	t.Helper()
	sum := sha256.Sum256(contents)
	w := &world{}
	w.provisioner = provisioner{
		lock: lockFile{Artefacts: map[string]artefact{"part": {
			Package: "pkg", Version: "1.0",
			Unpack: []string{"pkg/bin/", "pkg/lib/", "pkg-1.0.dist-info/LICENSE"},
			Wheels: map[string]wheel{testPlatform: {
				File: partFile, SHA256: hex.EncodeToString(sum[:]), Bytes: int64(len(contents)),
				Python: "3.11", ABI: "cp311", Platforms: []string{"linux_test"},
			}},
		}}},
		cache:    filepath.Join(t.TempDir(), "cache"),
		wheelDir: t.TempDir(),
		platform: testPlatform,
		free:     func(string) (int64, error) { return math.MaxInt64, nil },
	}
	w.progress = func(line string) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.lines = append(w.lines, line)
	}
	w.putWheel(t, contents)
	return w
}

func (w *world) putWheel(t *testing.T, contents []byte) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(w.wheelDir, partFile), contents, 0o644))
}

// visible lists what the cache folder holds but for lock files.
func (w *world) visible(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir(w.cache)
	require.NoError(t, err)
	var names []string
	for _, e := range entries {
		if filepath.Ext(e.Name()) != ".lock" {
			names = append(names, e.Name())
		}
	}
	return names
}

func TestEnsureUnpacksTheWantedFilesForEveryUser(t *testing.T) {
	w := newWorld(t, zipOf(t, plainWheel))
	dir, err := w.ensure(t.Context(), "part")
	require.NoError(t, err)

	data, err := os.ReadFile(filepath.Join(dir, "pkg/lib/data.txt"))
	require.NoError(t, err)
	assert.Equal(t, "some data", string(data))
	assert.NoFileExists(t, filepath.Join(dir, "pkg/include/unwanted.h"))
	assert.FileExists(t, filepath.Join(dir, "pkg-1.0.dist-info/LICENSE"))
	for name, want := range map[string]fs.FileMode{
		".": 0o755, "pkg/bin": 0o755, "pkg/bin/tool": 0o755, "pkg/lib/data.txt": 0o644,
	} {
		info, err := os.Stat(filepath.Join(dir, name))
		require.NoError(t, err)
		assert.Equal(t, want, info.Mode().Perm(), name)
	}
	assert.Equal(t, []string{filepath.Base(dir)}, w.visible(t), "nothing else is left in the cache")
	assert.FileExists(t, filepath.Join(w.wheelDir, partFile), "a wheel that someone brought stays")
}

func TestEnsureASecondTimeNeedsNeitherWheelNorPip(t *testing.T) {
	w := newWorld(t, zipOf(t, plainWheel))
	first, err := w.ensure(t.Context(), "part")
	require.NoError(t, err)
	require.NoError(t, os.Remove(filepath.Join(w.wheelDir, partFile)))
	t.Setenv("PATH", "")
	w.lines = nil
	second, err := w.ensure(t.Context(), "part")
	require.NoError(t, err)
	assert.Equal(t, first, second)
	assert.Empty(t, w.lines)
}

func TestEnsureMendsADamagedTree(t *testing.T) {
	w := newWorld(t, zipOf(t, plainWheel))
	dir, err := w.ensure(t.Context(), "part")
	require.NoError(t, err)
	require.NoError(t, os.Truncate(filepath.Join(dir, "pkg/lib/data.txt"), 3))
	_, err = w.ensure(t.Context(), "part")
	require.NoError(t, err)
	data, err := os.ReadFile(filepath.Join(dir, "pkg/lib/data.txt"))
	require.NoError(t, err)
	assert.Equal(t, "some data", string(data))
}

func TestEnsureSweepsWhatAnInterruptedCallLeft(t *testing.T) {
	w := newWorld(t, zipOf(t, plainWheel))
	prefix := "part-1.0-" + w.lock.Artefacts["part"].Wheels[testPlatform].SHA256[:16]
	half := filepath.Join(w.cache, workPrefix(prefix)+"123", "tree", "pkg", "bin")
	require.NoError(t, os.MkdirAll(half, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(half, "tool"), []byte("#!"), 0o755))
	// An unpacked folder without its manifest, as nothing of ours leaves it, is no obstacle either.
	require.NoError(t, os.MkdirAll(filepath.Join(w.cache, prefix, "pkg"), 0o755))

	dir, err := w.ensure(t.Context(), "part")
	require.NoError(t, err)
	assert.Equal(t, []string{filepath.Base(dir)}, w.visible(t))
	assert.FileExists(t, filepath.Join(dir, "pkg/bin/tool"))
}

func TestEnsureAtOnceUnpacksOnce(t *testing.T) {
	w := newWorld(t, zipOf(t, plainWheel))
	var wg sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		wg.Go(func() { _, errs[i] = w.ensure(context.Background(), "part") })
	}
	wg.Wait()
	require.NoError(t, errors.Join(errs...))
	unpacked := 0
	for _, line := range w.lines {
		if line == "unpacking pkg 1.0…" {
			unpacked++
		}
	}
	assert.Equal(t, 1, unpacked)
}

func TestEnsureHeedsACancelledContextWhileAnotherFetches(t *testing.T) {
	w := newWorld(t, zipOf(t, plainWheel))
	art, wh, err := w.lock.pick("part", testPlatform)
	require.NoError(t, err)
	require.NoError(t, makeReachable(w.cache))
	unlock, err := w.lockFile(t.Context(), filepath.Join(w.cache, ".part-1.0-"+wh.SHA256[:16]+".lock"), art)
	require.NoError(t, err)
	defer unlock()

	ctx, cancel := context.WithCancel(t.Context())
	waiting := w.provisioner
	waiting.progress = func(string) { cancel() } // it says that it waits
	_, err = waiting.ensure(ctx, "part")
	require.ErrorIs(t, err, context.Canceled)
	assert.Empty(t, w.visible(t))
}

func TestBadWheels(t *testing.T) {
	sound := zipOf(t, plainWheel)
	tests := map[string]struct {
		contents []byte
		says     string
	}{
		"truncated":     {sound[:len(sound)/2], "not a sound wheel"},
		"empty":         {nil, "not a sound wheel"},
		"leads upwards": {zipOf(t, []file{{"pkg/lib/../../../evil", "x", 0o644}}), "leads out of its folder"},
		"absolute path": {zipOf(t, []file{{"/pkg/lib/evil", "x", 0o644}}), "leads out of its folder"},
		"link":          {zipOf(t, []file{{"pkg/lib/evil", "/etc/passwd", 0o777 | fs.ModeSymlink}}), "neither a file nor a folder"},
		"other package": {zipOf(t, []file{{"other/file", "x", 0o644}}), "none of the wanted files"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, tt.contents)
			_, err := w.ensure(t.Context(), "part")
			require.ErrorContains(t, err, tt.says)
			assert.Empty(t, w.visible(t), "nothing is half unpacked")
			assert.NoFileExists(t, filepath.Join(filepath.Dir(w.cache), "evil"))
		})
	}
}

func TestWrongSHA256(t *testing.T) {
	sound := zipOf(t, plainWheel)
	w := newWorld(t, sound)
	w.putWheel(t, zipOf(t, plainWheel[:1]))
	_, err := w.ensure(t.Context(), "part")
	var sum *ChecksumError
	require.ErrorAs(t, err, &sum)
	want := w.lock.Artefacts["part"].Wheels[testPlatform].SHA256
	assert.Equal(t, want, sum.Expected)
	assert.Contains(t, err.Error(), sum.Got)
	assert.False(t, sum.Removed, "someone else's file is not ours to delete")
	assert.Empty(t, w.visible(t))

	w.putWheel(t, sound)
	_, err = w.ensure(t.Context(), "part")
	require.NoError(t, err, "the next try works")
}

func TestWheelNotInItsFolder(t *testing.T) {
	w := newWorld(t, zipOf(t, plainWheel))
	require.NoError(t, os.Remove(filepath.Join(w.wheelDir, partFile)))
	_, err := w.ensure(t.Context(), "part")
	require.ErrorContains(t, err, partFile)
	require.ErrorContains(t, err, "unset RUBRICA_WHEEL_DIR")
}

func TestDiskFull(t *testing.T) {
	w := newWorld(t, zipOf(t, plainWheel))
	w.free = func(string) (int64, error) { return 3, nil }
	_, err := w.ensure(t.Context(), "part")
	require.ErrorIs(t, err, ErrDiskFull)
	require.ErrorContains(t, err, "RUBRICA_CACHE_DIR")
	assert.Empty(t, w.visible(t))
}

func TestUnsupportedPlatform(t *testing.T) {
	w := newWorld(t, zipOf(t, plainWheel))
	w.platform = "plan9/mips"
	_, err := w.ensure(t.Context(), "part")
	var unsupported *UnsupportedPlatformError
	require.ErrorAs(t, err, &unsupported)
	assert.Contains(t, err.Error(), testPlatform)
}

// fakePip puts a python3 first on PATH whose `-m pip` answers --version and otherwise runs the
// script with DEST set to the folder of --dest.
func fakePip(t *testing.T, script string) {
	t.Helper()
	bin := t.TempDir()
	body := "#!/bin/sh\n" +
		"[ \"$3\" = --version ] && exit 0\n" +
		"while [ $# -gt 1 ]; do [ \"$1\" = --dest ] && DEST=$2; shift; done\n" + script + "\n"
	require.NoError(t, os.WriteFile(filepath.Join(bin, "python3"), []byte(body), 0o755))
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
}

func TestPip(t *testing.T) {
	contents := zipOf(t, plainWheel)
	fetching := func(t *testing.T) (w *world, source string) {
		w = newWorld(t, contents)
		source, w.wheelDir = filepath.Join(w.wheelDir, partFile), ""
		return w, source
	}
	t.Run("brings the wheel", func(t *testing.T) {
		w, source := fetching(t)
		fakePip(t, fmt.Sprintf("cp %q \"$DEST\"", source))
		dir, err := w.ensure(t.Context(), "part")
		require.NoError(t, err)
		assert.Equal(t, []string{filepath.Base(dir)}, w.visible(t), "the download is not kept")
		assert.Equal(t, "fetching pkg 1.0 (0.0 MB)…", w.lines[0])
	})
	t.Run("brings a changed wheel", func(t *testing.T) {
		w, source := fetching(t)
		fakePip(t, fmt.Sprintf("{ cat %q; echo; } >\"$DEST/%s\"", source, partFile))
		_, err := w.ensure(t.Context(), "part")
		var sum *ChecksumError
		require.ErrorAs(t, err, &sum)
		assert.True(t, sum.Removed)
		assert.Empty(t, w.visible(t))
	})
	t.Run("brings another file", func(t *testing.T) {
		w, _ := fetching(t)
		fakePip(t, "touch \"$DEST/pkg-2.0.whl\"")
		_, err := w.ensure(t.Context(), "part")
		require.ErrorContains(t, err, "another file than the locked one")
		assert.Empty(t, w.visible(t))
	})
	t.Run("has no network", func(t *testing.T) {
		w, _ := fetching(t)
		fakePip(t, "echo 'WARNING: retrying' >&2; echo 'ERROR: no matching distribution' >&2; exit 1")
		_, err := w.ensure(t.Context(), "part")
		var failed *FetchError
		require.ErrorAs(t, err, &failed)
		for _, word := range []string{"pkg 1.0", partFile, "RUBRICA_WHEEL_DIR", w.cache, "no matching distribution"} {
			assert.Contains(t, err.Error(), word)
		}
		assert.NotContains(t, err.Error(), "retrying")
		assert.Empty(t, w.visible(t))
	})
	t.Run("fills the disk", func(t *testing.T) {
		w, _ := fetching(t)
		fakePip(t, "echo 'ERROR: Could not install: [Errno 28] No space left on device' >&2; exit 1")
		_, err := w.ensure(t.Context(), "part")
		require.ErrorIs(t, err, ErrDiskFull)
	})
	t.Run("is missing", func(t *testing.T) {
		w, _ := fetching(t)
		t.Setenv("PATH", "")
		_, err := w.ensure(t.Context(), "part")
		require.ErrorIs(t, err, ErrPipMissing)
		require.ErrorContains(t, err, "python3-pip")
		assert.Empty(t, w.visible(t))
	})
	t.Run("is killed with the context", func(t *testing.T) {
		w, _ := fetching(t)
		fakePip(t, "exec sleep 60")
		ctx, cancel := context.WithCancel(t.Context())
		w.progress = func(string) { cancel() }
		_, err := w.ensure(ctx, "part")
		require.ErrorIs(t, err, context.Canceled)
		assert.Empty(t, w.visible(t))
	})
}

// TestProcessesAtOnce fetches from several processes: this test binary, started again.
func TestProcessesAtOnce(t *testing.T) {
	const cacheVar, logVar = "PROVISION_TEST_CACHE", "PROVISION_TEST_LOG"
	if cache := os.Getenv(cacheVar); cache != "" {
		w := newWorld(t, zipOf(t, plainWheel))
		w.cache, w.wheelDir = cache, ""
		source := filepath.Join(t.TempDir(), partFile)
		require.NoError(t, os.WriteFile(source, zipOf(t, plainWheel), 0o644))
		fakePip(t, fmt.Sprintf("echo fetched >>%q; cp %q \"$DEST\"", os.Getenv(logVar), source))
		_, err := w.ensure(t.Context(), "part")
		require.NoError(t, err)
		return
	}
	cache, log := t.TempDir(), filepath.Join(t.TempDir(), "log")
	var wg sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		wg.Go(func() {
			cmd := exec.Command(os.Args[0], "-test.run=^TestProcessesAtOnce$")
			cmd.Env = append(os.Environ(), cacheVar+"="+cache, logVar+"="+log)
			if out, err := cmd.CombinedOutput(); err != nil {
				errs[i] = fmt.Errorf("%w: %s", err, out)
			}
		})
	}
	wg.Wait()
	require.NoError(t, errors.Join(errs...))
	data, err := os.ReadFile(log)
	require.NoError(t, err)
	assert.Equal(t, "fetched\n", string(data))
}

func TestEmbeddedLock(t *testing.T) {
	lock, err := embeddedLock()
	require.NoError(t, err)
	names := append(Names(), Node)
	require.Len(t, lock.Artefacts, len(names))
	for _, name := range names {
		for _, platform := range []string{"linux/amd64", "linux/arm64"} {
			art, w, err := lock.pick(name, platform)
			require.NoError(t, err)
			assert.Len(t, w.SHA256, 64)
			assert.Positive(t, w.Bytes)
			assert.NotEmpty(t, art.Licence)
			assert.Contains(t, w.File, art.Version)
		}
	}
}

func TestDir(t *testing.T) {
	t.Setenv("RUBRICA_CACHE_DIR", "/some/where")
	dir, err := Dir()
	require.NoError(t, err)
	assert.Equal(t, "/some/where", dir)

	t.Setenv("RUBRICA_CACHE_DIR", "")
	t.Setenv("XDG_CACHE_HOME", "/xdg")
	dir, err = Dir()
	require.NoError(t, err)
	if os.Geteuid() == 0 {
		assert.Equal(t, "/var/cache/rubrica", dir)
	} else if runtime.GOOS == "linux" {
		assert.Equal(t, "/xdg/rubrica", dir)
	}
}
