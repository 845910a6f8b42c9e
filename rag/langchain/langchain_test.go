package langchain_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tmc/langchaingo/chains"
	"github.com/tmc/langchaingo/llms/openai"
	"github.com/tmc/langchaingo/schema"
	"github.com/tmc/langchaingo/vectorstores"

	"github.com/google/uuid"

	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/internal/bypass"
	"github.com/rubrica/rubrica/internal/database"
	"github.com/rubrica/rubrica/internal/pgtest"
	"github.com/rubrica/rubrica/internal/viewer"
	"github.com/rubrica/rubrica/rag"
	"github.com/rubrica/rubrica/rag/langchain"
	"github.com/rubrica/rubrica/rag/ragtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func as(t *testing.T, role enums.Role) context.Context {
	return viewer.NewContext(t.Context(), viewer.Viewer{ID: uuid.New(), Role: role})
}

// world has two tracks without passages, and the real model.
func world(t *testing.T) (*database.DB, *rag.Index) {
	t.Helper()
	db := ragtest.Open(t)
	ctx := bypass.Context(t.Context())
	for _, slug := range []string{"animals", "databases"} {
		db.Ent.Track.Create().SetSlug(slug).SetTitle(slug).SetSummary(slug).SetOccupation("").ExecX(ctx)
	}
	return db, rag.New(db, ragtest.Model(t), nil)
}

var (
	weevil    = schema.Document{PageContent: "The zyzzyva is a tropical weevil that feeds on palms.", Metadata: map[string]any{"id": "weevil", "title": "Weevils", "skills": []any{"biology"}}}
	quokka    = schema.Document{PageContent: "The quokka is a small marsupial of Western Australia."}
	isolation = schema.Document{PageContent: "Snapshot isolation lets each transaction read the rows as they were when it began.", Metadata: map[string]any{"title": "Isolation"}}
)

// answering is a language model behind OpenAI's protocol that answers with the first line of the context
// that it is given, and so says nothing that was not retrieved.
func answering(t *testing.T) (*openai.LLM, *[]string) {
	t.Helper()
	var prompts []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var asked struct {
			Messages []struct {
				Content any `json:"content"`
			} `json:"messages"`
		}
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil || len(asked.Messages) == 0 {
			http.Error(w, "no messages", http.StatusBadRequest)
			return
		}
		prompt, ok := asked.Messages[0].Content.(string)
		if parts, list := asked.Messages[0].Content.([]any); list && len(parts) > 0 {
			prompt, ok = parts[0].(map[string]any)["text"].(string)
		}
		if !ok {
			http.Error(w, "no text", http.StatusBadRequest)
			return
		}
		prompts = append(prompts, prompt)
		_, context, _ := strings.Cut(prompt, "\n\n")
		line, _, _ := strings.Cut(strings.TrimSpace(context), "\n")
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{
			"id": "1", "object": "chat.completion", "model": "small-1",
			"choices": []any{map[string]any{"index": 0, "finish_reason": "stop",
				"message": map[string]any{"role": "assistant", "content": line}}},
			"usage": map[string]any{"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
		})
	}))
	t.Cleanup(server.Close)
	model, err := openai.New(openai.WithBaseURL(server.URL), openai.WithToken("none"), openai.WithModel("small-1"))
	require.NoError(t, err)
	return model, &prompts
}

func TestRetrievalChainsRunOnTheStoreAndOnTheSearch(t *testing.T) {
	t.Parallel()
	db, index := world(t)
	ctx := as(t, enums.RoleAdmin)
	store := langchain.NewStore(index, db)
	_, err := store.AddDocuments(ctx, []schema.Document{weevil, quokka}, vectorstores.WithNameSpace("animals"))
	require.NoError(t, err)
	_, err = store.AddDocuments(ctx, []schema.Document{isolation}, vectorstores.WithNameSpace("databases"))
	require.NoError(t, err)

	const question = "Which rows does a transaction see under snapshot isolation?"
	for name, retriever := range map[string]schema.Retriever{
		"store":  vectorstores.ToRetriever(store, 2),
		"search": langchain.NewRetriever(index, rag.Query{Limit: 2}),
	} {
		model, prompts := answering(t)
		chain := chains.NewRetrievalQAFromLLM(model, retriever)
		chain.ReturnSourceDocuments = true
		result, err := chains.Call(ctx, chain, map[string]any{"query": question})
		require.NoError(t, err, name)
		assert.Equal(t, isolation.PageContent, result["text"], name)
		sources, ok := result["source_documents"].([]schema.Document)
		require.True(t, ok)
		require.NotEmpty(t, sources)
		assert.Equal(t, "Isolation", sources[0].Metadata[langchain.MetaTitle])
		require.Len(t, *prompts, 1)
		assert.Contains(t, (*prompts)[0], question)

		stuff := chains.NewRetrievalQA(chains.LoadStuffQA(model), retriever)
		answer, err := chains.Run(ctx, stuff, "What kind of animal is the quokka?")
		require.NoError(t, err, name)
		assert.Equal(t, quokka.PageContent, answer, name)
	}
}

