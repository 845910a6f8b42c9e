package additive

import (
	"github.com/rubrica/rubrica/scoring/ngram"
)

// Model predicts by a sum: Base, and what each column and n-gram of a text adds.
type Model struct {
	Base  float64
	Parts []Effects
}

// Effects is what the columns or n-grams of a part add.
type Effects struct {
	Part
	Standards []Standard  // Smooth and Linear, by column
	Curves    [][]float32 // Smooth: by column, at the knots; nil when the part adds nothing
	Weights   []float32   // Linear by column, Sparse by index; nil when the part adds nothing
	Offset    float64     // Sparse: takes off what the n-grams of a text add on average
}

// Predict is the sum for a text. It panics on a row that is not of the model's design.
func (m *Model) Predict(row Row) float64 {
	sum := m.Base
	for i := range m.Parts {
		e := &m.Parts[i]
		switch e.Kind {
		case Sparse:
			sum += e.Offset + e.sparse(row[i])
		default:
			for j := range e.Columns {
				sum += e.Column(j, row[i].Dense[j])
			}
		}
	}
	return sum
}

// Column is what column j adds when it has the value v.
func (e *Effects) Column(j int, v float64) float64 {
	switch {
	case e.Curves != nil:
		return along(e.Curves[j], e.Standards[j].Of(v))
	case e.Weights != nil:
		return float64(e.Weights[j]) * e.Standards[j].Of(v)
	}
	return 0
}

// Gram is what the n-gram with an index adds when its log-count is v.
func (e *Effects) Gram(index uint32, v float32) float64 {
	if e.Weights == nil {
		return 0
	}
	return float64(e.Weights[index]) * float64(v)
}

func (e *Effects) sparse(m Measures) float64 { return e.Sum(m.Sparse) }

// Sum is what the n-grams of a text add together, without Offset.
func (e *Effects) Sum(v ngram.Vector) float64 {
	var s float64
	for x, at := range v.Index {
		s += e.Gram(at, v.Value[x])
	}
	return s
}
