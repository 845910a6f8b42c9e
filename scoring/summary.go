package scoring

import (
	"fmt"
	"sort"
	"strings"
)

// summarize writes two or three sentences on one score: what is the matter with the text, if it was
// flagged; what earned most; and what would raise the score. It is learner-safe: it is made of fixed
// wording, numbers and the labels of key points.
func summarize(req Request, res *Result, criterion Criterion, score CriterionScore) string {
	if hasFlag(res, FlagEmpty) {
		return "There is no text to score. " + advisedLength(req.Question.Question)
	}
	var parts []string
	parts = append(parts, warnings(req, res, criterion.Trait)...)
	switch criterion.Trait {
	case TraitContent:
		parts = append(parts, contentSummary(req, res)...)
	case TraitReasoning:
		parts = append(parts, reasoningSummary(req, res, score)...)
	default:
		parts = append(parts, featureSummary(req, criterion, score)...)
	}
	if read := req.Answer.ReadTo; read < len(req.Answer.Raw) {
		parts = append([]string{fmt.Sprintf("Only the first %d sentences were read, since the text is far too long.", len(req.Answer.Sentences))}, parts...)
	}
	return strings.Join(parts[:min(len(parts), 3)], " ")
}

func hasFlag(res *Result, flag Flag) bool {
	for _, f := range res.Flags {
		if f == flag {
			return true
		}
	}
	return false
}

// warnings are the sentences that flags call for; at most one, the weightiest.
func warnings(req Request, res *Result, trait Trait) []string {
	switch {
	case hasFlag(res, FlagNotEnglish):
		return []string{"The text does not seem to be in English, so this score says little and a person should read it."}
	case hasFlag(res, FlagCopiedQuestion):
		return []string{"Most of the text repeats the question, which earns nothing."}
	case hasFlag(res, FlagOffTopic):
		return []string{"Most of the text does not speak to this question."}
	case hasFlag(res, FlagPadded) && AddressesGrader(req.Answer.Raw[:req.Answer.ReadTo]):
		return []string{"The text speaks to whoever grades it instead of answering; that earns nothing, and a person should look at it."}
	case hasFlag(res, FlagPadded) && (trait == TraitOrganization || trait == TraitClarity):
		return []string{"A good part of the text repeats itself or leaves the subject; leaving that out would help."}
	}
	return nil
}

func contentSummary(req Request, res *Result) []string {
	points := weightiestFirst(req, res.KeyPoints)
	if len(points) == 0 {
		return []string{"This question lists no points, so the text was only compared with the subject."}
	}
	var met, partly, missed []string
	for _, k := range points {
		switch k.Status {
		case KeyPointMet:
			met = append(met, k.Label)
		case KeyPointPartly:
			partly = append(partly, k.Label)
		default:
			missed = append(missed, k.Label)
		}
	}
	var out []string
	switch {
	case len(met) == len(points):
		out = append(out, fmt.Sprintf("You make all %d points that were looked for.", len(points)))
	case len(met) > 0:
		out = append(out, fmt.Sprintf("You make %d of the %d points that were looked for, among them %s.", len(met), len(points), quoteList(met, 2)))
	default:
		out = append(out, fmt.Sprintf("None of the %d points that were looked for is fully made.", len(points)))
	}
	switch {
	case len(missed) > 0 && len(partly) > 0:
		out = append(out, fmt.Sprintf("To raise this score, explain %s, and say more about %s.", quoteList(missed, 3), quoteList(partly, 2)))
	case len(missed) > 0:
		out = append(out, fmt.Sprintf("To raise this score, explain %s.", quoteList(missed, 3)))
	case len(partly) > 0:
		out = append(out, fmt.Sprintf("To raise this score, say more about %s, with the reason for it.", quoteList(partly, 3)))
	default:
		least := points[0]
		for _, k := range points {
			if k.Degree < least.Degree {
				least = k
			}
		}
		if least.Degree < 1 {
			out = append(out, fmt.Sprintf("The one that could still be said more fully is “%s”.", least.Label))
		}
	}
	return out
}

func reasoningSummary(req Request, res *Result, score CriterionScore) []string {
	used := map[string]bool{}
	count := 0
	for _, c := range score.Contributions {
		if c.Kind == ContributionSentence && c.Points > 0 {
			count++
			used[c.Label] = true
		}
	}
	var out []string
	switch count {
	case 0:
		out = append(out, "No sentence gives a reason, a condition or a consequence that bears on the question.")
	case 1:
		out = append(out, "One sentence argues about the question rather than only stating something.")
	default:
		out = append(out, fmt.Sprintf("In %d sentences you argue about the question rather than only state something.", count))
	}
	var advice string
	for _, kind := range []cueKind{cueCause, cueConsequence, cueContrast, cueCondition, cueExample} {
		if !used[arguingLabels[kind]] {
			advice = missingArgument[kind]
			break
		}
	}
	if advice == "" {
		advice = "more of your statements were followed by why they hold"
	}
	instance := ""
	for _, k := range weightiestFirst(req, res.KeyPoints) {
		if k.Status != KeyPointMet {
			instance = fmt.Sprintf(", for instance on “%s”", k.Label)
			break
		}
	}
	return append(out, fmt.Sprintf("It would score higher if %s%s.", advice, instance))
}

