package transport

import (
	"net/http"

	"github.com/vektah/gqlparser/v2/gqlerror"
)

// Values of extensions.code in the errors that the transports raise themselves.
const (
	// CodeBadRequest: the request is malformed, or its parameters are.
	CodeBadRequest = "BAD_REQUEST"
	// CodeMethodNotAllowed: the operation or the resource does not go with the HTTP method.
	CodeMethodNotAllowed = "METHOD_NOT_ALLOWED"
	// CodeNotAcceptable: the answer exists in none of the media types that the client accepts.
	CodeNotAcceptable = "NOT_ACCEPTABLE"
	// CodeRequestTimeout: the body of the request did not arrive in time.
	CodeRequestTimeout = "REQUEST_TIMEOUT"
	// CodePayloadTooLarge: the body is larger than Limits.MaxBodyBytes.
	CodePayloadTooLarge = "PAYLOAD_TOO_LARGE"
	// CodeUnsupportedMediaType: the body is not JSON in UTF-8.
	CodeUnsupportedMediaType = "UNSUPPORTED_MEDIA_TYPE"
	// CodeForbidden: the origin of the page may not open a socket here.
	CodeForbidden = "FORBIDDEN"
	// CodeTooManyOperations: the socket runs Limits.MaxOperations operations already.
	CodeTooManyOperations = "TOO_MANY_OPERATIONS"
	// CodeOverloaded: the server refuses new work; come back after Retry-After seconds.
	CodeOverloaded = "OVERLOADED"
	// CodeTimeout: the operation was stopped after Limits.OperationTimeout.
	CodeTimeout = "TIMEOUT"
	// CodeInternal: the fault is the server's; the log has the details.
	CodeInternal = "INTERNAL"
)

// ownStatus is the HTTP status of this package's codes where one can follow an accepted request.
var ownStatus = map[string]int{
	CodeOverloaded: http.StatusServiceUnavailable,
	CodeTimeout:    http.StatusGatewayTimeout,
	CodeInternal:   http.StatusInternalServerError,
}

// requestError is a refusal that is decided before the executor sees the request.
type requestError struct {
	status  int
	code    string
	message string
	// allow is the Allow header of a 405.
	allow string
}

func badRequest(message string) *requestError {
	return &requestError{status: http.StatusBadRequest, code: CodeBadRequest, message: message}
}

func methodNotAllowed(allow, message string) *requestError {
	return &requestError{
		status: http.StatusMethodNotAllowed, code: CodeMethodNotAllowed, message: message, allow: allow,
	}
}

func overloaded(message string) *requestError {
	return &requestError{status: http.StatusServiceUnavailable, code: CodeOverloaded, message: message}
}

func newError(code, message string) *gqlerror.Error {
	return &gqlerror.Error{Message: message, Extensions: map[string]any{"code": code}}
}
