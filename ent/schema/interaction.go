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
)

// Interaction is what a learner did with a credential. There is one row for each kind of deed, with how
// often and when last, so that a learner who clicks a thousand times takes no more room than one who
// clicks once.
type Interaction struct{ ent.Schema }

// Mixin of the schema.
func (Interaction) Mixin() []ent.Mixin { return []ent.Mixin{Row{}, Owned{}} }

// Policy of the schema.
func (Interaction) Policy() ent.Policy { return rule.Own() }

// Fields of the schema.
func (Interaction) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("credential_id", uuid.UUID{}).Immutable(),
		field.Enum("kind").GoType(enums.InteractionKind("")).Immutable(),
		field.Int("rating").Optional().Nillable().Range(1, 5).Comment("Of kind RATED alone: 1 to 5."),
		field.Int("times").Positive().Default(1),
		field.Time("last_at").Default(now),
	}
}

// Edges of the schema.
func (Interaction) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("credential", Credential.Type).Field("credential_id").Unique().Required().Immutable().
			Annotations(entsql.OnDelete(entsql.Cascade)),
		edge.From("owner", User.Type).Ref("interactions").Field("owner_id").Unique().Required().Immutable(),
	}
}

// Indexes of the schema.
func (Interaction) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("owner_id", "credential_id", "kind").Unique(),
		index.Fields("credential_id"),
		index.Fields("owner_id", "last_at", "id"),
	}
}

// Preference is what a learner wants of the credentials that are recommended to them.
type Preference struct{ ent.Schema }

// Mixin of the schema.
func (Preference) Mixin() []ent.Mixin { return []ent.Mixin{Row{}, Owned{}} }

// Policy of the schema.
func (Preference) Policy() ent.Policy { return rule.Own() }

// Fields of the schema.
func (Preference) Fields() []ent.Field {
	return []ent.Field{
		slugs("interests"),
		field.Bool("free_only").Default(false),
		field.Enum("longest").GoType(enums.Duration("")).Optional().Nillable().
			Comment("The longest class of learning time; none when any will do."),
		field.Enum("highest").GoType(enums.Level("")).Optional().Nillable().
			Comment("The highest level; none when any will do."),
		field.Time("changed_at").Default(now),
	}
}

// Edges of the schema.
func (Preference) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("owner", User.Type).Ref("preference").Field("owner_id").Unique().Required().Immutable(),
	}
}
