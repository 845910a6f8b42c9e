package calibration

import (
	"context"
	"fmt"
	"math"

	"github.com/rubrica/rubrica/scoring"
	"github.com/rubrica/rubrica/scoring/additive"
	"github.com/rubrica/rubrica/scoring/agreement"
	"github.com/rubrica/rubrica/scoring/feature"
	"github.com/rubrica/rubrica/scoring/lexicon"
	"github.com/rubrica/rubrica/scoring/prior"
)

// Prior is what the scores of an installation's other questions teach of how answers are written, by trait
// (package prior). It takes nothing of what an answer says.
type Prior struct {
	traits map[scoring.Trait]*prior.Prior
}

// Source is another question with its graded answers, whose texts need no vectors (scoring.Read).
type Source struct {
	Question scoring.Question
	Graded   []Graded
}

// minPriorRows is the least number of graded answers of a trait, over all questions.
const minPriorRows = 30

// FitPrior learns from other questions what holds for one. A trait with fewer than 30 graded answers in all is left out;
// with none left the prior is nil, which Fit takes for no prior.
func FitPrior(ctx context.Context, q scoring.Question, sources []Source, lex *lexicon.Lexicon) (*Prior, error) {
	questions := map[scoring.Trait][]prior.Question{}
	rows := map[scoring.Trait]int{}
	for _, s := range sources {
		features := make([][]float64, len(s.Graded))
		for i, g := range s.Graded {
			if err := ctx.Err(); err != nil {
				return nil, fmt.Errorf("calibration: measuring other questions: %w", err)
			}
			features[i] = feature.Of(g.Text, lex)
		}
		for _, c := range gradedCriteria(s.Question, s.Graded) {
			q := prior.Question{Grid: gridOf(c.Scale), Words: expected(s.Question, s.Graded)}
			first, varies := math.NaN(), false
			for i, g := range s.Graded {
				if v, ok := g.Scores[c.Key]; ok {
					q.Features, q.Scores = append(q.Features, features[i]), append(q.Scores, v)
					q.Lengths = append(q.Lengths, float64(g.Text.Words))
					varies = varies || len(q.Scores) > 1 && v != first
					first = q.Scores[0]
				}
			}
			if varies && len(q.Scores) >= prior.MinAnswers {
				questions[c.Trait] = append(questions[c.Trait], q)
				rows[c.Trait] += len(q.Scores)
			}
		}
	}
	p := &Prior{traits: map[scoring.Trait]*prior.Prior{}}
	for trait, known := range questions {
		if rows[trait] < minPriorRows {
			continue
		}
		fitted, err := prior.Fit(ctx, feature.Keys(), known, expected(q, nil))
		if err != nil {
			return nil, fmt.Errorf("calibration: fitting on other questions: %w", err)
		}
		p.traits[trait] = fitted
	}
	if len(p.traits) == 0 {
		return nil, nil //nolint:nilnil // no prior is a result, see above
	}
	return p, nil
}

// expected is the length that answers to a question are asked to have, in words: where it does not say,
// that of the graded ones, and 0 without any.
func expected(q scoring.Question, graded []Graded) float64 {
	if q.MinWords > 0 && q.MaxWords > q.MinWords {
		return float64(q.MinWords+q.MaxWords) / 2
	}
	var words float64
	for _, g := range graded {
		words += float64(g.Text.Words) / float64(len(graded))
	}
	return words
}

// others is the prior for one criterion of a question, whose answers' measures it knows.
type others struct {
	Model     *additive.Model // of one Linear part, on standardised measures
	Standards []additive.Standard
	Factor    float64 // points for one of the model's
	Start     float64 // points where the model gives 0
}

// usualStrength is the number of answers that what may be expected of a question counts as, next to its
// graded answers: what is usual cannot be told from five.
const usualStrength = 20

// of is the prior for a criterion, by the graded answers to its question, of which it takes the measures
// and not the scores; nil when nothing is known of the trait.
func (p *Prior) of(c scoring.Criterion, words float64, rows []*measured) *others {
	if p == nil || p.traits[c.Trait] == nil {
		return nil
	}
	known := p.traits[c.Trait]
	usual := known.Expect(words)
	n := float64(len(rows))
	own, strange := n/(n+usualStrength), usualStrength/(n+usualStrength)
	out := &others{Model: known.Model, Standards: make([]additive.Standard, len(usual.Standards))}
	for j, e := range usual.Standards {
		values := make([]float64, len(rows))
		for i, r := range rows {
			values[i] = r.features[j]
		}
		mean, variance := moments(values)
		out.Standards[j] = additive.Standard{Mean: own*mean + strange*e.Mean, Deviation: math.Sqrt(own*variance + strange*e.Deviation*e.Deviation)}
	}
	predicted := make([]float64, len(rows))
	for i, r := range rows {
		predicted[i] = out.predict(r.features)
	}
	center, variance := moments(predicted)
	spread := math.Sqrt(own*variance + strange*usual.Spread*usual.Spread)
	mean, deviation := known.Scores(gridOf(c.Scale))
	if spread > 0 {
		out.Factor = deviation / spread
	}
	out.Start = mean - out.Factor*own*center
	return out
}

func (o *others) predict(features []float64) float64 {
	z := make([]float64, len(features))
	for j, v := range features {
		z[j] = o.Standards[j].Of(v)
	}
	return o.Model.Predict(additive.Row{{Dense: z}})
}

// points are what the prior gives, on the scale and not kept within it.
func (o *others) points(features []float64) float64 { return o.Start + o.Factor*o.predict(features) }

func moments(values []float64) (mean, variance float64) {
	mean = agreement.Mean(values)
	for _, v := range values {
		variance += (v - mean) * (v - mean) / float64(len(values))
	}
	return mean, variance
}
