// Command withnode runs a command with the pinned Node.js and its npm first on the PATH:
//
//	go run ./internal/provision/cmd/withnode -- npm ci
//
// The first call fetches Node.js (package provision). The command takes the place of withnode: signals
// and the exit code are its own.
package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"

	"golang.org/x/sys/unix"

	"github.com/rubrica/rubrica/internal/provision"
)

// The exit codes of shells for what was called wrongly and for what could not be run.
const (
	exitUsage  = 2
	exitFailed = 125
)

func main() {
	command := os.Args[1:]
	if len(command) > 0 && command[0] == "--" {
		command = command[1:]
	}
	if len(command) == 0 {
		fmt.Fprintln(os.Stderr, "usage: withnode -- command [argument…]")
		os.Exit(exitUsage)
	}
	if err := run(command); err != nil {
		fmt.Fprintln(os.Stderr, "withnode:", err)
		os.Exit(exitFailed)
	}
}

// run returns only when the command could not be run.
func run(command []string) error {
	ctx, stop := signal.NotifyContext(context.Background(), unix.SIGINT, unix.SIGTERM)
	defer stop()
	dir, err := provision.Ensure(ctx, provision.Node, func(line string) { fmt.Fprintln(os.Stderr, line) })
	if err != nil {
		return err
	}
	bin, err := provision.NodeBin(dir)
	if err != nil {
		return err
	}
	if err := os.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH")); err != nil {
		return fmt.Errorf("put %s on the PATH: %w", bin, err)
	}
	program, err := exec.LookPath(command[0])
	if err != nil {
		return fmt.Errorf("find %s: %w", command[0], err)
	}
	stop() // the command gets the signals
	if err := unix.Exec(program, command, os.Environ()); err != nil {
		return fmt.Errorf("run %s: %w", program, err)
	}
	return nil
}
