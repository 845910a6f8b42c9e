package langchain

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/lib/pq"
	"github.com/tmc/langchaingo/schema"
	"github.com/tmc/langchaingo/vectorstores"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/passage"
	"github.com/rubrica/rubrica/ent/track"
	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/rag"
)

// What a caller can get wrong.
var (
	// ErrNamespace is a namespace that is not the slug of a track.
	ErrNamespace = errors.New("bad namespace")
	// ErrDocument is a document that cannot be kept.
	ErrDocument = errors.New("bad document")
	// ErrOption is an option that is not understood or has no meaning where it was given.
	ErrOption = errors.New("bad option")
	// ErrCited is a passage that explanations cite, and that therefore stays.
	ErrCited = errors.New("cited by explanations")
)

// Bounds of what is added at once.
const (
	MaxDocuments = 1000
	// MaxContent is how long a document may be, in code points.
	MaxContent = 200_000
	maxTitle   = 80
	maxID      = 200
	refreshed  = 500 // vectors that one step of waiting makes
)

// Keys of a document's metadata. AddDocuments reads the first three and keeps no others; documents that
// are found have all.
const (
	MetaID    = "id"     // string: of the document in its source; adding it again replaces it. Found documents have the passage's id
	MetaTitle = "title"  // string; default: the first words
	MetaSkill = "skills" // []string, slugs; not with what was found
	MetaKind  = "kind"   // string, a rag.Kind
	MetaChunk = "chunk"  // int: which chunk of the document it is, from 0
)

// Keys of vectorstores.WithFilters, which takes a map[string]any. A value is a string or a []string.
const (
	FilterKind     = "kind"     // kinds of documents; default: PASSAGE
	FilterSkills   = "skills"   // slugs: at least one of them
	FilterQuestion = "question" // id of a question: its reference answers and essays
)

// Store keeps documents as passages of a track: the namespace is the track's slug. What is added is
// therefore seen by everything that reads passages: searches, explanations, admins. A passage is cut
// into chunks by the index, and what is found are chunks.
type Store struct {
	index     *rag.Index
	db        *database.DB
	namespace string
	wait      bool
}

var _ vectorstores.VectorStore = (*Store)(nil)

// StoreOption changes a Store.
type StoreOption func(*Store)

// WithNamespace sets the namespace of calls that give none. Without, AddDocuments needs one, and
// SimilaritySearch looks into all tracks.
func WithNamespace(slug string) StoreOption { return func(s *Store) { s.namespace = slug } }

// WithoutWaiting leaves it to the workers of the installation to index what was added, half a minute
// later at the latest. Without it, AddDocuments returns when everything is found.
func WithoutWaiting() StoreOption { return func(s *Store) { s.wait = false } }

// NewStore returns the store of an index and its database.
func NewStore(index *rag.Index, db *database.DB, options ...StoreOption) *Store {
	s := &Store{index: index, db: db, wait: true}
	for _, o := range options {
		o(s)
	}
	return s
}

// options are those of a call, with the store's namespace where it gives none.
func (s *Store) options(given []vectorstores.Option) vectorstores.Options {
	var o vectorstores.Options
	for _, option := range given {
		option(&o)
	}
	if o.NameSpace == "" {
		o.NameSpace = s.namespace
	}
	return o
}

// track finds the track of a namespace.
func (s *Store) track(ctx context.Context, namespace string) (uuid.UUID, error) {
	id, err := s.db.Ent.Track.Query().Where(track.Slug(namespace)).OnlyID(ctx)
	if ent.IsNotFound(err) {
		return uuid.Nil, fmt.Errorf("%w: there is no track %q", ErrNamespace, namespace)
	}
	if err != nil {
		return uuid.Nil, fmt.Errorf("looking for the track %q: %w", namespace, err)
	}
	return id, nil
}

// checkEmbedder refuses an embedder whose vectors the index does not compare.
func (s *Store) checkEmbedder(ctx context.Context, o vectorstores.Options) error {
	if o.Embedder == nil {
		return nil
	}
	serving, err := s.index.Serving(ctx)
	if err != nil {
		return err
	}
	if e, ok := o.Embedder.(*Embedder); !ok || e.Model() != serving.Model() {
		return fmt.Errorf("%w: the index compares vectors of %s, and the embedder is another: leave WithEmbedder out", ErrOption, serving.Model())
	}
	return nil
}

