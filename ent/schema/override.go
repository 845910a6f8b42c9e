package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
	"github.com/google/uuid"

	"github.com/rubrica/rubrica/ent/rule"
	"github.com/rubrica/rubrica/ent/values"
)

// Override is what a person changed of a run's scores, or that they stand behind them as they are. It
// made a run of its own; the run that it began with stays.
type Override struct{ ent.Schema }

// Mixin of the schema.
func (Override) Mixin() []ent.Mixin { return []ent.Mixin{Row{}, Owned{}} }

// Policy of the schema.
func (Override) Policy() ent.Policy { return rule.Override() }

// Fields of the schema.
func (Override) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("run_id", uuid.UUID{}).Immutable().Comment("The run that it made."),
		field.UUID("from_id", uuid.UUID{}).Immutable().Comment("The run that it began with."),
		field.UUID("question_id", uuid.UUID{}).Immutable().
			Comment("The essay's question, so that what people decided about its answers needs no join."),
		field.UUID("actor_id", uuid.UUID{}).Immutable(),
		field.String("reason").Default("").Immutable().SchemaType(map[string]string{dialect.Postgres: "text"}).
			Comment("Empty when nothing was changed."),
		field.JSON("key_points", []values.KeyPointOverride{}).Immutable(),
		field.JSON("criteria", []values.CriterionOverride{}).Immutable(),
	}
}

// Edges of the schema.
func (Override) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("run", ScoringRun.Type).Field("run_id").Unique().Required().Immutable().
			Annotations(entsql.OnDelete(entsql.Cascade)),
		edge.To("from", ScoringRun.Type).Field("from_id").Unique().Required().Immutable().
			Annotations(entsql.OnDelete(entsql.Cascade)),
	}
}

// Indexes of the schema.
func (Override) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("run_id").Unique(),
		index.Fields("from_id").Unique(), // who decides twice decides about the run of the first time
		index.Fields("question_id"),
	}
}

// Annotations of the schema.
func (Override) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Table: "overrides"}}
}
