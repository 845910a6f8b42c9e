package pack

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/rubrica/rubrica/scoring"
)

// Words tells how much a stem says: the rarer in English, the more. Common ones are listed; whatever is
// not is rare.
type Words struct {
	Rare   float64        `json:"rare"`   // weight of a stem that is not listed
	Common map[string]int `json:"common"` // weights in hundredths
}

// Weight of a stem.
func (w *Words) Weight(stem string) float64 {
	if v, ok := w.Common[stem]; ok {
		return float64(v) / 100
	}
	return w.Rare
}

// How words are weighed: by the logarithm of how many words of text there are to one of the stem, over a
// scale that puts most content words near 1.
const (
	wordScale   = 6
	commonStems = 4000
	rareWeight  = 1
)

// WordsOf makes the weights from a table of words and how often they occur, a pair to a line.
func WordsOf(table io.Reader) (Words, error) {
	count := map[string]float64{}
	var total float64
	lines := bufio.NewScanner(table)
	for n := 1; lines.Scan(); n++ {
		word, number, ok := strings.Cut(strings.TrimPrefix(strings.TrimSpace(lines.Text()), "\ufeff"), " ")
		if !ok {
			continue
		}
		c, err := strconv.ParseFloat(number, 64)
		if err != nil {
			return Words{}, fmt.Errorf("pack: the table of words, line %d: %w", n, err)
		}
		count[scoring.Stem(word)] += c
		total += c
	}
	if err := lines.Err(); err != nil {
		return Words{}, fmt.Errorf("pack: the table of words: %w", err)
	}
	stems := make([]string, 0, len(count))
	for s := range count {
		stems = append(stems, s)
	}
	slices.SortFunc(stems, func(a, b string) int {
		switch {
		case count[a] > count[b]:
			return -1
		case count[a] < count[b]:
			return 1
		}
		return strings.Compare(a, b)
	})
	w := Words{Rare: rareWeight, Common: map[string]int{}}
	for _, s := range stems[:min(len(stems), commonStems)] {
		if v := int(math.Round(100 * min(rareWeight, math.Log10(total/count[s])/wordScale))); v < 100*rareWeight {
			w.Common[s] = v
		}
	}
	return w, nil
}
