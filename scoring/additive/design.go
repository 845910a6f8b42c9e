package additive

import (
	"fmt"
	"math"

	"github.com/rubrica/rubrica/scoring/ngram"
)

// Kind is how a part of the sum acts.
type Kind string

// The kinds of parts.
const (
	Smooth Kind = "smooth" // columns, each by a curve of its own
	Linear Kind = "linear" // columns, each by a weight
	Sparse Kind = "sparse" // n-grams, each by a weight
)

// Part is one kernel of the sum.
type Part struct {
	Name    string
	Kind    Kind
	Columns []string // names of the columns; none for Sparse
	Bits    uint     // Sparse: indexes are below 1<<Bits
	Weight  float64  // of the part's kernel in the sum, next to those of the others; 0 is 1
	Width   float64  // Smooth: of each column's Gaussian, in standard deviations of the column; 0 is 1
}

func (p Part) width() float64 {
	if p.Width == 0 {
		return 1
	}
	return p.Width
}

func (p Part) weight() float64 {
	if p.Weight == 0 {
		return 1
	}
	return p.Weight
}

// Row is one text: for each part of the design its columns or its n-grams.
type Row []Measures

// Measures is what one part sees of one text; Dense for Smooth and Linear parts, else Sparse.
type Measures struct {
	Dense  []float64
	Sparse ngram.Vector
}

// check holds a row against the parts.
func check(parts []Part, row Row) error {
	if len(row) != len(parts) {
		return fmt.Errorf("additive: a row has %d parts, the design %d", len(row), len(parts))
	}
	for i, p := range parts {
		switch p.Kind {
		case Sparse:
			if n := len(row[i].Sparse.Index); n > 0 && row[i].Sparse.Index[n-1] >= 1<<p.Bits {
				return fmt.Errorf("additive: part %s has an index beyond 1<<%d", p.Name, p.Bits)
			}
		default:
			if len(row[i].Dense) != len(p.Columns) {
				return fmt.Errorf("additive: part %s has %d columns, the design %d", p.Name, len(row[i].Dense), len(p.Columns))
			}
			for j, v := range row[i].Dense {
				if math.IsNaN(v) || math.IsInf(v, 0) {
					return fmt.Errorf("additive: column %s of part %s is %v", p.Columns[j], p.Name, v)
				}
			}
		}
	}
	return nil
}

// Standard is how a column is put on the common scale: (value - Mean) / Deviation, kept within ±Limit.
type Standard struct{ Mean, Deviation float64 }

// Limit is how far a standardised column can go: beyond, nothing was seen and nothing more is added.
const Limit = 4

// Of standardises a value.
func (s Standard) Of(v float64) float64 {
	if s.Deviation == 0 {
		return 0
	}
	return max(-Limit, min(Limit, (v-s.Mean)/s.Deviation))
}

// standards of the columns of rows.
func standards(rows []Measures, columns int) []Standard {
	out := make([]Standard, columns)
	n := float64(len(rows))
	for j := range out {
		var sum, squares float64
		for _, r := range rows {
			sum += r.Dense[j]
		}
		mean := sum / n
		for _, r := range rows {
			d := r.Dense[j] - mean
			squares += d * d
		}
		out[j] = Standard{Mean: mean}
		if sd := math.Sqrt(squares / n); sd > 1e-9*(1+math.Abs(mean)) {
			out[j].Deviation = sd
		}
	}
	return out
}
