package evaluate

import (
	"cmp"
	"context"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/rubrica/rubrica/scoring"
)

// The clusters that stand for prompts: how many, and how long they are improved.
const (
	pseudoPromptCount  = 30
	pseudoPromptRounds = 12
)

// sparse is a text's content words, weighted by tf-idf and of length 1, in ascending order of the words' numbers.
type sparse struct {
	index []int
	value []float64
}

// pseudoPrompts gives each essay a fold such that essays with like content are in one: spherical k-means on
// content words (Dhillon and Modha 2001), the clusters dealt to the folds by size.
func (d *traitData) pseudoPrompts() []int {
	raw := make([]string, len(d.essays))
	for i, e := range d.essays {
		raw[i] = e.Text
	}
	cluster := clusters(tfidf(raw))
	size := make([]int, pseudoPromptCount)
	for _, c := range cluster {
		size[c]++
	}
	order := make([]int, pseudoPromptCount)
	for c := range order {
		order[c] = c
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(size[b], size[a]) })
	fold, filled := make([]int, pseudoPromptCount), make([]int, ellipseFolds)
	for _, c := range order { // the largest first, each to the emptiest fold
		least := 0
		for f, n := range filled {
			if n < filled[least] {
				least = f
			}
		}
		fold[c] = least
		filled[least] += size[c]
	}
	out := make([]int, len(cluster))
	for i, c := range cluster {
		out[i] = fold[c]
	}
	return out
}

func tfidf(raw []string) []sparse {
	number := map[string]int{}
	var documents []float64 // in which a word occurs
	counts := make([]map[int]float64, len(raw))
	for i, text := range raw {
		counts[i] = map[int]float64{}
		read, err := scoring.Analyze(context.Background(), unembedded{}, text)
		if err != nil {
			panic("evaluate: reading without a model cannot fail: " + err.Error())
		}
		for _, s := range read.Sentences {
			for _, w := range s.Tokens {
				if len(w) < 4 {
					continue
				}
				k, ok := number[w]
				if !ok {
					k = len(number)
					number[w] = k
					documents = append(documents, 0)
				}
				if counts[i][k] == 0 {
					documents[k]++
				}
				counts[i][k]++
			}
		}
	}
	out := make([]sparse, len(raw))
	for i, c := range counts {
		for k := range c {
			if documents[k] >= 3 {
				out[i].index = append(out[i].index, k)
			}
		}
		slices.Sort(out[i].index)
		var norm float64
		for _, k := range out[i].index {
			v := math.Log1p(c[k]) * math.Log(float64(len(raw))/documents[k])
			out[i].value = append(out[i].value, v)
			norm += v * v
		}
		for x := range out[i].value {
			out[i].value[x] /= math.Sqrt(math.Max(norm, 1e-12))
		}
	}
	return out
}

// clusters gives each text one of pseudoPromptCount clusters.
func clusters(texts []sparse) []int {
	words := 0
	for _, t := range texts {
		if n := len(t.index); n > 0 {
			words = max(words, t.index[n-1]+1)
		}
	}
	random := rand.New(rand.NewPCG(ellipseSeed, 1)) //nolint:gosec // repeatable, not secret
	centers := make([][]float64, pseudoPromptCount)
	for c, i := range random.Perm(len(texts))[:pseudoPromptCount] {
		centers[c] = make([]float64, words)
		for x, k := range texts[i].index {
			centers[c][k] = texts[i].value[x]
		}
	}
	out := make([]int, len(texts))
	for range pseudoPromptRounds {
		for i, t := range texts {
			best := math.Inf(-1)
			for c := range centers {
				var dot float64
				for x, k := range t.index {
					dot += t.value[x] * centers[c][k]
				}
				if dot > best {
					best, out[i] = dot, c
				}
			}
		}
		recenter(centers, texts, out)
	}
	return out
}

func recenter(centers [][]float64, texts []sparse, of []int) {
	for c := range centers {
		clear(centers[c])
	}
	for i, t := range texts {
		for x, k := range t.index {
			centers[of[i]][k] += t.value[x]
		}
	}
	for c := range centers {
		var norm float64
		for _, v := range centers[c] {
			norm += v * v
		}
		for k := range centers[c] {
			centers[c][k] /= math.Sqrt(math.Max(norm, 1e-12))
		}
	}
}
