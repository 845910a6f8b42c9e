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

// Essay is a learner's answer to a question, exactly as it was submitted.
type Essay struct{ ent.Schema }

// Mixin of the schema.
func (Essay) Mixin() []ent.Mixin { return []ent.Mixin{Row{}, Owned{}} }

// Policy of the schema.
func (Essay) Policy() ent.Policy { return rule.Essay() }

// Fields of the schema.
func (Essay) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("question_id", uuid.UUID{}).Immutable(),
		field.String("text").Immutable().
			SchemaType(map[string]string{dialect.Postgres: "text"}),
		field.Int("words").NonNegative().Immutable(),
		field.String("idempotency_key").MaxRuneLen(64).Optional().Nillable().Immutable(),
		field.Bytes("body_hash").Immutable().
			Comment("SHA-256 of question and text, to tell a repetition from a conflict."),
		field.Float("overall_percent").Optional().Nillable().
			Comment("Overall score of the newest run that has one, kept by the transaction that writes it. Lists are ordered by it; their indexes are of an expression and stand in the migrations."),
	}
}

// Edges of the schema.
func (Essay) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("owner", User.Type).Ref("essays").Field("owner_id").Unique().Required().Immutable(),
		edge.From("question", Question.Type).Ref("essays").Field("question_id").Unique().Required().Immutable(),
		edge.To("runs", ScoringRun.Type).Annotations(entsql.OnDelete(entsql.Cascade)),
	}
}

// Indexes of the schema.
func (Essay) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("owner_id", "idempotency_key").Unique(),
		index.Fields("owner_id", "created_at", "id"),
		index.Fields("created_at", "id"),
		index.Fields("question_id", "created_at", "id"),
	}
}

// ScoringRun is one scoring of an essay: the first, a retry after a failure, or a re-score. Runs are
// kept; at most one of an essay is unfinished.
type ScoringRun struct{ ent.Schema }

// Mixin of the schema.
func (ScoringRun) Mixin() []ent.Mixin { return []ent.Mixin{Row{}, Owned{}} }

// Policy of the schema.
func (ScoringRun) Policy() ent.Policy { return rule.Run() }

// Fields of the schema.
func (ScoringRun) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("essay_id", uuid.UUID{}).Immutable(),
		field.UUID("rubric_id", uuid.UUID{}).Immutable(),
		field.UUID("track_id", uuid.UUID{}).Immutable().
			Comment("The question's track, so that activity by track needs no join."),
		field.Int("number").Positive().Immutable().Comment("1 for the first run of an essay."),
		field.Enum("kind").GoType(enums.RunKind("")).Immutable(),
		field.UUID("requested_by", uuid.UUID{}).Optional().Nillable().Immutable(),
		field.UUID("rescoring_id", uuid.UUID{}).Optional().Nillable().Immutable().
			Comment("The re-scoring of a whole question or track that added it."),

		field.Enum("stage").GoType(enums.Stage("")).Default(string(enums.StageQueued)),
		field.Int("percent").Min(0).Max(100).Default(0),
		field.Int64("seq").Positive().
			Comment("Grows by one with every change of state, on through the runs of an essay."),
		field.Time("changed_at").Default(now).Comment("When the state last changed."),
		field.Time("started_at").Optional().Nillable(),
		field.Time("scored_at").Optional().Nillable(),
		field.Time("finished_at").Optional().Nillable(),

		field.Int("attempt").NonNegative().Default(0).
			Comment("Fence: a worker that claimed an earlier attempt can write no more."),
		field.Time("lease_until").Optional().Nillable().
			Comment("Until when the claim holds; a run past it is picked up again."),

		field.String("engine").Default(""),
		field.String("engine_version").Default(""),
		field.String("engine_model").Default(""),
		field.String("engine_prompt").Default("").Comment("Version of the prompt, where one was used."),
		field.Bool("degraded").Default(false),
		field.String("degraded_reason").Default(""),
		field.String("failure_code").Default(""),
		field.String("failure_message").Default(""),
		slugs("flags"),

		field.Float("overall_percent").Optional().Nillable(),
		field.Float("overall_low").Optional().Nillable(),
		field.Float("overall_high").Optional().Nillable(),
		field.Float("overall_coverage").Optional().Nillable(),
	}
}

// Edges of the schema.
func (ScoringRun) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("essay", Essay.Type).Ref("runs").Field("essay_id").Unique().Required().Immutable(),
		edge.To("scores", Score.Type).Annotations(entsql.OnDelete(entsql.Cascade)),
		edge.To("recommendations", RecommendationList.Type).
			Annotations(entsql.OnDelete(entsql.Cascade)),
	}
}

// Indexes of the schema.
func (ScoringRun) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("essay_id", "number").Unique(),
		index.Fields("essay_id").Unique().StorageKey("scoringrun_one_unfinished").
			Annotations(entsql.IndexWhere("stage NOT IN ('COMPLETED', 'FAILED')")),
		index.Fields("stage", "track_id").StorageKey("scoringrun_unfinished").
			Annotations(entsql.IndexWhere("stage NOT IN ('COMPLETED', 'FAILED')")),
		// One run of an essay a re-scoring, however often its job is tried.
		index.Fields("rescoring_id", "essay_id").Unique().
			Annotations(entsql.IndexWhere("rescoring_id IS NOT NULL")),
		index.Fields("changed_at", "id"),
		index.Fields("owner_id", "changed_at"),
		index.Fields("track_id", "changed_at"),
		index.Fields("finished_at"),
	}
}

// Annotations of the schema.
func (ScoringRun) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{
		Table:  "scoring_runs",
		Checks: map[string]string{"scoring_runs_percent": "percent BETWEEN 0 AND 100"},
	}}
}
