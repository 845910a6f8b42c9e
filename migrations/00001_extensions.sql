-- pgvector, before every table with a vector column. It is left in place on the way down: other
-- schemas of the database may use it.

-- +goose Up
CREATE EXTENSION IF NOT EXISTS vector;

-- +goose Down
SELECT 1;
