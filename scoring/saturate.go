package scoring

import "math"

// saturate maps non-negative amounts to shares of a total that grows ever more slowly:
// 1 − exp(−Σ/tau), of which each amount is given its proportional part. The parts add up to the
// total (to rounding), so that a saturating score stays a sum.
func saturate(amounts []float64, tau float64) (parts []float64, total float64) {
	var sum float64
	for _, a := range amounts {
		sum += a
	}
	parts = make([]float64, len(amounts))
	if sum <= 0 {
		return parts, 0
	}
	total = 1 - math.Exp(-sum/tau)
	for i, a := range amounts {
		parts[i] = total * a / sum
	}
	return parts, total
}
