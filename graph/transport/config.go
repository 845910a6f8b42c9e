package transport

import (
	"context"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"time"

	"github.com/vektah/gqlparser/v2/gqlerror"
)

// Config is what the three transports are built from. The zero value works.
type Config struct {
	// Logger receives panics and broken answers as errors, and closed sockets at debug level.
	// Never a document, a variable or a payload. Default: slog.Default.
	Logger *slog.Logger
	// Limits bounds what a client can hold; zero fields take their defaults.
	Limits Limits

	// Present turns an error that a transport raises itself (see the Code constants) into the one
	// that the client sees, for instance to add a request id. Errors that come from the executor
	// have passed its own presenter and do not come here. Default: unchanged.
	Present func(ctx context.Context, err *gqlerror.Error) *gqlerror.Error
	// ErrorStatus gives the HTTP status of a request error by its extensions.code, for both media
	// types. Codes that it leaves out answer as the package documentation says. The codes of this
	// package are added to it where they are missing.
	ErrorStatus map[string]int
	// PartialSuccess answers 294 instead of 200 for data with errors under
	// application/graphql-response+json. Off by default: status 294 is new in the 2026 edition,
	// and proxies and clients that know 200 alone are still the rule.
	PartialSuccess bool

	// AllowUpload says by nil that who sends a request may send files with it, as a multipart form; else
	// the error, which has a code. It is asked before anything of the body is read. Default: nobody may,
	// and a multipart form is refused as every other body that is not JSON.
	AllowUpload func(r *http.Request) *gqlerror.Error

	// AllowOrigin decides whether a browser page may open a WebSocket (CORS does not cover that).
	// Default: requests without an Origin header, and those of the server's own origin.
	AllowOrigin func(r *http.Request) bool
	// Init accepts or rejects a WebSocket connection. Default: everyone is accepted.
	Init InitFunc
}

// InitFunc answers a connection_init message. Its context is that of the upgrade request, so what
// HTTP middleware put there is at hand; payload is nil when the client sent none. An error closes
// the socket with 4403 "Forbidden" and is logged at debug level, never sent.
type InitFunc func(ctx context.Context, payload map[string]any) (Session, error)

// Session is what an accepted WebSocket connection runs with.
type Session struct {
	// Context is the parent of every operation of the socket and must be derived from the one
	// that InitFunc received; nil means that one itself.
	Context context.Context
	// ExpiresAt closes the socket with 4403 "Token expired"; the zero time never does.
	ExpiresAt time.Time
	// Key names the caller for Limits.MaxSocketsPerKey; empty is not counted.
	Key string
	// Ack is sent as the payload of connection_ack unless it is nil.
	Ack map[string]any
}

// core is what the transports share.
type core struct {
	Config
}

func newCore(cfg Config) *core {
	cfg.Limits = cfg.Limits.withDefaults()
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	if cfg.Present == nil {
		cfg.Present = func(_ context.Context, err *gqlerror.Error) *gqlerror.Error { return err }
	}
	if cfg.AllowOrigin == nil {
		cfg.AllowOrigin = sameOrigin
	}
	if cfg.Init == nil {
		cfg.Init = func(ctx context.Context, _ map[string]any) (Session, error) {
			return Session{Context: ctx}, nil
		}
	}
	status := maps.Clone(ownStatus)
	maps.Copy(status, cfg.ErrorStatus)
	cfg.ErrorStatus = status
	return &core{Config: cfg}
}

// logPanic records a recovered panic with its stack.
func (c *core) logPanic(ctx context.Context, where string, recovered any) {
	c.Logger.ErrorContext(ctx, "panic in a GraphQL transport",
		"where", where, "panic", recovered, "stack", string(debug.Stack()))
}

// sameOrigin allows requests from outside a browser and from the page's own host.
func sameOrigin(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && u.Host != "" && strings.EqualFold(u.Host, r.Host)
}
