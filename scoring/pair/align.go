package pair

import (
	"slices"

	"github.com/rubrica/rubrica/scoring"
)

// Words are aligned by their vectors in their contexts (as BERTScore does, Zhang et al. 2020): each
// word's counterpart in another text is the nearest one, a word of the same stem a full match.

// vectored is a text by its words in context, function words too.
type vectored struct {
	stems   []string
	has     map[string]bool
	vectors [][]float32
}

func vectoredOf(t *scoring.Text) vectored {
	v := vectored{has: map[string]bool{}}
	for i := range t.Sentences {
		for _, w := range t.Sentences[i].WordVectors {
			stem := scoring.Stem(w.Text)
			v.stems = append(v.stems, stem)
			v.has[stem] = true
			v.vectors = append(v.vectors, w.Vector)
		}
	}
	return v
}

// counterparts is for each word how near its counterpart in another text is: 0…1.
func (v *vectored) counterparts(in *vectored) []float64 {
	out := make([]float64, len(v.stems))
	for i, stem := range v.stems {
		if in.has[stem] {
			out[i] = 1
			continue
		}
		for _, w := range in.vectors {
			out[i] = max(out[i], scoring.Cosine(v.vectors[i], w))
		}
	}
	return out
}

// aligned is the reference by its words.
type aligned struct {
	question, reference vectored
	weight, fresh       []float64 // of the reference's words; fresh is 0 for those of the question
	baseline            float64   // recall of the question itself, were it given as the answer
}

func alignedOf(r *Reference, question, reference *scoring.Text) aligned {
	a := aligned{question: vectoredOf(question), reference: vectoredOf(reference)}
	for _, stem := range a.reference.stems {
		w := r.weights.Weight(stem)
		if a.question.has[stem] {
			a.weight, a.fresh = append(a.weight, given*w), append(a.fresh, 0)
		} else {
			a.weight, a.fresh = append(a.weight, w), append(a.fresh, w)
		}
	}
	a.baseline = weighted(a.reference.counterparts(&a.question), a.weight)
	return a
}

// weighted is the mean of values by weights; 0 when there is no weight.
func weighted(values, weights []float64) float64 {
	var sum, all float64
	for i, v := range values {
		sum += weights[i] * v
		all += weights[i]
	}
	return share(sum, all)
}

// closeFrom is the cosine from which a counterpart counts as close: that of words that can stand for
// each other; unrelated words of one subject are at about 0.2.
const closeFrom = 0.45

// leastShare is the share of the reference's words of which the least matched are looked at.
const leastShare = 0.25

// align measures counterparts.
func (r *Reference) align(b *board, answer *scoring.Text) {
	a, text := &r.aligned, vectoredOf(answer)
	there := a.reference.counterparts(&text)
	back, known := text.counterparts(&a.reference), text.counterparts(&a.question)
	weights, plain := make([]float64, len(text.stems)), make([]float64, len(there))
	exceeds := make([]float64, len(text.stems))
	for i, stem := range text.stems {
		weights[i] = r.weights.Weight(stem)
		exceeds[i] = 1 - max(back[i], known[i])
		if a.question.has[stem] {
			weights[i] *= given
		}
	}
	sharp := make([]float64, len(there))
	for i, v := range there {
		plain[i] = 1
		sharp[i] = max(0, (v-closeFrom)/(1-closeFrom))
	}
	recall, precision := weighted(there, a.weight), weighted(back, weights)
	b.add(recall, precision, harmonic(recall, precision), weighted(there, a.fresh), weighted(there, plain),
		weighted(sharp, a.weight), a.least(there), a.top(there), recall-a.baseline, weighted(exceeds, weights))
}

// least is the weighted mean of the least matched words.
func (a *aligned) least(there []float64) float64 {
	order := a.order(func(i, j int) bool { return there[i] < there[j] })
	return a.meanOf(order[:len(order)-int(float64(len(order))*(1-leastShare))], there)
}

// top is the mean of the most telling words.
func (a *aligned) top(there []float64) float64 {
	order := a.order(func(i, j int) bool { return a.weight[i] > a.weight[j] })
	return a.meanOf(order[:min(len(order), topWords)], there)
}

func (a *aligned) order(before func(i, j int) bool) []int {
	out := make([]int, len(a.reference.stems))
	for i := range out {
		out[i] = i
	}
	slices.SortStableFunc(out, func(i, j int) int {
		switch {
		case before(i, j):
			return -1
		case before(j, i):
			return 1
		}
		return 0
	})
	return out
}

func (a *aligned) meanOf(indexes []int, values []float64) float64 {
	var sum, all float64
	for _, i := range indexes {
		sum += a.weight[i] * values[i]
		all += a.weight[i]
	}
	return share(sum, all)
}
