package lexicon_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/scoring/lexicon"
)

func TestRead(t *testing.T) {
	l, err := lexicon.Read(strings.NewReader("\ufeffthe 1000\ncat 10\n\n"), strings.NewReader("the cat 100\n"))
	require.NoError(t, err)
	f, ok := l.Word("the")
	assert.True(t, ok)
	assert.InDelta(t, 3, f, 1e-6)
	_, ok = l.Word("teh")
	assert.False(t, ok)
	f, ok = l.Pair("the", "cat")
	assert.True(t, ok)
	assert.InDelta(t, 2, f, 1e-6)
	_, ok = l.Pair("cat", "the")
	assert.False(t, ok)
}

func TestBadTables(t *testing.T) {
	for want, table := range map[string]string{
		`the table of words: line 2 has 3 fields, not 2`: "a 1\nb c 2\n",
		`line 1: "many" is no number of occurrences`:     "a many\n",
		`line 1: "0" is no number of occurrences`:        "a 0\n",
	} {
		_, err := lexicon.Read(strings.NewReader(table), strings.NewReader(""))
		require.ErrorContains(t, err, want)
	}
	_, err := lexicon.Read(strings.NewReader(""), strings.NewReader("a 1\n"))
	require.ErrorContains(t, err, "the table of pairs")
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	words, pairs := filepath.Join(dir, "words"), filepath.Join(dir, "pairs")
	_, err := lexicon.Load(words, pairs)
	require.ErrorContains(t, err, "the table of words")
	require.NoError(t, os.WriteFile(words, []byte("a 7\n"), 0o600))
	_, err = lexicon.Load(words, pairs)
	require.ErrorContains(t, err, "the table of pairs")
	require.NoError(t, os.WriteFile(pairs, []byte("a b 7\n"), 0o600))
	l, err := lexicon.Load(words, pairs)
	require.NoError(t, err)
	_, ok := l.Word("a")
	assert.True(t, ok)
}
