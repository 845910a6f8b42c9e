package recommend

import (
	"fmt"
	"testing"

	"github.com/google/uuid"
	"github.com/lib/pq"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/rag/ragtest"
)

// Price is given up first, then duration, then level, each only to make up for what is missing.
func TestWishesAreGivenUpInOrder(t *testing.T) {
	wishes := Wishes{FreeOnly: true, Longest: enums.DurationShort, Highest: enums.LevelFoundation}
	n := 0
	one := func(score float64, price enums.Price, duration enums.Duration, level enums.Level) scored {
		n++
		return scored{Candidate: &Candidate{ID: uuid.UUID{byte(n)}, Provider: fmt.Sprint(n), Price: price, Duration: duration, Level: level}, place: n, score: score}
	}
	level := one(0.9, enums.PriceFree, enums.DurationShort, enums.LevelAdvanced)
	duration := one(0.8, enums.PriceFree, enums.DurationLong, enums.LevelFoundation)
	price := one(0.7, enums.PricePaid, enums.DurationShort, enums.LevelFoundation)
	kept := one(0.6, enums.PriceUnknown, enums.DurationUnknown, enums.LevelFoundation)
	more := []scored{kept, one(0.5, enums.PriceFree, enums.DurationShort, enums.LevelFoundation), one(0.4, enums.PriceFree, enums.DurationShort, enums.LevelFoundation)}
	ids := func(list ...scored) (out []uuid.UUID) {
		for _, s := range list {
			out = append(out, s.ID)
		}
		return out
	}
	p := &Profile{Learner: &Learner{}, Past: &Past{Wishes: wishes}}
	assert.Equal(t, ids(more...), ids(pick(append([]scored{level, duration, price}, more...), p)...), "enough keep all wishes")
	assert.Equal(t, ids(price, kept, more[1]), ids(pick([]scored{level, duration, price, kept, more[1]}, p)...), "first the price")
	assert.Equal(t, ids(duration, price, kept), ids(pick([]scored{level, duration, price, kept}, p)...), "then the duration")
	assert.Equal(t, ids(level, duration, price), ids(pick([]scored{level, duration, price}, p)...), "then the level")
	assert.Equal(t, []enums.Constraint{enums.ConstraintPrice}, wishes.violated(price.Candidate))
	assert.Empty(t, wishes.violated(kept.Candidate), "what is not known is taken to fit")
	assert.Contains(t, open(&wishes, kept.Candidate), "not known")

	weak := one(0.9, enums.PriceFree, enums.DurationShort, enums.LevelFoundation)
	weak.weak = true
	assert.Equal(t, ids(kept), ids(pick([]scored{weak, kept}, p)...), "nothing weak makes up for it")
}

func TestOrderOfLearning(t *testing.T) {
	p := &Profile{Learner: &Learner{}, Past: &Past{}}
	item := func(id byte, level enums.Level, hours float64, teaches, requires []string) scored {
		return scored{Candidate: &Candidate{ID: uuid.UUID{id}, Level: level, Hours: hours, Teaches: teaches, Requires: requires}, place: int(id)}
	}
	s := func(words ...string) []string { return words }
	items := []scored{
		item(1, enums.LevelIntermediate, 5, s("c"), s("b")),
		item(2, enums.LevelIntermediate, 50, s("b"), s("a")),
		item(3, enums.LevelFoundation, 90, s("a"), nil),
		item(4, enums.LevelFoundation, 10, s("x"), nil),
		item(5, enums.LevelAdvanced, 1, s("y"), nil),
	}
	assert.Equal(t, []int{4, 3, 2, 1, 5}, steps(p, items), "what leads up to it, then the level, then the hours")
	circle := []scored{
		item(1, enums.LevelFoundation, 9, s("a"), s("b")), item(2, enums.LevelFoundation, 3, s("b"), s("a")), item(3, enums.LevelFoundation, 1, s("z"), s("a")),
	}
	got := steps(p, circle)
	assert.ElementsMatch(t, []int{1, 2, 3}, got, "a circle is broken")
	assert.Equal(t, got, steps(p, circle))
	assert.Empty(t, steps(p, nil))
}

func TestSimplexIsTheNearestPoint(t *testing.T) {
	assert.InDeltaSlice(t, []float64{0.5, 0.5, 0}, simplex([]float64{1, 1, -3}, 1), 1e-12)
	assert.InDeltaSlice(t, []float64{0.2, 0.3, 0.5}, simplex([]float64{0.2, 0.3, 0.5}, 1), 1e-12)
	w := allowed([5]float64{0, 0, 0, 0, 5})
	assert.InDelta(t, maxPopular, w[4], 1e-12)
	var sum float64
	for _, v := range w {
		sum += v
	}
	assert.InDelta(t, 1, sum, 1e-12)
}

