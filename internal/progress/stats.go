package progress

import "sync/atomic"

// Stats are a Hub's gauges and, since its start, counters.
type Stats struct {
	Followers int // subscribers of unfinished runs
	Runs      int // runs they follow
	Watchers  int // subscribers of activity
	Scopes    int // what they watch, told apart by visibility

	Listening     bool  // LISTEN is up; otherwise the Hub polls
	Notifications int64 // received

	RunReads      int64 // statements that read changed runs, one a flush
	AccessReads   int64 // statements that check an advisor's access, one a flush and advisor
	FollowReads   int64 // statements that begin a subscription
	ActivityReads int64 // statements that read a scope
	Failures      int64 // statements that failed
}

type counters struct {
	listening                                               atomic.Bool
	notifications                                           atomic.Int64
	runReads, accessReads, followReads, activityReads, fail atomic.Int64
}

// Stats returns the numbers as they are.
func (h *Hub) Stats() Stats {
	h.mu.Lock()
	s := Stats{Runs: len(h.runs), Scopes: len(h.groups)}
	for _, r := range h.runs {
		s.Followers += len(r.followers)
	}
	for _, g := range h.groups {
		s.Watchers += len(g.watchers)
	}
	h.mu.Unlock()
	s.Listening = h.stats.listening.Load()
	s.Notifications = h.stats.notifications.Load()
	s.RunReads = h.stats.runReads.Load()
	s.AccessReads = h.stats.accessReads.Load()
	s.FollowReads = h.stats.followReads.Load()
	s.ActivityReads = h.stats.activityReads.Load()
	s.Failures = h.stats.fail.Load()
	return s
}
