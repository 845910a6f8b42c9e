package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
	"github.com/google/uuid"

	"github.com/rubrica/rubrica/ent/rule"
)

// Rescoring is that all essays of a question or a track are scored again. What came of it is read off the
// runs that it added.
type Rescoring struct{ ent.Schema }

// Mixin of the schema.
func (Rescoring) Mixin() []ent.Mixin { return []ent.Mixin{Row{}} }

// Policy of the schema.
func (Rescoring) Policy() ent.Policy { return rule.Administration() }

// Fields of the schema.
func (Rescoring) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("track_id", uuid.UUID{}).Immutable(),
		field.UUID("question_id", uuid.UUID{}).Optional().Nillable().Immutable().
			Comment("Of the track; none: all its questions."),
		text("reason"),
		field.UUID("actor_id", uuid.UUID{}).Optional().Nillable().Immutable().
			Comment("Who asked for it; none: the command line."),
		field.Int("total").NonNegative().Immutable().Comment("Essays of the scope when it was asked for."),
		field.UUID("cursor", uuid.UUID{}).Optional().Nillable().
			Comment("The last essay that was looked at; essays are taken in the order of their ids."),
		field.Int("added").NonNegative().Default(0).Comment("Runs that were added."),
		field.Int("skipped").NonNegative().Default(0).
			Comment("Essays that were left: one being scored, or one that a person stands behind."),
		field.Time("walked_at").Optional().Nillable().Comment("When the last essay had been looked at."),
	}
}

// Indexes of the schema.
func (Rescoring) Indexes() []ent.Index {
	return []ent.Index{index.Fields("created_at", "id")}
}

// Annotations of the schema.
func (Rescoring) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Table: "rescorings"}}
}
