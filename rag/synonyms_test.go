package rag

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/lib/pq"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/rag/ragtest"
)

func TestSplit(t *testing.T) {
	assert.Equal(t, []string{"k8s", "ci/cd", "node.js", "c++", "c#", ".net", "it's", "continuous-delivery"},
		split(`K8s, (CI/CD): "Node.js." C++ C#; .NET, it's continuous-delivery --`))
}

// named writes skills with other names, and passages, and forgets what was read before.
func named(t *testing.T, x *Index, skills map[string][]string, passages map[string]string) {
	t.Helper()
	for name, others := range skills {
		_, err := x.db.SQL.ExecContext(t.Context(), `INSERT INTO skills (id, created_at, slug, name, onet, synonyms) VALUES ($1, now(), $2, $3, '', $4)`,
			uuid.New(), "test-"+name, name, pq.Array(others))
		require.NoError(t, err)
	}
	for title, text := range passages {
		_, err := x.db.SQL.ExecContext(t.Context(), `INSERT INTO passages (id, created_at, slug, title, text, skills, track_id)
			VALUES ($1, now(), $2, $2, $3, '{}', (SELECT min(id::text)::uuid FROM tracks))`, uuid.New(), title, text)
		require.NoError(t, err)
	}
	_, err := x.Refresh(t.Context(), plenty)
	require.NoError(t, err)
	x.synonyms.read = time.Time{}
}

func titles(t *testing.T, x *Index, text string) (list []string) {
	t.Helper()
	hits, err := x.Search(t.Context(), Query{Text: text, Only: PartWords, Limit: 5})
	require.NoError(t, err)
	for _, h := range hits {
		list = append(list, h.Title)
	}
	return list
}

func TestSynonymsFindTheOtherNames(t *testing.T) {
	t.Parallel()
	x := ready(t, ragtest.Words{})
	named(t, x, map[string][]string{
		"Zymurgy quotidianism": {"z9y", "zy/or"}, "Marmalade.js": {"node"},
	}, map[string]string{
		"orchestra": "Zymurgy quotidianism schedules quokkas.",
		"fruit":     "Marmalade.js runs on servers.",
		"tree":      "A node of the tree has two children, and each node a parent.",
	})
	assert.Equal(t, []string{"orchestra"}, titles(t, x, "Z9Y"), "a synonym that no text has")
	assert.Equal(t, []string{"orchestra"}, titles(t, x, "what is zy/or?"))
	assert.Equal(t, "tree", titles(t, x, "a node and its parent")[0], "an ordinary word stays what it is")
	assert.Contains(t, titles(t, x, "node"), "fruit")
	assert.Equal(t, "tree", titles(t, x, "node")[0], "what is written weighs more than what is meant by it perhaps")
	assert.Empty(t, titles(t, x, "z9"), "a part of a name is none")
}

// An edit is seen when what was read is old, and not before: searches do not read the skills each time.
func TestSynonymsAreReadNowAndThen(t *testing.T) {
	t.Parallel()
	x := ready(t, ragtest.Words{})
	named(t, x, map[string][]string{"Zymurgy": {"z9y"}}, map[string]string{"brew": "Zymurgy is the art of brewing."})
	require.Equal(t, []string{"brew"}, titles(t, x, "z9y"))
	_, err := x.db.SQL.ExecContext(t.Context(), `UPDATE skills SET synonyms = '{q7q}' WHERE slug = 'test-Zymurgy'`)
	require.NoError(t, err)
	assert.Equal(t, []string{"brew"}, titles(t, x, "z9y"))
	x.synonyms.read = x.synonyms.read.Add(-synonymsFor)
	assert.Empty(t, titles(t, x, "z9y"))
	assert.Equal(t, []string{"brew"}, titles(t, x, "q7q"))
}

func TestAnAddedTermIsWorthAtMostHalf(t *testing.T) {
	c := collection{chunks: 1000, having: map[string]float64{"node": 400, "rare": 1, "unheard": 0}}
	list := c.weigh(words{lexemes: []string{"node", "unheard"}, added: []addition{
		{"rare", 1, []string{"node"}}, {"node.js", 0.5, []string{"unheard"}},
	}})
	by := map[string]float64{}
	for _, term := range list {
		by[term.lexeme] = term.weight
	}
	assert.InDelta(t, synonymShare*by["node"], by["rare"], 1e-12, "a common word brings in no more than it says")
	assert.InDelta(t, synonymShare*0.5*by["unheard"], by["node.js"], 1e-12)
}

// What stands in texts that the reader may not read changes no score.
func TestPrivateTextsDoNotCount(t *testing.T) {
	t.Parallel()
	x := ready(t, ragtest.Words{})
	q := Query{Text: "caching and database indexes", Only: PartWords, Limit: MaxLimit}
	before, err := x.Search(t.Context(), q)
	require.NoError(t, err)
	require.NotEmpty(t, before)
	err = x.db.InTx(context.Background(), func(tx *database.Tx) error {
		_, err := tx.SQL.ExecContext(t.Context(), `
			WITH d AS (SELECT document_id FROM rag_chunks ORDER BY id DESC LIMIT 1), c AS (
			  INSERT INTO rag_chunks (document_id, ordinal, start_offset, end_offset, body, hash, visibility, length)
			  SELECT d.document_id, n + 1000, 0, 1, '', sha256(n::text::bytea), v, 7 FROM d, generate_series(1, 300) n, unnest('{GRADERS,OWNER}'::text[]) v
			  WHERE (n % 2 = 0) = (v = 'OWNER') RETURNING id, visibility)
			INSERT INTO rag_postings (term, visibility, chunk_id, tf, length)
			SELECT term, visibility, id, 1, 7 FROM c, unnest('{cach,index}'::text[]) term`)
		return err
	})
	require.NoError(t, err)
	after, err := x.Search(t.Context(), q)
	require.NoError(t, err)
	assert.Equal(t, before, after)
}
