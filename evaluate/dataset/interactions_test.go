package dataset

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func fileOf(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file.csv")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestInteractions(t *testing.T) {
	want := []Interaction{
		{User: "a", Item: "x", Rated: true, Value: 5, At: time.Unix(881250949, 0).UTC()},
		{User: "b", Item: "ü", Rated: true, Value: 1.5, At: time.Date(2025, 3, 1, 12, 0, 0, 0, time.UTC)},
	}
	for name, text := range map[string]string{
		"plain":              "user,item,rating,time\na,x,5,881250949\nb,ü,1.5,2025-03-01T12:00:00Z\n",
		"another order":      "time,rating,item,user\n881250949,5,x,a\n2025-03-01 12:00:00,1.5,ü,b\n",
		"names of other use": "\ufeffUser_ID,item_id,Rating,timestamp\r\na,x,5,881250949\r\nb,ü,1.5,2025-03-01T12:00:00Z\r\n",
		"tabulators":         "user\titem\trating\ttime\na\tx\t5\t881250949\nb\tü\t1.5\t2025-03-01T12:00:00Z\n",
		"further columns":    "user,item,rating,time,note\na,x,5,881250949,\nb,ü,1.5,2025-03-01T12:00:00Z,\"a, b\"\n",
	} {
		got, err := Interactions(fileOf(t, text))
		require.NoError(t, err, name)
		assert.Equal(t, want, got, name)
	}
	got, err := Interactions(fileOf(t, "user,item,weight,time\na,x,-0.5,2025-03-01\n"))
	require.NoError(t, err)
	assert.Equal(t, []Interaction{{User: "a", Item: "x", Value: -0.5, At: time.Date(2025, 3, 1, 0, 0, 0, 0, time.UTC)}}, got)
}

func TestInteractionsThatCannotBe(t *testing.T) {
	head := "user,item,rating,time\na,x,5,1\n"
	for name, c := range map[string]struct{ text, says string }{
		"empty":             {"", "empty"},
		"no rows":           {"user,item,rating,time\n", "no rows"},
		"no item":           {"user,rating,time\na,5,1\n", `line 1: there is no column "item"; the header has user, rating, time`},
		"no rating":         {"user,item,time\na,x,1\n", "line 1: there must be a column rating"},
		"rating and weight": {"user,item,time,rating,weight\na,x,1,1,1\n", "one of them only"},
		"a column twice":    {"user,item,time,rating,user\na,x,1,1,1\n", "twice"},
		"rating too high":   {head + "a,y,6,1\n", "line 3: rating is 6, outside of 1 to 5"},
		"rating too low":    {head + "a,y,0,1\n", "line 3: rating is 0"},
		"no number":         {head + "a,y,good,1\n", `line 3: rating is "good", not a number`},
		"NaN":               {head + "a,y,NaN,1\n", "line 3"},
		"no user":           {head + ",y,5,1\n", "line 3: user is empty"},
		"a long id":         {head + strings.Repeat("a", 201) + ",y,5,1\n", "line 3: user has 201 bytes"},
		"no time":           {head + "a,y,5,yesterday\n", `line 3: time is "yesterday"`},
		"a short row":       {head + "a,y,5\n", "line 3: wrong number of fields"},
		"Latin-1":           {head + "a,caf\xe9,5,1\n", "line 3: field 2 is not UTF-8"},
		"UTF-16":            {"\xff\xfeu\x00s\x00e\x00r\x00", "not UTF-8"},
		"binary":            {"user,item,rating,time\na,\x00,5,1\n", "zero byte"},
		"one endless line":  {head + strings.Repeat("a", 2<<20), "this is no CSV"},
	} {
		_, err := Interactions(fileOf(t, c.text))
		require.ErrorIs(t, err, ErrFile, name)
		assert.ErrorContains(t, err, c.says, name)
	}
	_, err := Interactions(filepath.Join(t.TempDir(), "none.csv"))
	require.ErrorIs(t, err, ErrFile)
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestItemsAndPeople(t *testing.T) {
	items, err := Items(fileOf(t, "item,teaches,level,vector\nx,go; sql;go,2,0.5 -1\ny,,,\n"))
	require.NoError(t, err)
	require.Len(t, items, 2)
	assert.Equal(t, CatalogueItem{ID: "x", Teaches: []string{"go", "sql"}, Level: 2, Vector: []float64{0.5, -1}}, items[0])
	assert.True(t, math.IsNaN(items[1].Level))
	assert.Empty(t, items[1].Vector)

	people, err := People(fileOf(t, "user,needs,level\na,go:0.5;sql:1,0.25\nb,,\n"))
	require.NoError(t, err)
	assert.Equal(t, KnownPerson{ID: "a", Needs: map[string]float64{"go": 0.5, "sql": 1}, Level: 0.25}, people[0])

	for name, text := range map[string]string{
		"twice": "item\nx\nx\n", "level": "item,level\nx,3\n", "vector": "item,vector\nx,1 2\ny,1\n", "words": "item,vector\nx,one\n",
	} {
		_, err := Items(fileOf(t, text))
		require.ErrorIs(t, err, ErrFile, name)
		assert.ErrorContains(t, err, "line ", name)
	}
	for name, text := range map[string]string{"no size": "user,needs\na,go\n", "size": "user,needs\na,go:2\n"} {
		_, err := People(fileOf(t, text))
		require.ErrorIs(t, err, ErrFile, name)
	}
}
