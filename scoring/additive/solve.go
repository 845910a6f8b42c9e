package additive

import (
	"errors"
	"math"

	"gonum.org/v1/gonum/mat"
)

// solution of a ridge problem on a centred kernel.
type solution struct {
	lambda float64
	mean   float64
	alpha  []float64 // weights of the rows; they add up to 0
	loo    []float64 // prediction of each row by a model without it
}

// solve is kernel ridge regression with an intercept that is not penalised. The leave-one-out
// predictions follow from the diagonal of the hat matrix H = 11'/n + K(K+λI)⁻¹.
func solve(k *mat.SymDense, y []float64, lambda float64) (*solution, error) {
	n := len(y)
	g := mat.NewSymDense(n, nil)
	g.CopySym(k)
	for i := range n {
		g.SetSym(i, i, g.At(i, i)+lambda)
	}
	var c mat.Cholesky
	if !c.Factorize(g) {
		return nil, errors.New("additive: the kernel is not positive definite")
	}
	s := &solution{lambda: lambda, alpha: make([]float64, n), loo: make([]float64, n)}
	for _, v := range y {
		s.mean += v / float64(n)
	}
	rest := mat.NewVecDense(n, nil)
	for i, v := range y {
		rest.SetVec(i, v-s.mean)
	}
	alpha := mat.NewVecDense(n, s.alpha)
	if err := c.SolveVecTo(alpha, rest); err != nil {
		return nil, err
	}
	var inverse mat.SymDense
	if err := c.InverseTo(&inverse); err != nil {
		return nil, err
	}
	for i := range n {
		free := lambda*inverse.At(i, i) - 1/float64(n) // 1 - H_ii
		s.loo[i] = y[i] - lambda*s.alpha[i]/math.Max(free, 1e-9)
	}
	return s, nil
}

// The range in which the ridge parameter is searched, by its logarithm, for kernels of mean trace 1.
const (
	minLambda   = 0.01
	maxLambda   = 50
	lambdaSteps = 8
)

// best searches the ridge parameter with the least leave-one-out error by golden section.
func best(k *mat.SymDense, y []float64) (*solution, error) {
	var found *solution
	var failed error
	least := math.Inf(1)
	at := func(x float64) float64 {
		s, err := solve(k, y, math.Exp(x))
		if err != nil {
			failed = err
			return math.Inf(1)
		}
		var e float64
		for i, v := range y {
			e += (v - s.loo[i]) * (v - s.loo[i])
		}
		if e < least {
			least, found = e, s
		}
		return e
	}
	golden := (math.Sqrt(5) - 1) / 2
	a, b := math.Log(minLambda), math.Log(maxLambda)
	c, d := b-golden*(b-a), a+golden*(b-a)
	fc, fd := at(c), at(d)
	for range lambdaSteps - 2 {
		if fc < fd {
			b, d, fd = d, c, fc
			c = b - golden*(b-a)
			fc = at(c)
		} else {
			a, c, fc = c, d, fd
			d = a + golden*(b-a)
			fd = at(d)
		}
	}
	if found == nil {
		return nil, failed
	}
	return found, nil
}
