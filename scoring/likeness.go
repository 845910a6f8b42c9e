package scoring

// Likeness is what was learnt, on other questions, of how an answer's likeness to a model answer is
// scored. It stands in for the key points of a question that has none.
type Likeness interface {
	// Share is the share of the points for an answer, by a sum: base and the terms' Points, about 0 to 1 and
	// not kept within. Half is half the width of the range in which 9 of 10 people's shares lay.
	Share(answer *Text) (base float64, terms []Contribution, half float64)
}

// Option adds to what Prepare makes.
type Option func(*Prepared)

// WithLikeness compares answers with the model answers of a question without key points by what to makes
// of the prompt and one of them; nil is nothing.
func WithLikeness(to func(prompt, modelAnswer *Text) Likeness) Option {
	return func(p *Prepared) {
		if len(p.keyPoints) > 0 {
			return
		}
		for _, t := range p.modelTexts {
			if l := to(p.promptText, t); l != nil {
				p.likeness = append(p.likeness, l)
			}
		}
	}
}

// likeness is the content of an answer to a question without key points: likeness of the learner's own
// sentences to the model answer that they come nearest to, as far as the answer is about the question.
// Half is half the width of its range, in shares of the scale.
func (m *measurement) likeness() (out []Contribution, half float64) {
	own := m.own()
	best := -1.0
	for _, l := range m.question.likeness {
		base, terms, h := l.Share(own)
		sum := base
		for _, t := range terms {
			sum += t.Points
		}
		if sum <= best {
			continue
		}
		best, half = sum, h
		gate := m.focus * ramp(float64(own.Words), 0, fullWords)
		out = []Contribution{{Kind: ContributionFeature, Key: "likeness:level", Label: "What answers on the subject earn on average", Points: gate * base, Sentence: -1}}
		for _, t := range terms {
			t.Points *= gate
			out = append(out, t)
		}
	}
	return out, half
}

// fullWords is the number of own words from which an answer can earn all that its likeness says: a lone
// word may be like anything.
const fullWords = 4

// own is the answer without what is copied, repeated or beside the question.
func (m *measurement) own() *Text {
	all := true
	for i := range m.sentences {
		all = all && (m.sentences[i].own() || m.sentences[i].words == 0)
	}
	if all {
		return m.text
	}
	out := &Text{Model: m.text.Model}
	for i := range m.sentences {
		if !m.sentences[i].own() {
			continue
		}
		s := m.text.Sentences[i]
		start := len(out.Raw)
		out.Raw += s.Text + "\n"
		s.Start, s.End = start, start+len(s.Text)
		out.Words += len(s.Tokens)
		out.Sentences = append(out.Sentences, s)
	}
	out.ReadTo, out.Vector = len(out.Raw), meanVector(out.Sentences)
	return out
}
