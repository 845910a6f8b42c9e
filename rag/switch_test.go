package rag

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/rubrica/rubrica/rag/ragtest"
)

var (
	before = ragtest.Words{}
	after  = ragtest.Words{Name: "words@2", Size: 32}
)

// modelOfHits tells by the cosines which model's vectors were searched: none, before or after.
func modelOfHits(t *testing.T, x *Index, text string) string {
	t.Helper()
	hits, err := x.Search(t.Context(), Query{Text: text, Limit: MaxLimit})
	require.NoError(t, err)
	require.NotEmpty(t, hits)
	for _, h := range hits {
		if h.DenseRank == 0 {
			continue
		}
		var indexedText string
		require.NoError(t, x.db.SQL.QueryRowContext(t.Context(), `
			SELECT concat_ws(E'\n', nullif(trim(d.title), ''), nullif(trim(d.keywords), ''), trim(c.body))
			FROM rag_documents d JOIN rag_chunks c ON c.document_id = d.id WHERE d.id = $1 AND c.ordinal = $2`,
			h.DocumentID, h.ChunkOrdinal).Scan(&indexedText))
		for _, e := range []Embedder{before, after} {
			a, err := e.Embed(t.Context(), text)
			require.NoError(t, err)
			b, err := e.Embed(t.Context(), indexedText)
			require.NoError(t, err)
			var cosine float64
			for i := range a {
				cosine += float64(a[i]) * float64(b[i])
			}
			if d := cosine - h.DenseScore; d < 2e-3 && d > -2e-3 {
				return e.Model()
			}
		}
		t.Fatalf("a cosine of %v is of neither model", h.DenseScore)
	}
	return "none"
}

func stateOf(t *testing.T, x *Index, name string) ModelStatus {
	t.Helper()
	all, err := x.Status(t.Context())
	require.NoError(t, err)
	for _, s := range all {
		if s.Model == name {
			return s
		}
	}
	return ModelStatus{}
}

const asked = "How do database transactions keep concurrent writers apart?"

func TestAnotherModelTakesOverWhenItIsComplete(t *testing.T) {
	t.Parallel()
	old := ready(t, before)
	chunks := count(t, old.db, `SELECT count(*) FROM rag_chunks`)
	require.Equal(t, before.Model(), modelOfHits(t, old, asked))

	// The process dies in the middle: its context ends while it embeds.
	dying, kill := context.WithCancel(t.Context())
	dead := after
	calls := 0
	dead.Hook = func(ctx context.Context, _ string) error {
		if calls++; calls == 2*embedBatch+3 {
			kill()
		}
		return ctx.Err()
	}
	report, err := New(old.db, dead, nil, WithOther(before)).Refresh(dying, plenty)
	require.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, 2*embedBatch, report.Embedded)

	next := New(old.db, after, nil, WithOther(before), withHNSW)
	assert.Equal(t, before.Model(), modelOfHits(t, next, asked), "the old vectors serve")
	assert.Equal(t, ModelStatus{Model: "words@2", Dimensions: 32, State: ModelBuilding, Chunks: chunks,
		Embedded: 2 * embedBatch, Index: IndexNone, Here: true}, stateOf(t, next, "words@2"))

	// What is added meanwhile is embedded for the model that serves, first of all.
	passage := old.db.Ent.Passage.Query().FirstX(system(t))
	old.db.Ent.Passage.UpdateOne(passage).SetText("The zyzzyva is a weevil.").ExecX(system(t))
	report, err = next.Refresh(t.Context(), 1)
	require.NoError(t, err)
	assert.False(t, report.Switched)
	assert.Equal(t, 1, report.Embedded)
	chunks = count(t, old.db, `SELECT count(*) FROM rag_chunks`)
	assert.Equal(t, chunks, stateOf(t, next, "words@1").Embedded)

	embedded, switches := 2*embedBatch, 0
	for report.Left > 0 {
		report, err = next.Refresh(t.Context(), 50)
		require.NoError(t, err)
		embedded += report.Embedded
		if report.Switched {
			switches++
			assert.Zero(t, report.Left)
			assert.True(t, report.Indexed, "with its HNSW index")
		} else {
			assert.Equal(t, before.Model(), modelOfHits(t, next, asked), "old vectors serve until none is missing")
		}
	}
	assert.Equal(t, 1, switches)
	assert.LessOrEqual(t, embedded, chunks+1, "what the dead process had stored was not made again")
	assert.Equal(t, ModelStatus{Model: "words@1", Dimensions: 64, State: ModelRetired, Chunks: chunks,
		Embedded: chunks, Index: IndexReady, Here: true}, stateOf(t, next, "words@1"))
	assert.Equal(t, ModelStatus{Model: "words@2", Dimensions: 32, State: ModelServing, Chunks: chunks,
		Embedded: chunks, Index: IndexReady, Serving: true, Here: true}, stateOf(t, next, "words@2"))

	assert.Equal(t, after.Model(), modelOfHits(t, next, asked))
	replica := New(old.db, before, nil, WithOther(after))
	assert.Equal(t, after.Model(), modelOfHits(t, replica, asked), "a replica of the release before, with both embedders")
	assert.Equal(t, "none", modelOfHits(t, old, asked), "without the new one it goes by words")
	report, err = replica.Refresh(t.Context(), plenty)
	require.NoError(t, err)
	assert.False(t, report.Switched, "a replica that still runs does not undo it")
	assert.Equal(t, ModelServing, stateOf(t, next, "words@2").State)
}

