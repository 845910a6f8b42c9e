package additive

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
)

// The closed form of the leave-one-out predictions is what refits without each row predict.
func TestLeaveOneOutIsARefit(t *testing.T) {
	const n = 25
	r := rand.New(rand.NewPCG(1, 1))
	points := mat.NewDense(n, 6, nil)
	y := make([]float64, n)
	for i := range n {
		for j := range 6 {
			points.Set(i, j, r.NormFloat64())
		}
		y[i] = 10 + points.At(i, 0) + r.NormFloat64()/3
	}
	var k mat.SymDense
	k.SymOuterK(1, points)
	scaled(&k, 1)
	for _, lambda := range []float64{.02, 1, 30} {
		s, err := newSystem(&k, lambda)
		require.NoError(t, err)
		got, err := s.solve(y)
		require.NoError(t, err)
		for left := range n {
			var keep []int
			for i := range n {
				if i != left {
					keep = append(keep, i)
				}
			}
			assert.InDelta(t, refit(t, &k, y, keep, left, lambda), got.loo[left], 1e-8)
		}
	}
}

// refit solves for weights and an intercept that is not penalised, on the kept rows, and predicts another.
func refit(t *testing.T, k *mat.SymDense, y []float64, keep []int, at int, lambda float64) float64 {
	m := len(keep)
	system := mat.NewDense(m+1, m+1, nil)
	right := mat.NewVecDense(m+1, nil)
	for x, i := range keep {
		for z, j := range keep {
			system.Set(x, z, k.At(i, j))
		}
		system.Set(x, x, k.At(i, i)+lambda)
		system.Set(x, m, 1)
		system.Set(m, x, 1)
		right.SetVec(x, y[i])
	}
	var solved mat.VecDense
	require.NoError(t, solved.SolveVec(system, right))
	sum := solved.AtVec(m)
	for x, i := range keep {
		sum += solved.AtVec(x) * k.At(at, i)
	}
	return sum
}

func TestScaledKernelIsCentredAndOfTheWeightAsked(t *testing.T) {
	k := mat.NewSymDense(3, []float64{5, 1, 2, 1, 4, 1, 2, 1, 9})
	scaled(k, 2)
	assert.InDelta(t, 2, mat.Trace(k)/3, 1e-12)
	for i := range 3 {
		assert.InDelta(t, 0, k.At(i, 0)+k.At(i, 1)+k.At(i, 2), 1e-12)
	}
}

// Products by n-gram are those of the vectors.
func TestGramsMultiply(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	const n, bits = 12, 5
	dense := mat.NewDense(n, 1<<bits, nil)
	rows := make([]Row, n)
	for i := range rows {
		var m Measures
		for at := range uint32(1 << bits) {
			if r.IntN(2) == 0 {
				m.Sparse.Index = append(m.Sparse.Index, at)
				m.Sparse.Value = append(m.Sparse.Value, float32(r.IntN(9)))
				dense.Set(i, int(at), float64(m.Sparse.Value[len(m.Sparse.Value)-1]))
			}
		}
		rows[i] = Row{m}
	}
	var want mat.SymDense
	want.SymOuterK(1, dense)
	g := grams{rows: rows, bits: bits}
	got, err := g.of(t.Context(), []int{11, 0, 5})
	require.NoError(t, err)
	for x, i := range []int{11, 0, 5} {
		for y, j := range []int{11, 0, 5} {
			assert.InDelta(t, want.At(i, j), got.At(x, y), 1e-9)
		}
	}
}
