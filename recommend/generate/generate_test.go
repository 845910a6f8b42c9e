package generate

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMakeIsRepeatable(t *testing.T) {
	o := Options{Users: 60, Items: 120, Interactions: 1500, Seed: 7}
	a, err := Make(o)
	require.NoError(t, err)
	b, err := Make(o)
	require.NoError(t, err)
	assert.Equal(t, a, b)
	o.Seed = 8
	c, err := Make(o)
	require.NoError(t, err)
	assert.NotEqual(t, a.Interactions, c.Interactions)
}

func TestMakeIsOfTheSizeAndShapeOfMovieLens(t *testing.T) {
	d, err := Make(MovieLens100K)
	require.NoError(t, err)
	require.Len(t, d.Interactions, 100_000)
	require.Len(t, d.People, 943)
	require.Len(t, d.Items, 1682)
	users, items := map[string]int{}, map[string]int{}
	pairs := map[[2]string]bool{}
	for i, x := range d.Interactions {
		users[x.User]++
		items[x.Item]++
		pairs[[2]string{x.User, x.Item}] = true
		require.True(t, x.Rating >= 1 && x.Rating <= 5)
		if i > 0 && d.Interactions[i-1].User == x.User {
			require.False(t, x.At.Before(d.Interactions[i-1].At))
		}
	}
	assert.Len(t, pairs, 100_000, "no pair twice")
	require.Len(t, users, 943)
	counts := []int{}
	for _, n := range users {
		require.GreaterOrEqual(t, n, LeastEach)
	}
	for _, n := range items {
		counts = append(counts, n)
	}
	slices.Sort(counts)
	slices.Reverse(counts)
	assert.Greater(t, counts[0], 400, "fame is skewed")
	assert.Less(t, counts[len(counts)/2], 60, "and most items have few takers")
}

func TestImpossibleSizes(t *testing.T) {
	for _, o := range []Options{
		{}, {Users: 5, Items: 100, Interactions: 100}, {Users: 100, Items: 100, Interactions: 1999}, {Users: 100, Items: 100, Interactions: 2501},
		{Users: 100_000, Items: 100_000, Interactions: 2_000_000}, {Users: 100_001, Items: 50, Interactions: 2_000_020}, {Users: 100, Items: 10, Interactions: 2000},
	} {
		_, err := Make(o)
		assert.ErrorIs(t, err, ErrOptions, "%+v", o)
	}
}

func TestCSV(t *testing.T) {
	d, err := Make(Options{Users: 20, Items: 90, Interactions: 400, Seed: 1})
	require.NoError(t, err)
	var b strings.Builder
	require.NoError(t, d.WriteInteractions(&b))
	assert.Equal(t, 401, strings.Count(b.String(), "\n"))
	assert.True(t, strings.HasPrefix(b.String(), "user,item,rating,time\nuser-00001,item-"), b.String()[:60])
}
