// Package feature measures a text: how much there is of it, its words, sentences, punctuation,
// spelling and cohesion. Every measure has a key and a label, so that a score that is a sum over them can be shown.
package feature

import (
	"math"
	"sort"
	"strings"
	"unicode"

	"github.com/rubrica/rubrica/scoring/lexicon"
)

type Sentence struct {
	Text      string
	Tokens    []string
	Paragraph int
	Vector    []float32
}

type Doc struct {
	Raw        string
	Sentences  []Sentence
	Paragraphs int
}

type Set struct {
	Keys   []string
	Values []float64
}

func (s *Set) add(k string, v float64) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		v = 0
	}
	s.Keys = append(s.Keys, k)
	s.Values = append(s.Values, v)
}

func Of(d *Doc, lex *lexicon.Lexicon) *Set {
	s := &Set{}
	var words []string
	var lens []float64
	for _, x := range d.Sentences {
		words = append(words, x.Tokens...)
		if len(x.Tokens) > 0 {
			lens = append(lens, float64(len(x.Tokens)))
		}
	}
	n := float64(len(words))
	r := func(c float64) float64 { return c / math.Max(1, n) }
	l := math.Log1p
	// length
	s.add("log_words", l(n))
	s.add("root_words", math.Pow(n, .25))
	s.add("words", n/100)
	s.add("log_words_2", l(n)*l(n))
	s.add("log_chars", l(float64(len(d.Raw))))
	s.add("log_sentences", l(float64(len(lens))))
	s.add("log_paragraphs", l(float64(d.Paragraphs)))
	types := map[string]int{}
	var wl, long6, long8, syll, short []float64
	_ = long8
	_ = syll
	_ = short
	var chars, l5, l6, l7, l8, l10, sy, poly, sq float64
	for _, w := range words {
		types[w]++
		k := float64(len([]rune(w)))
		wl = append(wl, k)
		chars += k
		sq += k * k
		if k >= 5 {
			l5++
		}
		if k >= 6 {
			l6++
		}
		if k >= 7 {
			l7++
		}
		if k >= 8 {
			l8++
		}
		if k >= 10 {
			l10++
		}
		q := syllables(w)
		sy += q
		if q >= 3 {
			poly++
		}
	}
	_ = long6
	t := float64(len(types))
	s.add("word_length", chars/math.Max(1, n))
	s.add("word_length_sd", math.Sqrt(math.Max(0, sq/math.Max(1, n)-math.Pow(chars/math.Max(1, n), 2))))
	for _, x := range []struct {
		k string
		v float64
	}{{"5", l5}, {"6", l6}, {"7", l7}, {"8", l8}, {"10", l10}} {
		s.add("long"+x.k+"_log", l(x.v))
		s.add("long"+x.k+"_rate", r(x.v))
	}
	s.add("syllables", r(sy))
	s.add("poly_rate", r(poly))
	s.add("poly_log", l(poly))
	// diversity
	s.add("types_log", l(t))
	s.add("types_root4", math.Pow(t, .25))
	s.add("ttr", t/math.Max(1, n))
	s.add("root_ttr", t/math.Sqrt(math.Max(1, n)))
	s.add("log_ttr", l(t)/math.Max(1, l(n)))
	s.add("mattr25", mattr(words, 25))
	s.add("mattr50", mattr(words, 50))
	s.add("mattr100", mattr(words, 100))
	s.add("mtld", l(mtld(words)))
	var hap, twice float64
	var yule float64
	for _, c := range types {
		if c == 1 {
			hap++
		}
		if c == 2 {
			twice++
		}
		yule += float64(c * c)
	}
	s.add("hapax_log", l(hap))
	s.add("hapax_rate", hap/math.Max(1, t))
	s.add("yule", (yule-n)/math.Max(1, n*n)*100)
	// sentences
	m, sd := meanSD(lens)
	s.add("sentence_length", m)
	s.add("sentence_length_log", l(m))
	s.add("sentence_sd", sd)
	s.add("sentence_cv", sd/math.Max(1, m))
	sorted := append([]float64{}, lens...)
	sort.Float64s(sorted)
	q := func(p float64) float64 {
		if len(sorted) == 0 {
			return 0
		}
		return sorted[int(p*float64(len(sorted)-1))]
	}
	s.add("sentence_q10", q(.1))
	s.add("sentence_q50", q(.5))
	s.add("sentence_q90", q(.9))
	s.add("sentence_max", l(q(1)))
	s.add("flesch", 206.8-1.015*m-84.6*r(sy))
	s.add("fog", .4*(m+100*r(poly)))
	var sh, lo float64
	for _, x := range lens {
		if x < 6 {
			sh++
		}
		if x > 30 {
			lo++
		}
	}
	s.add("short_sentences", sh/math.Max(1, float64(len(lens))))
	s.add("long_sentences", lo/math.Max(1, float64(len(lens))))
	// punctuation
	for _, p := range []struct{ k, c string }{{"comma", ","}, {"period", "."}, {"question", "?"}, {"exclaim", "!"}, {"semicolon", ";"}, {"colon", ":"}, {"quote", "\""}, {"apostrophe", "'"}, {"paren", "("}, {"dash", "-"}, {"at", "@"}} {
		c := float64(strings.Count(d.Raw, p.c))
		s.add(p.k+"_log", l(c))
		s.add(p.k+"_rate", r(c))
	}
	var up, dig, lowstart, capsw, nospace, dbl, loneI float64
	rs := []rune(d.Raw)
	for i, c := range rs {
		if unicode.IsUpper(c) {
			up++
		}
		if unicode.IsDigit(c) {
			dig++
		}
		if strings.ContainsRune(",.;!?", c) && i+1 < len(rs) && unicode.IsLetter(rs[i+1]) {
			nospace++
		}
		if c == ' ' && i+1 < len(rs) && rs[i+1] == ' ' {
			dbl++
		}
		if c == 'i' && (i == 0 || !unicode.IsLetter(rs[i-1]) && rs[i-1] != '\'') && (i+1 == len(rs) || !unicode.IsLetter(rs[i+1])) {
			loneI++
		}
	}
	for _, x := range d.Sentences {
		tr := strings.TrimLeft(x.Text, "\"'( ")
		if tr != "" && unicode.IsLower([]rune(tr)[0]) {
			lowstart++
		}
	}
	for _, w := range strings.Fields(d.Raw) {
		if len(w) > 2 && strings.ToUpper(w) == w && strings.ToLower(w) != w && !strings.HasPrefix(w, "@") {
			capsw++
		}
	}
	s.add("upper_rate", up/math.Max(1, float64(len(rs))))
	s.add("digit_rate", dig/math.Max(1, float64(len(rs))))
	s.add("lower_start", lowstart/math.Max(1, float64(len(d.Sentences))))
	s.add("lower_start_log", l(lowstart))
	s.add("caps_rate", r(capsw))
	s.add("nospace_rate", r(nospace))
	s.add("double_space", l(dbl))
	s.add("lone_i", r(loneI))
	s.add("lone_i_log", l(loneI))
	// spelling and frequency
	var bad, badTypes float64
	var fr []float64
	var typefr []float64
	for _, w := range words {
		if f, ok := known(lex, w); ok {
			fr = append(fr, f)
		} else if isWord(w) {
			bad++
		}
	}
	for w := range types {
		if f, ok := known(lex, w); ok {
			typefr = append(typefr, f)
		} else if isWord(w) {
			badTypes++
		}
	}
	s.add("misspelt_rate", r(bad))
	s.add("misspelt_log", l(bad))
	s.add("misspelt_root", math.Sqrt(r(bad)))
	s.add("misspelt_types", badTypes/math.Max(1, t))
	sort.Float64s(fr)
	sort.Float64s(typefr)
	for _, x := range []struct {
		k string
		v []float64
	}{{"freq", fr}, {"type_freq", typefr}} {
		m, sd := meanSD(x.v)
		s.add(x.k+"_mean", m)
		s.add(x.k+"_sd", sd)
		for _, p := range []float64{.05, .1, .25, .5} {
			if len(x.v) > 0 {
				s.add(x.k+"_q", x.v[int(p*float64(len(x.v)-1))])
			} else {
				s.add(x.k+"_q", 0)
			}
		}
		for _, th := range []float64{6, 6.5, 7, 7.5} {
			c := 0.0
			for _, f := range x.v {
				if f < th {
					c++
				}
			}
			s.add(x.k+"_rare", c/math.Max(1, float64(len(x.v))))
			s.add(x.k+"_rare_log", l(c))
		}
	}
	// pairs
	var kp, up2, pm float64
	var pf []float64
	for _, x := range d.Sentences {
		for i := 1; i < len(x.Tokens); i++ {
			a, b := x.Tokens[i-1], x.Tokens[i]
			if f, ok := lex.Pair(a, b); ok {
				kp++
				pf = append(pf, f)
				fa, _ := lex.Word(a)
				fb, _ := lex.Word(b)
				pm += f - fa - fb
			} else {
				up2++
			}
		}
	}
	s.add("pair_known", kp/math.Max(1, kp+up2))
	s.add("pair_known_log", l(kp))
	s.add("pair_unknown_log", l(up2))
	pmn, psd := meanSD(pf)
	s.add("pair_freq", pmn)
	s.add("pair_freq_sd", psd)
	s.add("pair_pmi", pm/math.Max(1, kp))
	// function words and connectives
	for _, g := range groups {
		c := 0.0
		dist := 0.0
		for _, w := range g.words {
			if k := types[w]; k > 0 {
				c += float64(k)
				dist++
			}
		}
		s.add(g.key+"_rate", r(c))
		s.add(g.key+"_log", l(c))
		s.add(g.key+"_types", dist)
	}
	for _, suf := range []string{"ing", "ed", "ly", "tion", "ment", "ness", "ity", "ous", "ive", "al", "ful", "er", "est", "s"} {
		c := 0.0
		for w, k := range types {
			if len(w) > len(suf)+2 && strings.HasSuffix(w, suf) {
				c += float64(k)
			}
		}
		s.add("suffix_"+suf+"_rate", r(c))
		s.add("suffix_"+suf+"_log", l(c))
	}
	// overlap of neighbouring sentences
	var ov, first float64
	k := 0.0
	starts := map[string]bool{}
	for i, x := range d.Sentences {
		if len(x.Tokens) > 0 {
			starts[x.Tokens[0]] = true
			first++
		}
		if i == 0 {
			continue
		}
		ov += overlap(d.Sentences[i-1].Tokens, x.Tokens)
		k++
	}
	s.add("overlap", ov/math.Max(1, k))
	s.add("starts", float64(len(starts))/math.Max(1, first))
	s.add("starts_log", l(float64(len(starts))))
	return s
}