func TestTheStoreKeepsFindsAndDeletes(t *testing.T) {
	t.Parallel()
	db, index := world(t)
	ctx := as(t, enums.RoleAdmin)
	store := langchain.NewStore(index, db, langchain.WithNamespace("animals"))
	ids, err := store.AddDocuments(ctx, []schema.Document{weevil, quokka})
	require.NoError(t, err)
	require.Len(t, ids, 2)
	other, err := store.AddDocuments(ctx, []schema.Document{isolation}, vectorstores.WithNameSpace("databases"))
	require.NoError(t, err)

	search := func(text string, n int, o ...vectorstores.Option) []schema.Document {
		docs, err := store.SimilaritySearch(as(t, enums.RoleLearner), text, n, o...)
		require.NoError(t, err)
		return docs
	}
	found := search("an insect", 5)
	require.Len(t, found, 2, "its own namespace")
	assert.Equal(t, weevil.PageContent, found[0].PageContent)
	assert.Equal(t, map[string]any{"id": ids[0], "title": "Weevils", "kind": "PASSAGE", "chunk": 0}, found[0].Metadata)
	assert.Greater(t, found[0].Score, found[1].Score)
	assert.Equal(t, "The quokka is a small marsupial of Western Australia.", found[1].Metadata["title"], "the first words")
	between := (found[0].Score + found[1].Score) / 2
	assert.Len(t, search("an insect", 5, vectorstores.WithScoreThreshold(between)), 1)
	assert.Len(t, search("an insect", 1), 1)
	assert.Len(t, search("an insect", 5, vectorstores.WithNameSpace("databases")), 1)
	assert.Len(t, search("an insect", 5, vectorstores.WithFilters(map[string]any{"skills": []string{"biology"}})), 1)
	assert.Empty(t, search("an insect", 5, vectorstores.WithFilters(map[string]any{"kind": "CREDENTIAL"})))
	assert.Len(t, search("an insect", 5, vectorstores.WithEmbedder(langchain.NewEmbedder(index.Embedder()))), 2)

	// An id is replaced, a text is kept once, and the deduplicater decides first.
	newer := schema.Document{PageContent: "The zyzzyva is a beetle.", Metadata: map[string]any{"id": "weevil"}}
	again, err := store.AddDocuments(ctx, []schema.Document{newer, quokka, quokka})
	require.NoError(t, err)
	assert.Equal(t, []string{ids[0], ids[1], ids[1]}, again)
	assert.Equal(t, newer.PageContent, search("an insect", 5)[0].PageContent)
	none, err := store.AddDocuments(ctx, []schema.Document{weevil}, vectorstores.WithDeduplicater(
		func(_ context.Context, doc schema.Document) bool { return doc.Metadata["id"] == "weevil" }))
	require.NoError(t, err)
	assert.Empty(t, none)

	n, err := store.Delete(ctx, other)
	require.NoError(t, err)
	assert.Zero(t, n, "of another namespace")
	n, err = store.Delete(ctx, []string{ids[0], uuid.NewString()})
	require.NoError(t, err)
	assert.Equal(t, 1, n)
	found = search("an insect", 5)
	require.Len(t, found, 1)
	assert.Equal(t, quokka.PageContent, found[0].PageContent)
}

