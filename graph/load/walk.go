package load

import (
	"context"
	"maps"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/values"
	"github.com/rubrica/rubrica/graph/page"
	"github.com/rubrica/rubrica/internal/spend"
	"github.com/rubrica/rubrica/jobs"
)

// step loads one selected edge for all parents of a level, and returns the children that the next
// level begins with, with the name of their type. Errors are left to the field resolvers, which load
// again and report them where they belong.
type step func(ctx context.Context, s *Set, field graphql.CollectedField, parents []any) (child string, children []any)

// Walk loads what the selection asks of the objects, level by level, with one statement for each
// selected edge. typ is the GraphQL type of the objects.
func Walk(ctx context.Context, typ string, objects []any, selections ast.SelectionSet) {
	if len(objects) == 0 || len(selections) == 0 {
		return
	}
	walk(ctx, For(ctx), typ, objects, selections)
}

func walk(ctx context.Context, s *Set, typ string, objects []any, selections ast.SelectionSet) {
	steps := edges[typ]
	if steps == nil {
		return
	}
	operation := graphql.GetOperationContext(ctx)
	for _, field := range graphql.CollectFields(operation, selections, append([]string{typ, "Node"}, unions[typ]...)) {
		load := steps[field.Name]
		if load == nil {
			continue
		}
		child, children := load(ctx, s, field, objects)
		if len(children) == 0 {
			continue
		}
		if !isConnection(field.Definition) {
			walk(ctx, s, child, children, field.Selections)
			continue
		}
		for _, node := range Nodes(ctx, field.Selections) {
			walk(ctx, s, child, children, node)
		}
	}
}

// unions are those that a type is a member of, by the type.
var unions = map[string][]string{
	"Credential": {"SearchNode"}, "Passage": {"SearchNode"}, "Essay": {"SearchNode", "Answer"}, "ReferenceAnswer": {"SearchNode", "Answer"},
}

func isConnection(field *ast.FieldDefinition) bool {
	name := field.Type.Name()
	return len(name) > len("Connection") && name[len(name)-len("Connection"):] == "Connection"
}

// Nodes are the selections on the nodes of a connection, whose own selections are given.
func Nodes(ctx context.Context, selections ast.SelectionSet) []ast.SelectionSet {
	operation := graphql.GetOperationContext(ctx)
	var out []ast.SelectionSet
	for _, edges := range graphql.CollectFields(operation, selections, nil) {
		if edges.Name != "edges" {
			continue
		}
		for _, node := range graphql.CollectFields(operation, edges.Selections, nil) {
			if node.Name == "node" {
				out = append(out, node.Selections)
			}
		}
	}
	return out
}

// Below are the selections at a path of fields below the current one: one for each way there, such as two
// aliases of the same field.
func Below(ctx context.Context, path ...string) []ast.SelectionSet {
	level := []ast.SelectionSet{graphql.GetFieldContext(ctx).Field.Selections}
	for _, name := range path {
		var next []ast.SelectionSet
		for _, selections := range level {
			for _, f := range graphql.CollectFields(graphql.GetOperationContext(ctx), selections, nil) {
				if f.Name == name {
					next = append(next, f.Selections)
				}
			}
		}
		level = next
	}
	return level
}

// Selected tells whether a field of the current object is asked for.
func Selected(ctx context.Context, selections ast.SelectionSet, name string) bool {
	for _, f := range graphql.CollectFields(graphql.GetOperationContext(ctx), selections, nil) {
		if f.Name == name {
			return true
		}
	}
	return false
}

// WalkField loads what is asked of an object that stands in a field of the current object, such as in
// the payload of a mutation.
func WalkField[T any](ctx context.Context, field, typ string, object *T) {
	if object != nil {
		WalkPath(ctx, typ, []*T{object}, field)
	}
}

// WalkPath loads what is asked of objects that stand below the current object, in the field that the
// path of names leads to.
func WalkPath[T any](ctx context.Context, typ string, objects []*T, path ...string) {
	parents := make([]any, len(objects))
	for i, o := range objects {
		parents[i] = o
	}
	for _, selections := range Below(ctx, path...) {
		Walk(ctx, typ, parents, selections)
	}
}

// one is a step along an edge to at most one child.
func one[P any, K comparable, C any](child string, e *edge[K, *C], key func(P) (K, bool)) step {
	return func(ctx context.Context, s *Set, _ graphql.CollectedField, parents []any) (string, []any) {
		keys := make([]K, 0, len(parents))
		for _, p := range parents {
			if k, ok := key(p.(P)); ok {
				keys = append(keys, k)
			}
		}
		found, err := e.level(ctx, s, keys)
		if err != nil {
			return child, nil
		}
		children := make([]any, 0, len(found))
		for _, c := range found {
			if c != nil {
				children = append(children, c)
			}
		}
		return child, children
	}
}

