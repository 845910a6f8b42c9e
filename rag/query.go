package rag

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	"github.com/google/uuid"
	"github.com/lib/pq"

	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/ent/visibility"
	"github.com/rubrica/rubrica/internal/viewer"
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
	// embedded. VectorModel names the model that made it, "" for that of the Index's embedder. While
	// another model serves, Text is embedded with that instead, and without Text it is an ErrQuery.
	Vector      []float32
	VectorModel string

	Kinds      []Kind
	TrackID    uuid.UUID     // passages of this track; credentials belong to no track
	Skills     []string      // slugs: documents about at least one of them
	Levels     []enums.Level // credentials of these levels; passages have no level
	QuestionID uuid.UUID     // essays and reference answers to this question
	Reader     Reader        // who reads; nobody in particular reads public documents only

	Limit int // 1…MaxLimit; 0 means DefaultLimit

	// Only leaves out parts of the search, so that each can be measured; empty, all take part.
	Only Part

	class  Visibility // documents of this class, unless empty
	firsts bool       // by meaning, of each document only its first chunk
}

// Part is a part of the search.
type Part string

// The parts that a search can be narrowed to.
const (
	PartWords   Part = "WORDS"   // BM25 alone; the text is not embedded
	PartMeaning Part = "MEANING" // vectors alone
	PartBoth    Part = "BOTH"    // both, without neighbours
)

// Reader says whose eyes a search has.
type Reader struct {
	// Viewer may read public documents, those for graders when their role is, and the essays that
	// ent/visibility lets them see.
	Viewer *viewer.Viewer
	// System reads everything, for jobs.
	System bool
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
	// DensePart, LexicalPart and NeighboursPart add up to Score: half the standardised dense score,
	// half the standardised lexical score, and what the documents that are most like this one say for
	// it (fuse). Neighbours is how many of these were found too. When words or meaning found nothing,
	// its part is 0, and the neighbours' also.
	DensePart, LexicalPart, NeighboursPart float64
	Neighbours                             int
	// Score orders the hits. It compares hits of one search and nothing else.
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
	if !slices.Contains([]Part{"", PartWords, PartMeaning, PartBoth}, q.Only) {
		return q, fmt.Errorf("%w: there is no part %q: it is %s, %s, %s or empty", ErrQuery, q.Only, PartWords, PartMeaning, PartBoth)
	}
	if q.Vector != nil {
		if err := checkVector(q.Vector, dimensions); err != nil {
			return q, fmt.Errorf("%w: %w", ErrQuery, err)
		}
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

// narrow joins the documents to chunks c, where the filters ask for what only documents know, and narrows
// both to what is asked for.
func (q Query) narrow(a *arguments) string {
	if q.byChunk() {
		conditions := q.shared("c", a)
		if !q.Reader.System {
			classes := q.Reader.whole()
			if q.Reader.all() {
				classes = q.Reader.classes()
			}
			conditions = append(conditions, "c.visibility = ANY("+a.add(pq.Array(stringsOf(classes)))+")")
		}
		return "WHERE " + all(conditions)
	}
	return "JOIN rag_documents d ON d.id = c.document_id WHERE " + q.where(a)
}

// byChunk tells that chunks know all that the filters ask for.
func (q Query) byChunk() bool {
	narrow := q.QuestionID == uuid.Nil && len(q.Skills) == 0 && len(q.Levels) == 0
	// Nothing but essays is their owners'.
	others := len(q.Kinds) > 0 && !slices.Contains(q.Kinds, KindEssay)
	return narrow && (others || q.Reader.all())
}

// shared are the conditions on what chunks know as well as documents do.
func (q Query) shared(table string, a *arguments) (conditions []string) {
	if q.class != "" {
		conditions = append(conditions, table+".visibility = "+a.add(q.class))
	}
	if len(q.Kinds) > 0 {
		conditions = append(conditions, table+".kind = ANY("+a.add(pq.Array(stringsOf(q.Kinds)))+")")
	}
	if q.TrackID != uuid.Nil {
		conditions = append(conditions, table+".track_id = "+a.add(q.TrackID))
	}
	return conditions
}

// where is the condition on rag_documents d that the filters make. Only what is asked for is
// written, so that the planner knows what it estimates.
func (q Query) where(a *arguments) string {
	conditions := q.shared("d", a)
	if !q.Reader.System {
		conditions = append(conditions, q.Reader.may(a))
	}
	if q.QuestionID != uuid.Nil {
		conditions = append(conditions, "d.question_id = "+a.add(q.QuestionID))
	}
	if len(q.Skills) > 0 {
		conditions = append(conditions, "d.skills && "+a.add(pq.Array(q.Skills))+"::text[]")
	}
	if len(q.Levels) > 0 {
		conditions = append(conditions, "d.level = ANY("+a.add(pq.Array(stringsOf(q.Levels)))+")")
	}
	return all(conditions)
}

// all joins conditions; without any, every row is kept.
func all(conditions []string) string {
	if len(conditions) == 0 {
		return "true"
	}
	return strings.Join(conditions, " AND ")
}

// byClass tells that nothing but classes of visibility is asked for, all of which the reader may read as
// a whole. Postings know their class: chunks need not be read.
func (q Query) byClass() bool {
	return q.byChunk() && q.class == "" && len(q.Kinds) == 0 && q.TrackID == uuid.Nil
}

// all tells that of each class the reader may read everything or nothing.
func (r Reader) all() bool { return r.System || r.Viewer == nil || r.Viewer.Is(enums.RoleAdmin) }

// classes are those of which the reader may read anything.
func (r Reader) classes() []Visibility {
	if r.Viewer == nil && !r.System {
		return []Visibility{VisibilityPublic}
	}
	return append(r.whole(), VisibilityOwner)
}

// whole are the classes that the reader may read as a whole whoever asks; what their owners alone may
// read is none of them.
func (r Reader) whole() []Visibility {
	if r.System || r.Viewer != nil && r.Viewer.Is(enums.RoleAdvisor, enums.RoleAdmin) {
		return []Visibility{VisibilityPublic, VisibilityGraders}
	}
	return []Visibility{VisibilityPublic}
}

// may is the condition that rag_documents d may be read.
func (r Reader) may(a *arguments) string {
	classes := []string{fmt.Sprintf("d.visibility = '%s'", VisibilityPublic)}
	if r.Viewer == nil {
		return classes[0]
	}
	if r.Viewer.Is(enums.RoleAdvisor, enums.RoleAdmin) {
		classes = append(classes, fmt.Sprintf("d.visibility = '%s'", VisibilityGraders))
	}
	own := fmt.Sprintf("d.visibility = '%s'", VisibilityOwner)
	if p := visibility.Owned(*r.Viewer, entsql.Table("rag_documents").As("d").C("owner_id")); p != nil {
		p.SetDialect(dialect.Postgres)
		p.SetTotal(len(*a))
		text, args := p.Query()
		*a = append(*a, args...)
		own = "(" + own + " AND (" + text + "))"
	}
	return "(" + strings.Join(append(classes, own), " OR ") + ")"
}

func stringsOf[T ~string](values []T) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = string(v)
	}
	return out
}
