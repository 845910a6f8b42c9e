package evaluate

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/recommend/collaborative"
	"github.com/rubrica/rubrica/recommend/generate"
)

var smallSchool = generate.Options{Users: 300, Items: 150, Interactions: 9000, Seed: 3}

func written(t *testing.T, name string, write func(io.Writer) error) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	var b strings.Builder
	require.NoError(t, write(&b))
	require.NoError(t, os.WriteFile(path, []byte(b.String()), 0o600))
	return path
}

// untimed is a report without what differs from run to run.
func untimed(t *testing.T, r *Report) string {
	t.Helper()
	copied := *r
	copied.Tables = slices.DeleteFunc(slices.Clone(r.Tables), func(t Table) bool { return t.Timing })
	text, err := json.Marshal(&copied)
	require.NoError(t, err)
	return string(text)
}

func TestRecommendOnFiles(t *testing.T) {
	d, err := generate.Make(smallSchool)
	require.NoError(t, err)
	o := RecommendOptions{
		Interactions: written(t, "interactions.csv", d.WriteInteractions),
		Items:        written(t, "items.csv", d.WriteItems),
		People:       written(t, "people.csv", d.WritePeople),
	}
	r, err := Recommend(t.Context(), o)
	require.NoError(t, err)
	assert.True(t, r.Met(), "nothing is asked of a file")
	rows := map[string][]any{}
	for _, row := range r.Tables[0].Rows {
		rows[row[0].(string)] = row
	}
	ndcg := func(label string) float64 {
		require.Contains(t, rows, label)
		return rows[label][4].(float64)
	}
	popular := max(ndcg("popularity, counted"), ndcg("popularity, damped"))
	assert.Greater(t, ndcg("EASE"), popular)
	assert.Greater(t, ndcg("item-KNN"), popular)
	assert.Greater(t, ndcg("blend"), popular*1.3)
	for _, label := range []string{"user-KNN", "skill gap", "level fit", "semantic"} {
		assert.Contains(t, rows, label)
	}
	for label, row := range rows {
		for at := 1; at < len(row); at += 3 {
			value, low, high := row[at].(float64), row[at+1].(float64), row[at+2].(float64)
			assert.True(t, low <= value && value <= high && low >= 0 && high <= 1, "%s: %v in %v to %v", label, value, low, high)
		}
	}

	// Rows in another order give the same figures.
	for i, j := 0, len(d.Interactions)-1; i < j; i, j = i+1, j-1 {
		d.Interactions[i], d.Interactions[j] = d.Interactions[j], d.Interactions[i]
	}
	o.Interactions = written(t, "interactions.csv", d.WriteInteractions)
	again, err := Recommend(t.Context(), o)
	require.NoError(t, err)
	assert.Equal(t, untimed(t, r), untimed(t, again))

	// Without items there are the collaborative parts, and the report says why no others.
	o.Items, o.People = "", ""
	bare, err := Recommend(t.Context(), o)
	require.NoError(t, err)
	assert.Contains(t, bare.About, "without a file of items")
	assert.Contains(t, bare.Text(), "EASE")
	assert.NotContains(t, bare.Text(), "skill gap  ")
}

func TestRecommendWithAUserOfManyItems(t *testing.T) {
	var b strings.Builder
	b.WriteString("user,item,weight,time\n")
	for i := range 50_000 {
		fmt.Fprintf(&b, "collector,i%d,1,%d\n", i, i)
	}
	for u := range 40 {
		for i := range 5 {
			fmt.Fprintf(&b, "u%d,i%d,1,%d\n", u, (u*7+i*i)%50, i)
		}
	}
	r, err := Recommend(t.Context(), RecommendOptions{Interactions: written(t, "many.csv", func(w io.Writer) error {
		_, err := io.WriteString(w, b.String())
		return err
	})})
	require.NoError(t, err)
	assert.Contains(t, r.About, "EASE takes up to 5000 items, not 50000")
}

