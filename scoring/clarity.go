package scoring

import (
	"math"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The parts of clarity; they add up to 1.
const (
	sentencePart = 0.35
	varietyPart  = 0.25
	formPart     = 0.25
	rhythmPart   = 0.15

	shoutingPenalty  = 0.15
	stutterPenalty   = 0.1
	gibberishPenalty = 0.3

	// neutralClarity is given to another language, which is not bad English. Its range is the scale.
	neutralClarity = 0.5
)

// clarity adds up readable sentence lengths, lexical variety, capitals and full stops, and variation
// of length. All are scaled by how much there is to judge and by how far it is about the question;
// shouting, doubled words and what cannot be words cost points.
func (m *measurement) clarity() []Contribution {
	if m.ownWords == 0 {
		return nil
	}
	if !m.english {
		return []Contribution{{Kind: ContributionFeature, Key: "not_judged", Label: "Language not judged: not in English", Points: neutralClarity, Sentence: -1}}
	}
	advised := math.Max(40, float64(m.question.Question.MinWords))
	gate := m.gate() * ramp(float64(m.ownWords), 0, advised) * float64(m.ownWords) / float64(m.ownWords+m.paddingWords)
	var out []Contribution
	feature := func(key, label string, points float64) {
		out = append(out, Contribution{Kind: ContributionFeature, Key: key, Label: label, Points: gate * points, Sentence: -1})
	}
	penalty := func(key, label string, points float64) {
		if points > 0 {
			out = append(out, Contribution{Kind: ContributionPenalty, Key: key, Label: label, Points: -gate * points, Sentence: -1})
		}
	}
	l := m.language()
	feature("sentence_length", "Sentences of readable length", sentencePart*l.readable)
	feature("variety", "Varied choice of words", varietyPart*ramp(l.variety, 0.55, 0.82))
	feature("form", "Capitals and full stops", formPart*l.formed)
	feature("rhythm", "Long and short sentences alternate", rhythmPart*ramp(l.variation, 0.1, 0.4))
	penalty("shouting", "Words in capitals for emphasis", shoutingPenalty*ramp(l.shouting, 0.05, 0.3))
	penalty("stutter", "Words written twice in a row", stutterPenalty*ramp(l.doubled, 0, 0.03))
	penalty("gibberish", "Strings that cannot be words", gibberishPenalty*ramp(l.gibberish, 0.02, 0.2))
	return out
}

// language holds shares (0…1) of the own prose's words, unless said otherwise.
type language struct {
	readable  float64 // in sentences of readable length
	formed    float64 // of sentences that begin with a capital and end with punctuation
	variety   float64 // moving-average type-token ratio
	variation float64 // standard deviation of the sentences' lengths over their mean
	shouting  float64
	doubled   float64
	gibberish float64
}

func (m *measurement) language() language {
	var l language
	var words []string
	var lengths []float64
	var formed, sentences, prose float64
	for i := range m.sentences {
		s := &m.text.Sentences[i]
		if !m.sentences[i].own() || s.Code {
			continue
		}
		n := float64(len(s.Tokens))
		prose += n
		l.readable += n * readableLength(n)
		lengths = append(lengths, n)
		sentences++
		formed += wellFormed(s.Text)
		for k, token := range s.Tokens {
			words = append(words, token)
			if k > 0 && token == s.Tokens[k-1] && token != "that" && token != "had" {
				l.doubled++
			}
			if isGibberish(token) {
				l.gibberish++
			}
		}
		l.shouting += float64(shoutedWords(s.Text))
	}
	if prose == 0 {
		return l
	}
	l.readable /= prose
	l.doubled /= prose
	l.gibberish /= prose
	l.shouting /= prose
	l.formed = formed / sentences
	l.variety = movingTypeTokenRatio(words)
	l.variation = variation(lengths)
	return l
}

// readableLength is 1 for sentences of 6 to 28 words and falls to 0 for fragments and at 55 words.
func readableLength(words float64) float64 {
	return math.Min(ramp(words, 1, 6), 1-ramp(words, 28, 55))
}

// ratioWindow is the number of words within which different words are counted.
const ratioWindow = 50

// movingTypeTokenRatio is the mean share of different words in every run of ratioWindow words,
// which unlike the plain ratio does not fall with length (MATTR, Covington and McFall 2010).
func movingTypeTokenRatio(words []string) float64 {
	if len(words) == 0 {
		return 0
	}
	size := min(ratioWindow, len(words))
	counts := map[string]int{}
	var sum float64
	for i, word := range words {
		counts[word]++
		if i >= size {
			old := words[i-size]
			if counts[old]--; counts[old] == 0 {
				delete(counts, old)
			}
		}
		if i >= size-1 {
			sum += float64(len(counts)) / float64(size)
		}
	}
	return sum / float64(len(words)-size+1)
}

func variation(lengths []float64) float64 {
	if len(lengths) < 2 {
		return 0
	}
	var mean, square float64
	for _, n := range lengths {
		mean += n
	}
	mean /= float64(len(lengths))
	for _, n := range lengths {
		square += (n - mean) * (n - mean)
	}
	return math.Sqrt(square/float64(len(lengths))) / mean
}

// wellFormed is half for a beginning that is no lower-case letter and half for an end with
// punctuation. A technical name may begin a sentence in lower case, so this is a mild sign only.
func wellFormed(sentence string) float64 {
	var score float64
	begin := strings.TrimLeftFunc(sentence[min(len(sentence), listMarker(sentence)):], func(r rune) bool {
		return unicode.IsPunct(r) || unicode.IsSpace(r)
	})
	if first, _ := utf8.DecodeRuneInString(begin); !unicode.IsLower(first) {
		score += 0.5
	}
	last, _ := utf8.DecodeLastRuneInString(sentence)
	if isTerminal(last) || isClosing(last) || last == ':' || last == ';' {
		score += 0.5
	}
	return score
}

// shoutedWords counts words of five or more capitals, which are rarely acronyms; words of SQL and
// HTTP are not counted.
func shoutedWords(text string) int {
	n := 0
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return !unicode.IsLetter(r) }) {
		if len(word) >= 5 && word == strings.ToUpper(word) && word != strings.ToLower(word) && !technicalCapitals[word] {
			n++
		}
	}
	return n
}

var technicalCapitals = wordSet(`
	SELECT INSERT UPDATE DELETE WHERE GROUP ORDER HAVING UNIQUE INDEX COMMIT ROLLBACK BEGIN EXPLAIN ANALYZE
	LIMIT OFFSET CONFLICT RETURNING INNER OUTER PRIMARY FOREIGN CREATE TABLE ALTER COUNT PATCH OPTIONS
	HTTPS OWASP STRIDE FIDO WCAG CRITICAL HTTPONLY SAMESITE GRANT REVOKE NOTHING UNION DISTINCT COALESCE
`)

// isGibberish tells whether a token can hardly be a word or a name: four times the same letter, six
// consonants in a row, or a long token without a vowel.
func isGibberish(token string) bool {
	run, consonants, vowels, letters := 1, 0, 0, 0
	var previous rune
	for _, r := range token {
		if r > unicode.MaxASCII || unicode.IsDigit(r) || strings.ContainsRune(joiners, r) {
			return false // foreign words, codes and paths are not judged
		}
		letters++
		if r == previous {
			if run++; run >= 4 {
				return true
			}
		} else {
			run = 1
		}
		previous = r
		if strings.ContainsRune("aeiouy", r) {
			vowels++
			consonants = 0
		} else if consonants++; consonants >= 6 {
			return true
		}
	}
	return letters >= 6 && vowels == 0 || letters > 30
}
