package rag

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/lib/pq"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/rubrica/rubrica/rag/ragtest"
)

func TestRefreshIndexesTheCatalogueOnce(t *testing.T) {
	t.Parallel()
	catalog := ragtest.Catalog(t)
	want := len(catalog.Credentials)
	for _, track := range catalog.Tracks {
		want += len(track.Passages)
	}
	x := New(loaded(t), ragtest.Words{}, nil)

	report, err := x.Refresh(t.Context(), 10)
	require.NoError(t, err)
	assert.Equal(t, want, report.Written, "all documents, whatever the limit of vectors")
	assert.Equal(t, 10, report.Embedded)
	chunks := count(t, x.db, `SELECT count(*) FROM rag_chunks`)
	assert.Equal(t, chunks-10, report.Left)

	report, err = x.Refresh(t.Context(), plenty)
	require.NoError(t, err)
	assert.Equal(t, Report{Model: "words@1", Embedded: chunks - 10, Linked: want}, report)

	report, err = x.Refresh(t.Context(), plenty)
	require.NoError(t, err)
	assert.Equal(t, Report{Model: "words@1"}, report, "a second time there is nothing to do")

	status, err := x.Status(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []ModelStatus{{Model: "words@1", Dimensions: 64, Chunks: chunks, Embedded: chunks,
		State: ModelServing, Index: IndexNone, Serving: true, Here: true}}, status)
	assertStatistics(t, x)
	assert.LessOrEqual(t, count(t, x.db, `SELECT max(n) FROM (SELECT count(*) AS n FROM rag_term_deltas GROUP BY term, visibility) t`),
		compactAbove, "counts of a term are summed up")
	assert.Zero(t, count(t, x.db, `SELECT count(*) FROM rag_claims`))
}

func TestRefreshFollowsTheSources(t *testing.T) {
	t.Parallel()
	x := ready(t, ragtest.Words{})
	ctx := system(t)
	all := count(t, x.db, `SELECT count(*) FROM rag_documents`)

	passage := x.db.Ent.Passage.Query().FirstX(ctx)
	x.db.Ent.Passage.UpdateOne(passage).SetText("The zyzzyva is a weevil.").ExecX(ctx)
	credentials := x.db.Ent.Credential.Query().Limit(2).AllX(ctx)
	x.db.Ent.Credential.DeleteOne(credentials[0]).ExecX(ctx)
	x.db.Ent.Credential.UpdateOne(credentials[1]).SetActive(false).ExecX(ctx)
	skill := x.db.Ent.Skill.Query().FirstX(ctx)
	x.db.Ent.Skill.UpdateOne(skill).SetName("Quokka keeping").ExecX(ctx)
	renamed := count(t, x.db, `SELECT count(*) FROM rag_documents d WHERE $1 = ANY(skills) AND ref_id <> ALL($2::uuid[])`,
		skill.Slug, pq.Array([]string{passage.ID.String(), credentials[0].ID.String(), credentials[1].ID.String()}))

	assert.Equal(t, all-1, count(t, x.db, `SELECT count(*) FROM rag_documents`), "a cascade")
	report, err := x.Refresh(t.Context(), 0)
	require.NoError(t, err)
	assert.Equal(t, renamed+1, report.Written)
	assert.Equal(t, 1, report.Removed)
	assert.GreaterOrEqual(t, report.Left, renamed+1, "a changed text has no vector: the old one is gone")

	hits, err := x.Search(t.Context(), Query{Text: "zyzzyva", Limit: 1})
	require.NoError(t, err)
	require.Len(t, hits, 1)
	assert.Equal(t, passage.ID, hits[0].RefID)
	assert.Equal(t, 1, hits[0].LexicalRank, "by words at once")
	assert.Zero(t, hits[0].DenseRank, "by meaning when it is embedded")

	report, err = x.Refresh(t.Context(), plenty)
	require.NoError(t, err)
	assert.Zero(t, report.Left)
	hits, err = x.Search(t.Context(), Query{Text: "The zyzzyva is a weevil.", Limit: 1})
	require.NoError(t, err)
	assert.Equal(t, 1, hits[0].DenseRank)

	_, err = x.db.SQL.ExecContext(ctx, `DELETE FROM passages; DELETE FROM credentials`)
	require.NoError(t, err)
	for _, table := range []string{"rag_documents", "rag_chunks", "rag_postings", "rag_vectors", "rag_claims"} {
		assert.Zero(t, count(t, x.db, `SELECT count(*) FROM `+table), table)
	}
	assertStatistics(t, x)
}

