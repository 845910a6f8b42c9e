package pack

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/rubrica/rubrica/scoring/additive"
	"github.com/rubrica/rubrica/scoring/agreement"
	"github.com/rubrica/rubrica/scoring/pair"
)

// Row is a graded answer to fit on.
type Row struct {
	Question string    // answers to one question are compared with each other
	Measures []float64 // of pair.Reference.Of
	Share    float64   // of the points that a person gave, 0 to 1
	// Made rows have shares that were set and not graded: they teach the weights, not the level nor how
	// sure the model is.
	Made bool
}

// The ridge parameters that are tried.
var lambdas = []float64{0.1, 0.3, 1, 3, 10}

// sweeps of coordinate descent; it has settled long before.
const sweeps = 300

// minQuestions is the least number of questions that tell how a model does on a new one.
const minQuestions = 3

// Fit fits a model. What is learnt are differences between answers to one question, since the levels of
// questions are their own; each measure may count only the way that pair.Measure.Sense says. The ridge
// parameter is the one by which a model of the other questions tells the answers to a graded question
// apart best. Words are taken over as they are.
func Fit(ctx context.Context, rows []Row, words Words) (*Pack, error) {
	f, err := newFit(rows)
	if err != nil {
		return nil, err
	}
	best, most := lambdas[0], math.Inf(-1)
	var held []float64
	for _, lambda := range lambdas {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		predicted := f.heldOut(lambda)
		if r := f.within(predicted); r > most {
			best, most, held = lambda, r, predicted
		}
	}
	p := f.model(-1, best)
	p.Version, p.Words, p.Lambda = version, words, best
	p.judge(f, held, -1)
	return p, nil
}

// Without fits for each question a model of the others, by the name of the question, at the given ridge
// parameter; Words are those of p.
func (p *Pack) Without(rows []Row) (map[string]*Pack, error) {
	f, err := newFit(rows)
	if err != nil {
		return nil, err
	}
	held := f.heldOut(p.Lambda)
	out := make(map[string]*Pack, len(f.questions))
	for q, name := range f.questions {
		m := f.model(q, p.Lambda)
		m.Version, m.Model, m.Words, m.Lambda = version, p.Model, p.Words, p.Lambda
		m.judge(f, held, q)
		out[name] = m
	}
	return out, nil
}

// fit holds the sums from which a model is solved, by question, so that leaving one out is a subtraction.
type fit struct {
	rows      []Row
	questions []string // in the order of the rows
	of        []int    // question of each row
	standards []additive.Standard
	z         [][]float64
	target    []float64 // share less the question's mean
	mean      []float64 // share by question
	made      []bool    // by question
	moments   []moments
}

// moments of the rows of one question.
type moments struct {
	n     float64
	sum   []float64 // of the measures
	cross []float64 // of measures times target
	gram  []float64
}

func newFit(rows []Row) (*fit, error) {
	f := &fit{rows: rows, of: make([]int, len(rows)), target: make([]float64, len(rows)), z: make([][]float64, len(rows))}
	at := map[string]int{}
	for i, r := range rows {
		if len(r.Measures) != len(pair.Measures) {
			return nil, fmt.Errorf("pack: row %d has %d measures, not %d", i, len(r.Measures), len(pair.Measures))
		}
		if !(r.Share >= 0 && r.Share <= 1) {
			return nil, fmt.Errorf("pack: row %d has the share %v; shares are 0 to 1", i, r.Share)
		}
		q, ok := at[r.Question]
		if !ok {
			q = len(f.questions)
			at[r.Question] = q
			f.questions = append(f.questions, r.Question)
			f.made = append(f.made, true)
		}
		f.of[i] = q
		f.made[q] = f.made[q] && r.Made
	}
	graded := 0
	for _, made := range f.made {
		if !made {
			graded++
		}
	}
	if graded < minQuestions {
		return nil, errors.New("pack: too few graded questions to tell how a model does on a new one: it takes three")
	}
	f.centre()
	f.standardize()
	f.sum()
	return f, nil
}

// centre takes the mean of its question off each share.
func (f *fit) centre() {
	f.mean = make([]float64, len(f.questions))
	n := make([]float64, len(f.questions))
	for i, r := range f.rows {
		f.mean[f.of[i]] += r.Share
		n[f.of[i]]++
	}
	for q := range f.mean {
		f.mean[q] /= n[q]
	}
	for i, r := range f.rows {
		f.target[i] = r.Share - f.mean[f.of[i]]
	}
}

// standardize puts the measures on a common scale: mean and deviation over the graded rows. They are
// of all questions, also where one is left out: no share enters them.
func (f *fit) standardize() {
	k := len(pair.Measures)
	f.standards = make([]additive.Standard, k)
	for j := range k {
		var n, sum, squares float64
		for _, r := range f.rows {
			if !r.Made {
				n++
				sum += r.Measures[j]
			}
		}
		mean := sum / n
		for _, r := range f.rows {
			if !r.Made {
				squares += (r.Measures[j] - mean) * (r.Measures[j] - mean)
			}
		}
		f.standards[j] = additive.Standard{Mean: mean}
		if d := math.Sqrt(squares / n); d > 1e-9*(1+math.Abs(mean)) {
			f.standards[j].Deviation = d
		}
	}
	for i, r := range f.rows {
		f.z[i] = make([]float64, k)
		for j, v := range r.Measures {
			f.z[i][j] = f.standards[j].Of(v)
		}
	}
}

