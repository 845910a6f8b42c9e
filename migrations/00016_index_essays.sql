-- Which essays lack a document is asked every half minute: this index answers without a look at their
-- texts.

-- +goose NO TRANSACTION
-- +goose Up
CREATE INDEX CONCURRENTLY rag_documents_essays ON rag_documents (essay_id, content_hash) WHERE kind = 'ESSAY';

-- +goose Down
DROP INDEX CONCURRENTLY rag_documents_essays;
