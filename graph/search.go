package graph

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"entgo.io/ent/privacy"
	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/credential"
	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/graph/load"
	"github.com/rubrica/rubrica/graph/model"
	"github.com/rubrica/rubrica/internal/viewer"
	"github.com/rubrica/rubrica/rag"
)

// Bounds of searches.
const (
	maxSimilar  = 50
	maxSkills   = 20
	maxExcerpt  = 500 // characters
	wordsAlone  = "The search went by words alone, because no vectors could be compared. It may have missed what says the same in other words."
	nothingSaid = "There is no word to search for in the query."
)

func (r queryResolver) Search(ctx context.Context, query string, first int, filter *model.SearchFilter) (*model.SearchResults, error) {
	if err := allow(ctx, enums.RoleLearner, enums.RoleAdvisor, enums.RoleAdmin); err != nil {
		return nil, err
	}
	if first < 1 || first > rag.MaxLimit {
		return nil, &fault{codePagination, fmt.Sprintf("first is 1 to %d.", rag.MaxLimit)}
	}
	q, err := searchQuery(filter)
	if err != nil {
		return nil, err
	}
	q.Text, q.Limit = query, first
	v, _ := viewer.FromContext(ctx)
	q.Reader = rag.Reader{Viewer: &v}
	hits, err := r.index.Search(ctx, q)
	if err != nil {
		return nil, err
	}
	return results(ctx, q, hits)
}

// searchQuery is the filter as package rag has it.
func searchQuery(f *model.SearchFilter) (q rag.Query, err error) {
	if f == nil {
		return q, nil
	}
	switch {
	case len(f.Kinds) > len(model.AllSearchKind):
		return q, &fault{codeBadInput, fmt.Sprintf("filter.kinds takes at most %d kinds.", len(model.AllSearchKind))}
	case len(f.Skills) > maxSkills:
		return q, &fault{codeBadInput, fmt.Sprintf("filter.skills takes at most %d slugs.", maxSkills)}
	case len(f.Levels) > len(enums.Level("").Values()):
		return q, &fault{codeBadInput, fmt.Sprintf("filter.levels takes at most %d levels.", len(enums.Level("").Values()))}
	case slices.ContainsFunc(f.Skills, func(s string) bool { return !isSlug(s) }):
		return q, &fault{codeBadInput, "filter.skills takes slugs of skills: 1 to 64 lower-case letters, digits and hyphens."}
	}
	for _, k := range f.Kinds {
		switch k {
		case model.SearchKindCredential:
			q.Kinds = append(q.Kinds, rag.KindCredential)
		case model.SearchKindPassage:
			q.Kinds = append(q.Kinds, rag.KindPassage)
		case model.SearchKindEssay:
			q.Kinds = append(q.Kinds, rag.KindEssay)
		case model.SearchKindReferenceAnswer:
			q.Kinds = append(q.Kinds, rag.KindModelAnswer, rag.KindExemplar)
		}
	}
	q.Skills, q.Levels = f.Skills, f.Levels
	if f.TrackID != nil {
		if q.TrackID, err = idOf("filter.trackId", "track", *f.TrackID); err != nil {
			return q, err
		}
	}
	if f.QuestionID != nil {
		if q.QuestionID, err = idOf("filter.questionId", "question", *f.QuestionID); err != nil {
			return q, err
		}
	}
	return q, nil
}

// kindOf is the kind of row that a document was made from, as global ids name it.
func kindOf(k rag.Kind) string {
	switch k {
	case rag.KindModelAnswer, rag.KindExemplar:
		return "reference_answer"
	default:
		return strings.ToLower(string(k))
	}
}

// results shows hits, with the rows behind them as far as they are selected: one statement for each type.
func results(ctx context.Context, q rag.Query, hits []rag.Hit) (*model.SearchResults, error) {
	out := &model.SearchResults{Hits: make([]*model.SearchHit, len(hits))}
	sources := make([]origin, len(hits))
	byMeaning := false
	for i, h := range hits {
		sources[i] = origin{kindOf(h.Kind), h.RefID}
		byMeaning = byMeaning || h.DenseRank > 0
		out.Hits[i] = &model.SearchHit{Title: h.Title, Excerpt: excerpt(h.Body), Trace: trace(&h)}
	}
	if note := nothingSaid; len(hits) == 0 && !slices.ContainsFunc([]rune(q.Text), isWord) {
		out.Note = &note
	} else if note := wordsAlone; len(hits) > 0 && !byMeaning {
		out.Note, out.Degraded = &note, true
	}
	for i, row := range rowsOf(ctx, sources, load.Below(ctx, "hits", "node")) {
		out.Hits[i].Node, _ = row.(model.SearchNode)
	}
	return out, nil
}

