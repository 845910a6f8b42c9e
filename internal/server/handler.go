// Package server is the HTTP plumbing around the API: request ids, the access log, recovery from
// panics, security headers, CORS, health, and a server that starts and stops in good order. It knows
// nothing of GraphQL but the shape of its errors.
package server

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/rs/cors"

	"github.com/rubrica/rubrica/internal/logging"
)

// Options are what Wrap needs.
type Options struct {
	Logger *slog.Logger // slog.Default when nil
	// Origins are the pages of other hosts that may call the API: scheme, host and port; "*" for all.
	Origins []string
	// Quiet paths are logged at debug level only: probes come every few seconds.
	Quiet []string
}

// Wrap puts everything around a handler that each request passes through, outermost first: request
// id, access log, recovery, security headers, CORS.
func Wrap(next http.Handler, o Options) http.Handler {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	h := crossOrigin(o.Origins).Handler(next)
	h = secure(h)
	h = recovered(h, o.Logger)
	h = logged(h, o.Logger, o.Quiet)
	return identify(h)
}

// logged writes one record a request when it has ended: never a body, a header or a query string.
func logged(next http.Handler, log *slog.Logger, quiet []string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		rec := &recorder{ResponseWriter: w}
		defer func() { // also when the handler aborts the connection by a panic
			level := slog.LevelInfo
			if slices.Contains(quiet, r.URL.Path) {
				level = slog.LevelDebug
			}
			remote, _, err := net.SplitHostPort(r.RemoteAddr)
			if err != nil {
				remote = r.RemoteAddr
			}
			log.LogAttrs(r.Context(), level, "request",
				slog.String("method", r.Method),
				slog.String("path", logging.Cut(r.URL.Path)),
				slog.Int("status", rec.status), // 0: nothing was answered
				slog.Int64("bytes", rec.bytes),
				slog.Float64("ms", float64(time.Since(start).Microseconds())/1000),
				slog.String("remote", remote),
			)
		}()
		next.ServeHTTP(rec, r)
	})
}

// recovered answers 500 for a handler that panicked, unless it had begun to answer.
func recovered(next http.Handler, log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			v := recover()
			if v == nil {
				return
			}
			if err, ok := v.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(v) // how a handler drops its connection, and no fault
			}
			log.ErrorContext(r.Context(), "panic in a handler",
				"panic", logging.Cut(fmt.Sprint(v)), "stack", string(debug.Stack()))
			if rec, ok := w.(*recorder); ok && rec.started() {
				panic(http.ErrAbortHandler) // half an answer must not look like a whole one
			}
			WriteError(w, r, http.StatusInternalServerError, CodeInternal,
				"Something went wrong on the server. The id of the request leads to the details in its log.")
		}()
		next.ServeHTTP(w, r)
	})
}

// secure sets headers that suit an API. A handler that serves a page sets its own
// Content-Security-Policy over this one.
func secure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin") // of embedding; CORS decides on fetching
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

func crossOrigin(origins []string) *cors.Cors {
	options := cors.Options{
		AllowedOrigins: origins,
		AllowedMethods: []string{http.MethodGet, http.MethodPost},
		AllowedHeaders: []string{"Authorization", "Content-Type", "Accept", "Last-Event-ID", RequestIDHeader, "GraphQL-Preflight", "Apollo-Require-Preflight"},
		ExposedHeaders: []string{RequestIDHeader, "Retry-After"},
		MaxAge:         600,
	}
	if len(origins) == 0 { // by which rs/cors means everyone
		options.AllowOriginFunc = func(string) bool { return false }
	}
	return cors.New(options)
}

// AllowOrigin returns the rule for WebSockets, which CORS does not cover: requests from outside a
// browser, from the server's own pages and from the listed origins.
func AllowOrigin(origins []string) func(*http.Request) bool {
	return func(r *http.Request) bool {
		origin := r.Header.Get("Origin")
		if origin == "" || slices.Contains(origins, "*") {
			return true
		}
		if slices.ContainsFunc(origins, func(o string) bool { return strings.EqualFold(o, origin) }) {
			return true
		}
		u, err := url.Parse(origin)
		return err == nil && u.Host != "" && strings.EqualFold(u.Host, r.Host)
	}
}
