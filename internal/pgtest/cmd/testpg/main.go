// Command testpg runs a command with a PostgreSQL for tests:
//
//	go run ./internal/pgtest/cmd/testpg [-version 18] -- go test ./...
//
// It starts the server, puts its URL into the environment of the command (see package pgtest),
// passes signals on, stops the command's whole process group and the server, and exits with the
// command's code.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/rubrica/rubrica/internal/embeddedpg"
	"github.com/rubrica/rubrica/internal/pgtest"
)

// grace is how long the command may take to end after a signal.
const grace = 10 * time.Second

// The exit codes of shells for what we do not run, and for what signals end.
const (
	exitUsage  = 2
	exitFailed = 125
	exitSignal = 128
)

func main() {
	version := flag.Int("version", embeddedpg.DefaultVersion, "PostgreSQL's major version, 18 or 16")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: testpg [-version 18] -- command [argument…]")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() == 0 {
		flag.Usage()
		os.Exit(exitUsage)
	}
	code, err := run(*version, flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, "testpg:", err)
		code = max(code, exitFailed)
	}
	os.Exit(code)
}

func run(version int, command []string) (code int, err error) {
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, unix.SIGINT, unix.SIGTERM, unix.SIGHUP)
	defer signal.Stop(signals)

	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	type outcome struct {
		srv  *embeddedpg.Server
		stop func() error
		err  error
	}
	started := make(chan outcome, 1)
	go func() {
		srv, stop, err := pgtest.StartTemporary(ctx, version, func(line string) { fmt.Fprintln(os.Stderr, "testpg:", line) })
		started <- outcome{srv, stop, err}
	}()
	var server outcome
	select {
	case server = <-started:
	case sig := <-signals:
		cancel()
		if server = <-started; server.err == nil {
			return exitCode(sig), server.stop()
		}
		return exitCode(sig), nil
	}
	if server.err != nil {
		return 0, server.err
	}
	defer func() { err = errors.Join(err, server.stop()) }()
	return runCommand(command, []string{
		pgtest.URLVariable + "=" + server.srv.URL("postgres"),
		pgtest.VersionVariable + "=" + strconv.Itoa(version),
	}, signals)
}

// runCommand gives the command a process group of its own, so that a signal reaches each process
// of it once, and nothing of it survives.
func runCommand(command, environment []string, signals <-chan os.Signal) (int, error) {
	// The parent-death signal of the command is bound to this thread.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd := exec.Command(command[0], command[1:]...) //nolint:gosec // running what it is given is its purpose
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), environment...)
	cmd.SysProcAttr = groupAttr()
	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("start the command: %w", err)
	}
	group := -cmd.Process.Pid
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	defer func() { _ = unix.Kill(group, unix.SIGKILL) }() // what the command left; mostly there is nothing

	var kill <-chan time.Time
	for {
		select {
		case err := <-done:
			var exit *exec.ExitError
			if errors.As(err, &exit) {
				if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
					return exitCode(status.Signal()), nil
				}
				return exit.ExitCode(), nil
			}
			return 0, err
		case sig := <-signals:
			_ = unix.Kill(group, sig.(unix.Signal)) // Unix has no other kind of signal
			if kill == nil {
				kill = time.After(grace)
			}
		case <-kill:
			_ = unix.Kill(group, unix.SIGKILL)
		}
	}
}

func exitCode(sig os.Signal) int {
	if s, ok := sig.(unix.Signal); ok {
		return exitSignal + int(s)
	}
	return exitSignal
}
