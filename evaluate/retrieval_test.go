package evaluate

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRankByHand(t *testing.T) {
	gains := map[string]float64{"a": 4, "b": 1, "c": 2}
	r := rank([]string{"x", "b", "a"}, gains)
	best := 4 + 2/math.Log2(3) + 1/math.Log2(4)
	assert.InDelta(t, (1/math.Log2(3)+4/math.Log2(4))/best, r.ndcg, 1e-12)
	assert.InDelta(t, 1.0/2, r.mrr, 1e-12)
	assert.InDelta(t, 2.0/3, r.recall10, 1e-12)
	assert.InDelta(t, 1, rank([]string{"a", "c", "b"}, gains).ndcg, 1e-12)
	assert.Zero(t, rank(nil, gains))

	late := make([]string, 11)
	late[10] = "a"
	r = rank(late, gains)
	assert.Zero(t, r.ndcg)
	assert.Zero(t, r.recall10)
	assert.InDelta(t, 1.0/3, r.recall100, 1e-12)
}

func TestReadCollection(t *testing.T) {
	write := func(t *testing.T, files map[string]string) string {
		folder := t.TempDir()
		for name, text := range map[string]string{
			"docs.jsonl":    `{"id": "1", "title": "t", "text": "x"}` + "\n\n" + `{"id": "2", "text": "y"}`,
			"queries.jsonl": `{"id": "7", "text": "q"}` + "\n" + `{"id": "8", "text": "unjudged"}`,
			"qrels.tsv":     "query_id\tdoc_id\trelevance\n7\t2\t3\n7\t1\t0\n",
		} {
			if other, ok := files[name]; ok {
				text = other
			}
			require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600))
		}
		return folder
	}
	c, err := readCollection(write(t, nil))
	require.NoError(t, err)
	assert.Len(t, c.documents, 2)
	require.Len(t, c.queries, 1)
	assert.Equal(t, map[string]float64{"2": 3}, c.queries[0].gains)

	for name, c := range map[string]struct{ file, text, says string }{
		"not JSON":         {"docs.jsonl", "{", "docs.jsonl, line 1"},
		"an id twice":      {"docs.jsonl", `{"id": "1"}` + "\n" + `{"id": "1"}`, "line 2"},
		"unknown document": {"qrels.tsv", "header\n7\t9\t1", `no document "9"`},
		"not a number":     {"qrels.tsv", "header\n7\t1\tyes", `"yes" is not a number`},
		"fields":           {"qrels.tsv", "header\n7 1 1", "1 fields"},
		"nothing judged":   {"qrels.tsv", "header\n", "no query with a relevant document"},
	} {
		_, err := readCollection(write(t, map[string]string{c.file: c.text}))
		require.ErrorContains(t, err, c.says, name)
	}
	_, err = readCollection(t.TempDir())
	require.ErrorContains(t, err, "--collection names a folder")
}
