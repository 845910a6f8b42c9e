package server

import (
	"context"
	"log/slog"
	"net/http"
	"regexp"

	"github.com/google/uuid"

	"github.com/rubrica/rubrica/internal/logging"
)

// RequestIDHeader is the header in which a request id comes and goes.
const RequestIDHeader = "X-Request-Id"

// sane is what a request id of a client or a proxy must look like to be taken: it ends in logs.
var sane = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

type requestIDKey struct{}

// RequestID is the id of the request that the context belongs to, or "".
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// WithRequestID gives a context the id, for RequestID and for the log.
func WithRequestID(ctx context.Context, id string) context.Context {
	return logging.With(context.WithValue(ctx, requestIDKey{}, id), slog.String(logging.RequestID, id))
}

// identify takes a sane incoming id, or makes one, and echoes it.
func identify(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get(RequestIDHeader)
		if !sane.MatchString(id) {
			id = uuid.Must(uuid.NewV7()).String()
		}
		w.Header().Set(RequestIDHeader, id)
		next.ServeHTTP(w, r.WithContext(WithRequestID(r.Context(), id)))
	})
}
