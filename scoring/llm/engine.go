package llm

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/sony/gobreaker/v2"
	"github.com/tmc/langchaingo/llms"
	"golang.org/x/sync/semaphore"

	"github.com/rubrica/rubrica/scoring"
)

// Version is the version of the engine's rules. It changes whenever the same answer of a model could
// give another result.
const Version = "1"

// Engine asks a language model. It is safe for concurrent use.
type Engine struct {
	o        Options
	model    llms.Model
	turns    *semaphore.Weighted
	breaker  *gobreaker.CircuitBreaker[string]
	counters counters
}

// New makes the engine. It asks nobody anything.
func New(o Options) (*Engine, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	client := &http.Client{
		Transport: &transport{
			provider: o.Provider, model: o.Model, format: o.Format, price: o.Price, maxOutput: o.MaxOutput,
			retries: max(0, o.Retries), timeout: o.CallTimeout, base: o.Transport, ledger: o.Ledger, wait: o.Wait, log: o.Log,
		},
	}
	model, err := newModel(o, client)
	if err != nil {
		return nil, fmt.Errorf("llm: making the client of %s: %w", o.Provider, err)
	}
	e := &Engine{o: o, model: model, turns: semaphore.NewWeighted(int64(o.Concurrency))}
	e.breaker = gobreaker.NewCircuitBreaker[string](gobreaker.Settings{
		Name: "language model", MaxRequests: 1, Timeout: o.OpenFor,
		ReadyToTrip: func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= uint32(o.Trips) }, //nolint:gosec // a small number
		IsExcluded: func(err error) bool {
			f := (*Failure)(nil)
			return errors.Is(err, context.Canceled) || errors.As(err, &f) && f.ours()
		},
		OnStateChange: func(_ string, from, to gobreaker.State) {
			o.Log.Warn("the circuit breaker of the language model", "from", stateName(from), "to", stateName(to)) //nolint:sloglint // no request changes it
		},
	})
	return e, nil
}

func stateName(s gobreaker.State) string {
	return map[gobreaker.State]string{
		gobreaker.StateClosed: "CLOSED", gobreaker.StateOpen: "OPEN", gobreaker.StateHalfOpen: "HALF_OPEN",
	}[s]
}

// Info names the engine, the model with its provider, and the version of the prompt.
func (e *Engine) Info() scoring.EngineInfo {
	return scoring.EngineInfo{Name: "llm", Version: Version, Model: string(e.o.Provider) + "/" + e.o.Model, Prompt: PromptVersion}
}

// For is the engine for one essay; what it spends is on the account.
func (e *Engine) For(account Account) scoring.Engine { return bound{e, account} }

type bound struct {
	*Engine
	account Account
}

// Score implements scoring.Engine. It fails only where the local engine does, and when ctx ends; for
// every other reason the result is the local engine's, marked as degraded.
func (b bound) Score(ctx context.Context, req scoring.Request) (*scoring.Result, error) {
	e := b.Engine
	local, err := e.o.Local.Score(ctx, req)
	if err != nil {
		return nil, err
	}
	result, failure := e.judge(ctx, b.account, req, local)
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("llm: scoring was given up: %w", err)
	}
	if failure != nil {
		e.counters.add(func(h *Health) {
			h.Fallbacks++
			h.LastError, h.LastErrorAt = failure.Class, time.Now()
		})
		e.o.Log.WarnContext(ctx, "the local engine scores instead of the language model", "class", failure.Class, "error", failure.Error())
		fallen := *local
		fallen.Degraded, fallen.DegradedReason = true, failure.reason()
		result = &fallen
	} else {
		e.counters.add(func(h *Health) { h.Dropped += result.Dropped })
	}
	e.o.Observe(ctx, e.Health())
	return result, nil
}

// judge has the answer from the cache or from the model.
func (e *Engine) judge(ctx context.Context, account Account, req scoring.Request, local *scoring.Result) (*scoring.Result, *Failure) {
	if f := e.unasked(req, local); f != nil {
		return nil, f
	}
	schema, err := compile(answerSchema(req, true))
	if err != nil {
		return nil, &Failure{Class: ClassRubric, what: err.Error(), cause: err}
	}
	key, err := e.key(req)
	if err != nil {
		return nil, &Failure{Class: ClassRubric, what: err.Error(), cause: err}
	}
	rubric := req.Question.Question.Rubric
	check := func(text string) (*answer, error) { return parse(text, schema, rubric) }

	kept, err := e.o.Cache.Get(ctx, key)
	if err != nil {
		e.o.Log.WarnContext(ctx, "the cache of the language model could not be read", "error", err)
	}
	if kept != nil {
		if a, err := check(string(kept)); err == nil {
			e.counters.add(func(h *Health) { h.CacheHits++ })
			return e.result(req, local, a), nil
		}
	}
	text, failure := e.ask(ctx, account, req, check)
	if failure != nil {
		return nil, failure
	}
	a, err := check(text)
	if err != nil { // it was checked by ask
		return nil, &Failure{Class: ClassInvalid, what: err.Error(), cause: err}
	}
	raw, err := jsonIn(text) // and not what the model wrote around it
	if err == nil {
		err = e.o.Cache.Put(ctx, key, raw)
	}
	if err != nil {
		e.o.Log.WarnContext(ctx, "the language model's answer could not be kept", "error", err)
	}
	return e.result(req, local, a), nil
}

