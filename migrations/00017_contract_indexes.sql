-- +goose NO TRANSACTION
-- +goose Up
-- create index "recommendationlist_owner_id_created_at_id" to table: "recommendation_lists"
CREATE INDEX CONCURRENTLY "recommendationlist_owner_id_created_at_id" ON "recommendation_lists" ("owner_id", "created_at", "id");
-- create index "skill_name_id" to table: "skills"
CREATE INDEX CONCURRENTLY "skill_name_id" ON "skills" ("name", "id");

-- +goose Down
-- reverse: create index "skill_name_id" to table: "skills"
DROP INDEX CONCURRENTLY "skill_name_id";
-- reverse: create index "recommendationlist_owner_id_created_at_id" to table: "recommendation_lists"
DROP INDEX CONCURRENTLY "recommendationlist_owner_id_created_at_id";
