package recommend

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/internal/bypass"
	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/internal/pgtest"
	"github.com/rubrica/rubrica/rag"
	"github.com/rubrica/rubrica/rag/ragtest"
	"github.com/rubrica/rubrica/seeds"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func system(t testing.TB) context.Context { return bypass.Context(t.Context()) }

// ready returns a recommender over the seed catalogue, with every text embedded by e.
func ready(t testing.TB, e rag.Embedder) (*Recommender, *database.DB) {
	t.Helper()
	db := ragtest.Open(t)
	ragtest.Load(system(t), t, db, ragtest.Catalog(t))
	index := rag.New(db, e, nil)
	_, err := index.Refresh(t.Context(), 1<<20)
	require.NoError(t, err)
	return New(db, index, nil), db
}

// standards are answers of every standard: how far they meet the key points, in turn.
var standards = []struct {
	name    string
	sample  func(seeds.Samples) string
	degrees []float64
}{
	{"perfect", func(s seeds.Samples) string { return s.Strong }, []float64{1}},
	{"strong", func(s seeds.Samples) string { return s.Strong }, []float64{0.9, 0.85, 0.4, 1}},
	{"middling", func(s seeds.Samples) string { return s.Middling }, []float64{0.8, 0.1, 0.5}},
	{"weak", func(s seeds.Samples) string { return s.Weak }, []float64{0.4, 0, 0.1, 0}},
	{"empty", func(seeds.Samples) string { return "" }, []float64{0}},
}

// learner is somebody whose answer to the question has these degrees.
func learner(track seeds.Track, q seeds.Question, answer string, degrees []float64) *Learner {
	l := &Learner{
		ID:    uuid.NewSHA1(uuid.Nil, []byte(q.Slug)),
		Track: Track{ID: ragtest.ID("track", track.Slug), Title: track.Title, Skills: track.Skills},
		Question: Question{
			Prompt: q.Prompt, Level: enums.Level(q.Level), Skills: q.Skills,
		},
	}
	sentences := strings.Split(answer, ". ")
	var met, all float64
	for i, k := range q.Rubric.KeyPoints {
		degree := degrees[i%len(degrees)]
		id := ragtest.ID("key point", q.Slug+"/"+k.Key)
		l.KeyPoints = append(l.KeyPoints, KeyPoint{
			ID: id, Label: k.Label, Degree: degree, Weight: k.Weight, Skills: k.Skills, Confidential: k.Text,
		})
		met, all = met+degree*k.Weight, all+k.Weight
		if degree > 0 {
			l.Quotes = append(l.Quotes, Quote{Text: sentences[i%len(sentences)], KeyPointID: id})
		}
	}
	for _, c := range q.Rubric.Criteria {
		l.Criteria = append(l.Criteria, Criterion{
			ID: ragtest.ID("criterion", q.Slug+"/"+c.Key), Title: c.Title, Trait: enums.Trait(c.Trait), Score: met / all, Weight: c.Weight,
		})
	}
	l.Percent = 100 * met / all
	return l
}

// forEveryAnswer runs fn for each seeded question and each standard.
func forEveryAnswer(t *testing.T, fn func(t *testing.T, name string, q seeds.Question, answer string, l *Learner)) {
	t.Helper()
	for _, track := range ragtest.Catalog(t).Tracks {
		for _, q := range track.Questions {
			for _, s := range standards {
				answer := s.sample(q.Samples)
				fn(t, fmt.Sprintf("%s/%s/%s", track.Slug, q.Slug, s.name), q, answer, learner(track, q, answer, s.degrees))
			}
		}
	}
}

func TestEveryAnswerGetsRecommendations(t *testing.T) {
	t.Parallel()
	r, db := ready(t, ragtest.Model(t))
	var items, lists int
	forEveryAnswer(t, func(t *testing.T, name string, q seeds.Question, answer string, l *Learner) {
		list, err := r.Recommend(system(t), l)
		require.NoError(t, err, name)
		lists, items = lists+1, items+len(list.Items)
		assert.GreaterOrEqual(t, len(list.Items), 3, "%s: %s", name, list.Note)
		assert.LessOrEqual(t, len(list.Items), MaxItems, name)
		assert.False(t, list.Degraded, name)
		assert.Equal(t, "blend@2 all-MiniLM-L6-v2-int8@1", list.ModelVersion)
		assertWellFormed(t, name, list)
		assertSafe(t, name, q, answer, list)

		again, err := r.Recommend(system(t), l)
		require.NoError(t, err, name)
		assert.Equal(t, list, again, name)
	})
	t.Logf("%.2f items a list, %d lists", float64(items)/float64(lists), lists)

	// After a restart: another pool, another index, another recommender.
	restarted, err := database.Open(t.Context(), db.URL, database.Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, restarted.Close()) }()
	other := New(restarted, rag.New(restarted, ragtest.Model(t), nil), nil)
	track := ragtest.Catalog(t).Tracks[0]
	l := learner(track, track.Questions[0], "", []float64{0.3})
	first, err := r.Recommend(system(t), l)
	require.NoError(t, err)
	second, err := other.Recommend(system(t), l)
	require.NoError(t, err)
	assert.Equal(t, first, second)
}

