package scoring

import (
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"
)

// Judged is the score of one criterion as a run keeps it, with its reasons. Contributions of kind
// KEY_POINT are told apart by their keys; evidence names its key point by id.
type Judged struct {
	Criterion Criterion
	Score     CriterionScore
	Summary   string
	Evidence  []Evidence
	KeyPoints []KeyPointOutcome // for the CONTENT criterion, else empty
}

// Decisions are what a person sets in place of what an engine found.
type Decisions struct {
	KeyPoints map[string]KeyPointStatus // by id of the key point
	Values    map[string]float64        // by id of the criterion; on its grid
}

// DegreeOf is the degree to which a key point counts when a person gives it the status.
func DegreeOf(status KeyPointStatus) float64 {
	switch status {
	case KeyPointMet:
		return 1
	case KeyPointPartly:
		return 0.5
	}
	return 0
}

// OnGrid tells whether v is one of the scale's points, to 1e-9.
func (s Scale) OnGrid(v float64) bool { return math.Abs(s.Round(v)-v) <= 1e-9 }

// Decide computes the scores of a run anew from where a person stepped in, in the order of the run, by
// the terms that the run kept:
//
//   - The terms of a key point become what they would be at the degree of its new status. What a key
//     point adds in full is read off its own terms or, where it has none, off those of the others, by
//     the weights of the rubric. All other terms stay, those of a calibration included, and the sum is
//     clamped and rounded again.
//   - A criterion that is given a value has it: a term of kind OVERRIDE makes up the difference. It
//     keeps that value through later decisions that do not speak of it.
//
// Base + Σ Contributions.Points = Value holds for each, to 1e-9. The interval of a score that was
// computed anew moves with it. That of a score which a person gave is the value itself, with Coverage 0:
// the engine's doubt is not the person's, whose was never measured.
func Decide(rubric Rubric, run []Judged, d Decisions) []Judged {
	changes := changesOf(rubric, run, d)
	out := make([]Judged, len(run))
	for i, j := range run {
		out[i] = j.decide(rubric, changes, d)
	}
	return out
}

// pointChange is a key point whose degree a person sets.
type pointChange struct {
	KeyPoint
	from, to float64
}

// decided is what is known of the key points when a decision is applied.
type decided struct {
	degree  map[string]float64 // before, by id
	changes []pointChange
}

func changesOf(rubric Rubric, run []Judged, d Decisions) decided {
	out := decided{degree: map[string]float64{}}
	for _, j := range run {
		for _, k := range j.KeyPoints {
			out.degree[k.KeyPointID] = k.Degree
		}
	}
	for _, k := range rubric.KeyPoints {
		from, known := out.degree[k.ID]
		if status, ok := d.KeyPoints[k.ID]; ok && known && DegreeOf(status) != from {
			out.changes = append(out.changes, pointChange{k, from, DegreeOf(status)})
		}
	}
	return out
}

func (j Judged) decide(rubric Rubric, known decided, d Decisions) Judged {
	terms, held := measured(j.Score.Contributions)
	affected := false
	for _, p := range known.changes {
		if full := worth(rubric, j, p.KeyPoint, known.degree); full != 0 {
			terms, affected = p.apply(terms, full), true
		}
	}
	value, moved := d.Values[j.Criterion.ID]
	was := j.Score.Value
	switch {
	case moved || affected && held:
		if !moved {
			value = was
		}
		j.Score = j.Score.moved(terms, value)
	case affected:
		j.Score = j.Score.anew(j.Criterion.Scale, terms)
	}
	var labels []string
	if len(j.KeyPoints) > 0 {
		for _, p := range known.changes {
			labels = append(labels, p.Label)
		}
	}
	if moved || affected || len(labels) > 0 {
		j.KeyPoints = settle(j.KeyPoints, d)
		j.Evidence = reweigh(j.Evidence, known.changes)
		j.Summary = j.retell(rubric, moved && value != was, was, labels)
	}
	return j
}

// measured are the terms without the steps onto the scale, and whether a person has given the value.
func measured(contributions []Contribution) (terms []Contribution, held bool) {
	for _, c := range contributions {
		switch c.Kind {
		case ContributionClamp, ContributionRounding:
		case ContributionOverride:
			held = true
		default:
			terms = append(terms, c)
		}
	}
	return terms, held
}

// ofPoint tells whether a term is one of the key point's.
func ofPoint(c Contribution, k KeyPoint) bool {
	key, _, _ := strings.Cut(c.Key, "/")
	return c.Kind == ContributionKeyPoint && key == "key_point:"+k.Key
}

