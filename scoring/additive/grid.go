package additive

import (
	"math"
	"slices"

	"github.com/rubrica/rubrica/scoring/agreement"
)

// Grid is the scale that people score on.
type Grid struct{ Min, Max, Step float64 }

// Clamp keeps a value within the scale.
func (g Grid) Clamp(v float64) float64 { return max(g.Min, min(g.Max, v)) }

// Round is the point of the scale nearest to a value.
func (g Grid) Round(v float64) float64 {
	return g.Clamp(g.Min + math.Round((v-g.Min)/g.Step)*g.Step)
}

// Map takes a prediction to the scale: Mean + Expansion*(v - Mean) + Shift. Least squares draws
// predictions to the mean, which costs agreement at the ends; the map gives the spread back.
type Map struct{ Mean, Shift, Expansion float64 }

// Of maps a prediction.
func (m Map) Of(v float64) float64 { return m.Mean + m.Expansion*(v-m.Mean) + m.Shift }

// The values that are tried for the map; shifts in steps of the scale.
var (
	expansions = steps(0.9, 1.8, 0.05)
	shifts     = steps(-0.4, 0.4, 0.05)
)

func steps(from, to, by float64) []float64 {
	var out []float64
	for i := 0; from+float64(i)*by <= to+1e-9; i++ {
		out = append(out, from+float64(i)*by)
	}
	return out
}

// minMapped is the number of rows from which a map is fitted to the agreement; with fewer it would follow
// chance.
const minMapped = 50

// maxExpansion bounds the map of few rows.
const maxExpansion = 1.6

// MapFor is the map under which predictions (of rows not seen, such as Fitted.LOO) agree best with
// the scores, by quadratic weighted kappa. Ties go to the map that changes least. With fewer rows than it takes
// to tell, the map gives predictions the spread of the scores, which is the best one for large samples of
// continuous scores.
func MapFor(predicted, scores []float64, g Grid) Map {
	m := Map{Mean: agreement.Mean(scores), Expansion: 1}
	if len(scores) < minMapped {
		if p := spread(predicted); p > 0 {
			m.Expansion = max(1, min(maxExpansion, math.Sqrt(spread(scores)/p)))
		}
		return m
	}
	best := agreement.QWK(apply(m, predicted), scores, g.Min, g.Max, g.Step)
	for _, e := range expansions {
		for _, s := range shifts {
			try := Map{Mean: m.Mean, Shift: s * g.Step, Expansion: e}
			q := agreement.QWK(apply(try, predicted), scores, g.Min, g.Max, g.Step)
			if q > best+1e-9 {
				best, m = q, try
			}
		}
	}
	return m
}

func apply(m Map, values []float64) []float64 {
	out := make([]float64, len(values))
	for i, v := range values {
		out[i] = m.Of(v)
	}
	return out
}

// Interval is a range around a prediction: from prediction-Below to prediction+Above.
type Interval struct{ Below, Above float64 }

// IntervalFor is the range that holds at least the given share of the scores: the quantile of the
// absolute residuals of predictions for rows not seen (jackknife, Barber et al. 2021, whose finite
// sample correction it uses). With too few rows for the share it is as wide as all that was seen.
func IntervalFor(predicted, scores []float64, coverage float64) Interval {
	residuals := make([]float64, len(scores))
	for i := range scores {
		residuals[i] = math.Abs(scores[i] - predicted[i])
	}
	slices.Sort(residuals)
	k := int(math.Ceil(coverage * float64(len(residuals)+1)))
	half := residuals[min(len(residuals), max(1, k))-1]
	return Interval{Below: half, Above: half}
}
