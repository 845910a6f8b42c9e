package evaluate

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/rubrica/rubrica/rag/minilm"
	"github.com/rubrica/rubrica/scoring"
	"github.com/rubrica/rubrica/scoring/attack"
	"github.com/rubrica/rubrica/scoring/llm"
)

// attacked is what one attack did to one text.
type attacked struct {
	set, group, attack string
	gain               float64 // of the overall percent, before rounding
	flags              []scoring.Flag
	was                []scoring.Flag // of the text before
	unsent             bool           // to a language model
}

// flagged tells whether a person is asked to look at the changed text.
func (a *attacked) flagged() bool { return len(a.flags) > 0 }

// Attacks measures what is gained by texts that are written to deceive: for each attack and engine by how
// much the score rises, and how often a person is asked to look. It takes the local engine on the seeds,
// and the calibrated one on ASAP-AES where a folder of data is given.
func Attacks(ctx context.Context, o Options) (*Report, error) {
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
		rows, unseen := attackRows, attackUnseen
		if o.Quick {
			unseen /= 2
		}
		asap, err := asapSubjects(ctx, &o, embedder, rows, unseen)
		if err != nil {
			return nil, err
		}
		subjects = append(subjects, asap...)
	}
	var all []attacked
	for _, s := range subjects {
		list, err := s.attacked(ctx)
		if err != nil {
			return nil, fmt.Errorf("evaluate: %s %s: %w", s.set, s.group, err)
		}
		all = append(all, list...)
		o.say("%s %s: %d texts", s.set, s.group, len(s.unseen))
	}
	r := &Report{
		Name: "attacks", Title: "Attacks and noise", Command: "rubrica evaluate attacks --data FOLDER --write docs/quality.md",
		About: "Texts that the engine was not fitted to, changed by each attack of scoring/attack; the seeds by the local engine's rules, " +
			"ASAP-AES by the calibrated engine, with prompts in our own words, since the set has none. Gains are of all criteria together, in percent of " +
			"the scale, before rounding. A flagged text is one that a person is asked to look at. Nobody tried to break the engine " +
			"knowing how it works, which would find more.",
	}
	r.attacks(all)
	return r, nil
}

// attackRows and attackUnseen are the essays of ASAP-AES by prompt: embedding them is what takes the time.
const (
	attackRows   = 80
	attackUnseen = 12
)

// attacked makes each attack on each unseen text.
func (s *subject) attacked(ctx context.Context) ([]attacked, error) {
	var out []attacked
	for i, raw := range s.unseen {
		before, was, err := s.percent(ctx, raw)
		if err != nil {
			return nil, err
		}
		setting := attack.Setting{Prompt: s.question.Question.Prompt, Model: s.model, Terms: s.terms()}
		if len(s.foreign) > 0 {
			setting.Foreign = s.foreign[i%len(s.foreign)]
		}
		for _, a := range attack.All {
			changed := a.Apply(raw, setting, uint64(i)) //nolint:gosec // an index
			if changed == raw {
				continue
			}
			after, flags, err := s.percent(ctx, changed)
			if err != nil {
				return nil, err
			}
			out = append(out, attacked{s.set, s.group, a.Key, after - before, flags, was, llm.AddressesGrader(changed)})
		}
	}
	return out, nil
}

// terms are words that the subject suggests: the labels of key points, or the longer words of the prompt.
func (s *subject) terms() []string {
	var out []string
	for _, k := range s.question.Question.Rubric.KeyPoints {
		out = append(out, k.Label)
	}
	if len(out) > 0 {
		return out
	}
	for _, word := range strings.FieldsFunc(s.question.Question.Prompt, func(r rune) bool { return strings.ContainsRune(" ,.:;?", r) }) {
		if len(word) > 5 && !slices.Contains(out, word) {
			out = append(out, word)
		}
	}
	return out
}

