// Package schema describes the models: their fields, edges, indexes, checks and privacy policies.
package schema

import (
	"time"

	"entgo.io/ent"
	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/mixin"
	"github.com/google/uuid"
	"github.com/lib/pq"
)

// Row gives every table a UUIDv7 key (ordered by time, so that new rows lie together in the index)
// and the time of its creation.
type Row struct{ mixin.Schema }

// Fields of the mixin.
func (Row) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("id", uuid.UUID{}).Default(newID).Immutable(),
		field.Time("created_at").Default(now).Immutable(),
	}
}

// Owned marks rows that belong to one learner. The owner stands on every one of them, also where an
// edge would lead to it, so that who may see a row is decided by one predicate without a join.
type Owned struct{ mixin.Schema }

// Fields of the mixin.
func (Owned) Fields() []ent.Field {
	return []ent.Field{field.UUID("owner_id", uuid.UUID{}).Immutable()}
}

func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }

// now has the precision of the database, so that what was written equals what is read.
func now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// slugs is a list of skill slugs, in order. An array and not a join table: the vocabulary is small,
// slugs never change, the order carries meaning, and a list costs no statement to read.
func slugs(name string) ent.Field {
	return field.Other(name, pq.StringArray{}).
		SchemaType(map[string]string{dialect.Postgres: "text[]"}).
		Default(func() pq.StringArray { return pq.StringArray{} })
}

// words is a list of other short words, in order. It came to tables that had rows, and the release before,
// which may still run, does not name it: the database has a default.
func words(name, comment string) ent.Field {
	return field.Other(name, pq.StringArray{}).
		SchemaType(map[string]string{dialect.Postgres: "text[]"}).
		Default(func() pq.StringArray { return pq.StringArray{} }).Comment(comment).
		Annotations(entsql.DefaultExpr("'{}'"))
}

// externalID is what the catalogue that a row was imported from calls it.
func externalID() ent.Field {
	return field.String("external_id").Optional().Nillable().NotEmpty().MaxRuneLen(200).
		Comment("What the catalogue that it was imported from calls it.")
}

func text(name string) ent.Field {
	return field.String(name).SchemaType(map[string]string{dialect.Postgres: "text"})
}
