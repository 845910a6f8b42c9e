package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/rubrica/rubrica/rag/minilm"
)

// retryOpening is how long a process that could not open the model answers so, before it tries again.
const retryOpening = 30 * time.Second

// embedder is the embedding model of the process, opened when it is first needed: a process that serves the
// API alone needs it for searches only. Its methods may be called from any number of goroutines.
type embedder struct {
	options minilm.Options

	mu     sync.Mutex
	model  *minilm.Model
	failed error
	tried  time.Time
}

// open opens the model, once for all callers.
func (e *embedder) open(ctx context.Context) (*minilm.Model, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.model != nil {
		return e.model, nil
	}
	if e.failed != nil && time.Since(e.tried) < retryOpening {
		return nil, e.failed
	}
	// What one caller begins serves all: it does not end with the caller's request.
	e.model, e.failed = minilm.Open(context.WithoutCancel(ctx), e.options)
	e.tried = time.Now()
	if e.failed != nil {
		e.failed = fmt.Errorf("opening the embedding model: %w", e.failed)
	}
	return e.model, e.failed
}

// close ends the model, if it was opened.
func (e *embedder) close(context.Context) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.model == nil {
		return nil
	}
	return e.model.Close()
}

// Model implements rag.Embedder.
func (e *embedder) Model() string { return minilm.Name }

// Dimensions implements rag.Embedder.
func (e *embedder) Dimensions() int { return minilm.Dimensions }

// Embed implements rag.Embedder.
func (e *embedder) Embed(ctx context.Context, text string) ([]float32, error) {
	m, err := e.open(ctx)
	if err != nil {
		return nil, err
	}
	return m.Embed(ctx, text)
}

// EmbedWords implements scoring.WordEmbedder.
func (e *embedder) EmbedWords(ctx context.Context, text string) (vector []float32, words []string, vectors [][]float32, err error) {
	m, err := e.open(ctx)
	if err != nil {
		return nil, nil, nil, err
	}
	return m.EmbedWords(ctx, text)
}
