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

// Question asks for an essay.
type Question struct{ ent.Schema }

// Mixin of the schema.
func (Question) Mixin() []ent.Mixin { return []ent.Mixin{Row{}} }

// Policy of the schema.
func (Question) Policy() ent.Policy { return rule.Catalogue() }

// Fields of the schema.
func (Question) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("track_id", uuid.UUID{}).Immutable(),
		field.String("slug").NotEmpty().MaxLen(64).Immutable(),
		field.String("title").NotEmpty(),
		text("prompt"),
		field.Enum("level").GoType(enums.Level("")),
		slugs("skills"),
		field.Int("min_words").NonNegative(),
		field.Int("max_words").Positive(),
		field.Int("position").NonNegative().Comment("Place within the track, easiest first."),
		field.Bool("active").Default(true),
	}
}

// Edges of the schema.
func (Question) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("track", Track.Type).Ref("questions").Field("track_id").Unique().Required().Immutable(),
		edge.To("rubrics", Rubric.Type).Annotations(entsql.OnDelete(entsql.Cascade)),
		edge.To("essays", Essay.Type),
		edge.To("calibrations", Calibration.Type).Annotations(entsql.OnDelete(entsql.Cascade)),
	}
}

// Indexes of the schema.
func (Question) Indexes() []ent.Index {
	return []ent.Index{index.Fields("track_id", "slug").Unique(), index.Fields("track_id", "position", "id")}
}

// Rubric is one version of the rules by which a question's answers are scored. A version that has
// scored an essay never changes; a change makes a new version.
type Rubric struct{ ent.Schema }

// Mixin of the schema.
func (Rubric) Mixin() []ent.Mixin { return []ent.Mixin{Row{}} }

// Policy of the schema.
func (Rubric) Policy() ent.Policy { return rule.Catalogue() }

// Fields of the schema.
func (Rubric) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("question_id", uuid.UUID{}).Immutable(),
		field.Int("version").Positive().Immutable(),
	}
}

// Edges of the schema.
func (Rubric) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("question", Question.Type).Ref("rubrics").Field("question_id").Unique().Required().Immutable(),
		edge.To("criteria", Criterion.Type).Annotations(entsql.OnDelete(entsql.Cascade)),
		edge.To("key_points", KeyPoint.Type).Annotations(entsql.OnDelete(entsql.Cascade)),
		edge.To("references", ReferenceAnswer.Type).Annotations(entsql.OnDelete(entsql.Cascade)),
	}
}

// Indexes of the schema.
func (Rubric) Indexes() []ent.Index {
	return []ent.Index{index.Fields("question_id", "version").Unique()}
}

// Criterion is one line of a rubric.
type Criterion struct{ ent.Schema }

// Mixin of the schema.
func (Criterion) Mixin() []ent.Mixin { return []ent.Mixin{Row{}} }

// Policy of the schema.
func (Criterion) Policy() ent.Policy { return rule.Catalogue() }

// Fields of the schema.
func (Criterion) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("rubric_id", uuid.UUID{}).Immutable(),
		field.Int("position").NonNegative(),
		field.String("key").NotEmpty().MaxLen(64).Immutable(),
		field.Enum("trait").GoType(enums.Trait("")),
		field.String("title").NotEmpty(),
		text("description"),
		field.Float("weight").Comment("The weights of a rubric's criteria add up to 1."),
		field.Float("scale_min"),
		field.Float("scale_max"),
		field.Float("scale_step"),
		field.JSON("levels", []values.ScoreLevel{}),
	}
}

// Edges of the schema.
func (Criterion) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("rubric", Rubric.Type).Ref("criteria").Field("rubric_id").Unique().Required().Immutable(),
	}
}

// Indexes of the schema.
func (Criterion) Indexes() []ent.Index {
	return []ent.Index{index.Fields("rubric_id", "key").Unique()}
}

// Annotations of the schema.
func (Criterion) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{
		Table:  "criteria",
		Checks: map[string]string{"criteria_scale": "scale_min < scale_max AND scale_step > 0"},
	}}
}

// KeyPoint is a statement that a grader looks for. It is a table of its own, as the model answers
// are, because learners may not read it: what is kept apart cannot leak by a column.
type KeyPoint struct{ ent.Schema }

// Mixin of the schema.
func (KeyPoint) Mixin() []ent.Mixin { return []ent.Mixin{Row{}} }

// Policy of the schema.
func (KeyPoint) Policy() ent.Policy { return rule.Confidential() }

// Fields of the schema.
func (KeyPoint) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("rubric_id", uuid.UUID{}).Immutable(),
		field.Int("position").NonNegative(),
		field.String("key").NotEmpty().MaxLen(64).Immutable(),
		field.String("label").NotEmpty().Comment("Learner-safe: names the topic, not the answer."),
		text("text"),
		field.Float("weight").Positive(),
		slugs("skills"),
	}
}

// Edges of the schema.
func (KeyPoint) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("rubric", Rubric.Type).Ref("key_points").Field("rubric_id").Unique().Required().Immutable(),
	}
}

// Indexes of the schema.
func (KeyPoint) Indexes() []ent.Index {
	return []ent.Index{index.Fields("rubric_id", "key").Unique()}
}

// ReferenceAnswer is a model answer or a sample answer of a known standard.
type ReferenceAnswer struct{ ent.Schema }

// Mixin of the schema.
func (ReferenceAnswer) Mixin() []ent.Mixin { return []ent.Mixin{Row{}} }

// Policy of the schema.
func (ReferenceAnswer) Policy() ent.Policy { return rule.Confidential() }

// Fields of the schema.
func (ReferenceAnswer) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("rubric_id", uuid.UUID{}).Immutable(),
		field.Enum("kind").GoType(enums.ReferenceKind("")).Immutable(),
		text("text"),
	}
}

// Edges of the schema.
func (ReferenceAnswer) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("rubric", Rubric.Type).Ref("references").Field("rubric_id").Unique().Required().Immutable(),
	}
}

// Indexes of the schema.
func (ReferenceAnswer) Indexes() []ent.Index {
	return []ent.Index{index.Fields("rubric_id", "kind")}
}
