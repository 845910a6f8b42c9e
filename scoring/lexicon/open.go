package lexicon

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/rubrica/rubrica/internal/provision"
)

// Open reads the pinned tables: 82 765 words and 242 342 pairs of words. The first call on a machine
// fetches them (2.6 MB, see internal/provision, which also says what progress is); later ones need no
// network. It takes 0.4 s and 21 MB, so a process opens it once.
func Open(ctx context.Context, progress func(line string)) (*Lexicon, error) {
	dir, err := provision.Ensure(ctx, provision.Lexicon, progress)
	if err != nil {
		return nil, fmt.Errorf("lexicon: %w", err)
	}
	return Load(provision.LexiconTables(dir))
}

// Load is Read from two files.
func Load(wordsPath, pairsPath string) (_ *Lexicon, err error) {
	words, err := os.Open(wordsPath)
	if err != nil {
		return nil, fmt.Errorf("lexicon: the table of words: %w", err)
	}
	defer func() { err = errors.Join(err, words.Close()) }()
	pairs, err := os.Open(pairsPath)
	if err != nil {
		return nil, fmt.Errorf("lexicon: the table of pairs: %w", err)
	}
	defer func() { err = errors.Join(err, pairs.Close()) }()
	return Read(words, pairs)
}
