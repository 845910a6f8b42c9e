package main

import (
	"os"
	"runtime/debug"
)

// gcPercent lets the heap grow to five times of what is in use before it is collected. What is in use
// is small, and every request makes some hundred kilobytes of garbage: at Go's own 100 a server under
// load collects many times a second. $GOGC decides instead when it is set, and $GOMEMLIMIT bounds the
// memory in either case.
const gcPercent = 400

func tuneCollector() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
}