func TestManyProcessesSwitchOnce(t *testing.T) {
	t.Parallel()
	old := ready(t, before)
	indexes := make([]*Index, 4)
	var switches int
	var mu sync.Mutex
	var group errgroup.Group
	for i := range indexes {
		indexes[i] = New(old.db, after, nil, WithOther(before))
		group.Go(func() error {
			for {
				report, err := indexes[i].Refresh(t.Context(), 60)
				if err != nil {
					return err
				}
				mu.Lock()
				if report.Switched {
					switches++
				}
				mu.Unlock()
				if report.Left == 0 {
					return nil
				}
			}
		})
	}
	require.NoError(t, group.Wait())
	for _, x := range indexes {
		_, err := x.Refresh(t.Context(), plenty)
		require.NoError(t, err)
	}
	assert.Equal(t, 1, switches)
	assert.Equal(t, 1, count(t, old.db, `SELECT count(*) FROM rag_models WHERE state = 'SERVING' AND model = 'words@2'`))
}

func TestVectorsOfAnotherModelAreNotCompared(t *testing.T) {
	t.Parallel()
	x := ready(t, before, WithOther(after))
	vector, err := after.Embed(t.Context(), asked)
	require.NoError(t, err)
	_, err = x.Search(t.Context(), Query{Vector: vector, VectorModel: after.Model()})
	require.ErrorIs(t, err, ErrQuery)
	require.ErrorContains(t, err, "the vector is of the model words@2, and searches compare with vectors of words@1")

	same, err := x.Search(t.Context(), Query{Text: asked})
	require.NoError(t, err)
	hits, err := x.Search(t.Context(), Query{Text: asked, Vector: vector, VectorModel: after.Model()})
	require.NoError(t, err)
	assert.Equal(t, same, hits, "with the text at hand, it is embedded")

	e, err := x.Serving(t.Context())
	require.NoError(t, err)
	assert.Equal(t, before.Model(), e.Model())
	_, err = New(x.db, after, nil).Serving(t.Context())
	require.ErrorIs(t, err, ErrNoEmbedder)
}

// A chunk that came in after the last vector was made keeps the old model serving.
func TestNoChunkIsWithoutAVectorAtTheSwitch(t *testing.T) {
	t.Parallel()
	x := ready(t, before)
	next := New(x.db, after, nil, WithOther(before))
	models, err := next.maintained(t.Context())
	require.NoError(t, err)
	require.Len(t, models, 2)
	_, err = next.embedMissing(t.Context(), models[1], plenty)
	require.NoError(t, err)
	passage := x.db.Ent.Passage.Query().FirstX(system(t))
	x.db.Ent.Passage.UpdateOne(passage).SetText("The zyzzyva is a weevil.").ExecX(system(t))
	_, err = x.Refresh(t.Context(), plenty) // another process
	require.NoError(t, err)

	switched, err := next.switchTo(t.Context(), models[1].model)
	require.NoError(t, err)
	assert.False(t, switched)
	assert.Equal(t, before.Model(), modelOfHits(t, next, asked))
	report, err := next.Refresh(t.Context(), plenty)
	require.NoError(t, err)
	assert.Positive(t, report.Linked, "neighbours follow")
	report.Linked = 0
	assert.Equal(t, Report{Model: "words@2", Embedded: 1, Switched: true}, report)
}

