package scoring

import "math"

// reading is what the local engine notices in one answer before it scores anything.
type reading struct {
	question  *Prepared
	text      *Text
	sentences []sentenceReading

	words        int // of all sentences
	ownWords     int // without copied, repeated and off-topic sentences
	copiedWords  int
	paddingWords int     // repeated, off-topic or hollow
	focus        float64 // 0…1, how far the text is about the question at all; see measureFocus
	english      bool
	flags        []Flag
}

// sentenceReading is what is noticed in one sentence.
type sentenceReading struct {
	words     int
	relevance float64 // 0…1, nearness to what the references say
	paragraph float64 // 0…1, mean relevance of the paragraph's words
	copied    bool    // from the prompt
	repeated  bool    // says again what an earlier sentence said in the same words
	offTopic  bool
	hollow    bool // names what the learner was given and says nothing of it; only where several do
	cues      [cueKinds]int
}

// own tells whether the sentence is the learner's, is new, and is about the question.
func (s *sentenceReading) own() bool {
	return !s.copied && !s.repeated && !s.offTopic && !s.hollow && s.words > 0
}

// Thresholds of the reading, on MiniLM's cosines. Of the seeded answers' sentences 98 % lie above
// 0.27 to what is nearest in their own question (median 0.53); to that of other questions, of the
// same trades, the median is 0.26. Together with its neighbours a sentence lies above 0.38 (98 %,
// median 0.58), or to other questions below 0.40 (90 %, median 0.30).
const (
	relevanceLow  = 0.34
	relevanceHigh = 0.62

	strayBelow        = 0.20 // alone: off the subject whatever stands around it
	offTopicBelow     = 0.42 // alone, and
	offTopicNearBelow = 0.39 // together with its neighbours

	// A paragraph of which no sentence is more relevant is off the subject as a whole. Of 331 seeded
	// paragraphs none is below, of 604 out of answers to unrelated questions more than eight in ten.
	strayParagraphBelow = 0.10
	strayParagraphWords = 20 // fewer words than that prove nothing

	repeatCosine  = 0.97
	repeatOverlap = 0.8
	copiedRuns    = 0.6 // share of runs of four words that are the prompt's
)

func readAnswer(question *Prepared, text *Text) *reading {
	r := &reading{question: question, text: text, sentences: make([]sentenceReading, len(text.Sentences))}
	promptRuns := map[string]bool{}
	shingles(tokenize(question.Question.Prompt), 4, func(s string) bool { promptRuns[s] = true; return true })
	earlier := make([]map[string]bool, len(text.Sentences))
	for i := range text.Sentences {
		sentence, out := &text.Sentences[i], &r.sentences[i]
		out.words = len(sentence.Tokens)
		out.cues = cuesOf(sentence.Tokens)
		set := setOf(sentence.contentStems())
		earlier[i] = set
		if out.words == 0 {
			continue
		}
		r.place(i, set)
		out.copied = isCopied(sentence.Tokens, set, promptRuns, question.promptTerms)
		for k := range i {
			if isRepeat(sentence, set, &text.Sentences[k], earlier[k]) {
				out.repeated = true
				break
			}
		}
	}
	r.paragraphs()
	r.findHollow(earlier)
	r.count()
	r.focus = r.measureFocus()
	r.english = isEnglish(text)
	r.setFlags()
	return r
}

// Bounds of the focus. Of 462 pairs of a seeded question and a strong answer to another one that
// shares no skill with it, the mean relevance is at most 0.22 and the concentrated one below 0.47
// (98 %); the poorest seeded answer to its own question has 0.31, the poorest middling one 0.52.
const (
	meanFocusLow          = 0.20
	meanFocusHigh         = 0.34
	concentratedFocusLow  = 0.50
	concentratedFocusHigh = 0.70
)

// measureFocus tells an answer to this question from a good answer to another one, of which here and
// there a sentence comes near. Two measures of the relevance of words serve, and the better one
// counts: its mean, to which off-topic words add nothing, and its mean weighted by itself, which
// hardly sees what was appended to a text that has a relevant core.
func (r *reading) measureFocus() float64 {
	var words, sum, squares float64
	for i := range r.sentences {
		s := &r.sentences[i]
		switch {
		case s.own():
			words += float64(s.words)
			sum += float64(s.words) * s.relevance
			squares += float64(s.words) * s.relevance * s.relevance
		case s.offTopic:
			words += float64(s.words)
		}
	}
	if sum == 0 {
		return 0
	}
	return math.Max(ramp(sum/words, meanFocusLow, meanFocusHigh), ramp(squares/sum, concentratedFocusLow, concentratedFocusHigh))
}

