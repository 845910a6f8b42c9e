package embeddedpg

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// helperDataDir makes the test program start a server there, say its process id and wait to be killed.
const helperDataDir = "RUBRICA_TEST_HELPER_DATA_DIR"

func runHelper(dir string) {
	s, err := Start(context.Background(), Config{DataDir: dir, Settings: fast})
	if err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
	fmt.Println(s.Pid())
	select {}
}

func startHelper(t *testing.T, dir string) (helper *exec.Cmd, postmaster int) {
	t.Helper()
	helper = exec.Command(os.Args[0])
	helper.Env = append(os.Environ(), helperDataDir+"="+dir)
	out, err := helper.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, helper.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	postmaster, err = strconv.Atoi(strings.TrimSpace(line))
	require.NoError(t, err, line)
	return helper, postmaster
}

func TestServerEndsWithAKilledOwner(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	helper, pid := startHelper(t, dir)
	adopted := start(t, Config{DataDir: dir})
	query(t, adopted, "CREATE TABLE kept (x text)")
	require.NoError(t, helper.Process.Kill())
	require.Error(t, helper.Wait())

	// At once, while the server may still be shutting down.
	s := start(t, Config{DataDir: dir})
	assert.True(t, s.Owned())
	assert.False(t, isPostmaster(pid, s.paths.data))
	assert.Equal(t, "kept", query(t, s, "SELECT 'kept'::regclass"))
}

func TestSecondStartUsesTheFirst(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	servers := make([]*Server, 3)
	var wg sync.WaitGroup
	for i := range servers {
		wg.Go(func() {
			s, err := Start(context.Background(), Config{DataDir: dir, Settings: fast})
			if assert.NoError(t, err) {
				servers[i] = s
			}
		})
	}
	wg.Wait()
	var owner *Server
	owners := 0
	for _, s := range servers {
		require.NotNil(t, s)
		assert.Equal(t, servers[0].Pid(), s.Pid())
		assert.Equal(t, servers[0].URL("x"), s.URL("x"))
		if s.Owned() {
			owner = s
			owners++
		}
	}
	require.Equal(t, 1, owners)
	for _, s := range servers {
		if s != owner {
			require.ErrorContains(t, s.Restart(context.Background()), "only the process that started")
			require.NoError(t, s.Stop(context.Background()))
			assert.Equal(t, "1", query(t, owner, "SELECT 1"), "a user's Stop leaves the server alone")
		}
	}
	require.NoError(t, owner.Stop(context.Background()))
}

func TestOwnerThatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	lock, err := tryLock(pathsOf(dir).lock)
	require.NoError(t, err)
	defer lock.release()
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	_, err = Start(ctx, Config{DataDir: dir, Settings: fast})
	var e *Error
	require.ErrorAs(t, err, &e)
	assert.Contains(t, e.Problem, fmt.Sprintf("process %d owns", os.Getpid()))
	assert.Contains(t, e.Fix, "RUBRICA_DATA_DIR")
}

// orphan starts the server's program on a data folder without any tie to this process.
func orphan(t *testing.T, s *Server) *exec.Cmd {
	t.Helper()
	args := []string{"-D", s.paths.data}
	for name, value := range s.settings() {
		args = append(args, "-c", name+"="+value)
	}
	cmd := exec.Command(filepath.Join(s.cfg.InstallDir, "bin", "postgres"), args...)
	cmd.Dir, cmd.Env = s.paths.server, childEnv(s.paths.server)
	cmd.SysProcAttr = childAttr(s.account, 0)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	require.Eventually(t, func() bool {
		pf, err := readPidFile(s.paths.pidFile())
		return err == nil && pf.ready
	}, 30*time.Second, pollInterval)
	return cmd
}

func TestLeftOverServerIsStopped(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	s := start(t, Config{DataDir: dir})
	query(t, s, "CREATE TABLE kept (x text)")
	require.NoError(t, s.Stop(context.Background()))
	left := orphan(t, s)

	var said progress
	again := start(t, Config{DataDir: dir, Progress: said.add})
	assert.Contains(t, said.String(), "that a killed process left")
	require.NoError(t, left.Wait(), "it was shut down, not killed")
	assert.NotEqual(t, left.Process.Pid, again.Pid())
	assert.Equal(t, "kept", query(t, again, "SELECT 'kept'::regclass"))
}

func TestStalePidFiles(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	s := start(t, Config{DataDir: dir})
	require.NoError(t, s.Stop(context.Background()))

	// A stranger of the same user has got the id; PostgreSQL alone would refuse to start.
	stranger := exec.Command("sleep", "600")
	stranger.Dir = "/"
	stranger.SysProcAttr = childAttr(s.account, 0)
	require.NoError(t, stranger.Start())
	defer func() {
		_ = stranger.Process.Kill()
		_ = stranger.Wait()
	}()
	for name, content := range map[string]string{
		"stranger":  fmt.Sprintf("%d\n%s\n1700000000\n54329\n/nowhere\n\n  1234567         7\nready\n", stranger.Process.Pid, s.paths.data),
		"ourselves": fmt.Sprintf("%d\n%s\n", os.Getpid(), s.paths.data),
		"empty":     "",
		"garbage":   "not a number\n",
		"init":      "1\n",
	} {
		require.NoError(t, os.WriteFile(s.paths.pidFile(), []byte(content), 0o600), name)
		require.NoError(t, os.Chown(s.paths.pidFile(), s.account.uid, s.account.gid), name)
		again := start(t, Config{DataDir: dir})
		assert.Equal(t, "1", query(t, again, "SELECT 1"), name)
		require.NoError(t, again.Stop(context.Background()), name)
	}
	require.NoError(t, stranger.Process.Signal(unix.Signal(0)), "the stranger lives")
}

func TestInterruptedInitdbIsRepaired(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	// The first start is cancelled at a random moment of initdb, by its progress line.
	ctx, cancel := context.WithCancel(context.Background())
	_, err := Start(ctx, Config{DataDir: dir, Settings: fast, Progress: func(string) { cancel() }})
	require.ErrorIs(t, err, context.Canceled)

	// And a kill leaves more: a half-made cluster and an empty folder in its place.
	p := pathsOf(dir)
	half := filepath.Join(p.server, initPrefix+"123", "base")
	require.NoError(t, os.MkdirAll(half, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(half, "PG_VERSION"), []byte("18\n"), 0o600))
	require.NoError(t, os.MkdirAll(p.data, 0o700))

	s := start(t, Config{DataDir: dir})
	assert.Equal(t, "1", query(t, s, "SELECT 1"))
	assert.NoDirExists(t, filepath.Dir(half))
}
