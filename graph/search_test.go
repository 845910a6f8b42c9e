package graph_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/rubrica/rubrica/graph"
	"github.com/rubrica/rubrica/internal/bypass"
	"github.com/rubrica/rubrica/internal/globalid"
	"github.com/rubrica/rubrica/internal/seeding"
	"github.com/rubrica/rubrica/jobs"
	"github.com/rubrica/rubrica/rag"
)

// indexed brings the search index up to date, as a worker would.
func (w *world) indexed(t testing.TB) {
	t.Helper()
	for {
		report, err := w.index.Refresh(bypass.Context(t.Context()), 10_000)
		require.NoError(t, err)
		if report.Left == 0 && report.Linked == 0 {
			return
		}
	}
}

const searchAll = `query($q: String!, $n: Int! = 10, $f: SearchFilter) { search(query: $q, first: $n, filter: $f) { degraded note hits {
	title excerpt trace { denseRank denseScore lexicalRank lexicalScore neighbours score }
	node { __typename ... on Node { id } ... on Essay { text learner { email } } ... on ReferenceAnswer { text } ... on Credential { teaches { name } } ... on Passage { skills { name } } } } } }`

// Everybody finds what they may read, and nothing else.
func TestSearchByRole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.essays(t, lena, 2)
	w.essays(t, omar, 2)
	w.indexed(t)
	for person, want := range map[string][]string{lena: {lena}, omar: {omar}, arno: {lena}, miriam: {lena, omar}, ada: {lena, omar}} {
		a := w.ok(t, person, searchAll, vars{"q": "secret thoughts, indexes make reads fast", "n": 100})
		require.Equal(t, false, a.at("search", "degraded"))
		types, owners := map[any]bool{}, map[string]bool{}
		for i := range list(a.at("search", "hits")) {
			require.NotNil(t, a.at("search", "hits", i, "node"), a.raw)
			typ := a.at("search", "hits", i, "node", "__typename")
			types[typ] = true
			if typ == "Essay" {
				email, _, _ := strings.Cut(a.at("search", "hits", i, "node", "learner", "email").(string), "@")
				owners[email] = true
			}
		}
		for _, s := range []string{lena, omar} {
			require.Equal(t, slices.Contains(want, s), owners[s], "%s and the essays of %s", person, s)
		}
		require.Equal(t, slices.Contains(graders, person), types["ReferenceAnswer"], person)
		require.True(t, types["Passage"] || types["Credential"], person)
		if !slices.Contains(graders, person) {
			forbid(t, a.raw, w.secrets(t)...)
		}
	}
	filtered := w.ok(t, ada, searchAll, vars{"q": "indexes", "f": vars{"kinds": []string{"ESSAY"}, "questionId": w.questionID(0, 0)}})
	require.Len(t, list(filtered.at("search", "hits")), 2)
	require.EqualValues(t, "Essay", filtered.at("search", "hits", 0, "node", "__typename"))
}

// A search says how each hit was found; one with nothing to search for finds nothing and says so.
func TestSearchTellsHowItFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.indexed(t)
	credential := w.catalog.Credentials[0]
	a := w.ok(t, lena, searchAll, vars{"q": credential.Title, "n": 5, "f": vars{"kinds": []string{"CREDENTIAL"}}})
	require.Len(t, list(a.at("search", "hits")), 5)
	require.Equal(t, w.credentialID(0), a.at("search", "hits", 0, "node", "id"))
	require.NotNil(t, a.at("search", "hits", 0, "trace", "denseScore"))
	require.NotNil(t, a.at("search", "hits", 0, "trace", "lexicalScore"))
	require.NotEmpty(t, a.at("search", "hits", 0, "excerpt"))
	for i := range 4 {
		require.GreaterOrEqual(t, a.at("search", "hits", i, "trace", "score"), a.at("search", "hits", i+1, "trace", "score"))
	}
	for _, nothing := range []string{"", " ", "?!", strings.Repeat("… ", 9000)} {
		a := w.ok(t, lena, searchAll, vars{"q": nothing})
		require.Empty(t, list(a.at("search", "hits")))
		require.Contains(t, a.at("search", "note"), "no word")
	}
	long := w.ok(t, lena, searchAll, vars{"q": strings.Repeat("databases and their indexes ", 3000)})
	require.Len(t, list(long.at("search", "hits")), 10)

	alike := w.ok(t, lena, `query($id: ID!) { similarCredentials(id: $id, first: 3) { hits { node { ... on Credential { id } } } } }`, vars{"id": w.credentialID(0)})
	require.Len(t, list(alike.at("similarCredentials", "hits")), 3)
	require.NotContains(t, alike.raw, w.credentialID(0), "it is not like itself")
	require.Nil(t, w.ok(t, lena, `query($id: ID!) { similarCredentials(id: $id) { hits { title } } }`,
		vars{"id": globalid.Encode("credential", newID())}).at("similarCredentials"))
}

