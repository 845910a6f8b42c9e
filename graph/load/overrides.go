package load

import (
	"context"

	"github.com/99designs/gqlgen/graphql"

	"github.com/rubrica/rubrica/ent"
	"github.com/rubrica/rubrica/ent/override"
	"github.com/rubrica/rubrica/ent/values"
	"github.com/rubrica/rubrica/jobs"
)

// What people changed of scores, and the re-scorings of whole questions and tracks.
var (
	overrideRows  = kind[ent.Override]{"Override", func(c *ent.Client) query[*ent.Override] { return c.Override.Query() }, func(v *ent.Override) id { return v.ID }}
	rescoringRows = kind[ent.Rescoring]{"Rescoring", func(c *ent.Client) query[*ent.Rescoring] { return c.Rescoring.Query() }, func(v *ent.Rescoring) id { return v.ID }}

	overrides  = overrideRows.byID()
	rescorings = rescoringRows.byID()

	overrideOfRun = toOne(overrideRows, override.FieldRunID, func(v *ent.Override) id { return v.RunID })

	reportOfRescoring = newEdge(func(ctx context.Context, s *Set, ids []id) (map[id]*jobs.RescoringReport, error) {
		return jobs.Reports(ctx, s.db, ids)
	})
)

// Override is what a person decided in a run.
func (s *Set) Override(ctx context.Context, run id) (*ent.Override, error) {
	return overrideOfRun.load(ctx, s, run)
}

// RescoringReport is what a re-scoring changed.
func (s *Set) RescoringReport(ctx context.Context, rescoring id) (*jobs.RescoringReport, error) {
	return reportOfRescoring.load(ctx, s, rescoring)
}

// inside is a step into the values that a row carries: it loads nothing.
func inside[P, V any](typ string, of func(P) []V) step {
	return func(_ context.Context, _ *Set, _ graphql.CollectedField, parents []any) (string, []any) {
		var out []any
		for _, p := range parents {
			list := of(p.(P))
			for i := range list {
				out = append(out, &list[i])
			}
		}
		return typ, out
	}
}

// overrideEdges are those of this file's types, for the table of all edges.
func overrideEdges() map[string]map[string]step {
	return map[string]map[string]step{
		"Override": {
			"by":        one("User", users, always(func(v *ent.Override) id { return v.ActorID })),
			"from":      one("ScoringRun", runs, always(func(v *ent.Override) id { return v.FromID })),
			"keyPoints": inside("KeyPointOverride", func(v *ent.Override) []values.KeyPointOverride { return v.KeyPoints }),
			"criteria":  inside("CriterionOverride", func(v *ent.Override) []values.CriterionOverride { return v.Criteria }),
		},
		"KeyPointOverride":  {"keyPoint": one("KeyPoint", keyPoints, always(func(v *values.KeyPointOverride) id { return v.KeyPointID }))},
		"CriterionOverride": {"criterion": one("Criterion", criteria, always(func(v *values.CriterionOverride) id { return v.CriterionID }))},
		"Rescoring": {
			"question": one("Question", questions, maybe(func(v *ent.Rescoring) *id { return v.QuestionID })),
			"track":    one("Track", tracks, always(func(v *ent.Rescoring) id { return v.TrackID })),
			"by":       one("User", users, maybe(func(v *ent.Rescoring) *id { return v.ActorID })),
			"report":   one("RescoringReport", reportOfRescoring, always(func(v *ent.Rescoring) id { return v.ID })),
		},
	}
}
