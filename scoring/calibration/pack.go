package calibration

import (
	"fmt"

	"github.com/rubrica/rubrica/scoring"
	shippedpack "github.com/rubrica/rubrica/scoring/pack"
)

// Shipped makes a Pack of a package pack's: it compares an answer with the first model answer, in the
// vectors that the pack was fitted with, and sums its terms up by what is compared.
func Shipped(p *shippedpack.Pack) Pack { return &shipped{pack: p} }

type shipped struct{ pack *shippedpack.Pack }

// Version implements Pack.
func (s *shipped) Version() string { return fmt.Sprintf("pack@%d %s", s.pack.Version, s.pack.Model) }

// Against implements Pack.
func (s *shipped) Against(q *scoring.Prepared) Comparison {
	question, reference := q.Texts()
	if reference == nil || q.Model != s.pack.Model {
		return nil
	}
	return &compared{s.pack.Against(question, reference)}
}

type compared struct{ question *shippedpack.Question }

// packLabels name what is compared, by the group of measures.
var packLabels = map[string]string{
	"words":    "Words of the model answer",
	"meaning":  "Nearness in meaning to the model answer",
	"phrasing": "Phrasing like the model answer's",
	"details":  "Numbers, names and negations",
	"aligned":  "What the model answer says, word by word",
	"question": "Repeating the question",
	"length":   "Length next to the model answer",
}

// Share implements Comparison.
func (c *compared) Share(answer *scoring.Text) Share {
	sum, terms := c.question.Share(answer)
	out := Share{Base: sum}
	at := map[string]int{}
	for _, t := range terms {
		i, ok := at[t.Measure.Group]
		if !ok {
			i = len(out.Terms)
			at[t.Measure.Group] = i
			out.Terms = append(out.Terms, scoring.Contribution{
				Kind: scoring.ContributionFeature, Key: "model_answer:" + t.Measure.Group, Label: packLabels[t.Measure.Group], Sentence: -1,
			})
		}
		out.Terms[i].Points += t.Share
		out.Base -= t.Share
	}
	return out
}
