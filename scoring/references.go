package scoring

// Texts are the prompt and the first model answer of a prepared question, read and embedded; reference
// is nil when the rubric has no model answer. They may not be changed.
func (p *Prepared) Texts() (prompt, reference *Text) {
	if len(p.modelTexts) > 0 {
		reference = p.modelTexts[0]
	}
	return p.promptText, reference
}
