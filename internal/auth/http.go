package auth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/rubrica/rubrica/internal/server"
	"github.com/rubrica/rubrica/internal/viewer"
)

type principalKey struct{}

// FromContext returns whose token the request came with; false when it came without.
func FromContext(ctx context.Context) (Principal, bool) {
	p, ok := ctx.Value(principalKey{}).(Principal)
	return p, ok
}

// NewContext returns a context that acts for the principal: internal/viewer finds them in it.
func NewContext(ctx context.Context, p Principal) context.Context {
	return viewer.NewContext(context.WithValue(ctx, principalKey{}, p), p.Viewer)
}

// errHeader refuses a header or a parameter that is no bearer token.
var errHeader = fmt.Errorf("%w: send it as Authorization: Bearer TOKEN", ErrMalformed)

// Middleware puts the viewer of an Authorization header into the context. A request without the
// header passes as nobody's: what it may see is decided below. A bad token is answered with 401, one
// that cannot be checked with 503, both in the shape of a GraphQL response. The log may be nil.
func (a *Authority) Middleware(next http.Handler, log *slog.Logger) http.Handler {
	if log == nil {
		log = slog.Default()
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		headers := r.Header.Values("Authorization")
		if len(headers) == 0 {
			next.ServeHTTP(w, r)
			return
		}
		var p Principal
		raw, err := "", errHeader
		if len(headers) == 1 {
			raw, err = bearer(headers[0])
		}
		if err == nil {
			p, err = a.Verify(r.Context(), raw)
		}
		switch {
		case err == nil:
			next.ServeHTTP(w, r.WithContext(NewContext(r.Context(), p)))
		case Refused(err):
			w.Header().Set("WWW-Authenticate", `Bearer realm="rubrica", error="invalid_token"`)
			server.WriteError(w, r, http.StatusUnauthorized, server.CodeUnauthenticated, Message(err))
		case r.Context().Err() != nil: // the client left
		default:
			log.ErrorContext(r.Context(), "cannot check access tokens", "error", err)
			w.Header().Set("Retry-After", "2")
			server.WriteError(w, r, http.StatusServiceUnavailable, server.CodeUnavailable,
				"The access token cannot be checked at the moment. Try again.")
		}
	})
}

// Message is what a client may know of a refused token. That an account does not exist is not told:
// the holder of its token can do nothing about it.
func Message(err error) string {
	switch {
	case errors.Is(err, ErrExpired):
		return "The access token has expired. Get a new one."
	case errors.Is(err, ErrInactive):
		return "The account is not active. Ask an admin."
	case errors.Is(err, errHeader):
		return "The Authorization header is not understood. Send it once, as: Bearer TOKEN."
	default:
		return "The access token is not valid here. Get a new one."
	}
}

// Connection returns the context of a WebSocket connection and when its token expires. The token is
// that of the connection_init payload ({"Authorization": "Bearer TOKEN"}, in any case), because
// browsers cannot set headers there; without one the connection is what the upgrade request was:
// signed in by its header, or nobody's, with the zero time. Errors are those of Verify.
func (a *Authority) Connection(ctx context.Context, payload map[string]any) (context.Context, time.Time, error) {
	var values []any
	for key, value := range payload {
		if strings.EqualFold(key, "authorization") {
			values = append(values, value)
		}
	}
	if len(values) == 0 {
		p, _ := FromContext(ctx) // nobody has the zero time
		return ctx, p.ExpiresAt, nil
	}
	text, ok := values[0].(string)
	if !ok || len(values) > 1 {
		return nil, time.Time{}, errHeader
	}
	raw, err := bearer(text)
	if err != nil {
		return nil, time.Time{}, err
	}
	p, err := a.Verify(ctx, raw)
	if err != nil {
		return nil, time.Time{}, err
	}
	return NewContext(ctx, p), p.ExpiresAt, nil
}

// bearer takes the token out of a header such as "Bearer abc".
func bearer(header string) (string, error) {
	scheme, raw, found := strings.Cut(strings.TrimSpace(header), " ")
	raw = strings.TrimSpace(raw)
	if !found || !strings.EqualFold(scheme, "Bearer") || raw == "" || strings.ContainsAny(raw, " \t,") {
		return "", errHeader
	}
	return raw, nil
}
