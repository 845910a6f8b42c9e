package embeddedpg

import (
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strings"
	"syscall"
)

// Error is a failure that the user can mend: Problem says what is wrong, Fix what to do.
type Error struct {
	Problem string
	Fix     string
	Detail  string // what PostgreSQL said, possibly several lines; may be empty
	Err     error  // the cause; may be nil
}

// Error is one paragraph: the problem, the fix, and what PostgreSQL said.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("embedded PostgreSQL: ")
	b.WriteString(e.Problem)
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Err)
	}
	if e.Fix != "" {
		b.WriteString("; ")
		b.WriteString(e.Fix)
	}
	if e.Detail != "" {
		b.WriteString("\n")
		b.WriteString(e.Detail)
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// fileError describes a failed step on our own files.
func fileError(step string, err error) error {
	e := &Error{Problem: step, Err: err, Fix: "set RUBRICA_DATA_DIR to a folder on a disk that works"}
	switch {
	case errors.Is(err, fs.ErrPermission):
		e.Fix = "set RUBRICA_DATA_DIR to a folder that you may write"
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		e.Fix = "the disk is full: free some space, or set RUBRICA_DATA_DIR to a folder on another disk"
	case errors.Is(err, syscall.EROFS):
		e.Fix = "the file system is read-only: set RUBRICA_DATA_DIR to a folder on another one"
	}
	return e
}

// What PostgreSQL and the loader say, and what to do about it. The first match counts.
var remedies = []struct {
	pattern *regexp.Regexp
	fix     string
}{
	{regexp.MustCompile(`error while loading shared libraries: (\S+?):`), "install the system package that contains $1 (on Debian: `apt-get install zlib1g libc6`)"},
	{regexp.MustCompile(`GLIBC_[\d.]+' not found`), "this machine's C library is too old for the packaged PostgreSQL: set DATABASE_URL to a PostgreSQL 16 or newer with pgvector"},
	{regexp.MustCompile(`(?i)no space left on device|disk quota exceeded`), "the disk is full: free some space, or set RUBRICA_DATA_DIR to a folder on another disk"},
	{regexp.MustCompile(`database files are incompatible with server`), "start it with the version that made it, or export with that version's pg_dump and start with an empty RUBRICA_DATA_DIR"},
	{regexp.MustCompile(`could not create any Unix-domain sockets|could not bind Unix address`), "another server uses this socket: stop it, or set RUBRICA_DATA_DIR to another folder"},
	{regexp.MustCompile(`could not bind|Address already in use`), "the address is taken: stop the program that listens there, or change the port in the settings"},
	{regexp.MustCompile(`lock file "[^"]*" already exists|pre-existing shared memory block`), "another PostgreSQL still uses this data folder: stop it, or set RUBRICA_DATA_DIR to another folder"},
	{regexp.MustCompile(`could not (?:create|map|resize).*shared memory|Cannot allocate memory`), "there is too little (shared) memory: free some, or lower shared_buffers and max_connections in the settings"},
	{regexp.MustCompile(`(?i)invalid locale|could not find suitable text search|locale.*not (?:supported|available)`), "the locale C.UTF-8 is missing: install it (on Debian: `apt-get install libc-bin`)"},
	{regexp.MustCompile(`(?i)permission denied`), "the server's user must be able to enter the parents of the data folder and of the cache folder: set RUBRICA_DATA_DIR and RUBRICA_CACHE_DIR to folders that everyone can enter"},
	{regexp.MustCompile(`invalid value for parameter|unrecognized configuration parameter`), "correct the settings"},
}

// outputError describes a failed PostgreSQL program by what it wrote.
func outputError(problem, output, logFile string, cause error) error {
	output = strings.TrimSpace(output)
	e := &Error{Problem: problem, Detail: output, Err: cause}
	for _, r := range remedies {
		if m := r.pattern.FindStringSubmatchIndex(output); m != nil {
			e.Fix = string(r.pattern.ExpandString(nil, r.fix, output, m))
			return e
		}
	}
	if logFile != "" {
		e.Fix = "see " + logFile
	}
	return e
}
