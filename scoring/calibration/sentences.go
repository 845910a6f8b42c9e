package calibration

import (
	"cmp"
	"context"
	"math"
	"slices"
	"sort"

	"github.com/rubrica/rubrica/scoring"
	"github.com/rubrica/rubrica/scoring/additive"
	"github.com/rubrica/rubrica/scoring/attribute"
	"github.com/rubrica/rubrica/scoring/feature"
	"github.com/rubrica/rubrica/scoring/ngram"
)

// What is said of a sentence; what it is compared with are the graded answers.
const (
	wordingHigh = "Written as in answers that people scored higher"
	wordingLow  = "Written as in answers that people scored lower"
	wordingRest = "Wording that sentences have in common"
	toldLabel   = "Measures that are told at the sentences"
)

// toldWords bounds the measuring without each sentence: at most so many words are read for it, all
// readings together.
const toldWords = 30_000

// left measures the text without each of its sentences.
func (m *meter) left(ctx context.Context, text *scoring.Text, whole []float64) ([][]float64, error) {
	most := min(namedSentences, toldWords/max(1, text.Words))
	if most == 0 {
		return nil, nil
	}
	lost, err := attribute.Sentences(ctx, text, most, func(_ context.Context, t *scoring.Text) ([]float64, error) {
		return feature.Of(t, m.lexicon), nil
	})
	if err != nil {
		return nil, err
	}
	for _, l := range lost {
		for j := range l {
			l[j] = whole[j] - l[j]
		}
	}
	return lost, nil
}

// sentences are the terms of the sentences: what the score before the map loses by the n-grams and by the
// measures of the text when a sentence is taken out. Of the n-grams the rest, which several sentences have
// in common, is a term of its own; the measures are shown whole elsewhere, so that their part in the
// sentences is taken off once. Gram may be nil; curve is what measure j adds at a value.
func sentences(grams *additive.Effects, curve func(j int, v float64) float64, m *measured) []scoring.Contribution {
	points := make([]float64, len(m.text.Sentences))
	var rest, told float64
	if grams != nil && grams.Weights != nil {
		rest = grams.Sum(m.grams)
		for s, p := range lostGrams(grams, m) {
			points[s] += p
			rest -= p
		}
	}
	for s, left := range m.left {
		for j, v := range left {
			if v != m.features[j] {
				p := curve(j, m.features[j]) - curve(j, v)
				points[s] += p
				told -= p
			}
		}
	}
	order := everyRow(len(points))
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(math.Abs(points[b]), math.Abs(points[a])) })
	named := slices.Clone(order[:min(len(order), namedSentences)])
	slices.Sort(named)
	var out []scoring.Contribution
	for _, s := range named {
		label := wordingHigh
		if points[s] < 0 {
			label = wordingLow
		}
		out = append(out, scoring.Contribution{Kind: scoring.ContributionSentence, Key: keyWording, Label: label, Points: points[s], Sentence: s})
	}
	for _, s := range order[len(named):] {
		rest += points[s]
	}
	return append(out,
		scoring.Contribution{Kind: scoring.ContributionFeature, Key: keyWording, Label: wordingRest, Points: rest, Sentence: -1},
		scoring.Contribution{Kind: scoring.ContributionFeature, Key: keyTold, Label: toldLabel, Points: told, Sentence: -1},
	)
}

// lostGrams is what the n-grams add less when a sentence is taken out. One that runs from a sentence into
// the next belongs to the first.
func lostGrams(e *additive.Effects, m *measured) []float64 {
	list := m.text.Sentences
	out := make([]float64, len(list))
	if len(list) == 0 {
		return out
	}
	text := readable(m.text)
	total := make(map[uint32]int, len(m.grams.Index))
	each := make([][]uint32, len(list))
	ngram.Places(text, gramOptions, func(index uint32, at int) {
		total[index]++
		s := max(0, sort.Search(len(list), func(i int) bool { return list[i].Start > at })-1)
		each[s] = append(each[s], index)
	})
	for s, indexes := range each {
		slices.Sort(indexes)
		for from := 0; from < len(indexes); {
			to := from
			for to < len(indexes) && indexes[to] == indexes[from] {
				to++
			}
			n := total[indexes[from]]
			out[s] += e.Gram(indexes[from], float32(math.Log1p(float64(n))-math.Log1p(float64(n-to+from))))
			from = to
		}
	}
	return out
}
