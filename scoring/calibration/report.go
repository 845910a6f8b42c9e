package calibration

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/rubrica/rubrica/scoring"
	"github.com/rubrica/rubrica/scoring/agreement"
)

// Report says how well a calibration agrees with people on answers that it has not seen.
type Report struct {
	Rows     int
	Method   string // how answers were held out, for people
	Criteria []CriterionReport
}

// CriterionReport is the report of one criterion. All of it is of predictions for answers that the
// model had not seen.
type CriterionReport struct {
	CriterionID string
	Key         string
	Level       scoring.CalibrationLevel // FewShot or Calibrated
	Reason      string                   // of the level, for people
	Engine      Agreement                // of the engine with the first rater
	Human       *Agreement               // of the second rater with the first, where there is one
	EngineThere *Agreement               // of the engine with the first rater on the answers that have a second
	Coverage    float64                  // share of people's scores within their interval
	MeanWidth   float64                  // of intervals, in points, clipped to the scale
	Promised    float64                  // the coverage that scores name: 0.9, or 0 for a range
	Bias        []Bias
	Reliability []Bin   // by rising prediction, at most 10
	Points      []Point // in the order of the graded answers
}

// Agreement of two gradings of the same answers. QWK, Exact and Adjacent are of the scores on the grid,
// Pearson and RMSE of the continuous predictions.
type Agreement struct {
	Rows     int
	QWK      float64
	Pearson  float64
	RMSE     float64
	Exact    float64
	Adjacent float64 // at most one step apart
}

// BiasBy says what answers are put into groups by.
type BiasBy string

// The groupings.
const (
	ByLength BiasBy = "LENGTH"
	ByScore  BiasBy = "SCORE"
	ByGroup  BiasBy = "GROUP"
)

// Bias compares predictions with people's scores within a group of answers.
type Bias struct {
	By        BiasBy
	Group     string // for people; the value of Graded.Group for ByGroup
	Rows      int
	Human     float64 // mean score
	Predicted float64 // mean prediction
	RMSE      float64
}

// Bin is one point of the reliability curve: answers with neighbouring predictions.
type Bin struct {
	Rows      int
	Predicted float64 // mean
	Human     float64 // mean
}

// Point is one graded answer and the prediction for it.
type Point struct{ Human, Predicted, Low, High float64 }

func reportOf(c scoring.Criterion, graded []Graded, unseen []prediction, m *model) CriterionReport {
	r := CriterionReport{CriterionID: c.ID, Key: c.Key, Promised: m.Coverage}
	n := len(graded)
	human, predicted := make([]float64, n), make([]float64, n)
	var first, second, there []float64
	for i, g := range graded {
		u := unseen[i]
		human[i], predicted[i] = g.Scores[c.Key], u.value
		r.Points = append(r.Points, Point{human[i], u.value, u.interval.Low, u.interval.High})
		if human[i] >= u.interval.Low-1e-9 && human[i] <= u.interval.High+1e-9 {
			r.Coverage += 1 / float64(n)
		}
		r.MeanWidth += (u.interval.High - u.interval.Low) / float64(n)
		if v, ok := g.Second[c.Key]; ok {
			first, second, there = append(first, human[i]), append(second, v), append(there, u.value)
		}
	}
	r.Engine = agree(c.Scale, predicted, human)
	if len(second) > 1 {
		h, e := agree(c.Scale, second, first), agree(c.Scale, there, first)
		r.Human, r.EngineThere = &h, &e
	}
	r.Bias = append(byLength(graded, human, predicted), byScore(human, predicted)...)
	r.Bias = append(r.Bias, byGroup(graded, human, predicted)...)
	r.Reliability = reliability(human, predicted)
	r.Level, r.Reason = levelOf(n, &r)
	return r
}

func agree(s scoring.Scale, predicted, human []float64) Agreement {
	g := gridOf(s)
	rounded := make([]float64, len(predicted))
	for i, v := range predicted {
		rounded[i] = g.Round(v)
	}
	return Agreement{
		Rows: len(human), QWK: agreement.QWK(rounded, human, g.Min, g.Max, g.Step),
		Pearson: agreement.Pearson(predicted, human), RMSE: agreement.RMSE(predicted, human),
		Exact: agreement.Within(rounded, human, 0), Adjacent: agreement.Within(rounded, human, g.Step),
	}
}

