package scoring

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/kljensen/snowball/english"
)

// joiners may stand inside a token, between two letters or digits: don't, ci/cd, node.js,
// write-ahead, snake_case, 3.5, key:value.
const joiners = "'’-/._&@:"

// maxTokenBytes bounds one token; what is longer (a base64 blob, a held-down key) is cut.
const maxTokenBytes = 64

// tokenize cuts text into lower-cased words. Letters, digits and combining marks make a word;
// joiners hold it together, and a trailing ++ or # belongs to it (c++, c#).
func tokenize(text string) []string {
	var tokens []string
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		if !isWordRune(r) {
			i += size
			continue
		}
		start := i
		i = wordEnd(text, i)
		word := text[start:min(i, start+maxTokenBytes)]
		word = strings.ToValidUTF8(strings.ToLower(word), "")
		tokens = append(tokens, strings.ReplaceAll(word, "’", "'"))
	}
	return tokens
}

// wordEnd returns the end of the word that begins at start.
func wordEnd(text string, start int) int {
	i := start
	for i < len(text) {
		r, size := utf8.DecodeRuneInString(text[i:])
		if isWordRune(r) {
			i += size
			continue
		}
		if strings.ContainsRune(joiners, r) {
			if next, _ := utf8.DecodeRuneInString(text[i+size:]); isWordRune(next) {
				i += size
				continue
			}
		}
		break
	}
	switch rest := text[i:]; {
	case strings.HasPrefix(rest, "++"):
		return i + 2
	case strings.HasPrefix(rest, "#") && i-start == 1:
		return i + 1
	}
	return i
}

func isWordRune(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.M, r))
}

// terms are the content words of tokens as stems, in order and with repetitions: function words
// are left out, compounds are opened (ci/cd gives ci and cd), inflections are removed.
func terms(tokens []string) []string {
	out := make([]string, 0, len(tokens))
	for _, token := range tokens {
		for part := range strings.FieldsFuncSeq(token, isCompoundJoiner) {
			if stem := stemOf(part); stem != "" {
				out = append(out, stem)
			}
		}
	}
	return out
}

func isCompoundJoiner(r rune) bool { return strings.ContainsRune("-/._&@:", r) }

// stemOf returns the stem of a content word (Porter2, Porter 2001, snowballstem.org), or "" for a
// function word or a lone letter.
func stemOf(word string) string {
	word = strings.TrimSuffix(word, "'s")
	if functionWords[word] || (len(word) < 2 && word != "c" && word != "r") {
		return ""
	}
	if full, ok := shortForms[word]; ok {
		word = full
	}
	stem := english.Stem(word, false)
	if functionWords[stem] {
		return ""
	}
	return stem
}

// termSet is the set of the terms of several token lists.
func termSet(lists ...[]string) map[string]bool {
	set := map[string]bool{}
	for _, list := range lists {
		for _, term := range terms(list) {
			set[term] = true
		}
	}
	return set
}

func setOf(list []string) map[string]bool {
	set := make(map[string]bool, len(list))
	for _, x := range list {
		set[x] = true
	}
	return set
}

// shingles calls yield with each run of n tokens, joined by spaces, until it returns false.
func shingles(tokens []string, n int, yield func(string) bool) {
	for i := 0; i+n <= len(tokens); i++ {
		if !yield(strings.Join(tokens[i:i+n], " ")) {
			return
		}
	}
}
