package langchain

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/google/uuid"
	"github.com/tmc/langchaingo/schema"

	"github.com/rubrica/rubrica/internal/viewer"
	"github.com/rubrica/rubrica/rag"
)

// Retriever is the hybrid search, by meaning and by words, for langchaingo's chains.
type Retriever struct {
	index *rag.Index
	query rag.Query
}

var _ schema.Retriever = (*Retriever)(nil)

// NewRetriever returns a retriever that searches with the filters and the limit of query, whose Text and
// Vector are not looked at. Without a Reader in query it reads for the viewer of each call's context.
func NewRetriever(index *rag.Index, query rag.Query) *Retriever {
	query.Text, query.Vector, query.VectorModel = "", nil, ""
	return &Retriever{index: index, query: query}
}

// GetRelevantDocuments returns what fits the text best, best first: the best chunk of each document,
// with the score that orders them. Errors wrap rag.ErrQuery where the query is at fault.
func (r *Retriever) GetRelevantDocuments(ctx context.Context, text string) ([]schema.Document, error) {
	query := r.query
	query.Text = text
	if !query.Reader.System && query.Reader.Viewer == nil {
		query.Reader = reader(ctx)
	}
	hits, err := r.index.Search(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("langchain: %w", err)
	}
	docs := make([]schema.Document, len(hits))
	for i, h := range hits {
		docs[i] = document(h, h.Score)
	}
	return docs, nil
}

// reader is who reads: the viewer of the context, or nobody in particular.
func reader(ctx context.Context) rag.Reader {
	if v, ok := viewer.FromContext(ctx); ok {
		return rag.Reader{Viewer: &v}
	}
	return rag.Reader{}
}

func document(h rag.Hit, score float64) schema.Document {
	return schema.Document{PageContent: h.Body, Score: float32(score), Metadata: map[string]any{
		MetaID: h.RefID.String(), MetaTitle: h.Title, MetaKind: string(h.Kind), MetaChunk: h.ChunkOrdinal,
	}}
}

// filter narrows the query.
func filter(q *rag.Query, filters any) error {
	if filters == nil {
		return nil
	}
	values, ok := filters.(map[string]any)
	if !ok {
		return fmt.Errorf("%w: filters are a map[string]any and not a %T", ErrOption, filters)
	}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		list, err := listOf(values, key)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrOption, err)
		}
		if len(list) == 0 {
			return fmt.Errorf("%w: the filter %s names nothing", ErrOption, key)
		}
		switch key {
		case FilterKind:
			q.Kinds = nil
			for _, kind := range list {
				q.Kinds = append(q.Kinds, rag.Kind(kind))
			}
		case FilterSkills:
			q.Skills = list
		case FilterQuestion:
			if q.QuestionID, err = uuid.Parse(list[0]); err != nil || len(list) > 1 {
				return fmt.Errorf("%w: the filter %s takes one id of a question", ErrOption, key)
			}
		default:
			return fmt.Errorf("%w: there is no filter %q; there are %s, %s and %s", ErrOption, key, FilterKind, FilterSkills, FilterQuestion)
		}
	}
	return nil
}

// textOf is a text among the values, "" where there is none.
func textOf(values map[string]any, key string) (string, error) {
	switch v := values[key].(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	default:
		return "", fmt.Errorf("%s is a %T and should be a string", key, v)
	}
}

// listOf is a text or a list of texts among the values.
func listOf(values map[string]any, key string) ([]string, error) {
	switch v := values[key].(type) {
	case nil:
		return nil, nil
	case string:
		return []string{v}, nil
	case []string:
		return v, nil
	case []any: // as JSON has it
		list := make([]string, len(v))
		for i, x := range v {
			s, ok := x.(string)
			if !ok {
				return nil, fmt.Errorf("%s has a %T among its strings", key, x)
			}
			list[i] = s
		}
		return list, nil
	default:
		return nil, fmt.Errorf("%s is a %T and should be a string or a list of strings", key, v)
	}
}
