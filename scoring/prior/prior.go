// Package prior learns from graded answers to other questions what a good answer looks like, for a question that
// has few grades of its own or none.
//
// Answers to different questions cannot be compared as they are: one asks for a paragraph, another for three
// pages. So each measure is taken as its distance from what is usual for the question, in standard deviations,
// and so is the score. What is usual is known from answers to the question, graded or not (Freeze), or
// guessed from the length that is expected (Prior.Expect). The model is linear: with many questions
// curves fit better, but with a handful they carry over worse (on ASAP-AES, a mean kappa of 0.719
// against 0.732).
package prior

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/rubrica/rubrica/scoring/additive"
	"github.com/rubrica/rubrica/scoring/agreement"
)

// Question is a question with graded answers.
type Question struct {
	Features [][]float64 // of the answers, by the columns that Fit is given
	Scores   []float64
	Grid     additive.Grid
	Words    float64 // length that was asked for; 0 takes the mean length of the answers
	Lengths  []float64
}

// words is the length that was asked for, or what stands for it.
func (q *Question) words() float64 {
	if q.Words > 0 {
		return q.Words
	}
	return agreement.Mean(q.Lengths)
}

// MinAnswers is the least number of answers by which a question counts.
const MinAnswers = 5

// Prior predicts how far above or below the mean of its question an answer would be scored.
type Prior struct {
	Model  *additive.Model // of one Linear part, on columns that Usual has standardised
	Spread float64         // of the predictions for questions that the model had not seen
	// BlindSpread is that within a question of which only the expected length is known.
	BlindSpread float64
	Trends      []Trend // by column
	MeanShare   float64 // mean score of the questions, as a share of the scale
	// Deviation of scores by steps of the scale, from the questions: exp(Level + Slope*ln(steps)).
	Deviation Trend
}

// Trend is a straight line over the logarithm of a quantity.
type Trend struct{ Level, Slope, Deviation float64 }

func (t Trend) at(log float64) float64 { return t.Level + t.Slope*log }

// Usual is what is usual for the answers to a question.
type Usual struct {
	Standards []additive.Standard // by column
	Center    float64             // of the prior's predictions over the answers
	Spread    float64
}

// The weight of a question falls with the distance of its length from that of the new one, on a logarithmic
// scale: what makes a paragraph good is not what makes three pages good. No question counts nothing.
const (
	lengthWidth = 0.8
	leastWeight = 0.1
)

func likeness(words, other float64) float64 {
	if words <= 0 {
		return 1
	}
	d := math.Log(max(1, other)/words) / lengthWidth
	return leastWeight + math.Exp(-d*d/2)
}

// Fit learns from questions what holds for a new one, to which answers of the given number of words are expected
// (0 where that is not known). Each question counts by its likeness, whatever the number of its answers.
// The error says what is wrong with a question; one with fewer than MinAnswers answers, or one
// score for all, is left out.
func Fit(ctx context.Context, columns []string, questions []Question, words float64) (*Prior, error) {
	var used []Question
	for i, q := range questions {
		if len(q.Features) != len(q.Scores) || len(q.Lengths) != len(q.Scores) {
			return nil, fmt.Errorf("prior: question %d has %d answers, %d lengths and %d scores", i, len(q.Features), len(q.Lengths), len(q.Scores))
		}
		for _, f := range q.Features {
			if len(f) != len(columns) {
				return nil, fmt.Errorf("prior: question %d has an answer with %d columns, not %d", i, len(f), len(columns))
			}
		}
		if len(q.Scores) >= MinAnswers && deviation(q.Scores) > 0 {
			used = append(used, q)
		}
	}
	if len(used) == 0 {
		return nil, errors.New("prior: no question has enough graded answers that differ")
	}
	p := &Prior{}
	p.trends(columns, used)
	moments := make([]*moment, len(used))
	for i, q := range used {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("prior: %w", err)
		}
		moments[i] = momentOf(q)
		moments[i].weight = likeness(words, q.words())
	}
	weights, spread, err := ridge(moments)
	if err != nil {
		return nil, err
	}
	p.Model, p.Spread = linear(columns, weights), spread
	p.blindSpread(used)
	return p, nil
}

// blindSpread is the spread of predictions within a question that is known by its length alone.
func (p *Prior) blindSpread(questions []Question) {
	var variance float64
	for _, q := range questions {
		u := p.Expect(q.words())
		predicted := make([]float64, len(q.Features))
		for i, f := range q.Features {
			predicted[i] = p.raw(f, u.Standards)
		}
		d := deviation(predicted)
		variance += d * d / float64(len(questions))
	}
	p.BlindSpread = math.Sqrt(variance)
	if p.BlindSpread < 1e-9 {
		p.BlindSpread = 1
	}
}

// linear is a model with the weights, of columns that are standardised already.
func linear(columns []string, weights []float64) *additive.Model {
	e := additive.Effects{
		Part:      additive.Part{Name: "prior", Kind: additive.Linear, Columns: columns},
		Standards: make([]additive.Standard, len(columns)), Weights: make([]float32, len(columns)),
	}
	for j, w := range weights {
		e.Standards[j].Deviation = 1
		e.Weights[j] = float32(w)
	}
	return &additive.Model{Parts: []additive.Effects{e}}
}

