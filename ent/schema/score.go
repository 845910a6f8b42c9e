package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
	"github.com/google/uuid"

	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/ent/rule"
	"github.com/rubrica/rubrica/ent/values"
)

// Score is what one run gave for one criterion. Scores are only ever added.
type Score struct{ ent.Schema }

// Mixin of the schema.
func (Score) Mixin() []ent.Mixin { return []ent.Mixin{Row{}, Owned{}} }

// Policy of the schema.
func (Score) Policy() ent.Policy { return rule.Result() }

// Fields of the schema.
func (Score) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("run_id", uuid.UUID{}).Immutable(),
		field.UUID("criterion_id", uuid.UUID{}).Immutable(),
		field.Int("position").NonNegative().Immutable(),
		field.Float("value").Immutable().Comment("Displayed, on the scale's grid."),
		field.Float("raw").Immutable().Comment("Before clamping and rounding."),
		field.Float("low").Immutable(),
		field.Float("high").Immutable(),
		field.Float("coverage").Immutable().
			Comment("Share of human scores that such intervals are calibrated to contain; 0: a range only."),
		field.Enum("calibration").GoType(enums.Calibration("")).Immutable(),
		field.Bool("provisional").Immutable().
			Comment("No person and no calibrated engine stands behind it yet."),
	}
}

// Edges of the schema.
func (Score) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("run", ScoringRun.Type).Ref("scores").Field("run_id").Unique().Required().Immutable(),
		edge.To("criterion", Criterion.Type).Field("criterion_id").Unique().Required().Immutable(),
		edge.To("explanation", Explanation.Type).Unique().Annotations(entsql.OnDelete(entsql.Cascade)),
	}
}

// Indexes of the schema.
func (Score) Indexes() []ent.Index {
	return []ent.Index{index.Fields("run_id", "criterion_id").Unique()}
}

// Annotations of the schema.
func (Score) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{
		Table:  "scores",
		Checks: map[string]string{"scores_interval": "low <= high AND coverage BETWEEN 0 AND 1"},
	}}
}

// Explanation gives the reasons of one score.
type Explanation struct{ ent.Schema }

// Mixin of the schema.
func (Explanation) Mixin() []ent.Mixin { return []ent.Mixin{Row{}, Owned{}} }

// Policy of the schema.
func (Explanation) Policy() ent.Policy { return rule.Result() }

// Fields of the schema.
func (Explanation) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("score_id", uuid.UUID{}).Immutable(),
		text("summary"),
		field.Float("base").Immutable(),
		field.JSON("contributions", []values.Contribution{}).Immutable(),
		field.JSON("improvements", []values.Improvement{}).Immutable().
			Default([]values.Improvement{}).Annotations(entsql.DefaultExpr("'[]'")),
	}
}

// Edges of the schema.
func (Explanation) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("score", Score.Type).Ref("explanation").Field("score_id").Unique().Required().Immutable(),
		edge.To("evidence", Evidence.Type).Annotations(entsql.OnDelete(entsql.Cascade)),
		edge.To("key_points", KeyPointOutcome.Type).Annotations(entsql.OnDelete(entsql.Cascade)),
		edge.To("citations", Citation.Type).Annotations(entsql.OnDelete(entsql.Cascade)),
	}
}

// Evidence is a passage of the essay that raised or lowered a score.
type Evidence struct{ ent.Schema }

// Mixin of the schema.
func (Evidence) Mixin() []ent.Mixin { return []ent.Mixin{Row{}, Owned{}} }

// Policy of the schema.
func (Evidence) Policy() ent.Policy { return rule.Result() }

// Fields of the schema.
func (Evidence) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("explanation_id", uuid.UUID{}).Immutable(),
		field.Int("position").NonNegative().Immutable(),
		field.Int("start_code_point").NonNegative().Immutable(),
		field.Int("end_code_point").NonNegative().Immutable(),
		field.Int("start_utf16").NonNegative().Immutable(),
		field.Int("end_utf16").NonNegative().Immutable(),
		text("quote"),
		field.Float("points").Immutable(),
		field.String("key_point_label").Default("").Immutable(),
		text("reason"),
	}
}

// Edges of the schema.
func (Evidence) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("explanation", Explanation.Type).Ref("evidence").Field("explanation_id").
			Unique().Required().Immutable(),
	}
}

// Indexes of the schema.
func (Evidence) Indexes() []ent.Index {
	return []ent.Index{index.Fields("explanation_id", "position").Unique()}
}

// Annotations of the schema.
func (Evidence) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{
		Table: "evidence",
		Checks: map[string]string{
			"evidence_offsets": "start_code_point <= end_code_point AND start_utf16 <= end_utf16",
		},
	}}
}

// KeyPointOutcome is what became of one key point in one essay. It carries the label, which a
// learner may read, and not the key point.
type KeyPointOutcome struct{ ent.Schema }

// Mixin of the schema.
func (KeyPointOutcome) Mixin() []ent.Mixin { return []ent.Mixin{Row{}, Owned{}} }

// Policy of the schema.
func (KeyPointOutcome) Policy() ent.Policy { return rule.Result() }

// Fields of the schema.
func (KeyPointOutcome) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("explanation_id", uuid.UUID{}).Immutable(),
		field.UUID("key_point_id", uuid.UUID{}).Immutable(),
		field.Int("position").NonNegative().Immutable(),
		field.String("label").Immutable(),
		field.Enum("status").GoType(enums.KeyPointStatus("")).Immutable(),
		field.Float("degree").Immutable(),
		field.Float("similarity").Immutable(),
		field.String("quote").Optional().Nillable().Immutable().
			SchemaType(map[string]string{"postgres": "text"}).
			Comment("The sentence of the essay that decided it."),
	}
}

// Edges of the schema.
func (KeyPointOutcome) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("explanation", Explanation.Type).Ref("key_points").Field("explanation_id").
			Unique().Required().Immutable(),
	}
}

// Indexes of the schema.
func (KeyPointOutcome) Indexes() []ent.Index {
	return []ent.Index{index.Fields("explanation_id", "position").Unique()}
}

// Citation is a reference passage that a score was checked against.
type Citation struct{ ent.Schema }

// Mixin of the schema.
func (Citation) Mixin() []ent.Mixin { return []ent.Mixin{Row{}, Owned{}} }

// Policy of the schema.
func (Citation) Policy() ent.Policy { return rule.Result() }

// Fields of the schema.
func (Citation) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("explanation_id", uuid.UUID{}).Immutable(),
		field.UUID("passage_id", uuid.UUID{}).Immutable(),
		field.Int("position").NonNegative().Immutable(),
		field.Float("similarity").Immutable(),
		text("quote"),
	}
}

// Edges of the schema.
func (Citation) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("explanation", Explanation.Type).Ref("citations").Field("explanation_id").
			Unique().Required().Immutable(),
		edge.To("passage", Passage.Type).Field("passage_id").Unique().Required().Immutable(),
	}
}

// Indexes of the schema.
func (Citation) Indexes() []ent.Index {
	return []ent.Index{index.Fields("explanation_id", "position").Unique()}
}