func known(lex *lexicon.Lexicon, w string) (float64, bool) {
	if f, ok := lex.Word(w); ok {
		return f, true
	}
	w = strings.ReplaceAll(w, "'", "")
	if f, ok := lex.Word(w); ok {
		return f, true
	}
	if strings.HasSuffix(w, "s") {
		return lex.Word(strings.TrimSuffix(w, "s"))
	}
	if strings.ContainsAny(w, "-/") {
		for _, p := range strings.FieldsFunc(w, func(r rune) bool { return r == '-' || r == '/' }) {
			if f, ok := lex.Word(p); !ok {
				return f, false
			}
		}
		return 5, true
	}
	return 0, false
}

func isWord(w string) bool {
	for _, r := range w {
		if unicode.IsDigit(r) || r == '@' || r == '_' {
			return false
		}
	}
	return true
}

func meanSD(v []float64) (float64, float64) {
	if len(v) == 0 {
		return 0, 0
	}
	var m, q float64
	for _, x := range v {
		m += x
		q += x * x
	}
	m /= float64(len(v))
	return m, math.Sqrt(math.Max(0, q/float64(len(v))-m*m))
}

func mattr(words []string, w int) float64 {
	if len(words) == 0 {
		return 0
	}
	w = min(w, len(words))
	c := map[string]int{}
	var s float64
	for i, x := range words {
		c[x]++
		if i >= w {
			o := words[i-w]
			if c[o]--; c[o] == 0 {
				delete(c, o)
			}
		}
		if i >= w-1 {
			s += float64(len(c)) / float64(w)
		}
	}
	return s / float64(len(words)-w+1)
}

