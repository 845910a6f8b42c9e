package evaluate

import (
	"context"
	"fmt"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/rubrica/rubrica/evaluate/dataset"
	"github.com/rubrica/rubrica/scoring"
	"github.com/rubrica/rubrica/scoring/ngram"
	"github.com/rubrica/rubrica/scoring/pack"
	"github.com/rubrica/rubrica/scoring/pair"
)

// The n-grams of short answers: of characters, and of words.
var (
	shortCharOptions  = ngram.Options{Min: 1, Max: 5, Bits: 15}
	shortTokenOptions = ngram.Options{Min: 1, Max: 2, Bits: 15}
)

// short is a short answer with all that learners see of it.
type short struct {
	dataset.Answer
	words         int
	measures      []float64
	chars, tokens ngram.Vector
}

// measureShort reads, embeds and measures answers, on all cores. Each text is embedded once.
func measureShort(ctx context.Context, embedder scoring.Embedder, weights pair.Weights, answers []dataset.Answer) ([]short, error) {
	references := map[string]*pair.Reference{}
	for i := range answers {
		a := &answers[i]
		if references[a.QuestionID] != nil {
			continue
		}
		question, err := scoring.Analyze(ctx, embedder, a.Question)
		if err != nil {
			return nil, fmt.Errorf("evaluate: question %s: %w", a.QuestionID, err)
		}
		reference, err := scoring.Analyze(ctx, embedder, a.Reference)
		if err != nil {
			return nil, fmt.Errorf("evaluate: the reference answer of %s: %w", a.QuestionID, err)
		}
		references[a.QuestionID] = pair.Against(question, reference, weights)
	}
	out := make([]short, len(answers))
	g, ctx := errgroup.WithContext(ctx)
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		g.Go(func() error {
			for i := w; i < len(answers); i += workers {
				text, err := scoring.Analyze(ctx, embedder, answers[i].Text)
				if err != nil {
					return fmt.Errorf("evaluate: answer %s: %w", answers[i].ID, err)
				}
				out[i] = short{
					Answer: answers[i], words: text.Words, measures: references[answers[i].QuestionID].Of(text),
					chars: ngram.Of(text.Raw, shortCharOptions), tokens: ngram.OfTokens(tokensOf(text), shortTokenOptions),
				}
			}
			return nil
		})
	}
	return out, g.Wait()
}

// packRows are graded answers as a pack is fitted on them.
func packRows(answers []short) []pack.Row {
	out := make([]pack.Row, len(answers))
	for i := range answers {
		out[i] = pack.Row{Question: answers[i].QuestionID, Measures: answers[i].measures, Share: answers[i].Share()}
	}
	return out
}
