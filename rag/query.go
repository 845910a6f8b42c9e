package rag

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/lib/pq"

	"github.com/rubrica/rubrica/ent/enums"
)

// Bounds of a query.
const (
	// DefaultLimit and MaxLimit bound how many hits a search returns.
	DefaultLimit = 10
	MaxLimit     = 100
	// MaxTextBytes is how much of a query's text is looked at, about 1 300 words. The rest is cut
	// off: it would cost time and hardly change what is found.
	MaxTextBytes = 8 << 10
)

// ErrQuery is a query that cannot be answered whatever the index holds.
var ErrQuery = errors.New("bad query")

// Query asks for documents. Filters narrow each other; an empty one keeps everything, except
// Visibility.
type Query struct {
	// Text is what is searched for, in words: no operator, no wildcard, no syntax. Any text is
	// valid. Without Text (and with Vector), the search is by meaning alone.
	Text string
	// Vector stands for the meaning of what is searched for, if it is known already; else Text is
	// embedded. It must come from the embedder of the Index.
	Vector []float32

	Kinds      []Kind
	TrackID    uuid.UUID     // passages of this track; credentials belong to no track
	Skills     []string      // slugs: documents about at least one of them
	Levels     []enums.Level // credentials of these levels; passages have no level
	Visibility []Visibility  // whose documents may be read; empty means public ones only

	Limit int // 1…MaxLimit; 0 means DefaultLimit
}

// Hit is a document that was found, with how it was found.
type Hit struct {
	DocumentID   uuid.UUID
	Kind         Kind
	RefID        uuid.UUID // of the passage or credential
	ChunkOrdinal int       // the chunk that matched best, 0 for the first
	Title        string
	Body         string // of that chunk, as it stands in the source

	// DenseRank is the place by meaning, 1 for the first, 0 when it was not among the first 200 or
	// has no vector yet. DenseScore is the cosine, -1…1.
	DenseRank  int
	DenseScore float64
	// LexicalRank is the place by words, 1 for the first, 0 when no word matched or it was not among
	// the first 200. LexicalScore is the BM25 score, above 0.
	LexicalRank  int
	LexicalScore float64
	// Score orders the hits: half the standardised dense score plus half the standardised lexical
	// score. It compares hits of one search and nothing else.
	Score float64
}

// normalized checks the query and fills in what was left out.
func (q Query) normalized(dimensions int) (Query, error) {
	if q.Limit == 0 {
		q.Limit = DefaultLimit
	}
	if q.Limit < 1 || q.Limit > MaxLimit {
		return q, fmt.Errorf("%w: limit is %d, it must be 1…%d", ErrQuery, q.Limit, MaxLimit)
	}
	if q.Vector != nil {
		if err := checkVector(q.Vector, dimensions); err != nil {
			return q, fmt.Errorf("%w: %w", ErrQuery, err)
		}
	}
	if len(q.Visibility) == 0 {
		q.Visibility = []Visibility{VisibilityPublic}
	}
	q.Text = clean(q.Text)
	return q, nil
}

// clean makes any bytes a text that Postgres takes, of bounded length.
func clean(text string) string {
	if len(text) > MaxTextBytes {
		end := MaxTextBytes
		for end > 0 && !utf8.RuneStart(text[end]) {
			end--
		}
		text = text[:end]
	}
	text = strings.ToValidUTF8(text, " ")
	return strings.TrimSpace(strings.ReplaceAll(text, "\x00", " "))
}

// arguments collects the parameters of a statement.
type arguments []any

// add returns the placeholder of a new parameter.
func (a *arguments) add(v any) string {
	*a = append(*a, v)
	return fmt.Sprintf("$%d", len(*a))
}

// where is the condition on rag_documents d that the filters make. Only what is asked for is
// written, so that the planner knows what it estimates.
func (q Query) where(a *arguments) string {
	conditions := []string{"d.visibility = ANY(" + a.add(pq.Array(stringsOf(q.Visibility))) + ")"}
	if len(q.Kinds) > 0 {
		conditions = append(conditions, "d.kind = ANY("+a.add(pq.Array(stringsOf(q.Kinds)))+")")
	}
	if q.TrackID != uuid.Nil {
		conditions = append(conditions, "d.track_id = "+a.add(q.TrackID))
	}
	if len(q.Skills) > 0 {
		conditions = append(conditions, "d.skills && "+a.add(pq.Array(q.Skills))+"::text[]")
	}
	if len(q.Levels) > 0 {
		conditions = append(conditions, "d.level = ANY("+a.add(pq.Array(stringsOf(q.Levels)))+")")
	}
	return strings.Join(conditions, " AND ")
}

func stringsOf[T ~string](values []T) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = string(v)
	}
	return out
}
