package scoring

import (
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"
)

// Explain gives the reasons for each score of res, in its order. It reads nothing but the request
// and the result, so that it serves every engine: what an engine wants to be shown it must have
// counted as a contribution. Evidence of sentences that the answer does not have is dropped, and
// labels that would repeat a key point's text or a model answer are replaced.
//
// It needs no embedder: the nearest sentences of passages are found by their words.
func Explain(req Request, res *Result) []Explanation {
	out := make([]Explanation, len(res.Scores))
	rubric := req.Question.Question.Rubric
	cited := false
	for i, score := range res.Scores {
		criterion := criterionOf(rubric, score.CriterionID, i)
		e := Explanation{CriterionID: score.CriterionID, Base: score.Base}
		for _, c := range score.Contributions {
			c.Label = req.Question.safe(c.Label, "Part of the score")
			e.Contributions = append(e.Contributions, c)
		}
		if score.Effects != nil {
			e.Evidence = evidenceByEffect(req, res, criterion, score.Effects, e.Contributions)
		} else {
			e.Evidence = evidence(req, res, e.Contributions)
		}
		if criterion.Trait == TraitContent {
			e.KeyPoints = append([]KeyPointOutcome(nil), res.KeyPoints...)
			e.Citations = citations(req, res)
			cited = true
		}
		e.Summary = req.Question.ownWords(score)
		if e.Summary == "" {
			e.Summary = summarize(req, res, criterion, score)
		}
		out[i] = e
	}
	if !cited && len(out) > 0 { // a rubric without CONTENT was checked against them all the same
		out[0].Citations = citations(req, res)
	}
	return out
}

// criterionOf finds a criterion by id, or by place if the id is not in the rubric.
func criterionOf(rubric Rubric, id string, place int) Criterion {
	for _, c := range rubric.Criteria {
		if c.ID == id {
			return c
		}
	}
	if place < len(rubric.Criteria) {
		return rubric.Criteria[place]
	}
	return Criterion{ID: id}
}

// safe is text, or instead when text would show the learner what it may not.
func (p *Prepared) safe(text, instead string) string {
	if p.reveals(text) {
		return instead
	}
	return text
}

// evidence adds up the contributions of each sentence, for each key point that it serves, and turns
// the strongest into quotes.
func evidence(req Request, res *Result, contributions []Contribution) []Evidence {
	type place struct {
		sentence int
		keyPoint string
		end      int // of what is quoted, where it is not the sentence
	}
	at := map[place]int{}
	var out []Evidence
	var strongest []float64 // of the contributions that made each
	sentences := req.Answer.Sentences
	for _, c := range contributions {
		if c.Sentence < 0 || c.Sentence >= len(sentences) || c.Points == 0 {
			continue
		}
		p := place{c.Sentence, c.KeyPointID, c.End}
		k, ok := at[p]
		if !ok {
			k = len(out)
			at[p] = k
			s := sentences[c.Sentence]
			e := Evidence{Start: s.Start, End: s.End, Quote: s.Text, KeyPointID: c.KeyPointID}
			if c.End > c.Start && c.Start >= 0 && c.End <= len(req.Answer.Raw) {
				e.Start, e.End, e.Quote = c.Start, c.End, req.Answer.Raw[c.Start:c.End]
			}
			out = append(out, e)
			strongest = append(strongest, 0)
		}
		out[k].Points += c.Points
		if math.Abs(c.Points) > strongest[k] {
			strongest[k] = math.Abs(c.Points)
			out[k].Reason = reason(res, c)
		}
	}
	sort.SliceStable(out, func(a, b int) bool {
		if x, y := math.Abs(out[a].Points), math.Abs(out[b].Points); x != y {
			return x > y
		}
		return out[a].Start < out[b].Start
	})
	out = out[:min(len(out), MaxEvidence)]
	locate(req.Answer.Raw, out)
	return out
}

// leastEffect is the share of a scale's width below which what a sentence does is not worth a quote.
const leastEffect = 0.002

// evidenceByEffect quotes the sentences without which the score would change most. Why they count is said by
// their strongest contribution of the same sign, or else by what they do for the whole.
func evidenceByEffect(req Request, res *Result, criterion Criterion, effects []float64, contributions []Contribution) []Evidence {
	strongest := make([]*Contribution, len(effects))
	for k := range contributions {
		c := &contributions[k]
		if c.Sentence < 0 || c.Sentence >= len(effects) || c.Points*effects[c.Sentence] <= 0 {
			continue
		}
		if at := &strongest[c.Sentence]; *at == nil || math.Abs(c.Points) > math.Abs((*at).Points) {
			*at = c
		}
	}
	var out []Evidence
	for i, points := range effects {
		if i >= len(req.Answer.Sentences) || math.Abs(points) < leastEffect*criterion.Scale.Width() {
			continue
		}
		s := req.Answer.Sentences[i]
		e := Evidence{Start: s.Start, End: s.End, Quote: s.Text, Points: points, Reason: forTheWhole(criterion.Trait, points)}
		if c := strongest[i]; c != nil {
			e.Reason, e.KeyPointID = reason(res, *c), c.KeyPointID
		}
		out = append(out, e)
	}
	sort.SliceStable(out, func(a, b int) bool { return math.Abs(out[a].Points) > math.Abs(out[b].Points) })
	out = out[:min(len(out), MaxEvidence)]
	locate(req.Answer.Raw, out)
	return out
}

