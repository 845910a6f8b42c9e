package importing

import (
	"fmt"

	"github.com/rubrica/rubrica/internal/problem"
)

// MaxReasons is how many reasons a report holds.
const MaxReasons = 1000

// Report says what became of a file.
type Report struct {
	Kind   Kind   `json:"kind"`
	Format Format `json:"format"`
	Name   string `json:"name"`
	Atomic bool   `json:"atomic"`
	DryRun bool   `json:"dryRun"`

	// Rows = Taken + Changed + Unchanged + Refused, unless the import is atomic and rows were refused:
	// then nothing is taken or changed.
	Rows      int `json:"rows"`
	Taken     int `json:"taken"`     // new
	Changed   int `json:"changed"`   // known, and different
	Unchanged int `json:"unchanged"` // known, and as they were
	Refused   int `json:"refused"`
	// Reasons are those of the refused rows, in the order of the file, the first MaxReasons of them; a row
	// may have several. MoreReasons is how many were left out.
	Reasons     []Reason `json:"reasons"`
	MoreReasons int      `json:"moreReasons"`
	// Written tells whether the import was carried out: not in a dry run, and not when an atomic one had
	// rows refused.
	Written bool `json:"written"`
}

// Reason says why a row was refused, and what to do.
type Reason struct {
	Line       int    `json:"line"`       // of the file, from 1, where the row begins
	ExternalID string `json:"externalId"` // "" when the row has none
	Column     string `json:"column"`     // "" when none in particular
	Code       Code   `json:"code"`
	Message    string `json:"message"`
}

// Code says what is wrong with a row or a file.
type Code string

// The codes of rows.
const (
	Missing       Code = "MISSING"        // a value that each row needs
	TooLong       Code = "TOO_LONG"       // a value, or too many in a list
	Invalid       Code = "INVALID"        // a value that cannot be read, or contradicts another
	UnknownColumn Code = "UNKNOWN_COLUMN" // also of the header of a file
	UnknownSkill  Code = "UNKNOWN_SKILL"
	Duplicate     Code = "DUPLICATE" // the file has the external id already
	BrokenRow     Code = "BROKEN_ROW"
)

// The codes of files.
const (
	TooLarge     Code = "TOO_LARGE"
	TooManyRows  Code = "TOO_MANY_ROWS"
	RowTooLarge  Code = "ROW_TOO_LARGE"
	NoRows       Code = "EMPTY"
	NotText      Code = "NOT_TEXT"     // binary
	BadEncoding  Code = "BAD_ENCODING" // not UTF-8 throughout
	BadHeader    Code = "BAD_HEADER"
	BrokenQuotes Code = "BROKEN_QUOTES" // what follows cannot be told apart
	BrokenStart  Code = "BROKEN_FRONT_MATTER"
	Unsupported  Code = "UNSUPPORTED_FORMAT"
)

// FileError is what is wrong with a file as a whole. Nothing of the file was taken.
type FileError struct {
	Code    Code
	Line    int // 0 when none in particular
	Message string
}

// Error is the message with the line before it.
func (e *FileError) Error() string {
	if e.Line > 0 {
		return fmt.Sprintf("Line %d: %s", e.Line, e.Message)
	}
	return e.Message
}

// Unwrap is the error as mutations show it.
func (e *FileError) Unwrap() error {
	code := problem.Invalid
	switch e.Code {
	case NoRows:
		code = problem.Empty
	case TooLarge, TooManyRows, RowTooLarge:
		code = problem.TooLong
	case NotText, BadEncoding:
		code = problem.InvalidText
	}
	return problem.New("file", code, e.Error())
}

func fileError(code Code, line int, format string, args ...any) *FileError {
	return &FileError{Code: code, Line: line, Message: fmt.Sprintf(format, args...)}
}

func tooLarge(limit int64) *FileError {
	return fileError(TooLarge, 0, "The file is larger than %d MiB. Divide it.", limit>>20)
}

// refuse takes down the reasons of a row.
func (r *Report) refuse(row *row) {
	r.Refused++
	for _, reason := range row.reasons {
		if len(r.Reasons) == MaxReasons {
			r.MoreReasons++
			continue
		}
		r.Reasons = append(r.Reasons, reason)
	}
}
