package progress

import (
	"context"
	"errors"
	"sync/atomic"
)

// Subscription is one subscriber's stream. It ends when its context ends, when there is nothing more
// to come, or early with an error.
type Subscription[T any] struct {
	slot chan T // holds the newest value that was not taken yet
	err  atomic.Pointer[error]

	// The Hub's mutex guards the rest.
	seq     int64 // of the newest value offered; nothing older or equal is offered again
	ended   bool
	release func() bool // lets go of the context
}

func newSubscription[T any](afterSeq int64) *Subscription[T] {
	return &Subscription[T]{slot: make(chan T, 1), seq: afterSeq}
}

// Updates is the stream. A reader who is slow finds the newest value instead of a backlog. It is
// closed at the end; Err then says why.
func (s *Subscription[T]) Updates() <-chan T { return s.slot }

// Err is, once Updates is closed, nil when the stream is complete, else ErrRevoked, ErrNotFound,
// ErrClosed, or the cause of its context's end. Before that it is nil.
func (s *Subscription[T]) Err() error {
	if err := s.err.Load(); err != nil {
		return *err
	}
	return nil
}

// offer puts a value into the slot, in place of one that was not taken. It does nothing unless seq
// is newer than all before. The caller holds the Hub's mutex, so that there is one sender at a time.
func (s *Subscription[T]) offer(value T, seq int64) bool {
	if s.ended || seq <= s.seq {
		return false
	}
	s.seq = seq
	select {
	case <-s.slot:
	default:
	}
	s.slot <- value // there is room: only the holder of the mutex sends
	return true
}

// end closes the stream. After a withdrawal of rights, what was not taken yet is not given out. The
// caller holds the Hub's mutex.
func (s *Subscription[T]) end(err error) {
	if s.ended {
		return
	}
	s.ended = true
	if s.release != nil {
		s.release()
	}
	if errors.Is(err, ErrRevoked) || errors.Is(err, ErrNotFound) {
		select {
		case <-s.slot:
		default:
		}
	}
	if err != nil {
		s.err.Store(&err)
	}
	close(s.slot)
}

// bind ends the stream with the context; leave takes it out of the Hub. No goroutine waits.
func bind[T any](ctx context.Context, h *Hub, s *Subscription[T], leave func()) {
	release := context.AfterFunc(ctx, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		leave()
		s.end(context.Cause(ctx))
	})
	h.mu.Lock()
	defer h.mu.Unlock()
	if s.ended { // meanwhile, by the Hub
		release()
		return
	}
	s.release = release
}
