// Command screen measures the API against its peers on one screen: Rubrica as it is shipped,
// PostGraphile, and the same statements hand-written with encoding/json, which is the most that a
// server of this design could reach. All stand on the same database with pools of the same size, and
// are asked by the same number of connections, in turns. Answers are compared before anything is
// measured.
//
// It needs a Postgres server ($RUBRICA_TEST_DATABASE_URL, see package pgtest), Node.js 22 with npm, and
// the binary; make bench-screen brings all three.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"

	"golang.org/x/sys/unix"
)

type options struct {
	rubrica     string        // the binary, or several with names, to compare versions
	rounds      int           // turns of each server
	length      time.Duration // of a turn
	warm        time.Duration // before the first turn of each
	connections int
	pool        int
	only        string // names of servers, by commas; "" for all
	out         io.Writer
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), unix.SIGINT, unix.SIGTERM)
	defer stop()
	if len(os.Args) > 1 && os.Args[1] == handwrittenCommand {
		if err := serveHandwritten(ctx); err != nil {
			fail(err)
		}
		return
	}
	o := options{out: os.Stdout}
	flag.StringVar(&o.rubrica, "rubrica", "bin/rubrica", "the binary; or several to compare, as name=path,name=path")
	flag.IntVar(&o.rounds, "rounds", 5, "turns of each server")
	flag.DurationVar(&o.length, "length", 8*time.Second, "length of a turn")
	flag.DurationVar(&o.warm, "warm", 4*time.Second, "load before the first turn")
	flag.IntVar(&o.connections, "connections", 16, "clients")
	flag.IntVar(&o.pool, "pool", 10, "connections of each server to the database")
	flag.StringVar(&o.only, "only", "", "servers, by commas: rubrica, postgraphile, handwritten")
	flag.Parse()
	if err := run(ctx, o); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "bench:", err)
	os.Exit(1)
}

func run(ctx context.Context, o options) (err error) {
	db, err := newDatabase(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.drop()) }()
	peer, err := installPeer(ctx)
	if err != nil {
		return err
	}
	servers := chosen(append(rubricas(o, db), postgraphile(o, db, peer), handwritten(o, db)), o.only)
	if err := countStatements(ctx, servers, db); err != nil {
		return err
	}
	defer func() {
		for _, s := range servers {
			err = errors.Join(err, s.stop())
		}
	}()
	for _, s := range servers {
		if err := s.start(ctx, db.url); err != nil {
			return err
		}
	}
	if err := sameAnswers(ctx, servers); err != nil {
		return err
	}
	if err := countAllocations(ctx, servers, db, o); err != nil {
		return err
	}
	for _, s := range servers {
		if _, err := peer.load(ctx, s, o.connections, o.warm); err != nil {
			return err
		}
	}
	for round := range o.rounds {
		for i := range servers { // whoever begins has the cooler machine
			s := servers[(i+round)%len(servers)]
			r, err := peer.load(ctx, s, o.connections, o.length)
			if err != nil {
				return err
			}
			s.results = append(s.results, r)
			fmt.Fprintf(os.Stderr, "round %d of %d: %s %.0f/s\n", round+1, o.rounds, s.name, r.perSecond)
		}
	}
	return report(o, servers)
}
