-- +goose Up
-- modify "credentials" table
ALTER TABLE "credentials" ADD COLUMN "hours" double precision NULL, ADD COLUMN "external_id" character varying NULL;
-- modify "passages" table
ALTER TABLE "passages" ADD COLUMN "external_id" character varying NULL;
-- modify "recommendation_lists" table
ALTER TABLE "recommendation_lists" ADD COLUMN "unserved" text[] NOT NULL DEFAULT '{}';
-- modify "skills" table
ALTER TABLE "skills" ADD COLUMN "synonyms" text[] NOT NULL DEFAULT '{}';
-- create "interactions" table
CREATE TABLE "interactions" (
  "id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL,
  "kind" character varying NOT NULL,
  "rating" bigint NULL,
  "times" bigint NOT NULL DEFAULT 1,
  "last_at" timestamptz NOT NULL,
  "credential_id" uuid NOT NULL,
  "owner_id" uuid NOT NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "interactions_credentials_credential" FOREIGN KEY ("credential_id") REFERENCES "credentials" ("id") ON UPDATE NO ACTION ON DELETE CASCADE,
  CONSTRAINT "interactions_users_interactions" FOREIGN KEY ("owner_id") REFERENCES "users" ("id") ON UPDATE NO ACTION ON DELETE CASCADE
);
-- create index "interaction_credential_id" to table: "interactions"
CREATE INDEX "interaction_credential_id" ON "interactions" ("credential_id");
-- create index "interaction_owner_id_credential_id_kind" to table: "interactions"
CREATE UNIQUE INDEX "interaction_owner_id_credential_id_kind" ON "interactions" ("owner_id", "credential_id", "kind");
-- create index "interaction_owner_id_last_at_id" to table: "interactions"
CREATE INDEX "interaction_owner_id_last_at_id" ON "interactions" ("owner_id", "last_at", "id");
-- create "preferences" table
CREATE TABLE "preferences" (
  "id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL,
  "interests" text[] NOT NULL,
  "free_only" boolean NOT NULL DEFAULT false,
  "longest" character varying NULL,
  "highest" character varying NULL,
  "changed_at" timestamptz NOT NULL,
  "owner_id" uuid NOT NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "preferences_users_preference" FOREIGN KEY ("owner_id") REFERENCES "users" ("id") ON UPDATE NO ACTION ON DELETE CASCADE
);
-- create index "preferences_owner_id_key" to table: "preferences"
CREATE UNIQUE INDEX "preferences_owner_id_key" ON "preferences" ("owner_id");
-- modify "recommendation_items" table
ALTER TABLE "recommendation_items" ADD COLUMN "step" bigint NOT NULL DEFAULT 1, ADD COLUMN "relaxed" text[] NOT NULL DEFAULT '{}';
-- create "recommendation_decisions" table
CREATE TABLE "recommendation_decisions" (
  "id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL,
  "owner_id" uuid NOT NULL,
  "credential_id" uuid NOT NULL,
  "actor_id" uuid NOT NULL,
  "verdict" character varying NOT NULL,
  "reason" text NOT NULL,
  "decided_at" timestamptz NOT NULL,
  "item_id" uuid NOT NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "recommendation_decisions_recommendation_items_decision" FOREIGN KEY ("item_id") REFERENCES "recommendation_items" ("id") ON UPDATE NO ACTION ON DELETE CASCADE
);
-- create index "recommendation_decisions_item_id_key" to table: "recommendation_decisions"
CREATE UNIQUE INDEX "recommendation_decisions_item_id_key" ON "recommendation_decisions" ("item_id");
-- create index "recommendationdecision_owner_id_credential_id" to table: "recommendation_decisions"
CREATE INDEX "recommendationdecision_owner_id_credential_id" ON "recommendation_decisions" ("owner_id", "credential_id");

-- +goose Down
-- reverse: create index "recommendationdecision_owner_id_credential_id" to table: "recommendation_decisions"
DROP INDEX "recommendationdecision_owner_id_credential_id";
-- reverse: create index "recommendation_decisions_item_id_key" to table: "recommendation_decisions"
DROP INDEX "recommendation_decisions_item_id_key";
-- reverse: create "recommendation_decisions" table
DROP TABLE "recommendation_decisions";
-- reverse: modify "recommendation_items" table
ALTER TABLE "recommendation_items" DROP COLUMN "relaxed", DROP COLUMN "step";
-- reverse: create index "preferences_owner_id_key" to table: "preferences"
DROP INDEX "preferences_owner_id_key";
-- reverse: create "preferences" table
DROP TABLE "preferences";
-- reverse: create index "interaction_owner_id_last_at_id" to table: "interactions"
DROP INDEX "interaction_owner_id_last_at_id";
-- reverse: create index "interaction_owner_id_credential_id_kind" to table: "interactions"
DROP INDEX "interaction_owner_id_credential_id_kind";
-- reverse: create index "interaction_credential_id" to table: "interactions"
DROP INDEX "interaction_credential_id";
-- reverse: create "interactions" table
DROP TABLE "interactions";
-- reverse: modify "skills" table
ALTER TABLE "skills" DROP COLUMN "synonyms";
-- reverse: modify "recommendation_lists" table
ALTER TABLE "recommendation_lists" DROP COLUMN "unserved";
-- reverse: modify "passages" table
ALTER TABLE "passages" DROP COLUMN "external_id";
-- reverse: modify "credentials" table
ALTER TABLE "credentials" DROP COLUMN "external_id", DROP COLUMN "hours";
