package evaluate

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"unicode"

	"github.com/rubrica/rubrica/rag/minilm"
	"github.com/rubrica/rubrica/scoring"
)

const (
	faithfulSentences = 5  // essays of fewer are not asked about
	faithfulSpans     = 3  // are taken out
	faithfulSets      = 20 // random sets that they are compared with
)

// faithful is what came of one criterion of one essay.
type faithful struct {
	set, group string
	text       int // of the group
	criterion  string
	width      float64 // of the criterion's scale
	spans      int     // positive ones that were named, up to faithfulSpans
	drop       float64 // without them, in points
	random     float64 // mean without random spans of the same lengths
	inexact    float64 // how far the displayed sum is from the displayed score
	below      bool    // the scale's top: more can be suggested
	gains      []float64
	kept       int // suggestions that, applied, gave a higher score
}

func (f *faithful) held() bool { return f.spans > 0 && f.drop > f.random }

// embeddedRows and embeddedUnseen are the essays of a prompt of ASAP-AES where sentences have vectors:
// embedding is what takes the time.
const (
	embeddedRows   = 80
	embeddedUnseen = 10
)

// Faithfulness holds explanations to what they say, on essays of five or more sentences: without the three
// spans that are named as raising a score most, the score is lower than without random words of the same
// lengths; and each change that is suggested raises the score. It takes the local engine on the seeds, and
// the calibrated one on ASAP-AES and ELLIPSE where a folder of data is given.
func Faithfulness(ctx context.Context, o Options) (*Report, error) {
	model, err := minilm.Shared(ctx)
	if err != nil {
		return nil, fmt.Errorf("evaluate: the embedding model: %w", err)
	}
	embedder := remembering(model)
	subjects, err := seededSubjects(ctx, &o, embedder)
	if err != nil {
		return nil, err
	}
	if o.Data != "" {
		essays, err := essaySubjects(ctx, &o, embedder)
		if err != nil {
			return nil, err
		}
		subjects = append(subjects, essays...)
	}
	random := rand.New(rand.NewPCG(1, 20)) //nolint:gosec // repeatable, not secret
	var all []faithful
	for _, s := range subjects {
		for n, raw := range s.unseen {
			f, err := faithfulness(ctx, &s.scorer, raw, random)
			if err != nil {
				return nil, fmt.Errorf("evaluate: %s %s: %w", s.set, s.group, err)
			}
			for i := range f {
				f[i].set, f[i].group, f[i].text = s.set, s.group, n
			}
			all = append(all, f...)
		}
		o.say("%s %s: %d texts", s.set, s.group, len(s.unseen))
	}
	r := &Report{
		Name: "faithfulness", Title: "Faithfulness of explanations", Command: "rubrica evaluate faithfulness --data FOLDER --write docs/quality.md",
		About: "Texts of five or more sentences that the engine was not fitted to: the seeds' samples by the local engine's rules; the first " +
			fmt.Sprintf("%d essays of the fourth fold of each prompt of ASAP-AES, calibrated with %d others, and %d of ELLIPSE, calibrated with %d. ", unseenRows, calibratedRows, ellipseRows, calibratedRows) +
			fmt.Sprintf("These are read without vectors of sentences; %d essays a prompt are measured again as the product reads them, with vectors, calibrated with %d. ", embeddedUnseen, embeddedRows) +
			"The three spans that the explanation of a score names as most positive are taken out and the text is " +
			"scored again, before rounding; the same with 20 sets of runs of words at random places, of the same numbers of words. " +
			"That a sentence is what the engine went by does not show that a person would have gone by it.",
	}
	r.report(all)
	r.suggestions(all)
	return r, nil
}

// essaySubjects are ASAP-AES and ELLIPSE.
func essaySubjects(ctx context.Context, o *Options, embedder scoring.Embedder) ([]*subject, error) {
	rows, unseen, traits, few := calibratedRows, unseenRows, ellipseRows, embeddedUnseen
	if o.Quick {
		rows, unseen, traits, few = rows/3, unseen/3, traits/10, few/3
	}
	asap, err := asapSubjects(ctx, o, unembedded{}, rows, unseen)
	if err != nil {
		return nil, err
	}
	ellipse, err := ellipseSubject(ctx, o, unembedded{}, rows, traits)
	if err != nil {
		return nil, err
	}
	embedded, err := asapSubjects(ctx, o, embedder, embeddedRows, few)
	if err != nil {
		return nil, err
	}
	for _, s := range embedded {
		s.set += " with vectors"
	}
	return append(append(asap, ellipse), embedded...), nil
}

