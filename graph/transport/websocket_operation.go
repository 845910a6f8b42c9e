package transport

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"sync/atomic"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// subscription is an operation of any kind that a client has started on a socket.
type subscription struct {
	socket *socket
	id     string
	idJSON []byte
	size   int64
	params *graphql.RawParams
	ctx    context.Context
	cancel context.CancelFunc
	// released is guarded by socket.mu.
	released bool
	// dropped is set when the client has completed the operation: nothing may be sent any more,
	// because the id may belong to another operation from then on.
	dropped atomic.Bool
}

// subscribe starts an operation.
func (s *socket) subscribe(m message, size int64) {
	start := graphql.Now()
	params, problem := decodeParams(m.Payload)
	if problem != "" {
		// The reason of a close frame is short; what is wrong is always the payload.
		s.close(closeInvalid("the payload is not that of a GraphQL request"))
		return
	}
	if !s.acknowledged {
		s.close(closeUnauthorized)
		return
	}
	params.Headers = s.header
	params.ReadTime = graphql.TraceTiming{Start: start, End: graphql.Now()}

	idJSON, err := json.Marshal(m.ID)
	if err != nil {
		s.close(closeInternalServerError)
		return
	}
	sub := &subscription{socket: s, id: m.ID, idJSON: idJSON, size: size, params: params}

	s.mu.Lock()
	if s.active[m.ID] != nil {
		s.mu.Unlock()
		s.close(closeDuplicate(m.ID))
		return
	}
	full := s.running >= s.Limits.MaxOperations || s.held+size > 2*s.Limits.MaxMessageBytes
	if !full {
		s.running++
		s.held += size
		s.active[m.ID] = sub
	}
	s.mu.Unlock()
	if full {
		errs := gqlerror.List{s.Present(s.session.Context, newError(CodeTooManyOperations,
			fmt.Sprintf("this socket runs as many operations as it may (%d)", s.Limits.MaxOperations)))}
		s.enqueue(s.ctx, frame{buf: sub.errorMessage(s.ctx, errs)})
		return
	}
	sub.ctx, sub.cancel = context.WithCancel(graphql.StartOperationTrace(s.session.Context))
	// Redundant when Init derived the session's context as it must.
	stop := context.AfterFunc(s.ctx, sub.cancel)
	s.work.Go(func() {
		defer stop()
		sub.run()
	})
}

// completed acts on a client's complete message, which may come too late for anything.
func (s *socket) completed(id string) {
	s.mu.Lock()
	sub := s.active[id]
	delete(s.active, id)
	s.mu.Unlock()
	if sub != nil {
		sub.dropped.Store(true)
		sub.cancel()
	}
}

// release frees the id and the place of an operation, once.
func (s *socket) release(sub *subscription) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if sub.released {
		return
	}
	sub.released = true
	s.running--
	s.held -= sub.size
	if s.active[sub.id] == sub {
		delete(s.active, sub.id)
	}
}

// run executes the operation to its end. Its place on the socket becomes free when the writer takes
// up its last message, or here when there is none to send.
func (sub *subscription) run() {
	s, concluded := sub.socket, false
	conclude := func(buf *bytes.Buffer) {
		concluded = s.enqueue(sub.ctx, frame{buf: buf, sub: sub, last: true})
	}
	defer func() {
		if recovered := recover(); recovered != nil {
			s.logPanic(s.ctx, "websocket operation", recovered)
			s.close(closeInternalServerError)
		}
		sub.cancel()
		if !concluded {
			s.release(sub)
		}
	}()

	op, refusal := s.prepare(sub.ctx, s.exec, sub.params)
	if refusal != nil {
		conclude(sub.errorMessage(sub.ctx, refusal.Errors))
		return
	}
	defer op.end()
	failed := false
	op.execute(func(resp *graphql.Response) bool {
		buf := getBuffer()
		openMessage(buf, typeNext, sub.idJSON)
		buf.WriteString(`,"payload":`)
		if written := s.encode(sub.ctx, buf, resp); isRequestError(written) {
			putBuffer(buf)
			failed = true
			conclude(sub.errorMessage(sub.ctx, written.Errors))
			return false
		}
		buf.WriteByte('}')
		return s.enqueue(sub.ctx, frame{buf: buf, sub: sub})
	})
	if !failed && sub.ctx.Err() == nil {
		buf := getBuffer()
		appendMessage(buf, typeComplete, sub.idJSON, nil)
		conclude(buf)
	}
}

// errorMessage makes the message that ends an operation with errors.
func (sub *subscription) errorMessage(ctx context.Context, errs gqlerror.List) *bytes.Buffer {
	s, buf := sub.socket, getBuffer()
	payload, err := json.Marshal(errs)
	if err != nil || len(errs) == 0 {
		s.Logger.ErrorContext(ctx, "the errors of an operation could not be encoded", "error", err, "errors", len(errs))
		payload = []byte(`[` + internalErrorJSON + `]`)
	}
	appendMessage(buf, typeError, sub.idJSON, payload)
	return buf
}
