package main

import (
	"context"
	"fmt"
	"time"

	"github.com/rubrica/rubrica/internal/spend"
	"github.com/rubrica/rubrica/scoring"
	"github.com/rubrica/rubrica/scoring/llm"
)

// languageModel is the engine that asks the configured language model; nil where none is. The local
// engine stands in for it.
func (s *stack) languageModel(local scoring.Engine) (*llm.Engine, error) {
	c := &s.cfg.LLM
	if !c.Enabled() {
		return nil, nil //nolint:nilnil // there is none
	}
	key, err := c.APIKey()
	if err != nil {
		return nil, fmt.Errorf("reading the key of the language model: %w", err)
	}
	prompt, completion, _, err := c.Price()
	if err != nil {
		return nil, fmt.Errorf("reading the prices of language models: RUBRICA_LLM_PRICES %w", err)
	}
	day, track := c.BudgetMicros()
	store := spend.New(s.db, spend.Budget{Day: day, Track: track}, c.CallTimeout+spend.DefaultTTL)
	provider := llm.Provider(c.Provider)
	var engine *llm.Engine
	engine, err = llm.New(llm.Options{
		Provider: provider, BaseURL: c.BaseURL, Model: c.Model, Key: key, Format: llm.Format(c.Format),
		Price: llm.Price{Prompt: prompt, Completion: completion},
		Local: local, Ledger: store, Cache: store, Log: s.log,
		Timeout: c.Timeout, CallTimeout: c.CallTimeout, Concurrency: c.Concurrency, MaxOutput: c.MaxOutput,
		Observe: func(ctx context.Context, h llm.Health) {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			if err := store.Report(ctx, engine.Info(), provider, h); err != nil {
				s.log.WarnContext(ctx, "how the language model fares could not be written down", "error", err)
			}
		},
	})
	return engine, err
}