func assertWellFormed(t *testing.T, name string, list *List) {
	t.Helper()
	seen := map[uuid.UUID]bool{}
	for i, item := range list.Items {
		assert.Equal(t, i+1, item.Rank, name)
		assert.False(t, seen[item.CredentialID], name)
		seen[item.CredentialID] = true
		if i > 0 {
			assert.GreaterOrEqual(t, list.Items[i-1].Score, item.Score, name)
		}
		var sum, weights, topical float64
		for _, p := range item.Parts {
			assert.InDelta(t, p.Value*p.Weight, p.Contribution, 1e-12, name)
			assert.True(t, p.Value >= 0 && p.Value <= 1, name)
			sum, weights = sum+p.Contribution, weights+p.Weight
			if p.Signal != enums.SignalLevelFit {
				topical = max(topical, p.Value)
			}
		}
		assert.InDelta(t, item.Score, sum, 1e-9, name)
		assert.InDelta(t, 1, weights, 1e-9, name)
		assert.GreaterOrEqual(t, topical, weakBelow, name)
		assert.NotEmpty(t, item.Traces, name)
		assert.LessOrEqual(t, len(item.Traces), maxTraces, name)
		assert.LessOrEqual(t, len(item.Closes), maxClosed, name)
		assert.Equal(t, 1, strings.Count(item.Rationale, ".")-strings.Count(item.Rationale[:len(item.Rationale)-1], "."), name)
		assert.NotContains(t, item.Rationale, "%!", name)
	}
}

// assertSafe looks for five words in a row of what a learner may not read, in all that is shown.
// Labels of key points are made to be shown, and evidence is what the learner wrote.
func assertSafe(t *testing.T, name string, q seeds.Question, answer string, list *List) {
	t.Helper()
	secret := map[string]bool{}
	for _, k := range q.Rubric.KeyPoints {
		for _, s := range shingles(k.Text) {
			secret[s] = true
		}
	}
	for _, s := range shingles(q.Rubric.ModelAnswer) {
		secret[s] = true
	}
	shown := []string{list.Note, list.ModelVersion}
	for _, item := range list.Items {
		shown = append(shown, item.Rationale)
		shown = append(shown, item.Closes...)
		for _, trace := range item.Traces {
			shown = append(shown, trace.Text, trace.Skill, trace.Criterion)
			own := strings.Join(strings.Fields(answer), " ")
			assert.Contains(t, own, strings.TrimSuffix(trace.Evidence, "…"), "%s: evidence is the learner's own words", name)
		}
	}
	for _, text := range shown {
		for _, k := range q.Rubric.KeyPoints {
			text = strings.ReplaceAll(text, k.Label, " | ")
		}
		for _, s := range shingles(text) {
			assert.False(t, secret[s], "%s shows “%s”", name, s)
		}
	}
}

func shingles(text string) (out []string) {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '|' })
	for i := range len(words) - 4 {
		out = append(out, strings.Join(words[i:i+5], " "))
	}
	return out
}

func TestRecommendationsFollowTheGaps(t *testing.T) {
	t.Parallel()
	r, db := ready(t, ragtest.Model(t))
	height := map[string]float64{} // mean level of a list
	forEveryAnswer(t, func(t *testing.T, name string, _ seeds.Question, _ string, l *Learner) {
		list, err := r.Recommend(system(t), l)
		require.NoError(t, err, name)
		for _, item := range list.Items {
			height[name] += levels[db.Ent.Credential.GetX(system(t), item.CredentialID).Level] / float64(len(list.Items))
		}
		question, standard := path.Split(name)
		switch standard {
		case "empty":
			assert.Contains(t, list.Note, "foundations", name)
			assert.LessOrEqual(t, height[name], height[question+"perfect"], name)
		case "perfect":
			assert.Contains(t, list.Note, "no gap", name)
			assert.NotEmpty(t, list.Items[0].Closes, name)
		default:
			need := needsOf(l, nil)[0]
			assert.False(t, need.Next, "%s: gaps come before next steps", name)
			served := slices.ContainsFunc(list.Items, func(i Item) bool { return slices.Contains(i.Closes, need.Skill) })
			assert.True(t, served || strings.Contains(list.Note, "Nothing in the catalogue teaches"), "%s: %s", name, need.Skill)
		}
	})
}

