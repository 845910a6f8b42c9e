package ent

import (
	"sort"
	"time"

	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/ent/values"
)

// The methods in this file show columns of a row as the objects that the API has for them. They are
// hand-written; everything else in this package is generated.

// Scale is the grid of the criterion's scores.
func (c *Criterion) Scale() *values.Scale {
	return &values.Scale{Min: c.ScaleMin, Max: c.ScaleMax, Step: c.ScaleStep}
}

// Interval is how sure the score is.
func (s *Score) Interval() *values.Interval {
	return &values.Interval{Low: s.Low, High: s.High, Coverage: s.Coverage}
}

// ScoringEngine is what gave the scores; nil before there are any.
func (r *ScoringRun) ScoringEngine() *values.Engine {
	if r.Engine == "" {
		return nil
	}
	out := &values.Engine{Name: r.Engine, Version: r.EngineVersion, Model: r.EngineModel}
	if r.EnginePrompt != "" {
		out.PromptVersion = &r.EnginePrompt
	}
	return out
}

// Failure is why the run failed; nil when it did not.
func (r *ScoringRun) Failure() *values.Failure {
	if r.FailureCode == "" {
		return nil
	}
	return &values.Failure{Code: enums.FailureCode(r.FailureCode), Message: r.FailureMessage}
}

// Overall is all criteria together; nil before there are scores.
func (r *ScoringRun) Overall() *values.Overall {
	if r.OverallPercent == nil {
		return nil
	}
	return &values.Overall{Percent: *r.OverallPercent, Interval: values.Interval{
		Low: deref(r.OverallLow), High: deref(r.OverallHigh), Coverage: deref(r.OverallCoverage),
	}}
}

// WhyDegraded is the reason when the run is degraded, else nil.
func (r *ScoringRun) WhyDegraded() *string {
	if !r.Degraded {
		return nil
	}
	return &r.DegradedReason
}

// FlagList is what a person should look at.
func (r *ScoringRun) FlagList() []enums.Flag {
	out := make([]enums.Flag, len(r.Flags))
	for i, f := range r.Flags {
		out[i] = enums.Flag(f)
	}
	return out
}

// RelaxedList is what of the learner's constraints the item does not keep.
func (i *RecommendationItem) RelaxedList() []enums.Constraint {
	out := make([]enums.Constraint, len(i.Relaxed))
	for k, c := range i.Relaxed {
		out[k] = enums.Constraint(c)
	}
	return out
}

// SynonymList is the other words that a search takes for the skill.
func (s *Skill) SynonymList() []string {
	if s.Synonyms == nil {
		return []string{}
	}
	return s.Synonyms
}

// Why is the reason that was given; nil when nothing was changed.
func (o *Override) Why() *string {
	if o.Reason == "" {
		return nil
	}
	return &o.Reason
}

// CodePoints is where the evidence stands, in Unicode code points of the essay's text.
func (e *Evidence) CodePoints() *values.TextRange {
	return &values.TextRange{Start: e.StartCodePoint, End: e.EndCodePoint}
}

// Utf16 is where the evidence stands, in UTF-16 code units of the essay's text.
func (e *Evidence) Utf16() *values.TextRange {
	return &values.TextRange{Start: e.StartUtf16, End: e.EndUtf16}
}

// Polarity says whether the evidence raised or lowered the score.
func (e *Evidence) Polarity() enums.Polarity {
	if e.Points < 0 {
		return enums.PolarityNegative
	}
	return enums.PolarityPositive
}

// Topic is the key point's label that the evidence speaks to, else nil.
func (e *Evidence) Topic() *string {
	if e.KeyPointLabel == "" {
		return nil
	}
	return &e.KeyPointLabel
}

// Details are the facts of the event, by key.
func (a *AuditEvent) Details() []*values.Detail {
	out := make([]*values.Detail, 0, len(a.Detail))
	for k, v := range a.Detail {
		out = append(out, &values.Detail{Key: k, Value: v})
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Key < out[j].Key })
	return out
}

func deref(f *float64) float64 {
	if f == nil {
		return 0
	}
	return *f
}

// TimeTaken is how long the run took from being asked for to its end; nil before it has ended.
func (r *ScoringRun) TimeTaken() *time.Duration {
	if r.FinishedAt == nil {
		return nil
	}
	d := r.FinishedAt.Sub(r.CreatedAt)
	return &d
}
