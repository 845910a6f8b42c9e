-- +goose NO TRANSACTION
-- +goose Up
-- create index "recommendationlist_owner_id_created_at_id" to table: "recommendation_lists"
CREATE INDEX CONCURRENTLY "recommendationlist_owner_id_created_at_id" ON "recommendation_lists" ("owner_id", "created_at", "id");

-- +goose Down
-- reverse: create index "recommendationlist_owner_id_created_at_id" to table: "recommendation_lists"
DROP INDEX CONCURRENTLY "recommendationlist_owner_id_created_at_id";
