package feature

import (
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// longWords are the lengths from which words are counted as long.
var longWords = []struct {
	letters    float64
	key, label string
}{
	{5, "long5", "words of 5 letters or more"},
	{6, "long6", "words of 6 letters or more"},
	{7, "long7", "words of 7 letters or more"},
	{8, "long8", "words of 8 letters or more"},
	{10, "long10", "words of 10 letters or more"},
}

func (s *sheet) vocabulary(d *document) {
	s.wordLengths(d)
	s.diversity(d)
	s.rarity(d)
}

func (s *sheet) wordLengths(d *document) {
	letters := make([]float64, len(d.words))
	var syllabic, many float64
	for i, w := range d.words {
		letters[i] = float64(utf8.RuneCountInString(w))
		n := syllables(w)
		syllabic += n
		if n >= 3 {
			many++
		}
	}
	mean, deviation := meanDeviation(letters)
	s.add("word_length", "letters a word", mean)
	s.add("word_length_deviation", "variation of word length", deviation)
	for _, long := range longWords {
		var n float64
		for _, l := range letters {
			if l >= long.letters {
				n++
			}
		}
		s.counted(d, long.key, long.label, n)
	}
	s.add("syllables", "syllables a word", d.rate(syllabic))
	s.counted(d, "polysyllables", "words of three syllables or more", many)
}

// syllables counts runs of vowels, without a silent e at the end: right for about nine words of ten.
func syllables(word string) float64 {
	n, vowel := 0.0, false
	for _, r := range word {
		v := strings.ContainsRune("aeiouy", r)
		if v && !vowel {
			n++
		}
		vowel = v
	}
	if n > 1 && strings.HasSuffix(word, "e") && !strings.HasSuffix(word, "le") {
		n--
	}
	return math.Max(1, n)
}

// diversity is how varied the words are. The share of different words falls with length; the
// moving average (Covington and McFall 2010) and MTLD (McCarthy and Jarvis 2010) hardly do.
func (s *sheet) diversity(d *document) {
	n, types := float64(len(d.words)), float64(len(d.types))
	s.add("types_log", "number of different words", math.Log1p(types))
	s.add("types_root", "number of different words (by its fourth root)", math.Pow(types, .25))
	s.add("type_share", "share of different words", share(types, n))
	s.add("type_root_share", "different words by the root of length", types/math.Sqrt(math.Max(1, n))) // Guiraud 1954
	s.add("type_log_share", "different words by length, logarithms", math.Log1p(types)/math.Max(1, math.Log1p(n)))
	s.add("mattr25", "variety of words within 25", mattr(d.words, 25))
	s.add("mattr50", "variety of words within 50", mattr(d.words, 50))
	s.add("mattr100", "variety of words within 100", mattr(d.words, 100))
	s.add("mtld", "length over which words stay varied", math.Log1p(mtld(d.words)))
	var once, squares float64
	for _, count := range d.types { // whole numbers: the order does not matter
		if count == 1 {
			once++
		}
		squares += float64(count) * float64(count)
	}
	s.add("once_log", "number of words used once", math.Log1p(once))
	s.add("once_share", "share of words used once", share(once, types))
	s.add("yule", "repetition of words (Yule's K)", 100*(squares-n)/math.Max(1, n*n)) // Yule 1944
}

// mattr is the moving-average type-token ratio: the mean share of different words over all windows
// of the given width (of all words, where there are fewer).
func mattr(words []string, width int) float64 {
	if len(words) == 0 {
		return 0
	}
	width = min(width, len(words))
	in := make(map[string]int, width)
	var sum float64
	for i, w := range words {
		in[w]++
		if i >= width {
			left := words[i-width]
			if in[left]--; in[left] == 0 {
				delete(in, left)
			}
		}
		if i >= width-1 {
			sum += float64(len(in)) / float64(width)
		}
	}
	return sum / float64(len(words)-width+1)
}

// mtld is the mean number of words in a row whose share of different words stays at 0.72 or above,
// reading forwards and backwards.
func mtld(words []string) float64 {
	backwards := slices.Clone(words)
	slices.Reverse(backwards)
	return (factors(words) + factors(backwards)) / 2
}

func factors(words []string) float64 {
	const least = .72
	in, n, complete := map[string]bool{}, 0.0, 0.0
	for _, w := range words {
		in[w] = true
		n++
		if float64(len(in))/n < least {
			complete++
			clear(in)
			n = 0
		}
	}
	if n > 0 {
		complete += (1 - float64(len(in))/n) / (1 - least)
	}
	return float64(len(words)) / math.Max(complete, .1)
}

// rare are the frequencies, as log10 of occurrences in the lexicon's corpus, below which a word is counted as rare.
var rare = []struct {
	below      float64
	key, label string
}{
	{6, "rare6", "very rare words"},
	{6.5, "rare65", "rare words"},
	{7, "rare7", "uncommon words"},
	{7.5, "rare75", "less common words"},
}

// rarity is how common the known words are, each time they are used and each once.
func (s *sheet) rarity(d *document) {
	used, once := make([]float64, 0, len(d.words)), make([]float64, 0, len(d.order))
	for _, w := range d.order {
		f, ok := d.known(w)
		if !ok {
			continue
		}
		once = append(once, f)
		for range d.types[w] {
			used = append(used, f)
		}
	}
	slices.Sort(used)
	slices.Sort(once)
	s.frequencies("used", "words as used", used)
	s.frequencies("types", "different words", once)
}

func (s *sheet) frequencies(key, label string, sorted []float64) {
	mean, deviation := meanDeviation(sorted)
	s.add(key+"_frequency", "mean frequency of "+label, mean)
	s.add(key+"_frequency_deviation", "variation of the frequency of "+label, deviation)
	s.add(key+"_frequency_q05", "frequency of the rarest twentieth of "+label, quantile(sorted, .05))
	s.add(key+"_frequency_q10", "frequency of the rarest tenth of "+label, quantile(sorted, .1))
	s.add(key+"_frequency_q25", "frequency of the rarest quarter of "+label, quantile(sorted, .25))
	s.add(key+"_frequency_q50", "frequency of the rarer half of "+label, quantile(sorted, .5))
	for _, r := range rare {
		n, _ := slices.BinarySearch(sorted, r.below)
		s.add(key+"_"+r.key+"_log", "number of "+r.label+" among "+label, math.Log1p(float64(n)))
		s.add(key+"_"+r.key+"_share", "share of "+r.label+" among "+label, share(float64(n), float64(len(sorted))))
	}
}
