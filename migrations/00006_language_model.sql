-- +goose Up
-- modify "scoring_runs" table
ALTER TABLE "scoring_runs" ADD COLUMN "engine_prompt" character varying NOT NULL DEFAULT '';
-- modify "tracks" table
ALTER TABLE "tracks" ADD COLUMN "llm_consent" boolean NOT NULL DEFAULT false;
-- create "llm_answers" table
CREATE TABLE "llm_answers" (
  "id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL,
  "key" bytea NOT NULL,
  "answer" text NOT NULL,
  "used_at" timestamptz NOT NULL,
  PRIMARY KEY ("id")
);
-- create index "llmanswer_key" to table: "llm_answers"
CREATE UNIQUE INDEX "llmanswer_key" ON "llm_answers" ("key");
-- create index "llmanswer_used_at" to table: "llm_answers"
CREATE INDEX "llmanswer_used_at" ON "llm_answers" ("used_at");
-- create "llm_calls" table
CREATE TABLE "llm_calls" (
  "id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL,
  "day" date NOT NULL,
  "track_id" uuid NOT NULL,
  "essay_id" uuid NOT NULL,
  "model" character varying NOT NULL,
  "state" character varying NOT NULL,
  "outcome" character varying NOT NULL DEFAULT '',
  "reserved_micros" bigint NOT NULL,
  "cost_micros" bigint NOT NULL DEFAULT 0,
  "prompt_tokens" bigint NOT NULL DEFAULT 0,
  "completion_tokens" bigint NOT NULL DEFAULT 0,
  "expires_at" timestamptz NOT NULL,
  "settled_at" timestamptz NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "llm_calls_amount" CHECK (cost_micros BETWEEN 0 AND reserved_micros),
  CONSTRAINT "llm_calls_state" CHECK (state IN ('RESERVED', 'SETTLED', 'EXPIRED'))
);
-- create index "llm_calls_reserved" to table: "llm_calls"
CREATE INDEX "llm_calls_reserved" ON "llm_calls" ("expires_at") WHERE state = 'RESERVED';
-- create index "llmcall_created_at" to table: "llm_calls"
CREATE INDEX "llmcall_created_at" ON "llm_calls" ("created_at");
-- create index "llmcall_essay_id_created_at" to table: "llm_calls"
CREATE INDEX "llmcall_essay_id_created_at" ON "llm_calls" ("essay_id", "created_at");
-- create "llm_days" table
CREATE TABLE "llm_days" (
  "id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL,
  "day" date NOT NULL,
  "track_id" uuid NOT NULL,
  "spent_micros" bigint NOT NULL DEFAULT 0,
  "reserved_micros" bigint NOT NULL DEFAULT 0,
  "prompt_tokens" bigint NOT NULL DEFAULT 0,
  "completion_tokens" bigint NOT NULL DEFAULT 0,
  "calls" bigint NOT NULL DEFAULT 0,
  PRIMARY KEY ("id"),
  CONSTRAINT "llm_days_amounts" CHECK (spent_micros >= 0 AND reserved_micros >= 0)
);
-- create index "llmday_day_track_id" to table: "llm_days"
CREATE UNIQUE INDEX "llmday_day_track_id" ON "llm_days" ("day", "track_id");
-- create "llm_workers" table
CREATE TABLE "llm_workers" (
  "id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL,
  "provider" character varying NOT NULL,
  "model" character varying NOT NULL,
  "prompt_version" character varying NOT NULL,
  "breaker" character varying NOT NULL,
  "last_error" character varying NOT NULL DEFAULT '',
  "last_error_at" timestamptz NULL,
  "calls" bigint NOT NULL DEFAULT 0,
  "cache_hits" bigint NOT NULL DEFAULT 0,
  "repairs" bigint NOT NULL DEFAULT 0,
  "fallbacks" bigint NOT NULL DEFAULT 0,
  "dropped" bigint NOT NULL DEFAULT 0,
  "seen_at" timestamptz NOT NULL,
  PRIMARY KEY ("id")
);
-- create index "llmworker_seen_at" to table: "llm_workers"
CREATE INDEX "llmworker_seen_at" ON "llm_workers" ("seen_at");

-- +goose Down
-- reverse: create index "llmworker_seen_at" to table: "llm_workers"
DROP INDEX "llmworker_seen_at";
-- reverse: create "llm_workers" table
DROP TABLE "llm_workers";
-- reverse: create index "llmday_day_track_id" to table: "llm_days"
DROP INDEX "llmday_day_track_id";
-- reverse: create "llm_days" table
DROP TABLE "llm_days";
-- reverse: create index "llmcall_essay_id_created_at" to table: "llm_calls"
DROP INDEX "llmcall_essay_id_created_at";
-- reverse: create index "llmcall_created_at" to table: "llm_calls"
DROP INDEX "llmcall_created_at";
-- reverse: create index "llm_calls_reserved" to table: "llm_calls"
DROP INDEX "llm_calls_reserved";
-- reverse: create "llm_calls" table
DROP TABLE "llm_calls";
-- reverse: create index "llmanswer_used_at" to table: "llm_answers"
DROP INDEX "llmanswer_used_at";
-- reverse: create index "llmanswer_key" to table: "llm_answers"
DROP INDEX "llmanswer_key";
-- reverse: create "llm_answers" table
DROP TABLE "llm_answers";
-- reverse: modify "tracks" table
ALTER TABLE "tracks" DROP COLUMN "llm_consent";
-- reverse: modify "scoring_runs" table
ALTER TABLE "scoring_runs" DROP COLUMN "engine_prompt";
