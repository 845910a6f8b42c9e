package evaluate_test

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/evaluate"
)

func report() *evaluate.Report {
	t := evaluate.Table{Key: "t", Title: "A table", Note: "How to read it.", Columns: []evaluate.Column{
		{Key: "name", Label: "name"}, {Key: "n", Label: "n"}, {Key: "v", Label: "value", Digits: 2},
	}}
	t.Add("a|b", 7, .12345)
	t.Add("long name", 1234, math.NaN())
	times := evaluate.Table{Key: "speed", Title: "Speed", Timing: true, Columns: []evaluate.Column{{Key: "ms", Label: "ms", Digits: 1}}}
	times.Add(1.5)
	return &evaluate.Report{
		Name: "x", Title: "An experiment", Command: "rubrica evaluate x", About: "What it is.",
		Goals: []evaluate.Goal{
			evaluate.AtLeast("q", "kappa", .8, .78), evaluate.AtMost("e", "error", .5, .495),
			evaluate.Between("c", "coverage", math.NaN(), .88, .92),
		},
		Tables: []evaluate.Table{t, times},
	}
}

func TestText(t *testing.T) {
	assert.Equal(t, `An experiment

What it is.

What was asked for
  figure    found   asked
  kappa     0.8000  ≥ 0.780         met
  error     0.5000  ≤ 0.495         NOT MET
  coverage  –       0.880 to 0.920  NOT MET

A table
How to read it.
  name          n  value
  a|b           7   0.12
  long name  1234      –

Speed
   ms
  1.5
`, report().Text())
}

func TestMarkdownLeavesOutTimes(t *testing.T) {
	m := report().Markdown()
	assert.Contains(t, m, "## An experiment\n\nWhat it is.\n\n`rubrica evaluate x`\n")
	assert.Contains(t, m, "| name | n | value |\n| --- | ---: | ---: |\n| a\\|b | 7 | 0.12 |\n")
	assert.NotContains(t, m, "Speed")
}

func TestGoals(t *testing.T) {
	r := report()
	assert.False(t, r.Met())
	r.Goals = r.Goals[:1]
	assert.True(t, r.Met())
}

func TestJSON(t *testing.T) {
	b, err := json.Marshal(report())
	require.NoError(t, err)
	var back struct {
		Name  string
		Goals []struct {
			Key         string
			Value, Most *float64
			Met         bool
		}
		Tables []struct {
			Key    string
			Timing bool
			Rows   []map[string]any
		}
	}
	require.NoError(t, json.Unmarshal(b, &back))
	assert.Equal(t, "x", back.Name)
	assert.True(t, back.Goals[0].Met)
	assert.Nil(t, back.Goals[0].Most)
	assert.Nil(t, back.Goals[2].Value)
	assert.Equal(t, map[string]any{"name": "a|b", "n": 7.0, "v": .12345}, back.Tables[0].Rows[0], "all digits, by key")
	assert.Nil(t, back.Tables[0].Rows[1]["v"])
	assert.True(t, back.Tables[1].Timing)
}

func TestWriteIntoReplacesItsOwnSection(t *testing.T) {
	path := filepath.Join(t.TempDir(), "quality.md")
	first, second := report(), report()
	second.Name, second.Title = "y", "Another"
	require.NoError(t, first.WriteInto(path))
	require.NoError(t, second.WriteInto(path))
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Contains(t, string(whole), "# Quality\n")
	first.About = "Changed."
	require.NoError(t, first.WriteInto(path))
	changed, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Contains(t, string(changed), "## An experiment\n\nChanged.")
	assert.Contains(t, string(changed), "## Another\n\nWhat it is.")
	first.About = "What it is."
	require.NoError(t, first.WriteInto(path))
	again, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(whole), string(again))
	require.NoError(t, os.WriteFile(path, []byte("<!-- x -->\nunclosed"), 0o600))
	require.ErrorContains(t, first.WriteInto(path), "is not closed")
}

func TestAddPanicsOnAnotherLength(t *testing.T) {
	table := report().Tables[0]
	assert.Panics(t, func() { table.Add("one") })
}
