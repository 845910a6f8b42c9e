-- +goose NO TRANSACTION
-- +goose Up
-- Every list of the API is one range of an index, whatever its order. Where essays without a score come
-- last, in either direction, the order is that of an expression (graph/page), and so is the index.
CREATE INDEX CONCURRENTLY "auditevent_action_created_at_id" ON "audit_events" ("action", "created_at", "id");
CREATE INDEX CONCURRENTLY "auditevent_actor_id_created_at_id" ON "audit_events" ("actor_id", "created_at", "id");
CREATE INDEX CONCURRENTLY "auditevent_target_id_created_at_id" ON "audit_events" ("target_id", "created_at", "id");
CREATE INDEX CONCURRENTLY "cohort_name_id" ON "cohorts" ("name", "id");
CREATE INDEX CONCURRENTLY "credential_provider_id" ON "credentials" ("provider", "id");
CREATE INDEX CONCURRENTLY "essay_question_id_created_at_id" ON "essays" ("question_id", "created_at", "id");
CREATE INDEX CONCURRENTLY "essay_overall_percent_asc_sql" ON "essays" (coalesce("overall_percent", 'Infinity'::double precision), "id");
CREATE INDEX CONCURRENTLY "essay_overall_percent_desc_sql" ON "essays" (coalesce("overall_percent", '-Infinity'::double precision), "id");
CREATE INDEX CONCURRENTLY "membership_cohort_id_created_at_id" ON "memberships" ("cohort_id", "created_at", "id");
CREATE INDEX CONCURRENTLY "scoringrun_track_id_changed_at" ON "scoring_runs" ("track_id", "changed_at");
CREATE INDEX CONCURRENTLY "track_title_id" ON "tracks" ("title", "id");
CREATE INDEX CONCURRENTLY "user_created_at_id" ON "users" ("created_at", "id");
CREATE INDEX CONCURRENTLY "user_name_id" ON "users" ("name", "id");
CREATE INDEX CONCURRENTLY "user_role_name_id" ON "users" ("role", "name", "id");
-- longer indexes begin with the same column
DROP INDEX CONCURRENTLY "auditevent_target_id";
DROP INDEX CONCURRENTLY "essay_question_id";

-- +goose Down
CREATE INDEX CONCURRENTLY "essay_question_id" ON "essays" ("question_id");
CREATE INDEX CONCURRENTLY "auditevent_target_id" ON "audit_events" ("target_id");
DROP INDEX CONCURRENTLY "user_role_name_id";
DROP INDEX CONCURRENTLY "user_name_id";
DROP INDEX CONCURRENTLY "user_created_at_id";
DROP INDEX CONCURRENTLY "track_title_id";
DROP INDEX CONCURRENTLY "scoringrun_track_id_changed_at";
DROP INDEX CONCURRENTLY "membership_cohort_id_created_at_id";
DROP INDEX CONCURRENTLY "essay_overall_percent_desc_sql";
DROP INDEX CONCURRENTLY "essay_overall_percent_asc_sql";
DROP INDEX CONCURRENTLY "essay_question_id_created_at_id";
DROP INDEX CONCURRENTLY "credential_provider_id";
DROP INDEX CONCURRENTLY "cohort_name_id";
DROP INDEX CONCURRENTLY "auditevent_target_id_created_at_id";
DROP INDEX CONCURRENTLY "auditevent_actor_id_created_at_id";
DROP INDEX CONCURRENTLY "auditevent_action_created_at_id";
