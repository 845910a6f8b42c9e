package rag

import (
	"bytes"
	"cmp"
	"math"
	"slices"

	"github.com/google/uuid"
)

// pool is how many of each list take part in the fusion. It is at least MaxLimit, so that the two
// lists hold every hit that may be returned.
const pool = 200

// denseShare is the weight of the standardised dense score; the lexical one has the rest.
const denseShare = 0.5

// scored is a document in one of the lists, with its best chunk.
type scored struct {
	document uuid.UUID
	ordinal  int
	score    float64
}

// neighbourShare is what the neighbours' mean weighs next to a hit's own score.
const neighbourShare = 0.7

// fuse joins the lists: each score becomes its distance from the list's mean in standard deviations
// (0 where all are equal), a document that a list does not have takes the list's lowest, and the two
// are added, half each. A document without a word of the query has a BM25 score too, which is 0: with
// such ones the lexical list is filled up to the length of the dense one, so that a word that only one
// document has lifts it above all others. An empty list adds nothing. Best first, then by id. The chunk
// is the one that is nearest in meaning, if any.
func fuse(near, matching []scored) []Hit {
	dense, lexical := standardize(near, 0), standardize(matching, len(near))
	hits := make([]Hit, 0, len(near)+len(matching))
	known := make(map[uuid.UUID]int, len(near)+len(matching))
	for i, s := range near {
		known[s.document] = len(hits)
		hits = append(hits, Hit{
			DocumentID: s.document, ChunkOrdinal: s.ordinal, DenseRank: i + 1, DenseScore: s.score,
			DensePart: denseShare * dense.z[i], LexicalPart: (1 - denseShare) * lexical.lowest,
		})
	}
	for i, s := range matching {
		at, both := known[s.document]
		if !both {
			at = len(hits)
			hits = append(hits, Hit{DocumentID: s.document, ChunkOrdinal: s.ordinal, DensePart: denseShare * dense.lowest})
		}
		h := &hits[at]
		h.LexicalRank, h.LexicalScore = i+1, s.score
		h.LexicalPart = (1 - denseShare) * lexical.z[i]
	}
	for i := range hits {
		hits[i].Score = hits[i].DensePart + hits[i].LexicalPart
	}
	byScore(hits)
	return hits
}

func byScore(hits []Hit) {
	slices.SortFunc(hits, func(a, b Hit) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), bytes.Compare(a.DocumentID[:], b.DocumentID[:]))
	})
}

// link says that of the hits at these places the second is a neighbour of the first, or, with to = -1,
// that a neighbour of the first is no hit.
type link struct {
	from, to   int
	similarity float64
}

// hear lets neighbours speak for the hits (score regularisation by the corpus's structure: Diaz,
// Regularizing query-based retrieval scores, 2007): the mean of their fused scores, weighted by
// similarity, times neighbourShare, is added to the hit's own. A neighbour that is no hit has the score
// that a document would have that both lists have last. The part of a hit without neighbours (an essay,
// or a document that is new) is 0, that of a hit among average ones. links are ordered by their places.
func hear(hits []Hit, links []link, lowest float64) {
	own := make([]float64, len(hits))
	for i := range hits {
		own[i] = hits[i].Score
	}
	for from := 0; from < len(links); {
		h := &hits[links[from].from]
		var sum, weight float64
		for ; from < len(links) && hits[links[from].from].DocumentID == h.DocumentID; from++ {
			l, score := links[from], lowest
			if l.to >= 0 {
				score = own[l.to]
				h.Neighbours++
			}
			sum += l.similarity * score
			weight += l.similarity
		}
		if weight > 0 {
			h.NeighboursPart = neighbourShare * sum / weight
			h.Score += h.NeighboursPart
		}
	}
	byScore(hits)
}

// lowestOf is the score of a document that both lists have last.
func lowestOf(near, matching []scored) float64 {
	return denseShare*standardize(near, 0).lowest + (1-denseShare)*standardize(matching, len(near)).lowest
}

// standard holds the standardised scores of a list, and the lowest of them.
type standard struct {
	z      []float64
	lowest float64
}

// standardize takes a list, best first, as if scores of 0 filled it up to length.
func standardize(list []scored, length int) standard {
	if len(list) == 0 {
		return standard{}
	}
	lowest := list[len(list)-1].score
	zeros := max(0, length-len(list))
	if zeros > 0 {
		lowest = 0
	}
	n := float64(len(list) + zeros)
	var mean float64
	for _, s := range list {
		mean += s.score / n
	}
	squares := float64(zeros) * mean * mean
	for _, s := range list {
		squares += (s.score - mean) * (s.score - mean)
	}
	deviation := math.Sqrt(squares / n)
	out := standard{z: make([]float64, len(list))}
	if deviation < 1e-12 { // equal, but for rounding
		return out
	}
	for i, s := range list {
		out.z[i] = (s.score - mean) / deviation
	}
	out.lowest = (lowest - mean) / deviation
	return out
}
