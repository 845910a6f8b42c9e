package evaluate

import (
	"context"
	"slices"
)

// blended are the parts that a blend is made of.
func blended(parts []part) []part {
	return slices.DeleteFunc(slices.Clone(parts), func(p part) bool { return !p.blended })
}

// blendOf is the sum of weights times the parts, each divided by the largest score that it gives to an item
// that the user has not seen, and cut at 0.
func blendOf(parts []part, weights []float64) part {
	return part{"blend", "blend", false, func(t *target, into []float64) {
		clear(into)
		one := make([]float64, len(into))
		for n, p := range parts {
			if weights[n] == 0 {
				continue
			}
			normalised(p, t, one)
			for i, v := range one {
				into[i] += weights[n] * v
			}
		}
	}}
}

func normalised(p part, t *target, into []float64) {
	p.scores(t, into)
	hide(t, into)
	most := 0.0
	for _, v := range into {
		most = max(most, v)
	}
	for i, v := range into {
		if most > 0 {
			into[i] = max(0, v) / most
		} else {
			into[i] = 0
		}
	}
}

const (
	// fitUsers and fitCells bound what weights are fitted on: the cells are held in memory, 4 bytes each.
	fitUsers = 2000
	fitCells = 60_000_000
	fitSteps = 12
)

// fitWeights finds weights that add up to 1 and rank the targets high, by the mean of 1/log2(1 + rank). From the
// best single part on, one weight after another is moved, by steps that halve, as long as it helps.
func fitWeights(ctx context.Context, s *holdout, parts []part) ([]float64, error) {
	n := len(s.m.Items())
	targets := s.targets[:min(len(s.targets), fitUsers, max(1, fitCells/(n*len(parts))))] // users are in the order of their ids: a random sample
	table := make([][][]float32, len(targets))
	each(len(targets), n, func(u int, scores []float64) {
		table[u] = make([][]float32, len(parts))
		for p := range parts {
			normalised(parts[p], &targets[u], scores)
			table[u][p] = make([]float32, n)
			for i, v := range scores {
				table[u][p][i] = float32(v)
			}
		}
	})
	value := func(weights []float64) float64 {
		gains := make([]float64, len(targets))
		each(len(targets), n, func(u int, scores []float64) {
			clear(scores)
			for p, w := range weights {
				if w == 0 {
					continue
				}
				for i, v := range table[u][p] {
					scores[i] += w * float64(v)
				}
			}
			hide(&targets[u], scores)
			for _, i := range targets[u].items {
				gains[u] += gain(rankOf(&targets[u], scores, i)) / float64(len(targets[u].items))
			}
		})
		return mean(gains)
	}
	best, most := make([]float64, len(parts)), -1.0
	for p := range parts {
		alone := make([]float64, len(parts))
		alone[p] = 1
		if v := value(alone); v > most {
			best, most = alone, v
		}
	}
	for step, round := 0.4, 0; step > 0.01 && round < fitSteps; round++ {
		moved := false
		for p := range parts {
			for _, by := range []float64{step, -step} {
				if err := ctx.Err(); err != nil {
					return nil, err
				}
				next := slices.Clone(best)
				next[p] = max(0, next[p]+by)
				if v := value(next); v > most+1e-9 {
					best, most, moved = next, v, true
					break
				}
			}
		}
		best = sumToOne(best)
		if !moved {
			step /= 2
		}
	}
	return best, nil
}

func sumToOne(weights []float64) []float64 {
	var sum float64
	for _, w := range weights {
		sum += w
	}
	out := make([]float64, len(weights))
	for i, w := range weights {
		out[i] = w / sum
	}
	return out
}
