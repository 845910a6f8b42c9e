package pack

import (
	"github.com/rubrica/rubrica/scoring"
	"github.com/rubrica/rubrica/scoring/pair"
)

// Likeness makes the pack what the local engine compares answers by where a question has no key points:
// for scoring.WithLikeness. It is nil for texts that were embedded with another model than the pack's.
func (p *Pack) Likeness(prompt, modelAnswer *scoring.Text) scoring.Likeness {
	if modelAnswer.Model != p.Model {
		return nil
	}
	return likeness{p.Against(prompt, modelAnswer)}
}

type likeness struct{ *Question }

// labels name to people what is compared, by the group of measures.
var labels = map[string]string{
	pair.GroupAligned:  "What the model answer says, word by word",
	pair.GroupWords:    "Words of the model answer",
	pair.GroupMeaning:  "Nearness in meaning to the model answer",
	pair.GroupPhrasing: "Phrasing like the model answer's",
	pair.GroupDetails:  "Numbers, names and negations",
	pair.GroupQuestion: "Words that the question gave",
	pair.GroupLength:   "Length next to the model answer",
}

// Share implements scoring.Likeness: a term for each group of measures.
func (l likeness) Share(answer *scoring.Text) (base float64, out []scoring.Contribution, half float64) {
	_, terms := l.Question.Share(answer)
	at := map[string]int{}
	for _, t := range terms {
		g := t.Measure.Group
		i, ok := at[g]
		if !ok {
			i = len(out)
			at[g] = i
			out = append(out, scoring.Contribution{Kind: scoring.ContributionFeature, Key: "likeness:" + g, Label: labels[g], Sentence: -1})
		}
		out[i].Points += t.Share
	}
	return l.pack.Base, out, l.pack.Half
}