func TestRecommendOnNearlyNothing(t *testing.T) {
	of := func(text string) string {
		return written(t, "few.csv", func(w io.Writer) error {
			_, err := io.WriteString(w, text)
			return err
		})
	}
	_, err := Recommend(t.Context(), RecommendOptions{Interactions: of("user,item,weight,time\na,x,1,1\nb,y,1,1\n")})
	require.ErrorIs(t, err, errTooFew)
	_, err = Recommend(t.Context(), RecommendOptions{Interactions: of("user,item,weight,time\na,x,1,1\na,y,-1,1\n")})
	require.ErrorIs(t, err, errTooFew, "a dismissal is nothing to find again")
	r, err := Recommend(t.Context(), RecommendOptions{Interactions: of("user,item,weight,time\na,x,1,1\na,y,1,1\nb,y,1,1\nb,x,1,1\n")})
	require.NoError(t, err)
	assert.Contains(t, r.About, "all parts count alike")
}

// What is left out must not be seen by what is fitted.
func TestHold(t *testing.T) {
	c, err := planted(smallSchool)
	require.NoError(t, err)
	p := pairsOf(c.events)
	s, left, err := p.hold(1, one)
	require.NoError(t, err)
	assert.Len(t, s.targets, smallSchool.Users)
	assert.Equal(t, smallSchool.Interactions-smallSchool.Users, s.m.Count())
	assert.Len(t, s.m.Items(), len(p.items), "an item that only the target had is still there to be found")
	inner, _, err := left.hold(2, few)
	require.NoError(t, err)
	of := map[int]target{}
	for _, x := range s.targets {
		of[x.user] = x
	}
	for _, x := range inner.targets {
		outer := of[x.user]
		assert.NotContains(t, x.items, outer.items[0], "nothing is chosen on what is reported")
		assert.NotContains(t, s.m.Taken(x.user), int32(outer.items[0]))
		for _, i := range x.items {
			assert.NotContains(t, inner.m.Taken(x.user), int32(i))
			assert.NotContains(t, x.seen, int32(i))
		}
	}
	again, _, err := pairsOf(c.events).hold(1, one)
	require.NoError(t, err)
	assert.Equal(t, s.targets, again.targets)
}

func TestRanks(t *testing.T) {
	x := &target{items: []int{4}, seen: []int32{0}}
	scores := []float64{9, 3, 1, 2, 2, 2}
	hide(x, scores)
	assert.Equal(t, 3, rankOf(x, scores, 4), "behind 3 and the equal one before it; what was seen is not ranked")
	assert.Equal(t, []int{1, 3, 4, 5, 2}, best(scores))
	many := make([]float64, 50)
	for i := range many {
		many[i] = float64(i * 7 % 50)
	}
	list := best(many)
	require.Len(t, list, listed)
	for n, i := range list {
		assert.InDelta(t, float64(49-n), many[i], 0)
	}
	two := &target{items: []int{3, 4}}
	assert.Equal(t, 2, rankOf(two, []float64{0, 3, 1, 2, 2, 2}, 4), "another target is not in the way")
	assert.InDelta(t, 1, gain(1), 0)
	assert.InDelta(t, 1/math.Log2(11), gain(10), 1e-12)
}

func TestNoveltyAndDiversity(t *testing.T) {
	a, b, c, d := idOf("a"), idOf("b"), idOf("c"), idOf("d")
	event := func(user, item string) collaborative.Event {
		return collaborative.Event{User: idOf(user), Item: idOf(item), Kind: collaborative.Weighed, Value: 1}
	}
	m, err := collaborative.NewInteractions([]collaborative.Event{
		event("1", "a"), event("2", "a"), event("3", "a"), event("4", "a"), event("1", "b"), event("2", "b"), event("3", "c"), event("4", "d"),
	}, collaborative.Options{})
	require.NoError(t, err)
	s := &holdout{m: m}
	number := func(id [16]byte) int {
		n, ok := m.Item(id)
		require.True(t, ok)
		return n
	}
	assert.InDelta(t, (0.0+1+2)/3, novelty(s, []int{number(a), number(b), number(c)}), 1e-12)
	assert.InDelta(t, 1-2/math.Sqrt(8), diversity(s, []int{number(a), number(b)}), 1e-12)
	assert.InDelta(t, 1, diversity(s, []int{number(c), number(d)}), 1e-12)
}
