package progress

import (
	"time"

	"github.com/google/uuid"
	"golang.org/x/time/rate"
)

// Each run may be announced burst times at once, and perSecond times a second in the long run. A run
// of the local engine passes its six changes within the burst; one that goes on for minutes, with
// percentages, costs four announcements a second.
const (
	burst     = 6
	perSecond = 4
	// forgetAfter is how long an idle run's bucket takes to fill up. A full one is as good as a
	// new one, so it is dropped.
	forgetAfter = burst * time.Second / perSecond
)

// limiter decides when a run's changes are announced: a token bucket for each run. It is not safe
// for concurrent use.
type limiter struct {
	runs    map[uuid.UUID]*bucket
	waiting map[uuid.UUID]time.Time // held back until then
	sweep   time.Time               // when to look for full buckets
}

type bucket struct {
	*rate.Limiter
	used time.Time
}

func newLimiter() *limiter {
	return &limiter{runs: map[uuid.UUID]*bucket{}, waiting: map[uuid.UUID]time.Time{}}
}

// pass tells whether to announce the run now. If not, it will be due later.
func (l *limiter) pass(run uuid.UUID, urgent bool, now time.Time) bool {
	b := l.runs[run]
	if b == nil {
		b = &bucket{Limiter: rate.NewLimiter(perSecond, burst)}
		l.runs[run] = b
	}
	if _, held := l.waiting[run]; held && !urgent {
		return false // the announcement to come covers this change too
	}
	b.used = now
	if b.AllowN(now, 1) || urgent {
		delete(l.waiting, run)
		return true
	}
	l.waiting[run] = now.Add(b.ReserveN(now, 1).DelayFrom(now))
	return false
}

// due returns the held-back runs whose time has come, and forgets idle ones.
func (l *limiter) due(now time.Time) []uuid.UUID {
	var runs []uuid.UUID
	for run, at := range l.waiting {
		if !at.After(now) {
			runs = append(runs, run)
			delete(l.waiting, run)
			l.runs[run].used = now
		}
	}
	if !l.sweep.After(now) {
		for run, b := range l.runs {
			if _, held := l.waiting[run]; !held && now.Sub(b.used) >= forgetAfter {
				delete(l.runs, run)
			}
		}
		l.sweep = now.Add(forgetAfter)
	}
	return runs
}

// held returns all held-back runs, and holds them no more.
func (l *limiter) held() []uuid.UUID {
	var runs []uuid.UUID
	for run := range l.waiting {
		runs = append(runs, run)
	}
	clear(l.waiting)
	return runs
}

// next is after how long due has something to do; 0 for never.
func (l *limiter) next(now time.Time) time.Duration {
	if len(l.runs) == 0 {
		return 0
	}
	at := l.sweep
	for _, t := range l.waiting {
		if t.Before(at) {
			at = t
		}
	}
	return max(at.Sub(now), time.Nanosecond)
}
