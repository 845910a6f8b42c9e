package additive

import (
	"context"
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/lapack/lapack64"
	"gonum.org/v1/gonum/mat"
)

// solution of a ridge problem on a centred kernel.
type solution struct {
	lambda float64
	mean   float64
	alpha  []float64 // weights of the rows; they add up to 0
	loo    []float64 // prediction of each row by a model without it
	press  float64   // sum of the squared leave-one-out errors
}

// system is a kernel with a ridge parameter, factorised: what all targets share.
type system struct {
	lambda   float64
	factor   mat.Cholesky
	diagonal []float64 // of (K+λI)⁻¹
}

func newSystem(k *mat.SymDense, lambda float64) (*system, error) {
	n := k.SymmetricDim()
	ridged := mat.NewSymDense(n, nil)
	ridged.CopySym(k)
	for i := range n {
		ridged.SetSym(i, i, ridged.At(i, i)+lambda)
	}
	s := &system{lambda: lambda, diagonal: make([]float64, n)}
	if !s.factor.Factorize(ridged) {
		return nil, errors.New("additive: the kernel is not positive definite")
	}
	// With K+λI = U'U the inverse is U⁻¹U⁻¹', whose diagonal is all that is needed: half the work.
	u := s.factor.RawU().(*mat.TriDense).RawTriangular() // a view of the factor, which must stay
	upper := blas64.Triangular{
		Uplo: blas.Upper, Diag: blas.NonUnit, N: n, Stride: n, Data: make([]float64, n*n),
	}
	for i := range n {
		copy(upper.Data[i*n+i:(i+1)*n], u.Data[i*u.Stride+i:i*u.Stride+n])
	}
	if !lapack64.Trtri(upper) {
		return nil, errors.New("additive: the kernel is singular")
	}
	for i := range n {
		for _, v := range upper.Data[i*n+i : (i+1)*n] {
			s.diagonal[i] += v * v
		}
	}
	return s, nil
}

// solve is kernel ridge regression with an intercept that is not penalised. The leave-one-out
// predictions follow from the diagonal of the hat matrix H = 11'/n + K(K+λI)⁻¹.
func (s *system) solve(y []float64) (*solution, error) {
	n := len(y)
	out := &solution{lambda: s.lambda, alpha: make([]float64, n), loo: make([]float64, n)}
	for _, v := range y {
		out.mean += v / float64(n)
	}
	rest := mat.NewVecDense(n, nil)
	for i, v := range y {
		rest.SetVec(i, v-out.mean)
	}
	if err := s.factor.SolveVecTo(mat.NewVecDense(n, out.alpha), rest); err != nil {
		return nil, fmt.Errorf("additive: solve: %w", err)
	}
	for i := range n {
		free := s.lambda*s.diagonal[i] - 1/float64(n) // 1 - H_ii
		e := s.lambda * out.alpha[i] / math.Max(free, 1e-9)
		out.loo[i] = y[i] - e
		out.press += e * e
	}
	return out, nil
}

// The range in which the ridge parameter is searched, by its logarithm, for kernels of mean trace 1.
const (
	minLambda   = 0.01
	maxLambda   = 50
	lambdaSteps = 8
)

// coarseRows is the number of rows from which the ridge parameter is first searched on a part of them: its
// best value hardly depends on their number, and the work grows by the cube of it.
const coarseRows = 1200

// fineStep is how far around the value of a part the parameter is tried on all rows, by its logarithm.
const fineStep = 0.35

// search finds the ridge parameter with the least leave-one-out error, on the sum of the targets' errors,
// each as a share of the target's variance: a factorisation is the dear part, and serves all targets. Each
// target then has the best of the parameters that were tried.
func search(ctx context.Context, k *mat.SymDense, targets [][]float64) ([]*solution, error) {
	n := k.SymmetricDim()
	if n <= coarseRows {
		t := newTrials(ctx, k, targets)
		t.golden()
		return t.result()
	}
	part := mat.NewSymDense(coarseRows, nil)
	some := make([][]float64, len(targets))
	for x := range coarseRows {
		i := x * n / coarseRows
		for y := x; y < coarseRows; y++ {
			part.SetSym(x, y, k.At(i, y*n/coarseRows))
		}
		for t := range targets {
			some[t] = append(some[t], targets[t][i])
		}
	}
	coarse := newTrials(ctx, part, some)
	at := coarse.golden()
	if coarse.failed != nil {
		return nil, coarse.failed
	}
	t := newTrials(ctx, k, targets)
	t.at(at)
	t.at(at - fineStep)
	t.at(at + fineStep)
	return t.result()
}

// trials tries ridge parameters and keeps the best for each target.
type trials struct {
	ctx     context.Context //nolint:containedctx // of the one search that it is made for
	kernel  *mat.SymDense
	targets [][]float64
	found   []*solution
	failed  error
}

func newTrials(ctx context.Context, k *mat.SymDense, targets [][]float64) *trials {
	return &trials{ctx: ctx, kernel: k, targets: targets, found: make([]*solution, len(targets))}
}

func (t *trials) result() ([]*solution, error) {
	if t.failed != nil {
		return nil, t.failed
	}
	return t.found, nil
}

// at is the error with exp(x) as the parameter; after a failure it is infinite.
func (t *trials) at(x float64) float64 {
	if t.failed == nil {
		t.failed = t.ctx.Err()
	}
	if t.failed != nil {
		return math.Inf(1)
	}
	var s *system
	if s, t.failed = newSystem(t.kernel, math.Exp(x)); t.failed != nil {
		return math.Inf(1)
	}
	var sum float64
	for i, y := range t.targets {
		one, err := s.solve(y)
		if err != nil {
			t.failed = err
			return math.Inf(1)
		}
		if t.found[i] == nil || one.press < t.found[i].press {
			t.found[i] = one
		}
		if v := spread(y); v > 0 {
			sum += one.press / v
		}
	}
	return sum
}

// golden is a golden section search; it gives the logarithm of the best parameter.
func (t *trials) golden() float64 {
	golden := (math.Sqrt(5) - 1) / 2
	a, b := math.Log(minLambda), math.Log(maxLambda)
	c, d := b-golden*(b-a), a+golden*(b-a)
	fc, fd := t.at(c), t.at(d)
	for range lambdaSteps - 2 {
		if fc < fd {
			b, d, fd = d, c, fc
			c = b - golden*(b-a)
			fc = t.at(c)
		} else {
			a, c, fc = c, d, fd
			d = a + golden*(b-a)
			fd = t.at(d)
		}
	}
	if fc < fd {
		return c
	}
	return d
}

// spread is the sum of squared distances to the mean.
func spread(y []float64) (s float64) {
	var mean float64
	for _, v := range y {
		mean += v / float64(len(y))
	}
	for _, v := range y {
		s += (v - mean) * (v - mean)
	}
	return s
}
