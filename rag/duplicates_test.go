package rag

import (
	"crypto/sha256"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/internal/seeding"
	"github.com/rubrica/rubrica/internal/viewer"
	"github.com/rubrica/rubrica/rag/ragtest"
	"github.com/rubrica/rubrica/seeds"
)

// seeded returns a database with the people of the seeds and their first track, which is returned too:
// questions, reference answers and passages.
func seeded(t testing.TB) (*database.DB, seeds.Track) {
	t.Helper()
	db := ragtest.Open(t)
	catalog := *ragtest.Catalog(t)
	catalog.Credentials, catalog.Tracks = catalog.Credentials[:10], slices.Clone(catalog.Tracks)
	for i := range catalog.Tracks[1:] {
		catalog.Tracks[i+1].Questions, catalog.Tracks[i+1].Passages = nil, nil
	}
	_, err := seeding.Load(system(t), db, &catalog, seeding.Options{People: true})
	require.NoError(t, err)
	return db, catalog.Tracks[0]
}

// submit adds an essay that no worker scores.
func submit(t testing.TB, db *database.DB, owner string, question uuid.UUID, text string) uuid.UUID {
	t.Helper()
	hash := sha256.Sum256([]byte(question.String() + text))
	return db.Ent.Essay.Create().SetOwnerID(seeding.UserID(owner)).SetQuestionID(question).SetText(text).
		SetWords(len(strings.Fields(text))).SetBodyHash(hash[:]).SaveX(system(t)).ID
}

func as(user string, role enums.Role) Reader {
	return Reader{Viewer: &viewer.Viewer{ID: seeding.UserID(user), Role: role}}
}

var allSeeing = Reader{System: true}

// edited is a copy in which about every tenth word was replaced, dropped or followed by another.
func edited(text string, seed uint64) string {
	r := rand.New(rand.NewPCG(seed, 1))
	var out []string
	for _, w := range strings.Fields(text) {
		switch r.IntN(30) {
		case 0:
			out = append(out, "something")
		case 1:
		case 2:
			out = append(out, w, "indeed")
		default:
			out = append(out, w)
		}
	}
	return strings.Join(out, " ")
}

// byRef is what was found, by the id of the essay or reference answer.
func byRef(list []Duplicate) map[uuid.UUID]Duplicate {
	found := map[uuid.UUID]Duplicate{}
	for _, d := range list {
		found[d.RefID] = d
	}
	return found
}

// The thresholds are held against the seeds: copies of model answers, as they are and lightly edited,
// are near, and no two different reference answers are.
func TestCopiesAreToldFromIndependentAnswers(t *testing.T) {
	t.Parallel()
	db, track := seeded(t)
	type pair struct{ copied, edited, strong uuid.UUID }
	pairs := make([]pair, len(track.Questions))
	for i, q := range track.Questions {
		question := seeding.QuestionID(track.Slug, q.Slug)
		pairs[i] = pair{
			submit(t, db, "lena", question, "  "+strings.ToUpper(q.Rubric.ModelAnswer)+"\n"),
			submit(t, db, "omar", question, edited(q.Rubric.ModelAnswer, uint64(i))),
			submit(t, db, "ada", question, q.Samples.Strong),
		}
	}
	x := New(db, ragtest.Model(t), nil)
	_, err := x.Refresh(t.Context(), plenty)
	require.NoError(t, err)

	independent := func(d Duplicate) {
		assert.False(t, d.Near, "%+v", d)
		assert.Less(t, d.Score, 0.5, "%+v", d)
	}
	for i, q := range track.Questions {
		reference := func(kind enums.ReferenceKind) uuid.UUID {
			return seeding.ReferenceAnswerID(track.Slug, q.Slug, q.Rubric.Version, kind)
		}
		p := pairs[i]
		duplicates := func(essay uuid.UUID) map[uuid.UUID]Duplicate {
			list, err := x.Duplicates(t.Context(), essay, allSeeing, MaxDuplicates)
			require.NoError(t, err)
			require.Len(t, list, 6, "the question's two other essays, its model answer and three samples")
			for j, d := range list {
				assert.InDelta(t, (d.Cosine+d.Containment)/2, d.Score, 1e-12)
				if j > 0 {
					assert.GreaterOrEqual(t, list[j-1].Score, d.Score)
				}
			}
			return byRef(list)
		}
		for _, essay := range []uuid.UUID{p.copied, p.edited} {
			found := duplicates(essay)
			near := found[reference(enums.ReferenceModel)]
			assert.True(t, near.Near, "%s: %+v", q.Slug, near)
			assert.Equal(t, KindModelAnswer, near.Kind)
			assert.Greater(t, near.Score, 0.7)
			for _, kind := range []enums.ReferenceKind{enums.ReferenceStrong, enums.ReferenceMiddling, enums.ReferenceWeak} {
				independent(found[reference(kind)])
			}
			independent(found[p.strong])
		}
		assert.True(t, duplicates(p.copied)[p.edited].Near, "an essay copied from an essay")
		found := duplicates(p.strong)
		same := found[reference(enums.ReferenceStrong)]
		assert.InDelta(t, 1, same.Containment, 1e-12)
		assert.True(t, same.Near)
		independent(found[reference(enums.ReferenceModel)])
		independent(found[reference(enums.ReferenceMiddling)])
		independent(found[reference(enums.ReferenceWeak)])
	}
}