// report adds the goals and tables of faithfulness.
func (r *Report) report(all []faithful) {
	t := Table{
		Key: "spans", Title: "Without the three most positive spans",
		Note: "Held: share of the scores that fall more than without random spans. A score that names no positive span (none), since all that " +
			"it counts is of the whole text, does not hold. Essays: the same of their scores together, each in shares of its scale. " +
			"Falls are means, in points of the scale.",
		Columns: []Column{
			{"set", "set", 0}, {"group", "group", 0}, {"scores", "scores", 0}, {"none", "none", 0}, {"held", "held", 3}, {"fall", "fall", 3}, {"random", "random fall", 3},
			{"essays", "essays", 0}, {"essays_held", "held", 3},
		},
	}
	inexact := 0.0
	var sets []string
	bySet := map[string][]faithful{}
	for _, f := range all {
		inexact = max(inexact, f.inexact)
		if bySet[f.set] == nil {
			sets = append(sets, f.set)
		}
		bySet[f.set] = append(bySet[f.set], f)
	}
	row := func(set, group string, list []faithful) float64 {
		var held, none int
		var fall, random float64
		for i := range list {
			f := &list[i]
			fall, random = fall+f.drop, random+f.random
			if f.spans == 0 {
				none++
			}
			if f.held() {
				held++
			}
		}
		n := float64(len(list))
		texts, whole := essaysHeld(list)
		t.Add(set, group, len(list), none, float64(held)/n, fall/n, random/n, texts, whole)
		return whole
	}
	for _, set := range sets {
		by := func(f faithful) string { return f.group }
		if !strings.HasPrefix(set, "ASAP-AES") {
			by = func(f faithful) string { return f.criterion }
		}
		var names []string
		of := map[string][]faithful{}
		for _, f := range bySet[set] {
			if of[by(f)] == nil {
				names = append(names, by(f))
			}
			of[by(f)] = append(of[by(f)], f)
		}
		for _, n := range names {
			row(set, n, of[n])
		}
		r.Goals = append(r.Goals, AtLeast("held_"+keyOf(set), "share of essays of "+set+" whose scores fall more", row(set, "all", bySet[set]), .9))
	}
	exact := AtMost("inexact", "largest difference of a sum and its score, in millionths", 1e6*inexact, 1)
	r.Goals, r.Tables = append(r.Goals, exact), append(r.Tables, t)
}

// essaysHeld counts the texts, and the share of those whose scores together fall more than at random.
func essaysHeld(list []faithful) (texts int, share float64) {
	held := 0
	for i := 0; i < len(list); {
		j, more := i, 0.0
		for ; j < len(list) && list[j].group == list[i].group && list[j].text == list[i].text; j++ {
			more += (list[j].drop - list[j].random) / list[j].width
		}
		texts++
		if more > 0 {
			held++
		}
		i = j
	}
	return texts, float64(held) / float64(max(1, texts))
}

// keyOf makes a key of a set's name.
func keyOf(set string) string { return strings.ReplaceAll(strings.ToLower(set), " ", "_") }

// faithfulness takes the spans that an explanation names as most positive out of a text, and random ones of
// the same number of words, and scores what is left. It gives nothing for a text of few sentences.
func faithfulness(ctx context.Context, s *scorer, raw string, random *rand.Rand) ([]faithful, error) {
	req, res, err := s.score(ctx, raw)
	if err != nil || len(req.Answer.Sentences) < faithfulSentences {
		return nil, err
	}
	explanations := scoring.Explain(req, res)
	suggested, err := scoring.Improve(ctx, s.engine, s.embedder, req, res)
	if err != nil {
		return nil, fmt.Errorf("suggesting: %w", err)
	}
	words := wordPlaces(raw)
	var out []faithful
	for i, e := range explanations {
		criterion := &req.Question.Question.Rubric.Criteria[i]
		f := faithful{criterion: criterion.Key, width: criterion.Scale.Width(), below: res.Scores[i].Value < criterion.Scale.Max}
		if err := f.apply(ctx, s, res.Scores[i].Value, i, suggested[i]); err != nil {
			return nil, err
		}
		sum := e.Base
		for _, c := range e.Contributions {
			sum += c.Points
		}
		f.inexact = math.Abs(sum - res.Scores[i].Value)
		spans := mostPositive(e.Evidence, faithfulSpans)
		f.spans = len(spans)
		if f.spans > 0 {
			if f.drop, err = s.drop(ctx, raw, res, i, spans); err != nil {
				return nil, err
			}
			for range faithfulSets {
				d, err := s.drop(ctx, raw, res, i, randomSpans(words, spans, random))
				if err != nil {
					return nil, err
				}
				f.random += d / faithfulSets
			}
		}
		out = append(out, f)
	}
	return out, nil
}

