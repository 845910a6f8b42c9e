package rag

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/lib/pq"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/internal/seeding"
	"github.com/rubrica/rubrica/rag/ragtest"
)

func TestReferenceAnswersAreForGraders(t *testing.T) {
	t.Parallel()
	db, track := seeded(t)
	x := New(db, ragtest.Words{}, nil)
	_, err := x.Refresh(t.Context(), plenty)
	require.NoError(t, err)
	q := track.Questions[0]
	question := seeding.QuestionID(track.Slug, q.Slug)
	assert.Equal(t, len(track.Questions), count(t, db, `SELECT count(*) FROM rag_documents WHERE kind = 'MODEL_ANSWER'`))
	assert.Equal(t, 3*len(track.Questions), count(t, db, `SELECT count(*) FROM rag_documents WHERE kind = 'EXEMPLAR'`))

	query := Query{Text: q.Rubric.ModelAnswer, Kinds: []Kind{KindModelAnswer, KindExemplar}, QuestionID: question}
	for who, reader := range map[string]Reader{"nobody": {}, "a learner": as("lena", enums.RoleLearner)} {
		query.Reader = reader
		hits, err := x.Search(t.Context(), query)
		require.NoError(t, err)
		assert.Empty(t, hits, who)
	}
	query.Reader = as("arno", enums.RoleAdvisor)
	hits, err := x.Search(t.Context(), query)
	require.NoError(t, err)
	require.Len(t, hits, 4)
	assert.Equal(t, seeding.ReferenceAnswerID(track.Slug, q.Slug, q.Rubric.Version, enums.ReferenceModel), hits[0].RefID)
	assert.Equal(t, q.Title, hits[0].Title)
	query.Skills, query.TrackID = q.Skills[:1], seeding.TrackID(track.Slug)
	hits, err = x.Search(t.Context(), query)
	require.NoError(t, err)
	assert.Len(t, hits, 4, "they have the skills and the track of their question")

	// A newer rubric replaces them, and those who were there go.
	ctx := system(t)
	rubric := db.Ent.Rubric.Create().SetQuestionID(question).SetVersion(q.Rubric.Version + 1).SaveX(ctx)
	db.Ent.ReferenceAnswer.Create().SetRubricID(rubric.ID).SetKind(enums.ReferenceModel).SetText("The zyzzyva is a weevil.").ExecX(ctx)
	report, err := x.Refresh(t.Context(), plenty)
	require.NoError(t, err)
	assert.Positive(t, report.Linked, "neighbours follow")
	report.Linked = 0
	assert.Equal(t, Report{Model: "words@1", Written: 1, Removed: 4, Embedded: 1}, report)
	query = Query{Text: "zyzzyva", Reader: allSeeing, QuestionID: question}
	hits, err = x.Search(t.Context(), query)
	require.NoError(t, err)
	require.Len(t, hits, 1)

	db.Ent.ReferenceAnswer.UpdateOneID(hits[0].RefID).SetText("The quokka is a marsupial.").ExecX(ctx)
	report, err = x.Refresh(t.Context(), plenty)
	require.NoError(t, err)
	assert.Positive(t, report.Linked, "neighbours follow")
	report.Linked = 0
	assert.Equal(t, Report{Model: "words@1", Written: 1, Embedded: 1}, report, "a changed text is embedded anew")
	assertStatistics(t, x)
}

func TestEssaysAreTheirOwners(t *testing.T) {
	t.Parallel()
	db, track := seeded(t)
	question := seeding.QuestionID(track.Slug, track.Questions[0].Slug)
	x := New(db, ragtest.Words{}, nil)
	_, err := x.Refresh(t.Context(), plenty)
	require.NoError(t, err)
	essay := submit(t, db, "lena", question, "The zyzzyva is a weevil.")
	report, err := x.Refresh(t.Context(), plenty)
	require.NoError(t, err)
	assert.Equal(t, Report{Model: "words@1", Written: 1, Embedded: 1}, report)
	report, err = x.Refresh(t.Context(), plenty)
	require.NoError(t, err)
	assert.Equal(t, Report{Model: "words@1"}, report, "a second time there is nothing to do")

	for _, c := range []struct {
		who    string
		reader Reader
		finds  int
	}{
		{"nobody", Reader{}, 0},
		{"the owner", as("lena", enums.RoleLearner), 1},
		{"another learner", as("omar", enums.RoleLearner), 0},
		{"their advisor", as("arno", enums.RoleAdvisor), 1},
		{"an advisor of nobody", as("nobody", enums.RoleAdvisor), 0},
		{"an admin", as("ada", enums.RoleAdmin), 1},
	} {
		for name, query := range map[string]Query{
			"words":   {Text: "zyzzyva", Kinds: []Kind{KindEssay}},
			"meaning": {Text: "The zyzzyva is a weevil.", QuestionID: question, TrackID: seeding.TrackID(track.Slug), Kinds: []Kind{KindEssay}},
		} {
			query.Reader = c.reader
			hits, err := x.Search(t.Context(), query)
			require.NoError(t, err)
			require.Len(t, hits, c.finds, "%s by %s", c.who, name)
			if c.finds > 0 {
				assert.Equal(t, essay, hits[0].RefID)
			}
		}
	}

	report, err = New(db, ragtest.Words{}, nil, WithChunkTokens(64)).Refresh(t.Context(), 0)
	require.NoError(t, err)
	assert.Equal(t, count(t, db, `SELECT count(*) FROM rag_documents`), report.Written, "another size cuts everything anew, essays too")
	db.Ent.Essay.DeleteOneID(essay).ExecX(system(t))
	assert.Zero(t, count(t, db, `SELECT count(*) FROM rag_documents WHERE kind = 'ESSAY'`), "a cascade")
	assertStatistics(t, x)
}