// place sets how near sentence i is to the references and to the question.
func (r *reading) place(i int, set map[string]bool) {
	out, sentences := &r.sentences[i], r.text.Sentences
	reference, prompt := r.question.nearness(sentences[i].Vector)
	if !r.question.hasReferences() {
		reference = prompt
	}
	near, nearPrompt := r.question.nearness(meanVector(neighbours(sentences, i)))
	if !r.question.hasReferences() {
		near = nearPrompt
	}
	around := math.Max(near, nearPrompt)
	out.relevance = ramp((reference+near)/2, relevanceLow, relevanceHigh)
	known := 0
	for term := range set {
		if _, ok := r.question.weights[term]; ok || r.question.promptTerms[term] {
			known++
		}
	}
	nearest := math.Max(reference, prompt)
	// A short remark or one in the question's vocabulary is not off the subject.
	out.offTopic = out.words >= 4 && 2*known < len(set)+1 &&
		(nearest < strayBelow || nearest < offTopicBelow && around < offTopicNearBelow)
}

// paragraphs sets what is noticed in whole paragraphs: their relevance, and that all of one is off
// the subject, which is surer than to judge each sentence by itself.
func (r *reading) paragraphs() {
	for first := 0; first < len(r.sentences); {
		end, words, sum, most := first, 0, 0.0, 0.0
		for ; end < len(r.sentences) && r.text.Sentences[end].Paragraph == r.text.Sentences[first].Paragraph; end++ {
			s := &r.sentences[end]
			words += s.words
			sum += float64(s.words) * s.relevance
			most = math.Max(most, s.relevance)
		}
		for i := first; i < end; i++ {
			r.sentences[i].paragraph = sum / float64(max(1, words))
			if words >= strayParagraphWords && most < strayParagraphBelow && r.sentences[i].words > 0 {
				r.sentences[i].offTopic = true
			}
		}
		first = end
	}
}

// Bounds of hollow sentences: single ones stand in any answer (a heading, a summary).
// Of 96 seeded answers none has so many that they count, of the same with hollow sentences around the
// labels all have.
const (
	hollowNovel = 3    // content words that were not given
	hollowKnown = 1    // of which the references have so many: of empty phrases they have some, too
	hollowWords = 20   // in one sentence
	hollowCount = 3    // sentences from which on it is stuffing
	hollowShare = 0.05 // of the words
	labelShare  = 0.75 // of a label's content words that a sentence names it by
)

// findHollow finds sentences that were put around the words of the question and of the labels, which a
// learner is shown, and bring nothing of their own. terms are those of the sentences.
func (r *reading) findHollow(terms []map[string]bool) {
	if len(r.question.beyond) == 0 {
		return
	}
	var found []int
	words := 0
	for i := range r.sentences {
		s := &r.sentences[i]
		if !s.own() || s.words > hollowWords || r.text.Sentences[i].Code {
			continue
		}
		if !r.question.namesLabel(terms[i]) {
			continue
		}
		novel, known := 0, 0
		for term := range terms[i] {
			switch {
			case r.question.labelTerms[term]:
			case r.question.beyond[term] || len(term) > familyPrefix && r.question.beyond[term[:familyPrefix]]:
				known++
			default:
				novel++
			}
		}
		if known <= hollowKnown && known+novel <= hollowNovel {
			found = append(found, i)
			words += s.words
		}
	}
	if len(found) < hollowCount || float64(words) < hollowShare*float64(r.totalWords()) {
		return
	}
	for _, i := range found {
		r.sentences[i].hollow = true
	}
}

// namesLabel tells whether a sentence has nearly all content words of a label.
func (p *Prepared) namesLabel(terms map[string]bool) bool {
	for _, label := range p.labels {
		common := 0
		for term := range label {
			if terms[term] {
				common++
			}
		}
		if common > 0 && float64(common) >= labelShare*float64(len(label)) {
			return true
		}
	}
	return false
}

func (r *reading) totalWords() (n int) {
	for i := range r.sentences {
		n += r.sentences[i].words
	}
	return n
}

