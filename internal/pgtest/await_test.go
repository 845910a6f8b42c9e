package pgtest_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// awaitEnd polls, because nobody but its parent is told that a process ended.
func awaitEnd(t *testing.T, pid int) {
	t.Helper()
	require.Eventually(t, func() bool { return unix.Kill(pid, 0) != nil }, 30*time.Second, 10*time.Millisecond)
}
