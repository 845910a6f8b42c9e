package collaborative

import (
	"fmt"
	"math"
	"time"

	"github.com/google/uuid"
)

// Kind is what somebody did with an item.
type Kind string

// The kinds, and how strongly each speaks for the item.
const (
	Opened    Kind = "OPENED"    // +0.2: looked at it
	Saved     Kind = "SAVED"     // +0.5: wants it later
	Enrolled  Kind = "ENROLLED"  // +0.7: began it
	Completed Kind = "COMPLETED" // +1.0: stayed to the end
	Rated     Kind = "RATED"     // (rating - 2.5) / 2.5: -0.6 for 1, -0.2, +0.2, +0.6, +1.0 for 5
	Dismissed Kind = "DISMISSED" // -0.5: does not want it
	Weighed   Kind = "WEIGHED"   // its Value, from a file that gives weights in place of kinds
)

// Ratings are from LowestRating to HighestRating.
const (
	LowestRating  = 1
	HighestRating = 5
)

// HalfLife is the time after which an event speaks half as strongly, where Options say no other. Half a
// year: what somebody learnt a year ago says a quarter of what they want next.
const HalfLife = 180 * 24 * time.Hour

// Event is one act of one person.
type Event struct {
	User, Item uuid.UUID
	Kind       Kind
	Value      float64 // the rating of Rated, 1 to 5; the weight of Weighed, finite; of others unused
	At         time.Time
}

// strengths are those of kinds that have one.
var strengths = map[Kind]float64{Opened: 0.2, Saved: 0.5, Enrolled: 0.7, Completed: 1, Dismissed: -0.5}

const (
	ratingMiddle = 2.5
	ratingReach  = 2.5
)

// Strength is how strongly the event speaks for its item before it ages: -0.6 to 1, by the table of kinds,
// and the weight itself for Weighed. It fails on an unknown kind, a rating outside of 1 to 5 and a weight
// that is no finite number.
func (e Event) Strength() (float64, error) {
	switch e.Kind {
	case Rated:
		if !(e.Value >= LowestRating && e.Value <= HighestRating) {
			return 0, fmt.Errorf("%w: a rating of %v is outside of %d to %d", ErrEvent, e.Value, LowestRating, HighestRating)
		}
		return (e.Value - ratingMiddle) / ratingReach, nil
	case Weighed:
		if math.IsNaN(e.Value) || math.IsInf(e.Value, 0) {
			return 0, fmt.Errorf("%w: a weight of %v is no finite number", ErrEvent, e.Value)
		}
		return e.Value, nil
	}
	s, ok := strengths[e.Kind]
	if !ok {
		return 0, fmt.Errorf("%w: the kind %q is unknown", ErrEvent, e.Kind)
	}
	return s, nil
}

// takes tells whether the person took the item up: every act does but a dismissal. Somebody who rates an
// item low took it up all the same; who takes up what tells of audiences, not of quality.
func (e Event) takes() bool {
	return e.Kind != Dismissed && !(e.Kind == Weighed && e.Value <= 0)
}

// Decay is what is left of a strength after a time: exp(-ln 2 · age / halfLife). What lies in the future
// has not aged. A half-life of 0 or less is HalfLife.
func Decay(age, halfLife time.Duration) float64 {
	if halfLife <= 0 {
		halfLife = HalfLife
	}
	return math.Exp(-math.Ln2 * float64(max(0, age)) / float64(halfLife))
}