// AddDocuments writes the documents as passages of the track that the namespace names, all of them or
// none, and returns the passages' ids in the order of the documents. A document whose metadata have an
// id replaces the one that had it; without an id, the same text is kept once. Those for which the
// deduplicater returns true are left out. Options of searches are an ErrOption.
//
// It then waits until they are indexed, see WithoutWaiting. When only that fails, the ids come with the
// error: the documents are there, and workers will index them.
func (s *Store) AddDocuments(ctx context.Context, docs []schema.Document, given ...vectorstores.Option) ([]string, error) {
	ids, err := s.add(ctx, docs, s.options(given))
	if err != nil {
		return ids, fmt.Errorf("langchain: %w", err)
	}
	return ids, nil
}

func (s *Store) add(ctx context.Context, docs []schema.Document, o vectorstores.Options) ([]string, error) {
	if o.ScoreThreshold != 0 || o.Filters != nil {
		return nil, fmt.Errorf("%w: score threshold and filters are for searches", ErrOption)
	}
	if err := s.checkEmbedder(ctx, o); err != nil {
		return nil, err
	}
	if len(docs) > MaxDocuments {
		return nil, fmt.Errorf("%w: %d documents at once, at most %d are taken", ErrDocument, len(docs), MaxDocuments)
	}
	var rows []*ent.Passage
	for i, doc := range docs {
		if o.Deduplicater != nil && o.Deduplicater(ctx, doc) {
			continue
		}
		row, err := passageOf(doc)
		if err != nil {
			return nil, fmt.Errorf("%w %d: %w", ErrDocument, i, err)
		}
		rows = append(rows, row)
	}
	if len(rows) == 0 {
		return nil, nil
	}
	id, err := s.track(ctx, o.NameSpace)
	if err != nil {
		return nil, err
	}
	ids, err := s.write(ctx, id, rows)
	if err != nil || !s.wait {
		return ids, err
	}
	for {
		report, err := s.index.Refresh(ctx, refreshed)
		if err != nil {
			return ids, err
		}
		if report.Left == 0 || report.Embedded == 0 {
			return ids, nil // what is left is in the hands of others
		}
	}
}

// write adds or replaces the passages of one track.
func (s *Store) write(ctx context.Context, in uuid.UUID, rows []*ent.Passage) ([]string, error) {
	// The last of those with one id counts, and a statement may write a row only once.
	last := map[string]*ent.Passage{}
	var order []string
	for _, r := range rows {
		if _, seen := last[*r.ExternalID]; !seen {
			order = append(order, *r.ExternalID)
		}
		last[*r.ExternalID] = r
	}
	written := map[string]uuid.UUID{}
	err := s.db.InTx(ctx, func(tx *database.Tx) error {
		create := make([]*ent.PassageCreate, len(order))
		for i, id := range order {
			r := last[id]
			create[i] = tx.Ent.Passage.Create().SetTrackID(in).SetSlug(r.Slug).SetExternalID(id).
				SetTitle(r.Title).SetText(r.Text).SetSkills(r.Skills)
		}
		err := tx.Ent.Passage.CreateBulk(create...).OnConflictColumns(passage.FieldTrackID, passage.FieldExternalID).
			Update(func(u *ent.PassageUpsert) { u.UpdateTitle().UpdateText().UpdateSkills() }).Exec(ctx)
		if err != nil {
			return err
		}
		have, err := tx.Ent.Passage.Query().Where(passage.TrackID(in), passage.ExternalIDIn(order...)).
			Select(passage.FieldID, passage.FieldExternalID).All(ctx)
		for _, p := range have {
			written[*p.ExternalID] = p.ID
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("writing %d passages: %w", len(order), err)
	}
	ids := make([]string, len(rows))
	for i, r := range rows {
		ids[i] = written[*r.ExternalID].String()
	}
	return ids, nil
}

// passageOf is the passage that keeps a document.
func passageOf(doc schema.Document) (*ent.Passage, error) {
	text := doc.PageContent
	switch {
	case strings.TrimSpace(text) == "":
		return nil, errors.New("it has no text")
	case !database.Storable(text):
		return nil, errors.New("its text is not valid UTF-8, or has a NUL in it")
	case utf8.RuneCountInString(text) > MaxContent:
		return nil, fmt.Errorf("its text is longer than %d characters: split it", MaxContent)
	}
	id, err := textOf(doc.Metadata, MetaID)
	if err != nil {
		return nil, err
	}
	if utf8.RuneCountInString(id) > maxID {
		return nil, fmt.Errorf("its id is longer than %d characters", maxID)
	}
	if id == "" {
		id = "text-" + digest(text)
	}
	title, err := textOf(doc.Metadata, MetaTitle)
	if err != nil {
		return nil, err
	}
	if title == "" {
		title = beginning(text)
	}
	skills, err := listOf(doc.Metadata, MetaSkill)
	if err != nil {
		return nil, err
	}
	return &ent.Passage{ExternalID: &id, Slug: "doc-" + digest(id), Title: title, Text: text, Skills: append(pq.StringArray{}, skills...)}, nil
}

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:12])
}

