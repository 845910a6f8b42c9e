-- +goose Up
-- create "calibrations" table
CREATE TABLE "calibrations" (
  "id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL,
  "rubric_id" uuid NOT NULL,
  "version" bigint NOT NULL,
  "state" character varying NOT NULL DEFAULT 'UPLOADED',
  "rows" bigint NOT NULL,
  "attempt" bigint NOT NULL DEFAULT 0,
  "digest" character varying NOT NULL DEFAULT '',
  "method" character varying NOT NULL DEFAULT '',
  "criteria" jsonb NULL,
  "points" jsonb NULL,
  "failure" character varying NOT NULL DEFAULT '',
  "fitted_at" timestamptz NULL,
  "activated_at" timestamptz NULL,
  "created_by" uuid NULL,
  "question_id" uuid NOT NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "calibrations_questions_calibrations" FOREIGN KEY ("question_id") REFERENCES "questions" ("id") ON UPDATE NO ACTION ON DELETE CASCADE
);
-- create index "calibration_question_id_version" to table: "calibrations"
CREATE UNIQUE INDEX "calibration_question_id_version" ON "calibrations" ("question_id", "version");
-- create index "calibrations_active" to table: "calibrations"
CREATE UNIQUE INDEX "calibrations_active" ON "calibrations" ("question_id") WHERE state = 'ACTIVE';
-- create "calibration_models" table
CREATE TABLE "calibration_models" (
  "id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL,
  "data" bytea NOT NULL,
  "calibration_id" uuid NOT NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "calibration_models_calibrations_model" FOREIGN KEY ("calibration_id") REFERENCES "calibrations" ("id") ON UPDATE NO ACTION ON DELETE CASCADE
);
-- create index "calibration_models_calibration_id_key" to table: "calibration_models"
CREATE UNIQUE INDEX "calibration_models_calibration_id_key" ON "calibration_models" ("calibration_id");
-- create "graded_answers" table
CREATE TABLE "graded_answers" (
  "id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL,
  "position" bigint NOT NULL,
  "text" text NOT NULL,
  "scores" jsonb NOT NULL,
  "second" jsonb NOT NULL,
  "group_name" character varying NOT NULL DEFAULT '',
  "calibration_id" uuid NOT NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "graded_answers_calibrations_graded" FOREIGN KEY ("calibration_id") REFERENCES "calibrations" ("id") ON UPDATE NO ACTION ON DELETE CASCADE
);
-- create index "gradedanswer_calibration_id_position" to table: "graded_answers"
CREATE UNIQUE INDEX "gradedanswer_calibration_id_position" ON "graded_answers" ("calibration_id", "position");

-- +goose Down
-- reverse: create index "gradedanswer_calibration_id_position" to table: "graded_answers"
DROP INDEX "gradedanswer_calibration_id_position";
-- reverse: create "graded_answers" table
DROP TABLE "graded_answers";
-- reverse: create index "calibration_models_calibration_id_key" to table: "calibration_models"
DROP INDEX "calibration_models_calibration_id_key";
-- reverse: create "calibration_models" table
DROP TABLE "calibration_models";
-- reverse: create index "calibrations_active" to table: "calibrations"
DROP INDEX "calibrations_active";
-- reverse: create index "calibration_question_id_version" to table: "calibrations"
DROP INDEX "calibration_question_id_version";
-- reverse: create "calibrations" table
DROP TABLE "calibrations";
