package scoring

import (
	"context"
	"fmt"
	"sort"
	"strings"
	"sync"
)

// ImprovementKind says what a suggestion asks for.
type ImprovementKind string

// The kinds of suggestions. The first four were tried with words of the references in place of the
// learner's, the others by making the very change.
const (
	ImproveAddPoint    ImprovementKind = "ADD_POINT"         // a key point that is missed
	ImproveExtendPoint ImprovementKind = "EXTEND_POINT"      // a key point that is made in part
	ImproveReason      ImprovementKind = "GIVE_REASON"       // for a claim that stands alone
	ImproveConnect     ImprovementKind = "CONNECT_SENTENCES" // by connecting words
	ImproveLeaveOut    ImprovementKind = "LEAVE_OUT"         // what repeats, strays or copies
	ImproveShorten     ImprovementKind = "SHORTEN"           // a text far beyond the advised length
	ImproveSplit       ImprovementKind = "SPLIT_SENTENCES"   // over-long ones
	ImproveJoin        ImprovementKind = "JOIN_SENTENCES"    // short ones that follow each other
	ImproveParagraphs  ImprovementKind = "DIVIDE_PARAGRAPHS" // where there are too few
	ImproveForm        ImprovementKind = "FIX_FORM"          // capitals and full stops
	ImproveWords       ImprovementKind = "FIX_WORDS"         // doubled, shouted, misspelt
)

// Improvement is something concrete that raises a score: it was tried on this answer, and the same
// engine gave more.
type Improvement struct {
	Kind   ImprovementKind
	Advice string  // learner-safe: made of fixed wording, numbers, labels and the learner's own words
	Gain   float64 // points of the criterion's scale, on the displayed grid; always above 0
	Score  float64 // that the trial got, Gain above the displayed one

	// The passage that it is about; Start equals End when it is about no one place.
	Start, End           int // bytes
	StartRune, EndRune   int // Unicode code points
	StartUTF16, EndUTF16 int // UTF-16 code units
	Quote                string

	changed string
}

// Changed is the text that the improvement was tried with, for those who check the promise. It may hold
// words of the references and is not for learners.
func (x Improvement) Changed() string { return x.changed }

// suits says which suggestions are made for a trait, the most to the point first. Others may raise its
// score as well, but by the way: a further point makes a text longer, and so perhaps more varied.
var suits = map[Trait][]ImprovementKind{
	TraitContent:      {ImproveAddPoint, ImproveExtendPoint, ImproveLeaveOut},
	TraitReasoning:    {ImproveReason, ImproveConnect, ImproveAddPoint, ImproveExtendPoint, ImproveLeaveOut},
	TraitOrganization: {ImproveLeaveOut, ImproveShorten, ImproveParagraphs, ImproveConnect, ImproveReason, ImproveAddPoint, ImproveExtendPoint},
	TraitClarity:      {ImproveForm, ImproveWords, ImproveSplit, ImproveJoin, ImproveLeaveOut},
}

// fit is the place of a kind among those that suit a trait, or -1. All suit a trait that engines do not
// know, and an answer that is too short gains by more text in every trait.
func fit(trait Trait, kind ImprovementKind, short bool) int {
	kinds, known := suits[trait]
	if !known {
		return 0
	}
	for k, x := range kinds {
		if x == kind {
			return k
		}
	}
	if short && (kind == ImproveAddPoint || kind == ImproveExtendPoint) {
		return len(kinds)
	}
	return -1
}

// Bounds of the suggestions.
const (
	MaxImprovements = 3 // for one score
	maxTrials       = 6 // for one answer; each scores a changed text once, by all criteria
	maxSingleTrials = 5 // of them changes by themselves; the rest are two together
)

// Improve gives, for each score of res and in its order, at most MaxImprovements changes of the answer
// that raise it, best first. A change is kept for a criterion only if the displayed score rises when
// engine scores the changed answer: no advice is given on a guess. Where one change is too little for
// the next step of the scale, two are tried together.
//
// What a learner lacks, a key point or a reason, is tried by inserting the statement of a model answer.
// It is never shown: advice names labels and quotes the learner.
//
// Res must be engine's own result for req. At most six changed texts are scored, and of each only the
// sentences that are new are embedded. An empty answer, one in another language, and one that was not
// read to its end get no advice. The error is the embedder's, the engine's or ctx's.
func Improve(ctx context.Context, engine Engine, embedder Embedder, req Request, res *Result) ([][]Improvement, error) {
	out := make([][]Improvement, len(res.Scores))
	if hasFlag(res, FlagEmpty) || hasFlag(res, FlagNotEnglish) || req.Answer.ReadTo < len(req.Answer.Raw) {
		return out, nil
	}
	t := &trials{engine: engine, embedder: newKnownEmbedder(embedder, req), req: req, res: res}
	if err := t.singly(ctx, measure(req).changes()); err != nil {
		return nil, err
	}
	if err := t.together(ctx); err != nil {
		return nil, err
	}
	for i := range res.Scores {
		out[i] = t.best(i)
	}
	return out, nil
}

