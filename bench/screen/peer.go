package main

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"
)

//go:embed peer/package.json peer/package-lock.json peer/server.mjs peer/.npmrc
var peerFiles embed.FS

// peer is the folder with PostGraphile and autocannon, which makes the load.
type peer struct{ dir string }

// installPeer installs the packages into a folder of the user's cache, once for each version of the
// lockfile.
func installPeer(ctx context.Context) (*peer, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, fmt.Errorf("find a folder for npm's packages: %w", err)
	}
	lock, err := peerFiles.ReadFile("peer/package-lock.json")
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(lock)
	p := &peer{dir: filepath.Join(cache, "rubrica-bench", hex.EncodeToString(sum[:6]))}
	if err := os.MkdirAll(p.dir, 0o755); err != nil {
		return nil, fmt.Errorf("make a folder for npm's packages: %w", err)
	}
	files, err := fs.Sub(peerFiles, "peer")
	if err != nil {
		return nil, err
	}
	err = fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(p.dir, name), b, 0o644) //nolint:gosec // public files
	})
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", p.dir, err)
	}
	installed := filepath.Join(p.dir, ".installed")
	if _, err := os.Stat(installed); err == nil {
		return p, nil
	}
	cmd := exec.CommandContext(ctx, "npm", "ci")
	cmd.Dir = p.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("npm ci in %s: %w\n%s", p.dir, err, out)
	}
	return p, os.WriteFile(installed, nil, 0o644) //nolint:gosec // empty
}

// result is one turn.
type result struct {
	perSecond float64
	p50, p99  time.Duration
}

// load sends the server's request on each connection again and again.
func (p *peer) load(ctx context.Context, s *server, connections int, length time.Duration) (result, error) {
	args := []string{
		filepath.Join(p.dir, "node_modules", "autocannon", "autocannon.js"), "--json", "--no-progress",
		"--connections", strconv.Itoa(connections), "--duration", strconv.Itoa(int(length.Seconds())),
		"--method", "POST", "--headers", "Content-Type=application/json", "--body", s.body,
	}
	for k, v := range s.headers {
		args = append(args, "--headers", k+"="+v)
	}
	cmd := exec.CommandContext(ctx, "node", append(args, s.url)...) //nolint:gosec // our own arguments
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			err = fmt.Errorf("%w\n%s", err, exit.Stderr)
		}
		return result{}, fmt.Errorf("autocannon: %w", err)
	}
	var r struct {
		Good     int `json:"2xx"`
		Bad      int `json:"non2xx"`
		Errors   int
		Duration float64
		Latency  struct{ P50, P99 float64 }
	}
	if err := json.Unmarshal(out, &r); err != nil {
		return result{}, fmt.Errorf("autocannon: %w\n%s", err, out)
	}
	if r.Bad > 0 || r.Errors > 0 || r.Good == 0 {
		return result{}, fmt.Errorf("%s: of %d answers %d are not 2xx, and %d requests failed\n%s", s.name, r.Good+r.Bad, r.Bad, r.Errors, s.log)
	}
	ms := func(v float64) time.Duration { return time.Duration(v * float64(time.Millisecond)) }
	return result{perSecond: float64(r.Good) / r.Duration, p50: ms(r.Latency.P50), p99: ms(r.Latency.P99)}, nil
}
