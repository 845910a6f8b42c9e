// Package rag retrieves: it keeps a searchable copy of reference passages, credentials, reference
// answers and essays in Postgres and finds the ones nearest to a text, by meaning (vectors) and by
// words (BM25) together. Whoever wrote what is nearly the same it finds as well (Duplicates).
//
// A row of the models becomes a document; a document is cut into chunks no longer than the embedding
// model reads at once; a chunk has postings for BM25, written with it, and a vector, which is
// computed afterwards so that no write waits for a model. Refresh does all of it, as often as one
// likes and in as many processes as one likes. Deleting the row takes everything with it.
//
// Search works with whatever there is: without vectors by words alone, without a matching word by
// vectors alone. It finds only what its Reader may read.
//
// An installation changes its embedding model while it runs: vectors of the new model are made beside
// the old ones, searches go on with the old ones, and when no chunk lacks a new vector, one
// transaction makes the new model the serving one.
//
// The tables are outside of ent, whose privacy rules do not see them: every statement that reads
// documents goes through Query.where, which always says who reads.
package rag

import (
	"context"
	"log/slog"

	"github.com/google/uuid"

	"github.com/rubrica/rubrica/internal/database"
)

// Embedder maps a text to a vector. The vector depends on the text alone.
type Embedder interface {
	// Model names the model and its version; vectors of different models are never compared.
	Model() string
	// Dimensions is the length of every vector, 1…4000.
	Dimensions() int
	Embed(ctx context.Context, text string) ([]float32, error)
}

// DefaultChunkTokens is what all-MiniLM-L6-v2 reads at once.
const DefaultChunkTokens = 256

// Index is the search index of one database. Its methods may be called from any number of goroutines
// and processes.
type Index struct {
	db          *database.DB
	embedder    Embedder   // of the model that is to serve
	others      []Embedder // of models that may still serve
	log         *slog.Logger
	chunkTokens int
	scan        scan
	synonyms    *synonyms
	indexAbove  int // vectors, up to which an HNSW index is not worth it
}

// Option changes an Index.
type Option func(*Index)

// WithChunkTokens sets how long a chunk may be, in tokens of the embedding model (estimated, four
// characters each). The default is DefaultChunkTokens. With another value, Refresh cuts everything
// anew.
func WithChunkTokens(n int) Option { return func(x *Index) { x.chunkTokens = max(n, 16) } }

// WithOther gives the embedder of a model that served before, or still does. While its model serves,
// searches embed their texts with it, and new texts get a vector of it. Without it they search by
// words alone until the model of New's embedder serves.
func WithOther(e Embedder) Option { return func(x *Index) { x.others = append(x.others, e) } }

// New returns the index of db whose vectors are to be those of e. When the database's vectors are of
// another model, Refresh makes those of e and then switches to them. The log may be nil.
func New(db *database.DB, e Embedder, log *slog.Logger, options ...Option) *Index {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	x := &Index{db: db, embedder: e, log: log, chunkTokens: DefaultChunkTokens, synonyms: &synonyms{}, indexAbove: exactRows}
	for _, o := range options {
		o(x)
	}
	return x
}

// Embedder is the embedder that the index was made with, whose model serves or is to serve. A vector
// for a Query is made by the embedder that Serving returns.
func (x *Index) Embedder() Embedder { return x.embedder }

// embedderOf is the embedder of a model, if this process has one.
func (x *Index) embedderOf(model string) (Embedder, bool) {
	for _, e := range append([]Embedder{x.embedder}, x.others...) {
		if e.Model() == model {
			return e, true
		}
	}
	return nil, false
}

// Kind says what a document was made from.
type Kind string

// The kinds of documents.
const (
	KindPassage     Kind = "PASSAGE"
	KindCredential  Kind = "CREDENTIAL"
	KindModelAnswer Kind = "MODEL_ANSWER"
	KindExemplar    Kind = "EXEMPLAR" // a sample answer, good or bad
	KindEssay       Kind = "ESSAY"
)

// Visibility is the class of people who may read a document.
type Visibility string

// The classes.
const (
	VisibilityPublic  Visibility = "PUBLIC"  // whoever signed in
	VisibilityGraders Visibility = "GRADERS" // advisors and admins
	VisibilityOwner   Visibility = "OWNER"   // the owner, the owner's advisors, and admins
)

// documentSpace makes the id of a document from its source, so that ties are broken alike in every
// database that holds the same rows.
var documentSpace = uuid.MustParse("5f0c7f6e-6b0f-5c39-9a3e-2f0f3a6d8d11")

func documentID(k Kind, ref uuid.UUID) uuid.UUID {
	return uuid.NewSHA1(documentSpace, append([]byte(k), ref[:]...))
}
