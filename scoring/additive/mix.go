package additive

import (
	"fmt"

	"gonum.org/v1/gonum/mat"

	"github.com/rubrica/rubrica/scoring/agreement"
)

// Mix lets the predictions of related targets (the traits of one text) correct each other: each
// becomes its mean plus a weighted sum of all, which is still a sum over the text's measures.
type Mix struct {
	Means   []float64   // of the targets
	Weights [][]float64 // by target, of all predictions' distances from their means
}

// MixFor learns a mix from predictions for rows not seen (Fitted.LOO), by least squares with a small ridge
// towards leaving each prediction as it is. It takes at least as many rows as targets.
func MixFor(predicted, scores [][]float64) (*Mix, error) {
	k := len(scores)
	if k == 0 || len(predicted) != k || len(scores[0]) < k {
		return nil, fmt.Errorf("additive: a mix of %d targets cannot be learnt from this", k)
	}
	n := len(scores[0])
	m := &Mix{Means: make([]float64, k), Weights: make([][]float64, k)}
	for t := range k {
		m.Means[t] = agreement.Mean(scores[t])
	}
	gram := mat.NewSymDense(k, nil)
	for a := range k {
		for b := a; b < k; b++ {
			var s float64
			for i := range n {
				s += (predicted[a][i] - m.Means[a]) * (predicted[b][i] - m.Means[b])
			}
			if a == b {
				s *= 1 + mixRidge
			}
			gram.SetSym(a, b, s)
		}
	}
	var c mat.Cholesky
	if !c.Factorize(gram) {
		return nil, fmt.Errorf("additive: the predictions of %d targets do not tell them apart", k)
	}
	for t := range k {
		rest := mat.NewVecDense(k, nil)
		for a := range k {
			var s float64
			for i := range n {
				s += (predicted[a][i] - m.Means[a]) * (scores[t][i] - predicted[t][i])
			}
			rest.SetVec(a, s)
		}
		var w mat.VecDense
		if err := c.SolveVecTo(&w, rest); err != nil {
			return nil, fmt.Errorf("additive: solve for a mix: %w", err)
		}
		m.Weights[t] = make([]float64, k)
		for a := range k {
			m.Weights[t][a] = w.AtVec(a)
		}
		m.Weights[t][t]++
	}
	return m, nil
}

const mixRidge = 0.02

// Of mixes the predictions of all targets for one text.
func (m *Mix) Of(predicted []float64) []float64 {
	out := make([]float64, len(predicted))
	for t := range out {
		out[t] = m.Means[t]
		for a, v := range predicted {
			out[t] += m.Weights[t][a] * (v - m.Means[a])
		}
	}
	return out
}
