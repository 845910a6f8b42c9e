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
)

// User is a person with an account.
type User struct{ ent.Schema }

// Mixin of the schema.
func (User) Mixin() []ent.Mixin { return []ent.Mixin{Row{}} }

// Policy of the schema.
func (User) Policy() ent.Policy { return rule.User() }

// Fields of the schema.
func (User) Fields() []ent.Field {
	return []ent.Field{
		field.String("name").NotEmpty().MaxRuneLen(128),
		field.String("email").NotEmpty().MaxLen(254).Unique(),
		field.Enum("role").GoType(enums.Role("")).Default(string(enums.RoleLearner)),
		field.Bool("active").Default(true),
	}
}

// Edges of the schema.
func (User) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("memberships", Membership.Type).Annotations(entsql.OnDelete(entsql.Cascade)),
		edge.To("essays", Essay.Type).Annotations(entsql.OnDelete(entsql.Cascade)),
		edge.To("interactions", Interaction.Type).Annotations(entsql.OnDelete(entsql.Cascade)),
		edge.To("preference", Preference.Type).Unique().Annotations(entsql.OnDelete(entsql.Cascade)),
	}
}

// Indexes of the schema.
func (User) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("name", "id"),
		index.Fields("role", "name", "id"),
		index.Fields("created_at", "id"),
	}
}

// Cohort is a group of learners with the advisors who look after them.
type Cohort struct{ ent.Schema }

// Mixin of the schema.
func (Cohort) Mixin() []ent.Mixin { return []ent.Mixin{Row{}} }

// Policy of the schema.
func (Cohort) Policy() ent.Policy { return rule.Cohort() }

// Fields of the schema.
func (Cohort) Fields() []ent.Field {
	return []ent.Field{
		field.String("slug").NotEmpty().MaxLen(64).Unique().Immutable(),
		field.String("name").NotEmpty().MaxRuneLen(128),
		field.UUID("track_id", uuid.UUID{}).Optional().Nillable(),
	}
}

// Edges of the schema.
func (Cohort) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("memberships", Membership.Type).Annotations(entsql.OnDelete(entsql.Cascade)),
		edge.From("track", Track.Type).Ref("cohorts").Field("track_id").Unique(),
	}
}

// Indexes of the schema.
func (Cohort) Indexes() []ent.Index { return []ent.Index{index.Fields("name", "id")} }

// Membership puts a person into a cohort.
type Membership struct{ ent.Schema }

// Mixin of the schema.
func (Membership) Mixin() []ent.Mixin { return []ent.Mixin{Row{}} }

// Policy of the schema.
func (Membership) Policy() ent.Policy { return rule.Membership() }

// Fields of the schema.
func (Membership) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("cohort_id", uuid.UUID{}).Immutable(),
		field.UUID("user_id", uuid.UUID{}).Immutable(),
		field.Enum("role").GoType(enums.MembershipRole("")),
	}
}

// Edges of the schema.
func (Membership) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("cohort", Cohort.Type).Ref("memberships").Field("cohort_id").Unique().Required().Immutable(),
		edge.From("user", User.Type).Ref("memberships").Field("user_id").Unique().Required().Immutable(),
	}
}

// Indexes of the schema.
func (Membership) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("cohort_id", "user_id").Unique(),
		index.Fields("cohort_id", "created_at", "id"),
		index.Fields("user_id", "role"),
	}
}

// AuditEvent records what an admin or an advisor did.
type AuditEvent struct{ ent.Schema }

// Mixin of the schema.
func (AuditEvent) Mixin() []ent.Mixin { return []ent.Mixin{Row{}} }

// Policy of the schema.
func (AuditEvent) Policy() ent.Policy { return rule.Audit() }

// Fields of the schema.
func (AuditEvent) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("actor_id", uuid.UUID{}).Optional().Nillable().Immutable().
			Comment("Empty when the command line acted."),
		field.Enum("action").GoType(enums.AuditAction("")).Immutable(),
		field.Enum("target_type").GoType(enums.AuditTarget("")).Immutable(),
		field.UUID("target_id", uuid.UUID{}).Optional().Nillable().Immutable(),
		field.JSON("detail", map[string]string{}).Immutable(),
		field.String("request_id").Default("").Immutable(),
	}
}

// Indexes of the schema.
func (AuditEvent) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("created_at", "id"),
		index.Fields("action", "created_at", "id"),
		index.Fields("actor_id", "created_at", "id"),
		index.Fields("target_id", "created_at", "id"),
	}
}

// Annotations of the schema.
func (AuditEvent) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Table: "audit_events"}}
}