// dumb is an embedder that fails.
type dumb struct{ jobs.Embedder }

func (dumb) Embed(context.Context, string) ([]float32, error) { return nil, errors.New("no runtime") }

// Without vectors a search goes by words, and says so.
func TestSearchWithoutVectorsIsDegraded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.indexed(t)
	s := w.serveWith(t, func(o *graph.Options) { o.Index = rag.New(w.db, dumb{w.embedder}, nil) })
	a := w.askAt(t, s, lena, searchAll, vars{"q": w.catalog.Credentials[0].Title})
	require.Empty(t, a.Errors)
	require.Equal(t, true, a.at("search", "degraded"))
	require.Contains(t, a.at("search", "note"), "words alone")
	require.Nil(t, a.at("search", "hits", 0, "trace", "denseRank"))
	require.NotEmpty(t, list(a.at("search", "hits")))
}

// A search costs the same statements however much it finds, and whoever else searches.
func TestStatementsOfSearches(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	essays := w.essays(t, lena, 20)
	w.exec(t, `UPDATE essays SET question_id = $1`, seeding.QuestionID(w.catalog.Tracks[0].Slug, w.catalog.Tracks[0].Questions[0].Slug))
	w.exec(t, `DELETE FROM reference_answers`) // so that duplicates are of one type, however many are asked for
	w.indexed(t)
	for name, c := range map[string]struct {
		query string
		vars  vars
		below int // statements for the rows
	}{
		"search": {`query($n: Int!, $q: String!) { search(query: $q, first: $n, filter: {kinds: [CREDENTIAL]}) { hits { a: node { ... on Credential { title teaches { name } viewerInteractions { kind } } } } } }`,
			vars{"q": "databases"}, 3},
		"no rows": {`query($n: Int!, $q: String!) { search(query: $q, first: $n) { hits { title } } }`, vars{"q": "databases"}, 0},
		"similar": {`query($n: Int!, $id: ID!) { similarCredentials(id: $id, first: $n) { hits { node { ... on SearchNode { ... on Credential { requires { name } } } } } } }`,
			vars{"id": w.credentialID(0)}, 2},
		"duplicates": {`query($n: Int!, $id: ID!) { essayDuplicates(essayId: $id, first: $n) { answer { ... on Essay { learner { name } } } } }`,
			vars{"id": essays[0].id("essay")}, 2},
	} {
		ask := func(n int) *answer {
			v := maps.Clone(c.vars)
			v["n"] = n
			return w.ok(t, ada, c.query, v)
		}
		want := len(steady(ask(1).statements))
		for _, n := range []int{10, 20} {
			require.Len(t, steady(ask(n).statements), want, "%s: %d", name, n)
		}
		bare := 0
		for _, statement := range ask(20).statements {
			if strings.Contains(statement, "ANY(") && !strings.Contains(statement, "rag_") {
				bare++
			}
		}
		require.Equal(t, c.below, bare, "%s: one statement for each type, and for each edge", name)
		var g errgroup.Group
		for range 16 {
			g.Go(func() error {
				v := maps.Clone(c.vars)
				v["n"] = 20
				if a := w.ask(t, ada, c.query, v); len(steady(a.statements)) != want || len(a.Errors) > 0 {
					return fmt.Errorf("%s: %d statements instead of %d; %v", name, len(steady(a.statements)), want, a.Errors)
				}
				return nil
			})
		}
		require.NoError(t, g.Wait())
	}
}

