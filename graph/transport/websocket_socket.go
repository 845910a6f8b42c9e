package transport

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/coder/websocket"
)

// socket is one open WebSocket. The goroutine of the HTTP request reads, a second one does all the
// writing, closing included, and each running operation has its own.
type socket struct {
	*core
	transport *WebSocket
	exec      graphql.GraphExecutor
	header    http.Header
	ws        *websocket.Conn
	raw       *countingConn

	// ctx is the socket's life: cancelled by close, or with the request.
	ctx    context.Context
	cancel context.CancelFunc
	// out is the queue to the writer. Whoever fills it waits, so a client that does not read stops
	// its producers, and then WriteTimeout ends the socket.
	out chan frame

	// Owned by the reader.
	initReceived bool
	acknowledged bool
	session      Session
	keyHeld      bool
	initTimer    *time.Timer
	expiryTimer  *time.Timer

	mu      sync.Mutex
	ending  *closing // how the socket closes; the first one counts
	active  map[string]*subscription
	running int   // operations that have a place, cancelled ones included until they really end
	held    int64 // bytes of their subscribe messages
	work    sync.WaitGroup
}

// frame is a message on its way to the client.
type frame struct {
	buf *bytes.Buffer
	// sub is the operation that the message belongs to, if any: when the client has completed that
	// in the meantime, the message is dropped.
	sub *subscription
	// last frees the operation's id and place before the message is written.
	last bool
}

func newSocket(t *WebSocket, r *http.Request, exec graphql.GraphExecutor) *socket {
	s := &socket{
		core: t.core, transport: t, exec: exec, header: r.Header,
		out:    make(chan frame, t.Limits.OutgoingMessages),
		active: map[string]*subscription{},
	}
	s.ctx, s.cancel = context.WithCancel(r.Context())
	return s
}

// close ends the socket; only the first call decides on the code.
func (s *socket) close(c closing) {
	s.mu.Lock()
	if s.ending == nil {
		s.ending = &c
	}
	s.mu.Unlock()
	s.cancel()
}

// leave closes the socket because the server goes away.
func (s *socket) leave() { s.close(closeGoingAway) }

// load is the number of operations that have a place on the socket.
func (s *socket) load() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.running
}

// abort ends the socket without a closing handshake.
func (s *socket) abort() {
	s.leave()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.raw != nil {
		_ = s.raw.Close()
	}
}

// serve runs the socket to its end, that of every operation included.
func (s *socket) serve(ws *websocket.Conn, raw *countingConn) {
	s.ws = ws
	s.mu.Lock()
	s.raw = raw
	s.mu.Unlock()
	ws.SetReadLimit(s.Limits.MaxInitBytes)
	s.initTimer = time.AfterFunc(s.Limits.InitTimeout, func() { s.close(closeInitTimeout) })

	var writer sync.WaitGroup
	writer.Go(s.write)
	if ws.Subprotocol() == subprotocol {
		s.read()
	} else {
		s.close(closeSubprotocol)
	}
	s.close(closeNormal)
	s.initTimer.Stop()
	if s.expiryTimer != nil {
		s.expiryTimer.Stop()
	}
	writer.Wait()
	s.work.Wait()
	if s.keyHeld {
		s.transport.releaseKey(s.session.Key)
	}
}

// read handles messages until the socket ends.
func (s *socket) read() {
	defer func() {
		if recovered := recover(); recovered != nil {
			s.logPanic(s.ctx, "websocket reader", recovered)
			s.close(closeInternalServerError)
		}
	}()
	for s.ctx.Err() == nil {
		// Without a deadline: the library would cut the connection without a close frame. Silence is
		// the writer's business, which pings.
		kind, text, err := s.ws.Read(context.Background())
		if err != nil {
			if errors.Is(err, websocket.ErrMessageTooBig) {
				s.close(closing{websocket.StatusMessageTooBig, "Message too big"})
			}
			return
		}
		m, invalid := parseMessage(kind, text)
		if invalid != nil {
			s.close(*invalid)
			return
		}
		s.handle(m, int64(len(text)))
	}
}

// handle acts on one message.
func (s *socket) handle(m message, size int64) {
	switch m.Type {
	case typeInit:
		s.init(m.Payload)
	case typePing:
		buf := getBuffer()
		appendMessage(buf, typePong, nil, m.Payload)
		s.enqueue(s.ctx, frame{buf: buf})
	case typePong:
		// Its arrival was counted as a sign of life.
	case typeSubscribe:
		s.subscribe(m, size)
	case typeComplete:
		s.completed(m.ID)
	}
}