// unasked tells why a model is not asked at all.
func (e *Engine) unasked(req scoring.Request, local *scoring.Result) *Failure {
	for _, flag := range local.Flags {
		if flag == scoring.FlagEmpty || flag == scoring.FlagNotEnglish {
			return &Failure{Class: ClassNothing, what: "there is no English text to judge"}
		}
	}
	if len(req.Answer.Raw) > e.o.MaxEssay || req.Answer.ReadTo < len(req.Answer.Raw) {
		return &Failure{Class: ClassTooLong, what: "the essay is longer than is sent"}
	}
	if AddressesGrader(req.Answer.Raw) {
		return &Failure{Class: ClassAddressed, what: "the essay gives instructions"}
	}
	return nil
}

// ask waits for a turn and asks, once more if the answer cannot be used. It returns what passed the
// check.
func (e *Engine) ask(ctx context.Context, account Account, req scoring.Request, check func(string) (*answer, error)) (string, *Failure) {
	limit := e.o.Timeout
	if end, ok := ctx.Deadline(); ok { // the local engine's result has still to be written
		limit = min(limit, time.Until(end)*4/5)
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if e.turns.Acquire(ctx, 1) != nil {
		return "", &Failure{Class: ClassBusy, what: "no turn in time", cause: ctx.Err()}
	}
	defer e.turns.Release(1)
	text, err := e.breaker.Execute(func() (string, error) { return e.converse(ctx, account, req, check) })
	switch {
	case errors.Is(err, gobreaker.ErrOpenState), errors.Is(err, gobreaker.ErrTooManyRequests):
		return "", &Failure{Class: ClassOpen, what: "the circuit breaker is open", cause: err}
	case err != nil && ctx.Err() != nil && failureOf(err, ClassTimeout).Class != ClassBudget:
		return "", &Failure{Class: ClassTimeout, what: "no answer in time", cause: ctx.Err()}
	case err != nil:
		return "", failureOf(err, ClassNotJSON)
	}
	return text, nil
}

// converse is a question and, if need be, its repetition with what was wrong.
func (e *Engine) converse(ctx context.Context, account Account, req scoring.Request, check func(string) (*answer, error)) (string, error) {
	schema := answerSchema(req, false)
	prompt, err := messages(req, schema)
	if err != nil {
		return "", err
	}
	x := &exchange{account: account, schema: schema}
	defer func() { e.counters.add(func(h *Health) { h.Calls += x.calls }) }()
	text, err := e.generate(ctx, x, prompt)
	if err != nil {
		return "", err
	}
	_, err = check(text)
	if u := (*unusable)(nil); errors.As(err, &u) {
		e.counters.add(func(h *Health) { h.Repairs++ })
		if text, err = e.generate(ctx, x, repair(prompt, text, u.faults)); err != nil {
			return "", err
		}
		_, err = check(text)
	}
	if err != nil {
		return "", &Failure{Class: ClassInvalid, what: "its answer does not match the schema or the scale", cause: err}
	}
	return text, nil
}

// key is the hash of all that the answer depends on.
func (e *Engine) key(req scoring.Request) ([]byte, error) {
	info := e.Info()
	q := req.Question.Question
	type passage struct{ ID, Title, Text string }
	passages := make([]passage, len(req.Passages))
	for i, p := range req.Passages {
		passages[i] = passage{p.ID, p.Title, p.Text}
	}
	// Strings of texts may hold invalid UTF-8, which JSON would make alike.
	content, err := json.Marshal([]any{
		info, e.o.BaseURL, e.o.Format, e.o.MaxOutput, q.Title, q.Prompt, q.MinWords, q.MaxWords, q.Rubric,
		[]byte(req.Answer.Raw), passages,
	})
	if err != nil {
		return nil, fmt.Errorf("llm: hashing the request: %w", err)
	}
	sum := sha256.Sum256(content)
	return sum[:], nil
}