func TestChunksOfALongTextKeepTheirVectors(t *testing.T) {
	t.Parallel()
	x := ready(t, ragtest.Words{}, WithChunkTokens(32))
	ctx := system(t)
	passage := x.db.Ent.Passage.Query().FirstX(ctx)
	before := count(t, x.db, `SELECT count(*) FROM rag_chunks c JOIN rag_documents d ON d.id = document_id WHERE ref_id = $1`, passage.ID)
	require.Greater(t, before, 3)
	assert.Zero(t, count(t, x.db, `SELECT count(*) FROM rag_chunks c JOIN rag_documents d ON d.id = document_id
		WHERE substr(d.body, start_offset + 1, end_offset - start_offset) <> c.body`), "offsets are code points of the body")

	x.db.Ent.Passage.UpdateOne(passage).SetText(passage.Text + "\n\nOne more thought.").ExecX(ctx)
	report, err := x.Refresh(t.Context(), plenty)
	require.NoError(t, err)
	assert.Equal(t, 1, report.Written)
	assert.LessOrEqual(t, report.Embedded, 2, "only the end of the text changed")

	report, err = New(x.db, ragtest.Words{}, nil).Refresh(t.Context(), plenty)
	require.NoError(t, err)
	assert.Equal(t, count(t, x.db, `SELECT count(*) FROM rag_documents`), report.Written, "another size cuts everything anew")
	assertStatistics(t, x)
}

func TestRefreshesAtOnceShareTheWork(t *testing.T) {
	t.Parallel()
	db := loaded(t)
	var mu sync.Mutex
	times := map[string]int{}
	e := ragtest.Words{Hook: func(_ context.Context, text string) error {
		mu.Lock()
		defer mu.Unlock()
		times[text]++
		return nil
	}}
	var group errgroup.Group
	reports := make([]Report, 4)
	for i := range reports {
		group.Go(func() (err error) {
			reports[i], err = New(db, e, nil).Refresh(t.Context(), plenty)
			return err
		})
	}
	require.NoError(t, group.Wait())
	var written, embedded int
	for _, r := range reports {
		written += r.Written
		embedded += r.Embedded
	}
	assert.Equal(t, count(t, db, `SELECT count(*) FROM rag_documents`), written)
	assert.Equal(t, count(t, db, `SELECT count(*) FROM rag_chunks`), embedded)
	for text, n := range times {
		assert.Equal(t, 1, n, text)
	}
	assertStatistics(t, New(db, e, nil))
}

func TestAVectorIsStoredOnlyForItsText(t *testing.T) {
	t.Parallel()
	db := loaded(t)
	ctx := system(t)
	passage := db.Ent.Passage.Query().FirstX(ctx)
	db.Ent.Passage.UpdateOne(passage).SetText("The old zyzzyva.").ExecX(ctx)
	var once sync.Once
	var x *Index
	x = New(db, ragtest.Words{Hook: func(_ context.Context, text string) error {
		if text == indexedOf(t, x, "The old zyzzyva.") {
			once.Do(func() { // while the old text is being embedded
				db.Ent.Passage.UpdateOne(passage).SetText("The new zyzzyva.").ExecX(ctx)
				assert.NoError(t, x.writeAll(ctx, origins[1], &Report{}))
			})
		}
		return nil
	}}, nil)
	_, err := x.Refresh(t.Context(), plenty)
	require.NoError(t, err)
	_, err = x.Refresh(t.Context(), plenty)
	require.NoError(t, err)

	want, err := x.embedder.Embed(t.Context(), indexedOf(t, x, "The new zyzzyva."))
	require.NoError(t, err)
	hits, err := x.Search(t.Context(), Query{Vector: want, Limit: 1})
	require.NoError(t, err)
	assert.Equal(t, "The new zyzzyva.", hits[0].Body)
	assert.InDelta(t, 1, hits[0].DenseScore, 1e-3)
}

// indexedOf is what is embedded for the document of this body; empty if there is none.
func indexedOf(t *testing.T, x *Index, body string) string {
	var title, keywords string
	row := x.db.SQL.QueryRowContext(t.Context(), `SELECT title, keywords FROM rag_documents WHERE body = $1`, body)
	if row.Scan(&title, &keywords) != nil {
		return ""
	}
	return indexed(title, keywords, body)
}