// many is a step along an edge to a bounded list.
func many[P, C any](child string, e *edge[id, []C], key func(P) id) step {
	return func(ctx context.Context, s *Set, _ graphql.CollectedField, parents []any) (string, []any) {
		keys := make([]id, len(parents))
		for i, p := range parents {
			keys[i] = key(p.(P))
		}
		found, err := e.level(ctx, s, keys)
		if err != nil {
			return child, nil
		}
		return child, flatten(found)
	}
}

// slugs is a step to skills, which objects name by their slugs.
func slugs[P any](of func(P) []string) step {
	return func(ctx context.Context, s *Set, _ graphql.CollectedField, parents []any) (string, []any) {
		var keys []string
		for _, p := range parents {
			keys = append(keys, of(p.(P))...)
		}
		_, _ = skills.level(ctx, s, keys)
		return "Skill", nil
	}
}

// pages is a step along a connection.
func pages[P, C any](child string, c connection[C], key func(P) id) step {
	return func(ctx context.Context, s *Set, field graphql.CollectedField, parents []any) (string, []any) {
		args := argsOf(field.ArgumentMap(graphql.GetOperationContext(ctx).Variables))
		keys, ids := make([]pageKey, len(parents)), make([]id, len(parents))
		for i, p := range parents {
			ids[i] = key(p.(P))
			keys[i] = keyOf(ids[i], args)
		}
		if _, err := page.Parse(c.list, args); err != nil {
			return child, nil
		}
		if Selected(ctx, field.Selections, "totalCount") {
			_, _ = c.totals.level(ctx, s, ids)
		}
		if !hasRows(ctx, field.Selections) {
			return child, nil
		}
		found, err := c.pages.level(ctx, s, keys)
		if err != nil {
			return child, nil
		}
		var children []any
		for _, p := range found {
			for _, node := range p.Nodes {
				children = append(children, node)
			}
		}
		return child, children
	}
}

func argsOf(m map[string]any) page.Args {
	number := func(name string) *int {
		switch n := m[name].(type) {
		case int64:
			i := int(n)
			return &i
		case int:
			return &n
		case interface{ Int64() (int64, error) }: // json.Number
			if v, err := n.Int64(); err == nil {
				i := int(v)
				return &i
			}
		}
		return nil
	}
	text := func(name string) *string {
		if s, ok := m[name].(string); ok {
			return &s
		}
		return nil
	}
	return page.Args{First: number("first"), Last: number("last"), After: text("after"), Before: text("before")}
}

func flatten[C any](lists [][]C) []any {
	var out []any
	for _, list := range lists {
		for _, c := range list {
			out = append(out, c)
		}
	}
	return out
}

func always[P any](of func(P) id) func(P) (id, bool) {
	return func(p P) (id, bool) { return of(p), true }
}

func maybe[P any](of func(P) *id) func(P) (id, bool) {
	return func(p P) (id, bool) {
		if v := of(p); v != nil {
			return *v, true
		}
		return id{}, false
	}
}

// edges is every edge of the API that a statement stands behind, by type and field. A test holds it
// against the schema.
var edges map[string]map[string]step

