package scoring

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"

	"golang.org/x/sync/errgroup"
)

// spread does n pieces of work, so many at a time as there are cores, and gives the first error, which ends
// the ctx of the others. Each piece writes what nobody else does: the outcome is that of doing them in turn.
// A panic comes out here, where whoever called can recover from it; in a goroutine of its own it would end
// the process.
func spread(ctx context.Context, n int, do func(ctx context.Context, i int) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i := range n {
		g.Go(func() (err error) {
			defer func() {
				if r := recover(); r != nil {
					err = panicked{fmt.Sprintf("%v\n%s", r, debug.Stack())}
				}
			}()
			return do(ctx, i)
		})
	}
	err := g.Wait()
	if p, ok := err.(panicked); ok { //nolint:errorlint // nobody wraps it
		panic(p.what)
	}
	return err
}

// panicked carries a panic out of a goroutine.
type panicked struct{ what string }

func (p panicked) Error() string { return p.what }
