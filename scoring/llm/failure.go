package llm

import (
	"errors"
	"fmt"
	"time"
)

// Class is the kind of a failure, for machines.
type Class string

// The classes of failures.
const (
	ClassUnreachable Class = "UNREACHABLE"      // no connection, or a broken one
	ClassTimeout     Class = "TIMEOUT"          // no answer in time
	ClassRateLimited Class = "RATE_LIMITED"     // 429 until the time was up
	ClassServer      Class = "SERVER_ERROR"     // 5xx
	ClassRefused     Class = "REFUSED"          // another status: a wrong key, model or request
	ClassNotJSON     Class = "NOT_JSON"         // HTML, half a JSON, invalid UTF-8
	ClassTooLarge    Class = "TOO_LARGE"        // more than MaxResponse
	ClassEmpty       Class = "EMPTY"            // the protocol was kept, and nothing was said
	ClassInvalid     Class = "INVALID_ANSWER"   // off the schema or the scale, after the repair
	ClassBudget      Class = "BUDGET"           // nothing left to spend
	ClassLedger      Class = "LEDGER"           // what is left cannot be known
	ClassBusy        Class = "BUSY"             // no turn in time
	ClassOpen        Class = "BREAKER_OPEN"     // it failed too often just now
	ClassTooLong     Class = "TOO_LONG"         // the essay is longer than is sent
	ClassAddressed   Class = "ADDRESSES_GRADER" // the essay gives instructions
	ClassRubric      Class = "RUBRIC"           // the rubric cannot be put to a model
	ClassNothing     Class = "NOTHING_TO_ASK"   // no text, or not in English
)

// Failure is why a model gave no score. Its text holds nothing of the request or of the response: a
// provider's error may repeat the essay.
type Failure struct {
	Class  Class
	Status int // of HTTP; 0 where there was none

	what       string
	retryAfter time.Duration
	sent       bool // the provider may have worked, and may bill it
	cause      error
}

// Error says what went wrong, for the log.
func (f *Failure) Error() string {
	if f.Status != 0 {
		return fmt.Sprintf("the language model: %s (status %d)", f.what, f.Status)
	}
	return "the language model: " + f.what
}

// Unwrap gives the cause, if there is one of ours.
func (f *Failure) Unwrap() error { return f.cause }

// failureOf finds the failure in an error; anything else is one of the kind given.
func failureOf(err error, otherwise Class) *Failure {
	if f := (*Failure)(nil); errors.As(err, &f) {
		return f
	}
	return &Failure{Class: otherwise, what: "its answer could not be read", sent: true}
}

// passes tells whether the same request may succeed in a moment.
func (f *Failure) passes() bool {
	switch f.Class {
	case ClassUnreachable, ClassRateLimited, ClassServer:
		return true
	}
	return false
}

// ours tells whether the failure says nothing about the provider.
func (f *Failure) ours() bool {
	switch f.Class {
	case ClassBudget, ClassLedger, ClassBusy, ClassOpen, ClassTooLong, ClassNothing, ClassRubric, ClassAddressed:
		return true
	}
	return false
}

// reason tells people why the local engine has scored.
func (f *Failure) reason() string {
	why := map[Class]string{
		ClassUnreachable: "The language model could not be reached",
		ClassTimeout:     "The language model did not answer in time",
		ClassRateLimited: "The language model takes no more requests at the moment",
		ClassServer:      "The language model's server had an error",
		ClassRefused:     "The language model refused the request",
		ClassNotJSON:     "The language model's server answered something unreadable",
		ClassTooLarge:    "The language model's server answered far too much",
		ClassEmpty:       "The language model gave no answer",
		ClassInvalid:     "The language model's answer did not keep to the rubric",
		ClassBudget:      "The budget for the language model is used up",
		ClassLedger:      "The spending on the language model could not be accounted for",
		ClassBusy:        "The language model was busy with other essays",
		ClassOpen:        "The language model has failed several times and is left alone for a moment",
		ClassTooLong:     "The essay is too long for the language model",
		ClassAddressed:   "The essay speaks to whoever grades it, which a person should look at",
		ClassRubric:      "The rubric cannot be put to a language model",
		ClassNothing:     "There is no English text that a language model could judge",
	}[f.Class]
	return why + ", so the local engine has scored this essay."
}
