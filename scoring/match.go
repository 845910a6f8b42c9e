package scoring

import (
	"math"
	"strings"
)

// statementShapes are the ways in which up to three sentences out of four neighbouring ones may make
// one point together, as steps from the first. Those with a gap are there so that an aside does not
// part what belongs together, and so that taking a sentence out joins little that was apart.
var statementShapes = [][]int{{0}, {0, 1}, {0, 2}, {0, 1, 2}, {0, 1, 3}, {0, 2, 3}}

// window is a few neighbouring sentences, read as one statement.
type window struct {
	members  []int // indices of the sentences, ascending
	vector   []float32
	terms    map[string]bool
	prefixes map[string]bool // of the terms, to match words of one family
	negated  map[string]bool
	words    int
	gap      bool    // a sentence that stands between them is left out
	novel    float64 // 0…1: how much of it is neither the question's words nor the labels'
}

// windowsOf lists the statements that the sentences with vectors make which usable accepts; the
// others count as not being there. given holds the words that earn nothing; it may be nil.
func windowsOf(sentences []Sentence, usable func(i int) bool, given map[string]bool) []window {
	var there []int
	for i := range sentences {
		if usable(i) && sentences[i].Vector != nil {
			there = append(there, i)
		}
	}
	var out []window
	for first := range there {
		for _, shape := range statementShapes {
			if first+shape[len(shape)-1] >= len(there) {
				continue
			}
			members := make([]int, len(shape))
			for n, step := range shape {
				members[n] = there[first+step]
			}
			out = append(out, newWindow(sentences, members, given))
		}
	}
	return out
}

// noveltyTerms is the number of different content words beyond the question's own and the labels'
// from which on a statement counts in full.
const noveltyTerms = 3

func newWindow(sentences []Sentence, members []int, given map[string]bool) window {
	w := window{members: members, terms: map[string]bool{}, prefixes: map[string]bool{}, negated: map[string]bool{}}
	w.gap = members[len(members)-1]-members[0] >= len(members)
	parts := make([]Sentence, len(members))
	novel := 0
	for n, i := range members {
		parts[n] = sentences[i]
		w.words += len(sentences[i].Tokens)
		for _, term := range sentences[i].contentStems() {
			if w.terms[term] {
				continue
			}
			w.terms[term] = true
			if len(term) > familyPrefix {
				w.prefixes[term[:familyPrefix]] = true
			}
			if !given[term] {
				novel++
			}
		}
		for term := range sentences[i].turnedStems() {
			w.negated[term] = true
		}
	}
	w.vector = meanVector(parts)
	w.novel = math.Min(1, float64(novel)/noveltyTerms)
	return w
}

// Two words of which the stems share familyPrefix bytes count as one family (authenticate,
// authentic), at familyMatch of a match.
const (
	familyPrefix = 5
	familyMatch  = 0.7
)

// has is 1 when the window contains term, familyMatch when it contains a word of its family.
func (w *window) has(term string) float64 {
	switch {
	case w.terms[term]:
		return 1
	case len(term) > familyPrefix && w.prefixes[term[:familyPrefix]]:
		return familyMatch
	}
	return 0
}

// recall is the share of the key point's words, by weight, that the window contains: the
// idf-weighted alignment recall of Sultan, Salazar and Sumner (2016), with question words discounted.
func (k *preparedKeyPoint) lexicalRecall(w *window) float64 {
	var found, total float64
	for _, t := range k.terms {
		total += t.weight
		found += t.weight * w.has(t.term)
	}
	if total == 0 {
		return 0
	}
	return found / total
}

// conflict is the share, by weight, of the words in common of which one side is negated and the
// other is not, or for which the window has the opposite instead: 0…1.
func (k *preparedKeyPoint) conflict(w *window) float64 {
	var against, common float64
	for _, t := range k.terms {
		if m := w.has(t.term); m > 0 {
			common += t.weight
			if w.negated[t.term] != k.negated[t.term] {
				against += t.weight
			}
			continue
		}
		for _, opposite := range antonyms[t.term] {
			if w.terms[opposite] && !w.negated[opposite] && !k.has(opposite) {
				common += t.weight
				against += t.weight
				break
			}
		}
	}
	if common == 0 {
		return 0
	}
	return against / common
}

func (k *preparedKeyPoint) has(term string) bool {
	for _, t := range k.terms {
		if t.term == term {
			return true
		}
	}
	return false
}

// negationReach is how many words after a negation it is taken to turn, within its clause.
const negationReach = 8

// negatedTerms are the content words of a text that stand in the reach of a negation.
func negatedTerms(text string) map[string]bool {
	out := map[string]bool{}
	for clause := range strings.FieldsFuncSeq(text, func(r rune) bool { return strings.ContainsRune(",;:.!?()–—", r) }) {
		tokens := tokenize(clause)
		left := 0
		for i, token := range tokens {
			switch {
			case negations[token] && !(token == "not" && i+1 < len(tokens) && tokens[i+1] == "only"):
				left = negationReach
			case token == "but" || token == "because":
				left = 0
			case left > 0:
				left--
				for _, term := range terms(tokens[i : i+1]) {
					out[term] = true
				}
			}
		}
	}
	return out
}

// anchored is a text that statements are compared with, and the two ends of the scale for that:
// the similarity of what earns nothing and of what earns everything.
type anchored struct {
	vector    []float32
	low, high float64
}

func (a *anchored) degree(w *window) float64 { return ramp(cosine(w.vector, a.vector), a.low, a.high) }

