package additive

import (
	"context"
	"math"
	"runtime"

	"golang.org/x/sync/errgroup"
	"gonum.org/v1/gonum/mat"
)

// width of the Gaussian of a Smooth column, in standard deviations of the column.
const width = 1.0

// gaussian is the kernel of one Smooth column at a distance of d standard deviations.
func gaussian(d float64) float64 { return math.Exp(-d * d / (2 * width * width)) }

// gaussianTable is gaussian at multiples of 1/tableSteps, for distances up to 2*Limit: the kernel of
// 1 500 essays asks for it 200 million times.
var gaussianTable = func() []float64 {
	t := make([]float64, 2*Limit*tableSteps+2)
	for i := range t {
		t[i] = gaussian(float64(i) / tableSteps)
	}
	return t
}()

const tableSteps = 512

func tabled(d float64) float64 {
	x := math.Abs(d) * tableSteps
	i := int(x)
	f := x - float64(i)
	return gaussianTable[i]*(1-f) + gaussianTable[i+1]*f
}

// kernel is the kernel of one part over all pairs of rows, neither centred nor scaled. Columns of
// Smooth and Linear parts come standardised.
func kernel(ctx context.Context, p Part, rows []Measures) (*mat.SymDense, error) {
	n := len(rows)
	k := mat.NewSymDense(n, nil)
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	// Rows in strides: a row has as many entries as rows are behind it.
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		g.Go(func() error {
			var scattered []float32
			if p.Kind == Sparse {
				scattered = make([]float32, 1<<p.Bits)
			}
			for i := w; i < n; i += workers {
				if err := ctx.Err(); err != nil {
					return err
				}
				fill(k, p.Kind, rows, i, scattered)
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return k, nil
}

// fill computes row i of the kernel from its diagonal on.
func fill(k *mat.SymDense, kind Kind, rows []Measures, i int, scattered []float32) {
	switch kind {
	case Sparse:
		a := rows[i].Sparse
		for x, at := range a.Index {
			scattered[at] = a.Value[x]
		}
		for j := i; j < len(rows); j++ {
			b := rows[j].Sparse
			var s float32
			for x, at := range b.Index {
				s += scattered[at] * b.Value[x]
			}
			k.SetSym(i, j, float64(s))
		}
		for _, at := range a.Index {
			scattered[at] = 0
		}
	case Smooth:
		a := rows[i].Dense
		for j := i; j < len(rows); j++ {
			var s float64
			for c, v := range rows[j].Dense {
				s += tabled(a[c] - v)
			}
			k.SetSym(i, j, s)
		}
	case Linear:
		a := rows[i].Dense
		for j := i; j < len(rows); j++ {
			var s float64
			for c, v := range rows[j].Dense {
				s += a[c] * v
			}
			k.SetSym(i, j, s)
		}
	}
}

// scaled centres a kernel and divides it by its mean trace, in place. It returns the trace; 0 when the
// part does not vary over the rows, which leaves the kernel zero.
func scaled(k *mat.SymDense) (trace float64) {
	n := k.SymmetricDim()
	means := make([]float64, n)
	var total float64
	for i := range n {
		for j := range n {
			means[i] += k.At(i, j)
		}
		means[i] /= float64(n)
		total += means[i] / float64(n)
	}
	for i := range n {
		for j := i; j < n; j++ {
			k.SetSym(i, j, k.At(i, j)-means[i]-means[j]+total)
		}
		trace += k.At(i, i) / float64(n)
	}
	if trace < 1e-12 {
		k.Zero()
		return 0
	}
	k.ScaleSym(1/trace, k)
	return trace
}