func TestTheStoreRefusesWhatItCannotDo(t *testing.T) {
	t.Parallel()
	db, index := world(t)
	ctx := as(t, enums.RoleAdmin)
	store := langchain.NewStore(index, db, langchain.WithNamespace("animals"), langchain.WithoutWaiting())
	one := []schema.Document{weevil}
	for name, c := range map[string]struct {
		docs []schema.Document
		o    vectorstores.Option
		want error
	}{
		"no track":           {one, vectorstores.WithNameSpace("nowhere"), langchain.ErrNamespace},
		"a threshold":        {one, vectorstores.WithScoreThreshold(0.5), langchain.ErrOption},
		"filters":            {one, vectorstores.WithFilters(map[string]any{}), langchain.ErrOption},
		"another embedder":   {one, vectorstores.WithEmbedder(langchain.NewEmbedder(ragtest.Words{})), langchain.ErrOption},
		"no text":            {[]schema.Document{weevil, {PageContent: " \n"}}, nil, langchain.ErrDocument},
		"a NUL":              {[]schema.Document{{PageContent: "a\x00b"}}, nil, langchain.ErrDocument},
		"binary":             {[]schema.Document{{PageContent: "\xff\xfe"}}, nil, langchain.ErrDocument},
		"too long":           {[]schema.Document{{PageContent: strings.Repeat("a", langchain.MaxContent+1)}}, nil, langchain.ErrDocument},
		"a title of numbers": {[]schema.Document{{PageContent: "a", Metadata: map[string]any{"title": 7}}}, nil, langchain.ErrDocument},
		"too many":           {make([]schema.Document, langchain.MaxDocuments+1), nil, langchain.ErrDocument},
	} {
		var o []vectorstores.Option
		if c.o != nil {
			o = append(o, c.o)
		}
		_, err := store.AddDocuments(ctx, c.docs, o...)
		require.ErrorIs(t, err, c.want, name)
	}
	for name, o := range map[string]vectorstores.Option{
		"above one":        vectorstores.WithScoreThreshold(1.5),
		"unknown filter":   vectorstores.WithFilters(map[string]any{"page": "7"}),
		"empty filter":     vectorstores.WithFilters(map[string]any{"skills": []string{}}),
		"another map":      vectorstores.WithFilters(map[string]string{"kind": "PASSAGE"}),
		"no question":      vectorstores.WithFilters(map[string]any{"question": "7"}),
		"another embedder": vectorstores.WithEmbedder(langchain.NewEmbedder(ragtest.Words{})),
		"deduplicater":     vectorstores.WithDeduplicater(func(context.Context, schema.Document) bool { return false }),
	} {
		_, err := store.SimilaritySearch(ctx, "text", 5, o)
		require.ErrorIs(t, err, langchain.ErrOption, name)
	}
	_, err := store.SimilaritySearch(ctx, "text", 0)
	require.ErrorIs(t, err, langchain.ErrOption)
	_, err = store.SimilaritySearch(ctx, "text", rag.MaxLimit+1)
	require.ErrorIs(t, err, rag.ErrQuery)
	_, err = store.Delete(ctx, []string{"7"})
	require.ErrorIs(t, err, langchain.ErrDocument)
	assert.Zero(t, db.Ent.Passage.Query().CountX(ctx), "nothing was written")

	_, err = store.AddDocuments(as(t, enums.RoleLearner), one)
	require.Error(t, err)
	_, err = store.AddDocuments(t.Context(), one)
	require.Error(t, err, "nobody signed in")
	assert.Zero(t, db.Ent.Passage.Query().CountX(ctx), "only admins write")
	ids, err := store.AddDocuments(ctx, one)
	require.NoError(t, err)
	_, err = store.Delete(as(t, enums.RoleLearner), ids)
	require.Error(t, err)
	assert.Equal(t, 1, db.Ent.Passage.Query().CountX(ctx))
	found, err := store.SimilaritySearch(ctx, "an insect", 5)
	require.NoError(t, err)
	assert.Empty(t, found, "nobody has indexed it yet")
}

func TestVectorsAreTheModelsOwn(t *testing.T) {
	t.Parallel()
	model := ragtest.Model(t)
	e := langchain.NewEmbedder(model)
	texts := []string{"one text\nof two lines", "another"}
	vectors, err := e.EmbedDocuments(t.Context(), texts)
	require.NoError(t, err)
	require.Len(t, vectors, 2)
	for i, text := range texts {
		want, err := model.Embed(t.Context(), text)
		require.NoError(t, err)
		assert.Equal(t, want, vectors[i])
		got, err := e.EmbedQuery(t.Context(), text)
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
	broken := langchain.NewEmbedder(ragtest.Words{Hook: func(context.Context, string) error { return context.Canceled }})
	_, err = broken.EmbedDocuments(t.Context(), texts)
	require.ErrorIs(t, err, context.Canceled)
	_, err = broken.EmbedQuery(t.Context(), "a")
	require.ErrorIs(t, err, context.Canceled)
}
