package provision

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
)

// ErrPipMissing says that no pip was found to fetch with.
var ErrPipMissing = errors.New("no pip was found")

// ErrDiskFull says that the cache folder has too little room.
var ErrDiskFull = errors.New("the disk is full")

// UnsupportedPlatformError says that the lock file has no wheel for this machine.
type UnsupportedPlatformError struct {
	Artefact  string
	Platform  string   // GOOS/GOARCH
	Supported []string // likewise
}

// Error is a sentence that says what to do.
func (e *UnsupportedPlatformError) Error() string {
	remedy := "run Rubrica on one of these"
	switch e.Artefact {
	case Postgres:
		remedy += ", or set DATABASE_URL to a Postgres 16 or newer with pgvector 0.8 or newer"
	case ONNXRuntime:
		remedy += ", or install ONNX Runtime yourself and set RUBRICA_ONNXRUNTIME_LIB to its shared library"
	}
	return fmt.Sprintf("%s is not pinned for %s, only for %s: %s",
		e.Artefact, e.Platform, strings.Join(e.Supported, ", "), remedy)
}

// ChecksumError says that a wheel is not the one in the lock file. Nothing of it was unpacked.
type ChecksumError struct {
	File          string // path of the wheel
	Expected, Got string // SHA-256, hexadecimal
	Removed       bool   // it was our own download, and is gone
}

// Error is a sentence that says what to do.
func (e *ChecksumError) Error() string {
	remedy := "delete that file and put the right one there"
	if e.Removed {
		remedy = "the download was removed; try again, and if it happens twice find out what the package index or a proxy changed before you trust it"
	}
	return fmt.Sprintf("%s has SHA-256 %s, expected %s: %s", e.File, e.Got, e.Expected, remedy)
}

// FetchError says that pip could not fetch a package.
type FetchError struct {
	Package string // "onnxruntime 1.32.0"
	File    string // the wheel to bring by hand
	Cache   string // the folder that may be filled elsewhere
	Output  string // the end of what pip said
	Err     error
}

// Error is a sentence that says what to do, then what pip said.
func (e *FetchError) Error() string {
	return fmt.Sprintf("pip could not fetch %s (%v): check the network and pip's index settings; "+
		"without a network, download %s elsewhere and set RUBRICA_WHEEL_DIR to its folder, "+
		"or copy a filled cache folder to %s; pip said: %s",
		e.Package, e.Err, e.File, e.Cache, e.Output)
}

// Unwrap gives the failure of the pip process.
func (e *FetchError) Unwrap() error { return e.Err }

// diskFull turns ENOSPC and EDQUOT, also as pip prints them, into a sentence; other errors pass.
func diskFull(err error, output, dir string) error {
	full := errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) ||
		strings.Contains(output, syscall.ENOSPC.Error()) || strings.Contains(output, "No space left on device") ||
		strings.Contains(output, "Disk quota exceeded")
	if !full {
		return err
	}
	return noRoom(dir, "")
}

func noRoom(dir, detail string) error {
	return fmt.Errorf("%w: make room in %s%s, or set RUBRICA_CACHE_DIR to a folder on another disk",
		ErrDiskFull, dir, detail)
}
