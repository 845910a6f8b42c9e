package collaborative

import (
	"context"
	"fmt"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/mat"
)

// MaxEASEItems bounds the catalogue that EASE is fitted on: memory grows with the square of the items (200 MB
// at the bound) and time with the cube.
const MaxEASEItems = 5000

// EASE is the closed-form linear autoencoder of Steck (2019, "Embarrassingly Shallow Autoencoders for Sparse
// Data"). With X the binary interactions,
//
//	P    = (XᵀX + Lambda·I)⁻¹
//	B_ij = -P_ij / P_jj for i ≠ j, B_jj = 0
//	score(u, j) = Σ over i in I_u of B_ij
//
// Of each row of B the Keep weights of the largest magnitude are kept, as the list of item i; 0 keeps all.
type EASE struct {
	Lambda float64
	Keep   int
}

// EASEDefault is used where nothing else was chosen. What the cut to 400 costs stands in docs/quality.md.
var EASEDefault = EASE{Lambda: 300, Keep: 400}

// Items fits the lists of items. It fails with ErrTooLarge on more than MaxEASEItems, and when the context ends.
func (e EASE) Items(ctx context.Context, m *Interactions) (*Lists, error) {
	n := len(m.items)
	if n > MaxEASEItems {
		return nil, fmt.Errorf("%w: EASE takes up to %d items, not %d: use item-KNN", ErrTooLarge, MaxEASEItems, n)
	}
	if !(e.Lambda > 0) {
		return nil, fmt.Errorf("collaborative: EASE with λ = %v: it must be above 0", e.Lambda)
	}
	a := e.gram(m)
	if err := invert(ctx, a); err != nil {
		return nil, err
	}
	keep := e.Keep
	if keep <= 0 {
		keep = n
	}
	l := &Lists{ids: m.items, links: make([][]link, n)}
	parallel(n, func() *top { return &top{n: keep} }, func(best *top, i int) {
		for j := range n {
			if j == i || len(m.takers[i]) == 0 {
				continue
			}
			p := a.Data[min(i, j)*n+max(i, j)]
			if w := -p / a.Data[j*n+j]; w != 0 {
				best.add(link{int32(j), w}) //nolint:gosec // MaxEASEItems
			}
		}
		l.links[i] = best.take()
	})
	return l, nil
}

// gram is XᵀX + λI, its upper triangle.
func (e EASE) gram(m *Interactions) blas64.Symmetric {
	n := len(m.items)
	a := blas64.Symmetric{N: n, Stride: n, Data: make([]float64, n*n), Uplo: blas.Upper}
	parallel(n, func() struct{} { return struct{}{} }, func(_ struct{}, i int) {
		row := a.Data[i*n : (i+1)*n]
		for _, u := range m.takers[i] {
			for _, j := range m.taken[u] {
				if int(j) >= i {
					row[j]++
				}
			}
		}
		row[i] += e.Lambda
	})
	return a
}

// inversionBlock is how many rows are eliminated at a time: the size of the blocks that gonum multiplies by.
const inversionBlock = 64

// invert puts the inverse of a positive definite matrix in place of its upper triangle. Blocks of rows are
// swept one after another (Beaton 1964): with K the block and D the inverse of its part, by Cholesky,
//
//	A_ij -= A_iK·D·A_Kj,  A_Kj = D·A_Kj,  A_KK = -D
//
// and after the last block A is minus its inverse. It is what Cholesky's solution costs, n³ steps, but almost
// all of it in products of large matrices, which gonum spreads over cores; its triangular routines use one.
func invert(ctx context.Context, a blas64.Symmetric) error {
	n := a.N
	c := make([]float64, n*inversionBlock) // A_·K, both sides of the diagonal
	w := make([]float64, inversionBlock*n) // D·A_K·
	for from := 0; from < n; from += inversionBlock {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("collaborative: %w", err)
		}
		to := min(n, from+inversionBlock)
		b := to - from
		columns := blas64.General{Rows: n, Cols: b, Stride: b, Data: c[:n*b]}
		for j := range n {
			for i := range b {
				columns.Data[j*b+i] = a.Data[min(from+i, j)*n+max(from+i, j)]
			}
		}
		d, err := inverseOf(blas64.General{Rows: b, Cols: b, Stride: b, Data: columns.Data[from*b:]})
		if err != nil {
			return err
		}
		product := blas64.General{Rows: b, Cols: n, Stride: n, Data: w[:b*n]}
		blas64.Gemm(blas.NoTrans, blas.Trans, 1, d, columns, 0, product)
		for top := 0; top < n; top += inversionStripe { // the upper triangle, stripe by stripe
			h := min(inversionStripe, n-top)
			blas64.Gemm(blas.NoTrans, blas.NoTrans, -1, // of gonum's products the fastest, 2.5 times that of Aᵀ·B
				blas64.General{Rows: h, Cols: b, Stride: b, Data: columns.Data[top*b:]},
				blas64.General{Rows: b, Cols: n - top, Stride: n, Data: product.Data[top:]},
				1, blas64.General{Rows: h, Cols: n - top, Stride: n, Data: a.Data[top*n+top:]})
		}
		for i := range b {
			for j := range n {
				switch at := from + i; {
				case j >= to:
					a.Data[at*n+j] = product.Data[i*n+j]
				case j < from:
					a.Data[j*n+at] = product.Data[i*n+j]
				case j >= at:
					a.Data[at*n+j] = -d.Data[i*d.Stride+j-from]
				}
			}
		}
	}
	for i := range n {
		for j := i; j < n; j++ {
			a.Data[i*n+j] = -a.Data[i*n+j]
		}
	}
	return nil
}

// inversionStripe is how many rows of the triangle are updated at a time.
const inversionStripe = 256

// inverseOf is the inverse of a block on the diagonal.
func inverseOf(symmetric blas64.General) (blas64.General, error) {
	block := mat.NewSymDense(symmetric.Rows, nil)
	for i := range symmetric.Rows {
		for j := i; j < symmetric.Cols; j++ {
			block.SetSym(i, j, symmetric.Data[i*symmetric.Stride+j])
		}
	}
	var factor mat.Cholesky
	if !factor.Factorize(block) {
		return blas64.General{}, fmt.Errorf("collaborative: the matrix of EASE is not positive definite")
	}
	var inverse mat.SymDense
	if err := factor.InverseTo(&inverse); err != nil {
		return blas64.General{}, fmt.Errorf("collaborative: %w", err)
	}
	var full mat.Dense
	full.CloneFrom(&inverse)
	return full.RawMatrix(), nil
}