// count sums up the words by what became of their sentences.
func (r *reading) count() {
	for i := range r.sentences {
		s := &r.sentences[i]
		r.words += s.words
		switch {
		case s.copied:
			r.copiedWords += s.words
		case s.repeated, s.offTopic, s.hollow:
			r.paddingWords += s.words
		default:
			r.ownWords += s.words
		}
	}
}

// neighbours are sentence i and those beside it in its paragraph.
func neighbours(sentences []Sentence, i int) []Sentence {
	first, end := i, i+1
	if i > 0 && sentences[i-1].Paragraph == sentences[i].Paragraph {
		first--
	}
	if end < len(sentences) && sentences[end].Paragraph == sentences[i].Paragraph {
		end++
	}
	return sentences[first:end]
}

// hasReferences tells whether there is anything but the prompt to compare an answer with.
func (p *Prepared) hasReferences() bool { return len(p.keyPoints) > 0 || len(p.model) > 0 }

// nearness is the greatest cosine of v to a key point or a sentence of a model answer, and that to
// a sentence of the prompt.
func (p *Prepared) nearness(v []float32) (reference, prompt float64) {
	for j := range p.keyPoints {
		reference = math.Max(reference, cosine(v, p.keyPoints[j].whole.vector))
	}
	_, model := maxCosine(v, p.model)
	_, prompt = maxCosine(v, p.prompt)
	return math.Max(reference, model), prompt
}

// isCopied tells whether a sentence repeats the prompt: most of its runs of four words are the
// prompt's, or it has no content word that the prompt does not have.
func isCopied(tokens []string, set, promptRuns, promptTerms map[string]bool) bool {
	runs, found := 0, 0
	shingles(tokens, 4, func(s string) bool {
		runs++
		if promptRuns[s] {
			found++
		}
		return true
	})
	if runs > 0 && float64(found) >= copiedRuns*float64(runs) {
		return true
	}
	given := 0
	for term := range set {
		if promptTerms[term] {
			given++
		}
	}
	return len(set) >= 4 && float64(given) >= 0.9*float64(len(set))
}

// isRepeat tells whether b was said before as a: nearly the same vector, or nearly the same words.
func isRepeat(b *Sentence, bTerms map[string]bool, a *Sentence, aTerms map[string]bool) bool {
	if len(bTerms) < 2 || len(aTerms) < 2 {
		return b.Text == a.Text
	}
	if cosine(a.Vector, b.Vector) >= repeatCosine {
		return true
	}
	small, large := aTerms, bTerms
	if len(small) > len(large) {
		small, large = large, small
	}
	if float64(len(small)) < repeatOverlap*float64(len(large)) {
		return false
	}
	common := 0
	for term := range small {
		if large[term] {
			common++
		}
	}
	return float64(common) >= repeatOverlap*float64(len(large)+len(small)-common)
}

// Shares of the words at which an answer is flagged.
const (
	copiedFlagShare   = 0.5
	paddedFlagShare   = 0.2
	offTopicFlagBelow = 0.3 // of the focus
)

func (r *reading) setFlags() {
	add := func(when bool, flag Flag) {
		if when {
			r.flags = append(r.flags, flag)
		}
	}
	if r.words == 0 {
		r.flags = []Flag{FlagEmpty}
		return
	}
	words := float64(r.words)
	copied := float64(r.copiedWords) >= copiedFlagShare*words
	lost := !copied && r.focus < offTopicFlagBelow
	add(lost && r.english, FlagOffTopic)
	add(copied, FlagCopiedQuestion)
	repeated, hollow := 0, false
	for i := range r.sentences {
		hollow = hollow || r.sentences[i].hollow
		if r.sentences[i].repeated {
			repeated += r.sentences[i].words
		}
	}
	// A text that is off the subject nearly throughout is not a padded one; one that says the same
	// again and again is.
	padding := float64(r.paddingWords) / words
	add(paddedFlagShare <= padding && padding <= 1-paddedFlagShare || float64(repeated) >= paddedFlagShare*words || hollow || AddressesGrader(r.text.Raw[:r.text.ReadTo]), FlagPadded)
	add(!r.english, FlagNotEnglish)
	add(r.words < r.shortBelow(), FlagTooShort)
}

// shortBelow is the number of words below which an answer is too short: half of what is advised.
func (r *reading) shortBelow() int {
	if m := r.question.Question.MinWords; m > 0 {
		return m / 2
	}
	return 20
}

func (r *reading) has(flag Flag) bool {
	for _, f := range r.flags {
		if f == flag {
			return true
		}
	}
	return false
}
