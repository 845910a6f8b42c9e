-- BM25 counts within classes of visibility: how often a word stands in texts that the reader may not
-- read must not show in a score. And each document has the documents that are most like it, which a
-- search lets speak for it.

-- +goose Up
ALTER TABLE rag_postings ADD COLUMN visibility text;
UPDATE rag_postings p SET visibility = c.visibility FROM rag_chunks c WHERE c.id = p.chunk_id;
ALTER TABLE rag_postings
  ALTER COLUMN visibility SET NOT NULL,
  DROP CONSTRAINT rag_postings_pkey,
  ADD PRIMARY KEY (term, visibility, chunk_id) INCLUDE (tf, length);
COMMENT ON COLUMN rag_postings.visibility IS 'The chunk''s. Of the key, so that the chunks of a class that have a term are counted by one scan of the index.';

CREATE TABLE rag_neighbours (
  document_id uuid NOT NULL REFERENCES rag_documents (id) ON DELETE CASCADE,
  neighbour_id uuid NOT NULL REFERENCES rag_documents (id) ON DELETE CASCADE,
  similarity real NOT NULL,
  CONSTRAINT rag_neighbours_another CHECK (document_id <> neighbour_id),
  PRIMARY KEY (document_id, neighbour_id) INCLUDE (similarity)
);
CREATE INDEX rag_neighbours_neighbour ON rag_neighbours (neighbour_id);
COMMENT ON TABLE rag_neighbours IS 'The documents of the same kind and visibility that are most like each. Essays have none.';
COMMENT ON COLUMN rag_neighbours.similarity IS 'Above 0: what the neighbour''s voice weighs (rag/neighbours.go).';

-- For which text and model a document's list was made. A document without a row has yet to get one.
CREATE TABLE rag_linked (
  document_id uuid PRIMARY KEY REFERENCES rag_documents (id) ON DELETE CASCADE,
  model text NOT NULL,
  hash bytea NOT NULL,
  seen bigint NOT NULL,
  stale boolean NOT NULL DEFAULT false
);
CREATE INDEX rag_linked_stale ON rag_linked (document_id) WHERE stale;
COMMENT ON COLUMN rag_linked.hash IS 'rag_chunks.hash of the chunk that stood for the document, its first.';
COMMENT ON COLUMN rag_linked.seen IS 'The highest rag_chunks.id of that time: what has a higher one was not looked at.';
COMMENT ON COLUMN rag_linked.stale IS 'One of its neighbours is gone or has changed, or a nearer document has come.';

-- A list that loses a neighbour is made anew.
-- +goose StatementBegin
CREATE FUNCTION rag_unlink() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  UPDATE rag_linked SET stale = true
  WHERE NOT stale AND document_id IN (SELECT document_id FROM gone);
  RETURN NULL;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER rag_neighbours_removed AFTER DELETE ON rag_neighbours
  REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION rag_unlink();

-- +goose Down
DROP TABLE rag_linked;
DROP TABLE rag_neighbours;
DROP FUNCTION rag_unlink();
ALTER TABLE rag_postings
  DROP CONSTRAINT rag_postings_pkey,
  DROP COLUMN visibility,
  ADD PRIMARY KEY (term, chunk_id) INCLUDE (tf, length);
