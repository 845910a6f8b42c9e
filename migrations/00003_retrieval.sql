-- Retrieval: documents made from rows of the models, cut into chunks, with a vector and with postings
-- for each chunk. ent knows nothing of these tables; the package rag reads and writes them.

-- +goose Up
CREATE TABLE rag_documents (
  id uuid PRIMARY KEY,
  kind text NOT NULL,
  passage_id uuid UNIQUE REFERENCES passages (id) ON DELETE CASCADE,
  credential_id uuid UNIQUE REFERENCES credentials (id) ON DELETE CASCADE,
  ref_id uuid NOT NULL GENERATED ALWAYS AS (coalesce(passage_id, credential_id)) STORED,
  track_id uuid REFERENCES tracks (id) ON DELETE CASCADE,
  skills text[] NOT NULL,
  level text,
  visibility text NOT NULL,
  title text NOT NULL,
  keywords text NOT NULL,
  body text NOT NULL,
  content_hash bytea NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT rag_documents_kind CHECK (kind IN ('PASSAGE', 'CREDENTIAL')),
  CONSTRAINT rag_documents_source CHECK (
    (kind = 'PASSAGE') = (passage_id IS NOT NULL) AND (kind = 'CREDENTIAL') = (credential_id IS NOT NULL)),
  -- Only what everybody may read. Before private texts come in, BM25 has to keep document
  -- frequencies for each class of visibility: over everything they tell what others wrote.
  CONSTRAINT rag_documents_visibility CHECK (visibility IN ('PUBLIC')),
  CONSTRAINT rag_documents_content_hash CHECK (octet_length(content_hash) = 32),
  UNIQUE (kind, ref_id)
);
CREATE INDEX rag_documents_track ON rag_documents (track_id);
CREATE INDEX rag_documents_skills ON rag_documents USING gin (skills);
COMMENT ON COLUMN rag_documents.keywords IS 'Indexed with the body but not shown with it: names of skills, the provider.';
COMMENT ON COLUMN rag_documents.content_hash IS 'SHA-256 of all that was taken from the source row, and of the edition of the indexing rules.';

CREATE TABLE rag_chunks (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  document_id uuid NOT NULL REFERENCES rag_documents (id) ON DELETE CASCADE,
  ordinal integer NOT NULL,
  start_offset integer NOT NULL,
  end_offset integer NOT NULL,
  body text NOT NULL,
  hash bytea NOT NULL,
  visibility text NOT NULL,
  length integer NOT NULL,
  CONSTRAINT rag_chunks_offsets CHECK (ordinal >= 0 AND start_offset >= 0 AND start_offset <= end_offset),
  CONSTRAINT rag_chunks_hash CHECK (octet_length(hash) = 32),
  UNIQUE (document_id, ordinal)
);
COMMENT ON COLUMN rag_chunks.start_offset IS 'In code points of the document''s body; end_offset is behind the last one.';
COMMENT ON COLUMN rag_chunks.hash IS 'SHA-256 of the text that is embedded. It never changes: another text is another chunk.';
COMMENT ON COLUMN rag_chunks.visibility IS 'The document''s. Here too, since a cascade deletes the document first.';
COMMENT ON COLUMN rag_chunks.length IS 'BM25 length: occurrences of lexemes.';

-- Postings hold all that BM25 reads of a chunk, so that one index-only scan scores a term.
CREATE TABLE rag_postings (
  term text COLLATE "C" NOT NULL,
  chunk_id bigint NOT NULL REFERENCES rag_chunks (id) ON DELETE CASCADE,
  tf integer NOT NULL,
  length integer NOT NULL,
  CONSTRAINT rag_postings_tf CHECK (tf > 0 AND tf <= length),
  PRIMARY KEY (term, chunk_id) INCLUDE (tf, length)
);
CREATE INDEX rag_postings_chunk ON rag_postings (chunk_id);

-- How many chunks there are and how long they are together is the sum of these rows. Every write
-- adds a row and changes none, so that writers never wait for each other; now and then many rows
-- are replaced by their sum. How many chunks contain a term is counted from its postings, which a
-- search reads anyway.
CREATE TABLE rag_length_deltas (
  visibility text NOT NULL,
  chunks bigint NOT NULL,
  length bigint NOT NULL
);

-- +goose StatementBegin
CREATE FUNCTION rag_count_chunks() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  INSERT INTO rag_length_deltas (visibility, chunks, length)
  SELECT visibility, TG_ARGV[0]::int * count(*), TG_ARGV[0]::int * sum(length) FROM changed GROUP BY visibility;
  RETURN NULL;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER rag_chunks_added AFTER INSERT ON rag_chunks
  REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION rag_count_chunks('1');
CREATE TRIGGER rag_chunks_removed AFTER DELETE ON rag_chunks
  REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION rag_count_chunks('-1');

CREATE TABLE rag_models (
  model text PRIMARY KEY,
  dimensions integer NOT NULL CHECK (dimensions BETWEEN 1 AND 4000),
  partition_name text NOT NULL UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN rag_models.dimensions IS 'At most 4000, which is what an HNSW index on halfvec holds.';

-- One partition per model, made by rag when a model is first used. An HNSW index that holds the
-- vectors of one model only could also be partial (WHERE model = '…'), but a generic plan, which
-- does not know the parameter, cannot use a partial index; a table of its own it always can. It also
-- gives each model its own dimensions, and dropping a model is dropping a table.
CREATE TABLE rag_vectors (
  model text NOT NULL,
  chunk_id bigint NOT NULL REFERENCES rag_chunks (id) ON DELETE CASCADE,
  hash bytea NOT NULL,
  embedding halfvec NOT NULL,
  PRIMARY KEY (chunk_id, model)
) PARTITION BY LIST (model);
COMMENT ON COLUMN rag_vectors.hash IS 'rag_chunks.hash of the text that was embedded.';

-- Who is embedding what, so that two workers do not compute the same vector. A claim that ran out
-- belonged to a worker that died.
CREATE TABLE rag_claims (
  model text NOT NULL REFERENCES rag_models (model),
  chunk_id bigint NOT NULL REFERENCES rag_chunks (id) ON DELETE CASCADE,
  until timestamptz NOT NULL,
  PRIMARY KEY (chunk_id, model)
);

-- +goose Down
DROP TABLE rag_claims;
DROP TABLE rag_vectors;
DROP TABLE rag_models;
DROP TABLE rag_postings;
DROP TABLE rag_chunks;
DROP TABLE rag_documents;
DROP TABLE rag_length_deltas;
DROP FUNCTION rag_count_chunks();
