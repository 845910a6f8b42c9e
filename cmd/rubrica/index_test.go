package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/rag"
	"github.com/rubrica/rubrica/rag/ragtest"
)

func TestModelsOfTheIndexAtTheCommandLine(t *testing.T) {
	t.Parallel()
	flags, plain := installation(t)
	must(t, with(flags, "seed")...)
	assert.Equal(t, "Nothing is embedded yet.", must(t, with(flags, "index", "status")...))
	var jobs int
	require.NoError(t, plain.QueryRowContext(t.Context(), `SELECT count(*) FROM river_job WHERE kind = 'refresh_index'`).Scan(&jobs))
	assert.Equal(t, 1, jobs, "seeding asks for the index to be refreshed")
	must(t, with(flags, "seed")...)
	require.NoError(t, plain.QueryRowContext(t.Context(), `SELECT count(*) FROM river_job WHERE kind = 'refresh_index'`).Scan(&jobs))
	assert.Equal(t, 1, jobs, "when something has changed")

	db, err := database.Open(t.Context(), flags[0][len("--database-url="):], database.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	for _, model := range []string{"words@1", "words@2"} {
		_, err := rag.New(db, ragtest.Words{Name: model}, nil).Refresh(t.Context(), 1<<20)
		require.NoError(t, err)
	}
	assert.Regexp(t, `^words@1  RETIRED  (\d+) of (\d+) chunks embedded, 64 dimensions, HNSW index: NONE
words@2  SERVING  (\d+) of (\d+) chunks embedded, 64 dimensions, HNSW index: NONE$`, must(t, with(flags, "index", "status")...))
	code, _, stderr := run(t, with(flags, "index", "drop", "words@2")...)
	assert.Equal(t, 1, code)
	assert.Contains(t, stderr, "words@2 serves; let another model take its place first")
	must(t, with(flags, "index", "reopen", "words@1")...)
	assert.Contains(t, must(t, with(flags, "index", "status")...), "words@1  BUILDING")
	assert.Equal(t, "The vectors of words@1 are deleted.", must(t, with(flags, "index", "drop", "words@1")...))
	assert.NotContains(t, must(t, with(flags, "index", "status")...), "words@1")
}
