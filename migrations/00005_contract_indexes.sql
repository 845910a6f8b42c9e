-- +goose NO TRANSACTION
-- +goose Up
-- create index "essay_overall_percent_id" to table: "essays"
CREATE INDEX CONCURRENTLY "essay_overall_percent_id" ON "essays" ("overall_percent", "id");
-- create index "scoringrun_track_id_changed_at" to table: "scoring_runs"
CREATE INDEX CONCURRENTLY "scoringrun_track_id_changed_at" ON "scoring_runs" ("track_id", "changed_at");

-- +goose Down
-- reverse: create index "scoringrun_track_id_changed_at" to table: "scoring_runs"
DROP INDEX CONCURRENTLY "scoringrun_track_id_changed_at";
-- reverse: create index "essay_overall_percent_id" to table: "essays"
DROP INDEX CONCURRENTLY "essay_overall_percent_id";
