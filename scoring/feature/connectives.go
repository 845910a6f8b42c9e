package feature

import "strings"

// connectives are words that show how a text argues and to whom it speaks.
func (s *sheet) connectives(d *document) {
	for _, g := range wordGroups {
		var n, kinds float64
		for _, w := range g.words {
			if k := d.types[w]; k > 0 {
				n += float64(k)
				kinds++
			}
		}
		s.counted(d, g.key, g.label, n)
		s.add(g.key+"_types", "variety of "+g.label, kinds)
	}
}

type wordGroup struct {
	key, label string
	words      []string
}

func group(key, label, words string) wordGroup { return wordGroup{key, label, strings.Fields(words)} }

var wordGroups = []wordGroup{
	group("pronoun_1", "words for oneself (I, we)", "i me my mine myself we us our ours"),
	group("pronoun_2", "words for the reader (you)", "you your yours yourself u ur"),
	group("pronoun_3", "words for others (he, they, it)", "he him his she her hers it its they them their theirs"),
	group("article", "articles", "a an the"),
	group("preposition", "prepositions", "of in to for with on at from by about as into like through after over between out against during without before under around among toward towards upon within"),
	group("conjunction", "words that join (and, but)", "and but or nor so yet"),
	group("subordinator", "words that open a clause (because, which)", "although though because since unless while whereas whether if when where until that which who whom whose"),
	group("contrast", "words of contrast (however)", "however although though but nevertheless nonetheless instead despite otherwise rather whereas conversely yet still"),
	group("cause", "words of cause (therefore)", "because therefore thus hence consequently since so accordingly"),
	group("addition", "words of addition (moreover)", "also moreover furthermore additionally besides further another"),
	group("order", "words of order (first, finally)", "first second third firstly secondly finally lastly next then last"),
	group("example", "words of example (such as)", "example instance such like including specifically"),
	group("modal", "modal verbs (could, should)", "can could may might must shall should will would ought"),
	group("negation", "negations", "not no never none nothing don't doesn't didn't can't won't isn't aren't wasn't cannot dont cant wont"),
	group("be", "forms of be", "am is are was were be been being"),
	group("have", "forms of have and do", "have has had having do does did"),
	group("hedge", "words of caution (perhaps)", "maybe perhaps probably possibly seems seem think believe feel"),
	group("vague", "vague words (thing, very)", "thing things stuff lot lots really very good bad nice get got big"),
	group("evidence", "words that refer to a source (author, states)", "author says said states shows quote text paragraph evidence according story article"),
}

// suffixes are endings of words, by which forms of verbs, nouns and adjectives are told without a parser.
var suffixes = []struct{ ending, label string }{
	{"ing", "words in -ing"}, {"ed", "words in -ed"}, {"ly", "words in -ly"}, {"tion", "words in -tion"},
	{"ment", "words in -ment"}, {"ness", "words in -ness"}, {"ity", "words in -ity"}, {"ous", "words in -ous"},
	{"ive", "words in -ive"}, {"al", "words in -al"}, {"ful", "words in -ful"}, {"er", "words in -er"},
	{"est", "words in -est"}, {"s", "words in -s"},
}

func (s *sheet) forms(d *document) {
	for _, x := range suffixes {
		var n float64
		for _, w := range d.order {
			if len(w) > len(x.ending)+2 && strings.HasSuffix(w, x.ending) {
				n += float64(d.types[w])
			}
		}
		s.counted(d, "suffix_"+x.ending, x.label, n)
	}
}
