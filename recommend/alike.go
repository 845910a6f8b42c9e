package recommend

import (
	"context"
	"fmt"

	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/recommend/collaborative"
)

// Collaborative judges a credential by what learners who took up the same credentials as this one went on to.
// The lists are stored; package collaborative says how they are made and how a score adds up from the
// learner's own interactions, those of dismissed credentials with a minus sign.
//
//	value = score / scale, cut to 0…1
//
// where the scale, found with the fit, is what the best unseen credential of nine in ten learners reaches, and
// not less than 0.10 (EASE) or 0.25 (item-KNN), so that a handful of learners proves little. EASE judges where
// it was fitted; what is newer than its fit is judged by item-KNN, whose lists follow each interaction. A
// credential that the learner opened or saved themselves counts at least as much as that (0.2, 0.5, aged). Of
// one that nobody took up together with another, and for a learner without interactions, it knows nothing.
type Collaborative struct{}

// likeMost is how many of the best of a model are scored; the others count as 0.
const likeMost = 1000

// leastScales keep few observations from speaking loudly.
var leastScales = map[string]float64{modelEASE: 0.10, modelKNN: 0.25}

// Name of the signal.
func (Collaborative) Name() enums.Signal { return enums.SignalCollaborative }

// Judge judges the candidates that somebody took up.
func (Collaborative) Judge(_ context.Context, p *Profile, c *Catalogue) (Judgement, error) {
	switch {
	case c.fit == nil:
		return Judgement{Quiet: "none have been learnt from"}, nil
	case len(p.Tastes) == 0:
		return Judgement{Quiet: "you have not taken up or saved a credential"}, nil
	}
	j := Judgement{Values: make([]float64, len(c.Candidates))}
	for i := range j.Values {
		j.Values[i] = Unknown
	}
	because := map[int][]collaborative.Neighbour{}
	for _, model := range []string{modelKNN, modelEASE} { // the later one has the last word
		lists := c.fit.lists[model]
		if len(lists) == 0 {
			continue
		}
		for i := range c.Candidates {
			if len(lists[c.Candidates[i].ID]) > 0 {
				j.Values[i] = 0
				delete(because, i)
			}
		}
		scale := max(c.fit.parameters.Scales[model], leastScales[model])
		for _, s := range collaborative.Score(p.Tastes, lists, likeMost) {
			if i := c.place(s.Item); i >= 0 && known(j.Values[i]) {
				j.Values[i], because[i] = min(1, s.Score/scale), s.Because
			}
		}
	}
	own := map[int]enums.InteractionKind{}
	for _, t := range p.Tastes {
		i := c.place(t.Item)
		if i < 0 {
			continue
		}
		// Scores leave one's own out.
		if j.Values[i] = Unknown; t.Weight > 0 {
			j.Values[i], own[i] = min(1, t.Weight), p.Deeds[t.Item]
		}
	}
	j.Traces = func(i int) []Trace {
		if kind, ok := own[i]; ok {
			return []Trace{{Signal: enums.SignalCollaborative, Text: map[bool]string{true: "You saved it.", false: "You opened it."}[kind == enums.InteractionSaved]}}
		}
		var traces []Trace
		for _, b := range because[i] {
			at := c.place(b.ID)
			if at < 0 || !(b.Weight > 0) {
				continue
			}
			traces = append(traces, Trace{Signal: enums.SignalCollaborative, Text: fmt.Sprintf(
				"Learners who took up “%s”, as you did, took it up too.", c.Candidates[at].Title)})
		}
		return traces
	}
	j.Because = func(i int) string {
		for _, b := range because[i] {
			if at := c.place(b.ID); at >= 0 && b.Weight > 0 {
				return c.Candidates[at].Title
			}
		}
		return ""
	}
	return j, nil
}
