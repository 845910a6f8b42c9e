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

	"github.com/rubrica/rubrica/ent/enums"
	"github.com/rubrica/rubrica/ent/rule"
)

// Skill is one word of the vocabulary that questions, credentials and tracks share.
type Skill struct{ ent.Schema }

// Mixin of the schema.
func (Skill) Mixin() []ent.Mixin { return []ent.Mixin{Row{}} }

// Policy of the schema.
func (Skill) Policy() ent.Policy { return rule.Catalogue() }

// Fields of the schema.
func (Skill) Fields() []ent.Field {
	return []ent.Field{
		field.String("slug").NotEmpty().MaxLen(64).Unique().Immutable(),
		field.String("name").NotEmpty().MaxLen(128),
		field.String("onet").Comment("Element or technology category of O*NET."),
		words("synonyms", "Other words for it, in lower case, that a search takes for it."),
	}
}

// Indexes of the schema.
func (Skill) Indexes() []ent.Index { return []ent.Index{index.Fields("name", "id")} }

// Track is an occupation that a learner prepares for.
type Track struct{ ent.Schema }

// Mixin of the schema.
func (Track) Mixin() []ent.Mixin { return []ent.Mixin{Row{}} }

// Policy of the schema.
func (Track) Policy() ent.Policy { return rule.Catalogue() }

// Fields of the schema.
func (Track) Fields() []ent.Field {
	return []ent.Field{
		field.String("slug").NotEmpty().MaxLen(64).Unique().Immutable(),
		field.String("title").NotEmpty().MaxLen(128),
		text("summary"),
		field.String("occupation").Comment("O*NET-SOC code."),
		slugs("skills"),
		field.Bool("active").Default(true),
		field.Bool("llm_consent").Default(false).
			Comment("An admin agreed that essays of the track may be sent to the language model's provider."),
	}
}

// Edges of the schema.
func (Track) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("questions", Question.Type),
		edge.To("passages", Passage.Type).Annotations(entsql.OnDelete(entsql.Cascade)),
		edge.To("cohorts", Cohort.Type),
	}
}

// Indexes of the schema.
func (Track) Indexes() []ent.Index { return []ent.Index{index.Fields("title", "id")} }

// Passage is a piece of reference material that answers are checked against.
type Passage struct{ ent.Schema }

// Mixin of the schema.
func (Passage) Mixin() []ent.Mixin { return []ent.Mixin{Row{}} }

// Policy of the schema.
func (Passage) Policy() ent.Policy { return rule.Catalogue() }

// Fields of the schema.
func (Passage) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("track_id", uuid.UUID{}).Immutable(),
		field.String("slug").NotEmpty().MaxLen(64).Immutable(),
		field.String("title").NotEmpty(),
		text("text"),
		slugs("skills"),
		externalID(),
	}
}

// Edges of the schema.
func (Passage) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("track", Track.Type).Ref("passages").Field("track_id").Unique().Required().Immutable(),
	}
}

// Indexes of the schema.
func (Passage) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("track_id", "slug").Unique(),
		index.Fields("track_id", "external_id").Unique(),
	}
}

// Credential is a micro-credential that may be recommended.
type Credential struct{ ent.Schema }

// Mixin of the schema.
func (Credential) Mixin() []ent.Mixin { return []ent.Mixin{Row{}} }

// Policy of the schema.
func (Credential) Policy() ent.Policy { return rule.Catalogue() }

// Fields of the schema.
func (Credential) Fields() []ent.Field {
	return []ent.Field{
		field.String("slug").NotEmpty().MaxLen(96).Unique().Immutable(),
		field.String("title").NotEmpty(),
		field.String("provider").NotEmpty(),
		field.Enum("kind").GoType(enums.CredentialKind("")),
		field.Enum("level").GoType(enums.Level("")),
		field.Enum("duration").GoType(enums.Duration("")).Default(string(enums.DurationUnknown)),
		field.Float("hours").Optional().Nillable().Positive().Comment("Of learning; duration is their class."),
		field.Enum("price").GoType(enums.Price("")).Default(string(enums.PriceUnknown)),
		slugs("teaches"),
		slugs("requires"),
		text("description"),
		field.String("url").Optional().Nillable().
			SchemaType(map[string]string{dialect.Postgres: "text"}),
		field.Bool("active").Default(true),
		externalID(),
	}
}

// Indexes of the schema.
func (Credential) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("title", "id"),
		index.Fields("provider", "id"),
		index.Fields("external_id").Unique(),
		index.Fields("teaches").Annotations(entsql.IndexType("GIN")),
	}
}

// Annotations of the schema.
func (Credential) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Table: "credentials"}}
}
