package feature

import (
	"math"
	"unicode/utf8"

	"github.com/rubrica/rubrica/scoring"
)

// cohesion is how sentences take up what was said before (Halliday and Hasan 1976), by the words they share.
func (s *sheet) cohesion(d *document) {
	var neighbours, pairs, earlier, content float64
	starts, seen := map[string]bool{}, map[string]bool{}
	for i, tokens := range d.sentences {
		starts[tokens[0]] = true
		if i > 0 {
			neighbours += overlap(d.sentences[i-1], tokens)
			pairs++
		}
		for _, w := range tokens {
			if isContent(w) {
				content++
				if seen[w] {
					earlier++
				}
			}
		}
		for _, w := range tokens {
			seen[w] = true
		}
	}
	n := float64(len(d.sentences))
	s.add("overlap", "words shared with the sentence before", share(neighbours, pairs))
	s.add("taken_up", "share of words that were used in an earlier sentence", share(earlier, content))
	s.add("starts_share", "variety of how sentences begin", share(float64(len(starts)), n))
	s.add("starts_log", "number of different beginnings of sentences", math.Log1p(float64(len(starts))))
}

// isContent tells words with a meaning of their own from small ones, by length.
func isContent(w string) bool { return utf8.RuneCountInString(w) > 3 }

// overlap is the share of b's content words that a has.
func overlap(a, b []string) float64 {
	in := map[string]bool{}
	for _, w := range a {
		in[w] = true
	}
	var common, all float64
	for _, w := range b {
		if isContent(w) {
			all++
			if in[w] {
				common++
			}
		}
	}
	return share(common, all)
}

// VectorNames describes the measures of OfVectors, in its order.
var VectorNames = []Name{
	{"meaning_neighbours", "closeness in meaning of neighbouring sentences", Cohesion},
	{"meaning_neighbours_lowest", "closeness in meaning of the least close neighbours", Cohesion},
	{"meaning_whole", "closeness of sentences to what the whole is about", Cohesion},
	{"meaning_whole_deviation", "variation of how close sentences are to the whole", Cohesion},
	{"meaning_ends", "closeness in meaning of the first and the last sentence", Cohesion},
	{"meaning_step", "new meaning from sentence to sentence", Cohesion},
}

// OfVectors measures cohesion by the vectors of the sentences. It tells false where fewer than two
// sentences have one (the text was read without an embedding model, or is too short): such a text has no such measures,
// and zeros would claim some.
func OfVectors(text *scoring.Text) ([]float64, bool) {
	var vectors [][]float32
	for i := range text.Sentences {
		if v := text.Sentences[i].Vector; len(v) > 0 && (len(vectors) == 0 || len(v) == len(vectors[0])) {
			vectors = append(vectors, v)
		}
	}
	if len(vectors) < 2 {
		return nil, false
	}
	center := make([]float32, len(vectors[0]))
	for _, v := range vectors {
		for k, x := range v {
			center[k] += x / float32(len(vectors))
		}
	}
	var neighbours, steps float64
	lowest := math.Inf(1)
	whole := make([]float64, len(vectors))
	for i, v := range vectors {
		whole[i] = cosine(v, center)
		if i > 0 {
			c := cosine(vectors[i-1], v)
			neighbours += c
			lowest = math.Min(lowest, c)
			steps += math.Sqrt(math.Max(0, 2-2*c))
		}
	}
	n := float64(len(vectors) - 1)
	mean, deviation := meanDeviation(whole)
	return []float64{
		neighbours / n, lowest, mean, deviation, cosine(vectors[0], vectors[len(vectors)-1]), steps / n,
	}, true
}

func cosine(a, b []float32) float64 {
	var ab, aa, bb float64
	for i, x := range a {
		y := float64(b[i])
		ab += float64(x) * y
		aa += float64(x) * float64(x)
		bb += y * y
	}
	if aa == 0 || bb == 0 {
		return 0
	}
	return ab / math.Sqrt(aa*bb)
}
