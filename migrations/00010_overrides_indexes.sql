-- +goose NO TRANSACTION
-- +goose Up
-- create index "scoringrun_rescoring_id_essay_id" to table: "scoring_runs"
CREATE UNIQUE INDEX CONCURRENTLY "scoringrun_rescoring_id_essay_id" ON "scoring_runs" ("rescoring_id", "essay_id") WHERE rescoring_id IS NOT NULL;

-- +goose Down
-- reverse: create index "scoringrun_rescoring_id_essay_id" to table: "scoring_runs"
DROP INDEX CONCURRENTLY "scoringrun_rescoring_id_essay_id";
