package rag

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/rag/ragtest"
)

// BenchmarkSearch searches the seed catalogue with every question's prompt, embedded beforehand.
func BenchmarkSearch(b *testing.B) {
	x := ready(b, ragtest.Model(b))
	var queries []Query
	for _, track := range ragtest.Catalog(b).Tracks {
		for _, q := range track.Questions {
			vector, err := x.embedder.Embed(b.Context(), q.Prompt)
			require.NoError(b, err)
			queries = append(queries, Query{Text: q.Prompt, Vector: vector, Limit: 10})
		}
	}
	for name, shape := range map[string]func(Query) Query{
		"hybrid":   func(q Query) Query { return q },
		"dense":    func(q Query) Query { q.Text = ""; return q },
		"filtered": func(q Query) Query { q.Kinds = []Kind{KindCredential}; return q },
	} {
		b.Run(name, func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				_, err := x.Search(b.Context(), shape(queries[i%len(queries)]))
				require.NoError(b, err)
			}
		})
	}
}
