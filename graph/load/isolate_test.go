package load

import (
	"context"
	"errors"
	"testing"

	"github.com/lib/pq"
	"github.com/stretchr/testify/require"
)

// isolated reads the keys 0 to 99 of an edge whose statement fails for some of them.
func isolated(fails func(key int) error) (found map[int]int, failed map[int]error, statements int) {
	e := &edge[int, int]{fetch: func(_ context.Context, _ *Set, keys []int) (map[int]int, error) {
		statements++
		out := map[int]int{}
		for _, k := range keys {
			if err := fails(k); err != nil {
				return nil, err
			}
			out[k] = k
		}
		return out, nil
	}}
	keys := make([]int, 100)
	for i := range keys {
		keys[i] = i
	}
	found, failed = e.isolate(context.Background(), nil, keys)
	return found, failed, statements
}

func TestRowsThatCannotBeReadFailAlone(t *testing.T) {
	t.Parallel()
	unreadable := errors.New("a row of another shape")
	for bad, most := range map[int]int{-1: 1, 0: 15, 58: 15, 99: 15} {
		found, failed, statements := isolated(func(k int) error {
			if k == bad {
				return unreadable
			}
			return nil
		})
		require.LessOrEqual(t, statements, most)
		if bad < 0 {
			require.Empty(t, failed)
			require.Len(t, found, 100)
			continue
		}
		require.Equal(t, map[int]error{bad: unreadable}, failed)
		require.Len(t, found, 99)
	}
}

// What is no row's fault is not asked again, and what is everybody's not for ever.
func TestFailuresAreNotMultiplied(t *testing.T) {
	t.Parallel()
	for err, most := range map[error]int{
		&pq.Error{Code: "57014"}: 1, context.Canceled: 1, context.DeadlineExceeded: 1, errors.New("every row"): 1 + maxIsolating,
	} {
		found, failed, statements := isolated(func(int) error { return err })
		require.LessOrEqual(t, statements, most, err)
		require.Empty(t, found)
		require.Len(t, failed, 100)
	}
}
