-- Model answers, sample answers and essays become documents too, and so do classes of people who may
-- read them. An embedding model serves, or is being built up to take its place.

-- +goose Up
ALTER TABLE rag_documents
  DROP COLUMN ref_id,
  DROP CONSTRAINT rag_documents_kind,
  DROP CONSTRAINT rag_documents_source,
  DROP CONSTRAINT rag_documents_visibility,
  ADD COLUMN reference_answer_id uuid UNIQUE REFERENCES reference_answers (id) ON DELETE CASCADE,
  ADD COLUMN essay_id uuid UNIQUE REFERENCES essays (id) ON DELETE CASCADE,
  ADD COLUMN question_id uuid REFERENCES questions (id) ON DELETE CASCADE,
  ADD COLUMN owner_id uuid REFERENCES users (id) ON DELETE CASCADE;
ALTER TABLE rag_documents
  ADD COLUMN ref_id uuid NOT NULL
    GENERATED ALWAYS AS (coalesce(passage_id, credential_id, reference_answer_id, essay_id)) STORED,
  ADD CONSTRAINT rag_documents_kind CHECK (kind IN ('PASSAGE', 'CREDENTIAL', 'MODEL_ANSWER', 'EXEMPLAR', 'ESSAY')),
  ADD CONSTRAINT rag_documents_source CHECK (
    (kind = 'PASSAGE') = (passage_id IS NOT NULL) AND (kind = 'CREDENTIAL') = (credential_id IS NOT NULL)
    AND (kind IN ('MODEL_ANSWER', 'EXEMPLAR')) = (reference_answer_id IS NOT NULL)
    AND (kind = 'ESSAY') = (essay_id IS NOT NULL)),
  ADD CONSTRAINT rag_documents_visibility CHECK (
    visibility IN ('PUBLIC', 'GRADERS', 'OWNER') AND (visibility = 'OWNER') = (owner_id IS NOT NULL)),
  ADD UNIQUE (kind, ref_id);
CREATE INDEX rag_documents_question ON rag_documents (question_id) WHERE question_id IS NOT NULL;
CREATE INDEX rag_documents_owner ON rag_documents (owner_id) WHERE owner_id IS NOT NULL;
COMMENT ON COLUMN rag_documents.visibility IS 'PUBLIC: who signed in. GRADERS: advisors and admins. OWNER: owner_id, their advisors, and admins.';

ALTER TABLE rag_models
  ADD COLUMN state text NOT NULL DEFAULT 'SERVING' CHECK (state IN ('BUILDING', 'SERVING', 'RETIRED')),
  ADD COLUMN changed_at timestamptz NOT NULL DEFAULT now();
CREATE UNIQUE INDEX rag_models_serving ON rag_models (state) WHERE state = 'SERVING';
COMMENT ON COLUMN rag_models.state IS 'Searches read the vectors of the one that is SERVING. It becomes RETIRED when one that was BUILDING has a vector of every chunk.';

-- +goose Down
DELETE FROM rag_documents WHERE kind NOT IN ('PASSAGE', 'CREDENTIAL');
ALTER TABLE rag_models DROP COLUMN state, DROP COLUMN changed_at;
ALTER TABLE rag_documents
  DROP COLUMN ref_id,
  DROP CONSTRAINT rag_documents_kind,
  DROP CONSTRAINT rag_documents_source,
  DROP CONSTRAINT rag_documents_visibility,
  DROP COLUMN reference_answer_id,
  DROP COLUMN essay_id,
  DROP COLUMN question_id,
  DROP COLUMN owner_id;
ALTER TABLE rag_documents
  ADD COLUMN ref_id uuid NOT NULL GENERATED ALWAYS AS (coalesce(passage_id, credential_id)) STORED,
  ADD CONSTRAINT rag_documents_kind CHECK (kind IN ('PASSAGE', 'CREDENTIAL')),
  ADD CONSTRAINT rag_documents_source CHECK (
    (kind = 'PASSAGE') = (passage_id IS NOT NULL) AND (kind = 'CREDENTIAL') = (credential_id IS NOT NULL)),
  ADD CONSTRAINT rag_documents_visibility CHECK (visibility IN ('PUBLIC')),
  ADD UNIQUE (kind, ref_id);
