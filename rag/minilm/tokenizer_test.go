package minilm

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTokenizerRefusesWhatItDoesNotImplement(t *testing.T) {
	_, err := newTokenizer(tokenizerJSON)
	require.NoError(t, err)
	for name, change := range map[string][2]string{
		"cased":          {`"lowercase":true`, `"lowercase":false`},
		"accents kept":   {`"strip_accents":null`, `"strip_accents":false`},
		"another prefix": {`"continuing_subword_prefix":"##"`, `"continuing_subword_prefix":"@@"`},
		"longer words":   {`"max_input_chars_per_word":100`, `"max_input_chars_per_word":200`},
		"loose tokens":   {`"lstrip":false`, `"lstrip":true`},
		"no [SEP]":       {`"[SEP]":102`, `"[XXX]":102`},
		"not JSON":       {`{`, `(`},
	} {
		// The file is indented in places; the comparison is not about blanks.
		compact := strings.NewReplacer(": ", ":").Replace(string(tokenizerJSON))
		changed := strings.Replace(compact, change[0], change[1], 1)
		require.NotEqual(t, compact, changed, name)
		_, err := newTokenizer([]byte(changed))
		assert.ErrorContains(t, err, "tokenizer.json", name)
	}
}

func TestTokensStopWhenAsked(t *testing.T) {
	tk, err := newTokenizer(tokenizerJSON)
	require.NoError(t, err)
	for _, text := range []string{"one two three", "unaffable", "[MASK] two", "日本"} {
		count := 0
		for range tk.tokens(text) {
			count++
			break
		}
		assert.Equal(t, 1, count, text)
	}
}
