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

// Calibration is one version of what is learnt from people's scores of the answers to a question. It
// begins with the graded answers; a job adds the model and what is reported of it.
type Calibration struct{ ent.Schema }

// Mixin of the schema.
func (Calibration) Mixin() []ent.Mixin { return []ent.Mixin{Row{}} }

// Policy of the schema.
func (Calibration) Policy() ent.Policy { return rule.Confidential() }

// Fields of the schema.
func (Calibration) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("question_id", uuid.UUID{}).Immutable(),
		field.UUID("rubric_id", uuid.UUID{}).Immutable().Comment("The rubric's version that the answers were graded by."),
		field.Int("version").Positive().Immutable().Comment("Of the question's calibrations, from 1."),
		field.Enum("state").GoType(enums.CalibrationState("")).Default(string(enums.CalibrationUploaded)),
		field.Int("rows").Positive().Immutable().Comment("Graded answers."),
		field.Int("attempt").Default(0).Comment("Fence of the job that fits: whoever came before writes nothing."),
		field.String("digest").Default("").Comment("Of the model; names it in scores."),
		field.String("method").Default("").Comment("How answers were held out, for people."),
		field.JSON("criteria", []values.CalibrationCriterion{}).Optional().Comment("What is reported, by criterion."),
		field.JSON("points", values.CalibrationPoints{}).Optional().
			Comment("Each graded answer's scores and predictions: the large part of the report, apart from the rest."),
		field.String("failure").Default("").Comment("Why it could not be fitted, for people."),
		field.Time("fitted_at").Optional().Nillable(),
		field.Time("activated_at").Optional().Nillable().Comment("When it was last switched on by a person."),
		field.UUID("created_by", uuid.UUID{}).Optional().Nillable().Immutable().Comment("None: the command line."),
	}
}

// Edges of the schema.
func (Calibration) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("question", Question.Type).Ref("calibrations").Field("question_id").Unique().Required().Immutable(),
		edge.To("graded", GradedAnswer.Type).Annotations(entsql.OnDelete(entsql.Cascade)),
		edge.To("model", CalibrationModel.Type).Unique().Annotations(entsql.OnDelete(entsql.Cascade)),
	}
}

// Indexes of the schema.
func (Calibration) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("question_id", "version").Unique(),
		index.Fields("question_id").Unique().StorageKey("calibrations_active").
			Annotations(entsql.IndexWhere("state = 'ACTIVE'")),
	}
}

// Annotations of the schema.
func (Calibration) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Table: "calibrations"}}
}

// GradedAnswer is an answer that people scored outside of Rubrica. It is somebody's text: those who
// grade read it, and nothing shows it again.
type GradedAnswer struct{ ent.Schema }

// Mixin of the schema.
func (GradedAnswer) Mixin() []ent.Mixin { return []ent.Mixin{Row{}} }

// Policy of the schema.
func (GradedAnswer) Policy() ent.Policy { return rule.Confidential() }

// Fields of the schema.
func (GradedAnswer) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("calibration_id", uuid.UUID{}).Immutable(),
		field.Int("position").NonNegative().Immutable().Comment("Its row in the table that was uploaded, from 0."),
		text("text"),
		field.JSON("scores", map[string]float64{}).Immutable().Comment("By the criterion's key."),
		field.JSON("second", map[string]float64{}).Immutable().Comment("Of another rater; empty without."),
		field.String("group_name").Default("").Immutable(),
	}
}

// Edges of the schema.
func (GradedAnswer) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("calibration", Calibration.Type).Ref("graded").Field("calibration_id").Unique().Required().Immutable(),
	}
}

// Indexes of the schema.
func (GradedAnswer) Indexes() []ent.Index {
	return []ent.Index{index.Fields("calibration_id", "position").Unique()}
}

// Annotations of the schema.
func (GradedAnswer) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Table: "graded_answers"}}
}

// CalibrationModel is what was learnt, as package calibration writes it. It is a table of its own so
// that no list of calibrations reads it.
type CalibrationModel struct{ ent.Schema }

// Mixin of the schema.
func (CalibrationModel) Mixin() []ent.Mixin { return []ent.Mixin{Row{}} }

// Policy of the schema.
func (CalibrationModel) Policy() ent.Policy { return rule.Internal() }

// Fields of the schema.
func (CalibrationModel) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("calibration_id", uuid.UUID{}).Immutable(),
		field.Bytes("data"),
	}
}

// Edges of the schema.
func (CalibrationModel) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("calibration", Calibration.Type).Ref("model").Field("calibration_id").Unique().Required().Immutable(),
	}
}

// Annotations of the schema.
func (CalibrationModel) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Table: "calibration_models"}}
}