// Predict is the score of an answer as a distance from the mean of its question, in standard deviations.
func (p *Prior) Predict(features []float64, u Usual) float64 {
	return (p.raw(features, u.Standards) - u.Center) / u.Spread
}

func (p *Prior) raw(features []float64, s []additive.Standard) float64 {
	return p.Model.Predict(additive.Row{{Dense: standardized(s, features)}})
}

// Freeze learns what is usual from answers to the question, which need no grades. It takes two; some fifty
// make a difference to the first. The result belongs to the version of an engine: it must not change with
// each answer that comes, or equal answers would be scored differently.
func (p *Prior) Freeze(features [][]float64) (Usual, error) {
	if len(features) < 2 {
		return Usual{}, fmt.Errorf("prior: %d answers do not tell what is usual, it takes 2", len(features))
	}
	u := Usual{Standards: standards(features)}
	predicted := make([]float64, len(features))
	for i, f := range features {
		predicted[i] = p.raw(f, u.Standards)
	}
	u.Center, u.Spread = agreement.Mean(predicted), deviation(predicted)
	if u.Spread == 0 {
		u.Spread = p.Spread
	}
	return u, nil
}

// Expect guesses what is usual from the number of words that an answer is asked to have, by how the measures
// of the other questions go with theirs.
func (p *Prior) Expect(words float64) Usual {
	u := Usual{Standards: make([]additive.Standard, len(p.Trends)), Spread: p.BlindSpread}
	for j, t := range p.Trends {
		u.Standards[j] = additive.Standard{Mean: t.at(math.Log(max(1, words))), Deviation: t.Deviation}
	}
	return u
}

// Scores guesses the mean and the standard deviation of the scores of a question from its scale alone. Whoever
// has an expectation of their own should take that.
func (p *Prior) Scores(g additive.Grid) (mean, deviation float64) {
	steps := (g.Max - g.Min) / g.Step
	return g.Min + p.MeanShare*(g.Max-g.Min), (g.Max - g.Min) * math.Exp(p.Deviation.at(math.Log(steps)))
}

// trends learns what Expect and Scores need.
func (p *Prior) trends(columns []string, questions []Question) {
	var words, steps, spreads []float64
	means, deviations := make([][]float64, len(columns)), make([][]float64, len(columns))
	for _, q := range questions {
		words = append(words, math.Log(max(1, q.words())))
		for j, s := range standards(q.Features) {
			means[j] = append(means[j], s.Mean)
			deviations[j] = append(deviations[j], s.Deviation)
		}
		scale := q.Grid.Max - q.Grid.Min
		p.MeanShare += (agreement.Mean(q.Scores) - q.Grid.Min) / scale / float64(len(questions))
		steps = append(steps, math.Log(scale/q.Grid.Step))
		spreads = append(spreads, math.Log(deviation(q.Scores)/scale))
	}
	p.Deviation = line(steps, spreads)
	p.Trends = make([]Trend, len(columns))
	for j := range columns {
		p.Trends[j] = line(words, means[j])
		// What the line does not tell of a question makes a measure less sure, and so weigh less.
		within := agreement.Mean(deviations[j])
		p.Trends[j].Deviation = math.Sqrt(within*within + p.Trends[j].Deviation*p.Trends[j].Deviation)
	}
}

// line is the least squares line with the deviation from it; level where x does not vary.
func line(x, y []float64) Trend {
	mx, my := agreement.Mean(x), agreement.Mean(y)
	var xx, xy float64
	for i := range x {
		xx += (x[i] - mx) * (x[i] - mx)
		xy += (x[i] - mx) * (y[i] - my)
	}
	t := Trend{Level: my}
	if xx > 1e-9 {
		t.Level, t.Slope = my-xy/xx*mx, xy/xx
	}
	var rest float64
	for i := range x {
		e := y[i] - t.at(x[i])
		rest += e * e
	}
	t.Deviation = math.Sqrt(rest / math.Max(1, float64(len(x)-2)))
	return t
}

func standards(features [][]float64) []additive.Standard {
	out := make([]additive.Standard, len(features[0]))
	column := make([]float64, len(features))
	for j := range out {
		for i, f := range features {
			column[i] = f[j]
		}
		out[j].Mean = agreement.Mean(column)
		if d := deviation(column); d > 1e-9*(1+math.Abs(out[j].Mean)) {
			out[j].Deviation = d
		}
	}
	return out
}

func standardized(s []additive.Standard, features []float64) []float64 {
	out := make([]float64, len(features))
	for j, v := range features {
		out[j] = s[j].Of(v)
	}
	return out
}

func deviation(v []float64) float64 {
	mean := agreement.Mean(v)
	var sum float64
	for _, x := range v {
		sum += (x - mean) * (x - mean)
	}
	return math.Sqrt(sum / float64(len(v)))
}