// init answers connection_init.
func (s *socket) init(payload json.RawMessage) {
	if s.initReceived {
		s.close(closeTooManyInits)
		return
	}
	s.initReceived = true
	params, err := decodeObject(payload)
	if err != nil {
		s.close(closeInvalid("the payload must be an object or null"))
		return
	}
	// The timer runs on until Init has answered, so that one that hangs does not pin the socket.
	s.session, err = s.Init(s.ctx, params)
	s.initTimer.Stop()
	if err != nil {
		s.Logger.DebugContext(s.ctx, "WebSocket connection rejected", "error", err)
		s.close(closeForbidden)
		return
	}
	if s.session.Context == nil {
		s.session.Context = s.ctx //nolint:fatcontext // set once, before any operation
	}
	if !s.session.ExpiresAt.IsZero() {
		s.expiryTimer = time.AfterFunc(time.Until(s.session.ExpiresAt), func() { s.close(closeTokenExpired) })
	}
	if !s.transport.acquireKey(s.session.Key) {
		s.close(closeTooManySockets)
		return
	}
	s.keyHeld = true

	var ack []byte
	if s.session.Ack != nil {
		if ack, err = json.Marshal(s.session.Ack); err != nil {
			s.Logger.ErrorContext(s.ctx, "the payload of connection_ack could not be encoded", "error", err)
			s.close(closeInternalServerError)
			return
		}
	}
	s.acknowledged = true
	s.ws.SetReadLimit(s.Limits.MaxMessageBytes)
	buf := getBuffer()
	appendMessage(buf, typeAck, nil, ack)
	s.enqueue(s.ctx, frame{buf: buf})
}

// enqueue hands a message to the writer and waits for room; it reports whether that came before the
// context ended.
func (s *socket) enqueue(ctx context.Context, f frame) bool {
	select {
	case s.out <- f:
		return true
	case <-ctx.Done():
		putBuffer(f.buf)
		return false
	}
}

// write sends what is queued, pings, and closes the socket when its time has come.
func (s *socket) write() {
	defer func() {
		if recovered := recover(); recovered != nil {
			s.logPanic(s.ctx, "websocket writer", recovered)
			s.close(closeInternalServerError)
			_ = s.raw.Close()
		}
	}()
	alarm := time.NewTimer(s.Limits.PingInterval)
	defer alarm.Stop()
	waiting, reads := false, uint64(0)
	for {
		select {
		case <-s.ctx.Done():
			s.shake()
			return
		case f := <-s.out:
			if !s.deliver(f) {
				return
			}
		case <-alarm.C:
			if waiting && s.raw.reads.Load() == reads {
				s.close(closeUnresponsive)
				continue
			}
			if waiting {
				waiting = false
				alarm.Reset(max(s.Limits.PingInterval-s.Limits.PongTimeout, time.Millisecond))
				continue
			}
			waiting, reads = true, s.raw.reads.Load()
			buf := getBuffer()
			appendMessage(buf, typePing, nil, nil)
			if !s.deliver(frame{buf: buf}) {
				return
			}
			alarm.Reset(s.Limits.PongTimeout)
		}
	}
}

// deliver writes one message and reports whether the socket still stands. A client that does not
// take it within WriteTimeout is cut off: a close frame would not reach it either.
func (s *socket) deliver(f frame) bool {
	defer putBuffer(f.buf)
	if f.last {
		s.release(f.sub)
	}
	if f.sub != nil && f.sub.dropped.Load() {
		return true
	}
	ctx, cancel := context.WithTimeout(context.Background(), s.Limits.WriteTimeout)
	defer cancel()
	if err := s.ws.Write(ctx, websocket.MessageText, f.buf.Bytes()); err != nil {
		s.Logger.DebugContext(s.ctx, "WebSocket write failed", "error", err)
		s.close(closeUnresponsive)
		_ = s.raw.Close()
		_ = s.ws.CloseNow()
		return false
	}
	return true
}

// shake performs the closing handshake, which is cut short when the client does not take part.
func (s *socket) shake() {
	s.mu.Lock()
	c := closeGoingAway // the request's context ended by itself: the server stops
	if s.ending != nil {
		c = *s.ending
	}
	s.mu.Unlock()
	s.Logger.DebugContext(s.ctx, "WebSocket closed", "code", int(c.code), "reason", c.reason)
	cut := time.AfterFunc(s.Limits.CloseTimeout, func() { _ = s.raw.Close() })
	defer cut.Stop()
	// An error means that the other side was faster, or is gone.
	_ = s.ws.Close(c.code, c.reason)
}