func TestAFailedEmbeddingIsTriedAgain(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	calls := 0
	x := New(loaded(t), ragtest.Words{Hook: func(context.Context, string) error {
		if calls++; calls == 20 {
			return broken
		}
		return nil
	}}, nil)
	report, err := x.Refresh(t.Context(), plenty)
	require.ErrorIs(t, err, broken)
	assert.Equal(t, embedBatch, report.Embedded, "whole batches stay")
	assert.Zero(t, count(t, x.db, `SELECT count(*) FROM rag_claims`), "nobody has to wait for the claims to run out")
	report, err = x.Refresh(t.Context(), plenty)
	require.NoError(t, err)
	assert.Zero(t, report.Left)
}

func TestClaimsOfTheDeadRunOut(t *testing.T) {
	t.Parallel()
	x := New(loaded(t), ragtest.Words{}, nil)
	_, err := x.Refresh(t.Context(), 0)
	require.NoError(t, err)
	m, ok, err := x.findModel(t.Context(), x.db.SQL)
	require.NoError(t, err)
	require.True(t, ok)
	taken, err := claim(t.Context(), x.db.SQL, m, 0, 5)
	require.NoError(t, err)
	require.Len(t, taken, 5)

	report, err := x.Refresh(t.Context(), plenty)
	require.NoError(t, err)
	assert.Equal(t, 5, report.Left)
	_, err = x.db.SQL.ExecContext(t.Context(), `UPDATE rag_claims SET until = now()`)
	require.NoError(t, err)
	report, err = x.Refresh(t.Context(), plenty)
	require.NoError(t, err)
	assert.Equal(t, 5, report.Embedded)
	assert.Zero(t, report.Left)
}

func TestModelsAreKeptApart(t *testing.T) {
	t.Parallel()
	first := ready(t, ragtest.Words{})
	second := New(first.db, ragtest.Words{Name: "words@2", Size: 32}, nil)

	hits, err := second.Search(t.Context(), Query{Text: "database transactions", Limit: 5})
	require.NoError(t, err)
	require.NotEmpty(t, hits)
	for _, h := range hits {
		assert.Zero(t, h.DenseRank, "the first model serves, and there is no embedder for it")
	}
	_, err = second.Refresh(t.Context(), 7)
	require.NoError(t, err)
	status, err := second.Status(t.Context())
	require.NoError(t, err)
	chunks := count(t, first.db, `SELECT count(*) FROM rag_chunks`)
	assert.Equal(t, []ModelStatus{
		{Model: "words@1", Dimensions: 64, State: ModelServing, Chunks: chunks, Embedded: chunks, Index: IndexNone, Serving: true},
		{Model: "words@2", Dimensions: 32, State: ModelBuilding, Chunks: chunks, Embedded: 7, Index: IndexNone, Here: true},
	}, status)

	_, err = New(first.db, ragtest.Words{Size: 16}, nil).Refresh(t.Context(), 1)
	assert.ErrorContains(t, err, "a changed model needs another name")
	_, err = New(first.db, ragtest.Words{Name: "huge", Size: 5000}, nil).Refresh(t.Context(), 1)
	assert.ErrorContains(t, err, "1…4000 dimensions")
}

// assertStatistics holds the sums that writers keep against the chunks that are there.
func assertStatistics(t *testing.T, x *Index) {
	t.Helper()
	assert.Zero(t, count(t, x.db, `
		SELECT abs((SELECT coalesce(sum(chunks), 0) FROM rag_length_deltas) - (SELECT count(*) FROM rag_chunks))
		     + abs((SELECT coalesce(sum(length), 0) FROM rag_length_deltas) - (SELECT coalesce(sum(length), 0) FROM rag_chunks))
		     + (SELECT count(*) FROM (SELECT term, visibility, sum(chunks) AS n FROM rag_term_deltas GROUP BY term, visibility) d
		        FULL JOIN (SELECT term, visibility, count(*) AS n FROM rag_postings GROUP BY term, visibility) p USING (term, visibility)
		        WHERE coalesce(d.n, 0) <> coalesce(p.n, 0))
		     + (SELECT count(*) FROM rag_chunks c WHERE length <> (SELECT coalesce(sum(tf), 0) FROM rag_postings WHERE chunk_id = c.id))`))
}
