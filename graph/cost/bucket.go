package cost

import (
	"math"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// Limit is what one caller may ask for, in points. The zero value allows everything.
type Limit struct {
	Operation int // of one operation
	Capacity  int // of the bucket: what can be asked for at once
	Restore   int // that flow back in a second
}

// none tells that everything is allowed.
func (l Limit) none() bool { return l == Limit{} }

// Buckets keeps what callers have left. It is safe for concurrent use, and holds at most so many
// callers: those that were not heard of for longest are forgotten first, and so is everyone whose
// bucket is full again.
type Buckets struct {
	mu  sync.Mutex
	lru *simplelru.LRU[string, *bucket]
	now func() time.Time
}

type bucket struct {
	limit Limit
	level float64 // below zero: debt of what could not be refused
	at    time.Time
}

// NewBuckets makes an empty set for so many callers.
func NewBuckets(callers int, now func() time.Time) *Buckets {
	lru, err := simplelru.NewLRU[string, *bucket](callers, nil)
	if err != nil {
		panic(err) // a number below 1
	}
	return &Buckets{lru: lru, now: now}
}

// Take takes points from a caller's bucket, all or none of them. It returns what is left, and how long
// to wait when there is not enough.
func (b *Buckets) Take(caller string, limit Limit, points int) (left int, wait time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	k := b.bucket(caller, limit)
	if missing := float64(points) - k.level; missing > 0 {
		return floor(k.level), seconds(missing, limit.Restore)
	}
	k.level -= float64(points)
	return floor(k.level), 0
}

// Settle gives points back, or takes what could not be refused when they are negative, and returns what
// is left. Debt is bounded by the capacity.
func (b *Buckets) Settle(caller string, limit Limit, points int) (left int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	k := b.bucket(caller, limit)
	k.level = max(min(k.level+float64(points), float64(limit.Capacity)), -float64(limit.Capacity))
	return floor(k.level)
}

// bucket is the caller's, filled up to this moment.
func (b *Buckets) bucket(caller string, limit Limit) *bucket {
	now := b.now()
	k, ok := b.lru.Get(caller)
	if !ok {
		b.forget(now)
		k = &bucket{limit: limit, level: float64(limit.Capacity), at: now}
		b.lru.Add(caller, k)
		return k
	}
	if k.limit != limit { // another role since
		k.limit = limit
		k.level = min(k.level, float64(limit.Capacity))
	}
	k.fill(now)
	return k
}

func (k *bucket) fill(now time.Time) {
	if passed := now.Sub(k.at).Seconds(); passed > 0 {
		k.level = min(k.level+passed*float64(k.limit.Restore), float64(k.limit.Capacity))
		k.at = now
	}
}

// forget drops the callers at the end of the list whose buckets are full: they are as good as unknown.
func (b *Buckets) forget(now time.Time) {
	for range 2 { // one more than comes in: the set shrinks when it is quiet
		name, k, ok := b.lru.GetOldest()
		if !ok {
			return
		}
		if k.fill(now); k.level < float64(k.limit.Capacity) {
			return
		}
		b.lru.Remove(name)
	}
}

// Len is the number of callers that are kept.
func (b *Buckets) Len() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.lru.Len()
}

func floor(level float64) int { return int(math.Floor(level)) }

// seconds is the time until so many points have flowed back.
func seconds(points float64, restore int) time.Duration {
	if restore <= 0 {
		return time.Hour
	}
	return time.Duration(points / float64(restore) * float64(time.Second))
}
