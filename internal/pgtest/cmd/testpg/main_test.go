package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/rubrica/rubrica/internal/pgtest"
)

// asProgram makes the test program behave as testpg.
const asProgram = "RUBRICA_TEST_AS_TESTPG"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	pgtest.Main(m)
}

func testpg(script string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], "-version", "16", "--", "sh", "-c", script)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	return cmd
}

func TestExportsTheURLAndReturnsTheCode(t *testing.T) {
	t.Parallel()
	out, err := testpg(`echo "$` + pgtest.URLVariable + ` $` + pgtest.VersionVariable + `"; exit 7`).Output()
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit)
	assert.Equal(t, 7, exit.ExitCode())
	url, version, _ := strings.Cut(strings.TrimSpace(string(out)), " ")
	assert.Contains(t, url, "postgres://")
	assert.Equal(t, "16", version)
}

func TestMissingCommand(t *testing.T) {
	t.Parallel()
	cmd := exec.Command(os.Args[0], "--", "no-such-command-anywhere")
	cmd.Env = append(os.Environ(), asProgram+"=1")
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit)
	assert.Equal(t, exitFailed, exit.ExitCode())
	assert.Contains(t, string(out), "no-such-command-anywhere")
}

// A signal reaches the command's whole group, and nothing is left: no grandchild, no server.
func TestSignalStopsEverything(t *testing.T) {
	t.Parallel()
	for _, sig := range []unix.Signal{unix.SIGTERM, unix.SIGINT} {
		cmd := testpg(`sleep 600 & echo $!; wait`)
		// A shell's background job ignores SIGINT; it is killed with its group all the same.
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		line, err := bufio.NewReader(out).ReadString('\n')
		require.NoError(t, err)
		sleeper, err := strconv.Atoi(strings.TrimSpace(line))
		require.NoError(t, err)
		postmaster := childNamed(t, cmd.Process.Pid, "postgres")

		require.NoError(t, cmd.Process.Signal(sig))
		var exit *exec.ExitError
		require.ErrorAs(t, cmd.Wait(), &exit)
		assert.Equal(t, exitSignal+int(sig), exit.ExitCode())
		for _, pid := range []int{sleeper, postmaster} {
			require.Eventually(t, func() bool { return !alive(pid) }, 30*time.Second, 10*time.Millisecond, "%v: process %d", sig, pid)
		}
	}
}

func alive(pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, rest, _ := strings.Cut(string(b), ") ")
	return !strings.HasPrefix(rest, "Z") // nobody may have reaped it yet
}

func childNamed(t *testing.T, parent int, name string) int {
	t.Helper()
	entries, err := os.ReadDir("/proc")
	require.NoError(t, err)
	for _, e := range entries {
		b, err := os.ReadFile("/proc/" + e.Name() + "/stat")
		if err != nil {
			continue
		}
		var pid, ppid int
		var comm, state string
		if n, _ := fmt.Sscanf(string(b), "%d %s %s %d", &pid, &comm, &state, &ppid); n == 4 && ppid == parent && comm == "("+name+")" {
			return pid
		}
	}
	t.Fatalf("process %d has no child %s", parent, name)
	return 0
}
