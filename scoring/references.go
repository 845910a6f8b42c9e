package scoring

// Texts are the prompt and the first model answer of a prepared question as texts, with the vectors
// that they were prepared with; reference is nil when the rubric has no model answer. They may not be
// changed.
func (p *Prepared) Texts() (prompt, reference *Text) {
	prompt = p.text(p.Question.Prompt, p.prompt)
	if answers := p.Question.Rubric.ModelAnswers; len(answers) > 0 {
		reference = p.text(answers[0], p.model)
	}
	return prompt, reference
}

// text is raw read again, with the vectors of sentences, whose first ones are its own.
func (p *Prepared) text(raw string, sentences []Sentence) *Text {
	t := read(raw)
	copy(t.Sentences, sentences)
	t.Model = p.Model
	t.Vector = meanVector(t.Sentences)
	return t
}