func TestRetiredModelsAreDroppedOrReopened(t *testing.T) {
	t.Parallel()
	x := ready(t, before)
	next := New(x.db, after, nil)
	_, err := next.Refresh(t.Context(), plenty)
	require.NoError(t, err)
	require.Equal(t, "words@2", modelOfHits(t, next, asked), "it takes over too where nobody has the old embedder")

	require.ErrorIs(t, Drop(t.Context(), x.db, "words@2"), ErrModel, "it serves")
	require.ErrorIs(t, Drop(t.Context(), x.db, "words@3"), ErrModel)
	require.ErrorIs(t, Reopen(t.Context(), x.db, "words@2"), ErrModel)

	require.NoError(t, Reopen(t.Context(), x.db, "words@1"))
	report, err := x.Refresh(t.Context(), plenty)
	require.NoError(t, err)
	assert.Positive(t, report.Linked, "neighbours follow")
	report.Linked = 0
	assert.Equal(t, Report{Model: "words@1", Switched: true}, report, "its vectors were still there")
	require.Equal(t, "words@1", modelOfHits(t, x, asked))

	require.NoError(t, Drop(t.Context(), x.db, "words@2"))
	assert.Zero(t, count(t, x.db, `SELECT count(*) FROM rag_vectors WHERE model = 'words@2'`))
	assert.Zero(t, count(t, x.db, `SELECT count(*) FROM pg_class WHERE relname = $1 AND relnamespace = current_schema()::regnamespace`, partitionName("words@2")))
	assert.Equal(t, ModelStatus{}, stateOf(t, x, "words@2"))
	report, err = next.Refresh(t.Context(), plenty)
	require.NoError(t, err)
	assert.True(t, report.Switched, "it can be made anew")
}

func TestABrokenBuildIsDoneAgain(t *testing.T) {
	t.Parallel()
	db := loaded(t)
	x := New(db, before, nil)
	_, err := x.Refresh(t.Context(), plenty)
	require.NoError(t, err)
	assert.Equal(t, IndexNone, stateOf(t, x, "words@1").Index, "few vectors need none")
	m, _, err := x.findModel(t.Context(), db.SQL)
	require.NoError(t, err)

	// What a killed build leaves: an index that is not valid.
	_, err = db.SQL.ExecContext(t.Context(), `CREATE INDEX CONCURRENTLY `+m.partition+`_embedding ON `+m.table()+`
		USING hnsw ((embedding::halfvec(64)) halfvec_cosine_ops)`)
	require.NoError(t, err)
	_, err = db.SQL.ExecContext(t.Context(), `UPDATE pg_index SET indisvalid = false WHERE indexrelid = $1::regclass`, m.partition+"_embedding")
	require.NoError(t, err)
	assert.Equal(t, IndexInvalid, stateOf(t, x, "words@1").Index)
	assert.Equal(t, "words@1", modelOfHits(t, x, asked), "searches go on")

	// Only one process builds: while another holds the lock, this one does not wait.
	x.indexAbove = 0
	other, err := db.SQL.Conn(t.Context())
	require.NoError(t, err)
	defer func() { _ = other.Close() }()
	held := func(function string) {
		var ok sql.NullBool
		require.NoError(t, other.QueryRowContext(t.Context(), `SELECT `+function+
			`(hashtextextended('rubrica/rag/' || current_schema() || '/hnsw/words@1', 0))`).Scan(&ok))
		require.True(t, ok.Bool)
	}
	held("pg_try_advisory_lock")
	report, err := x.Refresh(t.Context(), plenty)
	require.NoError(t, err)
	assert.False(t, report.Indexed)
	held("pg_advisory_unlock")

	report, err = x.Refresh(t.Context(), plenty)
	require.NoError(t, err)
	assert.True(t, report.Indexed)
	assert.Equal(t, IndexReady, stateOf(t, x, "words@1").Index)
	assert.Equal(t, "words@1", modelOfHits(t, x, asked))
	report, err = x.Refresh(t.Context(), plenty)
	require.NoError(t, err)
	assert.Equal(t, Report{Model: "words@1"}, report, "once")
}

// While most vectors are still to be made, none is added to an index.
func TestTheIndexIsBuiltOverFinishedVectors(t *testing.T) {
	t.Parallel()
	x := New(loaded(t), before, nil, withHNSW)
	report, err := x.Refresh(t.Context(), 100)
	require.NoError(t, err)
	require.Positive(t, report.Left)
	assert.False(t, report.Indexed)
	assert.Equal(t, IndexNone, stateOf(t, x, "words@1").Index)
	report, err = x.Refresh(t.Context(), plenty)
	require.NoError(t, err)
	assert.True(t, report.Indexed)

	broken := errors.New("broken")
	fails := before
	fails.Hook = func(context.Context, string) error { return broken }
	_, err = New(x.db, fails, nil, withHNSW).Refresh(t.Context(), plenty)
	require.NoError(t, err, "there is nothing to embed")
	assert.Equal(t, 1, count(t, x.db, `SELECT count(*) FROM pg_index WHERE indrelid = $1::regclass AND indisvalid
		AND pg_get_indexdef(indexrelid) LIKE '%hnsw%'`, partitionName("words@1")))
}