func mtld(words []string) float64 {
	one := func(at func(int) string) float64 {
		c := map[string]bool{}
		k, f := 0.0, 0.0
		for i := range words {
			c[at(i)] = true
			k++
			if float64(len(c))/k < .72 {
				f++
				c = map[string]bool{}
				k = 0
			}
		}
		if k > 0 {
			f += (1 - float64(len(c))/k) / .28
		}
		return float64(len(words)) / math.Max(f, .1)
	}
	return (one(func(i int) string { return words[i] }) + one(func(i int) string { return words[len(words)-1-i] })) / 2
}

func overlap(a, b []string) float64 {
	m := map[string]bool{}
	for _, x := range a {
		if len(x) > 3 {
			m[x] = true
		}
	}
	c, t := 0.0, 0.0
	for _, x := range b {
		if len(x) > 3 {
			t++
			if m[x] {
				c++
			}
		}
	}
	return c / math.Max(1, t)
}

func syllables(w string) float64 {
	n := 0.0
	prev := false
	for _, r := range w {
		v := strings.ContainsRune("aeiouy", r)
		if v && !prev {
			n++
		}
		prev = v
	}
	if strings.HasSuffix(w, "e") && n > 1 && !strings.HasSuffix(w, "le") {
		n--
	}
	return math.Max(1, n)
}

