package ngram

import (
	"strings"
)

// OfTokens counts runs of Min to Max tokens within sentences, hashed as by Of: n-grams of words, or
// of Shapes.
func OfTokens(sentences [][]string, o Options) Vector {
	counts := map[uint32]float32{}
	mask := uint32(1)<<o.Bits - 1
	for _, tokens := range sentences {
		hashes := make([]uint64, len(tokens)+2)
		hashes[0], hashes[len(hashes)-1] = edge, edge
		for i, t := range tokens {
			hashes[i+1] = hashString(t)
		}
		for i := range hashes {
			h := uint64(offset)
			for n := 1; n <= o.Max && i+n <= len(hashes); n++ {
				h = (h ^ hashes[i+n-1]) * prime
				h ^= h >> 32
				if n >= o.Min && (n > 1 || hashes[i] != edge) {
					counts[place(h)&mask]++
				}
			}
		}
	}
	return vector(counts)
}

// edge stands for the beginning and the end of a sentence.
const edge = 0x9e3779b97f4a7c15

func hashString(s string) uint64 {
	h := uint64(offset)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * prime
	}
	return h
}

// Shapes reduces the tokens of a sentence to its build: function words stay, other words become their
// ending, numbers a sign. Runs of shapes tell how sentences are made, whatever they are about.
func Shapes(tokens []string) []string {
	out := make([]string, len(tokens))
	for i, t := range tokens {
		out[i] = shape(t)
	}
	return out
}

func shape(t string) string {
	switch {
	case functionWords[t]:
		return t
	case strings.ContainsAny(t, "0123456789"):
		return "#"
	}
	for _, e := range endings {
		if len(t) > len(e)+2 && strings.HasSuffix(t, e) {
			return "~" + e
		}
	}
	return "~"
}

// endings are told apart, longest first.
var endings = strings.Fields("ation tion sion ment ness ance ence able ible ally less ious ing ity ous ive ful ist ism est ers ies ed ly er or al ic en es s y e")

var functionWords = func() map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(`
		a about above after again against all also although always am an and another any anybody anyone anything are
		aren't around as at away back be became because become been before behind being below between both but by can
		can't cannot could couldn't did didn't do does doesn't doing don't down during each either else enough even ever
		every everybody everyone everything few first for from get gets getting go goes going got had hadn't has hasn't
		have haven't having he her here hers herself him himself his how however i i'm i've i'd i'll if in instead into
		is isn't it it's its itself just last least less let like little lot lots many may maybe me might mine more most
		much must my myself near neither never next no nobody none nor not nothing now of off often on once one only or
		other others our ours ourselves out over own perhaps quite rather really same shall she should shouldn't since
		so some somebody someone something sometimes still such than that that's the their theirs them themselves then
		there there's therefore these they they're this those though through thus to together too toward towards under
		unless until up upon us very was wasn't we were weren't what whatever when where whether which while who whole
		whom whose why will with within without won't would wouldn't yet you you're your yours yourself dont cant wont
		didnt doesnt isnt im ive id its thats theyre youre`) {
		m[w] = true
	}
	return m
}()
