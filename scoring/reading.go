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
	paddingWords int     // repeated or off-topic
	onTopic      float64 // 0…1, mean relevance of the own words
	english      bool
	flags        []Flag
}

// sentenceReading is what is noticed in one sentence.
type sentenceReading struct {
	words     int
	relevance float64 // 0…1, nearness to what the references say
	nearest   float64 // the greatest cosine to anything of the question
	copied    bool    // from the prompt
	repeated  bool    // says again what an earlier sentence said in the same words
	offTopic  bool
	cues      [cueKinds]int
}

// own tells whether the sentence is the learner's, is new, and is about the question.
func (s *sentenceReading) own() bool { return !s.copied && !s.repeated && !s.offTopic && s.words > 0 }

// Thresholds of the reading, on MiniLM's cosines: unrelated English prose lies around 0.05 ± 0.08,
// prose on the question's subject above 0.3, paraphrases above 0.6.
const (
	relevanceLow  = 0.25
	relevanceHigh = 0.60
	offTopicBelow = 0.20
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
		set := termSet(sentence.Tokens)
		earlier[i] = set
		r.words += out.words
		if out.words == 0 {
			continue
		}
		r.place(out, sentence, set)
		out.copied = isCopied(sentence.Tokens, set, promptRuns, question.promptTerms)
		for k := range i {
			if isRepeat(sentence, set, &text.Sentences[k], earlier[k]) {
				out.repeated = true
				break
			}
		}
		switch {
		case out.copied:
			r.copiedWords += out.words
		case out.repeated, out.offTopic:
			r.paddingWords += out.words
		default:
			r.ownWords += out.words
			r.onTopic += float64(out.words) * out.relevance
		}
	}
	if r.ownWords > 0 {
		r.onTopic /= float64(r.ownWords)
	}
	r.english = isEnglish(text)
	r.setFlags()
	return r
}

// place sets how near the sentence is to the references and to the question.
func (r *reading) place(out *sentenceReading, sentence *Sentence, set map[string]bool) {
	var reference float64
	for j := range r.question.keyPoints {
		reference = math.Max(reference, cosine(sentence.Vector, r.question.keyPoints[j].vector))
	}
	_, model := maxCosine(sentence.Vector, r.question.model)
	_, prompt := maxCosine(sentence.Vector, r.question.prompt)
	reference = math.Max(reference, model)
	if len(r.question.keyPoints) == 0 && len(r.question.model) == 0 {
		reference = prompt
	}
	out.nearest = math.Max(reference, prompt)
	out.relevance = ramp(reference, relevanceLow, relevanceHigh)
	known := 0
	for term := range set {
		if _, ok := r.question.weights[term]; ok || r.question.promptTerms[term] {
			known++
		}
	}
	// A short remark or one that uses the question's vocabulary is not off the subject.
	out.offTopic = out.words >= 4 && out.nearest < offTopicBelow && 4*known < len(set)+1
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

// isEnglish is a heuristic on frequent function words, which any English prose is full of and other
// languages are not, and on script. Fewer than 12 words are given the benefit of the doubt.
func isEnglish(text *Text) bool {
	words, common, foreign := 0, 0, 0
	for i := range text.Sentences {
		if text.Sentences[i].Code {
			continue
		}
		for _, token := range text.Sentences[i].Tokens {
			words++
			if commonEnglish[token] {
				common++
			}
			for _, c := range token {
				if c > 0x24F { // beyond Latin
					foreign++
					break
				}
			}
		}
	}
	if 2*foreign > words {
		return false
	}
	return words < 12 || float64(common) >= 0.12*float64(words)
}

// Shares of the words at which an answer is flagged.
const (
	copiedFlagShare   = 0.5
	paddedFlagShare   = 0.2
	offTopicFlagBelow = 0.12 // mean relevance
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
	offTopic := 0
	for i := range r.sentences {
		if r.sentences[i].offTopic {
			offTopic += r.sentences[i].words
		}
	}
	lost := !copied && (r.onTopic < offTopicFlagBelow || 2*offTopic > r.words)
	add(lost && r.english, FlagOffTopic)
	add(copied, FlagCopiedQuestion)
	add(!lost && float64(r.paddingWords) >= paddedFlagShare*words, FlagPadded)
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
