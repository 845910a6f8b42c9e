// Package logging makes the process's log: records of log/slog that carry the ids of their context
// (request_id, essay_id, run_id, job_id) and never a token, a password or an essay's text.
package logging

import (
	"context"
	"io"
	"log/slog"
	"slices"
)

// The keys of the ids that records carry.
const (
	RequestID = "request_id"
	EssayID   = "essay_id"
	RunID     = "run_id"
	JobID     = "job_id"
)

type contextKey struct{}

// With returns a context whose records carry the attributes too. An attribute replaces one of the
// same key that the context had.
func With(ctx context.Context, attrs ...slog.Attr) context.Context {
	have := Attrs(ctx)
	all := make([]slog.Attr, 0, len(have)+len(attrs))
	for _, a := range have {
		if !slices.ContainsFunc(attrs, func(b slog.Attr) bool { return a.Key == b.Key }) {
			all = append(all, a)
		}
	}
	return context.WithValue(ctx, contextKey{}, append(all, attrs...))
}

// Attrs are the attributes that With put into the context. They must not be changed.
func Attrs(ctx context.Context) []slog.Attr {
	attrs, _ := ctx.Value(contextKey{}).([]slog.Attr)
	return attrs
}

// Options say what to log and how. The zero value logs info and above as JSON.
type Options struct {
	Level slog.Leveler
	Text  bool // key=value instead of JSON
}

// New returns a logger that writes one line a record to w, redacted as the package says.
func New(w io.Writer, o Options) *slog.Logger {
	options := &slog.HandlerOptions{Level: o.Level, ReplaceAttr: redact}
	w = scrubber{w}
	if o.Text {
		return slog.New(handler{slog.NewTextHandler(w, options)})
	}
	return slog.New(handler{slog.NewJSONHandler(w, options)})
}

// handler adds the attributes of the context to each record. A logger with an open group would put
// them into that group.
type handler struct{ slog.Handler }

// Handle is part of slog.Handler.
func (h handler) Handle(ctx context.Context, r slog.Record) error {
	if attrs := Attrs(ctx); len(attrs) > 0 {
		r = r.Clone()
		r.AddAttrs(attrs...)
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs is part of slog.Handler.
func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return handler{h.Handler.WithAttrs(attrs)}
}

// WithGroup is part of slog.Handler.
func (h handler) WithGroup(name string) slog.Handler { return handler{h.Handler.WithGroup(name)} }
