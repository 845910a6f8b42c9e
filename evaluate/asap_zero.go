package evaluate

import (
	"math/rand/v2"

	"github.com/rubrica/rubrica/scoring/additive"
	"github.com/rubrica/rubrica/scoring/agreement"
	"github.com/rubrica/rubrica/scoring/prior"
)

// expectedWords is the typical length of each prompt's essays in round numbers, as descriptions of ASAP-AES list it: the set
// does not say what length was asked for, and this stands in for it.
var expectedWords = map[int]float64{1: 350, 2: 350, 3: 150, 4: 150, 5: 150, 6: 150, 7: 250, 8: 650}

// frozen is how many ungraded essays tell what is usual for a prompt, and how often they are drawn anew.
const (
	frozen      = 50
	frozenDraws = 5
)

// asapZero scores a prompt by the other seven, without one grade of its own.
func asapZero(prompts []*prompt, priors []*prior.Prior) (Table, map[string]float64, error) {
	t := Table{
		Key: "zero", Title: "A new prompt, by the other seven",
		Note: "QWK without one graded essay of the prompt. What is usual for its essays is guessed from one length for the prompt, one " +
			"essay at a time (the round length that descriptions of the set list, in place of the length that was asked for), or taken from 50 ungraded essays. The scale of scores is either guessed from " +
			"the other prompts, or their mean and spread on this prompt are given, as a teacher might state them. How fast the weight of a " +
			"prompt falls with the difference in length was chosen on these same eight prompts: the third digit is within what that choice, and chance, can do.",
		Columns: []Column{
			{"prompt", "prompt", 0}, {"one_guessed", "one at a time, guessed scale", 3}, {"one_given", "given scale", 3},
			{"frozen_guessed", "50 frozen, guessed scale", 3}, {"frozen_given", "given scale", 3}, {"length", "length alone, given scale", 3},
		},
	}
	mean := map[string]float64{}
	for k, p := range prompts {
		other := priors[k]
		guessedMean, guessedSpread := other.Scores(p.grid)
		givenMean, givenSpread := agreement.Mean(p.scores), spreadOf(p.scores)
		one := other.Expect(expectedWords[p.number])
		cells := []any{p.name(),
			zeroKappa(p, other, one, guessedMean, guessedSpread), zeroKappa(p, other, one, givenMean, givenSpread)}
		random := rand.New(rand.NewPCG(1, uint64(p.number))) //nolint:gosec // repeatable, not secret
		var guessed, given float64
		for range frozenDraws {
			var features [][]float64
			for _, i := range random.Perm(len(p.texts))[:min(frozen, len(p.texts))] {
				features = append(features, p.texts[i].features)
			}
			usual, err := other.Freeze(features)
			if err != nil {
				return Table{}, nil, err
			}
			guessed += zeroKappa(p, other, usual, guessedMean, guessedSpread) / frozenDraws
			given += zeroKappa(p, other, usual, givenMean, givenSpread) / frozenDraws
		}
		cells = append(cells, guessed, given, lengthKappa(p, givenMean, givenSpread))
		for j, c := range t.Columns[1:] {
			mean[c.Key] += cells[j+1].(float64) / float64(len(prompts))
		}
		t.Add(cells...)
	}
	t.Add("mean", mean["one_guessed"], mean["one_given"], mean["frozen_guessed"], mean["frozen_given"], mean["length"])
	return t, mean, nil
}

func zeroKappa(p *prompt, other *prior.Prior, usual prior.Usual, mean, spread float64) float64 {
	rows := make([]Judged, len(p.texts))
	for i := range p.texts {
		v := mean + spread*other.Predict(p.texts[i].features, usual)
		rows[i] = judge(p.name(), p.texts[i].words, p.grid, p.scores[i], v, additive.Interval{})
	}
	return kappa(rows)
}

// lengthKappa is the agreement of the logarithm of length, put on the scale of the prompt: what is to be beaten.
func lengthKappa(p *prompt, mean, spread float64) float64 {
	lengths := make([]float64, len(p.texts))
	for i := range p.texts {
		lengths[i] = p.texts[i].features[0]
	}
	m, s := agreement.Mean(lengths), spreadOf(lengths)
	rows := make([]Judged, len(p.texts))
	for i, l := range lengths {
		rows[i] = judge(p.name(), p.texts[i].words, p.grid, p.scores[i], mean+spread*(l-m)/s, additive.Interval{})
	}
	return kappa(rows)
}

// spreadOf is the standard deviation.
func spreadOf(v []float64) float64 {
	m := agreement.Mean(v)
	center := make([]float64, len(v))
	for i := range center {
		center[i] = m
	}
	return agreement.RMSE(v, center)
}
