package scoring

import (
	"context"
	"fmt"
	"math"
)

// LocalVersion is the version of the local engine's rules and weights. It changes whenever the same
// request could give another result.
const LocalVersion = "3"

// Local is the engine that needs no key, no network and no GPU: it compares the answer's statements
// with the key points, and measures its reasoning, order and language by features that are
// documented beside their code. Its result is a sum that can be shown. It was not fitted to human
// scores: everything it returns is Uncalibrated. It is safe for concurrent use.
type Local struct{ model string }

// NewLocal returns the engine for texts and questions that were embedded with the named model.
func NewLocal(model string) *Local { return &Local{model: model} }

// Info names the engine.
func (e *Local) Info() EngineInfo {
	return EngineInfo{Name: "local", Version: LocalVersion, Model: e.model}
}

// Score implements Engine. It fails, permanently, only on a request whose vectors are of another
// model than the engine's, and on a ctx that is done.
func (e *Local) Score(ctx context.Context, req Request) (*Result, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("scoring: local engine: %w", err)
	}
	if req.Question == nil || req.Answer == nil {
		return nil, Permanent(fmt.Errorf("scoring: local engine: the request lacks a question or an answer"))
	}
	if req.Question.Model != e.model || req.Answer.Model != e.model {
		return nil, Permanent(fmt.Errorf("scoring: local engine uses %q, but the question was embedded with %q and the answer with %q: prepare and analyze them again",
			e.model, req.Question.Model, req.Answer.Model))
	}
	m := measure(req)
	rubric := req.Question.Question.Rubric
	result := &Result{Engine: e.Info(), Flags: m.flags, KeyPoints: m.outcomes}
	for _, criterion := range rubric.Criteria {
		result.Scores = append(result.Scores, m.score(criterion))
	}
	result.Overall = OverallOf(rubric.Criteria, result.Scores)
	if !req.ScoresOnly {
		if err := takeOut(ctx, req, result); err != nil {
			return nil, err
		}
	}
	return result, nil
}

// maxTakenOut is the number of sentences up to which each is taken out once, a millisecond or two each.
const maxTakenOut = 60

// takeOut sets the effects of the sentences.
func takeOut(ctx context.Context, req Request, result *Result) error {
	n := len(req.Answer.Sentences)
	if n == 0 || n > maxTakenOut {
		return nil
	}
	for i := range result.Scores {
		result.Scores[i].Effects = make([]float64, n)
	}
	return spread(ctx, n, func(ctx context.Context, s int) error {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("scoring: local engine: %w", err)
		}
		left := req
		left.Answer = req.Answer.Without(s)
		m := measure(left)
		for i, criterion := range req.Question.Question.Rubric.Criteria {
			result.Scores[i].Effects[s] = result.Scores[i].Raw - m.score(criterion).Raw
		}
		return nil
	})
}

// OverallOf is the mean of the scores, each mapped from its own scale to 0…100, weighted by the
// criteria's weights (equally if they are all zero). Scores and criteria are in the same order.
func OverallOf(criteria []Criterion, scores []CriterionScore) Overall {
	var total float64
	for _, c := range criteria {
		total += c.Weight
	}
	var out Overall
	for i, c := range criteria {
		share := 1 / float64(len(criteria))
		if total > 0 {
			share = c.Weight / total
		}
		percent := func(v float64) float64 { return 100 * share * (v - c.Scale.Min) / c.Scale.Width() }
		out.Percent += percent(scores[i].Value)
		out.Interval.Low += percent(scores[i].Interval.Low)
		out.Interval.High += percent(scores[i].Interval.High)
		if i == 0 || scores[i].Interval.Coverage < out.Interval.Coverage {
			out.Interval.Coverage = scores[i].Interval.Coverage
		}
	}
	return out
}

// measurement is an answer measured by all traits; points are shares of a scale's width.
type measurement struct {
	*reading
	outcomes []KeyPointOutcome
	matches  []keyPointMatch
	traits   map[Trait][]Contribution

	likenessHalf float64 // of the range of content by likeness; 0 without
}

