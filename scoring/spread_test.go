package scoring

import (
	"errors"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestSpread(t *testing.T) {
	var done [100]atomic.Int32
	assert.NoError(t, spread(len(done), func(i int) error { done[i].Add(1); return nil }))
	for i := range done {
		assert.EqualValues(t, 1, done[i].Load())
	}
	broken := errors.New("broken")
	assert.ErrorIs(t, spread(10, func(i int) error {
		if i == 7 {
			return broken
		}
		return nil
	}), broken)
	assert.NoError(t, spread(0, nil))
	assert.Panics(t, func() {
		_ = spread(10, func(i int) error {
			_ = []int{}[i]
			return nil
		})
	}, "whoever called can recover")
}
