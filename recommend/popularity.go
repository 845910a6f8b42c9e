package recommend

import (
	"context"
	"fmt"

	"github.com/rubrica/rubrica/ent/enums"
)

// Popularity judges a credential by how many learners of the track took it up and how they stand to it, with
// Bayesian damping (package collaborative has the formula). It says nothing of a track whose learners took
// nothing up, and of a credential that none of them did. It counts little: what many take is not what this
// learner needs.
type Popularity struct{}

// Name of the signal.
func (Popularity) Name() enums.Signal { return enums.SignalPopularity }

// Judge judges the candidates that learners of the track took up.
func (Popularity) Judge(_ context.Context, p *Profile, c *Catalogue) (Judgement, error) {
	switch {
	case c.fit == nil:
		return Judgement{}, nil // Collaborative says so
	case len(c.fit.popularity[p.Track.ID]) == 0:
		return Judgement{Quiet: fmt.Sprintf("no learner of the track %s has taken one up", p.Track.Title)}, nil
	}
	of := c.popularIn(p.Track.ID)
	j := Judgement{Values: make([]float64, len(c.Candidates))}
	for i := range j.Values {
		j.Values[i] = Unknown
		if of[i].learners > 0 {
			j.Values[i] = of[i].value
		}
	}
	j.Traces = func(i int) []Trace {
		return []Trace{{Signal: enums.SignalPopularity, Text: fmt.Sprintf("Taken up by %s of the track %s.", plural(of[i].learners, "learner"), p.Track.Title)}}
	}
	return j, nil
}
