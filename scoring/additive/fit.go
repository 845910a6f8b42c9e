package additive

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// Fitted is a model with what was learnt on the way.
type Fitted struct {
	Model *Model
	// LOO is the prediction of each row by a model that was fitted without it, before any map to a grid.
	LOO    []float64
	Lambda float64
}

// MinRows is the least number of rows that a model is fitted on.
const MinRows = 5

// Design is a table of texts that models are fitted on: all of them, or any part, as when some are held
// out. What does not depend on which rows are chosen is computed once. It is safe for concurrent use.
type Design struct {
	parts []Part
	rows  []Row
	inner []*grams // of Sparse parts
}

// NewDesign holds the rows against the parts; the error says which row is wrong and why. The rows may
// not be changed afterwards.
func NewDesign(parts []Part, rows []Row) (*Design, error) {
	for _, p := range parts {
		if p.Weight < 0 || p.Width < 0 || p.width() < 1.0/narrowest {
			return nil, fmt.Errorf("additive: part %s has the weight %v and the width %v; weights are positive, widths at least %v",
				p.Name, p.Weight, p.Width, 1.0/narrowest)
		}
	}
	for i, r := range rows {
		if err := check(parts, r); err != nil {
			return nil, fmt.Errorf("row %d: %w", i, err)
		}
	}
	d := &Design{parts: parts, rows: rows, inner: make([]*grams, len(parts))}
	for i, p := range parts {
		if p.Kind == Sparse {
			d.inner[i] = &grams{rows: rows, part: i, bits: p.Bits}
		}
	}
	return d, nil
}

// Fit fits one model for each of the targets (the traits or criteria that the same rows were graded
// by), sharing the kernels. The error says what is wrong with the rows; ctx ends the work early.
func Fit(ctx context.Context, parts []Part, rows []Row, targets ...[]float64) ([]*Fitted, error) {
	d, err := NewDesign(parts, rows)
	if err != nil {
		return nil, err
	}
	all := make([]int, len(rows))
	for i := range all {
		all[i] = i
	}
	return d.Fit(ctx, all, targets...)
}

// Fit fits on the chosen rows alone; a target has one score for each of them, in their order. All that
// is estimated (standards, centres, traces, the ridge parameter) is of these rows.
func (d *Design) Fit(ctx context.Context, chosen []int, targets ...[]float64) ([]*Fitted, error) {
	return d.fit(ctx, chosen, targets, func(sum *mat.SymDense) ([]*solution, error) { return search(ctx, sum, targets) })
}

// FitAt is Fit at a ridge parameter that is known beforehand, as from other questions: too few rows do not
// tell it.
func (d *Design) FitAt(ctx context.Context, lambda float64, chosen []int, targets ...[]float64) ([]*Fitted, error) {
	return d.fit(ctx, chosen, targets, func(sum *mat.SymDense) ([]*solution, error) {
		s, err := newSystem(sum, lambda)
		if err != nil {
			return nil, err
		}
		out := make([]*solution, len(targets))
		for t, y := range targets {
			if out[t], err = s.solve(y); err != nil {
				return nil, err
			}
		}
		return out, nil
	})
}

func (d *Design) fit(ctx context.Context, chosen []int, targets [][]float64, solve func(*mat.SymDense) ([]*solution, error)) ([]*Fitted, error) {
	if len(chosen) < MinRows {
		return nil, fmt.Errorf("additive: %d rows are too few, it takes %d", len(chosen), MinRows)
	}
	for _, y := range targets {
		if len(y) != len(chosen) {
			return nil, fmt.Errorf("additive: %d scores for %d rows", len(y), len(chosen))
		}
	}
	sum := mat.NewSymDense(len(chosen), nil)
	prepared := make([]prepared, len(d.parts))
	for i, p := range d.parts {
		q := &prepared[i]
		q.prepare(p, d.rows, i, chosen)
		k, err := d.kernel(ctx, i, q.measures, chosen)
		if err != nil {
			return nil, err
		}
		q.trace = scaled(k, p.weight())
		sum.AddSym(sum, k)
	}
	solutions, err := solve(sum)
	if err != nil {
		return nil, err
	}
	out := make([]*Fitted, len(targets))
	for t, s := range solutions {
		out[t] = &Fitted{LOO: s.loo, Lambda: s.lambda, Model: &Model{Base: s.mean}}
		for i := range prepared {
			out[t].Model.Parts = append(out[t].Model.Parts, prepared[i].effects(s.alpha))
		}
	}
	return out, nil
}

