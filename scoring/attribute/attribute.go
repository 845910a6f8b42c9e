// Package attribute tells what each sentence of a text does for a score, by taking it out: for models
// whose terms are of the whole text (its length, its variety), where no sum over sentences says it.
package attribute

import (
	"context"
	"fmt"

	"github.com/rubrica/rubrica/scoring"
)

// Scores gives one or more scores of a text; several share the reading of it.
type Scores func(ctx context.Context, text *scoring.Text) ([]float64, error)

// Sentences gives, for each sentence of the text, what each score loses without it: positive for one that
// raises the score. Sentences without words have no effect, and so have those beyond most, if most is
// above 0: a text is scored at most once more than that. The error is that of scores or ctx.
func Sentences(ctx context.Context, text *scoring.Text, most int, scores Scores) ([][]float64, error) {
	whole, err := scores(ctx, text)
	if err != nil {
		return nil, fmt.Errorf("attribute: the whole text: %w", err)
	}
	effects := make([][]float64, len(text.Sentences))
	tried := 0
	for i := range text.Sentences {
		effects[i] = make([]float64, len(whole))
		if len(text.Sentences[i].Tokens) == 0 || most > 0 && tried == most {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("attribute: %w", err)
		}
		tried++
		left, err := scores(ctx, text.Without(i))
		if err != nil {
			return nil, fmt.Errorf("attribute: without sentence %d: %w", i, err)
		}
		for k := range whole {
			effects[i][k] = whole[k] - left[k]
		}
	}
	return effects, nil
}
