-- +goose Up
-- modify "scoring_runs" table
ALTER TABLE "scoring_runs" ADD COLUMN "rescoring_id" uuid NULL;
-- create "rescorings" table
CREATE TABLE "rescorings" (
  "id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL,
  "track_id" uuid NOT NULL,
  "question_id" uuid NULL,
  "reason" text NOT NULL,
  "actor_id" uuid NULL,
  "total" bigint NOT NULL,
  "cursor" uuid NULL,
  "added" bigint NOT NULL DEFAULT 0,
  "skipped" bigint NOT NULL DEFAULT 0,
  "walked_at" timestamptz NULL,
  PRIMARY KEY ("id")
);
-- create index "rescoring_created_at_id" to table: "rescorings"
CREATE INDEX "rescoring_created_at_id" ON "rescorings" ("created_at", "id");
-- create "overrides" table
CREATE TABLE "overrides" (
  "id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL,
  "owner_id" uuid NOT NULL,
  "question_id" uuid NOT NULL,
  "actor_id" uuid NOT NULL,
  "reason" text NOT NULL DEFAULT '',
  "key_points" jsonb NOT NULL,
  "criteria" jsonb NOT NULL,
  "run_id" uuid NOT NULL,
  "from_id" uuid NOT NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "overrides_scoring_runs_from" FOREIGN KEY ("from_id") REFERENCES "scoring_runs" ("id") ON UPDATE NO ACTION ON DELETE CASCADE,
  CONSTRAINT "overrides_scoring_runs_run" FOREIGN KEY ("run_id") REFERENCES "scoring_runs" ("id") ON UPDATE NO ACTION ON DELETE CASCADE
);
-- create index "override_from_id" to table: "overrides"
CREATE UNIQUE INDEX "override_from_id" ON "overrides" ("from_id");
-- create index "override_question_id" to table: "overrides"
CREATE INDEX "override_question_id" ON "overrides" ("question_id");
-- create index "override_run_id" to table: "overrides"
CREATE UNIQUE INDEX "override_run_id" ON "overrides" ("run_id");

-- +goose Down
-- reverse: create index "override_run_id" to table: "overrides"
DROP INDEX "override_run_id";
-- reverse: create index "override_question_id" to table: "overrides"
DROP INDEX "override_question_id";
-- reverse: create index "override_from_id" to table: "overrides"
DROP INDEX "override_from_id";
-- reverse: create "overrides" table
DROP TABLE "overrides";
-- reverse: create index "rescoring_created_at_id" to table: "rescorings"
DROP INDEX "rescoring_created_at_id";
-- reverse: create "rescorings" table
DROP TABLE "rescorings";
-- reverse: modify "scoring_runs" table
ALTER TABLE "scoring_runs" DROP COLUMN "rescoring_id";