func TestDuplicatesShowWhatTheReaderMayRead(t *testing.T) {
	t.Parallel()
	db, track := seeded(t)
	q, other := seeding.QuestionID(track.Slug, track.Questions[0].Slug), seeding.QuestionID(track.Slug, track.Questions[1].Slug)
	text := track.Questions[0].Samples.Strong
	mine, again := submit(t, db, "lena", q, text), submit(t, db, "lena", q, text+" And more.")
	theirs := submit(t, db, "omar", q, text)
	elsewhere := submit(t, db, "omar", other, text)
	x := New(db, ragtest.Words{}, nil)

	_, err := x.Duplicates(t.Context(), mine, allSeeing, 0)
	require.ErrorIs(t, err, ErrNotIndexed, "nothing was ever embedded")
	_, err = x.Refresh(t.Context(), 1)
	require.NoError(t, err)
	_, err = x.Duplicates(t.Context(), mine, allSeeing, 0)
	require.ErrorIs(t, err, ErrNotIndexed, "it has no vectors yet")
	_, err = x.Refresh(t.Context(), plenty)
	require.NoError(t, err)

	seen := func(r Reader) map[uuid.UUID]Duplicate {
		list, err := x.Duplicates(t.Context(), mine, r, MaxDuplicates)
		require.NoError(t, err)
		found := byRef(list)
		assert.NotContains(t, found, elsewhere, "never across questions")
		assert.NotContains(t, found, mine)
		return found
	}
	all := seen(as("ada", enums.RoleAdmin))
	assert.Len(t, all, 6)
	assert.True(t, all[again].Near)
	assert.True(t, all[again].SameOwner)
	assert.True(t, all[theirs].Near)
	assert.False(t, all[theirs].SameOwner)
	assert.Equal(t, seeding.UserID("omar"), all[theirs].OwnerID)

	advised := seen(as("arno", enums.RoleAdvisor))
	assert.Len(t, advised, 5, "reference answers, and the essays of their own learners")
	assert.NotContains(t, advised, theirs)

	own := seen(as("lena", enums.RoleLearner))
	assert.Len(t, own, 1, "neither other people's essays nor reference answers")
	assert.Contains(t, own, again)

	_, err = x.Duplicates(t.Context(), theirs, as("lena", enums.RoleLearner), 0)
	require.ErrorIs(t, err, ErrNotIndexed, "a learner cannot tell that it exists")
	_, err = x.Duplicates(t.Context(), mine, Reader{}, 0)
	require.ErrorIs(t, err, ErrNotIndexed)
	_, err = x.Duplicates(t.Context(), uuid.New(), allSeeing, 0)
	require.ErrorIs(t, err, ErrNotIndexed)
	_, err = x.Duplicates(t.Context(), mine, allSeeing, MaxDuplicates+1)
	require.ErrorIs(t, err, ErrQuery)
	list, err := x.Duplicates(t.Context(), mine, allSeeing, 2)
	require.NoError(t, err)
	assert.Len(t, list, 2)
}

// What the question says, every answer may repeat.
func TestTheQuestionsOwnWordsAreNoCopy(t *testing.T) {
	t.Parallel()
	prompt := runsOf("Explain how a database index speeds up a query, and what it costs.", nil)
	one := runsOf("Explain how a database index speeds up a query, and what it costs. It keeps keys in order.", prompt)
	two := runsOf("A database index speeds up a query and what it costs is slower writes!", prompt)
	var d Duplicate
	d.compareWords(one, two)
	assert.Zero(t, d.Shared)
	assert.False(t, d.Near)
	d = Duplicate{Cosine: 1}
	d.compareWords(runsOf("I do not know that.", nil), runsOf("I do not know that!", nil))
	assert.InDelta(t, 1, d.Containment, 0)
	assert.False(t, d.Near, "short answers say the same in the same words")
}
