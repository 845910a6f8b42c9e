package recommend

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

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
	tastes := slices.Clone(p.Tastes) // in the order in which package collaborative adds them up
	slices.SortFunc(tastes, func(a, b collaborative.Taste) int {
		return cmp.Or(cmp.Compare(math.Abs(b.Weight), math.Abs(a.Weight)), compareIDs(a.Item, b.Item))
	})
	by := make([]string, len(c.Candidates))               // the model that judges each
	for _, model := range []string{modelKNN, modelEASE} { // the later one has the last word
		if len(c.fit.lists[model]) == 0 || model == modelKNN && !c.fit.newer {
			continue // EASE has a word on all
		}
		scores := make([]float64, len(c.Candidates))
		for _, t := range tastes {
			for _, l := range c.listOf(model, t.Item) {
				scores[l.to] += t.Weight * l.weight
			}
		}
		scale := max(c.fit.parameters.Scales[model], leastScales[model])
		for i, does := range c.knows(model) {
			if does {
				j.Values[i], by[i] = min(1, max(0, scores[i]/scale)), model
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
		for _, title := range because(tastes, c, by[i], i) {
			traces = append(traces, Trace{Signal: enums.SignalCollaborative, Text: fmt.Sprintf("Learners who took up “%s”, as you did, took it up too.", title)})
		}
		return traces
	}
	j.Because = func(i int) string {
		if titles := because(tastes, c, by[i], i); own[i] == "" && len(titles) > 0 {
			return titles[0]
		}
		return ""
	}
	return j, nil
}

// because are the titles of the learner's own credentials that speak for a candidate, the weightiest first.
func because(tastes []collaborative.Taste, c *Catalogue, model string, candidate int) []string {
	type reason struct {
		place  int
		weight float64
	}
	var reasons []reason
	for _, t := range tastes {
		for _, l := range c.listOf(model, t.Item) {
			if int(l.to) != candidate || !(t.Weight*l.weight > 0) {
				continue
			}
			if at := c.place(t.Item); at >= 0 {
				reasons = append(reasons, reason{at, t.Weight * l.weight})
			}
		}
	}
	slices.SortFunc(reasons, func(a, b reason) int { return cmp.Or(cmp.Compare(b.weight, a.weight), cmp.Compare(a.place, b.place)) })
	var titles []string
	for _, r := range reasons[:min(len(reasons), collaborative.MaxBecause)] {
		titles = append(titles, c.Candidates[r.place].Title)
	}
	return titles
}
