package transport

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// isRequestError reports whether nothing was executed: there are errors and no data entry.
func isRequestError(resp *graphql.Response) bool {
	return len(resp.Data) == 0 && len(resp.Errors) > 0
}

// writeResponse appends a response as JSON, equal to what json.Marshal makes of it but for two
// things: a request error has no data entry, and the finished data is copied instead of being
// parsed, compacted and escaped a second time.
func writeResponse(buf *bytes.Buffer, resp *graphql.Response) error {
	sep := byte('{')
	field := func(name string) {
		buf.WriteByte(sep)
		sep = ','
		buf.WriteByte('"')
		buf.WriteString(name)
		buf.WriteString(`":`)
	}
	marshal := func(name string, v any) error {
		b, err := json.Marshal(v)
		if err != nil {
			return fmt.Errorf("encode %s of a response: %w", name, err)
		}
		field(name)
		buf.Write(b)
		return nil
	}

	if len(resp.Errors) > 0 {
		if err := marshal("errors", resp.Errors); err != nil {
			return err
		}
	}
	if !isRequestError(resp) {
		field("data")
		if len(resp.Data) == 0 {
			buf.WriteString("null")
		}
		buf.Write(resp.Data)
	}
	if resp.Label != "" {
		if err := marshal("label", resp.Label); err != nil {
			return err
		}
	}
	if len(resp.Path) > 0 {
		if err := marshal("path", resp.Path); err != nil {
			return err
		}
	}
	if resp.HasNext != nil {
		field("hasNext")
		buf.WriteString(strconv.FormatBool(*resp.HasNext))
	}
	if len(resp.Extensions) > 0 {
		if err := marshal("extensions", resp.Extensions); err != nil {
			return err
		}
	}
	buf.WriteByte('}')
	return nil
}

// internalErrorJSON stands in for errors that cannot be encoded.
const internalErrorJSON = `{"message":"internal error","extensions":{"code":"` + CodeInternal + `"}}`

// encode is writeResponse with a last resort: a response that cannot be written is logged, and an
// internal error stands in for it. The returned response is the one that was written.
func (c *core) encode(ctx context.Context, buf *bytes.Buffer, resp *graphql.Response) *graphql.Response {
	start := buf.Len()
	err := writeResponse(buf, resp)
	if err == nil {
		return resp
	}
	c.Logger.ErrorContext(ctx, "a GraphQL response could not be encoded", "error", err)
	buf.Truncate(start)
	resp = c.errorResponse(ctx, CodeInternal, "internal error")
	if err := writeResponse(buf, resp); err != nil {
		// Only a Present that adds what JSON cannot hold comes here.
		buf.Truncate(start)
		buf.WriteString(`{"errors":[` + internalErrorJSON + `]}`)
	}
	return resp
}

// errorResponse is a request error that a transport raises itself.
func (c *core) errorResponse(ctx context.Context, code, message string) *graphql.Response {
	return &graphql.Response{Errors: gqlerror.List{c.Present(ctx, newError(code, message))}}
}

// status gives the HTTP status of a response by the table of the package documentation.
func (c *core) status(media mediaType, resp *graphql.Response) int {
	if isRequestError(resp) {
		for _, e := range resp.Errors {
			if code, ok := e.Extensions["code"].(string); ok && c.ErrorStatus[code] != 0 {
				return c.ErrorStatus[code]
			}
		}
		if media == mediaGraphQL {
			return http.StatusBadRequest
		}
		return http.StatusOK
	}
	partial := len(resp.Errors) > 0 && !bytes.Equal(resp.Data, []byte("null"))
	if c.PartialSuccess && media == mediaGraphQL && partial {
		return statusPartialSuccess
	}
	return http.StatusOK
}

// statusPartialSuccess is the 2026 edition's status for data with errors.
const statusPartialSuccess = 294

// respond writes a response with the status that belongs to it.
func (c *core) respond(w http.ResponseWriter, r *http.Request, media mediaType, resp *graphql.Response) {
	buf := getBuffer()
	defer putBuffer(buf)
	resp = c.encode(r.Context(), buf, resp)
	if after := retryAfter(resp); after > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(after))
	}
	c.send(w, media, c.status(media, resp), buf.Bytes())
}

// retryAfter is the time in seconds after which a refused request may be repeated: what an error has as
// extensions.retryAfter, an int; 0 when there is none.
func retryAfter(resp *graphql.Response) int {
	if !isRequestError(resp) {
		return 0
	}
	for _, e := range resp.Errors {
		if after, ok := e.Extensions["retryAfter"].(int); ok {
			return after
		}
	}
	return 0
}

// refuse writes a refusal that was decided before the executor saw the request.
func (c *core) refuse(w http.ResponseWriter, r *http.Request, media mediaType, e *requestError) {
	if media != mediaGraphQL {
		media = mediaJSON
	}
	if e.allow != "" {
		w.Header().Set("Allow", e.allow)
	}
	if e.status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	buf := getBuffer()
	defer putBuffer(buf)
	c.encode(r.Context(), buf, c.errorResponse(r.Context(), e.code, e.message))
	c.send(w, media, e.status, buf.Bytes())
}

// send writes a finished answer and gives the client Limits.WriteTimeout to take it.
func (c *core) send(w http.ResponseWriter, media mediaType, status int, body []byte) {
	h := w.Header()
	h.Set("Content-Type", media.contentType())
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("X-Content-Type-Options", "nosniff")
	addVary(h, "Accept")
	if h.Get("Cache-Control") == "" {
		// What one caller may see is not for a shared cache.
		h.Set("Cache-Control", "no-store")
	}
	// An error here means that the client has left: there is nobody to tell.
	_ = c.withDeadline(http.NewResponseController(w), func() error {
		w.WriteHeader(status)
		_, err := w.Write(body)
		return err
	})
}

// withDeadline runs a write, flushes it, and takes the deadline off again, which would otherwise
// hold for whatever is served next on the connection. It returns the first error; a writer that
// cannot do one of this (a test recorder) is written to without it.
func (c *core) withDeadline(control *http.ResponseController, write func() error) error {
	_ = control.SetWriteDeadline(time.Now().Add(c.Limits.WriteTimeout))
	if err := write(); err != nil {
		return err
	}
	if err := control.Flush(); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	_ = control.SetWriteDeadline(time.Time{})
	return nil
}

func addVary(h http.Header, field string) {
	if !slices.ContainsFunc(h.Values("Vary"), func(v string) bool {
		return strings.EqualFold(v, field)
	}) {
		h.Add("Vary", field)
	}
}
