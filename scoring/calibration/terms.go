package calibration

import (
	"cmp"
	"math"
	"slices"
	"unicode"
	"unicode/utf8"

	"github.com/rubrica/rubrica/scoring"
	"github.com/rubrica/rubrica/scoring/additive"
	"github.com/rubrica/rubrica/scoring/feature"
)

// Keys of the terms that this package adds; those of the rules and of the pack keep theirs.
const (
	keyFeature = "feature:" // and the measure's key, or the group's
	keyWording = "wording"
	keyTold    = "told"
	keyMap     = "calibration_map"
	keyLimit   = "calibration_limit"
)

// What is named one by one: the measures of the text that count most, of those that count at all, and
// the sentences. The others are put together, so that an explanation stays one.
const (
	namedMeasures  = 6
	namedShare     = 0.01 // of the scale
	namedSentences = 60
)

// terms are the sum before the map: base and what each thing adds, to the last digit what raw is.
func (c *model) terms(m *measured) (base float64, terms []scoring.Contribution) {
	base = c.Sum.Base
	add := func(t scoring.Contribution) {
		if t.Points != 0 {
			terms = append(terms, t)
		}
	}
	measures := make([]float64, len(m.features)) // what each measure of the text adds
	curve := func(int, float64) float64 { return 0 }
	for i, k := range c.Kinds {
		part, slope, points := &c.Sum.Parts[i], c.slope(i), c.points(k, m)
		effect := part.Column(0, points)
		if i == 0 {
			effect += Anchor * points
		}
		from, own := c.origin(k, m)
		rest := effect // what is left for the base
		for _, t := range own {
			t.Points *= slope
			rest -= t.Points
			add(t)
		}
		if k == otherTexts {
			e := &c.Others.Model.Parts[0]
			curve = func(j int, v float64) float64 {
				return slope * c.Scale.Width() * e.Column(j, c.Others.Standards[j].Of(v))
			}
			for j, v := range m.features {
				measures[j] += curve(j, v)
				rest -= curve(j, v)
			}
		}
		start := slope*from + constant(part)
		base += start
		if beyond := rest - start; math.Abs(beyond) > 1e-9*c.Scale.Width() {
			add(step(keyLimit, "Beyond what the graded answers show", beyond))
		} else {
			base += beyond
		}
	}
	var grams *additive.Effects
	if c.Full {
		e, others := &c.Sum.Parts[len(c.Kinds)], curve
		for j, v := range m.features {
			measures[j] += e.Column(j, v)
		}
		curve = func(j int, v float64) float64 { return others(j, v) + e.Column(j, v) }
		grams = &c.Sum.Parts[len(c.Kinds)+1]
		base += grams.Offset
	}
	for _, t := range sentences(grams, curve, m) {
		add(t)
	}
	return base, append(terms, c.features(measures)...)
}

func step(key, label string, points float64) scoring.Contribution {
	return scoring.Contribution{Kind: scoring.ContributionCalibration, Key: key, Label: label, Points: points, Sentence: -1}
}

// constant is what the one column of a linear part adds at 0.
func constant(e *additive.Effects) float64 {
	if e.Weights == nil || e.Standards[0].Deviation == 0 {
		return 0
	}
	return -float64(e.Weights[0]) * e.Standards[0].Mean / e.Standards[0].Deviation
}

// origin is where the points of a prior start, and the terms that they are the sum of from there, in
// points of the scale. Those of the other questions are measures and are not among them.
func (c *model) origin(k kind, m *measured) (from float64, terms []scoring.Contribution) {
	switch k {
	case rules:
		r := c.ruled(m)
		for _, t := range r.Contributions {
			if t.Kind != scoring.ContributionClamp && t.Kind != scoring.ContributionRounding {
				terms = append(terms, t)
			}
		}
		return r.Base, terms
	case pack:
		for _, t := range m.share.Terms {
			t.Points *= c.Scale.Width()
			terms = append(terms, t)
		}
		return c.Scale.Min + c.Scale.Width()*m.share.Base, terms
	default:
		return c.Others.Start + c.Others.Factor*c.Others.Model.Base, nil
	}
}

// features names the measures that add most and puts the others together by group.
func (c *model) features(points []float64) []scoring.Contribution {
	order := everyRow(len(points))
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(math.Abs(points[b]), math.Abs(points[a])) })
	named := map[int]bool{}
	for _, j := range order[:min(len(order), namedMeasures)] {
		if math.Abs(points[j]) >= namedShare*c.Scale.Width() {
			named[j] = true
		}
	}
	var out []scoring.Contribution
	at := map[feature.Group]int{} // place in out of the group's term
	for j, p := range points {
		n := feature.Names[j]
		if p == 0 {
			continue
		}
		if named[j] {
			out = append(out, measure(n.Key, sentenceCase(n.Label), p))
			continue
		}
		i, ok := at[n.Group]
		if !ok {
			i = len(out)
			at[n.Group] = i
			out = append(out, measure(string(n.Group), n.Group.Label()+" (measures together)", 0))
		}
		out[i].Points += p
	}
	return out
}

func measure(key, label string, points float64) scoring.Contribution {
	return scoring.Contribution{Kind: scoring.ContributionFeature, Key: keyFeature + key, Label: label, Points: points, Sentence: -1}
}

func sentenceCase(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[size:]
}

// score is the score of an answer and the sum that makes it.
func (c *model) score(id string, m *measured) scoring.CriterionScore {
	out := scoring.CriterionScore{CriterionID: id, Calibration: c.Level}
	out.Base, out.Contributions = c.terms(m)
	sum := out.Base
	for _, t := range out.Contributions {
		sum += t.Points
	}
	add := func(t scoring.Contribution) {
		if t.Points != 0 {
			out.Contributions = append(out.Contributions, t)
		}
	}
	out.Raw = c.Map.Of(sum)
	add(step(keyMap, "Set to how people use the scale", out.Raw-sum))
	clamped := c.Scale.Clamp(out.Raw)
	out.Value = c.Scale.Round(clamped)
	add(scoring.Contribution{Kind: scoring.ContributionClamp, Key: "clamp", Label: "Kept within the scale", Points: clamped - out.Raw, Sentence: -1})
	add(scoring.Contribution{Kind: scoring.ContributionRounding, Key: "rounding", Label: "Rounded to the scale's steps", Points: out.Value - clamped, Sentence: -1})
	out.Interval = c.interval(clamped, m)
	out.Interval.Low, out.Interval.High = math.Min(out.Interval.Low, out.Value), math.Max(out.Interval.High, out.Value)
	return out
}
