//go:build linux

package e2e_test

import "syscall"

// dieWithTest has a child end when the test program is killed.
func dieWithTest() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
