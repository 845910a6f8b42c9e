package scoring

import (
	"context"
	"fmt"
	"math"
	"regexp"
	"strings"
)

// Prepared is a question made ready for scoring: its texts cut and embedded once, to be reused for
// every answer. It is safe for concurrent use.
type Prepared struct {
	Question Question
	Model    string // of the vectors

	promptText                  *Text
	modelTexts                  []*Text    // each model answer
	likeness                    []Likeness // to each model answer; nil with key points, or when nobody learnt it
	prompt                      []Sentence
	promptTerms                 map[string]bool
	labelTerms                  map[string]bool   // of the prompt, the title and all labels: what a learner was given
	labels                      []map[string]bool // terms of each
	beyond                      map[string]bool   // of the references, and their families, without labelTerms: what only an answer can bring
	model                       []Sentence        // of all model answers
	promptWindows, modelWindows []window
	weights                     map[string]float64
	keyPoints                   []preparedKeyPoint // in the order of Question.Rubric.KeyPoints
	secret                      map[string]bool    // runs of secretShingle words that a learner may not be shown
}

// preparedKeyPoint is a key point with what it takes to recognise it.
type preparedKeyPoint struct {
	whole     anchored
	clauses   []anchored // of a text with several; else empty
	statement anchored   // where the model answers make the point; its vector is nil without them
	said      []int      // the model answers' sentences that do
	terms     []weightedTerm
	negated   map[string]bool
	recall    float64 // the lexical recall that a model answer reaches, which is never all of it
	share     float64 // of the content score; shares add up to 1
}

// weightedTerm is a content word and how much it tells about its key point.
type weightedTerm struct {
	term   string
	weight float64
}

// Prepare makes a question ready: it cuts and embeds the prompt, the key points and the model
// answers, and weighs the words of the question.
//
// The weight of a word is its inverse document frequency over the texts of the question, and a
// fraction of that for words of the prompt: to repeat the question proves nothing (the same
// discount for question words as in Mohler, Bunescu and Mihalcea 2011, and Sultan, Salazar and
// Sumner 2016, "Fast and Easy Short Answer Grading with High Accuracy").
//
// A rubric without key points or without model answers can be prepared; scores are then coarser.
func Prepare(ctx context.Context, embedder Embedder, question Question, options ...Option) (*Prepared, error) {
	p := &Prepared{Question: question, Model: embedder.Model()}
	fail := func(what string, err error) (*Prepared, error) {
		return nil, fmt.Errorf("scoring: preparing %s of question %q: %w", what, question.ID, err)
	}
	if len(question.Rubric.Criteria) == 0 {
		return fail("the rubric", Permanent(fmt.Errorf("it has no criteria: add at least one")))
	}
	for _, c := range question.Rubric.Criteria {
		if !(c.Scale.Max > c.Scale.Min) || c.Weight < 0 {
			return fail("the rubric", Permanent(fmt.Errorf(
				"criterion %q has scale %v to %v and weight %v: the scale needs Min < Max, the weight must not be negative",
				c.Key, c.Scale.Min, c.Scale.Max, c.Weight)))
		}
	}

	var err error
	if p.promptText, err = Analyze(ctx, embedder, question.Prompt); err != nil {
		return fail("the prompt", err)
	}
	p.prompt = p.promptText.Sentences
	for i, answer := range question.Rubric.ModelAnswers {
		text, err := Analyze(ctx, embedder, answer)
		if err != nil {
			return fail(fmt.Sprintf("model answer %d", i+1), err)
		}
		p.modelTexts = append(p.modelTexts, text)
		p.model = append(p.model, text.Sentences...)
	}

	all := func(int) bool { return true }
	p.promptWindows = windowsOf(p.prompt, all, nil)
	p.modelWindows = windowsOf(p.model, all, nil)

	p.promptTerms = termSet(tokenize(question.Prompt), tokenize(question.Title))
	p.labelTerms = termSet(tokenize(question.Prompt), tokenize(question.Title))
	for _, k := range question.Rubric.KeyPoints {
		label := termSet(tokenize(k.Label))
		p.labels = append(p.labels, label)
		for term := range label {
			p.labelTerms[term] = true
		}
	}
	p.weighTerms()
	p.beyond = map[string]bool{}
	for term := range p.weights {
		if !p.labelTerms[term] {
			p.beyond[term] = true
			if len(term) > familyPrefix {
				p.beyond[term[:familyPrefix]] = true
			}
		}
	}

	for _, k := range question.Rubric.KeyPoints {
		prepared, err := p.prepareKeyPoint(ctx, embedder, k)
		if err != nil {
			return fail("key point "+k.Key, err)
		}
		p.keyPoints = append(p.keyPoints, prepared)
	}
	p.shareKeyPoints()
	p.secret = secretShingles(question)
	for _, o := range options {
		o(p)
	}
	return p, nil
}

