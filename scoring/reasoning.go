package scoring

// How much a sentence argues by the kind of connective in it, and what each further kind adds.
var arguing = [cueKinds]float64{
	cueCause: 1, cueConsequence: 1, cueCondition: 0.8, cueContrast: 0.8,
	cueExample: 0.8, cuePurpose: 0.6, cueComparison: 0.6,
}

const (
	furtherKind   = 0.35
	reasoningHalf = 4.5 // amount of argument that earns 1−1/e of the scale
)

var arguingLabels = [cueKinds]string{
	cueCause: "Gives a cause", cueConsequence: "Draws a consequence", cueCondition: "States a condition",
	cueContrast: "Weighs one thing against another", cueExample: "Gives an example",
	cuePurpose: "States a purpose", cueComparison: "Compares",
}

// reasoning adds up the sentences that give causes, consequences, conditions, trade-offs, examples,
// purposes and comparisons, by connectives (as discourse-based essay features do, e.g. Burstein,
// Kukich et al. 1998). Each counts as far as it is about what the references speak of, and the
// total saturates: the tenth reason adds less than the first.
func (m *measurement) reasoning() []Contribution {
	amounts := make([]float64, len(m.sentences))
	labels := make([]string, len(m.sentences))
	for i := range m.sentences {
		s := &m.sentences[i]
		if !s.own() || m.text.Sentences[i].Code {
			continue
		}
		strongest, kinds := 0.0, 0
		for kind, n := range s.cues {
			if n == 0 || arguing[kind] == 0 {
				continue
			}
			kinds++
			if arguing[kind] > strongest {
				strongest, labels[i] = arguing[kind], arguingLabels[kind]
			}
		}
		if kinds == 0 {
			continue
		}
		amounts[i] = (strongest + furtherKind*float64(min(3, kinds)-1)) * s.bearing() * ramp(float64(s.words), 2, 9)
	}
	parts, _ := saturate(amounts, reasoningHalf)
	var out []Contribution
	for i, points := range parts {
		if points > 0 {
			out = append(out, Contribution{Kind: ContributionSentence, Key: "argument", Label: labels[i], Points: points, Sentence: i})
		}
	}
	return out
}
