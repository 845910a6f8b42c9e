package graph_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/rubrica/rubrica/internal/globalid"
	"github.com/rubrica/rubrica/internal/seeding"
)

// A bound asks with a value of so many characters or elements, or of this number, and says which code
// refuses it.
type boundary struct {
	ask     func(n int) *answer
	refused string
}

// Each bound that a description states holds: at its ends, and not one beyond. There is none without
// a row here, so that who adds one shows that it is enforced.
func TestBoundsOfInputs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const wide = "ł" // characters are counted, and not bytes
	serial := 0
	next := func() int { serial++; return serial }
	mutation := func(person, name string, input vars) *answer {
		typ := strings.ToUpper(name[:1]) + name[1:] + "Input!"
		return w.ask(t, person, fmt.Sprintf(`mutation($in: %s) { %s(input: $in) { userErrors { code } } }`, typ, name), vars{"in": input})
	}
	essay := func(input vars) *answer {
		input["questionId"] = w.questionID(0, 0)
		return mutation(lena, "essaySubmit", input)
	}
	search := func(filter vars) *answer {
		return w.ask(t, lena, `query($f: SearchFilter) { search(query: "databases", filter: $f) { degraded } }`, vars{"f": filter})
	}
	essays := w.essays(t, lena, 8)
	job := func() string {
		a := essay(vars{"text": fmt.Sprintf("An answer %d.", next())})
		require.Empty(t, outcome(a), a.raw)
		return w.ok(t, ada, `{ jobs(first: 1) { edges { node { id } } } }`, nil).at("jobs", "edges", 0, "node", "id").(string)
	}
	table := map[string]boundary{
		"Query.nodes.ids": {func(n int) *answer {
			ids := make([]string, n)
			for i := range ids {
				ids[i] = globalid.Encode("user", seeding.UserID(lena))
			}
			return w.ask(t, lena, `query($ids: [ID!]!) { nodes(ids: $ids) { id } }`, vars{"ids": ids})
		}, "BAD_INPUT"},
		"EssaySubmitInput.text": {func(n int) *answer { return essay(vars{"text": strings.Repeat(wide, n)}) }, "TOO_LONG"},
		"EssaySubmitInput.idempotencyKey": {func(n int) *answer {
			return essay(vars{"text": "An answer.", "idempotencyKey": strings.Repeat(wide, n)})
		}, "INVALID"},
		"EssayRescoreInput.reason": {func(n int) *answer {
			return mutation(arno, "essayRescore", vars{"essayId": essays[next()%len(essays)].id("essay"), "reason": strings.Repeat(wide, n)})
		}, "INVALID"},
		"EssaysRescoreInput.reason": {func(n int) *answer {
			return mutation(ada, "essaysRescore", vars{"scope": vars{"questionId": w.questionID(0, 0)}, "reason": strings.Repeat(wide, n)})
		}, "INVALID"},
		"EssayOverrideInput.reason": {func(n int) *answer {
			s := w.essays(t, lena, 1)[0]
			return mutation(arno, "essayOverride", vars{"runId": s.id("scoring_run"), "reason": strings.Repeat(wide, n),
				"keyPoints": []vars{{"keyPointId": s.id("key_point"), "status": "MISSED"}}})
		}, "INVALID"},
		"EssayOverrideInput.keyPoints": {func(n int) *answer {
			s := w.essays(t, lena, 1)[0]
			points := make([]vars, n)
			for i := range points {
				points[i] = vars{"keyPointId": w.pointOf(t, s, i), "status": "MISSED"}
			}
			return mutation(arno, "essayOverride", vars{"runId": s.id("scoring_run"), "reason": "x", "keyPoints": points})
		}, "INVALID"},
		"EssayOverrideInput.criteria": {func(n int) *answer {
			s := w.essays(t, lena, 1)[0]
			criteria := make([]vars, n)
			for i := range criteria {
				criteria[i] = vars{"criterionId": w.criterionOf(t, s, i), "value": 0}
			}
			return mutation(arno, "essayOverride", vars{"runId": s.id("scoring_run"), "reason": "x", "criteria": criteria})
		}, "INVALID"},
		"CalibrationUploadInput.csv": {func(n int) *answer {
			good := w.gradedTable(6)
			rest := n - len(good)
			return mutation(ada, "calibrationUpload", vars{"questionId": w.questionID(0, 0), "csv": strings.Replace(good, "The answer", strings.Repeat("x", rest)+"The answer", 1)})
		}, "TOO_LONG"},
		"UserCreateInput.name": {func(n int) *answer {
			return mutation(ada, "userCreate", vars{"role": "LEARNER", "name": strings.Repeat(wide, n), "email": fmt.Sprintf("p%d@example.org", next())})
		}, "INVALID"},
		"UserCreateInput.email": {func(n int) *answer {
			address := "x"
			if n > 1 {
				address = strings.Repeat("x", max(n-2, 0)) + "@x"
			}
			return mutation(ada, "userCreate", vars{"role": "LEARNER", "name": "A name", "email": address})
		}, "INVALID"},
		"CohortCreateInput.slug": {func(n int) *answer {
			return mutation(ada, "cohortCreate", vars{"name": "A name", "slug": strings.Repeat("x", n)})
		}, "INVALID"},
		"CohortCreateInput.name": {func(n int) *answer {
			return mutation(ada, "cohortCreate", vars{"slug": fmt.Sprintf("cohort-%d", next()), "name": strings.Repeat(wide, n)})
		}, "INVALID"},
		"CredentialFilter.teaches": {func(n int) *answer {
			return w.ask(t, lena, `query($f: CredentialFilter) { credentials(first: 1, filter: $f) { totalCount } }`, vars{"f": vars{"teaches": strings.Repeat("x", n)}})
		}, "BAD_INPUT"},
		"Query.search.first": {func(n int) *answer {
			return w.ask(t, lena, `query($n: Int!) { search(query: "databases", first: $n) { degraded } }`, vars{"n": n})
		}, "PAGINATION_REQUIRED"},
		"Query.similarCredentials.first": {func(n int) *answer {
			return w.ask(t, lena, `query($n: Int!, $id: ID!) { similarCredentials(id: $id, first: $n) { degraded } }`, vars{"n": n, "id": w.credentialID(0)})
		}, "PAGINATION_REQUIRED"},
		"Query.essayDuplicates.first": {func(n int) *answer {
			return w.ask(t, arno, `query($n: Int!, $id: ID!) { essayDuplicates(essayId: $id, first: $n) { score } }`, vars{"n": n, "id": essays[0].id("essay")})
		}, "PAGINATION_REQUIRED"},
		"SearchFilter.kinds":  {func(n int) *answer { return search(vars{"kinds": slices.Repeat([]string{"ESSAY"}, n)}) }, "BAD_INPUT"},
		"SearchFilter.levels": {func(n int) *answer { return search(vars{"levels": slices.Repeat([]string{"ADVANCED"}, n)}) }, "BAD_INPUT"},
		"SearchFilter.skills": {func(n int) *answer { return search(vars{"skills": slices.Repeat([]string{"x"}, n)}) }, "BAD_INPUT"},
		"InteractionRecordInput.rating": {func(n int) *answer {
			return mutation(lena, "interactionRecord", vars{"credentialId": w.credentialID(0), "kind": "RATED", "rating": n})
		}, "INVALID"},
		"PreferencesSetInput.interests": {func(n int) *answer {
			slugs := make([]string, n)
			for i := range slugs {
				slugs[i] = w.catalog.Skills[i].Slug
			}
			return mutation(lena, "preferencesSet", vars{"interests": slugs})
		}, "INVALID"},
		"RecommendationItemDecideInput.reason": {func(n int) *answer {
			return mutation(arno, "recommendationItemDecide", vars{"itemId": essays[0].id("recommendation_item"), "verdict": "ACCEPTED", "reason": strings.Repeat(wide, n)})
		}, "INVALID"},
		"SkillSynonymsSetInput.synonyms": {func(n int) *answer {
			words := make([]string, n)
			for i := range words {
				words[i] = fmt.Sprintf("word %d", i)
			}
			return mutation(ada, "skillSynonymsSet", vars{"skillId": globalid.Encode("skill", seeding.SkillID(w.catalog.Skills[0].Slug)), "synonyms": words})
		}, "INVALID"},
		"CatalogueImportInput.headingLevel": {func(n int) *answer {
			return w.upload(t, ada, importCatalogue, vars{"in": vars{"file": nil, "kind": "PASSAGES", "headingLevel": n,
				"trackId": globalid.Encode("track", seeding.TrackID(w.catalog.Tracks[0].Slug))}}, "in", "notes.md", strings.Repeat("#", max(n, 1))+" A heading\n\nA passage of some words.\n")
		}, "INVALID"},
		"JobFilter.states": {func(n int) *answer {
			states := make([]string, n)
			for i := range states {
				states[i] = "RUNNING"
			}
			return w.ask(t, ada, `query($f: JobFilter) { jobs(first: 1, filter: $f) { totalCount } }`, vars{"f": vars{"states": states}})
		}, "BAD_INPUT"},
		"JobCancelInput.reason": {func(n int) *answer {
			return mutation(ada, "jobCancel", vars{"jobId": job(), "reason": strings.Repeat(wide, n)})
		}, "INVALID"},
	}
	ids := map[string]string{
		"Essay": essays[0].id("essay"), "User": globalid.Encode("user", seeding.UserID(lena)),
		"Question": w.questionID(0, 0),
		"Track":    globalid.Encode("track", seeding.TrackID(w.catalog.Tracks[0].Slug)),
		"Cohort":   globalid.Encode("cohort", seeding.CohortID(w.catalog.People.Cohorts[0].Slug)),
	}
	stated := inputBounds(t)
	for coordinate := range stated {
		parts := strings.Split(coordinate, ".")
		if end := parts[len(parts)-1]; end != "first" && end != "last" {
			continue
		}
		if _, own := table[coordinate]; own {
			continue
		}
		table[coordinate] = boundary{func(n int) *answer {
			query := fmt.Sprintf(`{ %s(%s: %d) { totalCount } }`, parts[1], parts[2], n)
			if parts[0] != "Query" {
				require.NotEmpty(t, ids[parts[0]], "name an object of type %s", parts[0])
				query = fmt.Sprintf(`{ node(id: %q) { ... on %s %s } }`, ids[parts[0]], parts[0], query)
			}
			return w.ask(t, ada, query, nil)
		}, "PAGINATION_REQUIRED"}
	}
	for coordinate, ends := range stated {
		row, ok := table[coordinate]
		require.True(t, ok, "%s states a bound that nothing here shows to hold", coordinate)
		least, most := ends[0], ends[1]
		require.Empty(t, outcome(row.ask(most)), "%s takes %d", coordinate, most)
		require.Equal(t, row.refused, outcome(row.ask(most+1)), "%s does not take %d", coordinate, most+1)
		if least > 0 {
			require.Empty(t, outcome(row.ask(least)), "%s takes %d", coordinate, least)
			require.NotEmpty(t, outcome(row.ask(least-1)), "%s does not take %d", coordinate, least-1)
		}
	}
	require.Len(t, stated, len(table), "the table has rows for which no description states a bound")
}

// outcome is the code of what was refused, of either kind, or "".
func outcome(a *answer) string {
	if codes := a.codes(); len(codes) > 0 {
		return codes[0]
	}
	for _, payload := range a.Data {
		p, _ := payload.(map[string]any)
		if errs := list(p["userErrors"]); len(errs) > 0 {
			return at(errs[0], "code")
		}
	}
	return ""
}

// Texts that are kept have a bound each; texts that name something need none, since what names nothing
// finds nothing.
func TestTextsThatAreKeptHaveABound(t *testing.T) {
	t.Parallel()
	s, stated := contract(), inputBounds(t)
	for _, m := range fields(s.Mutation) {
		input := s.Types[m.Arguments[0].Type.Name()]
		for _, f := range input.Fields {
			if f.Type.Name() == "String" || f.Type.Elem != nil {
				require.Contains(t, stated, input.Name+"."+f.Name)
			}
		}
		require.Equal(t, ast.InputObject, input.Kind)
	}
}
