package testschema

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync/atomic"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// Root resolves the schema. Its zero value works; every field is optional.
type Root struct {
	// Revoke ends Subscription.revoked with an error.
	Revoke func(ctx context.Context, err *gqlerror.Error) bool

	sum     atomic.Int64
	started atomic.Int64
	stopped atomic.Int64
	sent    atomic.Int64
}

// Started is the number of long-running resolvers that have begun.
func (r *Root) Started() int64 { return r.started.Load() }

// Stopped is the number of long-running resolvers that have ended.
func (r *Root) Stopped() int64 { return r.stopped.Load() }

// Sent is the number of events that the executor has taken from the resolvers.
func (r *Root) Sent() int64 { return r.sent.Load() }

// Query implements ResolverRoot.
func (r *Root) Query() QueryResolver { return query{r} }

// Mutation implements ResolverRoot.
func (r *Root) Mutation() MutationResolver { return mutation{r} }

// Subscription implements ResolverRoot.
func (r *Root) Subscription() SubscriptionResolver { return subscription{r} }

type query struct{ *Root }

func (query) Hello(_ context.Context, name string) (string, error) { return "hello " + name, nil }

func (query) Fail(context.Context) (*string, error) { return nil, errors.New("it failed") }

func (query) FailHard(context.Context) (string, error) { return "", errors.New("it failed hard") }

func (query) Crash(context.Context) (*string, error) { panic("a resolver panics") }

func (q query) Wait(ctx context.Context) (*bool, error) {
	q.started.Add(1)
	defer q.stopped.Add(1)
	<-ctx.Done()
	return nil, ctx.Err()
}

func (query) Any(context.Context) (any, error) { return map[string]any{"text": "a\nb <c>"}, nil }

type mutation struct{ *Root }

func (m mutation) Add(_ context.Context, n int) (int, error) { return int(m.sum.Add(int64(n))), nil }

func (mutation) Upload(_ context.Context, input UploadInput) ([]string, error) {
	var out []string
	for _, f := range append(input.More, input.File) {
		if f == nil {
			continue
		}
		content, err := io.ReadAll(f.File)
		if err != nil {
			return nil, err
		}
		out = append(out, f.Filename+" "+f.ContentType+" "+string(content[:min(len(content), 20)]))
	}
	return out, nil
}

type subscription struct{ *Root }

// produce runs a producer until it returns or its context ends.
func produce[T any](ctx context.Context, r *Root, body func(send func(T) bool)) <-chan T {
	ch := make(chan T)
	r.started.Add(1)
	go func() {
		defer r.stopped.Add(1)
		defer close(ch)
		body(func(v T) bool {
			select {
			case ch <- v:
				r.sent.Add(1)
				return true
			case <-ctx.Done():
				return false
			}
		})
	}()
	return ch
}

func (s subscription) Count(ctx context.Context, to int) (<-chan int, error) {
	return produce(ctx, s.Root, func(send func(int) bool) {
		for i := 1; i <= to && send(i); i++ {
		}
	}), nil
}

func (s subscription) Flood(ctx context.Context, bytes int) (<-chan string, error) {
	text := strings.Repeat("x", bytes)
	return produce(ctx, s.Root, func(send func(string) bool) {
		for send(text) {
		}
	}), nil
}

func (s subscription) Idle(ctx context.Context) (<-chan int, error) {
	return produce(ctx, s.Root, func(func(int) bool) { <-ctx.Done() }), nil
}

func (subscription) Refused(context.Context) (<-chan int, error) {
	return nil, &gqlerror.Error{Message: "no", Extensions: map[string]any{"code": "NOT_YOURS"}}
}

func (s subscription) Revoked(ctx context.Context) (<-chan int, error) {
	return produce(ctx, s.Root, func(send func(int) bool) {
		if send(1) && s.Revoke != nil {
			s.Revoke(ctx, &gqlerror.Error{Message: "revoked", Extensions: map[string]any{"code": "NOT_YOURS"}})
		}
	}), nil
}

// New makes the executable schema of a root.
func New(r *Root) graphql.ExecutableSchema { return NewExecutableSchema(Config{Resolvers: r}) }
