package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
	"github.com/google/uuid"

	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/ent/rule"
	"github.com/rubrica/rubrica/ent/values"
)

// RecommendationList is what to learn next after one run. It is made with the run, and anew when the learner
// does something that changes it; older lists stay, as the history of what was recommended when.
type RecommendationList struct{ ent.Schema }

// Mixin of the schema.
func (RecommendationList) Mixin() []ent.Mixin { return []ent.Mixin{Row{}, Owned{}} }

// Policy of the schema.
func (RecommendationList) Policy() ent.Policy { return rule.Result() }

// Fields of the schema.
func (RecommendationList) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("run_id", uuid.UUID{}).Immutable(),
		field.Int("number").Positive().Default(1).Immutable().Comment("Of the run's lists: 1 for the first; the largest is the newest."),
		field.String("model_version").Immutable().Comment("Of the blend that ranked the items."),
		text("note"),
		field.Bool("degraded").Default(false).Immutable(),
		words("unserved", "Slugs of needs and interests that nothing in the catalogue teaches."),
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

// Indexes of the schema.
func (RecommendationList) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("run_id", "number").Unique(),
		index.Fields("owner_id", "created_at", "id"),
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
		field.Int("step").Positive().Default(1).Immutable().
			Comment("Place in the order of learning: 1 for what comes first."),
		words("relaxed", "The learner's constraints that it does not keep."),
	}
}

// Edges of the schema.
func (RecommendationItem) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("list", RecommendationList.Type).Ref("items").Field("list_id").
			Unique().Required().Immutable(),
		edge.To("credential", Credential.Type).Field("credential_id").Unique().Required().Immutable(),
		edge.To("decision", RecommendationDecision.Type).Unique().Annotations(entsql.OnDelete(entsql.Cascade)),
	}
}

// Indexes of the schema.
func (RecommendationItem) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("list_id", "rank").Unique(),
		index.Fields("list_id", "credential_id").Unique(),
	}
}

// RecommendationDecision is what an advisor decided about an item: a later one takes its place.
type RecommendationDecision struct{ ent.Schema }

// Mixin of the schema.
func (RecommendationDecision) Mixin() []ent.Mixin { return []ent.Mixin{Row{}, Owned{}} }

// Policy of the schema.
func (RecommendationDecision) Policy() ent.Policy { return rule.Override() }

// Fields of the schema.
func (RecommendationDecision) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("item_id", uuid.UUID{}).Immutable(),
		field.UUID("credential_id", uuid.UUID{}).Immutable().
			Comment("The item's, so that what was rejected for a learner needs no join."),
		field.UUID("actor_id", uuid.UUID{}),
		field.Enum("verdict").GoType(enums.Verdict("")),
		text("reason"),
		field.Time("decided_at").Default(now),
	}
}

// Edges of the schema.
func (RecommendationDecision) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("item", RecommendationItem.Type).Ref("decision").Field("item_id").Unique().Required().Immutable(),
	}
}

// Indexes of the schema.
func (RecommendationDecision) Indexes() []ent.Index {
	return []ent.Index{index.Fields("owner_id", "credential_id")}
}
