//go:build !linux

package e2e_test

import "syscall"

// dieWithTest is for Linux; elsewhere a killed test program leaves its children to be stopped by hand.
func dieWithTest() *syscall.SysProcAttr { return nil }