const duplicates = `query($id: ID!) { essayDuplicates(essayId: $id) { near score cosine containment jaccard sharedRuns sameLearner answer { __typename ... on Node { id } } } }`

// Advisors are told of answers that are nearly the same, among those that they may see.
func TestDuplicatesByRole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mine, theirs := w.essays(t, lena, 1)[0], w.essays(t, omar, 1)[0]
	v := vars{"id": mine.id("essay")}
	require.Nil(t, w.ok(t, arno, duplicates, v).at("essayDuplicates"), "it is not indexed yet")
	w.exec(t, `UPDATE essays SET text = $1`, strings.Repeat("An index is a sorted copy of a column that lets the planner find rows without reading all of them. ", 1)+
		"It costs time with every write, and room on disk, so one does not index what is seldom asked for or what nearly all rows share.")
	w.indexed(t)
	require.Equal(t, []string{"FORBIDDEN"}, w.ask(t, lena, duplicates, v).codes())
	other := theirs.id("essay")
	for person, sees := range map[string]bool{arno: false, miriam: true, ada: true} {
		a := w.ok(t, person, duplicates, v)
		require.NotEmpty(t, list(a.at("essayDuplicates")), person)
		require.Equal(t, sees, strings.Contains(a.raw, other), person)
		require.Equal(t, sees, a.at("essayDuplicates", 0, "near"), person)
	}
	require.Nil(t, w.ok(t, arno, duplicates, vars{"id": other}).at("essayDuplicates"))
}

// upload sends a mutation with a file.
func (w *world) upload(t testing.TB, person, query string, variables vars, input, name, content string) *answer {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	operations, err := json.Marshal(vars{"query": query, "variables": variables})
	require.NoError(t, err)
	require.NoError(t, form.WriteField("operations", string(operations)))
	require.NoError(t, form.WriteField("map", `{"0": ["variables.`+input+`.file"]}`))
	part, err := form.CreateFormFile("0", name)
	require.NoError(t, err)
	_, err = io.WriteString(part, content)
	require.NoError(t, err)
	require.NoError(t, form.Close())
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.api.URL, &body)
	require.NoError(t, err)
	r.Header.Set("Content-Type", form.FormDataContentType())
	r.Header.Set("GraphQL-Preflight", "1")
	r.Header.Set("Accept", "application/graphql-response+json")
	id, c := newCounter()
	t.Cleanup(func() { counters.Delete(id) })
	r.Header.Set(counterHeader, id)
	if person != anonymous {
		r.Header.Set("Authorization", "Bearer "+w.token(t, person))
	}
	resp, err := w.api.Client().Do(r)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }() // read to its end
	raw, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	a := &answer{raw: string(raw), status: resp.StatusCode}
	require.NoError(t, json.Unmarshal(raw, a), "%s", raw)
	a.statements, a.arguments = c.take()
	return a
}

// oneCredential is a file of one credential.
func oneCredential(w *world) string {
	return "external_id,title,provider,kind,level,teaches,description\nx-1,A title,Somebody,COURSE,FOUNDATION," + w.catalog.Skills[0].Slug + ",What one learns.\n"
}

const importCatalogue = `mutation($in: CatalogueImportInput!) { catalogueImport(input: $in) { import { kind format name atomic dryRun written
	rows taken changed unchanged refused moreRefusals refusals { line externalId column code message } } userErrors { code field message } } }`