// worth is what a key point adds to a score when it is made in full, in points of the scale. Its terms
// are proportional to its degree, in the rules as in what was fitted on them. A run in which no key point
// was made at all shows nowhere what they are worth, and the rules' own weight is taken, for an
// answer that is all about the question.
func worth(rubric Rubric, j Judged, k KeyPoint, degree map[string]float64) float64 {
	shares := sharesOf(rubric.KeyPoints)
	var own, all, degrees float64
	for i, p := range rubric.KeyPoints {
		var points float64
		for _, c := range j.Score.Contributions {
			if ofPoint(c, p) {
				points += c.Points
			}
		}
		if p.ID == k.ID {
			own = points
		}
		all += points
		degrees += shares[i] * degree[p.ID]
	}
	share := shares[slices.IndexFunc(rubric.KeyPoints, func(p KeyPoint) bool { return p.ID == k.ID })]
	switch {
	case degree[k.ID] > 0:
		return own / degree[k.ID]
	case degrees > 0:
		return all / degrees * share
	case j.Criterion.Trait != TraitContent:
		return 0
	}
	part := keyPointPart
	if len(rubric.ModelAnswers) == 0 {
		part = 1
	}
	return part * share * j.Criterion.Scale.Width()
}

// sharesOf are the key points' weights as parts of 1; equal parts where all are 0.
func sharesOf(points []KeyPoint) []float64 {
	var total float64
	for _, k := range points {
		total += math.Max(0, k.Weight)
	}
	out := make([]float64, len(points))
	for i, k := range points {
		if out[i] = 1 / float64(len(points)); total > 0 {
			out[i] = math.Max(0, k.Weight) / total
		}
	}
	return out
}

// apply gives the key point's terms its new degree; full is what it adds in full.
func (p pointChange) apply(terms []Contribution, full float64) []Contribution {
	out := make([]Contribution, 0, len(terms)+1)
	last := 0 // behind the last key point
	for _, c := range terms {
		if ofPoint(c, p.KeyPoint) {
			if c.Points *= p.to / p.from; p.to == 0 {
				continue
			}
		}
		out = append(out, c)
		if c.Kind == ContributionKeyPoint {
			last = len(out)
		}
	}
	if p.from > 0 {
		return out
	}
	return slices.Insert(out, last, Contribution{
		Kind: ContributionKeyPoint, Key: "key_point:" + p.Key, Label: p.Label, Points: full * p.to, Sentence: -1, KeyPointID: p.ID,
	})
}

// moved is the score with a value that a person gave.
func (s CriterionScore) moved(terms []Contribution, value float64) CriterionScore {
	sum := s.Base
	for _, c := range terms {
		sum += c.Points
	}
	s.Contributions = terms
	s.step(ContributionOverride, "override", "Set by a person", value-sum)
	s.Value, s.Raw, s.Interval = value, value, Interval{Low: value, High: value}
	return s
}

// anew is the score that the terms make.
func (s CriterionScore) anew(scale Scale, terms []Contribution) CriterionScore {
	was := s.Value
	s.Contributions, s.Raw = terms, s.Base
	for _, c := range terms {
		s.Raw += c.Points
	}
	clamped := scale.Clamp(s.Raw)
	s.Value = scale.Round(clamped)
	s.step(ContributionClamp, "clamp", "Kept within the scale", clamped-s.Raw)
	s.step(ContributionRounding, "rounding", "Rounded to the scale's steps", s.Value-clamped)
	by := s.Value - was
	s.Interval.Low, s.Interval.High = scale.Clamp(s.Interval.Low+by), scale.Clamp(s.Interval.High+by)
	return s
}

// settle gives the outcomes what a person decided of them.
func settle(outcomes []KeyPointOutcome, d Decisions) []KeyPointOutcome {
	out := slices.Clone(outcomes)
	for i, k := range out {
		if status, ok := d.KeyPoints[k.KeyPointID]; ok {
			out[i].Status, out[i].Degree = status, DegreeOf(status)
		}
	}
	return out
}

// reweigh gives the passages that speak to a key point what they count for at its new degree.
func reweigh(evidence []Evidence, changes []pointChange) []Evidence {
	var out []Evidence
	for _, e := range evidence {
		for _, p := range changes {
			if e.KeyPointID == p.ID && p.from > 0 {
				e.Points *= p.to / p.from
				e.Reason = made(p.to, p.Label)
			}
		}
		if e.Points != 0 {
			out = append(out, e)
		}
	}
	sort.SliceStable(out, func(a, b int) bool { return math.Abs(out[a].Points) > math.Abs(out[b].Points) })
	return out
}

func made(degree float64, label string) string {
	if degree < 1 {
		return fmt.Sprintf("Makes part of the point “%s”, says the person who read it", label)
	}
	return fmt.Sprintf("Makes the point “%s”, says the person who read it", label)
}

// retell says first what a person changed, and of key points what it comes to.
func (j Judged) retell(rubric Rubric, moved bool, was float64, labels []string) string {
	var parts []string
	if moved {
		parts = append(parts, fmt.Sprintf("A person who read the text set this score to %v; before it was %v.", j.Score.Value, was))
	}
	if len(labels) == 0 {
		return strings.Join(append(parts, j.Summary), " ")
	}
	parts = append(parts, fmt.Sprintf("A person who read the text judged %s.", quoteList(labels, len(labels))))
	req := Request{Question: &Prepared{Question: Question{Rubric: rubric}}}
	return strings.Join(append(parts, contentSummary(req, &Result{KeyPoints: j.KeyPoints})...), " ")
}
