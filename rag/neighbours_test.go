package rag

import (
	"cmp"
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/rag/ragtest"
)

func TestNeighboursSpeakForAHit(t *testing.T) {
	near := list(map[byte]float64{1: 0.9, 2: 0.8, 3: 0.1}, 1, 2, 3)
	matching := list(map[byte]float64{1: 6, 2: 5, 4: 1}, 1, 2, 4)
	hits := fuse(near, matching)
	require.Equal(t, []byte{1, 2}, order(hits[:2]))
	own := []float64{hits[0].Score, hits[1].Score}
	lowest := lowestOf(near, matching)
	assert.LessOrEqual(t, lowest, hits[3].Score)
	place := map[byte]int{}
	for i, h := range hits {
		place[h.DocumentID[15]] = i
	}

	// 3 is like 1 and 2, 4 like nothing that was found, 1 and 2 have no neighbours.
	links := []link{{place[4], -1, 0.5}, {place[3], 0, 0.6}, {place[3], 1, 0.2}}
	slices.SortStableFunc(links, func(a, b link) int { return a.from - b.from })
	hear(hits, links, lowest)
	assert.True(t, slices.IsSortedFunc(hits, func(a, b Hit) int { return cmp.Compare(b.Score, a.Score) }))
	by := map[byte]Hit{}
	for _, h := range hits {
		by[h.DocumentID[15]] = h
		assert.InDelta(t, h.DensePart+h.LexicalPart+h.NeighboursPart, h.Score, 1e-12)
	}
	assert.Zero(t, by[1].NeighboursPart)
	assert.InDelta(t, neighbourShare*(0.6*own[0]+0.2*own[1])/0.8, by[3].NeighboursPart, 1e-12)
	assert.Equal(t, 2, by[3].Neighbours)
	assert.InDelta(t, neighbourShare*lowest, by[4].NeighboursPart, 1e-12)
	assert.Zero(t, by[4].Neighbours)
}

// linked gives each document's neighbours as they stand.
func linked(t *testing.T, db *database.DB) map[uuid.UUID][]uuid.UUID {
	t.Helper()
	rows, err := db.SQL.QueryContext(t.Context(), `SELECT document_id, neighbour_id FROM rag_neighbours ORDER BY 1, similarity DESC, 2`)
	require.NoError(t, err)
	defer func() { _ = rows.Close() }()
	lists := map[uuid.UUID][]uuid.UUID{}
	require.NoError(t, database.Each(rows, func() error {
		var from, to uuid.UUID
		err := rows.Scan(&from, &to)
		lists[from] = append(lists[from], to)
		return err
	}))
	return lists
}

func TestEveryDocumentHasNeighboursOfItsKind(t *testing.T) {
	t.Parallel()
	x := ready(t, ragtest.Model(t))
	lists := linked(t, x.db)
	assert.Len(t, lists, count(t, x.db, `SELECT count(*) FROM rag_documents`))
	for id, others := range lists {
		assert.Len(t, others, neighbours, id)
	}
	assert.Zero(t, count(t, x.db, `
		SELECT count(*) FROM rag_neighbours n JOIN rag_documents a ON a.id = n.document_id JOIN rag_documents b ON b.id = n.neighbour_id
		WHERE a.kind <> b.kind OR a.visibility <> b.visibility`))
	n, err := x.Link(t.Context(), plenty)
	require.NoError(t, err)
	assert.Zero(t, n, "there is nothing left to do")

	// All of it made anew, in steps, is the same.
	_, err = x.db.SQL.ExecContext(t.Context(), `DELETE FROM rag_linked; DELETE FROM rag_neighbours`)
	require.NoError(t, err)
	for {
		n, err := x.Link(t.Context(), 70)
		require.NoError(t, err)
		if n == 0 {
			break
		}
	}
	assert.Equal(t, lists, linked(t, x.db))
}

func TestNeighboursFollowTheTexts(t *testing.T) {
	t.Parallel()
	x := ready(t, ragtest.Words{})
	before := linked(t, x.db)
	var old, passage uuid.UUID
	require.NoError(t, x.db.SQL.QueryRowContext(t.Context(),
		`SELECT id, passage_id FROM rag_documents WHERE kind = 'PASSAGE' ORDER BY id LIMIT 1`).Scan(&old, &passage))

	// A twin of a passage becomes its neighbour, and the passage the twin's.
	twin := uuid.New()
	_, err := x.db.SQL.ExecContext(t.Context(), `
		INSERT INTO passages (id, created_at, slug, title, text, skills, track_id)
		SELECT $1, now(), 'twin', title, text, skills, track_id FROM passages WHERE id = $2`, twin, passage)
	require.NoError(t, err)
	refresh := func() {
		for {
			report, err := x.Refresh(t.Context(), plenty)
			require.NoError(t, err)
			if report.Linked == 0 {
				return
			}
		}
	}
	refresh()
	lists := linked(t, x.db)
	assert.Contains(t, lists[old], documentID(KindPassage, twin))
	assert.Contains(t, lists[documentID(KindPassage, twin)], old)

	// Without the twin all have their number again.
	_, err = x.db.SQL.ExecContext(t.Context(), `DELETE FROM passages WHERE id = $1`, twin)
	require.NoError(t, err)
	assert.Positive(t, count(t, x.db, `SELECT count(*) FROM rag_linked WHERE stale`), "who lost a neighbour looks again")
	refresh()
	lists = linked(t, x.db)
	assert.Equal(t, before[old], lists[old])
	assert.Len(t, lists, len(before))
	for id, others := range lists {
		assert.Len(t, others, neighbours, id)
		assert.NotContains(t, others, documentID(KindPassage, twin))
	}
}

func TestOnlyOneProcessLooksForNeighbours(t *testing.T) {
	t.Parallel()
	x := ready(t, ragtest.Words{})
	_, err := x.db.SQL.ExecContext(t.Context(), `UPDATE rag_linked SET stale = true`)
	require.NoError(t, err)
	tx, err := x.db.SQL.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	defer func() { _ = tx.Rollback() }()
	require.NoError(t, lock(t.Context(), tx, "neighbours"))
	n, err := x.Link(t.Context(), plenty)
	require.NoError(t, err)
	assert.Zero(t, n)
	hits, err := x.Search(t.Context(), Query{Text: "caching of queries"})
	require.NoError(t, err)
	assert.Len(t, hits, DefaultLimit, "searches go on meanwhile")
}