// An admin's file is taken row by row or whole, once, and leaves an event; nobody else sends one.
func TestCatalogueImport(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	skill := w.catalog.Skills[0].Slug
	head := "external_id,title,provider,kind,level,teaches,description\n"
	row := func(id, level string) string {
		return fmt.Sprintf("%s,Title of %s,Somebody,COURSE,%s,%s,What one learns.\n", id, id, level, skill)
	}
	in := func(more vars) vars {
		v := vars{"kind": "CREDENTIALS", "file": nil}
		for k, x := range more {
			v[k] = x
		}
		return vars{"in": v}
	}
	for person, code := range map[string]string{anonymous: "UNAUTHENTICATED", lena: "FORBIDDEN", arno: "FORBIDDEN"} {
		require.Equal(t, []string{code}, w.upload(t, person, importCatalogue, in(nil), "in", "a.csv", head+row("a", "FOUNDATION")).codes(), person)
	}
	good := head + row("a", "FOUNDATION") + row("b", "ADVANCED")
	counts := func(a *answer) []any {
		t.Helper()
		require.Empty(t, a.Errors, a.raw)
		require.Empty(t, list(a.at("catalogueImport", "userErrors")), a.raw)
		var out []any
		for _, f := range []string{"written", "taken", "changed", "unchanged", "refused"} {
			out = append(out, a.at("catalogueImport", "import", f))
		}
		return out
	}
	require.Equal(t, []any{false, 2.0, 0.0, 0.0, 0.0}, counts(w.upload(t, ada, importCatalogue, in(vars{"dryRun": true}), "in", "a.csv", good)))
	require.Equal(t, []any{true, 2.0, 0.0, 0.0, 0.0}, counts(w.upload(t, ada, importCatalogue, in(nil), "in", "a.csv", good)))
	require.Equal(t, []any{true, 0.0, 0.0, 2.0, 0.0}, counts(w.upload(t, ada, importCatalogue, in(nil), "in", "a.csv", good)))

	bad := head
	for i := range 120 {
		bad += row(fmt.Sprintf("bad-%d", i), "HARD")
	}
	a := w.upload(t, ada, importCatalogue, in(nil), "in", "a.csv", bad+row("c", "ADVANCED"))
	require.Equal(t, []any{true, 1.0, 0.0, 0.0, 120.0}, counts(a))
	require.Len(t, list(a.at("catalogueImport", "import", "refusals")), 100)
	require.EqualValues(t, 20, a.at("catalogueImport", "import", "moreRefusals"))
	require.Equal(t, "level", a.at("catalogueImport", "import", "refusals", 0, "column"))
	require.EqualValues(t, 2, a.at("catalogueImport", "import", "refusals", 0, "line"))

	broken := w.upload(t, ada, importCatalogue, in(nil), "in", "a.md", "\x00\x01")
	require.Nil(t, broken.at("catalogueImport", "import"))
	require.NotEmpty(t, list(broken.at("catalogueImport", "userErrors")), broken.raw)
	require.Equal(t, 3, w.countOf(t, `audit_events WHERE action = 'CATALOGUE_IMPORT'`), "what was written, and nothing else")
	require.Equal(t, []string{"GRAPHQL_VALIDATION_FAILED"}, w.ask(t, ada, importCatalogue, in(vars{"file": "a text"})).codes())
}

// Synonyms are kept as searches compare them, and searches go by them.
func TestSynonymsOfSkills(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := globalid.Encode("skill", seeding.SkillID(w.catalog.Skills[0].Slug))
	const set = `mutation($in: SkillSynonymsSetInput!) { skillSynonymsSet(input: $in) { skill { synonyms } userErrors { code field } } }`
	ask := func(words ...string) *answer {
		words = append([]string{}, words...) // none is no null
		return w.ok(t, ada, set, vars{"in": vars{"skillId": id, "synonyms": words}})
	}
	require.Equal(t, []any{"k8s", "ci/cd", "ärger mit netzen"}, ask("K8S", " k8s", "CI/CD", "Ärger  mit Netzen").at("skillSynonymsSet", "skill", "synonyms"))
	require.Equal(t, []any{}, ask().at("skillSynonymsSet", "skill", "synonyms"))
	for _, word := range []string{"", "  ", strings.Repeat("ł", 65), "a\x00b"} {
		require.Equal(t, "synonyms", a0(ask(word).at("skillSynonymsSet", "userErrors", 0, "field")), word)
	}
	require.NotNil(t, ask(strings.Repeat("ł", 64)).at("skillSynonymsSet", "skill"))
}

// a0 is the last step of the path of a field.
func a0(path any) any { steps := list(path); return steps[len(steps)-1] }
