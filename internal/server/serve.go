package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"
)

// Bounds of a connection. There is no time for a whole answer or a whole body: streams last for
// hours, and the transports bound each body and each write themselves.
const (
	readHeaderTimeout = 10 * time.Second
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 64 << 10
	// DefaultDrainTimeout bounds Server.Serve after its context ended, unless DrainTimeout is set.
	DefaultDrainTimeout = 20 * time.Second
)

// ListenError says why an address cannot be served on, and what to do.
type ListenError struct {
	Address string
	Err     error
}

// Error is a sentence for whoever started the process.
func (e *ListenError) Error() string {
	switch {
	case errors.Is(e.Err, syscall.EADDRINUSE):
		return fmt.Sprintf("%s is in use by another program: stop that one, or choose another address with --address or RUBRICA_ADDRESS (port 0 takes a free one)", e.Address)
	case errors.Is(e.Err, syscall.EACCES):
		return fmt.Sprintf("not allowed to serve on %s: ports below 1024 are the system's; choose another with --address or RUBRICA_ADDRESS", e.Address)
	case errors.Is(e.Err, syscall.EADDRNOTAVAIL):
		return fmt.Sprintf("%s is not an address of this machine: choose another with --address or RUBRICA_ADDRESS", e.Address)
	}
	return fmt.Sprintf("cannot serve on %s: %v", e.Address, e.Err)
}

// Unwrap is the error of the operating system.
func (e *ListenError) Unwrap() error { return e.Err }

// Listen takes the address. Do it before anything slow or lasting, so that a port in use stops the
// start at once. Errors are of type *ListenError.
func Listen(ctx context.Context, address string) (net.Listener, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, &ListenError{Address: address, Err: err}
	}
	return l, nil
}

// Server serves until its context ends, and then lets what runs come to its end.
type Server struct {
	Handler http.Handler
	Logger  *slog.Logger // slog.Default when nil
	// Health answers 503 on /readyz as soon as the process is stopping; it may be nil.
	Health *Health
	// Drainers end long-lived connections in good order, such as the Drain methods of the GraphQL
	// transports. They run beside each other when the process is stopping; their context ends with
	// DrainTimeout.
	Drainers []func(context.Context) error
	// DrainTimeout bounds the stopping; then what still runs is cut off. DefaultDrainTimeout when 0.
	DrainTimeout time.Duration
}

// Serve serves on the listener until ctx ends, drains and returns nil; or it returns why it cannot
// serve. An error after the draining tells what had to be cut off. The listener is closed in any case.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	log := s.Logger
	if log == nil {
		log = slog.Default()
	}
	// Requests do not end with ctx, which asks the process to stop: they get the time of the draining.
	requests, cutOff := context.WithCancel(context.WithoutCancel(ctx))
	defer cutOff()
	srv := &http.Server{
		Handler:           s.Handler,
		ReadHeaderTimeout: readHeaderTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		BaseContext:       func(net.Listener) context.Context { return requests },
	}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(l) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serving on %s: %w", l.Addr(), err)
	case <-ctx.Done():
	}

	timeout := s.DrainTimeout
	if timeout == 0 {
		timeout = DefaultDrainTimeout
	}
	log.Info("draining", "timeout", timeout.String())
	if s.Health != nil {
		s.Health.Drain()
	}
	drain, cancel := context.WithTimeout(requests, timeout)
	defer cancel()
	errs := make([]error, len(s.Drainers)+1)
	var wg sync.WaitGroup
	for i, f := range s.Drainers {
		wg.Go(func() { errs[i] = f(drain) })
	}
	wg.Go(func() { errs[len(s.Drainers)] = srv.Shutdown(drain) })
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		cutOff()
		return errors.Join(fmt.Errorf("not everything came to its end within %s: %w", timeout, err), srv.Close())
	}
	return nil
}
