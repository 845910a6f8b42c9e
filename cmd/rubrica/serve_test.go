package main

import (
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What `make run` and `make demo` do, with the real model, workers and database.
func TestServeAndDemo(t *testing.T) {
	t.Parallel()
	flags, _ := installation(t)
	url, stdout, stderr, stop := serve(t, flags...)

	welcome := stdout.String()
	assert.Contains(t, welcome, url+"/graphiql?as=lena")
	for _, who := range []string{"lena, learner", "arno, advisor", "ada, admin"} {
		assert.Contains(t, welcome, who)
	}
	health := must(t, "health", "--address="+url)
	for _, part := range []string{"database", "migrations", "embedder", "workers", "listener", "index"} {
		assert.Contains(t, health, part)
	}

	dir := flags[1]
	shown := must(t, "demo", dir)
	assert.Contains(t, shown, "COMPLETED in ")
	for _, part := range []string{"Overall", "Why ", "“", "What to learn next", " 3. ", "skill gap"} {
		assert.Contains(t, shown, part)
	}
	assert.NotContains(t, shown, "\x1b", "no colours where there is no terminal")
	for line := range strings.SplitSeq(shown, "\n") {
		assert.LessOrEqual(t, utf8.RuneCountInString(line), 100, line)
	}
	assert.Contains(t, must(t, "bench", "latency", dir, "--count=2"), "2 essays")

	assert.Zero(t, stop(), stderr)
	assert.NotContains(t, stderr.String(), `"level":"ERROR"`)
	assert.NoFileExists(t, filepath.Join(strings.TrimPrefix(dir, "--data-dir="), handoffFile))
}

func TestProductionShowsGraphiQLToAdmins(t *testing.T) {
	t.Parallel()
	flags, _ := installation(t)
	must(t, with(flags, "seed")...)
	key := "--jwt-secret=Hq8vZ3nKx2WcT7pLm4RyB9dFj6GsE1aU5oXi"
	tokens := map[string]string{"": ""}
	for _, who := range []string{"lena", "ada"} {
		tokens[who] = must(t, with(flags, "token", "--user="+who, key)...)
	}
	url, stdout, _, stop := serve(t, with(flags, "--mode=production", key, "--no-worker")...)
	assert.Empty(t, stdout.String(), "no tokens are made up")
	client := &http.Client{Timeout: time.Minute}
	for who, want := range map[string]int{"": http.StatusUnauthorized, "lena": http.StatusForbidden, "ada": http.StatusOK} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/graphiql", nil)
		require.NoError(t, err)
		if tokens[who] != "" {
			req.Header.Set("Authorization", "Bearer "+tokens[who])
		}
		res, err := client.Do(req)
		require.NoError(t, err)
		_, err = io.Copy(io.Discard, res.Body)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		assert.Equal(t, want, res.StatusCode, who)
	}
	client.CloseIdleConnections()
	assert.Zero(t, stop())
}