// What learners take up tells which signal to believe.
func TestWeightsFollowWhatIsTakenUp(t *testing.T) {
	semantic := choice{taken: [5]float64{0.2, 0.9, Unknown, 0.5, 0.1}, others: [][5]float64{{0.9, 0.2, Unknown, 0.5, 0.1}, {0.5, 0.3, Unknown, 0.5, 0.9}}}
	var choices []choice
	for range 2000 {
		choices = append(choices, semantic)
	}
	w := fitWeights(choices, 100)
	require.NotNil(t, w)
	assert.Greater(t, w[enums.SignalSemantic], 2*DefaultWeights[enums.SignalSemantic])
	assert.Less(t, w[enums.SignalSkillGap], DefaultWeights[enums.SignalSkillGap])
	assert.LessOrEqual(t, w[enums.SignalPopularity], maxPopular)
	assert.Equal(t, w, fitWeights(choices, 100))
	assert.Nil(t, fitWeights(choices, fitLearners-1), "few learners prove nothing")
	assert.Nil(t, fitWeights(choices[:fitChoices-1], 100))
	few := fitWeights(choices[:fitChoices], 100)
	assert.Less(t, few[enums.SignalSemantic], w[enums.SignalSemantic], "the default holds against a few")
}

// someone is a user with the id of a learner.
func someone(t testing.TB, db *database.DB, id uuid.UUID) {
	t.Helper()
	_, err := db.Ent.User.Create().SetID(id).SetEmail(id.String() + "@example.org").SetName("Someone").SetRole(enums.RoleLearner).Save(system(t))
	require.NoError(t, err)
}

// did records a deed and notes the change.
func did(t testing.TB, db *database.DB, learner, credential uuid.UUID, kind enums.InteractionKind) {
	t.Helper()
	require.NoError(t, db.InTx(system(t), func(tx *database.Tx) error {
		create := tx.Ent.Interaction.Create().SetOwnerID(learner).SetCredentialID(credential).SetKind(kind)
		if kind == enums.InteractionRated {
			create.SetRating(4)
		}
		if err := create.Exec(system(t)); err != nil {
			return err
		}
		_, err := Changed(system(t), tx.SQL, learner)
		return err
	}))
}

func TestWhatIsGoneDoesNotComeBack(t *testing.T) {
	t.Parallel()
	r, db := ready(t, ragtest.Words{})
	track := ragtest.Catalog(t).Tracks[0]
	l := learner(track, track.Questions[0], "", []float64{0.2, 0.6})
	someone(t, db, l.ID)
	gone := map[uuid.UUID]AbsenceReason{}
	for _, kind := range []enums.InteractionKind{enums.InteractionDismissed, enums.InteractionCompleted, enums.InteractionEnrolled, enums.InteractionRated} {
		list, err := r.Recommend(system(t), l)
		require.NoError(t, err)
		first := list.Items[0].CredentialID
		did(t, db, l.ID, first, kind)
		gone[first] = settled[kind]
	}
	list, err := r.Recommend(system(t), l)
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(list.Items), leastItems)
	for _, item := range list.Items {
		assert.NotContains(t, gone, item.CredentialID)
	}
	for id, reason := range gone {
		a, err := r.WhyNot(system(t), l, id)
		require.NoError(t, err)
		assert.Equal(t, reason, a.Reason)
		assert.NotEmpty(t, a.Text)
		assert.Positive(t, a.Place)
		assertAddsUp(t, a)
	}

	saved := list.Items[0].CredentialID
	did(t, db, l.ID, saved, enums.InteractionSaved)
	again, err := r.Recommend(system(t), l)
	require.NoError(t, err)
	assert.True(t, has(again, saved), "what was saved may be recommended")
}

func has(list *List, id uuid.UUID) bool {
	for _, item := range list.Items {
		if item.CredentialID == id {
			return true
		}
	}
	return false
}

func assertAddsUp(t *testing.T, a *Absence) {
	t.Helper()
	var sum float64
	for _, p := range a.Parts {
		sum += p.Contribution
	}
	assert.InDelta(t, a.Score, sum, 1e-9)
}