func init() { //nolint:gochecknoinits // the table refers to itself through walk
	edges = map[string]map[string]step{
		"Essay": {
			"question":  one("Question", questions, always(func(e *ent.Essay) id { return e.QuestionID })),
			"learner":   one("User", users, always(func(e *ent.Essay) id { return e.OwnerID })),
			"latestRun": one("ScoringRun", latestRunOfEssay, always(func(e *ent.Essay) id { return e.ID })),
			"runs":      pages("ScoringRun", runsOfEssay, func(e *ent.Essay) id { return e.ID }),
		},
		"ScoringRun": {
			"essay":           one("Essay", essays, always(func(r *ent.ScoringRun) id { return r.EssayID })),
			"scores":          many("Score", scoresOfRun, func(r *ent.ScoringRun) id { return r.ID }),
			"recommendations": one("RecommendationList", listOfRun, always(func(r *ent.ScoringRun) id { return r.ID })),
			"override":        one("Override", overrideOfRun, always(func(r *ent.ScoringRun) id { return r.ID })),
		},
		"Score": {
			"criterion":   one("Criterion", criteria, always(func(v *ent.Score) id { return v.CriterionID })),
			"explanation": one("Explanation", explanationOfScore, always(func(v *ent.Score) id { return v.ID })),
		},
		"Explanation": {
			"evidence":  many("Evidence", evidenceOfExplanation, func(v *ent.Explanation) id { return v.ID }),
			"keyPoints": many("KeyPointOutcome", outcomesOfExplanation, func(v *ent.Explanation) id { return v.ID }),
			"citations": many("Citation", citationsOfExplanation, func(v *ent.Explanation) id { return v.ID }),
		},
		"KeyPointOutcome": {
			"keyPoint": one("KeyPoint", keyPoints, always(func(v *ent.KeyPointOutcome) id { return v.KeyPointID })),
		},
		"Citation": {
			"passage": one("Passage", passages, always(func(v *ent.Citation) id { return v.PassageID })),
		},
		"RecommendationList": {
			"run":      one("ScoringRun", runs, always(func(v *ent.RecommendationList) id { return v.RunID })),
			"items":    many("RecommendationItem", itemsOfList, func(v *ent.RecommendationList) id { return v.ID }),
			"unserved": slugs(func(v *ent.RecommendationList) []string { return v.Unserved }),
		},
		"RecommendationItem": {
			"credential": one("Credential", credentials, always(func(v *ent.RecommendationItem) id { return v.CredentialID })),
			"closes":     slugs(func(v *ent.RecommendationItem) []string { return v.Closes }),
			"traces":     inside("RecommendationTrace", func(v *ent.RecommendationItem) []values.Trace { return v.Traces }),
			"decision":   one("RecommendationDecision", decisionOfItem, always(func(v *ent.RecommendationItem) id { return v.ID })),
		},
		"RecommendationTrace": {
			"skill":     one("Skill", skills, func(t *values.Trace) (string, bool) { return t.Skill, t.Skill != "" }),
			"criterion": one("Criterion", criteria, CriterionOf),
		},
		"LanguageModelSpend": {
			"track": one("Track", tracks, maybe(func(d *spend.Day) *id { return d.TrackID })),
		},
		"LanguageModelEssay": {
			"essay": one("Essay", essays, always(func(e *spend.Essay) id { return e.EssayID })),
		},
		"Track": {
			"skills":    slugs(func(v *ent.Track) []string { return v.Skills }),
			"questions": pages("Question", questionsOfTrack, func(v *ent.Track) id { return v.ID }),
		},
		"Question": {
			"skills": slugs(func(v *ent.Question) []string { return v.Skills }),
			"track":  one("Track", tracks, always(func(v *ent.Question) id { return v.TrackID })),
			"rubric": one("Rubric", rubricOfQuestion, always(func(v *ent.Question) id { return v.ID })),

			"calibration":  one("Calibration", calibrationOfQuestion, always(func(v *ent.Question) id { return v.ID })),
			"calibrations": pages("Calibration", calibrationsOfQuestion, func(v *ent.Question) id { return v.ID }),
		},
		"Rubric": {
			"criteria":         many("Criterion", criteriaOfRubric, func(v *ent.Rubric) id { return v.ID }),
			"keyPoints":        many("KeyPoint", keyPointsOfRubric, func(v *ent.Rubric) id { return v.ID }),
			"referenceAnswers": many("ReferenceAnswer", referencesOfRubric, func(v *ent.Rubric) id { return v.ID }),
		},
		"KeyPoint": {"skills": slugs(func(v *ent.KeyPoint) []string { return v.Skills })},
		"Passage":  {"skills": slugs(func(v *ent.Passage) []string { return v.Skills })},
		"Credential": {
			"teaches":  slugs(func(v *ent.Credential) []string { return v.Teaches }),
			"requires": slugs(func(v *ent.Credential) []string { return v.Requires }),

			"viewerInteractions": many("Interaction", viewerInteractionsOfCredential, func(v *ent.Credential) id { return v.ID }),
		},
		"Cohort": {
			"track":   one("Track", tracks, maybe(func(v *ent.Cohort) *id { return v.TrackID })),
			"members": pages("CohortMember", membersOfCohort, func(v *ent.Cohort) id { return v.ID }),
		},
		"Job":          {"run": one("ScoringRun", runs, maybe(func(v *jobs.Job) *id { return v.RunID }))},
		"CohortMember": {"user": one("User", users, always(func(v *ent.Membership) id { return v.UserID }))},
		"User": {
			"essays":              pages("Essay", essaysOfUser, func(v *ent.User) id { return v.ID }),
			"preferences":         one("Preferences", preferenceOfUser, always(func(v *ent.User) id { return v.ID })),
			"interactions":        pages("Interaction", interactionsOfUser, func(v *ent.User) id { return v.ID }),
			"recommendationLists": pages("RecommendationList", listsOfUser, func(v *ent.User) id { return v.ID }),
		},
		"AuditEvent": {"actor": one("User", users, maybe(func(v *ent.AuditEvent) *id { return v.ActorID }))},
	}
	maps.Copy(edges, overrideEdges())
	maps.Copy(edges, calibrationEdges())
	maps.Copy(edges, interactionEdges())
}
