-- What most searches filter by stands with the chunks: of a hundred thousand documents, which are wide,
-- a filter by track read thousands of pages.

-- +goose Up
ALTER TABLE rag_chunks ADD COLUMN kind text, ADD COLUMN track_id uuid;

-- The database itself keeps them what the document has.
-- +goose StatementBegin
CREATE FUNCTION rag_chunk_added() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  SELECT d.kind, d.track_id INTO NEW.kind, NEW.track_id FROM rag_documents d WHERE d.id = NEW.document_id;
  RETURN NEW;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER rag_chunks_of_document BEFORE INSERT ON rag_chunks
  FOR EACH ROW EXECUTE FUNCTION rag_chunk_added();
-- +goose StatementBegin
CREATE FUNCTION rag_document_moved() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  UPDATE rag_chunks SET kind = NEW.kind, track_id = NEW.track_id WHERE document_id = NEW.id;
  RETURN NULL;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER rag_documents_moved AFTER UPDATE ON rag_documents
  FOR EACH ROW WHEN (OLD.kind <> NEW.kind OR OLD.track_id IS DISTINCT FROM NEW.track_id)
  EXECUTE FUNCTION rag_document_moved();

UPDATE rag_chunks c SET kind = d.kind, track_id = d.track_id FROM rag_documents d WHERE d.id = c.document_id;
COMMENT ON COLUMN rag_chunks.kind IS 'The document''s, and so is track_id: most searches filter by nothing else.';

-- +goose Down
DROP TRIGGER rag_documents_moved ON rag_documents;
DROP FUNCTION rag_document_moved();
DROP TRIGGER rag_chunks_of_document ON rag_chunks;
DROP FUNCTION rag_chunk_added();
ALTER TABLE rag_chunks DROP COLUMN kind, DROP COLUMN track_id;
