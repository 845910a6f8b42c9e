package rag

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/lib/pq"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/rag/ragtest"
)

func TestSearchFindsWhatIsMeant(t *testing.T) {
	t.Parallel()
	x := ready(t, ragtest.Model(t))
	for text, title := range map[string]string{
		"a request is sent twice and the customer pays twice": "Why retries duplicate work",
		"proving knowledge of AWS architecture":               "AWS Certified Solutions Architect – Associate",
	} {
		hits, err := x.Search(t.Context(), Query{Text: text, Limit: 5})
		require.NoError(t, err)
		titles := make([]string, len(hits))
		for i, h := range hits {
			titles[i] = h.Title
		}
		assert.Contains(t, titles, title)
	}
}

func TestFiltersKeepAllThatFitsAndNothingElse(t *testing.T) {
	t.Parallel()
	x := ready(t, ragtest.Words{})
	catalog := ragtest.Catalog(t)
	track := catalog.Tracks[0]
	type document struct {
		kind   Kind
		track  string
		level  string
		skills []string
	}
	documents := map[uuid.UUID]document{}
	for _, tr := range catalog.Tracks {
		for _, p := range tr.Passages {
			documents[ragtest.ID("passage", tr.Slug+"/"+p.Slug)] = document{KindPassage, tr.Slug, "", p.Skills}
		}
	}
	for _, c := range catalog.Credentials {
		documents[ragtest.ID("credential", c.Slug)] = document{KindCredential, "", string(c.Level), c.Teaches}
	}
	overlap := func(a, b []string) bool {
		return slices.ContainsFunc(a, func(s string) bool { return slices.Contains(b, s) })
	}
	for name, c := range map[string]struct {
		query Query
		fits  func(document) bool
	}{
		"kind":     {Query{Kinds: []Kind{KindPassage}}, func(d document) bool { return d.kind == KindPassage }},
		"track":    {Query{TrackID: ragtest.ID("track", track.Slug)}, func(d document) bool { return d.track == track.Slug }},
		"level":    {Query{Levels: []enums.Level{enums.LevelAdvanced}}, func(d document) bool { return d.level == "ADVANCED" }},
		"skills":   {Query{Skills: track.Skills[:2]}, func(d document) bool { return overlap(d.skills, track.Skills[:2]) }},
		"question": {Query{QuestionID: uuid.New()}, func(document) bool { return false }},
		"no row":   {Query{TrackID: uuid.New()}, func(document) bool { return false }},
		"together": {Query{Kinds: []Kind{KindCredential}, Skills: track.Skills, Levels: []enums.Level{enums.LevelFoundation, enums.LevelIntermediate}},
			func(d document) bool {
				return d.kind == KindCredential && d.level != "ADVANCED" && overlap(d.skills, track.Skills)
			}},
		"everything": {Query{}, func(document) bool { return true }},
	} {
		t.Run(name, func(t *testing.T) {
			var want []uuid.UUID
			for id, d := range documents {
				if c.fits(d) {
					want = append(want, id)
				}
			}
			c.query.Text = "one service that no document is likely to be about: marmalade"
			for _, way := range []scan{scanExact, scanIndex, scanChosen} {
				forced := *x
				forced.scan = way
				c.query.Limit = MaxLimit
				hits, err := forced.Search(t.Context(), c.query)
				require.NoError(t, err)
				got := refs(hits)
				assert.Len(t, got, min(len(want), MaxLimit), "every document that exists, up to the limit")
				assert.Subset(t, want, got)

				c.query.Limit = 3
				few, err := forced.Search(t.Context(), c.query)
				require.NoError(t, err)
				assert.Equal(t, got[:min(3, len(got))], refs(few), "a smaller limit is the beginning of a larger one")
			}
		})
	}
}

