package graph_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

// benchScreen is the screen by which servers are compared: 20 essays, their scores, the reasons of
// each and what they rest on.
const benchScreen = `{ essays(first: 20) { edges { node { id words submittedAt
  latestRun { id stage scores { id value raw criterion { title }
    explanation { id summary evidence { id quote points reason } } } } } } } }`

// BenchmarkScreen is a request of the screen from its HTTP handler down to the database and back,
// without a network. Allocations are those of the whole server.
func BenchmarkScreen(b *testing.B) {
	w := newWorld(b)
	w.essays(b, lena, 20)
	body, err := json.Marshal(vars{"query": benchScreen})
	require.NoError(b, err)
	token := w.token(b, lena)
	w.api = w.serveWith(b, free)
	ask := func() *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(b.Context(), http.MethodPost, "/graphql", bytes.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer "+token)
		answer := httptest.NewRecorder()
		w.api.Config.Handler.ServeHTTP(answer, r)
		return answer
	}
	first := ask()
	require.Equal(b, http.StatusOK, first.Code)
	require.NotContains(b, first.Body.String(), `"errors"`)
	b.Run("one client", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(first.Body.Len()))
		for b.Loop() {
			ask()
		}
	})
	b.Run("busy cores", func(b *testing.B) {
		b.ReportAllocs()
		b.SetParallelism(8) // 16 clients on two cores
		b.RunParallel(func(p *testing.PB) {
			for p.Next() {
				ask()
			}
		})
	})
}
