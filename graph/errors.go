package graph

import (
	"context"
	"errors"
	"log/slog"

	"entgo.io/ent/privacy"
	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/rubrica/rubrica/graph/guard"
	"github.com/rubrica/rubrica/graph/model"
	"github.com/rubrica/rubrica/graph/page"
	"github.com/rubrica/rubrica/internal/globalid"
	"github.com/rubrica/rubrica/internal/problem"
	"github.com/rubrica/rubrica/internal/progress"
	"github.com/rubrica/rubrica/internal/server"
	"github.com/rubrica/rubrica/internal/viewer"
)

// The codes of extensions.code. The list is closed; docs/errors.md tells clients what to do on each.
const (
	codeBadInput        = "BAD_INPUT"
	codeBadCursor       = "BAD_CURSOR"
	codePagination      = "PAGINATION_REQUIRED"
	codeUnauthenticated = "UNAUTHENTICATED"
	codeForbidden       = "FORBIDDEN"
	codeNotFound        = "NOT_FOUND"
	codeTimeout         = "TIMEOUT"
	codeUnavailable     = "UNAVAILABLE"
	codeInternal        = "INTERNAL"
)

// fault is an error for clients.
type fault struct{ code, message string }

func (f *fault) Error() string { return f.message }

var (
	errForbidden       = &fault{codeForbidden, "You may not do or read this."}
	errUnauthenticated = &fault{codeUnauthenticated, "Sign in first: send a token as Authorization: Bearer."}
	errNotFound        = &fault{codeNotFound, "There is no such object, or you may not see it."}
)

// present shows an error to the client: ours by their codes, everything else as INTERNAL with the id
// under which the log tells the cause.
func present(log *slog.Logger) graphql.ErrorPresenterFunc {
	return func(ctx context.Context, err error) *gqlerror.Error {
		var shown *gqlerror.Error
		if errors.As(err, &shown) && shown.Err == nil && shown.Extensions["code"] != nil {
			guard.Clip(shown)
			return shown // from parsing, validation or coercion
		}
		code, message := classify(ctx, err)
		if code == "" && shown != nil && (shown.Err == nil || len(shown.Path) > len(graphql.GetPath(ctx))) {
			// A complaint about an input value, which names no code. Those of scalars are wrapped, and
			// tell themselves apart by a path that goes on from the field into its arguments.
			code, message = codeBadInput, shown.Message
		}
		if code == "" {
			log.ErrorContext(ctx, "a field failed", "path", graphql.GetPath(ctx).String(), "error", err)
			code, message = codeInternal, "Something went wrong. Quote the request id when you report it."
		}
		out := &gqlerror.Error{Message: message, Path: graphql.GetPath(ctx)}
		if shown != nil {
			out.Locations = shown.Locations
			if shown.Path != nil {
				out.Path = shown.Path
			}
		}
		errcode.Set(out, code)
		if id := server.RequestID(ctx); id != "" && code == codeInternal {
			out.Extensions["requestId"] = id
		}
		return out
	}
}

func classify(ctx context.Context, err error) (code, message string) {
	var f *fault
	switch {
	case errors.As(err, &f):
		return f.code, f.message
	case errors.Is(err, page.ErrArguments):
		return codePagination, page.ErrArguments.Error()
	case errors.Is(err, page.ErrCursor):
		return codeBadCursor, page.ErrCursor.Error()
	case errors.Is(err, globalid.ErrMalformed):
		return codeBadInput, globalid.ErrMalformed.Error()
	case errors.Is(err, privacy.Deny), errors.Is(err, progress.ErrForbidden), errors.Is(err, progress.ErrRevoked):
		if _, ok := viewer.FromContext(ctx); !ok {
			return errUnauthenticated.code, errUnauthenticated.message
		}
		return errForbidden.code, errForbidden.message
	case errors.Is(err, progress.ErrNotFound):
		return errNotFound.code, errNotFound.message
	case errors.Is(err, progress.ErrClosed):
		return codeUnavailable, "The server is stopping. Subscribe again with afterSeq."
	case errors.Is(err, context.DeadlineExceeded):
		return codeTimeout, "The operation took longer than it may. Ask for less at once."
	case errors.Is(err, context.Canceled):
		return codeUnavailable, "The request was given up."
	}
	return "", ""
}

// ErrorCodes are all of them, in the order of the contract.
func (queryResolver) ErrorCodes(context.Context) ([]model.ErrorCode, error) {
	return model.AllErrorCode, nil
}

// userErrors shows what the caller of a mutation can put right; other errors are returned.
func userErrors(err error) ([]*model.UserError, error) {
	if err == nil {
		return []*model.UserError{}, nil
	}
	var list problem.List
	if !errors.As(err, &list) {
		var p *problem.Problem
		if !errors.As(err, &p) {
			return nil, err
		}
		list = problem.List{p}
	}
	out := make([]*model.UserError, len(list))
	for i, p := range list {
		out[i] = &model.UserError{Code: model.UserErrorCode(p.Code), Message: p.Message}
		if p.Field != "" {
			out[i].Field = []string{"input", p.Field}
		}
	}
	return out, nil
}
