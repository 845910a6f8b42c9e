package scoring

import (
	"runtime"

	"golang.org/x/sync/errgroup"
)

// spread does n pieces of work, so many at a time as there are cores, and gives the first error. Each piece
// writes what nobody else does: the outcome is that of doing them in turn.
func spread(n int, do func(i int) error) error {
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i := range n {
		g.Go(func() error { return do(i) })
	}
	return g.Wait()
}