func TestWithoutVectorsTheOtherSignalsCarry(t *testing.T) {
	t.Parallel()
	db := ragtest.Open(t)
	ragtest.Load(system(t), t, db, ragtest.Catalog(t))
	var broken sync.Map
	index := rag.New(db, ragtest.Words{Hook: func(context.Context, string) error {
		if _, yes := broken.Load(true); yes {
			return errors.New("broken")
		}
		return nil
	}}, nil)
	r := New(db, index, nil)
	track := ragtest.Catalog(t).Tracks[0]
	l := learner(track, track.Questions[0], track.Questions[0].Samples.Weak, []float64{0.2, 0.6})

	degraded := func(why string) *List {
		t.Helper()
		r.keeper.forget()
		list, err := r.Recommend(system(t), l)
		require.NoError(t, err)
		assert.True(t, list.Degraded)
		assert.Contains(t, list.Note, why)
		assert.GreaterOrEqual(t, len(list.Items), 3)
		assertWellFormed(t, why, list)
		assertSafe(t, why, track.Questions[0], track.Questions[0].Samples.Weak, list)
		return list
	}
	none := degraded("could not be compared")
	assert.Equal(t, "blend@2", none.ModelVersion)
	for _, item := range none.Items {
		require.Len(t, item.Parts, 2)
		assert.InDelta(t, 0.36/0.53, item.Parts[0].Weight, 1e-9)
	}

	_, err := index.Refresh(t.Context(), 40) // credentials come before passages, and some are left out
	require.NoError(t, err)
	degraded("are not indexed yet")

	_, err = index.Refresh(t.Context(), 1<<20)
	require.NoError(t, err)
	r.keeper.forget()
	list, err := r.Recommend(system(t), l)
	require.NoError(t, err)
	assert.False(t, list.Degraded)
	assert.Len(t, list.Items[0].Parts, 3)

	broken.Store(true, true)
	assert.Equal(t, none, degraded("could not be compared"), "an embedder that fails is like having no vectors")

	_, err = db.SQL.ExecContext(t.Context(), `DROP TABLE rag_models CASCADE`)
	require.NoError(t, err)
	broken.Delete(true)
	assert.Equal(t, none, degraded("could not be compared"), "so is a broken index")

	ctx, cancel := context.WithCancel(system(t))
	cancel()
	_, err = r.Recommend(ctx, l)
	require.ErrorIs(t, err, context.Canceled)
}

func TestAnEmptyCatalogueIsSaid(t *testing.T) {
	t.Parallel()
	db := ragtest.Open(t)
	track := ragtest.Catalog(t).Tracks[0]
	list, err := New(db, rag.New(db, ragtest.Words{}, nil), nil).
		Recommend(system(t), learner(track, track.Questions[0], "", []float64{0.5}))
	require.NoError(t, err)
	assert.Empty(t, list.Items)
	assert.Contains(t, list.Note, "The catalogue has no credentials yet.")
}

func TestWhatTheCatalogueLacksIsNamed(t *testing.T) {
	t.Parallel()
	r, db := ready(t, ragtest.Words{})
	track := ragtest.Catalog(t).Tracks[0]
	l := learner(track, track.Questions[0], "", []float64{0})
	skill := needsOf(l, nil)[0].Skill
	name := func() string {
		for _, s := range ragtest.Catalog(t).Skills {
			if s.Slug == skill {
				return s.Name
			}
		}
		return ""
	}()
	_, err := db.SQL.ExecContext(t.Context(), `UPDATE credentials SET active = false WHERE $1 = ANY(teaches)`, skill)
	require.NoError(t, err)
	list, err := r.Recommend(system(t), l)
	require.NoError(t, err)
	assert.Contains(t, list.Note, "Nothing in the catalogue teaches "+name)
	for _, item := range list.Items {
		assert.True(t, db.Ent.Credential.GetX(system(t), item.CredentialID).Active)
		assert.NotContains(t, item.Closes, skill)
	}
}

func TestNobodySignedInGetsNothing(t *testing.T) {
	t.Parallel()
	r, _ := ready(t, ragtest.Words{})
	track := ragtest.Catalog(t).Tracks[0]
	_, err := r.Recommend(t.Context(), learner(track, track.Questions[0], "", []float64{0}))
	assert.ErrorContains(t, err, "reading the catalogue")
}