// change is a way to change an answer.
type change struct {
	kind   ImprovementKind
	advice string
	about  [2]int // bytes of the answer
	edits  []edit
}

// edit replaces a range of bytes.
type edit struct {
	start, end int
	with       string
}

// apply makes the edits; those that overlap an earlier one are left out.
func apply(raw string, edits []edit) string {
	edits = append([]edit(nil), edits...)
	sort.SliceStable(edits, func(a, b int) bool { return edits[a].start < edits[b].start })
	var out strings.Builder
	at := 0
	for _, e := range edits {
		if e.start < at {
			continue
		}
		out.WriteString(raw[at:e.start])
		out.WriteString(e.with)
		at = e.end
	}
	out.WriteString(raw[at:])
	return out.String()
}

// trials are the changes that were tried on one answer.
type trials struct {
	engine   Engine
	embedder Embedder
	req      Request
	res      *Result
	done     []tried
}

// tried is a change with what it got.
type tried struct {
	change
	text   string
	parts  []int // of two together: the trials that it is made of
	scores []CriterionScore
}

// singly tries the first changes, each by itself.
func (t *trials) singly(ctx context.Context, changes []change) error {
	for _, c := range changes {
		if len(t.done) == maxSingleTrials {
			break
		}
		t.plan(c)
	}
	return spread(ctx, len(t.done), func(ctx context.Context, i int) error { return t.try(ctx, &t.done[i]) })
}

// plan adds a trial that has yet to be made, unless it would change nothing.
func (t *trials) plan(c change, parts ...int) (planned bool) {
	changed := apply(t.req.Answer.Raw, c.edits)
	if changed == t.req.Answer.Raw {
		return false
	}
	t.done = append(t.done, tried{change: c, text: changed, parts: parts})
	return true
}

// try scores the changed text.
func (t *trials) try(ctx context.Context, x *tried) error {
	answer, err := Analyze(ctx, t.embedder, x.text)
	if err != nil {
		return fmt.Errorf("trying an improvement: %w", err)
	}
	req := t.req
	req.Answer, req.ScoresOnly = answer, true
	res, err := t.engine.Score(ctx, req)
	if err != nil {
		return fmt.Errorf("trying an improvement: %w", err)
	}
	if len(res.Scores) != len(t.res.Scores) {
		return Permanent(fmt.Errorf("scoring: a trial has %d scores, the answer %d", len(res.Scores), len(t.res.Scores)))
	}
	x.scores = res.Scores
	return nil
}

// suited is the place of a trial among those that suit criterion i, or -1; of two together that of the
// one that suits less.
func (t *trials) suited(x *tried, i int) int {
	trait := criterionOf(t.req.Question.Question.Rubric, t.res.Scores[i].CriterionID, i).Trait
	short := t.req.Answer.Words < t.req.Question.Question.MinWords
	if len(x.parts) == 0 {
		return fit(trait, x.kind, short)
	}
	worst := 0
	for _, k := range x.parts {
		place := fit(trait, t.done[k].kind, short)
		if place < 0 {
			return -1
		}
		worst = max(worst, place)
	}
	return worst
}

// gain is what a trial adds to the displayed score of criterion i, and before rounding.
func (t *trials) gain(x *tried, i int) (displayed, raw float64) {
	return x.scores[i].Value - t.res.Scores[i].Value, x.scores[i].Raw - t.res.Scores[i].Raw
}

// wanted is the number of suggestions below which two changes are tried together.
const wanted = 2

// leastGain is the difference of displayed scores that is not a rounding of floats.
const leastGain = 1e-9

// together tries pairs for the criteria that have too few suggestions: of the changes that bring each
// nearest to its next step.
func (t *trials) together(ctx context.Context) error {
	singles := len(t.done)
	for i := range t.res.Scores {
		var promising []int
		rising := 0
		for k := range t.done {
			if t.suited(&t.done[k], i) < 0 {
				continue
			}
			displayed, raw := t.gain(&t.done[k], i)
			if displayed > leastGain {
				rising++
			}
			if k < singles && raw > leastGain {
				promising = append(promising, k)
			}
		}
		if rising >= wanted || len(promising) < 2 || len(t.done) >= maxTrials {
			continue
		}
		sort.SliceStable(promising, func(a, b int) bool {
			_, x := t.gain(&t.done[promising[a]], i)
			_, y := t.gain(&t.done[promising[b]], i)
			return x > y
		})
		a, b := promising[0], promising[1]
		if t.has(a, b) {
			continue
		}
		if !t.plan(pair(t.done[a].change, t.done[b].change), a, b) {
			continue
		}
		if err := t.try(ctx, &t.done[len(t.done)-1]); err != nil {
			return err
		}
	}
	return nil
}

