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

// Fit fits one model for each of the targets (the traits or criteria that the same rows were graded
// by), sharing the kernels. The error says what is wrong with the rows; ctx ends the work early.
func Fit(ctx context.Context, parts []Part, rows []Row, targets ...[]float64) ([]*Fitted, error) {
	if len(rows) < MinRows {
		return nil, fmt.Errorf("additive: %d rows are too few, it takes %d", len(rows), MinRows)
	}
	for i, r := range rows {
		if err := check(parts, r); err != nil {
			return nil, fmt.Errorf("row %d: %w", i, err)
		}
	}
	for _, y := range targets {
		if len(y) != len(rows) {
			return nil, fmt.Errorf("additive: %d scores for %d rows", len(y), len(rows))
		}
	}
	sum := mat.NewSymDense(len(rows), nil)
	prepared := make([]prepared, len(parts))
	for i, p := range parts {
		q := &prepared[i]
		q.Part, q.measures = p, make([]Measures, len(rows))
		if p.Kind != Sparse {
			q.standards = standards(rows, i, len(p.Columns))
		}
		for r := range rows {
			q.measures[r] = q.standardized(rows[r][i])
		}
		k, err := kernel(ctx, p, q.measures)
		if err != nil {
			return nil, err
		}
		q.trace = scaled(k)
		sum.AddSym(sum, k)
	}
	out := make([]*Fitted, len(targets))
	for t, y := range targets {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		s, err := best(sum, y)
		if err != nil {
			return nil, err
		}
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
	trace     float64
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
			exact[i] += alpha[r] / p.trace * gaussian(at-m.Dense[column])
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
