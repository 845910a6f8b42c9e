package rag

import (
	"math"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func document(n byte) uuid.UUID { return uuid.UUID{15: n} }

func list(scores map[byte]float64, order ...byte) (out []scored) {
	for _, n := range order {
		out = append(out, scored{document: document(n), ordinal: int(n), score: scores[n]})
	}
	return out
}

func order(hits []Hit) (out []byte) {
	for _, h := range hits {
		out = append(out, h.DocumentID[15])
	}
	return out
}

func TestFuseAddsStandardisedScores(t *testing.T) {
	near := list(map[byte]float64{1: 0.9, 2: 0.6, 3: 0.1}, 1, 2, 3)
	matching := list(map[byte]float64{4: 6, 2: 3}, 4, 2)
	hits := fuse(near, matching)
	require.Len(t, hits, 4)

	mean := 1.6 / 3
	deviation := math.Sqrt((math.Pow(0.9-mean, 2) + math.Pow(0.6-mean, 2) + math.Pow(0.1-mean, 2)) / 3)
	dense := func(score float64) float64 { return (score - mean) / deviation }
	lexical := func(score float64) float64 { return (score - 3) / math.Sqrt(6) } // of 6, 3 and a 0
	want := map[byte]float64{
		1: (dense(0.9) + lexical(0)) / 2,
		2: (dense(0.6) + lexical(3)) / 2,
		3: (dense(0.1) + lexical(0)) / 2,
		4: (dense(0.1) + lexical(6)) / 2,
	}
	for _, h := range hits {
		assert.InDelta(t, want[h.DocumentID[15]], h.Score, 1e-12, h.DocumentID)
	}
	assert.Equal(t, []byte{2, 4, 1, 3}, order(hits))
	assert.Equal(t, Hit{DocumentID: document(2), ChunkOrdinal: 2, DenseRank: 2, DenseScore: 0.6, LexicalRank: 2, LexicalScore: 3,
		DensePart: dense(0.6) / 2, LexicalPart: lexical(3) / 2, Score: hits[0].Score}, hits[0])
}

func TestFuseOfOneListKeepsItsOrder(t *testing.T) {
	one := list(map[byte]float64{7: 3, 5: 2, 6: 2}, 7, 5, 6)
	assert.Equal(t, []byte{7, 5, 6}, order(fuse(one, nil)))
	assert.Equal(t, []byte{7, 5, 6}, order(fuse(nil, one)))
	assert.Empty(t, fuse(nil, nil))
}

func TestEqualScoresAreOrderedByID(t *testing.T) {
	one := list(map[byte]float64{3: 1, 1: 1, 2: 1}, 3, 1, 2)
	assert.Equal(t, []byte{1, 2, 3}, order(fuse(one, nil)))
	assert.Equal(t, []byte{1, 2, 3}, order(fuse(one, one)))
}

func TestAWordThatOnlyOneDocumentHasDecides(t *testing.T) {
	var near []scored
	for n := range byte(200) {
		near = append(near, scored{document: document(n), score: 0.8 - float64(n)/1000})
	}
	matching := []scored{{document: document(199), score: 4}}
	assert.Equal(t, byte(199), order(fuse(near, matching))[0])
}