// What makes a criterion calibrated, from EnoughRows graded answers on: a weighted kappa of at least
// goodQWK ("substantial", Landis and Koch 1977), or, where two raters have scored at least EnoughRows answers,
// at most worseQWK below theirs on the same answers (the rule of Williamson, Xi and Breyer 2012) and never
// below leastQWK.
const (
	goodQWK  = 0.60
	worseQWK = 0.10
	leastQWK = 0.40
)

func levelOf(rows int, r *CriterionReport) (scoring.CalibrationLevel, string) {
	q := r.Engine.QWK
	switch {
	case rows < EnoughRows:
		return scoring.FewShot, fmt.Sprintf("%d graded answers; from %d on it may count as calibrated.", rows, EnoughRows)
	case r.Human != nil && r.Human.Rows >= EnoughRows && r.EngineThere.QWK >= leastQWK && r.EngineThere.QWK >= r.Human.QWK-worseQWK:
		return scoring.Calibrated, fmt.Sprintf("It agrees with the first rater (%.2f) about as well as the second rater does (%.2f).", r.EngineThere.QWK, r.Human.QWK)
	case q >= goodQWK:
		return scoring.Calibrated, fmt.Sprintf("It agrees well with people (%.2f).", q)
	}
	return scoring.FewShot, fmt.Sprintf("It agrees too little with people (%.2f; at least %.2f is asked, or at most %.2f below a second rater).", q, goodQWK, worseQWK)
}

func biasOf(by BiasBy, group string, human, predicted []float64) Bias {
	return Bias{
		By: by, Group: group, Rows: len(human), Human: agreement.Mean(human), Predicted: agreement.Mean(predicted),
		RMSE: agreement.RMSE(predicted, human),
	}
}

// byLength compares thirds of the answers by their number of words.
func byLength(graded []Graded, human, predicted []float64) []Bias {
	order := everyRow(len(graded))
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(graded[a].Text.Words, graded[b].Text.Words) })
	var out []Bias
	for third := range 3 {
		part := order[third*len(order)/3 : (third+1)*len(order)/3]
		from, to := graded[part[0]].Text.Words, graded[part[len(part)-1]].Text.Words
		out = append(out, biasOf(ByLength, fmt.Sprintf("%d to %d words", from, to), pickValues(human, part), pickValues(predicted, part)))
	}
	return out
}

// maxLevels bounds the groups by score: beyond, neighbouring scores are put together.
const maxLevels = 10

// byScore compares answers by the score that people gave them.
func byScore(human, predicted []float64) []Bias {
	levels := slices.Clone(human)
	slices.Sort(levels)
	levels = slices.Compact(levels)
	bands := min(len(levels), maxLevels)
	var out []Bias
	for b := range bands {
		band := levels[b*len(levels)/bands : (b+1)*len(levels)/bands]
		low, high := band[0], band[len(band)-1]
		var at []int
		for i, v := range human {
			if v >= low && v <= high {
				at = append(at, i)
			}
		}
		name := fmt.Sprintf("%v", low)
		if high > low {
			name = fmt.Sprintf("%v to %v", low, high)
		}
		out = append(out, biasOf(ByScore, name, pickValues(human, at), pickValues(predicted, at)))
	}
	return out
}

// byGroup compares the groups that were given; none when there are none to compare.
func byGroup(graded []Graded, human, predicted []float64) []Bias {
	members := map[string][]int{}
	var names []string
	for i, g := range graded {
		if _, ok := members[g.Group]; !ok {
			names = append(names, g.Group)
		}
		members[g.Group] = append(members[g.Group], i)
	}
	if len(names) < 2 {
		return nil
	}
	slices.Sort(names)
	var out []Bias
	for _, name := range names {
		out = append(out, biasOf(ByGroup, name, pickValues(human, members[name]), pickValues(predicted, members[name])))
	}
	return out
}

// reliability puts answers with neighbouring predictions together: at least 5 a bin, at most 10 bins.
func reliability(human, predicted []float64) []Bin {
	order := everyRow(len(human))
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(predicted[a], predicted[b]) })
	bins := max(1, min(10, len(order)/5))
	out := make([]Bin, bins)
	for b := range out {
		part := order[b*len(order)/bins : (b+1)*len(order)/bins]
		out[b] = Bin{Rows: len(part), Predicted: agreement.Mean(pickValues(predicted, part)), Human: agreement.Mean(pickValues(human, part))}
	}
	return out
}
