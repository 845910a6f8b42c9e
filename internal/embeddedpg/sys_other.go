//go:build unix && !linux

package embeddedpg

import (
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

// childAttr is the counterpart of Linux's without a parent-death signal, which other systems lack:
// there the next start stops a server whose owner was killed.
func childAttr(acc account, _ syscall.Signal) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: acc.credential(), Setsid: true}
}

// isPostmaster says whether a process is a PostgreSQL server on that data folder, by its command line.
func isPostmaster(pid int, dataDir string) bool {
	out, err := exec.Command("ps", "-o", "command=", "-p", strconv.Itoa(pid)).Output()
	return err == nil && strings.Contains(string(out), "postgres") && strings.Contains(string(out), "-D "+dataDir+" ")
}
