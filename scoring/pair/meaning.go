package pair

import (
	"math"

	"github.com/rubrica/rubrica/scoring"
)

// meaning is what the vectors of the question and the reference tell.
type meaning struct {
	question, reference []float32
	beyond              []float32 // the reference without the direction of the question
	sentences           []scoring.Sentence
	near                float64 // of the question to the reference
}

func meaningOf(question, reference *scoring.Text) meaning {
	return meaning{
		question: question.Vector, reference: reference.Vector, sentences: reference.Sentences,
		beyond: without(reference.Vector, question.Vector),
		near:   scoring.Cosine(question.Vector, reference.Vector),
	}
}

// without is v less its part along a unit vector, of length 1; nil when nothing is left.
func without(v, along []float32) []float32 {
	if len(v) == 0 || len(v) != len(along) {
		return v
	}
	dot := scoring.Cosine(v, along)
	out := make([]float32, len(v))
	var norm float64
	for i, x := range v {
		out[i] = x - float32(dot)*along[i]
		norm += float64(out[i]) * float64(out[i])
	}
	if norm < 1e-6 {
		return nil
	}
	for i := range out {
		out[i] /= float32(math.Sqrt(norm))
	}
	return out
}

// near measures nearness in meaning.
func (r *Reference) near(b *board, answer *scoring.Text) {
	m := &r.meaning
	whole := scoring.Cosine(m.reference, answer.Vector)
	question := scoring.Cosine(m.question, answer.Vector)
	beyond := scoring.Cosine(m.beyond, without(answer.Vector, m.question))
	refMean, refLeast, closest := bestOf(m.sentences, answer.Sentences)
	ansMean, ansLeast, _ := bestOf(answer.Sentences, m.sentences)
	b.add(whole, beyond, refMean, refLeast, ansMean, ansLeast, closest, question, whole-m.near)
}

// bestOf is for each sentence of one list the greatest cosine to one of another: their mean weighted
// by words, the least and the greatest.
func bestOf(of, to []scoring.Sentence) (mean, least, most float64) {
	var sum, weight float64
	least = 1
	for i := range of {
		if of[i].Vector == nil {
			continue
		}
		best := 0.0
		for j := range to {
			best = max(best, scoring.Cosine(of[i].Vector, to[j].Vector))
		}
		n := float64(len(of[i].Tokens))
		sum += n * best
		weight += n
		least, most = min(least, best), max(most, best)
	}
	if weight == 0 {
		return 0, 0, 0
	}
	return sum / weight, least, most
}