// isWord tells the signs that words are made of.
func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// excerpt is a text of at most maxExcerpt characters, cut at a word where there is one.
func excerpt(text string) string {
	text = strings.TrimSpace(text)
	if utf8.RuneCountInString(text) <= maxExcerpt {
		return text
	}
	short := string([]rune(text)[:maxExcerpt-1])
	if at := strings.LastIndexFunc(short, unicode.IsSpace); at > len(short)/2 {
		short = short[:at]
	}
	return strings.TrimSpace(short) + "…"
}

func trace(h *rag.Hit) *model.SearchTrace {
	t := &model.SearchTrace{Neighbours: h.NeighboursPart, Score: h.Score}
	if h.DenseRank > 0 {
		t.DenseRank, t.DenseScore = &h.DenseRank, &h.DenseScore
	}
	if h.LexicalRank > 0 {
		t.LexicalRank, t.LexicalScore = &h.LexicalRank, &h.LexicalScore
	}
	return t
}

// origin is the row that a document was made from.
type origin struct {
	kind string // as global ids name it
	key  uuid.UUID
}

// rowsOf reads the rows, one statement for each kind, and the levels below them as they are selected; nil
// where there is none to see. Nothing is read when nothing is selected of them.
func rowsOf(ctx context.Context, origins []origin, selected []ast.SelectionSet) []any {
	out := make([]any, len(origins))
	if len(selected) == 0 {
		return out
	}
	keys := map[string][]uuid.UUID{}
	for _, o := range origins {
		keys[o.kind] = append(keys[o.kind], o.key)
	}
	for _, kind := range slices.Sorted(maps.Keys(keys)) {
		typ, rows, failed := load.For(ctx).Nodes(ctx, kind, keys[kind])
		var objects []any
		for i, o := range origins {
			if o.kind != kind {
				continue
			}
			if err := failed[o.key]; err != nil && !errors.Is(err, privacy.Deny) {
				graphql.AddError(ctx, err)
			}
			if row, ok := rows[o.key]; ok {
				out[i] = row
				objects = append(objects, row)
			}
		}
		for _, selections := range selected {
			load.Walk(ctx, typ, objects, selections)
		}
	}
	return out
}

// SimilarCredentials searches for what a credential says of itself.
func (r queryResolver) SimilarCredentials(ctx context.Context, id string, first int) (*model.SearchResults, error) {
	if err := allow(ctx, enums.RoleLearner, enums.RoleAdvisor, enums.RoleAdmin); err != nil {
		return nil, err
	}
	if first < 1 || first > maxSimilar {
		return nil, &fault{codePagination, fmt.Sprintf("first is 1 to %d.", maxSimilar)}
	}
	key, err := idOf("id", "credential", id)
	if err != nil {
		return nil, err
	}
	c, err := r.db.Ent.Credential.Query().Where(credential.ID(key)).Select(credential.FieldTitle, credential.FieldDescription).Only(ctx)
	if ent.IsNotFound(err) {
		return nil, nil //nolint:nilnil // null is the answer
	}
	if err != nil {
		return nil, err
	}
	v, _ := viewer.FromContext(ctx)
	q := rag.Query{
		Text: c.Title + ". " + c.Description, Kinds: []rag.Kind{rag.KindCredential}, Limit: first + 1, // it finds itself
		Reader: rag.Reader{Viewer: &v},
	}
	hits, err := r.index.Search(ctx, q)
	if err != nil {
		return nil, err
	}
	hits = slices.DeleteFunc(hits, func(h rag.Hit) bool { return h.RefID == key })
	return results(ctx, q, hits[:min(len(hits), first)])
}

// maxDuplicates is how many answers a comparison gives at most.
const maxDuplicates = rag.MaxDuplicates

// EssayDuplicates compares an essay with the other answers to its question.
func (r queryResolver) EssayDuplicates(ctx context.Context, essayID string, first int) ([]*model.EssayDuplicate, error) {
	if err := allow(ctx, enums.RoleAdvisor, enums.RoleAdmin); err != nil {
		return nil, err
	}
	if first < 1 || first > maxDuplicates {
		return nil, &fault{codePagination, fmt.Sprintf("first is 1 to %d.", maxDuplicates)}
	}
	key, err := idOf("essayId", "essay", essayID)
	if err != nil {
		return nil, err
	}
	v, _ := viewer.FromContext(ctx)
	found, err := r.index.Duplicates(ctx, key, rag.Reader{Viewer: &v}, first)
	if errors.Is(err, rag.ErrNotIndexed) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	out, origins := make([]*model.EssayDuplicate, len(found)), make([]origin, len(found))
	for i, d := range found {
		origins[i] = origin{kindOf(d.Kind), d.RefID}
		out[i] = &model.EssayDuplicate{
			SameLearner: d.SameOwner, Near: d.Near, Score: d.Score, Cosine: d.Cosine,
			Containment: d.Containment, Jaccard: d.Jaccard, SharedRuns: d.Shared,
		}
	}
	for i, row := range rowsOf(ctx, origins, load.Below(ctx, "answer")) {
		out[i].Answer, _ = row.(model.Answer)
	}
	return out, nil
}
