package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
)

// LatencyOptions say what to measure.
type LatencyOptions struct {
	Client   Client
	Question string // slug
	Text     string
	Count    int // essays, one after the other
	Out      io.Writer
}

// Latency submits essays one after the other and prints how long each took from the submission until
// a subscriber read its scores, and until it was told that all is done.
func Latency(ctx context.Context, o LatencyOptions) error {
	if o.Count < 1 {
		return errors.New("measure at least one essay")
	}
	question, err := find(ctx, &Options{Client: o.Client, Question: o.Question})
	if err != nil {
		return err
	}
	var scored, completed []time.Duration
	for range o.Count {
		start := time.Now()
		essay, err := submit(ctx, &Options{Client: o.Client, Text: o.Text}, question.ID)
		if err != nil {
			return err
		}
		var event struct {
			Progress struct {
				Stage string
				Run   struct{ Scores []struct{ Value float64 } }
			} `json:"essayProgress"`
		}
		seen := false
		err = o.Client.Subscribe(ctx, scoresQuery, map[string]any{"id": essay}, func(data json.RawMessage) error {
			event.Progress.Run.Scores = nil
			if err := json.Unmarshal(data, &event); err != nil {
				return fmt.Errorf("decode an event: %w", err)
			}
			if !seen && len(event.Progress.Run.Scores) > 0 {
				seen = true
				scored = append(scored, time.Since(start))
			}
			if event.Progress.Stage == "COMPLETED" {
				completed = append(completed, time.Since(start))
			}
			return nil
		})
		if err != nil {
			return err
		}
		if event.Progress.Stage != "COMPLETED" || !seen {
			return fmt.Errorf("an essay ended as %s", event.Progress.Stage)
		}
	}
	_, err = fmt.Fprintf(o.Out, "%d essays of %d words, one after the other, ms after the submission began\n%s%s",
		o.Count, words(o.Text), quantiles("scores visible", scored), quantiles("COMPLETED", completed))
	return err
}

const scoresQuery = `subscription Scores($id: ID!) {
  essayProgress(id: $id) { stage run { scores { value } } }
}`

func quantiles(name string, d []time.Duration) string {
	slices.Sort(d)
	at := func(q float64) float64 { return float64(d[int(q*float64(len(d)-1)+0.5)].Microseconds()) / 1000 }
	return fmt.Sprintf("  %-15s p50 %6.1f   p95 %6.1f   max %6.1f\n", name, at(0.5), at(0.95), at(1))
}