func (f *fit) sum() {
	k := len(pair.Measures)
	f.moments = make([]moments, len(f.questions))
	for q := range f.moments {
		f.moments[q] = moments{sum: make([]float64, k), cross: make([]float64, k), gram: make([]float64, k*k)}
	}
	for i, z := range f.z {
		m := &f.moments[f.of[i]]
		m.n++
		for j, v := range z {
			m.sum[j] += v
			m.cross[j] += v * f.target[i]
			for l, w := range z {
				m.gram[j*k+l] += v * w
			}
		}
	}
}

// model is solved without question `without`; -1 leaves none out.
func (f *fit) model(without int, lambda float64) *Pack {
	k := len(pair.Measures)
	all := moments{sum: make([]float64, k), cross: make([]float64, k), gram: make([]float64, k*k)}
	var level, graded float64
	for q := range f.moments {
		if q == without {
			continue
		}
		m := &f.moments[q]
		all.n += m.n
		for j := range m.sum {
			all.sum[j] += m.sum[j]
			all.cross[j] += m.cross[j]
		}
		for j := range m.gram {
			all.gram[j] += m.gram[j]
		}
		if !f.made[q] {
			level += f.mean[q]
			graded++
		}
	}
	p := &Pack{Base: level / graded}
	weights := all.solve(lambda)
	for j, m := range pair.Measures {
		p.Weights = append(p.Weights, Weight{Key: m.Key, Standard: f.standards[j], Weight: weights[j]})
	}
	return p
}

// lead is the measure that is known to tell most (package pair); its weight is not shrunk, so that the
// others correct it rather than replace it.
const lead = "aligned_recall"

// solve is ridge regression with signs, by coordinate descent. Targets have mean 0 in each question.
func (m *moments) solve(lambda float64) []float64 {
	k := len(m.sum)
	g := mat.NewSymDense(k, nil)
	for j := range k {
		for l := j; l < k; l++ {
			g.SetSym(j, l, m.gram[j*k+l]-m.sum[j]*m.sum[l]/m.n)
		}
		if pair.Measures[j].Key != lead {
			g.SetSym(j, j, g.At(j, j)+lambda*m.n)
		}
	}
	w := make([]float64, k)
	for range sweeps {
		for j, measure := range pair.Measures {
			if measure.Sense == pair.Either {
				continue // may not count
			}
			rest := m.cross[j]
			for l := range k {
				if l != j {
					rest -= g.At(j, l) * w[l]
				}
			}
			if g.At(j, j) > 0 {
				w[j] = rest / g.At(j, j)
			}
			if w[j]*float64(measure.Sense) < 0 {
				w[j] = 0
			}
		}
	}
	return w
}

// heldOut predicts each row by a model of the other questions.
func (f *fit) heldOut(lambda float64) []float64 {
	out := make([]float64, len(f.rows))
	models := make([]*Pack, len(f.questions))
	for q := range models {
		if !f.made[q] {
			models[q] = f.model(q, lambda)
		}
	}
	for i := range f.rows {
		if m := models[f.of[i]]; m != nil {
			out[i] = m.of(f.rows[i].Measures)
		}
	}
	return out
}

// within is the correlation of predictions and shares among answers to the same question, over all of them.
func (f *fit) within(predicted []float64) float64 {
	mean, n := make([]float64, len(f.questions)), make([]float64, len(f.questions))
	for i := range f.rows {
		mean[f.of[i]] += predicted[i]
		n[f.of[i]]++
	}
	var a, b []float64
	for i, r := range f.rows {
		if q := f.of[i]; !r.Made {
			a, b = append(a, predicted[i]-mean[q]/n[q]), append(b, f.target[i])
		}
	}
	return agreement.Pearson(a, b)
}

// judge sets how sure the model is of a new question, from predictions of questions that had been left out;
// nothing of question `without` enters.
func (p *Pack) judge(f *fit, held []float64, without int) {
	level, n := make([]float64, len(f.questions)), make([]float64, len(f.questions))
	for i := range f.rows {
		level[f.of[i]] += held[i]
		n[f.of[i]]++
	}
	var residuals []float64
	var cross, squares float64
	each := func(see func(q int, deviation, target float64)) {
		for i, r := range f.rows {
			if q := f.of[i]; !r.Made && q != without {
				see(q, held[i]-level[q]/n[q], f.target[i])
			}
		}
	}
	each(func(_ int, deviation, target float64) {
		cross += deviation * target
		squares += deviation * deviation
	})
	p.Stretch = 1
	if squares > 0 {
		p.Stretch = max(1, cross/squares)
	}
	var within, rows float64
	each(func(_ int, deviation, target float64) {
		e := target - p.Stretch*deviation
		within += e * e
		rows++
	})
	var between, questions float64
	for i, r := range f.rows {
		if !r.Made && f.of[i] != without {
			residuals = append(residuals, math.Abs(r.Share-held[i]))
		}
	}
	for q, made := range f.made {
		if !made && q != without {
			e := f.mean[q] - level[q]/n[q]
			between += e * e
			questions++
		}
	}
	slices.Sort(residuals)
	p.Half = residuals[min(len(residuals)-1, int(math.Ceil(coverage*float64(len(residuals)+1)))-1)]
	p.Within = math.Sqrt(within / (rows - questions))
	p.Between = math.Sqrt(max(0, between/questions-p.Within*p.Within*questions/rows))
}

// coverage of the range of a new question.
const coverage = 0.9
