-- +goose NO TRANSACTION
-- What a filter by track keeps is read from the index alone.

-- +goose Up
CREATE INDEX CONCURRENTLY rag_chunks_track ON rag_chunks (track_id) INCLUDE (id, kind, visibility, document_id, ordinal, hash);

-- +goose Down
DROP INDEX CONCURRENTLY rag_chunks_track;
