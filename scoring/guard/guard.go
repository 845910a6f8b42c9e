// Package guard learns from graded answers what answers to a question speak about, and finds the sentences
// of another answer that do not: padding, orders to a grader, phrases that would stand in any text. It needs
// no reference, and so guards questions that have none.
package guard

import (
	"math"
	"slices"

	"github.com/rubrica/rubrica/scoring"
)

// Guard is what was learnt. It is safe for concurrent use.
type Guard struct {
	Sentences Subjects // by themselves
	Passages  Subjects // runs of passage sentences: surer, where padding stands together
	Usual     float64  // share of an answer's words in strays that few graded answers exceed
}

// Subjects are what is spoken about.
type Subjects struct {
	Centres [][]int8 // unit vectors times 127
	Low     float64  // what is no nearer to any centre is a stray
}

// Bounds of what is learnt.
const (
	centres      = 48
	rounds       = 6
	mostLearnt   = 2400 // vectors
	leastLearnt  = 60   // vectors of half of the answers, below which nothing is learnt
	strayRank    = 0.04 // of the graded answers' sentences and passages, so many would be strays
	usualRank    = 0.95 // of the graded answers have at most the usual share
	leastUsual   = 0.10
	leastWords   = 3 // shorter sentences are no strays
	passage      = 3 // sentences
	scaleOfInt8  = 127
	leastAnswers = 20
)

// Fit learns from graded answers; nil when they are too few or have no vectors. The thresholds are found
// on answers that the centres were not made of.
func Fit(answers []*scoring.Text) *Guard {
	if len(answers) < leastAnswers {
		return nil
	}
	var halves [2][]*scoring.Text
	for i, a := range answers {
		halves[i%2] = append(halves[i%2], a)
	}
	var g Guard
	var fitted [2]Guard
	for _, of := range []struct {
		into    func(*Guard) *Subjects
		vectors func(*scoring.Text) []placed
	}{
		{func(g *Guard) *Subjects { return &g.Sentences }, alone},
		{func(g *Guard) *Subjects { return &g.Passages }, passages},
	} {
		var nearest []float64
		for h := range halves {
			vectors := all(halves[h], of.vectors)
			if len(vectors) < leastLearnt {
				return nil
			}
			of.into(&fitted[h]).Centres = cluster(vectors)
			for _, v := range all(halves[1-h], of.vectors) {
				nearest = append(nearest, of.into(&fitted[h]).nearness(v))
			}
		}
		low := quantile(nearest, strayRank)
		of.into(&fitted[0]).Low, of.into(&fitted[1]).Low = low, low
		*of.into(&g) = Subjects{cluster(all(answers, of.vectors)), low}
	}
	var shares []float64
	for h := range halves {
		for _, a := range halves[1-h] {
			shares = append(shares, Share(a, fitted[h].Strays(a)))
		}
	}
	g.Usual = math.Max(leastUsual, quantile(shares, usualRank))
	return &g
}

// Strays tells of each sentence whether it leads away from what graded answers speak about.
func (g *Guard) Strays(text *scoring.Text) []bool {
	out := make([]bool, len(text.Sentences))
	for _, p := range alone(text) {
		out[p.first] = g.Sentences.nearness(p.vector) < g.Sentences.Low
	}
	for _, p := range passages(text) {
		if g.Passages.nearness(p.vector) < g.Passages.Low {
			for i := p.first; i <= p.last; i++ {
				out[i] = true
			}
		}
	}
	return out
}

// placed is a vector with the sentences that it is of.
type placed struct {
	first, last int
	vector      []float32
}

func alone(text *scoring.Text) (out []placed) {
	for i := range text.Sentences {
		if s := &text.Sentences[i]; s.Vector != nil && len(s.Tokens) >= leastWords {
			out = append(out, placed{i, i, s.Vector})
		}
	}
	return out
}

func passages(text *scoring.Text) (out []placed) {
	for i := 0; i+passage <= len(text.Sentences); i++ {
		if v := scoring.MeanVector(text.Sentences[i : i+passage]); v != nil {
			out = append(out, placed{i, i + passage - 1, v})
		}
	}
	return out
}

func all(answers []*scoring.Text, vectors func(*scoring.Text) []placed) (out [][]float32) {
	for _, a := range answers {
		for _, p := range vectors(a) {
			out = append(out, p.vector)
		}
	}
	return out
}

// Share is the share of the text's words in the marked sentences.
func Share(text *scoring.Text, marked []bool) float64 {
	words := 0
	for i, is := range marked {
		if is {
			words += len(text.Sentences[i].Tokens)
		}
	}
	return float64(words) / float64(max(1, text.Words))
}

// nearness is the cosine to the nearest centre.
func (g *Subjects) nearness(v []float32) float64 {
	best := math.Inf(-1)
	for _, c := range g.Centres {
		if len(c) != len(v) {
			return 1 // of another model: nothing can be said
		}
		var sum float32
		for k, x := range v {
			sum += x * float32(c[k])
		}
		best = math.Max(best, float64(sum)/scaleOfInt8)
	}
	return best
}

// cluster is k-means on the unit sphere, begun with evenly spaced vectors, so that it is the same each time.
func cluster(vectors [][]float32) [][]int8 {
	if len(vectors) > mostLearnt {
		kept := make([][]float32, mostLearnt)
		for i := range kept {
			kept[i] = vectors[i*len(vectors)/mostLearnt]
		}
		vectors = kept
	}
	k := min(centres, len(vectors))
	means := make([][]float64, k)
	for c := range means {
		means[c] = wide(vectors[c*len(vectors)/k])
	}
	for range rounds {
		sums := make([][]float64, k)
		for _, v := range vectors {
			best, at := math.Inf(-1), 0
			for c, m := range means {
				var sum float64
				for d, x := range v {
					sum += float64(x) * m[d]
				}
				if sum > best {
					best, at = sum, c
				}
			}
			if sums[at] == nil {
				sums[at] = make([]float64, len(v))
			}
			for d, x := range v {
				sums[at][d] += float64(x)
			}
		}
		for c, s := range sums {
			if s != nil {
				means[c] = unit(s)
			}
		}
	}
	out := make([][]int8, k)
	for c, m := range means {
		out[c] = make([]int8, len(m))
		for d, x := range m {
			out[c][d] = int8(math.Round(max(-1, min(1, x)) * scaleOfInt8))
		}
	}
	return out
}

func wide(v []float32) []float64 {
	out := make([]float64, len(v))
	for i, x := range v {
		out[i] = float64(x)
	}
	return out
}

func unit(v []float64) []float64 {
	var norm float64
	for _, x := range v {
		norm += x * x
	}
	if norm = math.Sqrt(norm); norm > 0 {
		for i := range v {
			v[i] /= norm
		}
	}
	return v
}

func quantile(values []float64, p float64) float64 {
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	return sorted[int(p*float64(len(sorted)-1))]
}
