package scoring

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestSpread(t *testing.T) {
	var done [100]atomic.Int32
	assert.NoError(t, spread(t.Context(), len(done), func(_ context.Context, i int) error { done[i].Add(1); return nil }))
	for i := range done {
		assert.EqualValues(t, 1, done[i].Load())
	}
	broken := errors.New("broken")
	assert.ErrorIs(t, spread(t.Context(), 10, func(_ context.Context, i int) error {
		if i == 7 {
			return broken
		}
		return nil
	}), broken)
	assert.ErrorIs(t, spread(t.Context(), 100, func(ctx context.Context, i int) error {
		if i == 0 {
			return broken
		}
		<-ctx.Done() // who waits is not waited for
		return ctx.Err()
	}), broken)
	assert.NoError(t, spread(t.Context(), 0, nil))
	assert.Panics(t, func() {
		_ = spread(t.Context(), 10, func(_ context.Context, i int) error {
			_ = []int{}[i]
			return nil
		})
	}, "whoever called can recover")
}