// Every credential of the catalogue gets an answer, and the answers fit the list.
func TestWhyNot(t *testing.T) {
	t.Parallel()
	r, db := ready(t, ragtest.Model(t))
	track := ragtest.Catalog(t).Tracks[0]
	l := learner(track, track.Questions[0], "", []float64{0.2, 0.6})
	someone(t, db, l.ID)
	_, err := db.Ent.Preference.Create().SetOwnerID(l.ID).SetFreeOnly(true).SetInterests(pq.StringArray{}).Save(system(t))
	require.NoError(t, err)
	list, err := r.Recommend(system(t), l)
	require.NoError(t, err)
	seen := map[AbsenceReason]int{}
	places := map[int]bool{}
	listed := map[int]uuid.UUID{}
	for _, c := range ragtest.Catalog(t).Credentials {
		id := ragtest.ID("credential", c.Slug)
		a, err := r.WhyNot(system(t), l, id)
		require.NoError(t, err)
		seen[a.Reason]++
		assert.False(t, places[a.Place])
		places[a.Place] = true
		assert.NotEmpty(t, a.Text)
		assert.NotContains(t, a.Text, "%!")
		assertAddsUp(t, a)
		switch a.Reason {
		case AbsenceListed:
			listed[a.Rank] = id
		case AbsenceCrowdedOut:
			assert.True(t, has(list, a.InFavour))
		case AbsenceConstraint:
			assert.Equal(t, []enums.Constraint{enums.ConstraintPrice}, a.Violates)
		}
	}
	for _, item := range list.Items {
		assert.Equal(t, item.CredentialID, listed[item.Rank])
		assert.Empty(t, item.Relaxed)
	}
	assert.Len(t, listed, len(list.Items))
	assert.Positive(t, seen[AbsenceWeak])
	assert.Positive(t, seen[AbsenceConstraint])
	t.Log(seen)

	inactive := list.Items[0].CredentialID
	db.Ent.Credential.UpdateOneID(inactive).SetActive(false).ExecX(system(t))
	r.keeper.forget()
	a, err := r.WhyNot(system(t), l, inactive)
	require.NoError(t, err)
	assert.Equal(t, AbsenceInactive, a.Reason)
	_, err = r.WhyNot(system(t), l, uuid.New())
	assert.ErrorIs(t, err, ErrNoCredential)
}

// When few are free, paid ones make up for it and say so.
func TestRelaxedItemsSaySo(t *testing.T) {
	t.Parallel()
	r, db := ready(t, ragtest.Words{})
	track := ragtest.Catalog(t).Tracks[0]
	l := learner(track, track.Questions[0], "", []float64{0.2, 0.6})
	someone(t, db, l.ID)
	db.Ent.Credential.Update().SetPrice(enums.PricePaid).ExecX(system(t))
	_, err := db.Ent.Preference.Create().SetOwnerID(l.ID).SetFreeOnly(true).SetInterests(pq.StringArray{"no-such-skill"}).Save(system(t))
	require.NoError(t, err)
	list, err := r.Recommend(system(t), l)
	require.NoError(t, err)
	require.Len(t, list.Items, leastItems)
	for _, item := range list.Items {
		assert.Equal(t, []enums.Constraint{enums.ConstraintPrice}, item.Relaxed)
		assert.Contains(t, item.Rationale, "it is not free")
	}
	assert.Contains(t, list.Note, "the price is not kept everywhere")
	assert.Contains(t, list.Unserved, "no-such-skill")
	assert.Contains(t, list.Note, "Nothing in the catalogue teaches")
}

func TestInterestsAreServed(t *testing.T) {
	t.Parallel()
	r, db := ready(t, ragtest.Words{})
	track := ragtest.Catalog(t).Tracks[0]
	l := learner(track, track.Questions[0], "", []float64{0.9})
	someone(t, db, l.ID)
	before, err := r.Recommend(system(t), l)
	require.NoError(t, err)
	taught := func(list *List, skill string) (n int) {
		for _, item := range list.Items {
			for _, s := range db.Ent.Credential.GetX(system(t), item.CredentialID).Teaches {
				if s == skill {
					n++
				}
			}
		}
		return n
	}
	var interest string
	for _, c := range ragtest.Catalog(t).Credentials {
		if skill := c.Teaches[0]; taught(before, skill) == 0 {
			interest = skill
			break
		}
	}
	require.NotEmpty(t, interest)
	_, err = db.Ent.Preference.Create().SetOwnerID(l.ID).SetInterests(pq.StringArray{interest}).Save(system(t))
	require.NoError(t, err)
	after, err := r.Recommend(system(t), l)
	require.NoError(t, err)
	assert.Positive(t, taught(after, interest), interest)
	assert.NotContains(t, after.Unserved, interest)
}
