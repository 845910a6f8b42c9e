package calibration

import (
	"context"
	"slices"

	"github.com/rubrica/rubrica/scoring"
	"github.com/rubrica/rubrica/scoring/guard"
)

// straysThroughout is the share of an answer in strays from which on it is off the subject and not padded.
const straysThroughout = 0.8

// leansShare is the share of the scale that a score may owe to strays and repetitions before a person is
// asked to look.
const leansShare = 0.02

// leans tells whether a calibrated score would fall by more than leansShare without the marked sentences.
func (c *Calibration) leans(ctx context.Context, answer *scoring.Text, marked []bool, whole *measured, meter *meter, full bool) (bool, error) {
	var out []int
	for i, is := range marked {
		if is {
			out = append(out, i)
		}
	}
	if len(out) == 0 {
		return false, nil
	}
	left, err := meter.all(ctx, answer.Without(out...), nil, full)
	if err != nil {
		return false, err
	}
	for _, m := range c.models {
		if m.Map.Of(m.raw(whole))-m.Map.Of(m.raw(left)) > leansShare*m.Scale.Width() {
			return true, nil
		}
	}
	return false, nil
}

// guarded are the flags of an answer, given those of the rules. Without references the rules have only the
// question to hold an answer against, and call half of all stories off the subject: what graded answers
// speak about is the better measure.
func (c *Calibration) guarded(ctx context.Context, req scoring.Request, flags []scoring.Flag, whole *measured, meter *meter, full bool) ([]scoring.Flag, error) {
	flags = slices.Clone(flags)
	if c.Guard == nil {
		return flags, nil
	}
	if !req.Question.HasReferences() {
		flags = slices.DeleteFunc(flags, func(f scoring.Flag) bool { return f == scoring.FlagOffTopic || f == scoring.FlagPadded })
	}
	add := func(f scoring.Flag) {
		if !slices.Contains(flags, f) {
			flags = append(flags, f)
		}
	}
	if scoring.AddressesGrader(req.Answer.Raw[:req.Answer.ReadTo]) {
		add(scoring.FlagPadded)
	}
	strays := c.Guard.Strays(req.Answer)
	if guard.Share(req.Answer, strays) > straysThroughout {
		add(scoring.FlagOffTopic)
		return flags, nil
	}
	for i, repeats := range scoring.Repeats(req.Question, req.Answer) {
		strays[i] = strays[i] || repeats
	}
	if guard.Share(req.Answer, strays) > c.Guard.Usual {
		add(scoring.FlagPadded)
		return flags, nil
	}
	leans, err := c.leans(ctx, req.Answer, strays, whole, meter, full)
	if leans {
		add(scoring.FlagPadded)
	}
	return flags, err
}