var missingArgument = map[cueKind]string{
	cueCause:       "it said why things are as you describe them",
	cueConsequence: "it said what follows from what you describe",
	cueContrast:    "it weighed your choice against an alternative and its price",
	cueCondition:   "it said under which conditions your advice holds",
	cueExample:     "it gave an example",
}

// featureSummaries are what is said of the local engine's features: the most that each can earn, in
// shares of the scale, what is good, and what to do.
var featureSummaries = map[string]struct {
	most         float64
	good, advice string
}{
	"development":     {lengthPart, "the answer is developed at the advised length", "develop the answer further"},
	"connective":      {connectivePart, "the sentences are tied together by connecting words", "say how one sentence leads to the next, with words such as “therefore”, “but” or “for example”"},
	"cohesion":        {cohesionPart, "each sentence takes up the one before", "keep sentences on the same matter together"},
	"outline":         {outlinePart, "the text is well divided", "divide the text into sentences and paragraphs, one for each thought"},
	"sentence_length": {sentencePart, "most sentences have a readable length", "aim at sentences of about ten to twenty-five words"},
	"variety":         {varietyPart, "the choice of words is varied", "repeat the same words less often"},
	"form":            {formPart, "sentences begin and end as they should", "begin sentences with a capital and end them with a full stop"},
	"rhythm":          {rhythmPart, "long and short sentences alternate", "let short sentences follow long ones"},
}

// featureSummary names the feature that earned the largest part of what it can, and the one that
// left most behind, of those that the score has.
func featureSummary(req Request, criterion Criterion, score CriterionScore) []string {
	earned := map[string]float64{}
	var keys []string
	penalty := ""
	var worst float64
	for _, c := range score.Contributions {
		if _, ok := featureSummaries[c.Key]; ok {
			if _, seen := earned[c.Key]; !seen {
				keys = append(keys, c.Key)
			}
			earned[c.Key] += c.Points / criterion.Scale.Width()
		}
		if c.Kind == ContributionPenalty && c.Points < worst {
			worst, penalty = c.Points, c.Label
		}
	}
	if len(keys) == 0 {
		return []string{"There is too little text on the question to judge this. " + advisedLength(req.Question.Question)}
	}
	sort.Strings(keys)
	best, gap := keys[0], keys[0]
	for _, key := range keys {
		most := featureSummaries[key].most
		if earned[key]/most > earned[best]/featureSummaries[best].most {
			best = key
		}
		if most-earned[key] > featureSummaries[gap].most-earned[gap] {
			gap = key
		}
	}
	var out []string
	if earned[best] >= 0.6*featureSummaries[best].most {
		out = append(out, "What counts for you: "+featureSummaries[best].good+".")
	}
	if earned[gap] < 0.9*featureSummaries[gap].most {
		advice := "To raise this score, " + featureSummaries[gap].advice + "."
		if gap == "development" {
			advice += fmt.Sprintf(" It has %d words; %s", req.Answer.Words, lowerFirst(advisedLength(req.Question.Question)))
		}
		out = append(out, strings.TrimSpace(advice))
	}
	if penalty != "" {
		out = append(out, "Points were lost here: "+lowerFirst(req.Question.safe(penalty, "see the contributions"))+".")
	}
	if len(out) == 0 {
		out = append(out, "Nothing in particular holds this score back.")
	}
	return out
}

func advisedLength(q Question) string {
	switch {
	case q.MinWords > 0 && q.MaxWords > 0:
		return fmt.Sprintf("Between %d and %d words are advised.", q.MinWords, q.MaxWords)
	case q.MinWords > 0:
		return fmt.Sprintf("At least %d words are advised.", q.MinWords)
	}
	return ""
}

// weightiestFirst orders outcomes by the weight of their key points.
func weightiestFirst(req Request, outcomes []KeyPointOutcome) []KeyPointOutcome {
	weight := map[string]float64{}
	for _, k := range req.Question.Question.Rubric.KeyPoints {
		weight[k.ID] = k.Weight
	}
	out := append([]KeyPointOutcome(nil), outcomes...)
	sort.SliceStable(out, func(a, b int) bool { return weight[out[a].KeyPointID] > weight[out[b].KeyPointID] })
	return out
}

// quoteList joins up to most labels: “a”, “b” and “c”.
func quoteList(labels []string, most int) string {
	labels = labels[:min(len(labels), most)]
	quoted := make([]string, len(labels))
	for i, label := range labels {
		quoted[i] = "“" + label + "”"
	}
	if n := len(quoted); n > 1 {
		return strings.Join(quoted[:n-1], ", ") + " and " + quoted[n-1]
	}
	return strings.Join(quoted, "")
}

func lowerFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}