func measure(req Request) *measurement {
	m := &measurement{reading: readAnswer(req.Question, req.Answer), traits: map[Trait][]Contribution{}}
	windows := windowsOf(req.Answer.Sentences, func(i int) bool { return m.sentences[i].own() }, req.Question.labelTerms)
	m.matches = matchKeyPoints(req.Question.keyPoints, req.Answer.Sentences, windows)
	m.outcomes = m.keyPointOutcomes()
	m.traits[TraitContent] = m.content()
	m.traits[TraitReasoning] = m.reasoning()
	m.traits[TraitOrganization] = m.organization()
	m.traits[TraitClarity] = m.clarity()
	return m
}

// mixture says how an unknown trait is scored: as this mean of the known ones.
var mixture = []struct {
	trait Trait
	share float64
}{{TraitContent, 0.5}, {TraitReasoning, 0.25}, {TraitOrganization, 0.125}, {TraitClarity, 0.125}}

// contributions are the terms of a trait in shares of the width of the scale.
func (m *measurement) contributions(trait Trait) []Contribution {
	if known, ok := m.traits[trait]; ok {
		return known
	}
	var out []Contribution
	for _, part := range mixture {
		for _, c := range m.traits[part.trait] {
			c.Points *= part.share
			out = append(out, c)
		}
	}
	return out
}

// score puts the terms of a criterion's trait on its scale.
func (m *measurement) score(criterion Criterion) CriterionScore {
	scale := criterion.Scale
	out := CriterionScore{CriterionID: criterion.ID, Calibration: Uncalibrated, Base: scale.Min}
	out.Raw = scale.Min
	for _, c := range m.contributions(criterion.Trait) {
		if c.Points *= scale.Width(); c.Points != 0 {
			out.Raw += c.Points
			out.Contributions = append(out.Contributions, c)
		}
	}
	clamped := scale.Clamp(out.Raw)
	out.Value = scale.Round(clamped)
	out.step(ContributionClamp, "clamp", "Kept within the scale", clamped-out.Raw)
	out.step(ContributionRounding, "rounding", "Rounded to the scale's steps", out.Value-clamped)
	out.Interval = m.interval(criterion, out.Value)
	return out
}

// step appends a term between what was measured and what is displayed, if there is any.
func (s *CriterionScore) step(kind ContributionKind, key, label string, points float64) {
	if points != 0 {
		s.Contributions = append(s.Contributions, Contribution{Kind: kind, Key: key, Label: label, Points: points, Sentence: -1})
	}
}

// The half-width of an uncalibrated range, in shares of the width of the scale: what is unknown of
// any answer, and what is added when it is short, when its key points are nearly or hardly made,
// when it is flagged, and when there was no reference to compare it with.
const (
	rangeBase     = 0.15
	rangeShort    = 0.12
	rangeDoubtful = 0.12
	rangeFlagged  = 0.08
	rangeNoGuide  = 0.12
)

// interval is the range within which a person's score may well lie. It is a range only (Coverage
// 0): nothing has been held against human scores. It is the whole scale for another language.
func (m *measurement) interval(criterion Criterion, value float64) Interval {
	scale := criterion.Scale
	if m.has(FlagEmpty) {
		return Interval{Low: value, High: value}
	}
	if m.has(FlagNotEnglish) {
		return Interval{Low: scale.Min, High: scale.Max}
	}
	advised := math.Max(20, float64(m.question.Question.MinWords))
	half := rangeBase + rangeShort*(1-ramp(float64(m.words), 0.3*advised, 1.5*advised))
	if len(m.flags) > 0 || m.text.ReadTo < len(m.text.Raw) {
		half += rangeFlagged
	}
	if len(m.question.model) == 0 || len(m.question.keyPoints) == 0 {
		half += rangeNoGuide
	}
	if criterion.Trait == TraitContent {
		half = math.Max(half, m.likenessHalf)
		for j, outcome := range m.outcomes {
			half += rangeDoubtful * m.question.keyPoints[j].share * 4 * outcome.Degree * (1 - outcome.Degree)
		}
	} else {
		half += rangeDoubtful / 2
	}
	return Interval{Low: scale.Clamp(value - half*scale.Width()), High: scale.Clamp(value + half*scale.Width())}
}
