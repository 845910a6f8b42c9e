package llm

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/rubrica/rubrica/scoring"
)

// rangeMargin is what is added on both sides of the scores of the model and of the local engine to
// make a range, in shares of the scale. Nothing was held against human scores: how far two engines
// that work differently are apart is all that is known.
const rangeMargin = 0.1

// builder turns a checked answer into a result, and drops what cannot be proved.
type builder struct {
	req     scoring.Request
	local   *scoring.Result
	answer  *answer
	finder  *finder
	dropped int
}

// result is what the answer says, in the terms of every engine. Flags are the local engine's: they are
// about the text and not about a judgement.
func (e *Engine) result(req scoring.Request, local *scoring.Result, a *answer) *scoring.Result {
	b := &builder{req: req, local: local, answer: a, finder: newFinder(req.Answer)}
	rubric := req.Question.Question.Rubric
	out := &scoring.Result{Engine: e.Info(), Flags: slices.Clone(local.Flags), KeyPoints: b.keyPoints(), Cited: b.citations()}
	for i, c := range rubric.Criteria {
		out.Scores = append(out.Scores, b.score(i, c))
	}
	out.Overall = scoring.OverallOf(rubric.Criteria, out.Scores)
	out.Dropped = b.dropped
	return out
}

// quote finds a quote and counts one that is not there.
func (b *builder) quote(text string) (span, bool) {
	s, ok := b.finder.find(text)
	if !ok {
		b.dropped++
	}
	return s, ok
}

// words are a model's words for a learner: one line, without what may not be shown.
func (b *builder) words(text string, most int) string {
	text = cut(strings.Join(strings.Fields(inert(text)), " "), most)
	if text != "" && b.req.Question.Reveals(text) {
		b.dropped++
		return ""
	}
	return text
}

// keyPoints are the model's verdicts. One that says the point is made, and quotes nothing that is in
// the essay, is not believed: the local engine's stands.
func (b *builder) keyPoints() []scoring.KeyPointOutcome {
	out := slices.Clone(b.local.KeyPoints)
	for i, k := range b.req.Question.Question.Rubric.KeyPoints {
		said := b.answer.KeyPoints[keyPointName(i)]
		if said.Status == scoring.KeyPointMissed {
			out[i] = scoring.KeyPointOutcome{KeyPointID: k.ID, Label: k.Label, Status: said.Status, Sentence: -1}
			continue
		}
		at, ok := b.quote(said.Quote)
		if !ok {
			continue
		}
		degree := 1.0
		if said.Status == scoring.KeyPointPartly {
			degree = 0.5
		}
		out[i] = scoring.KeyPointOutcome{
			KeyPointID: k.ID, Label: k.Label, Status: said.Status, Degree: degree, Sentence: at.sentence,
			Similarity: b.req.Question.KeyPointSimilarity(i, &b.req.Answer.Sentences[at.sentence]),
		}
	}
	return out
}

// citations are the passages that the model names and that were retrieved, in their order.
func (b *builder) citations() []string {
	known := map[string]string{}
	for i, p := range b.req.Passages {
		known[passageName(i)] = p.ID
	}
	named := map[string]bool{}
	for _, c := range b.answer.Citations {
		id, ok := known[strings.TrimSpace(c)]
		if !ok {
			b.dropped++
			continue
		}
		named[id] = true
	}
	out := []string{}
	for _, p := range b.req.Passages {
		if named[p.ID] {
			out = append(out, p.ID)
		}
	}
	return out
}

// score is the model's score with the split of its points. Parts whose quote is found count; what the
// others would have explained, and what the model left unexplained, is one named term more.
func (b *builder) score(i int, c scoring.Criterion) scoring.CriterionScore {
	j := b.answer.Criteria[criterionName(i)]
	value, _ := onGrid(c.Scale, j.Score)
	out := scoring.CriterionScore{
		CriterionID: c.ID, Value: value, Raw: value, Calibration: scoring.Uncalibrated, Base: c.Scale.Min,
		Contributions: b.contributions(c, j), Comment: b.words(j.Comment, maxComment),
	}
	for _, text := range j.Improvements {
		if text = b.words(text, maxReason); text != "" {
			out.Advice = append(out.Advice, text)
		}
	}
	balance(&out)
	mine, other := value, b.local.Scores[i]
	margin := rangeMargin * c.Scale.Width()
	out.Interval = scoring.Interval{
		Low:  c.Scale.Clamp(math.Min(mine, other.Value) - margin),
		High: c.Scale.Clamp(math.Max(mine, other.Value) + margin),
	}
	return out
}

func (b *builder) contributions(c scoring.Criterion, j judgement) []scoring.Contribution {
	var out []scoring.Contribution
	points := b.req.Question.Question.Rubric.KeyPoints
	for n, p := range j.Parts {
		at, ok := b.quote(p.Quote)
		worth := math.Max(-c.Scale.Width(), math.Min(c.Scale.Width(), p.Points))
		if !ok || worth == 0 {
			continue
		}
		term := scoring.Contribution{
			Kind: scoring.ContributionSentence, Key: fmt.Sprintf("judged/%d", n+1), Label: b.words(p.Reason, maxReason),
			Points: worth, Sentence: at.sentence, Start: at.start, End: at.end,
		}
		if worth < 0 {
			term.Kind = scoring.ContributionPenalty
		}
		if term.Label == "" {
			term.Label = "Counted by the language model"
		}
		for k := range points {
			if c.Trait == scoring.TraitContent && worth > 0 && p.KeyPoint == keyPointName(k) {
				term.Kind, term.KeyPointID, term.Label = scoring.ContributionKeyPoint, points[k].ID, points[k].Label
				term.Key = fmt.Sprintf("key_point:%s/%d", points[k].Key, n+1)
			}
		}
		out = append(out, term)
	}
	return out
}

// balance makes base and contributions add up to the value: earned points that exceed it are scaled
// down together, and what is left over is a term of its own.
func balance(s *scoring.CriterionScore) {
	earned, lost := 0.0, 0.0
	for _, c := range s.Contributions {
		if c.Points > 0 {
			earned += c.Points
		} else {
			lost -= c.Points
		}
	}
	target := s.Value - s.Base
	if earned > 0 && earned-lost > target {
		factor := (target + lost) / earned
		kept := s.Contributions[:0]
		for _, c := range s.Contributions {
			if c.Points > 0 {
				c.Points *= factor
			}
			if c.Points != 0 {
				kept = append(kept, c)
			}
		}
		s.Contributions = kept
	}
	rest := target
	for _, c := range s.Contributions {
		rest -= c.Points
	}
	if math.Abs(rest) > 1e-12 {
		s.Contributions = append(s.Contributions, scoring.Contribution{
			Kind: scoring.ContributionFeature, Key: "unattributed", Label: "Judged on the text as a whole", Points: rest, Sentence: -1,
		})
	}
}
