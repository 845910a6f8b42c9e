package embeddedpg

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// childAttr makes a child of the account in a session of its own, so that Ctrl-C at the terminal
// reaches us alone and the order of shutting down is ours. onDeath is what the kernel sends it when
// the thread that started it ends.
func childAttr(acc account, onDeath syscall.Signal) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: acc.credential(), Setsid: true, Pdeathsig: onDeath}
}

// isPostmaster says whether a process is a PostgreSQL server on that data folder: a server keeps
// its data folder as its working folder.
func isPostmaster(pid int, dataDir string) bool {
	proc := filepath.Join("/proc", strconv.Itoa(pid))
	cwd, err := os.Readlink(filepath.Join(proc, "cwd"))
	if err != nil {
		return false
	}
	exe, err := os.Readlink(filepath.Join(proc, "exe"))
	if err != nil {
		return false
	}
	// An upgrade may have deleted the program meanwhile, which /proc appends to its name.
	exe = strings.TrimSuffix(exe, " (deleted)")
	real, err := filepath.EvalSymlinks(dataDir)
	if err != nil {
		real = dataDir
	}
	return cwd == real && filepath.Base(exe) == "postgres"
}
