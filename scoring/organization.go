package scoring

import "math"

// The parts of organization; they add up to 1.
const (
	lengthPart     = 0.3
	connectivePart = 0.3
	cohesionPart   = 0.25
	outlinePart    = 0.15

	paddingPenalty  = 0.6 // times the share of padded words, up to half of the scale
	overlongPenalty = 0.15
	connectivesHalf = 3.5
)

// organization adds up the development (length against what is advised), connectives, the cohesion
// of neighbouring sentences (the cosine of their vectors, after Foltz, Kintsch and Landauer 1998)
// and the outline in sentences and paragraphs. All are scaled down as far as the text is not about
// the question; repeated and off-topic sentences and text far beyond the advised length cost points.
func (m *measurement) organization() []Contribution {
	if m.ownWords == 0 {
		return nil
	}
	gate := m.gate()
	var out []Contribution
	feature := func(key, label string, points float64) {
		out = append(out, Contribution{Kind: ContributionFeature, Key: key, Label: label, Points: gate * points, Sentence: -1})
	}
	feature("development", "Developed to the advised length", lengthPart*ramp(m.bearingWords(), 0, m.target()))
	out = append(out, m.connectives(gate*connectivePart)...)
	cohesion, links := m.cohesion()
	feature("cohesion", "Each sentence follows from the one before", cohesionPart*ramp(cohesion, 0.1, 0.45)*ramp(float64(links), 0, 6))
	feature("outline", "Divided into sentences and paragraphs", outlinePart*m.outline())
	return append(out, m.penalties()...)
}

// gate is how far the prose counts at all: fully when it is about the question and not copied from it.
func (m *measurement) gate() float64 {
	return m.focus * float64(m.ownWords) / float64(max(1, m.ownWords+m.copiedWords))
}

// Relevance between which a sentence, and the paragraph around it, begin to count, and count in full,
// as bearing on the question. What does not neither develops the answer nor ties or argues anything
// that matters. The paragraph keeps a sentence that comes near by chance from earning anything.
const (
	bearingLow           = 0.15
	bearingHigh          = 0.60
	bearingParagraphLow  = 0.20
	bearingParagraphHigh = 0.45
)

func (s *sentenceReading) bearing() float64 {
	return ramp(s.relevance, bearingLow, bearingHigh) * ramp(s.paragraph, bearingParagraphLow, bearingParagraphHigh)
}

// bearingWords are the own words as far as they bear on the question.
func (m *measurement) bearingWords() (words float64) {
	for i := range m.sentences {
		if s := &m.sentences[i]; s.own() {
			words += float64(s.words) * s.bearing()
		}
	}
	return words
}

// target is the number of words by which an answer can be fully developed.
func (m *measurement) target() float64 {
	q := m.question.Question
	low, high := float64(q.MinWords), float64(q.MaxWords)
	if low <= 0 {
		low = 80
	}
	if high <= low {
		high = 4 * low
	}
	return low + 0.3*(high-low)
}

// connectives gives a point to each sentence that is tied to others by a connective, with
// saturation; kinds that were not used before count in full, others by half.
func (m *measurement) connectives(part float64) []Contribution {
	amounts := make([]float64, len(m.sentences))
	var seen [cueKinds]bool
	for i := range m.sentences {
		s := &m.sentences[i]
		if !s.own() || m.text.Sentences[i].Code {
			continue
		}
		for kind, n := range s.cues {
			if n == 0 {
				continue
			}
			amount := 0.4
			if !seen[kind] {
				amount = 0.8
			}
			seen[kind] = true
			amounts[i] = math.Max(amounts[i], amount*s.bearing())
		}
	}
	parts, _ := saturate(amounts, connectivesHalf)
	var out []Contribution
	for i, points := range parts {
		if points > 0 {
			out = append(out, Contribution{Kind: ContributionSentence, Key: "connective", Label: "Ties the text together", Points: part * points, Sentence: i})
		}
	}
	return out
}

// cohesion is the mean cosine of neighbouring own sentences, and the number of such pairs.
func (m *measurement) cohesion() (mean float64, links int) {
	previous := -1
	for i := range m.sentences {
		if !m.sentences[i].own() {
			continue
		}
		if previous >= 0 {
			mean += cosine(m.text.Sentences[previous].Vector, m.text.Sentences[i].Vector)
			links++
		}
		previous = i
	}
	if links > 0 {
		mean /= float64(links)
	}
	return mean, links
}

// outline is how far the text is divided: into several sentences and, when it is long enough to
// need them, paragraphs.
func (m *measurement) outline() float64 {
	own := 0
	for i := range m.sentences {
		if m.sentences[i].own() {
			own++
		}
	}
	paragraphs := 1.0
	if needed := float64(m.ownWords) / 130; needed > 1 {
		paragraphs = ramp(float64(m.text.Paragraphs), 0, math.Min(3, needed))
	}
	return 0.5*ramp(float64(own), 1, 7) + 0.5*paragraphs*ramp(float64(m.ownWords), 20, 80)
}

// penalties are what padding and excess cost.
func (m *measurement) penalties() []Contribution {
	var out []Contribution
	padding := make([]float64, len(m.sentences))
	for i := range m.sentences {
		if s := &m.sentences[i]; !s.copied && (s.repeated || s.offTopic || s.hollow) {
			padding[i] = float64(s.words)
		}
	}
	cost := math.Min(0.5, paddingPenalty*float64(m.paddingWords)/float64(max(1, m.words)))
	for i, words := range padding {
		if words == 0 {
			continue
		}
		label := "Does not speak to the question"
		switch {
		case m.sentences[i].repeated:
			label = "Says again what was said before"
		case m.sentences[i].hollow:
			label = "Names the subject and says nothing of it"
		}
		out = append(out, Contribution{
			Kind: ContributionPenalty, Key: "padding", Label: label,
			Points: -cost * words / float64(m.paddingWords), Sentence: i,
		})
	}
	if high := float64(m.question.Question.MaxWords); high > 0 {
		if over := ramp(float64(m.words), 1.2*high, 2*high); over > 0 {
			out = append(out, Contribution{Kind: ContributionPenalty, Key: "overlong", Label: "Far longer than advised", Points: -overlongPenalty * over, Sentence: -1})
		}
	}
	return out
}