// has tells whether two changes were tried together.
func (t *trials) has(a, b int) bool {
	for _, x := range t.done {
		if len(x.parts) == 2 && (x.parts[0] == a && x.parts[1] == b || x.parts[0] == b && x.parts[1] == a) {
			return true
		}
	}
	return false
}

func pair(a, b change) change {
	c := change{kind: a.kind, about: a.about, edits: append(append([]edit(nil), a.edits...), b.edits...)}
	c.advice = a.advice + " And: " + lowerFirst(b.advice)
	return c
}

// best are the suggestions for criterion i: single changes before two together, what suits the trait
// best before what also serves, and then by gain. Two together are left out where one of them does as
// much, and so is the smaller of two requests of a kind about the same passage.
func (t *trials) best(i int) []Improvement {
	var rising []int
	for k := range t.done {
		if displayed, _ := t.gain(&t.done[k], i); displayed > leastGain && t.suited(&t.done[k], i) >= 0 && !t.exceeded(k, i) {
			rising = append(rising, k)
		}
	}
	sort.SliceStable(rising, func(a, b int) bool {
		p, q := &t.done[rising[a]], &t.done[rising[b]]
		if len(p.parts) != len(q.parts) {
			return len(p.parts) < len(q.parts)
		}
		if x, y := t.suited(p, i), t.suited(q, i); x != y {
			return x < y
		}
		x, xr := t.gain(p, i)
		y, yr := t.gain(q, i)
		if x != y {
			return x > y
		}
		return xr > yr
	})
	var out []Improvement
	for _, k := range rising {
		x := &t.done[k]
		if len(out) == MaxImprovements {
			break
		}
		if asked(out, x) {
			continue
		}
		gain, _ := t.gain(x, i)
		out = append(out, Improvement{
			Kind: x.kind, Advice: x.advice, Gain: gain, Score: x.scores[i].Value,
			Start: x.about[0], End: x.about[1], Quote: t.req.Answer.Raw[x.about[0]:x.about[1]],
			changed: x.text,
		})
	}
	locateImprovements(t.req.Answer.Raw, out)
	return out
}

// asked tells whether something of the kind is asked for at the same passage already.
func asked(list []Improvement, x *tried) bool {
	for _, y := range list {
		if y.Kind == x.kind && y.End > y.Start && y.Start == x.about[0] && len(x.parts) == 0 {
			return true
		}
	}
	return false
}

// exceeded tells whether trial k is of two changes of which one alone raises criterion i as much.
func (t *trials) exceeded(k, i int) bool {
	displayed, _ := t.gain(&t.done[k], i)
	for _, part := range t.done[k].parts {
		if alone, _ := t.gain(&t.done[part], i); alone >= displayed-leastGain {
			return true
		}
	}
	return false
}

func locateImprovements(raw string, list []Improvement) {
	offsets := make([]int, 0, 2*len(list))
	for _, x := range list {
		offsets = append(offsets, x.Start, x.End)
	}
	positions := Positions(raw, offsets)
	for i := range list {
		start, end := positions[2*i], positions[2*i+1]
		list[i].StartRune, list[i].EndRune = start.Rune, end.Rune
		list[i].StartUTF16, list[i].EndUTF16 = start.UTF16, end.UTF16
	}
}

// knownEmbedder has the vectors of the answer's and the references' sentences, and remembers new ones. It
// is safe for concurrent use.
type knownEmbedder struct {
	Embedder
	mu    sync.Mutex
	known map[string]vectors
}

// vectors of a sentence and its words.
type vectors struct {
	whole []float32
	words []WordVector
}

func newKnownEmbedder(e Embedder, req Request) *knownEmbedder {
	k := &knownEmbedder{Embedder: e, known: make(map[string]vectors, len(req.Answer.Sentences)+len(req.Question.model))}
	for _, sentences := range [][]Sentence{req.Question.model, req.Answer.Sentences} {
		for i := range sentences {
			if s := &sentences[i]; s.Vector != nil {
				k.known[s.Text] = vectors{s.Vector, s.WordVectors}
			}
		}
	}
	return k
}

// sentence is embedWords, with what is known.
func (k *knownEmbedder) sentence(ctx context.Context, text string, wanted bool) ([]float32, []WordVector, error) {
	k.mu.Lock()
	v, ok := k.known[text]
	k.mu.Unlock()
	if ok {
		if !wanted {
			return v.whole, nil, nil
		}
		if _, tells := k.Embedder.(WordEmbedder); !tells || v.words != nil {
			return v.whole, v.words, nil
		}
	}
	whole, words, err := embedWords(ctx, k.Embedder, text, wanted)
	if err == nil {
		k.mu.Lock()
		k.known[text] = vectors{whole, words}
		k.mu.Unlock()
	}
	return whole, words, err
}
