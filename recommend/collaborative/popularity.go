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

// Popularity counts who took an item up, each by how those who know it stand to it. With v the values of the
// item's n_i cells (of those who dismissed it too) before they aged, and prior the mean value of all cells,
//
//	mean_i  = (Σ v + m · prior) / (n_i + m)                  m = damping
//	likes_i = takers_i · mean_i / prior, at least 0
//	value_i = log(1 + likes_i) / log(1 + largest likes)
//
// The mean is damped (Bayesian: m interactions of the usual strength come before the first), so that one
// enthusiast makes no favourite. Where the prior is not above 0, only takers count. The order is ascending by
// item, as of Interactions.Items.
func (m *Interactions) Popularity(damping float64) []Popular {
	sum, n := make([]float64, len(m.items)), make([]int, len(m.items))
	var total float64
	cells := 0
	for _, row := range m.rows {
		for _, c := range row {
			sum[c.other] += c.fresh
			n[c.other]++
			total += c.fresh
			cells++
		}
	}
	prior := total / float64(max(1, cells))
	out, likes := make([]Popular, len(m.items)), make([]float64, len(m.items))
	var most float64
	for i := range out {
		out[i] = Popular{Item: m.items[i], Count: len(m.takers[i]), Mean: prior}
		if d := float64(n[i]) + damping; d > 0 {
			out[i].Mean = (sum[i] + damping*prior) / d
		}
		likes[i] = float64(out[i].Count)
		if prior > 0 {
			likes[i] *= max(0, out[i].Mean/prior)
		}
		most = max(most, likes[i])
	}
	for i := range out {
		if most > 0 {
			out[i].Value = math.Log1p(likes[i]) / math.Log1p(most)
		}
	}
	return out
}
