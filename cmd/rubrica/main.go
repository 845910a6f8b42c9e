// Command rubrica is the whole of Rubrica: API, worker, and the commands that look after them.
package main

import (
	"context"
	"os"
)

func main() {
	tuneCollector()
	app := &App{Stdout: os.Stdout, Stderr: os.Stderr}
	os.Exit(app.Run(context.Background(), os.Args[1:]))
}
