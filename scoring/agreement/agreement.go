// Package agreement measures how well scores agree: those of an engine with people's, and those of
// two people with each other.
package agreement

import (
	"math"
	"sort"
)

// QWK is the quadratic weighted kappa (Cohen 1968) of two gradings of the same answers on one grid:
// 1 for full agreement, 0 for that of chance. Scores are mapped to the grid min, min+step, … max, to the
// nearest point. It is 0 where all of one grading and all of the other are the same point.
func QWK(a, b []float64, minimum, maximum, step float64) float64 {
	if len(a) != len(b) {
		panic("agreement: gradings of different lengths")
	}
	n := int(math.Round((maximum-minimum)/step)) + 1
	at := func(v float64) int { return max(0, min(n-1, int(math.Round((v-minimum)/step)))) }
	rows, columns := make([]float64, n), make([]float64, n)
	var observed float64
	for i := range a {
		x, y := at(a[i]), at(b[i])
		rows[x]++
		columns[y]++
		observed += float64((x - y) * (x - y))
	}
	var expected float64
	for x, p := range rows {
		for y, q := range columns {
			expected += p * q * float64((x-y)*(x-y))
		}
	}
	if expected == 0 {
		return 0
	}
	return 1 - observed*float64(len(a))/expected
}

// Pearson is the product-moment correlation; 0 where either side does not vary.
func Pearson(a, b []float64) float64 {
	ma, mb := Mean(a), Mean(b)
	var ab, aa, bb float64
	for i := range a {
		x, y := a[i]-ma, b[i]-mb
		ab += x * y
		aa += x * x
		bb += y * y
	}
	if aa == 0 || bb == 0 {
		return 0
	}
	return ab / math.Sqrt(aa*bb)
}

// Spearman is the correlation of ranks, equal values sharing the mean of their ranks.
func Spearman(a, b []float64) float64 { return Pearson(ranks(a), ranks(b)) }

func ranks(v []float64) []float64 {
	order := make([]int, len(v))
	for i := range order {
		order[i] = i
	}
	sort.Slice(order, func(i, j int) bool { return v[order[i]] < v[order[j]] })
	out := make([]float64, len(v))
	for i := 0; i < len(order); {
		j := i
		for j < len(order) && v[order[j]] == v[order[i]] {
			j++
		}
		for k := i; k < j; k++ {
			out[order[k]] = float64(i+j-1) / 2
		}
		i = j
	}
	return out
}

// RMSE is the root of the mean squared difference.
func RMSE(a, b []float64) float64 {
	var s float64
	for i := range a {
		s += (a[i] - b[i]) * (a[i] - b[i])
	}
	return math.Sqrt(s / float64(len(a)))
}

// Within is the share of pairs that differ by at most d: 0 for exact, one step for adjacent agreement.
func Within(a, b []float64, d float64) float64 {
	const slack = 1e-9
	n := 0
	for i := range a {
		if math.Abs(a[i]-b[i]) <= d+slack {
			n++
		}
	}
	return float64(n) / float64(len(a))
}

// Mean of the values; NaN of none.
func Mean(v []float64) float64 {
	var s float64
	for _, x := range v {
		s += x
	}
	return s / float64(len(v))
}
