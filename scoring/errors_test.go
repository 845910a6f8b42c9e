package scoring

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestRetryable(t *testing.T) {
	broken := errors.New("no such model")
	assert.False(t, Retryable(nil))
	assert.NoError(t, Permanent(nil))
	assert.True(t, Retryable(broken))
	assert.True(t, Retryable(context.DeadlineExceeded))
	assert.False(t, Retryable(fmt.Errorf("scoring: %w", Permanent(broken))))
	assert.ErrorIs(t, Permanent(broken), broken)
	assert.Equal(t, broken.Error(), Permanent(broken).Error())
}
