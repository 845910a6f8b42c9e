package calibration

import (
	"context"
	"slices"
	"sync"

	"github.com/rubrica/rubrica/scoring"
	"github.com/rubrica/rubrica/scoring/lexicon"
)

// FlagLowConfidence marks an answer of which some score's interval is wider than WideShare of its
// scale: a person should look at it.
const FlagLowConfidence scoring.Flag = "LOW_CONFIDENCE"

// WideShare is the share of the scale beyond which an interval says too little.
const WideShare = 2.0 / 3

// Engine scores with calibrations where there are some, and else by the rules. The rules look at every
// answer: key points and flags are theirs. An answer that is empty or in another language is left
// to them whatever was learnt.
type Engine struct {
	local   *scoring.Local
	find    func(questionID string) (*Calibration, bool)
	support Support

	mu       sync.Mutex
	compared map[*scoring.Prepared]Comparison // to make one costs as much as to score some answers
}

// maxCompared bounds the memory.
const maxCompared = 256

// comparison is the pack's for a question, made once.
func (e *Engine) comparison(p Pack, q *scoring.Prepared) Comparison {
	e.mu.Lock()
	defer e.mu.Unlock()
	c, ok := e.compared[q]
	if !ok {
		if len(e.compared) >= maxCompared {
			clear(e.compared)
		}
		c = p.Against(q)
		e.compared[q] = c
	}
	return c
}

// Support is what calibrations were fitted with. Both are asked for when a calibrated answer is first
// scored, and may be nil.
type Support struct {
	Lexicon func() *lexicon.Lexicon
	Pack    func() Pack
	// PassedOver is told when a calibration that was found cannot be used, and why; may be nil.
	PassedOver func(ctx context.Context, c *Calibration, why error)
}

// Open gives both.
func (s Support) Open() (lex *lexicon.Lexicon, p Pack) {
	if s.Lexicon != nil {
		lex = s.Lexicon()
	}
	if s.Pack != nil {
		p = s.Pack()
	}
	return lex, p
}

// NewEngine makes an engine. find gives the calibration that is switched on for a question; it must be
// safe for concurrent use. One that is not Usable is passed over.
func NewEngine(local *scoring.Local, find func(questionID string) (*Calibration, bool), s Support) *Engine {
	return &Engine{local: local, find: find, support: s, compared: map[*scoring.Prepared]Comparison{}}
}

// Info names the engine; a result names the calibration too.
func (e *Engine) Info() scoring.EngineInfo { return e.local.Info() }

// digestLength is how much of a calibration's digest a version shows.
const digestLength = 8

// Score implements scoring.Engine.
func (e *Engine) Score(ctx context.Context, req scoring.Request) (*scoring.Result, error) {
	c, ok := e.find(req.Question.Question.ID)
	byRules := req
	byRules.ScoresOnly = req.ScoresOnly || ok && c.covers(req.Question.Question.Rubric)
	res, err := e.local.Score(ctx, byRules)
	if err != nil {
		return nil, err
	}
	if slices.Contains(res.Flags, scoring.FlagEmpty) || slices.Contains(res.Flags, scoring.FlagNotEnglish) {
		if byRules.ScoresOnly != req.ScoresOnly {
			return e.local.Score(ctx, req)
		}
		return res, nil
	}
	if !ok {
		return res, nil
	}
	lex, p := e.support.Open()
	if !c.Lexicon {
		lex = nil
	}
	if err := c.Usable(req.Question, lex, p); err != nil {
		if e.support.PassedOver != nil {
			e.support.PassedOver(ctx, c, err)
		}
		return e.local.Score(ctx, req)
	}
	m := &meter{question: req.Question, local: e.local, lexicon: lex}
	if c.Pack != "" {
		m.pack = e.comparison(p, req.Question)
	}
	return c.apply(ctx, req, res, m)
}

// covers tells whether no criterion is left to the rules, so that nobody asks for their reasons.
func (c *Calibration) covers(rubric scoring.Rubric) bool {
	for _, criterion := range rubric.Criteria {
		if c.model(criterion.Key) == nil {
			return false
		}
	}
	return true
}

// apply replaces what the rules said of the calibrated criteria.
func (c *Calibration) apply(ctx context.Context, req scoring.Request, res *scoring.Result, meter *meter) (*scoring.Result, error) {
	full := slices.ContainsFunc(c.models, func(m *model) bool { return m.Full })
	measured, err := meter.all(ctx, req.Answer, res, full)
	if err != nil {
		return nil, err
	}
	if !req.ScoresOnly && slices.ContainsFunc(c.models, func(m *model) bool { return m.Full || m.Others != nil }) {
		if measured.left, err = meter.left(ctx, req.Answer, measured.features); err != nil {
			return nil, err
		}
	}
	out := *res
	out.Scores = slices.Clone(res.Scores)
	if out.Flags, err = c.guarded(ctx, req, res.Flags, measured, meter, full); err != nil {
		return nil, err
	}
	criteria := req.Question.Question.Rubric.Criteria
	wide := false
	for i, criterion := range criteria {
		if m := c.model(criterion.Key); m != nil {
			out.Scores[i] = m.score(criterion.ID, measured)
		}
		s := out.Scores[i].Interval
		wide = wide || s.High-s.Low > WideShare*criterion.Scale.Width()
	}
	if wide {
		out.Flags = append(out.Flags, FlagLowConfidence)
	}
	out.Engine.Version += "+cal." + c.digest[:digestLength]
	out.Overall = scoring.OverallOf(criteria, out.Scores)
	return &out, nil
}
