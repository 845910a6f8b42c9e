package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// median of a measure over the turns of a server.
func median[T cmp.Ordered](s *server, of func(result) T) T {
	var list []T
	for _, r := range s.results {
		list = append(list, of(r))
	}
	slices.Sort(list)
	return list[len(list)/2]
}

func perSecond(r result) float64 { return r.perSecond }

func report(o options, servers []*server) error {
	w := tabwriter.NewWriter(o.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "server\trequests/s\tfrom\tto\tp50\tp99\tallocations\tallocated\tstatements\tto postgraphile\t\n")
	base := 0.0
	for _, s := range servers {
		if s.name == "postgraphile" {
			base = median(s, perSecond)
		}
	}
	for _, s := range servers {
		rates := make([]float64, len(s.results))
		for i, r := range s.results {
			rates[i] = r.perSecond
		}
		ratio, allocations, allocated := "", "", ""
		if base > 0 {
			ratio = fmt.Sprintf("%.2f", median(s, perSecond)/base)
		}
		if s.allocations > 0 {
			allocations, allocated = fmt.Sprintf("%.0f", s.allocations), fmt.Sprintf("%.0f kB", s.allocated/1000)
		}
		fmt.Fprintf(w, "%s\t%.0f\t%.0f\t%.0f\t%s\t%s\t%s\t%s\t%.1f\t%s\t\n", s.name, median(s, perSecond), slices.Min(rates), slices.Max(rates),
			median(s, func(r result) time.Duration { return r.p50 }), median(s, func(r result) time.Duration { return r.p99 }),
			allocations, allocated, s.statements, ratio)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(o.out, "Medians of %d turns of %s each, in turns; %d connections, pools of %d; answers compared.\n%s\n",
		o.rounds, o.length, o.connections, o.pool, strings.TrimSpace(`
Requests a second depend on the machine: only the ratios of one run mean something.`))
	return nil
}
