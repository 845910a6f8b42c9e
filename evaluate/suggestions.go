package evaluate

import (
	"context"
	"fmt"
	"math"

	"github.com/rubrica/rubrica/scoring"
)

// apply makes each suggested change and scores the text anew: it is kept where the displayed score of
// criterion i is higher than before.
func (f *faithful) apply(ctx context.Context, s *scorer, before float64, i int, suggested []scoring.Improvement) error {
	for _, x := range suggested {
		_, after, err := s.score(ctx, x.Changed())
		if err != nil {
			return fmt.Errorf("scoring a suggested change: %w", err)
		}
		gain := after.Scores[i].Value - before
		f.gains = append(f.gains, gain)
		if gain > 0 {
			f.kept++
		}
	}
	return nil
}

// suggestions adds the goal and the table of what is suggested.
func (r *Report) suggestions(all []faithful) {
	t := Table{
		Key: "suggestions", Title: "What is suggested, applied",
		Note: "Scores below the top of their scale; shares of them with a suggestion and with two or three. Each suggested change was made, and the " +
			"text read and scored anew: kept is the share whose displayed score rose. Gains are in points of the scale.",
		Columns: []Column{
			{"set", "set", 0}, {"scores", "scores", 0}, {"some", "with one", 3}, {"enough", "two or three", 3}, {"suggestions", "suggestions", 0},
			{"kept", "kept", 3}, {"least", "least gain", 3}, {"mean", "mean gain", 3},
		},
	}
	var sets []string
	of := map[string][]faithful{}
	for _, f := range all {
		if of[f.set] == nil {
			sets = append(sets, f.set)
		}
		of[f.set] = append(of[f.set], f)
	}
	made, kept := 0, 0
	for _, set := range sets {
		var below, some, enough, n, held int
		least, sum := math.Inf(1), 0.0
		for _, f := range of[set] {
			if f.below {
				below++
			}
			some += min(1, len(f.gains))
			enough += min(1, len(f.gains)/2)
			n, held = n+len(f.gains), held+f.kept
			for _, g := range f.gains {
				least, sum = min(least, g), sum+g
			}
		}
		if n == 0 {
			least = math.NaN()
		}
		share := func(part, whole int) float64 { return float64(part) / float64(max(1, whole)) }
		t.Add(set, below, share(some, below), share(enough, below), n, share(held, n), least, sum/float64(max(1, n)))
		made, kept = made+n, kept+held
	}
	r.Goals = append(r.Goals, AtLeast("suggestions_kept", fmt.Sprintf("share of %d suggested changes that raise the score when applied", made), float64(kept)/float64(max(1, made)), 1))
	r.Tables = append(r.Tables, t)
}
