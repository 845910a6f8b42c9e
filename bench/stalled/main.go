// Command stalled measures what clients that stop reading cost the others. In each round it times a
// query of a few connections, opens sockets whose subscriptions keep sending and that nobody reads,
// times the same query while the server's writes to them hang, and waits until the server has cut them
// off and is back at as many goroutines as before.
//
// It needs Linux (it reads the kernel's queues) and a Postgres server ($RUBRICA_TEST_DATABASE_URL, see
// package pgtest); make bench-stalled brings it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/rubrica/rubrica/internal/pgtest"
)

type options struct {
	rounds  int
	length  time.Duration // of each measurement
	sockets int           // that are not read
	clients int           // that ask meanwhile
	out     io.Writer
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, unix.SIGTERM)
	defer stop()
	run := bench
	if len(os.Args) == 2 && os.Args[1] == serveCommand {
		run = serve
	}
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "stalled:", err)
		os.Exit(1)
	}
}

func bench(ctx context.Context) error {
	o := options{out: os.Stdout}
	flag.IntVar(&o.rounds, "rounds", 5, "how often")
	flag.DurationVar(&o.length, "length", 6*time.Second, "how long each measurement takes; less than the write deadline")
	flag.IntVar(&o.sockets, "sockets", 50, "sockets that are not read, 1 to 60")
	flag.IntVar(&o.clients, "clients", 4, "connections that ask meanwhile")
	flag.Parse()
	if o.length >= writeDeadline || o.sockets < 1 || o.sockets > 60 || o.rounds < 1 || o.clients < 1 {
		return fmt.Errorf("give at least one round and client, 1 to 60 sockets, and a length below %s", writeDeadline)
	}
	server := os.Getenv(pgtest.URLVariable)
	if server == "" {
		return fmt.Errorf("$%s is empty: run make bench-stalled, which starts a Postgres server", pgtest.URLVariable)
	}
	return pgtest.WithDatabases(ctx, server, 1, func(urls []string) error { return o.on(ctx, urls[0]) })
}

// round is what one round measured.
type round struct {
	quiet, loaded         times
	before, during, after stats
	stalling              time.Duration // until the writes hung
	goroutines, memory    time.Duration // from the write deadline until they were back at the base line
}

// within is what the goal asks of the way back, and slack what memory may be above where it was: a
// garbage collector does not give back the last page.
const (
	within = 15 * time.Second
	slack  = 1.25
)

func (o options) on(ctx context.Context, databaseURL string) (err error) {
	tokens, err := prepare(ctx, databaseURL)
	if err != nil {
		return err
	}
	s, err := start(ctx, databaseURL)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	asking := newAsking(s.url, tokens, o.clients)
	defer asking.close()
	if _, err := asking.measure(ctx, o.length); err != nil { // warm
		return err
	}
	var rounds []round
	for n := range o.rounds {
		r, err := o.round(ctx, s, asking, tokens)
		if err != nil {
			return fmt.Errorf("round %d: %w", n+1, err)
		}
		rounds = append(rounds, r)
		fmt.Fprintf(o.out, "round %d: p50 %s → %s, p99 %s → %s (%.2f×); goroutines %d, %d, %d; RSS %d, %d, %d MiB; writes hung after %s; back after the deadline: goroutines %s, RSS %s\n",
			n+1, ms(r.quiet.at(0.5)), ms(r.loaded.at(0.5)), ms(r.quiet.at(0.99)), ms(r.loaded.at(0.99)), r.ratio(),
			r.before.Goroutines, r.during.Goroutines, r.after.Goroutines,
			r.before.RSS>>20, r.during.RSS>>20, r.after.RSS>>20, ms(r.stalling), ms(r.goroutines), ms(r.memory))
	}
	return o.sum(rounds)
}

func (o options) round(ctx context.Context, s *server, asking *asking, tokens map[string]string) (r round, err error) {
	if r.quiet, err = asking.measure(ctx, o.length); err != nil {
		return r, err
	}
	if r.before, err = s.steady(ctx); err != nil {
		return r, err
	}
	begin := time.Now()
	stalled, err := stall(ctx, s, tokens, o.sockets)
	defer stalled.close()
	if err != nil {
		return r, err
	}
	hung := time.Now()
	r.stalling = hung.Sub(begin)
	if r.loaded, err = asking.measure(ctx, o.length); err != nil {
		return r, err
	}
	if r.during, err = s.stats(ctx); err != nil {
		return r, err
	}
	// Each write hung before this moment, so that its deadline will have passed.
	return r, r.wayBack(ctx, s, asking, hung.Add(writeDeadline))
}

// wayBack waits until the server is at its base line again, while the others go on asking.
func (r *round) wayBack(ctx context.Context, s *server, asking *asking, deadline time.Time) (err error) {
	ctx, cancel := context.WithDeadline(ctx, deadline.Add(2*within))
	defer cancel()
	for few, little := false, false; !few || !little; {
		if _, err := asking.measure(ctx, 100*time.Millisecond); err != nil {
			return fmt.Errorf("before %d goroutines and %d MiB, now %d and %d: %w",
				r.before.Goroutines, r.before.RSS>>20, r.after.Goroutines, r.after.RSS>>20, err)
		}
		if r.after, err = s.stats(ctx); err != nil {
			return err
		}
		since := max(time.Since(deadline), 0)
		if !few && r.after.Goroutines <= r.before.Goroutines {
			few, r.goroutines = true, since
		}
		if !little && float64(r.after.RSS) <= slack*float64(r.before.RSS) {
			little, r.memory = true, since
		}
	}
	return nil
}

func (r round) ratio() float64 { return float64(r.loaded.at(0.99)) / float64(r.quiet.at(0.99)) }

func (o options) sum(rounds []round) error {
	ratios, back := make([]float64, 0, len(rounds)), time.Duration(0)
	for _, r := range rounds {
		ratios, back = append(ratios, r.ratio()), max(back, r.goroutines, r.memory)
	}
	slices.Sort(ratios)
	first, last := rounds[0], rounds[len(rounds)-1]
	fmt.Fprintf(o.out, "%d sockets that nobody reads: p99 of %d other connections %.2f× (median of %d), goroutines %d → %d → %d, RSS %d → %d → %d MiB, base line at most %s after the write deadline\n",
		o.sockets, o.clients, ratios[len(ratios)/2], len(rounds), first.before.Goroutines, last.during.Goroutines,
		last.after.Goroutines, first.before.RSS>>20, last.during.RSS>>20, last.after.RSS>>20, ms(back))
	if back > within {
		return fmt.Errorf("the server was back at its base line only %s after the write deadline; the goal is %s", back, within)
	}
	return nil
}

func ms(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond)) }