// percent is the overall score before rounding, kept within the scales, and the flags.
func (s *subject) percent(ctx context.Context, raw string) (float64, []scoring.Flag, error) {
	text, err := scoring.Analyze(ctx, s.embedder, raw)
	if err != nil {
		return 0, nil, err
	}
	res, err := s.engine.Score(ctx, scoring.Request{Question: s.question, Answer: text, ScoresOnly: true})
	if err != nil {
		return 0, nil, err
	}
	criteria := s.question.Question.Rubric.Criteria
	scores := slices.Clone(res.Scores)
	for i := range scores {
		scores[i].Value = criteria[i].Scale.Clamp(scores[i].Raw)
	}
	return scoring.OverallOf(criteria, scores).Percent, res.Flags, nil
}

// unflaggedGain is the most that the median of an attack may gain without a flag, in percent of the scale.
const unflaggedGain = 2

// attacks adds the goals and tables.
func (r *Report) attacks(all []attacked) {
	t := Table{
		Key: "attacks", Title: "What is gained",
		Note: "Median and 90th percentile of all texts; of texts that are not flagged the median again and how many gain more than 2 %. " +
			"Flagged: share of texts with a flag after the attack; new: with one that they had not before.",
		Columns: []Column{
			{"set", "set", 0}, {"attack", "attack", 0}, {"texts", "texts", 0}, {"median", "median %", 2}, {"high", "90th %", 2},
			{"flagged", "flagged", 2}, {"new", "new flag", 2}, {"unflagged", "unflagged", 0}, {"unflagged_median", "median %", 2}, {"unflagged_over", "over 2 %", 0},
		},
	}
	noise := t
	noise.Key, noise.Title = "noise", "Noise"
	var sets []string
	for _, a := range all {
		if !slices.Contains(sets, a.set) {
			sets = append(sets, a.set)
		}
	}
	for _, set := range sets {
		worst := 0.0
		for _, kind := range attack.All {
			var gains, unflagged, unseen []float64
			flagged, fresh, over := 0, 0, 0
			for _, a := range all {
				if a.set != set || a.attack != kind.Key {
					continue
				}
				gains = append(gains, a.gain)
				if a.flagged() {
					flagged++
					unseen = append(unseen, 0)
				} else {
					unseen = append(unseen, a.gain)
					unflagged = append(unflagged, a.gain)
					if a.gain > unflaggedGain {
						over++
					}
				}
				if slices.ContainsFunc(a.flags, func(f scoring.Flag) bool { return !slices.Contains(a.was, f) }) {
					fresh++
				}
			}
			if len(gains) == 0 {
				continue
			}
			n := float64(len(gains))
			into := &t
			if !kind.Deceives {
				into = &noise
			} else {
				worst = max(worst, percentile(unseen, .5))
			}
			into.Add(set, kind.Title, len(gains), percentile(gains, .5), percentile(gains, .9), float64(flagged)/n, float64(fresh)/n,
				len(unflagged), percentile(unflagged, .5), over)
		}
		r.Goals = append(r.Goals, AtMost("unflagged_"+strings.ToLower(set), "highest median, over attacks on "+set+", of the gain that nobody is told of (0 where flagged), % of the scale", worst, unflaggedGain))
	}
	r.Tables = append(r.Tables, t, noise, languageModel(all, sets[0]))
}

// languageModel shows what of the attacks on a set reaches the engine that asks a language model.
func languageModel(all []attacked, set string) Table {
	t := Table{
		Key: "llm", Title: "The engine that asks a language model",
		Note: "Of " + set + ". A text with orders to the grader is not sent: the local engine scores it, and the result says that a person should look. Flags are those of the local " +
			"engine, of whatever was sent. The last column is what has neither: there the score is the model's own, which depends on the model and was not measured here.",
		Columns: []Column{{"attack", "attack", 0}, {"texts", "texts", 0}, {"unsent", "not sent", 2}, {"flagged", "flagged", 2}, {"neither", "neither", 2}},
	}
	for _, kind := range attack.All {
		var n, unsent, flagged, neither float64
		for _, a := range all {
			if a.set != set || a.attack != kind.Key {
				continue
			}
			n++
			switch {
			case a.unsent:
				unsent++
			case a.flagged():
				flagged++
			default:
				neither++
			}
		}
		if n > 0 && kind.Deceives {
			t.Add(kind.Title, int(n), unsent/n, flagged/n, neither/n)
		}
	}
	return t
}

// percentile of values; 0 of none.
func percentile(values []float64, p float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	return sorted[int(p*float64(len(sorted)-1)+.5)]
}