// forTheWhole says what a sentence does that makes no point of its own.
func forTheWhole(trait Trait, points float64) string {
	up := points > 0
	switch {
	case trait == TraitContent && up:
		return "Covers more of the subject"
	case trait == TraitContent:
		return "Leads away from what is asked"
	case trait == TraitReasoning && up:
		return "Keeps the argument on the subject"
	case trait == TraitReasoning:
		return "Draws the argument away from the subject"
	case trait == TraitOrganization && up:
		return "Develops the answer and fits what stands around it"
	case trait == TraitOrganization:
		return "Does not follow from what stands around it"
	case trait == TraitClarity && up:
		return "Reads well: its length, form and choice of words"
	case trait == TraitClarity:
		return "Harder to read: its length, form or choice of words"
	case up:
		return "Without it the score would be lower"
	}
	return "Without it the score would be higher"
}

// locate sets the offsets in code points and UTF-16 units.
func locate(raw string, evidence []Evidence) {
	offsets := make([]int, 0, 2*len(evidence))
	for _, e := range evidence {
		offsets = append(offsets, e.Start, e.End)
	}
	positions := Positions(raw, offsets)
	for i := range evidence {
		start, end := positions[2*i], positions[2*i+1]
		evidence[i].StartRune, evidence[i].EndRune = start.Rune, end.Rune
		evidence[i].StartUTF16, evidence[i].EndUTF16 = start.UTF16, end.UTF16
	}
}

// reason says in a few words why a sentence counted.
func reason(res *Result, c Contribution) string {
	if c.Kind != ContributionKeyPoint {
		return c.Label
	}
	for _, k := range res.KeyPoints {
		if k.KeyPointID != c.KeyPointID {
			continue
		}
		switch k.Status {
		case KeyPointMet:
			return fmt.Sprintf("Makes the point “%s”", c.Label)
		case KeyPointPartly:
			return fmt.Sprintf("Makes part of the point “%s”", c.Label)
		}
	}
	return fmt.Sprintf("Touches on “%s”", c.Label)
}

// maxCitations bounds the passages that one explanation cites.
const maxCitations = 3

// citations are the best passages of the request, each with the pair of sentences, one of the
// passage and one of the answer, that have most in common. A sentence that would show the learner
// what it may not is passed over.
func citations(req Request, res *Result) []Citation {
	var out []Citation
	answer := make([]map[string]bool, len(req.Answer.Sentences))
	for i := range answer {
		answer[i] = setOf(req.Answer.Sentences[i].contentStems())
	}
	for _, passage := range req.Passages[:min(len(req.Passages), maxCitations)] {
		if res.Cited != nil && !slices.Contains(res.Cited, passage.ID) {
			continue
		}
		c := Citation{PassageID: passage.ID, Similarity: passage.Similarity, Sentence: -1}
		best := -1.0
		for _, sentence := range read(passage.Text).Sentences {
			if req.Question.reveals(sentence.Text) {
				continue
			}
			set := setOf(sentence.contentStems())
			nearest, overlap := -1, 0.0
			for i := range answer {
				if o := req.Question.overlap(set, answer[i]); o > overlap {
					nearest, overlap = i, o
				}
			}
			if overlap > best {
				best = overlap
				c.Quote, c.Sentence = strings.Join(strings.Fields(sentence.Text), " "), nearest
			}
		}
		out = append(out, c)
	}
	return out
}

// overlap is the cosine of two sets of words. Words that the question uses count by their weight in
// it, others in full.
func (p *Prepared) overlap(a, b map[string]bool) float64 {
	weight := func(term string) float64 {
		if w, ok := p.weights[term]; ok {
			return w
		}
		if p.promptTerms[term] {
			return promptWordWeight
		}
		return 1
	}
	total := func(set map[string]bool) (sum float64) {
		for _, term := range sortedKeys(set) {
			sum += weight(term) * weight(term)
		}
		return sum
	}
	var common float64
	for _, term := range sortedKeys(a) {
		if b[term] {
			common += weight(term) * weight(term)
		}
	}
	if common == 0 {
		return 0
	}
	return common / math.Sqrt(total(a)*total(b))
}

// sortedKeys makes sums over a set independent of the order of maps.
func sortedKeys(set map[string]bool) []string {
	keys := make([]string, 0, len(set))
	for key := range set {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}
