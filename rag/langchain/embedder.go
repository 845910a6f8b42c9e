// Package langchain lets programs that are written for langchaingo use our retrieval: an embedding model
// as embeddings.Embedder, the passages of tracks as vectorstores.VectorStore, and the hybrid search as
// schema.Retriever.
//
// Everything is done for the viewer that the context carries (internal/viewer): it finds what they may
// read, and only admins write.
package langchain

import (
	"context"
	"fmt"

	"github.com/tmc/langchaingo/embeddings"

	"github.com/rubrica/rubrica/rag"
)

// Embedder is an embedding model of ours for langchaingo.
type Embedder struct{ model rag.Embedder }

var _ embeddings.Embedder = (*Embedder)(nil)

// NewEmbedder returns the model for langchaingo. Texts are embedded as they are and one at a time: a
// vector depends on its text alone.
func NewEmbedder(model rag.Embedder) *Embedder { return &Embedder{model: model} }

// Model names the model that makes the vectors.
func (e *Embedder) Model() string { return e.model.Model() }

// EmbedDocuments returns a vector for each text, in their order.
func (e *Embedder) EmbedDocuments(ctx context.Context, texts []string) ([][]float32, error) {
	vectors := make([][]float32, len(texts))
	for i, text := range texts {
		var err error
		if vectors[i], err = e.model.Embed(ctx, text); err != nil {
			return nil, fmt.Errorf("langchain: embedding text %d of %d: %w", i+1, len(texts), err)
		}
	}
	return vectors, nil
}

// EmbedQuery returns the vector of one text, the same as EmbedDocuments.
func (e *Embedder) EmbedQuery(ctx context.Context, text string) ([]float32, error) {
	vector, err := e.model.Embed(ctx, text)
	if err != nil {
		return nil, fmt.Errorf("langchain: embedding a query: %w", err)
	}
	return vector, nil
}