// beginning is the first line of a text, or as many of its words as a title holds.
func beginning(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	title := ""
	for _, word := range strings.Fields(line) {
		if title != "" && utf8.RuneCountInString(title+" "+word) > maxTitle {
			return title + " …"
		}
		title = strings.TrimSpace(title + " " + word)
	}
	if runes := []rune(title); len(runes) > maxTitle {
		return string(runes[:maxTitle]) + " …"
	}
	return title
}

// SimilaritySearch returns up to n documents whose chunks are nearest to the text by meaning, nearest
// first; a document is found once. Score is the cosine, and a score threshold of 0…1 leaves out what is
// below. Errors wrap ErrNamespace, ErrOption or rag.ErrQuery where the caller is at fault, and
// rag.ErrNoEmbedder.
func (s *Store) SimilaritySearch(ctx context.Context, text string, n int, given ...vectorstores.Option) ([]schema.Document, error) {
	docs, err := s.search(ctx, text, n, s.options(given))
	if err != nil {
		return nil, fmt.Errorf("langchain: %w", err)
	}
	return docs, nil
}

func (s *Store) search(ctx context.Context, text string, n int, o vectorstores.Options) ([]schema.Document, error) {
	if o.Deduplicater != nil {
		return nil, fmt.Errorf("%w: a deduplicater is for adding", ErrOption)
	}
	if !(o.ScoreThreshold >= 0 && o.ScoreThreshold <= 1) {
		return nil, fmt.Errorf("%w: the score threshold is %v, it must be 0…1", ErrOption, o.ScoreThreshold)
	}
	if n < 1 {
		return nil, fmt.Errorf("%w: %d documents were asked for", ErrOption, n)
	}
	if err := s.checkEmbedder(ctx, o); err != nil {
		return nil, err
	}
	query := rag.Query{Kinds: []rag.Kind{rag.KindPassage}, Limit: n, Reader: reader(ctx)}
	if err := filter(&query, o.Filters); err != nil {
		return nil, err
	}
	if o.NameSpace != "" {
		var err error
		if query.TrackID, err = s.track(ctx, o.NameSpace); err != nil {
			return nil, err
		}
	}
	// The text is embedded and not searched for, so that the score is a cosine for every document.
	e, err := s.index.Serving(ctx)
	if err != nil {
		return nil, err
	}
	if query.Vector, err = e.Embed(ctx, text); err != nil {
		return nil, fmt.Errorf("embedding a query: %w", err)
	}
	query.VectorModel = e.Model()
	hits, err := s.index.Search(ctx, query)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(hits, func(a, b rag.Hit) int { return a.DenseRank - b.DenseRank })
	docs := make([]schema.Document, 0, len(hits))
	for _, h := range hits {
		if o.ScoreThreshold == 0 || h.DenseScore >= float64(o.ScoreThreshold) {
			docs = append(docs, document(h, h.DenseScore))
		}
	}
	return docs, nil
}

// Delete removes the passages with these ids, of the namespace alone when there is one, and says how
// many were there. With them go their chunks and vectors. One that an explanation cites is an ErrCited,
// and none is removed then.
func (s *Store) Delete(ctx context.Context, ids []string, given ...vectorstores.Option) (int, error) {
	n, err := s.delete(ctx, ids, s.options(given))
	if err != nil {
		return 0, fmt.Errorf("langchain: %w", err)
	}
	return n, nil
}

func (s *Store) delete(ctx context.Context, ids []string, o vectorstores.Options) (int, error) {
	var parsed []uuid.UUID
	for _, id := range ids {
		u, err := uuid.Parse(id)
		if err != nil {
			return 0, fmt.Errorf("%w: %q is no id of a document", ErrDocument, id)
		}
		parsed = append(parsed, u)
	}
	remove := s.db.Ent.Passage.Delete().Where(passage.IDIn(parsed...))
	if o.NameSpace != "" {
		in, err := s.track(ctx, o.NameSpace)
		if err != nil {
			return 0, err
		}
		remove = remove.Where(passage.TrackID(in))
	}
	n, err := remove.Exec(ctx)
	if e := (*pq.Error)(nil); errors.As(err, &e) && e.Code == "23503" {
		return 0, fmt.Errorf("%w: the passages stay", ErrCited)
	}
	if err != nil {
		return 0, fmt.Errorf("deleting passages: %w", err)
	}
	return n, nil
}