// scorer scores texts as answers to one question.
type scorer struct {
	question *scoring.Prepared
	engine   scoring.Engine
	embedder scoring.Embedder
}

func (s *scorer) score(ctx context.Context, raw string) (scoring.Request, *scoring.Result, error) {
	text, err := scoring.Analyze(ctx, s.embedder, raw)
	if err != nil {
		return scoring.Request{}, nil, err
	}
	req := scoring.Request{Question: s.question, Answer: text}
	res, err := s.engine.Score(ctx, req)
	return req, res, err
}

// drop is what criterion i loses without the spans, before rounding.
func (s *scorer) drop(ctx context.Context, raw string, res *scoring.Result, i int, spans [][2]int) (float64, error) {
	text, err := scoring.Analyze(ctx, s.embedder, cut(raw, spans))
	if err != nil {
		return 0, fmt.Errorf("reading what is left: %w", err)
	}
	left, err := s.engine.Score(ctx, scoring.Request{Question: s.question, Answer: text, ScoresOnly: true})
	if err != nil {
		return 0, fmt.Errorf("scoring what is left: %w", err)
	}
	return res.Scores[i].Raw - left.Scores[i].Raw, nil
}

// mostPositive are the places of the evidence that raises the score most; two pieces of one sentence are one.
func mostPositive(evidence []scoring.Evidence, most int) [][2]int {
	points := map[[2]int]float64{}
	for _, e := range evidence {
		points[[2]int{e.Start, e.End}] += e.Points
	}
	var out [][2]int
	for place, p := range points {
		if p > 0 {
			out = append(out, place)
		}
	}
	slices.SortFunc(out, func(a, b [2]int) int {
		if points[a] != points[b] {
			if points[a] > points[b] {
				return -1
			}
			return 1
		}
		return a[0] - b[0]
	})
	return out[:min(most, len(out))]
}

// wordPlaces are where the words of a text stand, cut at white space.
func wordPlaces(raw string) [][2]int {
	var out [][2]int
	start := -1
	for i, r := range raw {
		switch space := unicode.IsSpace(r); {
		case space && start >= 0:
			out = append(out, [2]int{start, i})
			start = -1
		case !space && start < 0:
			start = i
		}
	}
	if start >= 0 {
		out = append(out, [2]int{start, len(raw)})
	}
	return out
}

// randomSpans are runs of words, as long as the spans in words, at random places that do not overlap: the
// words between them are dealt to the gaps at random.
func randomSpans(words, spans [][2]int, random *rand.Rand) [][2]int {
	lengths := make([]int, len(spans))
	free := len(words)
	for k, s := range spans {
		for _, w := range words {
			if w[0] >= s[0] && w[1] <= s[1] {
				lengths[k]++
			}
		}
		free -= lengths[k]
	}
	random.Shuffle(len(lengths), func(a, b int) { lengths[a], lengths[b] = lengths[b], lengths[a] })
	gaps := make([]int, len(lengths))
	for k := range gaps {
		gaps[k] = random.IntN(max(0, free) + 1)
	}
	slices.Sort(gaps)
	var out [][2]int
	used := 0
	for k, n := range lengths {
		first := gaps[k] + used
		if n > 0 && first+n <= len(words) {
			out = append(out, [2]int{words[first][0], words[first+n-1][1]})
		}
		used += n
	}
	return out
}

// cut takes the spans out, with the blanks behind each.
func cut(raw string, spans [][2]int) string {
	spans = slices.Clone(spans)
	slices.SortFunc(spans, func(a, b [2]int) int { return a[0] - b[0] })
	out := make([]byte, 0, len(raw))
	at := 0
	for _, s := range spans {
		if s[0] < at {
			continue
		}
		out = append(out, raw[at:s[0]]...)
		at = s[1]
		for at < len(raw) && raw[at] == ' ' {
			at++
		}
	}
	return string(append(out, raw[at:]...))
}
