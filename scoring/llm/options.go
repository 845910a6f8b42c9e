package llm

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"net/url"
	"time"

	"github.com/rubrica/rubrica/scoring"
)

// Provider is the protocol that a model is asked by.
type Provider string

// The providers. OpenAI stands for every server that speaks its protocol.
const (
	OpenAI    Provider = "openai"
	Anthropic Provider = "anthropic"
	Ollama    Provider = "ollama"
)

// BaseURL is where a provider is asked when nothing else is configured.
func (p Provider) BaseURL() string {
	switch p {
	case OpenAI:
		return "https://api.openai.com/v1"
	case Anthropic:
		return "https://api.anthropic.com/v1"
	case Ollama:
		return "http://127.0.0.1:11434"
	}
	return ""
}

// Format is how a provider is told the form of the answer. It matters to OpenAI's protocol alone, of
// which many servers speak a part.
type Format string

// The formats: a JSON Schema that the server enforces, any JSON object, or only words in the prompt.
const (
	FormatSchema Format = "schema"
	FormatObject Format = "object"
	FormatNone   Format = "none"
)

// Price is what a model costs, in the operator's currency for 1000 tokens.
type Price struct{ Prompt, Completion float64 }

// micros is the price of a number of tokens in millionths of the currency, rounded up.
func (p Price) micros(prompt, completion int64) int64 {
	return int64(math.Ceil((p.Prompt*float64(prompt) + p.Completion*float64(completion)) * 1000))
}

// Account says on whose behalf a model is asked.
type Account struct{ Track, Essay string }

// Hold is a reservation that waits to be settled.
type Hold string

// Settlement is what became of a reserved call.
type Settlement struct {
	Micros                         int64 // what it cost, at most what was reserved
	PromptTokens, CompletionTokens int64 // 0 where the provider did not say
	Outcome                        string
}

// Ledger keeps spending below a budget. Implementations are safe for concurrent use, across processes.
type Ledger interface {
	// Reserve sets the worst case of one call aside, in millionths of the currency, or fails with an
	// error that wraps ErrBudget.
	Reserve(ctx context.Context, account Account, model string, micros int64) (Hold, error)
	// Settle replaces a reservation by what the call has cost.
	Settle(ctx context.Context, hold Hold, s Settlement) error
}

// ErrBudget is wrapped by the error of a Ledger that has nothing left to give.
var ErrBudget = errors.New("the budget for the language model is used up")

// Cache keeps answers by the content of the request that they answer.
type Cache interface {
	// Get returns the answer kept under key; nil where there is none.
	Get(ctx context.Context, key []byte) ([]byte, error)
	Put(ctx context.Context, key, answer []byte) error
}

// Options configure an engine. Local, Ledger, Cache, Provider and Model are needed; the rest has
// defaults.
type Options struct {
	Provider Provider
	BaseURL  string // of the API, without the path of a call; "" for the provider's own
	Model    string
	Key      string // never logged; may be empty for servers that want none
	Format   Format // "" for FormatSchema
	Price    Price

	Local  scoring.Engine // gives flags, and the scores when the model cannot
	Ledger Ledger
	Cache  Cache

	Timeout     time.Duration // of one essay, with waiting, retries and repair; 0: 45 s
	CallTimeout time.Duration // of one HTTP request; 0: 30 s
	Concurrency int           // essays that are with the model at the same time; 0: 4
	MaxOutput   int           // tokens of an answer; 0: 3000
	MaxEssay    int           // bytes; a longer essay is left to the local engine; 0: 60 000
	Retries     int           // after the first try of a call; 0: 2, negative: none
	Trips       int           // essays failing in a row that open the circuit breaker; 0: 5
	OpenFor     time.Duration // how long it stays open before one essay is tried; 0: 30 s

	Transport http.RoundTripper                                // nil: http.DefaultTransport
	Wait      func(ctx context.Context, d time.Duration) error // between tries; nil: a timer
	Observe   func(ctx context.Context, h Health)              // told after every essay; may be nil
	Log       *slog.Logger                                     // nil: none
}

func (o *Options) complete() error {
	if o.Local == nil || o.Ledger == nil || o.Cache == nil {
		return errors.New("llm: the engine needs a local engine, a ledger and a cache")
	}
	if o.Provider.BaseURL() == "" {
		return fmt.Errorf("llm: there is no provider %q: choose openai, anthropic or ollama", o.Provider)
	}
	if o.Model == "" {
		return errors.New("llm: no model is named")
	}
	set(&o.BaseURL, o.Provider.BaseURL())
	if u, err := url.Parse(o.BaseURL); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil {
		return errors.New("llm: the base URL is not one of http or https without a password in it")
	}
	set(&o.Format, FormatSchema)
	set(&o.Timeout, 45*time.Second)
	set(&o.CallTimeout, 30*time.Second)
	set(&o.Concurrency, 4)
	set(&o.MaxOutput, 3000)
	set(&o.MaxEssay, 60_000)
	set(&o.Retries, 2)
	set(&o.Trips, 5)
	set(&o.OpenFor, 30*time.Second)
	if o.Transport == nil {
		o.Transport = http.DefaultTransport //nolint:forbidigo // each request has a context that ends
	}
	if o.Wait == nil {
		o.Wait = pause
	}
	if o.Observe == nil {
		o.Observe = func(context.Context, Health) {}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return nil
}

func set[T comparable](v *T, otherwise T) {
	var zero T
	if *v == zero {
		*v = otherwise
	}
}

// pause waits for d, or until the context ends.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