// promptWordWeight is what is left of the weight of a word that the prompt has given away.
const promptWordWeight = 0.2

// weighTerms sets the weights of all words of the key points and model answers.
func (p *Prepared) weighTerms() {
	var documents [][]string
	for i := range p.model {
		documents = append(documents, p.model[i].Tokens)
	}
	for _, k := range p.Question.Rubric.KeyPoints {
		documents = append(documents, tokenize(k.Text))
	}
	frequency := map[string]int{}
	for _, document := range documents {
		for term := range termSet(document) {
			frequency[term]++
		}
	}
	p.weights = make(map[string]float64, len(frequency))
	for term, n := range frequency {
		weight := math.Log(1 + float64(len(documents))/float64(n))
		if p.promptTerms[term] {
			weight *= promptWordWeight
		}
		p.weights[term] = weight
	}
}

// minClauseWords is the length from which a clause is looked for by itself.
const minClauseWords = 4

func (p *Prepared) prepareKeyPoint(ctx context.Context, embedder Embedder, k KeyPoint) (preparedKeyPoint, error) {
	out := preparedKeyPoint{negated: negatedTerms(k.Text), recall: defaultRecall}
	if len(p.modelWindows) > 0 {
		out.recall = minModelRecall
	}
	seen := map[string]bool{}
	for _, term := range terms(tokenize(k.Text)) {
		if !seen[term] {
			seen[term] = true
			out.terms = append(out.terms, weightedTerm{term, p.weights[term]})
		}
	}
	vector, err := embedder.Embed(ctx, k.Text)
	if err != nil {
		return out, fmt.Errorf("embedding with %s: %w", embedder.Model(), err)
	}
	out.whole = anchor(vector, p.promptWindows, p.modelWindows)
	for _, clause := range clausesOf(k.Text) {
		vector, err := embedder.Embed(ctx, clause)
		if err != nil {
			return out, fmt.Errorf("embedding a clause with %s: %w", embedder.Model(), err)
		}
		out.clauses = append(out.clauses, anchor(vector, p.promptWindows, p.modelWindows))
	}
	best := -1.0
	for i := range p.modelWindows {
		w := &p.modelWindows[i]
		recall := out.lexicalRecall(w)
		out.recall = math.Max(out.recall, recall)
		if near := cosine(w.vector, vector) + recall/2; near > best {
			best, out.statement, out.said = near, anchored{w.vector, statementLow, statementHigh}, w.members
		}
	}
	return out, nil
}

// clausesOf cuts a text at punctuation; a text of a single clause has none.
func clausesOf(text string) []string {
	var out []string
	for _, clause := range clauseEnd.Split(text, -1) {
		if len(strings.Fields(clause)) >= minClauseWords {
			out = append(out, clause)
		}
	}
	if len(out) < 2 {
		return nil
	}
	return out
}

var clauseEnd = regexp.MustCompile(`[,;:.]\s+`)

// shareKeyPoints sets the shares from the weights; weights that are all zero count as equal.
func (p *Prepared) shareKeyPoints() {
	var total float64
	for _, k := range p.Question.Rubric.KeyPoints {
		total += math.Max(0, k.Weight)
	}
	for i, k := range p.Question.Rubric.KeyPoints {
		if total > 0 {
			p.keyPoints[i].share = math.Max(0, k.Weight) / total
		} else {
			p.keyPoints[i].share = 1 / float64(len(p.keyPoints))
		}
	}
}

// secretShingle is the length of a run of words that counts as having been copied out of a text.
const secretShingle = 5

// secretShingles are the runs of words of key points and model answers, without those that the
// learner was shown in the prompt, the title or a label.
func secretShingles(q Question) map[string]bool {
	secret := map[string]bool{}
	add := func(s string) bool { secret[s] = true; return true }
	for _, k := range q.Rubric.KeyPoints {
		shingles(tokenize(k.Text), secretShingle, add)
	}
	for _, answer := range q.Rubric.ModelAnswers {
		shingles(tokenize(answer), secretShingle, add)
	}
	remove := func(s string) bool { delete(secret, s); return true }
	shingles(tokenize(q.Title), secretShingle, remove)
	shingles(tokenize(q.Prompt), secretShingle, remove)
	for _, k := range q.Rubric.KeyPoints {
		shingles(tokenize(k.Label), secretShingle, remove)
	}
	return secret
}

// reveals tells whether text repeats a run of words that a learner may not be shown.
func (p *Prepared) reveals(text string) bool {
	found := false
	shingles(tokenize(text), secretShingle, func(s string) bool {
		found = p.secret[s]
		return !found
	})
	return found
}
