// Command testserver serves the test schema of the transports on a loopback address, for the suites
// and clients of others:
//
//	go run ./graph/transport/internal/testserver 127.0.0.1:4111
//
// It ends on SIGINT or SIGTERM, draining first, and in any case after ten minutes.
package main

import (
	"context"
	"errors"
	"log"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/99designs/gqlgen/graphql/handler"
	"github.com/99designs/gqlgen/graphql/handler/extension"

	"github.com/rubrica/rubrica/graph/transport"
	"github.com/rubrica/rubrica/graph/transport/internal/testschema"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: testserver HOST:PORT")
	}
	if err := run(os.Args[1]); err != nil {
		log.Fatal(err)
	}
}

func run(addr string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()

	cfg := transport.Config{
		Limits: transport.Limits{DrainSpread: 100 * time.Millisecond},
		Init: func(ctx context.Context, payload map[string]any) (transport.Session, error) {
			if payload["authToken"] == "bad" {
				return transport.Session{}, errors.New("bad token")
			}
			return transport.Session{Context: ctx}, nil
		},
	}
	sockets, streams := transport.NewWebSocket(cfg), transport.NewSSE(cfg)
	graphql := handler.New(testschema.New(&testschema.Root{Revoke: transport.EndWithError}))
	graphql.AddTransport(sockets)
	graphql.AddTransport(streams)
	graphql.AddTransport(transport.NewHTTP(cfg))
	graphql.Use(extension.Introspection{})

	server := &http.Server{Addr: addr, Handler: graphql, ReadHeaderTimeout: 5 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- server.ListenAndServe() }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	last, cancelLast := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancelLast()
	return errors.Join(streams.Drain(last), sockets.Drain(last), server.Shutdown(last))
}
