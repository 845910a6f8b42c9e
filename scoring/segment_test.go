package scoring

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// sentencesOf cuts raw and returns the sentences' texts.
func sentencesOf(raw string) []string {
	var out []string
	for _, s := range read(raw).Sentences {
		out = append(out, s.Text)
	}
	return out
}

func TestSegment(t *testing.T) {
	for name, c := range map[string]struct {
		raw  string
		want []string
	}{
		"plain":            {"One thing. Another thing! A third?", []string{"One thing.", "Another thing!", "A third?"}},
		"no capitals":      {"it fails. then it retries.", []string{"it fails.", "then it retries."}},
		"abbreviations":    {"Use a key, e.g. A UUID, i.e. one per order. Dr. Lee vs. Ann agree.", []string{"Use a key, e.g. A UUID, i.e. one per order.", "Dr. Lee vs. Ann agree."}},
		"etc at the end":   {"Keys, tokens, etc. The rest is easy.", []string{"Keys, tokens, etc.", "The rest is easy."}},
		"etc within":       {"Keys, tokens, etc. are stored.", []string{"Keys, tokens, etc. are stored."}},
		"initials":         {"As J. Smith wrote. And I. Then more.", []string{"As J. Smith wrote.", "And I.", "Then more."}},
		"decimals":         {"It takes 3.5 s on v1.2.3 of node.js. Then 4.", []string{"It takes 3.5 s on v1.2.3 of node.js.", "Then 4."}},
		"forgotten blank":  {"The reply was lost.The client retries.", []string{"The reply was lost.", "The client retries."}},
		"code names":       {"Call fmt.Println and errors.Is here.", []string{"Call fmt.Println and errors.Is here."}},
		"back quotes":      {"Send `GET /a. B` again. Done.", []string{"Send `GET /a. B` again.", "Done."}},
		"ellipsis goes on": {"It works... sometimes. Well… No.", []string{"It works... sometimes.", "Well…", "No."}},
		"quotes":           {`He said "stop." She did. "Why?" he asked.`, []string{`He said "stop."`, "She did.", `"Why?" he asked.`}},
		"bullets":          {"Steps:\n- store the key\n- call the bank\n1. first. 2. x", []string{"Steps:", "- store the key", "- call the bank", "1. first.", "2. x"}},
		"short lines":      {"store the key\ncall the bank", []string{"store the key", "call the bank"}},
		"CRLF":             {"One.\r\nTwo.\r\n\r\nThree", []string{"One.", "Two.", "Three"}},
		"CJK":              {"再試行。二回目！", []string{"再試行。", "二回目！"}},
		"fence":            {"See:\n```go\nfunc a() {}\n\nx. Y\n```\nDone.", []string{"See:", "```go\nfunc a() {}\n\nx. Y\n```", "Done."}},
		"open fence":       {"```\nx. Y", []string{"```\nx. Y"}},
		"blank":            {" \n\t\r\n ", nil},
		"only punctuation": {"...", []string{"..."}},
		"wrapped by an editor": {
			"When no response arrives the client cannot tell what\nhas happened to the money. It has to be able to try\nagain, and the server must know.",
			[]string{
				"When no response arrives the client cannot tell what\nhas happened to the money.",
				"It has to be able to try\nagain, and the server must know.",
			},
		},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, c.want, sentencesOf(c.raw)) })
	}
}

func TestSegmentCountsParagraphsAndMarksCode(t *testing.T) {
	text := read("One. Two.\n\n\nThree.\n```\ncode\n```\n\nFour.")
	require.Len(t, text.Sentences, 5)
	assert.Equal(t, 3, text.Paragraphs)
	assert.Equal(t, []int{0, 0, 1, 1, 2}, []int{
		text.Sentences[0].Paragraph, text.Sentences[1].Paragraph, text.Sentences[2].Paragraph,
		text.Sentences[3].Paragraph, text.Sentences[4].Paragraph,
	})
	assert.True(t, text.Sentences[3].Code)
	assert.False(t, text.Sentences[4].Code)
}

// A run-on text is cut before conjunctions and loses no word by it.
func TestSegmentCutsRunOnText(t *testing.T) {
	raw := strings.TrimSpace(strings.Repeat("the client sends the request and the server stores the key because the network may lose the reply ", 20))
	text := read(raw)
	assert.Greater(t, len(text.Sentences), 5)
	assert.Equal(t, len(tokenize(raw)), text.Words)
	for _, s := range text.Sentences[1:] {
		first, _, _ := strings.Cut(s.Text, " ")
		assert.True(t, clauseStarters[first], "cut before %q", first)
	}
}

// Whatever is submitted, sentences are exact, ordered and within the documented bounds.
func TestSegmentIsExactAndBounded(t *testing.T) {
	check := func(t require.TestingT, raw string) {
		text := read(raw)
		require.LessOrEqual(t, len(text.Sentences), MaxSentences)
		require.LessOrEqual(t, text.ReadTo, min(len(raw), MaxReadBytes))
		at := 0
		for _, s := range text.Sentences {
			require.GreaterOrEqual(t, s.Start, at)
			require.Greater(t, s.End, s.Start)
			require.LessOrEqual(t, s.End, text.ReadTo)
			require.Equal(t, raw[s.Start:s.End], s.Text)
			require.LessOrEqual(t, len(s.Text), maxSentenceBytes)
			require.LessOrEqual(t, len(strings.Fields(s.Text)), maxSentenceWords)
			if utf8.ValidString(raw) {
				require.True(t, utf8.ValidString(s.Text), "%q", s.Text)
				require.Equal(t, strings.TrimSpace(s.Text), s.Text)
			}
			// Nothing but white space is left out between sentences.
			require.Empty(t, strings.TrimSpace(raw[at:s.Start]))
			at = s.End
		}
		if text.ReadTo == len(raw) {
			require.Empty(t, strings.TrimSpace(raw[at:]))
		}
	}
	const size = 200_000
	for name, unit := range map[string]string{
		"letters": "a", "words": "word ", "sentences": "A short one. ", "lines": "x\n", "emoji": "👩‍🚀",
		"combining": "e\u0301", "back quotes": "`", "stops": ". ", "fences": "```\n", "Han": "漢", "bullets": "- a\n",
		"white space": " ", "invalid": "\xff", "NUL": "\x00", "commas": "a, ",
	} {
		t.Run(name, func(t *testing.T) {
			for _, raw := range []string{strings.Repeat(unit, 3), strings.Repeat(unit, size/len(unit))} {
				check(t, raw)
			}
		})
	}
	rapid.Check(t, func(t *rapid.T) {
		check(t, rapid.OneOf(rapid.String(), rapid.StringOfN(rapid.RuneFrom([]rune("aB .,!?\n\r-`1é…”“。\u0301😀")), 0, 3000, -1)).Draw(t, "raw"))
	})
}

func TestTokenize(t *testing.T) {
	assert.Equal(t, []string{"c++", "and", "c#", "in", "ci/cd", "on", "k8s", "don't", "use", "node.js", "3.5", "write-ahead", "café"},
		tokenize("C++ and C# in CI/CD on k8s: don’t use node.js 3.5 (write-ahead), Café."))
	assert.Equal(t, []string{"ci", "cd", "kubernet", "retri", "retri"}, terms(tokenize("the CI/CD of k8s retries, retried")))
	assert.Empty(t, terms(tokenize("it is not that they do so")))
	assert.Len(t, tokenize(strings.Repeat("x", 1000))[0], maxTokenBytes)
}
