package attack

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// typoEvery is the mean number of letters between two slips.
const typoEvery = 25

// typos swaps, drops or doubles letters within words.
func typos(answer string, _ Setting, r *rand.Rand) string {
	runes := []rune(answer)
	out := make([]rune, 0, len(runes)+len(runes)/typoEvery)
	for i := 0; i < len(runes); i++ {
		inside := i > 0 && i+1 < len(runes) && unicode.IsLetter(runes[i-1]) && unicode.IsLetter(runes[i]) && unicode.IsLetter(runes[i+1])
		if !inside || r.IntN(typoEvery) > 0 {
			out = append(out, runes[i])
			continue
		}
		switch r.IntN(3) {
		case 0:
			out = append(out, runes[i+1], runes[i])
			i++
		case 1:
		default:
			out = append(out, runes[i], runes[i])
		}
	}
	return string(out)
}

func shuffle(answer string, _ Setting, r *rand.Rand) string {
	list := sentences(answer)
	r.Shuffle(len(list), func(a, b int) { list[a], list[b] = list[b], list[a] })
	return strings.Join(list, " ")
}

// forms are exchanged in both directions.
var forms = [][2]string{
	{"do not", "don't"}, {"does not", "doesn't"}, {"did not", "didn't"}, {"is not", "isn't"}, {"are not", "aren't"},
	{"was not", "wasn't"}, {"cannot", "can't"}, {"will not", "won't"}, {"would not", "wouldn't"}, {"should not", "shouldn't"},
	{"it is", "it's"}, {"that is", "that's"}, {"I would", "I'd"}, {"I have", "I've"}, {"we have", "we've"}, {"they are", "they're"},
}

var contracted, expanded = func() (c, e *strings.Replacer) {
	var short, long []string
	for _, f := range forms {
		short = append(short, " "+f[0]+" ", " "+f[1]+" ")
		long = append(long, " "+f[1]+" ", " "+f[0]+" ")
	}
	return strings.NewReplacer(short...), strings.NewReplacer(long...)
}()

// contract shortens what is long, or lengthens what is short where nothing could be shortened.
func contract(answer string, _ Setting, _ *rand.Rand) string {
	if short := contracted.Replace(answer); short != answer {
		return short
	}
	return expanded.Replace(answer)
}

// leading is a clause that may stand before or behind the main clause.
var leading = regexp.MustCompile(`^(If|When|Because|Since|While|After|Before|Although|Without|For) ([^,.;]+), ([^,;]+)\.$`)

// trailing is a main clause with such a clause behind it.
var trailing = regexp.MustCompile(`^([^,;.]+?),? (because|if|when|since|while|although) ([^,;.]+)\.$`)

// reorder moves subordinate clauses to the other side of the main clause.
func reorder(answer string, _ Setting, _ *rand.Rand) string {
	for _, s := range sentences(answer) {
		var with string
		if m := leading.FindStringSubmatch(s); m != nil {
			with = upperFirst(m[3]) + " " + strings.ToLower(m[1]) + " " + m[2] + "."
		} else if m := trailing.FindStringSubmatch(s); m != nil {
			with = upperFirst(m[2]) + " " + m[3] + ", " + lowerFirst(m[1]) + "."
		} else {
			continue
		}
		answer = strings.Replace(answer, s, with, 1)
	}
	return answer
}

func upperFirst(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[size:]
}

// lowerFirst writes the first letter small, but not of an acronym or of "I".
func lowerFirst(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	next, _ := utf8.DecodeRuneInString(s[size:])
	if !unicode.IsLower(next) {
		return s
	}
	return string(unicode.ToLower(r)) + s[size:]
}
