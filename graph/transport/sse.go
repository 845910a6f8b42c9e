package transport

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// SSE is GraphQL over server-sent events in the distinct connections mode: one operation a request,
// by GET or POST, of any kind but mutations by GET. The single connection mode is refused.
type SSE struct {
	*core
	streams *connections
}

var _ graphql.Transport = (*SSE)(nil)

// NewSSE makes the transport for server-sent events.
func NewSSE(cfg Config) *SSE {
	c := newCore(cfg)
	return &SSE{core: c, streams: newConnections(c.Limits.MaxStreams)}
}

// Supports takes GET and POST requests that ask for text/event-stream before anything else. PUT and
// DELETE, which the single connection mode uses, are left to the HTTP transport, which answers 405.
func (t *SSE) Supports(r *http.Request) bool {
	return (r.Method == http.MethodGet || r.Method == http.MethodPost) &&
		negotiate(r.Header) == mediaEventStream
}

// Drain refuses new streams with 503 and ends the open ones, spread over Limits.DrainSpread, without
// a complete event, so that clients come back elsewhere. It returns when all have ended, or the
// context's error when it had to cut the last ones off.
func (t *SSE) Drain(ctx context.Context) error {
	return t.streams.drain(ctx, t.Limits.DrainSpread)
}

// Do serves one stream.
func (t *SSE) Do(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor) {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	s := &stream{core: t.core, w: w, control: http.NewResponseController(w), cancel: cancel}
	defer func() {
		recovered := recover()
		if !s.started {
			t.answerPanic(w, r, mediaJSON, recovered)
		} else if recovered != nil {
			t.logPanic(ctx, "sse", recovered)
		}
	}()

	if r.Header.Get("X-GraphQL-Event-Stream-Token") != "" || r.URL.Query().Has("token") {
		t.refuse(w, r, mediaJSON, badRequest("the single connection mode is not supported; use distinct connections"))
		return
	}
	if !t.streams.join(s) {
		t.refuse(w, r, mediaJSON, overloaded("too many event streams are open"))
		return
	}
	defer t.streams.left(s)

	params, refused := readParams(w, r, t.Limits)
	if refused != nil {
		t.refuse(w, r, mediaJSON, refused)
		return
	}
	op, resp := t.prepare(ctx, exec, params)
	if op != nil {
		defer op.end()
		if op.kind() == ast.Mutation && r.Method == http.MethodGet {
			t.refuse(w, r, mediaJSON, methodNotAllowed("POST", "send mutations by POST"))
			return
		}
	}

	s.start(ctx)
	defer s.stop()
	if op == nil {
		s.next(ctx, resp)
	} else {
		op.execute(func(resp *graphql.Response) bool {
			return s.next(ctx, resp) && !isRequestError(resp)
		})
	}
	// A stream that was cut short ends without complete, so that the client knows it.
	if ctx.Err() == nil {
		s.write([]byte("event: complete\ndata:\n\n"))
	}
}

// stream writes the events of one operation.
type stream struct {
	*core
	w       http.ResponseWriter
	control *http.ResponseController
	cancel  context.CancelFunc
	started bool

	mu        sync.Mutex // held for every write once started, and over the keep-alive timer
	keepAlive *time.Timer
	stopped   bool
}

// leave ends the stream with the operation's context; a stream has no closing handshake.
func (s *stream) leave() { s.cancel() }

func (s *stream) abort() { s.cancel() }

var errStopped = errors.New("the stream has ended")

// start sends the headers and a first comment, because some browsers show the stream as open only
// when the first byte arrives, and starts the keep-alive comments. Their timer needs no goroutine
// while it waits.
func (s *stream) start(ctx context.Context) {
	s.started = true
	h := s.w.Header()
	h.Set("Content-Type", mediaEventStream.contentType())
	h.Set("Cache-Control", "no-cache, no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	// Asks nginx not to hold the events back.
	h.Set("X-Accel-Buffering", "no")
	addVary(h, "Accept")
	// The read deadline of the server is for the request, which has been read.
	_ = s.control.SetReadDeadline(time.Time{})
	s.w.WriteHeader(http.StatusOK)
	s.write([]byte(":\n\n"))

	s.mu.Lock()
	defer s.mu.Unlock()
	s.keepAlive = time.AfterFunc(s.Limits.KeepAliveInterval, func() {
		defer func() {
			if recovered := recover(); recovered != nil {
				s.logPanic(ctx, "sse keep-alive", recovered)
				s.cancel()
			}
		}()
		s.write([]byte(":\n\n"))
	})
}

// stop ends the keep-alive comments and waits for one that is being written: nothing may touch the
// writer after the handler has returned.
func (s *stream) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped = true
	s.keepAlive.Stop()
}

// next writes an event and reports whether the stream still stands.
func (s *stream) next(ctx context.Context, resp *graphql.Response) bool {
	buf := getBuffer()
	defer putBuffer(buf)
	buf.WriteString("event: next\ndata: ")
	s.encode(ctx, buf, resp)
	// A marshaller of a scalar may leave a line break between tokens, where it is white space; in an
	// event it would end the data line.
	payload := buf.Bytes()[len("event: next\n"):]
	if bytes.ContainsAny(payload, "\r\n") {
		for i, b := range payload {
			if b == '\n' || b == '\r' {
				payload[i] = ' '
			}
		}
	}
	buf.WriteString("\n\n")
	return s.write(buf.Bytes())
}

// write sends bytes at once and puts the next keep-alive off. A client that does not take them in
// time, or is gone, cancels the operation.
func (s *stream) write(p []byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := errStopped
	if !s.stopped {
		err = s.withDeadline(s.control, func() error {
			_, err := s.w.Write(p)
			return err
		})
	}
	if err != nil {
		s.stopped = true
		s.cancel()
		return false
	}
	if s.keepAlive != nil {
		s.keepAlive.Reset(s.Limits.KeepAliveInterval)
	}
	return true
}
