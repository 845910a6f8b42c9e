-- +goose NO TRANSACTION
-- +goose Up
-- create index "credential_external_id" to table: "credentials"
CREATE UNIQUE INDEX CONCURRENTLY "credential_external_id" ON "credentials" ("external_id");
-- create index "passage_track_id_external_id" to table: "passages"
CREATE UNIQUE INDEX CONCURRENTLY "passage_track_id_external_id" ON "passages" ("track_id", "external_id");

-- +goose Down
-- reverse: create index "passage_track_id_external_id" to table: "passages"
DROP INDEX CONCURRENTLY "passage_track_id_external_id";
-- reverse: create index "credential_external_id" to table: "credentials"
DROP INDEX CONCURRENTLY "credential_external_id";
