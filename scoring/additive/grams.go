package additive

import (
	"context"
	"sync"

	"gonum.org/v1/gonum/mat"
)

// grams are the inner products of the n-grams of all rows of a design, made when they are first asked for.
// They depend on no other row, so that any choice of rows shares them.
type grams struct {
	rows []Row
	part int
	bits uint

	mu     sync.Mutex
	lower  [][]float32 // row i: its products with rows 0 to i
	closed bool
}

// of picks the kernel of the chosen rows.
func (g *grams) of(ctx context.Context, chosen []int) (*mat.SymDense, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.closed {
		if err := g.multiply(ctx); err != nil {
			return nil, err
		}
	}
	k := mat.NewSymDense(len(chosen), nil)
	for x, i := range chosen {
		for y := x; y < len(chosen); y++ {
			j := chosen[y]
			k.SetSym(x, y, float64(g.lower[max(i, j)][min(i, j)]))
		}
	}
	return k, nil
}

// posting is one n-gram of a row.
type posting struct {
	row   uint32
	value float32
}

// multiply goes through the rows by n-gram: a pair of rows costs the n-grams that they share and not all
// that they have.
func (g *grams) multiply(ctx context.Context) error {
	postings := make([][]posting, 1<<g.bits)
	for i, r := range g.rows {
		v := r[g.part].Sparse
		for x, at := range v.Index {
			postings[at] = append(postings[at], posting{uint32(i), v.Value[x]})
		}
	}
	lower := make([][]float32, len(g.rows))
	err := striped(ctx, len(g.rows), func(i int) {
		sums := make([]float32, i+1)
		v := g.rows[i][g.part].Sparse
		for x, at := range v.Index {
			value := v.Value[x]
			for _, p := range postings[at] {
				if int(p.row) > i {
					break
				}
				sums[p.row] += value * p.value
			}
		}
		lower[i] = sums
	})
	if err != nil {
		return err
	}
	g.lower, g.closed = lower, true
	return nil
}
