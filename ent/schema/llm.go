package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
	"github.com/google/uuid"

	"github.com/rubrica/rubrica/ent/rule"
)

// LLMAnswer is what a language model answered to a request, kept so that the same request is not paid
// twice. It quotes essays and speaks of key points: nobody reads it but the system.
type LLMAnswer struct{ ent.Schema }

// Mixin of the schema.
func (LLMAnswer) Mixin() []ent.Mixin { return []ent.Mixin{Row{}} }

// Policy of the schema.
func (LLMAnswer) Policy() ent.Policy { return rule.Internal() }

// Fields of the schema.
func (LLMAnswer) Fields() []ent.Field {
	return []ent.Field{
		field.Bytes("key").Immutable().
			Comment("SHA-256 of engine, model, prompt version, rubric, essay and passages."),
		text("answer"),
		field.Time("used_at").Default(now).Comment("When it last served; what nobody asks for is deleted."),
	}
}

// Indexes of the schema.
func (LLMAnswer) Indexes() []ent.Index {
	return []ent.Index{index.Fields("key").Unique(), index.Fields("used_at")}
}

// Annotations of the schema.
func (LLMAnswer) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Table: "llm_answers"}}
}

// LLMDay is what one track has spent on language models on one day (UTC). The row with the zero UUID
// for a track is the day's total. Amounts are millionths of the currency of the price list.
type LLMDay struct{ ent.Schema }

// Mixin of the schema.
func (LLMDay) Mixin() []ent.Mixin { return []ent.Mixin{Row{}} }

// Policy of the schema.
func (LLMDay) Policy() ent.Policy { return rule.Ledger() }

// Fields of the schema.
func (LLMDay) Fields() []ent.Field {
	return []ent.Field{
		day("day"),
		field.UUID("track_id", uuid.UUID{}).Immutable().Comment("Zero for the sum over all tracks."),
		field.Int64("spent_micros").Default(0),
		field.Int64("reserved_micros").Default(0).Comment("Worst case of the calls that have not been settled."),
		field.Int64("prompt_tokens").Default(0),
		field.Int64("completion_tokens").Default(0),
		field.Int("calls").Default(0).Comment("HTTP requests that were sent, with those that failed."),
	}
}

// Indexes of the schema.
func (LLMDay) Indexes() []ent.Index {
	return []ent.Index{index.Fields("day", "track_id").Unique()}
}

// Annotations of the schema.
func (LLMDay) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{
		Table:  "llm_days",
		Checks: map[string]string{"llm_days_amounts": "spent_micros >= 0 AND reserved_micros >= 0"},
	}}
}

// LLMCall is one HTTP request to a provider: what was reserved for it before, and what it cost.
type LLMCall struct{ ent.Schema }

// Mixin of the schema.
func (LLMCall) Mixin() []ent.Mixin { return []ent.Mixin{Row{}} }

// Policy of the schema.
func (LLMCall) Policy() ent.Policy { return rule.Ledger() }

// Fields of the schema.
func (LLMCall) Fields() []ent.Field {
	return []ent.Field{
		day("day"),
		field.UUID("track_id", uuid.UUID{}).Immutable(),
		field.UUID("essay_id", uuid.UUID{}).Immutable(),
		field.String("model").Immutable(),
		field.String("state").Comment("RESERVED, SETTLED, or EXPIRED when its process died."),
		field.String("outcome").Default("").Comment("OK, or the class of the error."),
		field.Int64("reserved_micros").Immutable(),
		field.Int64("cost_micros").Default(0).
			Comment("What it cost; the whole reservation where the provider did not say, or nobody was left to hear it."),
		field.Int64("prompt_tokens").Default(0),
		field.Int64("completion_tokens").Default(0),
		field.Time("expires_at").Immutable(),
		field.Time("settled_at").Optional().Nillable(),
	}
}

// Indexes of the schema.
func (LLMCall) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("essay_id", "created_at"),
		index.Fields("created_at"),
		index.Fields("expires_at").StorageKey("llm_calls_reserved").
			Annotations(entsql.IndexWhere("state = 'RESERVED'")),
	}
}

// Annotations of the schema.
func (LLMCall) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{
		Table: "llm_calls",
		Checks: map[string]string{
			"llm_calls_state":  "state IN ('RESERVED', 'SETTLED', 'EXPIRED')",
			"llm_calls_amount": "cost_micros BETWEEN 0 AND reserved_micros",
		},
	}}
}

// LLMWorker is how the language-model engine of one process fares.
type LLMWorker struct{ ent.Schema }

// Mixin of the schema.
func (LLMWorker) Mixin() []ent.Mixin { return []ent.Mixin{Row{}} }

// Policy of the schema.
func (LLMWorker) Policy() ent.Policy { return rule.Ledger() }

// Fields of the schema.
func (LLMWorker) Fields() []ent.Field {
	return []ent.Field{
		field.String("provider").Immutable(),
		field.String("model").Immutable(),
		field.String("prompt_version").Immutable(),
		field.String("breaker").Comment("CLOSED, OPEN or HALF_OPEN."),
		field.String("last_error").Default("").Comment("Class of the newest error."),
		field.Time("last_error_at").Optional().Nillable(),
		field.Int("calls").Default(0),
		field.Int("cache_hits").Default(0),
		field.Int("repairs").Default(0),
		field.Int("fallbacks").Default(0),
		field.Int("dropped").Default(0).Comment("Quotes, citations and remarks that could not be found or shown."),
		field.Time("seen_at"),
	}
}

// Indexes of the schema.
func (LLMWorker) Indexes() []ent.Index { return []ent.Index{index.Fields("seen_at")} }

// Annotations of the schema.
func (LLMWorker) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Table: "llm_workers"}}
}

// day is a date without a time, of UTC.
func day(name string) ent.Field {
	return field.Time(name).Immutable().SchemaType(map[string]string{dialect.Postgres: "date"})
}