// prepared is a part with its rows on the common scale.
type prepared struct {
	Part
	standards []Standard
	measures  []Measures
	trace     float64 // that the kernel was divided by, for the weight of the part; 0 when it does not vary
}

func (p *prepared) prepare(part Part, rows []Row, at int, chosen []int) {
	p.Part, p.measures = part, make([]Measures, len(chosen))
	for x, r := range chosen {
		p.measures[x] = rows[r][at]
	}
	if part.Kind == Sparse {
		return
	}
	p.standards = standards(p.measures, len(part.Columns))
	for x, m := range p.measures {
		p.measures[x] = p.standardized(m)
	}
}

func (p *prepared) standardized(m Measures) Measures {
	if p.Kind == Sparse {
		return m
	}
	out := make([]float64, len(m.Dense))
	for j, v := range m.Dense {
		out[j] = p.standards[j].Of(v)
	}
	return Measures{Dense: out}
}

// effects turns the weights of the rows into what each column or n-gram adds. Effects are centred:
// over the fitted rows each adds nothing on average.
func (p *prepared) effects(alpha []float64) Effects {
	e := Effects{Part: p.Part, Standards: p.standards}
	if p.trace == 0 {
		return e
	}
	switch p.Kind {
	case Sparse:
		e.Weights = make([]float32, 1<<p.Bits)
		for r, m := range p.measures {
			a := float32(alpha[r] / p.trace)
			for x, at := range m.Sparse.Index {
				e.Weights[at] += a * m.Sparse.Value[x]
			}
		}
		var mean float64
		for _, m := range p.measures {
			mean += e.sparse(m) / float64(len(p.measures))
		}
		e.Offset = -mean
	case Linear:
		e.Weights = make([]float32, len(p.Columns))
		for r, m := range p.measures {
			for j, v := range m.Dense {
				e.Weights[j] += float32(alpha[r] / p.trace * v)
			}
		}
	case Smooth:
		e.Curves = make([][]float32, len(p.Columns))
		for j := range p.Columns {
			e.Curves[j] = p.curve(j, alpha)
		}
	}
	return e
}

// curve is what a Smooth column adds at each knot.
func (p *prepared) curve(column int, alpha []float64) []float32 {
	exact := make([]float64, Knots)
	for i := range exact {
		at := knot(i)
		for r, m := range p.measures {
			exact[i] += alpha[r] / p.trace * gaussian((at-m.Dense[column])/p.width())
		}
	}
	out := make([]float32, Knots)
	for i, v := range exact {
		out[i] = float32(v)
	}
	var mean float64
	for _, m := range p.measures {
		mean += along(out, m.Dense[column]) / float64(len(p.measures))
	}
	for i, v := range exact {
		out[i] = float32(v - mean)
	}
	return out
}

// Knots is the number of points by which a curve is kept, evenly from -Limit to Limit; between them
// it is straight.
const Knots = 65

func knot(i int) float64 { return -Limit + 2*Limit*float64(i)/(Knots-1) }

// along is the value of a curve at a standardised value.
func along(curve []float32, z float64) float64 {
	x := (z + Limit) / (2 * Limit) * (Knots - 1)
	i := int(math.Floor(x))
	if i >= Knots-1 {
		return float64(curve[Knots-1])
	}
	f := x - float64(i)
	return float64(curve[i])*(1-f) + float64(curve[i+1])*f
}
