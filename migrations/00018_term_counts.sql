-- How many chunks contain a term is kept and no longer counted: of a common word a search had to read
-- thousands of postings for one number.

-- +goose Up
-- As with rag_length_deltas, the number is a sum of rows: every write adds rows and changes none.
CREATE TABLE rag_term_deltas (
  term text COLLATE "C" NOT NULL,
  visibility text NOT NULL,
  chunks bigint NOT NULL
);
LOCK TABLE rag_postings IN SHARE ROW EXCLUSIVE MODE;
INSERT INTO rag_term_deltas (term, visibility, chunks)
SELECT term, visibility, count(*) FROM rag_postings GROUP BY term, visibility;
CREATE INDEX rag_term_deltas_term ON rag_term_deltas (term, visibility) INCLUDE (chunks);
COMMENT ON TABLE rag_term_deltas IS 'The sum over a term and a class of visibility is how many chunks of the class contain it.';

-- +goose StatementBegin
CREATE FUNCTION rag_count_terms() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  INSERT INTO rag_term_deltas (term, visibility, chunks)
  SELECT term, visibility, TG_ARGV[0]::int * count(*) FROM changed GROUP BY term, visibility;
  RETURN NULL;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER rag_postings_added AFTER INSERT ON rag_postings
  REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION rag_count_terms('1');
CREATE TRIGGER rag_postings_removed AFTER DELETE ON rag_postings
  REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION rag_count_terms('-1');

-- +goose Down
DROP TRIGGER rag_postings_added ON rag_postings;
DROP TRIGGER rag_postings_removed ON rag_postings;
DROP FUNCTION rag_count_terms();
DROP TABLE rag_term_deltas;
