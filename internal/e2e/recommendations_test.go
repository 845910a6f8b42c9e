package e2e_test

import (
	"bytes"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"time"

	"github.com/stretchr/testify/require"
)

// file is a file that an example sends.
type file struct{ name, content string }

// upload is show for an operation whose input has a file, which travels as a form.
func (s *screens) upload(who, operation string, f file, input map[string]any) reply {
	s.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	operations, err := json.Marshal(map[string]any{
		"query": s.files[operation], "operationName": operation, "variables": map[string]any{"input": input},
	})
	require.NoError(s.t, err)
	require.NoError(s.t, form.WriteField("operations", string(operations)))
	require.NoError(s.t, form.WriteField("map", `{"0": ["variables.input.file"]}`))
	part, err := form.CreateFormFile("0", f.name)
	require.NoError(s.t, err)
	_, err = io.WriteString(part, f.content)
	require.NoError(s.t, err)
	require.NoError(s.t, form.Close())
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.server.url+"/graphql", &body)
	require.NoError(s.t, err)
	req.Header.Set("Content-Type", form.FormDataContentType())
	req.Header.Set("GraphQL-Preflight", "1")
	if who != "" {
		req.Header.Set("Authorization", "Bearer "+s.token(who))
	}
	res, err := httpClient.Do(req)
	require.NoError(s.t, err)
	defer func() { _ = res.Body.Close() }() // read to its end
	raw, err := io.ReadAll(res.Body)
	require.NoError(s.t, err)
	r := reply{raw: string(raw)}
	require.NoError(s.t, json.Unmarshal(raw, &r), "%s", raw)
	return r
}

// retrieval takes a file into the catalogue, gives a skill other words, and searches.
func (s *screens) retrieval(essay string) {
	s.t.Helper()
	in := func(v map[string]any) map[string]any { return map[string]any{"input": v} }
	hit := s.check(example{
		operation: "CatalogueSearch", as: signedIn,
		variables: map[string]any{"query": "databases", "filter": map[string]any{"kinds": []string{"CREDENTIAL"}}},
		shows:     []string{"search.hits.0.title", "search.hits.0.excerpt", "search.hits.0.node.teaches.0.name"},
	}, "lena")
	skill, credential := hit.text("search.hits.0.node.teaches.0.id"), hit.text("search.hits.0.node.id")
	s.check(example{
		operation: "SimilarCredentials", variables: map[string]any{"credential": credential}, as: signedIn,
		shows: []string{"similarCredentials.hits.0.node.provider"},
	}, "lena")
	s.check(example{operation: "AdminSkills", shows: []string{"skills.edges.0.node.name"}, as: signedIn}, "ada")
	s.check(example{
		operation: "SetSkillSynonyms", variables: in(map[string]any{"skillId": skill, "synonyms": []string{"K8s"}}),
		shows: []string{"skillSynonymsSet.skill.synonyms.0"}, as: adminsOnly,
	}, "ada")

	table := file{"credentials.csv", "external_id,title,provider,kind,level,teaches,description\n" +
		"x-1,An example,Somebody,COURSE,FOUNDATION," + s.catalog.Skills[0].Slug + ",What one learns.\n"}
	const operation = "ImportCatalogue"
	s.used[operation] = true
	for who, code := range map[string]string{"": "UNAUTHENTICATED", "lena": "FORBIDDEN", "arno": "FORBIDDEN"} {
		r := s.upload(who, operation, table, map[string]any{"kind": "CREDENTIALS", "file": nil})
		require.NotEmpty(s.t, r.Errors, r.raw)
		require.Equal(s.t, code, r.Errors[0].Extensions.Code)
	}
	r := s.upload("ada", operation, table, map[string]any{"kind": "CREDENTIALS", "file": nil})
	require.Equal(s.t, 1.0, r.at("catalogueImport.import.taken"), r.raw)
	s.check(example{operation: "AdminRetrieval", shows: []string{"system.embeddingModels.0.model"}, as: adminsOnly}, "ada")

	// The import has asked for the index to be brought up to date.
	require.Eventually(s.t, func() bool {
		r := s.show("ada", "AdvisorDuplicates", map[string]any{"essay": essay})
		return !r.empty("essayDuplicates")
	}, mainTimeout, 100*time.Millisecond)
	s.check(example{
		operation: "AdvisorDuplicates", variables: map[string]any{"essay": essay}, shows: []string{"essayDuplicates.0.answer.text"},
		as: map[string]string{"lena": "FORBIDDEN", "omar": "FORBIDDEN", "miriam": shown, "ada": shown},
	}, "arno")
}

// recommendations is what a learner does with what was recommended, and an advisor thinks of it.
func (s *screens) recommendations(essay string) {
	s.t.Helper()
	in := func(v map[string]any) map[string]any { return map[string]any{"input": v} }
	r := s.check(example{
		operation: "AdvisorRecommendations", variables: map[string]any{"essay": essay}, as: lenasWork,
		shows: []string{"essay.latestRun.recommendations.items.0.credential.title", "essay.latestRun.recommendations.items.0.rationale"},
	}, "arno")
	run, item := r.text("essay.latestRun.id"), r.text("essay.latestRun.recommendations.items.0.id")
	credential := r.text("essay.latestRun.recommendations.items.0.credential.id")
	s.check(example{
		operation: "WhyNotRecommended", variables: map[string]any{"run": run, "credential": credential}, as: lenasWork,
		shows: []string{"whyNot.message", "whyNot.credential.title"},
	}, "lena")
	s.check(example{
		operation: "DecideRecommendation", variables: in(map[string]any{"itemId": item, "verdict": "ACCEPTED", "reason": "An example."}),
		shows: []string{"recommendationItemDecide.item.decision.by.name"},
		as:    map[string]string{"lena": "FORBIDDEN", "omar": "FORBIDDEN"},
	}, "arno")
	s.check(example{
		operation: "RecordInteraction", variables: in(map[string]any{"credentialId": credential, "kind": "SAVED"}),
		shows: []string{"interactionRecord.interaction.credential.viewerInteractions.0.kind"}, as: learnersOnly,
	}, "lena")
	s.check(example{
		operation: "SetPreferences", variables: in(map[string]any{"interests": []string{s.catalog.Skills[0].Slug}, "longest": "MEDIUM"}),
		shows: []string{"preferencesSet.preferences.interests.0.name"}, as: learnersOnly,
	}, "lena")
	own := map[string]string{"omar": shown, "arno": hidden, "miriam": hidden, "ada": hidden}
	s.check(example{
		operation: "LearnerRecommendations", as: own,
		shows: []string{
			"viewer.user.recommendationLists.edges.0.node.items.0.credential.title", "viewer.user.preferences.longest",
			"viewer.user.interactions.edges.0.node.credential.title",
		},
	}, "lena")
	s.check(example{
		operation: "WithdrawInteraction", variables: in(map[string]any{"credentialId": credential, "kind": "SAVED"}),
		shows: []string{"interactionWithdraw.credential.title"}, as: learnersOnly,
	}, "lena")
}