func TestHitsTellHowTheyWereFound(t *testing.T) {
	t.Parallel()
	x := ready(t, ragtest.Model(t))
	hits, err := x.Search(t.Context(), Query{Text: "idempotency keys for payments", Limit: MaxLimit})
	require.NoError(t, err)
	require.NotEmpty(t, hits)
	for i, h := range hits {
		assert.NotEmpty(t, h.Title)
		assert.NotEmpty(t, h.Body)
		assert.Equal(t, h.DocumentID, documentID(h.Kind, h.RefID))
		assert.True(t, h.DenseRank > 0 || h.LexicalRank > 0)
		assert.Equal(t, h.LexicalRank > 0, h.LexicalScore > 0)
		assert.LessOrEqual(t, math.Abs(h.DenseScore), 1.001)
		if i > 0 {
			assert.GreaterOrEqual(t, hits[i-1].Score, h.Score)
		}
	}
	again, err := x.Search(t.Context(), Query{Text: "idempotency keys for payments", Limit: MaxLimit})
	require.NoError(t, err)
	assert.Equal(t, hits, again)
}

func TestSearchWithoutVectors(t *testing.T) {
	t.Parallel()
	db := loaded(t)
	broken := New(db, ragtest.Words{Hook: func(context.Context, string) error { return errors.New("broken") }}, nil)
	hits, err := broken.Search(t.Context(), Query{Text: "kubernetes"})
	require.NoError(t, err)
	assert.Empty(t, hits, "nothing is indexed yet")

	_, err = New(db, ragtest.Words{}, nil).Refresh(t.Context(), 0)
	require.NoError(t, err)
	for name, x := range map[string]*Index{"none computed": New(db, ragtest.Words{}, nil), "embedder fails": broken} {
		hits, err := x.Search(t.Context(), Query{Text: "kubernetes"})
		require.NoError(t, err, name)
		require.NotEmpty(t, hits, name)
		for i, h := range hits {
			assert.Equal(t, i+1, h.LexicalRank, name)
			assert.Zero(t, h.DenseRank, name)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = broken.Search(ctx, Query{Text: "kubernetes"})
	require.ErrorIs(t, err, context.Canceled)
}

func TestOddQueries(t *testing.T) {
	t.Parallel()
	x := ready(t, ragtest.Words{})
	for name, text := range map[string]string{
		"nothing": "", "white space": " \n\t ", "stop words": "the of and to be or not to be", "signs": `%_'";--*&|!():<->\`,
	} {
		hits, err := x.Search(t.Context(), Query{Text: text})
		require.NoError(t, err, name)
		assert.Empty(t, hits, name)
	}
	for name, text := range map[string]string{
		"10 000 words": strings.Repeat("caching of queries ", 10_000/3),
		"SQL":          `'; DROP TABLE rag_documents; -- caching`,
		"tsquery":      `caching & !sql | (index:* <-> `,
		"NUL":          "caching\x00sql",
		"not UTF-8":    "caching \xff\xfe sql",
		"one long run": "caching " + strings.Repeat("x", 100_000),
		"accents":      "caching " + strings.Repeat("é ", MaxTextBytes),
	} {
		hits, err := x.Search(t.Context(), Query{Text: text})
		require.NoError(t, err, name)
		assert.Len(t, hits, DefaultLimit, name)
	}
	vector, err := x.embedder.Embed(t.Context(), "caching")
	require.NoError(t, err)
	hits, err := x.Search(t.Context(), Query{Vector: vector, Text: "the of and"})
	require.NoError(t, err)
	require.Len(t, hits, DefaultLimit, "by meaning alone")
	assert.Equal(t, 1, hits[0].DenseRank)
	assert.Zero(t, hits[0].LexicalRank)

	for name, q := range map[string]Query{
		"limit too large": {Text: "sql", Limit: MaxLimit + 1},
		"negative limit":  {Text: "sql", Limit: -1},
		"short vector":    {Vector: []float32{1, 0}},
		"zero vector":     {Vector: make([]float32, 64)},
		"no such part":    {Text: "sql", Only: "EVERYTHING"},
		"NaN":             {Vector: slices.Repeat([]float32{float32(math.NaN())}, 64)},
	} {
		_, err := x.Search(t.Context(), q)
		require.ErrorIs(t, err, ErrQuery, name)
	}
}

// The index must lose next to nothing against the exact scan.
func TestRecallOfTheIndex(t *testing.T) {
	t.Parallel()
	model := ragtest.Model(t)
	exact := ready(t, model, withHNSW)
	index := *exact
	exact.scan, index.scan = scanExact, scanIndex
	exact.db.SQL.SetMaxOpenConns(1) // whose counters are read below
	var found, all int
	for _, track := range ragtest.Catalog(t).Tracks {
		for _, question := range track.Questions {
			vector, err := model.Embed(t.Context(), question.Prompt)
			require.NoError(t, err)
			q := Query{Vector: vector, Limit: 10}
			want, err := exact.Search(t.Context(), q)
			require.NoError(t, err)
			got, err := index.Search(t.Context(), q)
			require.NoError(t, err)
			for _, id := range refs(want) {
				all++
				if slices.Contains(refs(got), id) {
					found++
				}
			}
		}
	}
	_, err := exact.db.SQL.ExecContext(t.Context(), `SELECT pg_stat_force_next_flush()`)
	require.NoError(t, err)
	require.GreaterOrEqual(t, count(t, exact.db, `SELECT sum(idx_scan) FROM pg_stat_user_indexes WHERE indexrelname LIKE 'rag_vectors_%embedding%'`), all/10,
		"the index was used")
	recall := float64(found) / float64(all)
	t.Logf("recall@10 of the index over %d queries: %.4f", all/10, recall)
	assert.GreaterOrEqual(t, recall, 0.99)
}

func TestTheIndexIsUsedWhenItPays(t *testing.T) {
	t.Parallel()
	x := ready(t, ragtest.Words{Size: 16}, withHNSW)
	m, ok, err := x.findModel(t.Context(), x.db.SQL)
	require.NoError(t, err)
	require.True(t, ok)
	way, _, err := choose(t.Context(), x.db.SQL, Query{}, m)
	require.NoError(t, err)
	assert.Equal(t, scanExact, way, "few vectors")

	// 6 000 more, as the planner sees them.
	_, err = x.db.SQL.ExecContext(t.Context(), `
		INSERT INTO passages (id, created_at, slug, title, text, skills, track_id)
		SELECT gen_random_uuid(), now(), 'p' || n, 'p', 'p', CASE WHEN n % 1000 = 0 THEN '{rare}' ELSE '{common}' END::text[], (SELECT min(id::text)::uuid FROM tracks)
		FROM generate_series(1, 6000) n;
		INSERT INTO rag_documents (id, kind, passage_id, skills, visibility, title, keywords, body, content_hash)
		SELECT id, 'PASSAGE', id, skills, 'PUBLIC', title, '', text, sha256('') FROM passages WHERE slug LIKE 'p%' AND title = 'p';
		INSERT INTO rag_chunks (document_id, ordinal, start_offset, end_offset, body, hash, visibility, length)
		SELECT id, 0, 0, 1, body, sha256(id::text::bytea), 'PUBLIC', 0 FROM rag_documents WHERE title = 'p';
		INSERT INTO rag_vectors (model, chunk_id, hash, embedding)
		SELECT 'words@1', id, hash, (SELECT array_agg(sin(c.id * 31 + d * d)) FROM generate_series(1, 16) d)::real[]::vector::halfvec FROM rag_chunks c WHERE length = 0 AND body = 'p';
		ANALYZE rag_documents, rag_chunks, `+m.table())
	require.NoError(t, err)
	m, _, err = x.findModel(t.Context(), x.db.SQL)
	require.NoError(t, err)
	for name, c := range map[string]struct {
		query Query
		want  scan
	}{
		"no filter":        {Query{}, scanIndex},
		"much is kept":     {Query{Skills: []string{"common"}}, scanIndex},
		"little is kept":   {Query{Skills: []string{"rare"}}, scanExact},
		"nothing is known": {Query{Skills: []string{"unheard-of"}}, scanExact},
	} {
		q, err := c.query.normalized(16)
		require.NoError(t, err)
		way, _, err := choose(t.Context(), x.db.SQL, q, m)
		require.NoError(t, err)
		assert.Equal(t, c.want, way, name)
	}
	vector := make([]float32, 16)
	vector[3] = 1
	for _, skills := range [][]string{nil, {"common"}, {"rare"}} {
		q := Query{Vector: vector, Skills: skills, Limit: MaxLimit}
		hits, err := x.Search(t.Context(), q)
		require.NoError(t, err)
		want := MaxLimit
		if slices.Equal(skills, []string{"rare"}) {
			want = 6
		}
		assert.Len(t, hits, want)
	}
	q, err := Query{Vector: vector}.normalized(16)
	require.NoError(t, err)
	var all arguments
	plan := explained(t, x, byIndex(q, m, 10, 40, &all), all)
	assert.Regexp(t, `Index Scan using rag_vectors_\w+embedding\w* `, plan, "the distance is written as the index has it")
	assert.NotContains(t, plan, "rag_documents", "a class is known of the chunks")

	q.Skills = []string{"common"}
	var filtered arguments
	plan = explained(t, x, byIndex(q, m, 10, 40, &filtered), filtered)
	assert.Regexp(t, `Index Scan using rag_vectors_\w+embedding\w* `, plan, "filters are applied on the way")

	q.Skills = []string{"rare"}
	var rare arguments
	plan = explained(t, x, exactly(q, m, 10, &rare), rare)
	assert.Regexp(t, `Index Scan using rag_vectors_\w+pkey`, plan, "few vectors are read one by one")
}

// explained is the plan of a statement under the settings of a search.
func explained(t *testing.T, x *Index, text string, a arguments) string {
	t.Helper()
	tx, err := x.db.SQL.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	defer func() { _ = tx.Rollback() }()
	_, err = tx.ExecContext(t.Context(), settings+"200")
	require.NoError(t, err)
	rows, err := tx.QueryContext(t.Context(), "EXPLAIN "+text, a...)
	require.NoError(t, err)
	defer func() { _ = rows.Close() }()
	var plan strings.Builder
	require.NoError(t, database.Each(rows, func() error {
		var line string
		defer func() { plan.WriteString(line + "\n") }()
		return rows.Scan(&line)
	}))
	return plan.String()
}

func TestWhatALongQueryReadsIsBounded(t *testing.T) {
	list := make([]term, 50)
	for i := range list {
		list[i] = term{chunks: int64(1000 * i)}
	}
	assert.Equal(t, 6, affordable(list, mostPostings), "0 + 1 000 + … + 5 000 are 15 000")
	assert.Equal(t, leastTerms, affordable(list[40:], 10), "some terms are always searched for")
	assert.Equal(t, 1, affordable(list[49:], 10))
	assert.Equal(t, 50, affordable(list, 50*50*1000))
}

// Rare words first: that common ones were left out must not cost results.
func TestTermsThatAreLeftOutCostNoResults(t *testing.T) {
	t.Parallel()
	x := ready(t, ragtest.Words{})
	_, err := x.db.SQL.ExecContext(t.Context(), `
		WITH p AS (
		  INSERT INTO passages (id, created_at, slug, title, text, skills, track_id)
		  SELECT gen_random_uuid(), now(), 'w' || n, 'w', 'w', '{}', (SELECT min(id::text)::uuid FROM tracks) FROM generate_series(1, 150) n RETURNING id
		), d AS (
		  INSERT INTO rag_documents (id, kind, passage_id, skills, visibility, title, keywords, body, content_hash)
		  SELECT id, 'PASSAGE', id, '{}', 'PUBLIC', 'w', '', 'w', sha256('') FROM p RETURNING id
		), c AS (
		  INSERT INTO rag_chunks (document_id, ordinal, start_offset, end_offset, body, hash, visibility, length)
		  SELECT id, n, 0, 1, 'w', sha256(id::text::bytea), 'PUBLIC', 9 FROM d, generate_series(0, 150) n RETURNING id
		)
		INSERT INTO rag_postings (term, visibility, chunk_id, tf, length) SELECT 'marmalad', 'PUBLIC', id, 1, 9 FROM c`)
	require.NoError(t, err)
	hits, err := x.Search(t.Context(), Query{Text: "marmalade about Kubernetes, caching, indexes, transactions and retries", Only: PartWords, Limit: MaxLimit})
	require.NoError(t, err)
	assert.Len(t, hits, MaxLimit)
}

// naiveBM25 is the formula of lexical, written down a second time over the lexemes of every chunk.
func naiveBM25(chunks map[int64]map[string]int, query []string) map[int64]float64 {
	var total float64
	lengths := map[int64]float64{}
	frequency := map[string]float64{}
	for id, terms := range chunks {
		for term, tf := range terms {
			lengths[id] += float64(tf)
			frequency[term]++
		}
		total += lengths[id]
	}
	n := float64(len(chunks))
	scores := map[int64]float64{}
	for id, terms := range chunks {
		for _, term := range query {
			if tf := float64(terms[term]); tf > 0 {
				idf := math.Log(1 + (n-frequency[term]+0.5)/(frequency[term]+0.5))
				scores[id] += idf * tf * 2.2 / (tf + 1.2*(0.25+0.75*lengths[id]/(total/n)))
			}
		}
	}
	return scores
}

func TestLexicalScoresAreBM25(t *testing.T) {
	t.Parallel()
	x := ready(t, ragtest.Words{}, WithChunkTokens(64))
	rows, err := x.db.SQL.QueryContext(t.Context(), `
		SELECT c.id, d.id, l.lexeme, cardinality(l.positions) FROM rag_chunks c JOIN rag_documents d ON d.id = c.document_id,
		LATERAL unnest(to_tsvector('pg_catalog.english', d.title || E'\n' || d.keywords || E'\n' || c.body)) l`)
	require.NoError(t, err)
	defer func() { _ = rows.Close() }()
	chunks := map[int64]map[string]int{}
	documents := map[int64]uuid.UUID{}
	require.NoError(t, database.Each(rows, func() error {
		var id int64
		var document uuid.UUID
		var lexeme string
		var tf int
		if err := rows.Scan(&id, &document, &lexeme, &tf); err != nil {
			return err
		}
		if chunks[id] == nil {
			chunks[id] = map[string]int{}
		}
		chunks[id][lexeme], documents[id] = tf, document
		return nil
	}))
	for _, text := range []string{"database transactions and isolation levels", "AWS", "retries, retries and retries of payments",
		ragtest.Catalog(t).Tracks[0].Questions[0].Samples.Strong} {
		var query []string
		require.NoError(t, x.db.SQL.QueryRowContext(t.Context(),
			`SELECT tsvector_to_array(to_tsvector('pg_catalog.english', $1))`, text).Scan(pq.Array(&query)))
		want := map[uuid.UUID]float64{}
		for id, score := range naiveBM25(chunks, query) {
			want[documents[id]] = max(want[documents[id]], score)
		}
		q, err := Query{}.normalized(64)
		require.NoError(t, err)
		got, err := lexical(t.Context(), x.db.SQL, q, words{lexemes: query}, 1)
		require.NoError(t, err)
		require.Len(t, got, min(len(want), pool))
		for i, s := range got {
			assert.InDelta(t, want[s.document], s.score, 1e-6)
			if i > 0 {
				assert.LessOrEqual(t, s.score, got[i-1].score)
			}
		}
	}
}
