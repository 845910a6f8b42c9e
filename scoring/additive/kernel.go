package additive

import (
	"context"
	"math"
	"runtime"

	"golang.org/x/sync/errgroup"
	"gonum.org/v1/gonum/mat"
)

// gaussian is the kernel of one Smooth column at a distance of d of its widths.
func gaussian(d float64) float64 { return math.Exp(-d * d / 2) }

// gaussianTable is gaussian at multiples of 1/tableSteps, for distances up to 2*Limit*narrowest: the kernel of
// 1 500 essays asks for it 200 million times.
var gaussianTable = func() []float64 {
	t := make([]float64, 2*Limit*narrowest*tableSteps+2)
	for i := range t {
		t[i] = gaussian(float64(i) / tableSteps)
	}
	return t
}()

const (
	tableSteps = 512
	narrowest  = 4 // times narrower than a standard deviation a Gaussian can be
)

func tabled(d float64) float64 {
	x := math.Abs(d) * tableSteps
	i := int(x)
	f := x - float64(i)
	return gaussianTable[i]*(1-f) + gaussianTable[i+1]*f
}

// kernel is the kernel of part i over the chosen rows, neither centred nor scaled. The measures are
// those of the chosen rows, with columns standardised.
func (d *Design) kernel(ctx context.Context, i int, rows []Measures, chosen []int) (*mat.SymDense, error) {
	if d.parts[i].Kind == Sparse {
		return d.inner[i].of(ctx, chosen)
	}
	n := len(rows)
	k := mat.NewSymDense(n, nil)
	err := striped(ctx, n, func(r int) { fill(k, &d.parts[i], rows, r) })
	return k, err
}

// striped calls row with 0 to n-1 from one goroutine a processor, in strides: of a symmetric matrix a row
// has as many entries as rows are behind it.
func striped(ctx context.Context, n int, row func(int)) error {
	g, ctx := errgroup.WithContext(ctx)
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		g.Go(func() error {
			for i := w; i < n; i += workers {
				if err := ctx.Err(); err != nil {
					return err
				}
				row(i)
			}
			return nil
		})
	}
	return g.Wait()
}

// fill computes row i of the kernel of a part with columns, from its diagonal on.
func fill(k *mat.SymDense, p *Part, rows []Measures, i int) {
	per := 1 / p.width()
	a := rows[i].Dense
	for j := i; j < len(rows); j++ {
		var s float64
		b := rows[j].Dense[:len(a)]
		if p.Kind == Smooth {
			for c, v := range a {
				s += tabled((v - b[c]) * per)
			}
		} else {
			for c, v := range a {
				s += v * b[c]
			}
		}
		k.SetSym(i, j, s)
	}
}

// scaled centres a kernel and gives it the mean trace weight, in place. It returns what it divided by; 0
// when the part does not vary over the rows, which leaves the kernel zero.
func scaled(k *mat.SymDense, weight float64) (divisor float64) {
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
		divisor += k.At(i, i) / float64(n)
	}
	if divisor < 1e-12 {
		k.Zero()
		return 0
	}
	divisor /= weight
	k.ScaleSym(1/divisor, k)
	return divisor
}
