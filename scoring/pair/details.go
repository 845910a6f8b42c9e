package pair

import (
	"math"
	"strings"
	"unicode"

	"github.com/rubrica/rubrica/scoring"
)

// details measures numbers, names and negation.
func (r *Reference) details(b *board, a *words) {
	wanted, there, foundNumbers, other := 0, 0, 0, 0
	for _, stem := range r.text.unique {
		if isNumber(stem) && !r.question.has[stem] {
			wanted++
			if a.has[stem] {
				foundNumbers++
			}
		}
	}
	for _, stem := range a.unique {
		if isNumber(stem) {
			there++
			if !r.text.has[stem] && !r.question.has[stem] {
				other++
			}
		}
	}
	// A text without numbers is half right of them: (n + ½) / (N + 1).
	b.add((float64(foundNumbers)+0.5)/float64(wanted+1), math.Log1p(float64(wanted-foundNumbers)),
		share(float64(other), float64(there+1)), r.names(a))

	var against, common, opposite float64
	for _, stem := range r.text.unique {
		w := r.weight(stem)
		if a.has[stem] {
			common += w
			if a.negated[stem] != r.text.negated[stem] {
				against += w
			}
			continue
		}
		for _, o := range scoring.Opposites(stem) {
			if a.has[o] && !r.text.has[o] {
				opposite += w
				break
			}
		}
	}
	b.add(share(against, common), float64(min(4, max(-4, negations(a.tokens)-negations(r.text.tokens)))),
		share(opposite, common+opposite), beginning(r.text.tokens, a.tokens))
}

// names is the share of the reference's abbreviations (words of two or more capitals) that the
// question did not give and the answer has, smoothed like numbers.
func (r *Reference) names(a *words) float64 {
	wanted, there := 0, 0
	for _, stem := range r.text.unique {
		if !r.abbreviations[stem] || r.question.has[stem] {
			continue
		}
		wanted++
		if a.has[stem] {
			there++
		}
	}
	return (float64(there) + 0.5) / float64(wanted+1)
}

// abbreviations are the stems of a text that are written with two or more capitals.
func abbreviations(raw string) map[string]bool {
	out := map[string]bool{}
	for field := range strings.FieldsFuncSeq(raw, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		capitals := 0
		for _, c := range field {
			if unicode.IsUpper(c) {
				capitals++
			}
		}
		if capitals < 2 {
			continue
		}
		for _, stem := range scoring.Terms([]string{strings.ToLower(field)}) {
			out[stem] = true
		}
	}
	return out
}

func negations(tokens []string) int {
	n := 0
	for _, t := range tokens {
		if scoring.IsNegation(t) {
			n++
		}
	}
	return n
}

// beginning is 1 when two texts begin with the same word (yes and no, above all), else 0.
func beginning(a, b []string) float64 {
	if len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		return 1
	}
	return 0
}

// copied measures what is the question's.
func (r *Reference) copied(b *board, a *words) {
	questionOnly := func(stem string) bool { return r.question.has[stem] && !r.text.has[stem] }
	var all, question, only, elsewhere float64
	for _, stem := range a.unique {
		w := r.weights.Weight(stem)
		all += w
		switch {
		case questionOnly(stem):
			only += w
			question += w
		case r.question.has[stem]:
			question += w
		case !r.text.has[stem]:
			elsewhere += w
		}
	}
	b.add(share(question, all), found(&r.question, a, r.weights.Weight), share(only, all), share(elsewhere, all))
}

// length measures how much was written.
func (r *Reference) length(b *board, a *words, answer *scoring.Text) {
	n, reference := float64(len(a.tokens)), float64(len(r.text.tokens))
	letters := 0
	for _, t := range a.tokens {
		letters += len(t)
	}
	sentences := 0
	for i := range answer.Sentences {
		if len(answer.Sentences[i].Tokens) > 0 {
			sentences++
		}
	}
	b.add(math.Log1p(n), math.Log((n+1)/(reference+1)), share(float64(len(a.terms)), n),
		share(float64(len(a.unique)), float64(len(a.terms))), math.Log1p(float64(sentences)), share(float64(letters), n))
}