var groups = []struct {
	key   string
	words []string
}{
	{"pronoun_1", strings.Fields("i me my mine myself we us our ours")},
	{"pronoun_2", strings.Fields("you your yours yourself u ur")},
	{"pronoun_3", strings.Fields("he him his she her hers it its they them their theirs")},
	{"article", strings.Fields("a an the")},
	{"preposition", strings.Fields("of in to for with on at from by about as into like through after over between out against during without before under around among toward towards upon within")},
	{"conjunction", strings.Fields("and but or nor so yet")},
	{"subordinator", strings.Fields("although though because since unless while whereas whether if when where until that which who whom whose")},
	{"contrast", strings.Fields("however although though but nevertheless nonetheless instead despite otherwise rather whereas conversely yet still")},
	{"cause", strings.Fields("because therefore thus hence consequently since so accordingly")},
	{"addition", strings.Fields("also moreover furthermore additionally besides further another")},
	{"order", strings.Fields("first second third firstly secondly finally lastly next then last")},
	{"example", strings.Fields("example instance such like including specifically")},
	{"modal", strings.Fields("can could may might must shall should will would ought")},
	{"negation", strings.Fields("not no never none nothing don't doesn't didn't can't won't isn't aren't wasn't cannot dont cant wont")},
	{"be", strings.Fields("am is are was were be been being")},
	{"have", strings.Fields("have has had having do does did")},
	{"hedge", strings.Fields("maybe perhaps probably possibly seems seem think believe feel")},
	{"vague", strings.Fields("thing things stuff lot lots really very good bad nice get got big")},
	{"evidence", strings.Fields("author says said states shows quote text paragraph evidence according story article")},
}
