package evaluate

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/rubrica/rubrica/scoring"
	"github.com/rubrica/rubrica/scoring/feature"
	"github.com/rubrica/rubrica/scoring/lexicon"
	"github.com/rubrica/rubrica/scoring/ngram"
)

// Options are common to all experiments.
type Options struct {
	Data     string // folder of the data sets
	Quick    bool   // on a part of the rows, in a fraction of the time: for a look, not for a figure to quote
	Lexicon  *lexicon.Lexicon
	Progress func(line string) // may be nil
}

func (o *Options) say(format string, args ...any) {
	if o.Progress != nil {
		o.Progress(fmt.Sprintf(format, args...))
	}
}

// unembedded reads texts without vectors: sentence vectors did not help the scores of essays, and are 30
// times as dear as all other measures.
type unembedded struct{}

// Model names no model.
func (unembedded) Model() string { return "none" }

// Embed gives no vector.
func (unembedded) Embed(context.Context, string) ([]float32, error) { return nil, nil }

// measured is a text with all that the learner sees of it.
type measured struct {
	words    int
	features []float64
	chars    ngram.Vector
	tokens   ngram.Vector // of words or of shapes
}

// cost is how long the measures of all texts took on one core.
type cost struct{ reading, features, grams time.Duration }

// measure reads texts, on all cores.
func measure(ctx context.Context, o *Options, texts []string, chars ngram.Options, tokens func([][]string) ngram.Vector) ([]measured, cost, error) {
	out := make([]measured, len(texts))
	workers := runtime.GOMAXPROCS(0)
	costs := make([]cost, workers)
	g, ctx := errgroup.WithContext(ctx)
	for w := range workers {
		g.Go(func() error {
			for i := w; i < len(texts); i += workers {
				start := time.Now()
				text, err := scoring.Analyze(ctx, unembedded{}, texts[i])
				if err != nil {
					return err
				}
				read := time.Now()
				out[i].words, out[i].features = text.Words, feature.Of(text, o.Lexicon)
				featured := time.Now()
				out[i].chars, out[i].tokens = ngram.Of(text.Raw, chars), tokens(tokensOf(text))
				costs[w].reading += read.Sub(start)
				costs[w].features += featured.Sub(read)
				costs[w].grams += time.Since(featured)
			}
			return ctx.Err()
		})
	}
	if err := g.Wait(); err != nil {
		return nil, cost{}, err
	}
	var sum cost
	for _, c := range costs {
		sum.reading += c.reading
		sum.features += c.features
		sum.grams += c.grams
	}
	return out, sum, nil
}

func tokensOf(text *scoring.Text) [][]string {
	out := make([][]string, 0, len(text.Sentences))
	for i := range text.Sentences {
		if t := text.Sentences[i].Tokens; len(t) > 0 {
			out = append(out, t)
		}
	}
	return out
}

// perText is a duration for all texts as milliseconds for one.
func perText(d time.Duration, n int) float64 {
	return float64(d.Microseconds()) / 1000 / float64(max(1, n))
}
