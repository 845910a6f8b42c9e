package collaborative

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// The fits of 10 000 users × 5 000 items with 500 000 cells.
func BenchmarkFit(b *testing.B) {
	m := benchmarkMatrix(b)
	b.Run("item-KNN", func(b *testing.B) {
		for b.Loop() {
			ItemKNN.Items(m)
		}
	})
	b.Run("user-KNN", func(b *testing.B) {
		for b.Loop() {
			UserKNN.Users(m)
		}
	})
	b.Run("EASE", func(b *testing.B) {
		for b.Loop() {
			_, err := EASEDefault.Items(b.Context(), m)
			require.NoError(b, err)
		}
	})
	b.Run("popularity", func(b *testing.B) {
		for b.Loop() {
			m.Popularity(Damping)
		}
	})
}

// Recommendations of ten from stored lists of EASE's length, on one core.
func BenchmarkScore(b *testing.B) {
	m := benchmarkMatrix(b)
	stored := map[uuid.UUID][]Neighbour{}
	for id, links := range (KNN{K: EASEDefault.Keep}).Items(m).All() {
		stored[id] = links
	}
	u := 0
	for b.Loop() {
		Score(m.Tastes(u), stored, 10)
		u = (u + 1) % len(m.Users())
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "recommendations/s")
}
