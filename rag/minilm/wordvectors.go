package minilm

import (
	"context"
	"math"
	"strings"
)

// EmbedWords is Embed that also gives the words of the text (lower case, without accents) and its
// punctuation marks, and the vector of each in its context, from the same run of the model: the mean
// of the outputs over its pieces, of length 1. Words of overlapping windows are taken from the first.
// The errors are those of Embed.
func (m *Model) EmbedWords(ctx context.Context, text string) (vector []float32, words []string, vectors [][]float32, err error) {
	var sum [Dimensions]float64
	var open [Dimensions]float64 // sum over the pieces of the last word
	seal := func() {
		if len(words) > 0 {
			vectors = append(vectors, unit(&open))
		}
		open = [Dimensions]float64{}
	}
	first := true
	for ids := range m.tokenizer.windows(text) {
		skip := 1 // [CLS]
		if !first {
			skip += OverlapTokens
		}
		first = false
		err := m.runEach(ctx, ids, &sum, func(i int, hidden []float32) {
			if i < skip || i == len(ids)-1 {
				return
			}
			piece := m.tokenizer.piece(ids[i])
			rest, continues := strings.CutPrefix(piece, "##")
			if !continues || rest == "" || len(words) == 0 {
				seal()
				words = append(words, piece)
			} else {
				words[len(words)-1] += rest
			}
			for d, v := range hidden {
				open[d] += float64(v)
			}
		})
		if err != nil {
			return nil, nil, nil, err
		}
	}
	seal()
	if vector, err = direction(&sum); err != nil {
		return nil, nil, nil, err
	}
	return vector, words, vectors, nil
}

// unit is v at length 1; zeros stay.
func unit(v *[Dimensions]float64) []float32 {
	var squares float64
	for _, x := range v {
		squares += x * x
	}
	out := make([]float32, Dimensions)
	if squares == 0 {
		return out
	}
	scale := 1 / math.Sqrt(squares)
	for d, x := range v {
		out[d] = float32(x * scale)
	}
	return out
}
