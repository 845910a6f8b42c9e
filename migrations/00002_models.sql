-- The models of ent/schema.
-- +goose Up
CREATE TABLE "audit_events" (
  "id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL,
  "actor_id" uuid NULL,
  "action" character varying NOT NULL,
  "target_type" character varying NOT NULL,
  "target_id" uuid NULL,
  "detail" jsonb NOT NULL,
  "request_id" character varying NOT NULL DEFAULT '',
  PRIMARY KEY ("id")
);
CREATE INDEX "auditevent_created_at_id" ON "audit_events" ("created_at", "id");
CREATE INDEX "auditevent_target_id" ON "audit_events" ("target_id");
CREATE TABLE "skills" (
  "id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL,
  "slug" character varying NOT NULL,
  "name" character varying NOT NULL,
  "onet" character varying NOT NULL,
  PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "skills_slug_key" ON "skills" ("slug");
CREATE TABLE "tracks" (
  "id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL,
  "slug" character varying NOT NULL,
  "title" character varying NOT NULL,
  "summary" text NOT NULL,
  "occupation" character varying NOT NULL,
  "skills" text[] NOT NULL,
  "active" boolean NOT NULL DEFAULT true,
  PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "tracks_slug_key" ON "tracks" ("slug");
CREATE TABLE "passages" (
  "id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL,
  "slug" character varying NOT NULL,
  "title" character varying NOT NULL,
  "text" text NOT NULL,
  "skills" text[] NOT NULL,
  "track_id" uuid NOT NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "passages_tracks_passages" FOREIGN KEY ("track_id") REFERENCES "tracks" ("id") ON DELETE CASCADE
);
CREATE UNIQUE INDEX "passage_track_id_slug" ON "passages" ("track_id", "slug");
CREATE TABLE "questions" (
  "id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL,
  "slug" character varying NOT NULL,
  "title" character varying NOT NULL,
  "prompt" text NOT NULL,
  "level" character varying NOT NULL,
  "skills" text[] NOT NULL,
  "min_words" bigint NOT NULL,
  "max_words" bigint NOT NULL,
  "position" bigint NOT NULL,
  "active" boolean NOT NULL DEFAULT true,
  "track_id" uuid NOT NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "questions_tracks_questions" FOREIGN KEY ("track_id") REFERENCES "tracks" ("id") ON DELETE NO ACTION
);
CREATE UNIQUE INDEX "question_track_id_slug" ON "questions" ("track_id", "slug");
CREATE INDEX "question_track_id_position_id" ON "questions" ("track_id", "position", "id");
CREATE TABLE "rubrics" (
  "id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL,
  "version" bigint NOT NULL,
  "question_id" uuid NOT NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "rubrics_questions_rubrics" FOREIGN KEY ("question_id") REFERENCES "questions" ("id") ON DELETE CASCADE
);
CREATE UNIQUE INDEX "rubric_question_id_version" ON "rubrics" ("question_id", "version");
CREATE TABLE "criteria" (
  "id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL,
  "position" bigint NOT NULL,
  "key" character varying NOT NULL,
  "trait" character varying NOT NULL,
  "title" character varying NOT NULL,
  "description" text NOT NULL,
  "weight" double precision NOT NULL,
  "scale_min" double precision NOT NULL,
  "scale_max" double precision NOT NULL,
  "scale_step" double precision NOT NULL,
  "levels" jsonb NOT NULL,
  "rubric_id" uuid NOT NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "criteria_rubrics_criteria" FOREIGN KEY ("rubric_id") REFERENCES "rubrics" ("id") ON DELETE CASCADE,
  CONSTRAINT "criteria_scale" CHECK (scale_min < scale_max AND scale_step > 0)
);
CREATE UNIQUE INDEX "criterion_rubric_id_key" ON "criteria" ("rubric_id", "key");
CREATE TABLE "users" (
  "id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL,
  "name" character varying NOT NULL,
  "email" character varying NOT NULL,
  "role" character varying NOT NULL DEFAULT 'LEARNER',
  "active" boolean NOT NULL DEFAULT true,
  PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "users_email_key" ON "users" ("email");
CREATE TABLE "essays" (
  "id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL,
  "text" text NOT NULL,
  "words" bigint NOT NULL,
  "idempotency_key" character varying NULL,
  "body_hash" bytea NOT NULL,
  "question_id" uuid NOT NULL,
  "owner_id" uuid NOT NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "essays_questions_essays" FOREIGN KEY ("question_id") REFERENCES "questions" ("id") ON DELETE NO ACTION,
  CONSTRAINT "essays_users_essays" FOREIGN KEY ("owner_id") REFERENCES "users" ("id") ON DELETE CASCADE
);
CREATE UNIQUE INDEX "essay_owner_id_idempotency_key" ON "essays" ("owner_id", "idempotency_key");
CREATE INDEX "essay_owner_id_created_at_id" ON "essays" ("owner_id", "created_at", "id");
CREATE INDEX "essay_created_at_id" ON "essays" ("created_at", "id");
CREATE INDEX "essay_question_id" ON "essays" ("question_id");
CREATE TABLE "scoring_runs" (
  "id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL,
  "owner_id" uuid NOT NULL,
  "rubric_id" uuid NOT NULL,
  "track_id" uuid NOT NULL,
  "number" bigint NOT NULL,
  "kind" character varying NOT NULL,
  "requested_by" uuid NULL,
  "stage" character varying NOT NULL DEFAULT 'QUEUED',
  "percent" bigint NOT NULL DEFAULT 0,
  "seq" bigint NOT NULL,
  "changed_at" timestamptz NOT NULL,
  "started_at" timestamptz NULL,
  "scored_at" timestamptz NULL,
  "finished_at" timestamptz NULL,
  "attempt" bigint NOT NULL DEFAULT 0,
  "lease_until" timestamptz NULL,
  "engine" character varying NOT NULL DEFAULT '',
  "engine_version" character varying NOT NULL DEFAULT '',
  "engine_model" character varying NOT NULL DEFAULT '',
  "degraded" boolean NOT NULL DEFAULT false,
  "degraded_reason" character varying NOT NULL DEFAULT '',
  "failure_code" character varying NOT NULL DEFAULT '',
  "failure_message" character varying NOT NULL DEFAULT '',
  "flags" text[] NOT NULL,
  "overall_percent" double precision NULL,
  "overall_low" double precision NULL,
  "overall_high" double precision NULL,
  "overall_coverage" double precision NULL,
  "essay_id" uuid NOT NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "scoring_runs_essays_runs" FOREIGN KEY ("essay_id") REFERENCES "essays" ("id") ON DELETE CASCADE,
  CONSTRAINT "scoring_runs_percent" CHECK (percent BETWEEN 0 AND 100)
);
CREATE UNIQUE INDEX "scoringrun_essay_id_number" ON "scoring_runs" ("essay_id", "number");
CREATE UNIQUE INDEX "scoringrun_one_unfinished" ON "scoring_runs" ("essay_id") WHERE stage NOT IN ('COMPLETED', 'FAILED');
CREATE INDEX "scoringrun_unfinished" ON "scoring_runs" ("stage", "track_id") WHERE stage NOT IN ('COMPLETED', 'FAILED');
CREATE INDEX "scoringrun_changed_at_id" ON "scoring_runs" ("changed_at", "id");
CREATE INDEX "scoringrun_owner_id_changed_at" ON "scoring_runs" ("owner_id", "changed_at");
CREATE INDEX "scoringrun_finished_at" ON "scoring_runs" ("finished_at");
CREATE TABLE "scores" (
  "id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL,
  "owner_id" uuid NOT NULL,
  "position" bigint NOT NULL,
  "value" double precision NOT NULL,
  "raw" double precision NOT NULL,
  "low" double precision NOT NULL,
  "high" double precision NOT NULL,
  "coverage" double precision NOT NULL,
  "calibration" character varying NOT NULL,
  "provisional" boolean NOT NULL,
  "criterion_id" uuid NOT NULL,
  "run_id" uuid NOT NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "scores_criteria_criterion" FOREIGN KEY ("criterion_id") REFERENCES "criteria" ("id") ON DELETE NO ACTION,
  CONSTRAINT "scores_scoring_runs_scores" FOREIGN KEY ("run_id") REFERENCES "scoring_runs" ("id") ON DELETE CASCADE,
  CONSTRAINT "scores_interval" CHECK (low <= high AND coverage BETWEEN 0 AND 1)
);
CREATE UNIQUE INDEX "score_run_id_criterion_id" ON "scores" ("run_id", "criterion_id");
CREATE TABLE "explanations" (
  "id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL,
  "owner_id" uuid NOT NULL,
  "summary" text NOT NULL,
  "base" double precision NOT NULL,
  "contributions" jsonb NOT NULL,
  "score_id" uuid NOT NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "explanations_scores_explanation" FOREIGN KEY ("score_id") REFERENCES "scores" ("id") ON DELETE CASCADE
);
CREATE UNIQUE INDEX "explanations_score_id_key" ON "explanations" ("score_id");
CREATE TABLE "citations" (
  "id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL,
  "owner_id" uuid NOT NULL,
  "position" bigint NOT NULL,
  "similarity" double precision NOT NULL,
  "quote" text NOT NULL,
  "passage_id" uuid NOT NULL,
  "explanation_id" uuid NOT NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "citations_passages_passage" FOREIGN KEY ("passage_id") REFERENCES "passages" ("id") ON DELETE NO ACTION,
  CONSTRAINT "citations_explanations_citations" FOREIGN KEY ("explanation_id") REFERENCES "explanations" ("id") ON DELETE CASCADE
);
CREATE UNIQUE INDEX "citation_explanation_id_position" ON "citations" ("explanation_id", "position");
CREATE TABLE "cohorts" (
  "id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL,
  "slug" character varying NOT NULL,
  "name" character varying NOT NULL,
  "track_id" uuid NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "cohorts_tracks_cohorts" FOREIGN KEY ("track_id") REFERENCES "tracks" ("id") ON DELETE SET NULL
);
CREATE UNIQUE INDEX "cohorts_slug_key" ON "cohorts" ("slug");
CREATE TABLE "evidence" (
  "id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL,
  "owner_id" uuid NOT NULL,
  "position" bigint NOT NULL,
  "start_code_point" bigint NOT NULL,
  "end_code_point" bigint NOT NULL,
  "start_utf16" bigint NOT NULL,
  "end_utf16" bigint NOT NULL,
  "quote" text NOT NULL,
  "points" double precision NOT NULL,
  "key_point_label" character varying NOT NULL DEFAULT '',
  "reason" text NOT NULL,
  "explanation_id" uuid NOT NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "evidence_explanations_evidence" FOREIGN KEY ("explanation_id") REFERENCES "explanations" ("id") ON DELETE CASCADE,
  CONSTRAINT "evidence_offsets" CHECK (start_code_point <= end_code_point AND start_utf16 <= end_utf16)
);
CREATE UNIQUE INDEX "evidence_explanation_id_position" ON "evidence" ("explanation_id", "position");
CREATE TABLE "key_point_outcomes" (
  "id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL,
  "owner_id" uuid NOT NULL,
  "key_point_id" uuid NOT NULL,
  "position" bigint NOT NULL,
  "label" character varying NOT NULL,
  "status" character varying NOT NULL,
  "degree" double precision NOT NULL,
  "similarity" double precision NOT NULL,
  "quote" text NULL,
  "explanation_id" uuid NOT NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "key_point_outcomes_explanations_key_points" FOREIGN KEY ("explanation_id") REFERENCES "explanations" ("id") ON DELETE CASCADE
);
CREATE UNIQUE INDEX "keypointoutcome_explanation_id_position" ON "key_point_outcomes" ("explanation_id", "position");
CREATE TABLE "key_points" (
  "id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL,
  "position" bigint NOT NULL,
  "key" character varying NOT NULL,
  "label" character varying NOT NULL,
  "text" text NOT NULL,
  "weight" double precision NOT NULL,
  "skills" text[] NOT NULL,
  "rubric_id" uuid NOT NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "key_points_rubrics_key_points" FOREIGN KEY ("rubric_id") REFERENCES "rubrics" ("id") ON DELETE CASCADE
);
CREATE UNIQUE INDEX "keypoint_rubric_id_key" ON "key_points" ("rubric_id", "key");
CREATE TABLE "memberships" (
  "id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL,
  "role" character varying NOT NULL,
  "cohort_id" uuid NOT NULL,
  "user_id" uuid NOT NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "memberships_cohorts_memberships" FOREIGN KEY ("cohort_id") REFERENCES "cohorts" ("id") ON DELETE CASCADE,
  CONSTRAINT "memberships_users_memberships" FOREIGN KEY ("user_id") REFERENCES "users" ("id") ON DELETE CASCADE
);
CREATE UNIQUE INDEX "membership_cohort_id_user_id" ON "memberships" ("cohort_id", "user_id");
CREATE INDEX "membership_user_id_role" ON "memberships" ("user_id", "role");
CREATE TABLE "credentials" (
  "id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL,
  "slug" character varying NOT NULL,
  "title" character varying NOT NULL,
  "provider" character varying NOT NULL,
  "kind" character varying NOT NULL,
  "level" character varying NOT NULL,
  "duration" character varying NOT NULL DEFAULT 'UNKNOWN',
  "price" character varying NOT NULL DEFAULT 'UNKNOWN',
  "teaches" text[] NOT NULL,
  "requires" text[] NOT NULL,
  "description" text NOT NULL,
  "active" boolean NOT NULL DEFAULT true,
  PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "credentials_slug_key" ON "credentials" ("slug");
CREATE INDEX "credential_title_id" ON "credentials" ("title", "id");
CREATE INDEX "credential_teaches" ON "credentials" USING GIN ("teaches");
CREATE TABLE "recommendation_lists" (
  "id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL,
  "owner_id" uuid NOT NULL,
  "model_version" character varying NOT NULL,
  "note" text NOT NULL,
  "degraded" boolean NOT NULL DEFAULT false,
  "run_id" uuid NOT NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "recommendation_lists_scoring_runs_recommendations" FOREIGN KEY ("run_id") REFERENCES "scoring_runs" ("id") ON DELETE CASCADE
);
CREATE UNIQUE INDEX "recommendation_lists_run_id_key" ON "recommendation_lists" ("run_id");
CREATE TABLE "recommendation_items" (
  "id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL,
  "owner_id" uuid NOT NULL,
  "rank" bigint NOT NULL,
  "score" double precision NOT NULL,
  "parts" jsonb NOT NULL,
  "rationale" text NOT NULL,
  "traces" jsonb NOT NULL,
  "closes" text[] NOT NULL,
  "credential_id" uuid NOT NULL,
  "list_id" uuid NOT NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "recommendation_items_credentials_credential" FOREIGN KEY ("credential_id") REFERENCES "credentials" ("id") ON DELETE NO ACTION,
  CONSTRAINT "recommendation_items_recommendation_lists_items" FOREIGN KEY ("list_id") REFERENCES "recommendation_lists" ("id") ON DELETE CASCADE
);
CREATE UNIQUE INDEX "recommendationitem_list_id_rank" ON "recommendation_items" ("list_id", "rank");
CREATE UNIQUE INDEX "recommendationitem_list_id_credential_id" ON "recommendation_items" ("list_id", "credential_id");
CREATE TABLE "reference_answers" (
  "id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL,
  "kind" character varying NOT NULL,
  "text" text NOT NULL,
  "rubric_id" uuid NOT NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "reference_answers_rubrics_references" FOREIGN KEY ("rubric_id") REFERENCES "rubrics" ("id") ON DELETE CASCADE
);
CREATE INDEX "referenceanswer_rubric_id_kind" ON "reference_answers" ("rubric_id", "kind");

-- +goose Down
DROP TABLE "reference_answers";
DROP TABLE "recommendation_items";
DROP TABLE "recommendation_lists";
DROP TABLE "credentials";
DROP TABLE "memberships";
DROP TABLE "key_points";
DROP TABLE "key_point_outcomes";
DROP TABLE "evidence";
DROP TABLE "cohorts";
DROP TABLE "citations";
DROP TABLE "explanations";
DROP TABLE "scores";
DROP TABLE "scoring_runs";
DROP TABLE "essays";
DROP TABLE "users";
DROP TABLE "criteria";
DROP TABLE "rubrics";
DROP TABLE "questions";
DROP TABLE "passages";
DROP TABLE "tracks";
DROP TABLE "skills";
DROP TABLE "audit_events";
