package scoring

import "errors"

// permanentError is a fault that the same request meets again, however often it is tried.
type permanentError struct{ err error }

func (e *permanentError) Error() string { return e.err.Error() }
func (e *permanentError) Unwrap() error { return e.err }

// Permanent marks err as one that another try cannot mend. Permanent(nil) is nil.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return &permanentError{err}
}

// Retryable tells whether another try may help: every error may pass (a deadline, a provider that
// is down) unless it, or one that it wraps, was marked by Permanent.
func Retryable(err error) bool {
	var p *permanentError
	return err != nil && !errors.As(err, &p)
}
