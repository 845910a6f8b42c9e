// Package problem is the error for what a caller can put right: mutations show it as a user error.
package problem

// Code says what kind of problem it is. The codes are those of UserErrorCode in the API.
type Code string

// The codes.
const (
	Empty       Code = "EMPTY"
	TooLong     Code = "TOO_LONG"
	InvalidText Code = "INVALID_TEXT"
	Invalid     Code = "INVALID"
	NotFound    Code = "NOT_FOUND"
	Conflict    Code = "CONFLICT"
	WrongState  Code = "WRONG_STATE"
)

// Problem says which field of an input is at fault, and what to do.
type Problem struct {
	Field   string // of the input; empty when none in particular
	Code    Code
	Message string
}

// Error is the message.
func (p *Problem) Error() string { return p.Message }

// New makes a Problem.
func New(field string, code Code, message string) *Problem {
	return &Problem{Field: field, Code: code, Message: message}
}

// List is several problems of one input, the first one first.
type List []*Problem

// Error is the message of the first.
func (l List) Error() string { return l[0].Message }
