-- +goose NO TRANSACTION
-- What a filter by track keeps is read from the index alone: documents are wide, and a hundred
-- thousand of them lie on many pages.

-- +goose Up
CREATE INDEX CONCURRENTLY rag_documents_of_track ON rag_documents (track_id) INCLUDE (id, visibility, kind);
DROP INDEX CONCURRENTLY rag_documents_track;

-- +goose Down
CREATE INDEX CONCURRENTLY rag_documents_track ON rag_documents (track_id);
DROP INDEX CONCURRENTLY rag_documents_of_track;