func TestLongEssaysAreIndexedInPart(t *testing.T) {
	t.Parallel()
	db, track := seeded(t)
	essay := submit(t, db, "lena", seeding.QuestionID(track.Slug, track.Questions[0].Slug),
		"Zyzzyvas first. "+strings.Repeat("Ein ähnlicher Satz folgt. ", 200_000/26)+"Quokkas last.")
	x := New(db, ragtest.Words{}, nil)
	_, err := x.Refresh(t.Context(), plenty)
	require.NoError(t, err)
	var body string
	require.NoError(t, db.SQL.QueryRowContext(t.Context(), `SELECT body FROM rag_documents WHERE essay_id = $1`, essay).Scan(&body))
	assert.Equal(t, maxEssay, utf8.RuneCountInString(body))
	assert.LessOrEqual(t, count(t, db, `SELECT count(*) FROM rag_chunks c JOIN rag_documents d ON d.id = c.document_id WHERE d.essay_id = $1`, essay), 40)
	for text, want := range map[string]int{"zyzzyvas": 1, "quokkas": 0} {
		hits, err := x.Search(t.Context(), Query{Text: text, Reader: allSeeing, Kinds: []Kind{KindEssay}})
		require.NoError(t, err)
		matched := 0
		for _, h := range hits {
			if h.LexicalRank > 0 {
				matched++
			}
		}
		assert.Equal(t, want, matched, text)
	}
}

// What is read of chunks alone is what is read of their documents, whoever reads and whatever is asked for.
func TestChunksKnowWhatTheirDocumentsAreFilteredBy(t *testing.T) {
	t.Parallel()
	db, track := seeded(t)
	x := New(db, ragtest.Words{}, nil)
	submit(t, db, "lena", seeding.QuestionID(track.Slug, track.Questions[0].Slug), "The zyzzyva is a weevil.")
	_, err := x.Refresh(t.Context(), plenty)
	require.NoError(t, err)
	// A passage that moves takes its chunks along.
	other := count(t, db, `SELECT count(*) FROM tracks WHERE id <> $1`, seeding.TrackID(track.Slug))
	require.Positive(t, other)
	moved := seeding.PassageID(track.Slug, track.Passages[0].Slug)
	_, err = db.SQL.ExecContext(t.Context(), `UPDATE passages SET track_id = (SELECT id FROM tracks WHERE id <> $2 ORDER BY id LIMIT 1) WHERE id = $1`, moved, seeding.TrackID(track.Slug))
	require.NoError(t, err)
	_, err = x.Refresh(t.Context(), plenty)
	require.NoError(t, err)
	require.Zero(t, count(t, db, `
		SELECT count(*) FROM rag_chunks c JOIN rag_documents d ON d.id = c.document_id
		WHERE c.kind IS DISTINCT FROM d.kind OR c.track_id IS DISTINCT FROM d.track_id OR c.visibility <> d.visibility`))

	kinds := [][]Kind{nil, {KindPassage}, {KindCredential, KindPassage}, {KindModelAnswer, KindExemplar}, {KindEssay}, {KindEssay, KindPassage}}
	tracks := []uuid.UUID{uuid.Nil, seeding.TrackID(track.Slug)}
	var byChunk, found int
	for who, reader := range map[string]Reader{
		"nobody": {}, "a learner": as("lena", enums.RoleLearner), "another": as("omar", enums.RoleLearner),
		"an advisor": as("arno", enums.RoleAdvisor), "an admin": as("ada", enums.RoleAdmin), "a job": allSeeing,
	} {
		for _, k := range kinds {
			for _, id := range tracks {
				for _, class := range []Visibility{"", VisibilityPublic} {
					q := Query{Kinds: k, TrackID: id, class: class, Reader: reader}
					var a, b arguments
					got := column(t, db, `SELECT c.id FROM rag_chunks c `+q.narrow(&a)+` ORDER BY c.id`, a)
					want := column(t, db, `SELECT c.id FROM rag_chunks c JOIN rag_documents d ON d.id = c.document_id WHERE `+q.where(&b)+` ORDER BY c.id`, b)
					assert.Equal(t, want, got, "%s %v %v %s", who, k, id, class)
					found += len(want)
					if q.byChunk() {
						byChunk++
					}
				}
			}
		}
	}
	assert.Positive(t, found)
	assert.Positive(t, byChunk)
}

// column reads a column of numbers.
func column(t *testing.T, db *database.DB, text string, args arguments) []int64 {
	t.Helper()
	var list []int64
	require.NoError(t, db.SQL.QueryRowContext(t.Context(), `SELECT array(`+text+`)`, args...).Scan(pq.Array(&list)))
	return list
}
