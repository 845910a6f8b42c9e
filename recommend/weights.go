package recommend

import (
	"math"
	"slices"

	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/rag"
)

// Weighted is a signal and how much it counts. The weights of the signals that judge an item are
// scaled to add up to 1.
type Weighted struct {
	Signal
	Weight float64 // above 0
}

// DefaultWeights are those of a track that has no weights of its own. The skill gap leads because it rests on
// what people wrote down of questions and credentials; texts that are merely near come second; what alike
// learners went on to, third; the level decides between what is left. Popularity only breaks ties.
var DefaultWeights = Weights{
	enums.SignalSkillGap:      0.36,
	enums.SignalSemantic:      0.23,
	enums.SignalCollaborative: 0.20,
	enums.SignalLevelFit:      0.17,
	enums.SignalPopularity:    0.04,
}

// signalOrder is the order in which signals are asked and their facts told.
var signalOrder = []enums.Signal{
	enums.SignalSkillGap, enums.SignalSemantic, enums.SignalCollaborative, enums.SignalLevelFit, enums.SignalPopularity,
}

// Defaults are the signals in use, with DefaultWeights.
func Defaults(index *rag.Index) []Weighted {
	all := map[enums.Signal]Signal{
		enums.SignalSkillGap: SkillGap{}, enums.SignalSemantic: Semantic{newRemembering(index)},
		enums.SignalCollaborative: Collaborative{}, enums.SignalLevelFit: LevelFit{}, enums.SignalPopularity: Popularity{},
	}
	out := make([]Weighted, len(signalOrder))
	for i, name := range signalOrder {
		out[i] = Weighted{all[name], DefaultWeights[name]}
	}
	return out
}

// What fitting the weights of a track takes.
const (
	fitLearners  = 30    // who took up something that was recommended
	fitChoices   = 100   // of theirs
	maxPairs     = 50000 // the newest count
	maxPopular   = 0.10  // popularity never counts more
	sharpness    = 10.0  // of the logistic: a difference of 0.1 in score makes odds of e
	priorPairs   = 200   // how many pairs the default weights are worth
	fitSteps     = 500
	fitStepWidth = 0.05
)

// choice is a credential that a learner took up after it was recommended, with what else was on the list. Each
// is the values of the signals, in signalOrder; Unknown where a signal said nothing.
type choice struct {
	taken  [5]float64
	others [][5]float64 // that the learner did not take up
}

// fitWeights finds the weights under which what learners took up scores above what else was recommended to
// them at that time. With d the difference of the values of the one and of the other, it minimises
//
//	mean of log(1 + exp(-10 · w·d)) + 200 / pairs · ‖w - default‖²     (BPR, Rendle et al. 2009)
//
// over weights that are not negative, add up to 1, and give popularity 0.10 at most, by projected gradients.
// What a signal did not know counts as the mean of what the others say under the default weights. What was
// recommended first is taken up more often for that alone, so the weights lean towards those before; the
// default holds against it. It returns nil when there is too little.
func fitWeights(choices []choice, learners int) Weights {
	if learners < fitLearners || len(choices) < fitChoices {
		return nil
	}
	var pairs [][5]float64
	for _, c := range choices {
		a := filled(c.taken)
		for _, other := range c.others {
			b := filled(other)
			var d [5]float64
			for k := range d {
				d[k] = a[k] - b[k]
			}
			if len(pairs) < maxPairs {
				pairs = append(pairs, d)
			}
		}
	}
	if len(pairs) == 0 {
		return nil
	}
	var prior [5]float64
	for k, name := range signalOrder {
		prior[k] = DefaultWeights[name]
	}
	w, pull := prior, priorPairs/float64(len(pairs))
	for range fitSteps {
		var gradient [5]float64
		for _, d := range pairs {
			var s float64
			for k := range d {
				s += w[k] * d[k]
			}
			slope := -sharpness / (1 + math.Exp(sharpness*s)) / float64(len(pairs))
			for k := range d {
				gradient[k] += slope * d[k]
			}
		}
		step := fitStepWidth / (1 + pull)
		for k := range w {
			w[k] -= step * (gradient[k] + 2*pull*(w[k]-prior[k]))
		}
		w = allowed(w)
	}
	out := Weights{}
	for k, name := range signalOrder {
		out[name] = w[k]
	}
	return out
}

// filled puts the weighted mean of what is known in the place of what is not.
func filled(v [5]float64) [5]float64 {
	var sum, weights float64
	for k, name := range signalOrder {
		if known(v[k]) {
			sum, weights = sum+DefaultWeights[name]*v[k], weights+DefaultWeights[name]
		}
	}
	for k := range v {
		if !known(v[k]) {
			v[k] = 0
			if weights > 0 {
				v[k] = sum / weights
			}
		}
	}
	return v
}

// allowed is the nearest weights that may be.
func allowed(w [5]float64) [5]float64 {
	popularity := len(signalOrder) - 1
	out := w
	copy(out[:], simplex(w[:], 1))
	if out[popularity] > maxPopular {
		out[popularity] = maxPopular
		copy(out[:popularity], simplex(w[:popularity], 1-maxPopular))
	}
	return out
}

// simplex is the nearest point whose numbers are not negative and add up to a sum (Duchi et al. 2008).
func simplex(v []float64, sum float64) []float64 {
	sorted := slices.Clone(v)
	slices.Sort(sorted)
	slices.Reverse(sorted)
	var total, shift float64
	for i, x := range sorted {
		total += x
		if s := (total - sum) / float64(i+1); x-s > 0 {
			shift = s
		}
	}
	out := make([]float64, len(v))
	for i, x := range v {
		out[i] = max(0, x-shift)
	}
	return out
}
