package collaborative

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// seconds of the processor that this process used so far: what others do on the machine does not count.
func processor(b *testing.B) float64 {
	b.Helper()
	var r unix.Rusage
	require.NoError(b, unix.Getrusage(unix.RUSAGE_SELF, &r))
	return float64(r.Utime.Nano()+r.Stime.Nano()) / 1e9
}

// each runs a benchmark and reports the seconds of one core that an operation takes.
func each(b *testing.B, work func()) {
	start, n := processor(b), 0
	for b.Loop() {
		work()
		n++
	}
	b.ReportMetric((processor(b)-start)/float64(n), "core-s/op")
}

// The fits of 10 000 users × 5 000 items with 500 000 cells, on all cores.
func BenchmarkFit(b *testing.B) {
	m := benchmarkMatrix(b)
	b.Run("item-KNN", func(b *testing.B) { each(b, func() { ItemKNN.Items(m) }) })
	b.Run("user-KNN", func(b *testing.B) { each(b, func() { UserKNN.Users(m) }) })
	b.Run("popularity", func(b *testing.B) { each(b, func() { m.Popularity(Damping) }) })
	b.Run("EASE", func(b *testing.B) {
		each(b, func() {
			_, err := EASEDefault.Items(b.Context(), m)
			require.NoError(b, err)
		})
	})
}

// What one person's new interaction costs, next to a fit of everything.
func BenchmarkUpdated(b *testing.B) {
	m := benchmarkMatrix(b)
	lists := ItemKNN.Items(m)
	who := m.Users()[17]
	events := []Event{{User: who, Item: m.Items()[1234], Kind: Completed, At: noon}}
	for _, i := range m.Taken(17) {
		events = append(events, Event{User: who, Item: m.Items()[i], Kind: Completed, At: noon})
	}
	each(b, func() {
		after, err := m.WithUser(who, events)
		require.NoError(b, err)
		ItemKNN.Updated(m, after, lists, who)
	})
}

// Ten items, on one core: from lists at hand (warm), and from rows just read of the own items (cold); by the
// lists of item-KNN, and of 400 links each, as EASE's are.
func BenchmarkScore(b *testing.B) {
	m := benchmarkMatrix(b)
	run := func(name string, score func(profile []Taste)) {
		b.Run(name, func(b *testing.B) {
			start, u, n := processor(b), 0, 0
			for b.Loop() {
				score(m.Tastes(u))
				u = (u + 1) % len(m.Users())
				n++
			}
			b.ReportMetric(float64(n)/(processor(b)-start), "recommendations/core-s")
		})
	}
	for _, l := range []struct {
		name  string
		lists *Lists
	}{{"item-KNN", ItemKNN.Items(m)}, {"400 links", KNN{K: 800}.Items(m).Keep(EASEDefault.Keep)}} {
		stored := map[uuid.UUID][]Neighbour{}
		for id, links := range l.lists.All() {
			stored[id] = links
		}
		warm := NewLists(stored)
		run(l.name+"/warm", func(p []Taste) { warm.Score(p, 10) })
		run(l.name+"/cold", func(p []Taste) { Score(p, stored, 10) })
	}
}
