package pair

import (
	"math"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rubrica/rubrica/scoring"
)

// words is a text as its words.
type words struct {
	tokens  []string
	terms   []string // stems of content words, in order
	unique  []string // sorted
	has     map[string]bool
	tri     map[string][]uint32 // character trigrams of each unique stem, sorted
	negated map[string]bool
}

func wordsOf(raw string, sentences []scoring.Sentence) words {
	var tokens []string
	for i := range sentences {
		tokens = append(tokens, sentences[i].Tokens...)
	}
	return wordsFrom(raw, tokens)
}

func wordsFrom(raw string, tokens []string) words {
	w := words{tokens: tokens, terms: scoring.Terms(tokens), negated: scoring.Negated(raw)}
	w.has = make(map[string]bool, len(w.terms))
	w.tri = make(map[string][]uint32, len(w.terms))
	for _, t := range w.terms {
		if !w.has[t] {
			w.has[t] = true
			w.tri[t] = trigrams(t)
			w.unique = append(w.unique, t)
		}
	}
	slices.Sort(w.unique)
	return w
}

// clauseEnd parts the statements of a reference answer.
var clauseEnd = regexp.MustCompile(`[;:.,()\n]+\s+|\s[-•*]\s|\s(?:and|or|but|because|while|whereas)\s`)

// clauses are the statements of a text: its parts between punctuation and conjunctions that have a
// content word.
func clauses(t *scoring.Text) []words {
	var out []words
	for i := range t.Sentences {
		for _, part := range clauseEnd.Split(t.Sentences[i].Text, -1) {
			read := scoring.Read(part)
			if w := wordsOf(part, read.Sentences); len(w.unique) > 0 {
				out = append(out, w)
			}
		}
	}
	return out
}

// How much a match counts that is not of the same stem.
const (
	familyPrefix = 5   // characters that stems of one family begin with
	family       = 0.8 // authenticate, authentic
	alikeFrom    = 0.5 // share of trigrams in common from which a misspelling is taken for the word
	alike        = 0.8
)

// match is how surely a word is among others: 1 for the same stem, less for one of its family or one
// that is spelt alike, 0 for none. Numbers match only themselves.
func (w *words) match(stem string, tri []uint32) float64 {
	if w.has[stem] {
		return 1
	}
	if isNumber(stem) || len(stem) < 4 {
		return 0
	}
	best := 0.0
	for _, other := range w.unique {
		if isNumber(other) || len(other) < 4 {
			continue
		}
		if len(stem) > familyPrefix && len(other) > familyPrefix && stem[:familyPrefix] == other[:familyPrefix] {
			return family
		}
		if d := dice(tri, w.tri[other]); d >= alikeFrom {
			best = max(best, alike*d)
		}
	}
	return best
}

// trigrams of a word with its ends marked, hashed and sorted.
func trigrams(word string) []uint32 {
	runes := []rune("^" + word + "$")
	out := make([]uint32, 0, len(runes))
	for i := 0; i+3 <= len(runes); i++ {
		h := uint32(2166136261)
		for _, r := range runes[i : i+3] {
			h = (h ^ uint32(r)) * 16777619
		}
		out = append(out, h)
	}
	slices.Sort(out)
	return out
}

// dice is twice the number of common elements by the number of all, for sorted lists.
func dice(a, b []uint32) float64 {
	common, i, j := 0, 0, 0
	for i < len(a) && j < len(b) {
		switch {
		case a[i] == b[j]:
			common++
			i++
			j++
		case a[i] < b[j]:
			i++
		default:
			j++
		}
	}
	return share(2*float64(common), float64(len(a)+len(b)))
}

func isNumber(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.IsDigit(r)
}

// given is what is left of the weight of a word that the question gave away.
const given = 0.2

// weight of a stem of the reference or the answer.
func (r *Reference) weight(stem string) float64 {
	if r.question.has[stem] {
		return given * r.weights.Weight(stem)
	}
	return r.weights.Weight(stem)
}

// found is the share of the words of one text, by weight, that are in another.
func found(of, in *words, weight func(string) float64) float64 {
	var have, all float64
	for _, stem := range of.unique {
		w := weight(stem)
		if w == 0 {
			continue
		}
		all += w
		have += w * in.match(stem, of.tri[stem])
	}
	return share(have, all)
}

func one(string) float64 { return 1 }

// coveredFrom is the share of a statement's words from which it counts as covered.
const coveredFrom = 0.5

// shared measures which words of the reference are there.
func (r *Reference) shared(b *board, a *words) {
	recall, precision := found(&r.text, a, r.weight), found(a, &r.text, r.weight)
	fresh := func(stem string) float64 {
		if r.question.has[stem] {
			return 0
		}
		return r.weights.Weight(stem)
	}
	var exact, all float64
	for _, stem := range r.text.unique {
		w := r.weight(stem)
		all += w
		if a.has[stem] {
			exact += w
		}
	}
	b.add(recall, precision, harmonic(recall, precision), found(&r.text, a, fresh), share(exact, all),
		found(&r.text, a, one), found(a, &r.text, one), r.top(a), r.cosine(a))

	best, least, sum, covered, lead := 0.0, 1.0, 0.0, 0, 0.0
	for i := range r.clauses {
		c := found(&r.clauses[i], a, r.weight)
		best, least = max(best, c), min(least, c)
		sum += c
		if c >= coveredFrom {
			covered++
		}
		if i == 0 {
			lead = c
		}
	}
	if len(r.clauses) == 0 {
		least = 0
	}
	n := float64(len(r.clauses))
	b.add(best, share(sum, n), least, share(float64(covered), n), lead)
}

// topWords is the number of the reference's most telling words that are looked for by themselves.
const topWords = 3

// top is the mean match of the reference's most telling words.
func (r *Reference) top(a *words) float64 {
	order := slices.Clone(r.text.unique)
	slices.SortStableFunc(order, func(x, y string) int {
		switch wx, wy := r.weight(x), r.weight(y); {
		case wx > wy:
			return -1
		case wx < wy:
			return 1
		}
		return strings.Compare(x, y)
	})
	order = order[:min(len(order), topWords)]
	var sum float64
	for _, stem := range order {
		sum += a.match(stem, r.text.tri[stem])
	}
	return share(sum, float64(len(order)))
}

// cosine of the weighted counts of words.
func (r *Reference) cosine(a *words) float64 {
	x, y := r.counts(&r.text), r.counts(a)
	var xy, xx, yy float64
	for _, stem := range r.text.unique {
		xy += x[stem] * y[stem]
		xx += x[stem] * x[stem]
	}
	for _, stem := range a.unique {
		yy += y[stem] * y[stem]
	}
	return share(xy, math.Sqrt(xx*yy))
}

func (r *Reference) counts(w *words) map[string]float64 {
	out := make(map[string]float64, len(w.unique))
	for _, stem := range w.terms {
		out[stem]++
	}
	for stem, n := range out {
		out[stem] = (1 + math.Log(n)) * r.weight(stem)
	}
	return out
}
