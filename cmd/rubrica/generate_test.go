package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestGenerateAndEvaluateRecommend(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "made")
	size := []string{"--users=60", "--items=80", "--interactions=1200"}
	out := must(t, append([]string{"generate", "interactions", "--out", folder}, size...)...)
	assert.Contains(t, out, "1200 interactions of 60 people with 80 items")
	file := func(name string) string { return filepath.Join(folder, name) }

	report := must(t, "evaluate", "recommend", "--json", "--interactions", file("interactions.csv"), "--items", file("items.csv"),
		"--people", file("people.csv"))
	assert.Contains(t, report, `"hr_low"`)
	assert.Contains(t, report, `"skill gap"`)

	document := filepath.Join(t.TempDir(), "quality.md")
	must(t, "evaluate", "recommend", "--interactions", file("interactions.csv"), "--write", document)
	written, err := os.ReadFile(document)
	require.NoError(t, err)
	assert.Contains(t, string(written), "<!-- recommend_file -->\n## Recommendations: interactions.csv\n")

	code, _, stderr := run(t, "evaluate", "recommend", "--interactions", file("items.csv"))
	assert.NotZero(t, code)
	assert.Contains(t, stderr, `there is no column "user"`)
	code, _, stderr = run(t, "generate", "interactions", "--users=3", "--out", folder)
	assert.NotZero(t, code)
	assert.Contains(t, stderr, "3 users, 10 to 100000 can be made")
}
