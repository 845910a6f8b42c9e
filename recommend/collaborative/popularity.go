package collaborative

import (
	"math"

	"github.com/google/uuid"
)

// Damping of popularity: how many interactions an item is thought to have had, of the usual strength, before
// the first one came.
const Damping = 10

// Popular is how popular an item is.
type Popular struct {
	Item  uuid.UUID
	Count int     // of users who took it up
	Mean  float64 // damped: how those who know it stand to it
	Value float64 // 0 to 1, what enters a blend
}

// Popularity counts who took an item up, held against how they stand to it. With v the values of the item's
// n_i cells (of those who dismissed it too), and prior the mean value of all cells,
//
//	mean_i  = (Σ v + m · prior) / (n_i + m)              m = Damping
//	value_i = log(1 + takers_i) / log(1 + most takers) · mean_i / largest mean of all, cut at 0
//
// The mean is damped (Bayesian: m interactions of the usual strength come before the first), so that one
// enthusiast makes no favourite. The order is ascending by item, as of Interactions.Items.
func (m *Interactions) Popularity(damping float64) []Popular {
	sum, n := make([]float64, len(m.items)), make([]int, len(m.items))
	var total float64
	cells := 0
	for _, row := range m.rows {
		for _, c := range row {
			sum[c.other] += c.value
			n[c.other]++
			total += c.value
			cells++
		}
	}
	out := make([]Popular, len(m.items))
	if cells == 0 {
		return out
	}
	prior := total / float64(cells)
	most, best := 0, 0.0
	for i := range out {
		out[i] = Popular{Item: m.items[i], Count: len(m.takers[i]), Mean: prior}
		if d := float64(n[i]) + damping; d > 0 {
			out[i].Mean = (sum[i] + damping*prior) / d
		}
		most, best = max(most, out[i].Count), max(best, out[i].Mean)
	}
	if most == 0 || best <= 0 {
		return out
	}
	for i := range out {
		out[i].Value = math.Log1p(float64(out[i].Count)) / math.Log1p(float64(most)) * max(0, out[i].Mean) / best
	}
	return out
}
