package pair

import (
	"math"
	"slices"
	"strings"
	"unicode"

	"github.com/rubrica/rubrica/scoring"
)

// grams are the character n-grams of a text, hashed and sorted, with their counts.
type grams struct {
	index []uint32
	count []float64
}

// lengths of the n-grams that are compared.
var gramLengths = [3]int{3, 4, 5}

func allGrams(raw string) (out [3]grams) {
	runes := plain(raw)
	for i, n := range gramLengths {
		out[i] = gramsOf(runes, n)
	}
	return out
}

// plain is a text in lower case, its letters and digits with one space between words.
func plain(raw string) []rune {
	out := make([]rune, 0, len(raw)+2)
	out = append(out, ' ')
	for _, r := range strings.ToLower(raw) {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			out = append(out, r)
		} else if out[len(out)-1] != ' ' {
			out = append(out, ' ')
		}
	}
	if out[len(out)-1] != ' ' {
		out = append(out, ' ')
	}
	return out
}

func gramsOf(runes []rune, n int) grams {
	all := make([]uint32, 0, len(runes))
	for i := 0; i+n <= len(runes); i++ {
		h := uint32(2166136261)
		for _, r := range runes[i : i+n] {
			h = (h ^ uint32(r)) * 16777619
		}
		all = append(all, h)
	}
	slices.Sort(all)
	var g grams
	for i, h := range all {
		if i == 0 || h != all[i-1] {
			g.index = append(g.index, h)
			g.count = append(g.count, 0)
		}
		g.count[len(g.count)-1]++
	}
	return g
}

// overlap of two texts by their n-grams: the shares of each one's that the other has, and the cosine.
func overlap(a, b *grams) (recall, precision, cosine float64) {
	var common, totalA, totalB, ab, aa, bb float64
	for _, n := range a.count {
		totalA += n
		aa += n * n
	}
	for _, n := range b.count {
		totalB += n
		bb += n * n
	}
	for i, j := 0, 0; i < len(a.index) && j < len(b.index); {
		switch {
		case a.index[i] == b.index[j]:
			common += min(a.count[i], b.count[j])
			ab += a.count[i] * b.count[j]
			i++
			j++
		case a.index[i] < b.index[j]:
			i++
		default:
			j++
		}
	}
	return share(common, totalA), share(common, totalB), share(ab, math.Sqrt(aa*bb))
}

// phrasing measures runs of words and characters in common.
func (r *Reference) phrasing(b *board, a *words, answer *scoring.Text) {
	best := 0.0
	for i := range answer.Sentences {
		if s := wordsOf(answer.Sentences[i].Text, answer.Sentences[i:i+1]); len(s.unique) > 1 {
			best = max(best, harmonic(found(&s, &r.text, r.weight), found(&r.text, &s, r.weight)))
		}
	}
	b.add(best)

	x, y := bigrams(r.text.terms), bigrams(a.terms)
	common := 0.0
	for p := range x {
		if y[p] {
			common++
		}
	}
	run, sequence := sequences(r.text.terms, a.terms)
	b.add(share(common, float64(len(x))), share(common, float64(len(y))),
		share(float64(sequence), float64(len(r.text.terms))), share(float64(sequence), float64(len(a.terms))),
		math.Log1p(float64(run)))

	g := allGrams(answer.Raw)
	recall, precision, _ := overlap(&r.grams[0], &g[0])
	_, _, four := overlap(&r.grams[1], &g[1])
	_, _, five := overlap(&r.grams[2], &g[2])
	b.add(recall, precision, four, five)
}

func bigrams(terms []string) map[[2]string]bool {
	out := make(map[[2]string]bool, len(terms))
	for i := 0; i+2 <= len(terms); i++ {
		out[[2]string{terms[i], terms[i+1]}] = true
	}
	return out
}

// maxSequence bounds the words that are compared in order: the work is its square.
const maxSequence = 400

// sequences is the length of the longest run of words in common, and that of the longest common
// subsequence.
func sequences(a, b []string) (run, sequence int) {
	a, b = a[:min(len(a), maxSequence)], b[:min(len(b), maxSequence)]
	runs, lengths := make([]int, len(b)+1), make([]int, len(b)+1)
	for _, x := range a {
		diagonal, diagonalRun := 0, 0
		for j, y := range b {
			up, upRun := lengths[j+1], runs[j+1]
			if x == y {
				lengths[j+1], runs[j+1] = diagonal+1, diagonalRun+1
			} else {
				lengths[j+1], runs[j+1] = max(up, lengths[j]), 0
			}
			run = max(run, runs[j+1])
			diagonal, diagonalRun = up, upRun
		}
	}
	return run, lengths[len(b)]
}
