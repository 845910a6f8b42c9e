// Package lexicon holds English words and pairs of words with how common they are: it tells a
// misspelt word from a rare one.
package lexicon

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// Lexicon knows words and pairs of words. It is safe for concurrent use.
type Lexicon struct {
	words map[string]float32 // log10 of occurrences
	pairs map[string]float32
}

// Read reads two tables of lines: a word and its occurrences; two words and theirs. Words are in
// lower case. The error names the table and the line.
func Read(words, pairs io.Reader) (*Lexicon, error) {
	l := &Lexicon{words: make(map[string]float32, 90_000), pairs: make(map[string]float32, 250_000)}
	if err := table(words, 1, l.words); err != nil {
		return nil, fmt.Errorf("lexicon: the table of words: %w", err)
	}
	if err := table(pairs, 2, l.pairs); err != nil {
		return nil, fmt.Errorf("lexicon: the table of pairs: %w", err)
	}
	return l, nil
}

func table(r io.Reader, words int, into map[string]float32) error {
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		fields := strings.Fields(strings.TrimPrefix(lines.Text(), "\ufeff"))
		if len(fields) == 0 {
			continue
		}
		if len(fields) != words+1 {
			return fmt.Errorf("line %d has %d fields, not %d", n, len(fields), words+1)
		}
		count, err := strconv.ParseFloat(fields[words], 64)
		if err != nil || count < 1 {
			return fmt.Errorf("line %d: %q is no number of occurrences", n, fields[words])
		}
		into[strings.Join(fields[:words], " ")] = float32(math.Log10(count))
	}
	return lines.Err()
}

// Word is log10 of how often the word occurs, and whether it is known.
func (l *Lexicon) Word(w string) (float64, bool) {
	v, ok := l.words[w]
	return float64(v), ok
}

// Pair is log10 of how often the second word follows the first, and whether it is known to.
func (l *Lexicon) Pair(a, b string) (float64, bool) {
	v, ok := l.pairs[a+" "+b]
	return float64(v), ok
}
