package scoring

import (
	"fmt"
	"math"
)

// Degrees from which on a key point is said to be met and partly met.
const (
	metDegree    = 0.6
	partlyDegree = 0.3
)

// StatusOf is the status that belongs to a degree of 0…1.
func StatusOf(degree float64) KeyPointStatus {
	switch {
	case degree >= metDegree:
		return KeyPointMet
	case degree >= partlyDegree:
		return KeyPointPartly
	}
	return KeyPointMissed
}

func (m *measurement) keyPointOutcomes() []KeyPointOutcome {
	out := make([]KeyPointOutcome, len(m.matches))
	for j, match := range m.matches {
		k := m.question.Question.Rubric.KeyPoints[j]
		out[j] = KeyPointOutcome{KeyPointID: k.ID, Label: k.Label, Status: StatusOf(match.degree), Degree: match.degree, Sentence: -1}
		if match.window != nil {
			out[j].Similarity = match.similarity
			out[j].Sentence = m.deciding(j, match.window)
		}
	}
	return out
}

// deciding is the sentence of a statement that is nearest to the key point.
func (m *measurement) deciding(point int, w *window) int {
	best, most := w.members[0], math.Inf(-1)
	for _, i := range w.members {
		if c := cosine(m.text.Sentences[i].Vector, m.question.keyPoints[point].whole.vector); c > most {
			best, most = i, c
		}
	}
	return best
}

// keyPointPart is the part of the content score that the key points make; the rest is how much of
// the model answer's vocabulary the answer covers beyond them.
const keyPointPart = 0.85

// content is, for each key point, its share of the rubric's weight times the degree to which the
// answer makes it, plus the coverage of the model answer, all of it as far as the answer is about
// the question. The points of a key point that takes
// several sentences to make are divided among them by their nearness to it.
func (m *measurement) content() []Contribution {
	if len(m.question.likeness) > 0 {
		out, half := m.likeness()
		m.likenessHalf = half
		return out
	}
	var out []Contribution
	part := keyPointPart
	switch {
	case len(m.question.keyPoints) == 0:
		part = 0
	case len(m.question.model) == 0:
		part = 1
	}
	for j, match := range m.matches {
		if match.window != nil {
			out = append(out, m.divide(j, match, part*m.focus*m.question.keyPoints[j].share*match.degree)...)
		}
	}
	if part < 1 {
		out = append(out, m.coverage(1-part)...)
	}
	return out
}

func (m *measurement) divide(j int, match keyPointMatch, points float64) []Contribution {
	k := m.question.Question.Rubric.KeyPoints[j]
	w := match.window
	amounts := make([]float64, len(w.members))
	var total float64
	for n := range amounts {
		c := cosine(m.text.Sentences[w.members[n]].Vector, m.question.keyPoints[j].whole.vector)
		amounts[n] = math.Max(0.01, c-minLow/2)
		total += amounts[n]
	}
	deciding := m.deciding(j, w)
	var out []Contribution
	further := 0
	for n, amount := range amounts {
		c := Contribution{
			Kind: ContributionKeyPoint, Key: "key_point:" + k.Key, Label: k.Label,
			Points: points * amount / total, Sentence: w.members[n], KeyPointID: k.ID,
		}
		if c.Sentence != deciding {
			further++
			c.Key = fmt.Sprintf("%s/%d", c.Key, further)
		}
		out = append(out, c)
	}
	return out
}

// fullCoverage is the share of the model answer's weighted words that is as much as anybody covers
// who says the same in other words.
const fullCoverage = 0.35

// coverage is the recall of the model answers' words by the learner's own sentences, as far as these
// bear on the question, weighted like those of the key points. Without a model answer it is the
// relevance to the question, at half.
func (m *measurement) coverage(part float64) []Contribution {
	said := map[string]float64{}
	for i := range m.sentences {
		if s := &m.sentences[i]; s.own() {
			for _, term := range m.text.Sentences[i].contentStems() {
				said[term] = math.Max(said[term], s.bearing())
			}
		}
	}
	value := 0.5 * m.focus * ramp(float64(m.ownWords), 0, math.Max(30, float64(m.question.Question.MinWords)))
	if len(m.question.model) > 0 {
		var found, total float64
		seen := map[string]bool{}
		for i := range m.question.model {
			for _, term := range m.question.model[i].contentStems() {
				if seen[term] {
					continue
				}
				seen[term] = true
				total += m.question.weights[term]
				found += m.question.weights[term] * said[term]
			}
		}
		value = 0
		if total > 0 {
			value = m.focus * math.Min(1, found/total/fullCoverage)
		}
	}
	return []Contribution{{Kind: ContributionFeature, Key: "coverage", Label: "Breadth of the subject covered", Points: part * value, Sentence: -1}}
}
