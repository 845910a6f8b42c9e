package cost

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// clock is a time that only the test moves.
type clock struct{ at time.Time }

func (c *clock) now() time.Time            { return c.at }
func (c *clock) wait(d time.Duration)      { c.at = c.at.Add(d) }
func newClock() *clock                     { return &clock{time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }
func (c *clock) buckets(most int) *Buckets { return NewBuckets(most, c.now) }

var small = Limit{Operation: 100, Capacity: 100, Restore: 10}

func TestBucket(t *testing.T) {
	c := newClock()
	b := c.buckets(10)
	take := func(points, wantLeft int, wantWait time.Duration) {
		t.Helper()
		left, wait := b.Take("x", small, points)
		require.Equal(t, wantLeft, left)
		require.Equal(t, wantWait, wait)
	}
	take(100, 0, 0)
	take(1, 0, 100*time.Millisecond)
	take(50, 0, 5*time.Second)
	c.wait(4900 * time.Millisecond)
	take(50, 49, 100*time.Millisecond)
	c.wait(100 * time.Millisecond)
	take(50, 0, 0)
	require.Equal(t, 30, b.Settle("x", small, 30))
	require.Equal(t, 100, b.Settle("x", small, 1_000), "no more than the capacity")
	require.Equal(t, -100, b.Settle("x", small, -1_000), "debt has an end")
	take(1, -100, 10100*time.Millisecond)
	c.wait(time.Hour)
	take(100, 0, 0)
	left, _ := b.Take("y", small, 40)
	require.Equal(t, 60, left, "others have their own")
}

func TestBucketOfAnotherRole(t *testing.T) {
	c := newClock()
	b := c.buckets(10)
	large := Limit{Operation: 1_000, Capacity: 1_000, Restore: 10}
	left, _ := b.Take("x", large, 200)
	require.Equal(t, 800, left)
	require.Equal(t, 100, b.Settle("x", small, 0), "what is left is no more than the new role may have")
}

func TestBucketsAreBounded(t *testing.T) {
	c := newClock()
	b := c.buckets(100)
	for i := range 1_000 {
		b.Take(fmt.Sprint(i), small, 1)
	}
	require.Equal(t, 100, b.Len())
	c.wait(time.Minute)
	for i := range 60 {
		b.Take(fmt.Sprint("new", i), small, 1)
	}
	require.Equal(t, 60, b.Len(), "those that are full again are forgotten")
}

func TestBucketsUnderConcurrency(t *testing.T) {
	c := newClock()
	b := c.buckets(10)
	taken := make([]int, 16)
	var wg sync.WaitGroup
	for i := range taken {
		wg.Go(func() {
			for range 50 {
				if _, wait := b.Take("x", small, 1); wait == 0 {
					taken[i]++
				}
			}
		})
	}
	wg.Wait()
	total := 0
	for _, n := range taken {
		total += n
	}
	require.Equal(t, small.Capacity, total)
}