// Bounds of the anchors, and where they lie when there is no model answer to find them with.
const (
	promptShare   = 0.75 // of the question's own similarity, below which nothing is earned
	minLow        = 0.30
	maxLow        = 0.55
	minAnchorSpan = 0.15
	defaultHigh   = 0.72

	minModelRecall = 0.3
	defaultRecall  = 0.5

	statementLow  = 0.40 // between two statements of the same point by different writers
	statementHigh = 0.70
)

// anchor finds the ends from the question and the model answer, so that repeating the question
// earns nothing and saying what the model answer says earns everything, however near to each other
// the embedding model happens to place them.
func anchor(vector []float32, prompt, model []window) anchored {
	a := anchored{vector: vector, low: minLow, high: defaultHigh}
	for i := range prompt {
		a.low = math.Max(a.low, promptShare*cosine(prompt[i].vector, vector))
	}
	if len(model) > 0 {
		a.high = 0
		for i := range model {
			a.high = math.Max(a.high, cosine(model[i].vector, vector))
		}
	}
	a.low = math.Min(a.low, maxLow)
	a.high = math.Max(a.high, a.low+minAnchorSpan)
	return a
}

// The shares of meaning: of the key point as a whole, of its clauses one by one (so that a point
// without its reason is not yet the whole point), and of the model answer's statement of it.
const (
	wholeShare     = 0.2
	clauseShare    = 0.3
	statementShare = 0.5

	semanticShare = 0.6 // of a degree; the rest is lexical
	lexicalLead   = 0.5 // how far words may run ahead of meaning
	conflictCost  = 0.6
	gapFactor     = 0.95 // for sentences that do not follow one another
	stretch       = 1.7  // a degree d counts as 1 − (1−d)^stretch: nobody says everything that the references say
)

// semantic is how near the window's meaning is to the key point's, 0…1.
func (k *preparedKeyPoint) semantic(w *window) float64 {
	var clauses float64
	for i := range k.clauses {
		clauses += k.clauses[i].degree(w)
	}
	sum, shares := wholeShare*k.whole.degree(w), wholeShare
	if len(k.clauses) > 0 {
		sum += clauseShare * clauses / float64(len(k.clauses))
		shares += clauseShare
	}
	if k.statement.vector != nil {
		sum += statementShare * k.statement.degree(w)
		shares += statementShare
	}
	return sum / shares
}

// degree is how far the window makes the key point, 0…1, and its cosine to it:
//
//	d = (0.6 · meaning + 0.4 · recall relative to the model answer's) · novelty · substance · (1 − 0.6 · conflict)
//	degree = 1 − (1−d)^1.7
//
// Meaning is a mean of cosines between their anchors. Novelty keeps words that the learner was given
// from earning anything; substance discounts statements of less than ten words.
func (k *preparedKeyPoint) degree(w *window) (degree, similarity float64) {
	similarity = cosine(w.vector, k.whole.vector)
	semantic := k.semantic(w)
	if semantic == 0 {
		return 0, similarity
	}
	lexical := math.Min(1, k.lexicalRecall(w)/k.recall)
	degree = semanticShare*semantic + (1-semanticShare)*math.Min(lexical, semantic+lexicalLead)
	degree *= w.novel * (0.3 + 0.7*ramp(float64(w.words), 3, 10)) * (1 - conflictCost*k.conflict(w))
	if w.gap {
		degree *= gapFactor
	}
	return 1 - math.Pow(1-math.Min(1, degree), stretch), similarity
}

// keyPointMatch is the statement of an answer that was found to make a key point.
type keyPointMatch struct {
	window     *window // nil when nothing comes near
	degree     float64
	similarity float64
}

// wordsPerPoint is how many words of prose it takes to make one key point. A statement that serves
// more key points than its words carry is a list of keywords: each further one counts half as much
// as the one before.
const wordsPerPoint = 9

// matchKeyPoints finds for each key point the statement that makes it best. It proceeds greedily
// from the best pair on, so that what the first key points take from a statement's words is no
// longer there for the others.
func matchKeyPoints(points []preparedKeyPoint, sentences []Sentence, windows []window) []keyPointMatch {
	type pair struct{ degree, similarity float64 }
	pairs := make([][]pair, len(points))
	for j := range points {
		pairs[j] = make([]pair, len(windows))
		for i := range windows {
			d, s := points[j].degree(&windows[i])
			pairs[j][i] = pair{d, s}
		}
	}
	out := make([]keyPointMatch, len(points))
	done := make([]bool, len(points))
	load := make([]int, len(sentences))
	for range points {
		bestPoint, best := -1, keyPointMatch{}
		for j := range points {
			if done[j] {
				continue
			}
			for i := range windows {
				degree := pairs[j][i].degree
				if degree <= best.degree {
					continue
				}
				if degree *= windows[i].room(load); degree > best.degree {
					bestPoint, best = j, keyPointMatch{&windows[i], degree, pairs[j][i].similarity}
				}
			}
		}
		if bestPoint < 0 {
			break
		}
		out[bestPoint], done[bestPoint] = best, true
		for _, i := range best.window.members {
			load[i]++
		}
	}
	return out
}

// room is the factor by which a further key point counts, given how many each sentence has made.
func (w *window) room(load []int) float64 {
	used := 0
	for _, i := range w.members {
		used = max(used, load[i])
	}
	return math.Pow(0.5, float64(max(0, used+1-max(1, w.words/wordsPerPoint))))
}
