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
			"text read and scored anew: kept is the share whose displayed score rose. Gains are in points of the scale. " +
			"Where a question has no key points and no model answer, what is missing cannot be named, and form alone is seldom worth a step of the scale: hardly anything is suggested.",
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
		share := func(part float64, whole int) float64 {
			if whole == 0 {
				return math.NaN()
			}
			return part / float64(whole)
		}
		if n == 0 {
			least = math.NaN()
		}
		t.Add(set, below, share(float64(some), below), share(float64(enough), below), n, share(float64(held), n), least, share(sum, n))
		made, kept = made+n, kept+held
	}
	r.Goals = append(r.Goals, AtLeast("suggestions_kept", fmt.Sprintf("share of %d suggested changes that raise the score when applied", made), float64(kept)/float64(max(1, made)), 1))
	r.Tables = append(r.Tables, t)
}
