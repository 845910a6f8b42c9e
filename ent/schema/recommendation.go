package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
	"github.com/google/uuid"

	"github.com/rubrica/rubrica/ent/rule"
	"github.com/rubrica/rubrica/ent/values"
)

// RecommendationList is what one run recommends to learn next.
type RecommendationList struct{ ent.Schema }

// Mixin of the schema.
func (RecommendationList) Mixin() []ent.Mixin { return []ent.Mixin{Row{}, Owned{}} }

// Policy of the schema.
func (RecommendationList) Policy() ent.Policy { return rule.Result() }

// Fields of the schema.
func (RecommendationList) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("run_id", uuid.UUID{}).Immutable(),
		field.String("model_version").Immutable().Comment("Of the blend that ranked the items."),
		text("note"),
		field.Bool("degraded").Default(false).Immutable(),
	}
}

// Edges of the schema.
func (RecommendationList) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("run", ScoringRun.Type).Ref("recommendations").Field("run_id").
			Unique().Required().Immutable(),
		edge.To("items", RecommendationItem.Type).Annotations(entsql.OnDelete(entsql.Cascade)),
	}
}

// RecommendationItem recommends one credential, with the parts of its score and the facts behind it.
type RecommendationItem struct{ ent.Schema }

// Mixin of the schema.
func (RecommendationItem) Mixin() []ent.Mixin { return []ent.Mixin{Row{}, Owned{}} }

// Policy of the schema.
func (RecommendationItem) Policy() ent.Policy { return rule.Result() }

// Fields of the schema.
func (RecommendationItem) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("list_id", uuid.UUID{}).Immutable(),
		field.UUID("credential_id", uuid.UUID{}).Immutable(),
		field.Int("rank").Positive().Immutable(),
		field.Float("score").Immutable().Comment("0…1, the sum of the parts' contributions."),
		field.JSON("parts", []values.Part{}).Immutable(),
		text("rationale"),
		field.JSON("traces", []values.Trace{}).Immutable(),
		slugs("closes"),
	}
}

// Edges of the schema.
func (RecommendationItem) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("list", RecommendationList.Type).Ref("items").Field("list_id").
			Unique().Required().Immutable(),
		edge.To("credential", Credential.Type).Field("credential_id").Unique().Required().Immutable(),
	}
}

// Indexes of the schema.
func (RecommendationItem) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("list_id", "rank").Unique(),
		index.Fields("list_id", "credential_id").Unique(),
	}
}
