-- What recommendations learn from interactions, and what they were: a run may have several lists, the newest
-- of which is shown. The tables of the models stand outside of ent, as those of the search do: they are written
-- in bulk and read into memory.

-- +goose Up
-- drop index "recommendation_lists_run_id_key" from table: "recommendation_lists"
DROP INDEX "recommendation_lists_run_id_key";
-- modify "recommendation_lists" table
ALTER TABLE "recommendation_lists" ADD COLUMN "number" bigint NOT NULL DEFAULT 1;
-- create index "recommendationlist_run_id_number" to table: "recommendation_lists"
-- Not CONCURRENTLY: until it is there nothing keeps two workers from writing the same list.
CREATE UNIQUE INDEX "recommendationlist_run_id_number" ON "recommendation_lists" ("run_id", "number");

CREATE TABLE recommend_fits (
  version bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  revision bigint NOT NULL DEFAULT 0,
  serving boolean NOT NULL DEFAULT true,
  fitted_at timestamptz NOT NULL DEFAULT now(),
  users integer NOT NULL,
  items integer NOT NULL,
  interactions integer NOT NULL,
  changes integer NOT NULL DEFAULT 0,
  parameters jsonb NOT NULL,
  weights jsonb NOT NULL
);
CREATE UNIQUE INDEX recommend_fits_serving ON recommend_fits (serving) WHERE serving;
COMMENT ON TABLE recommend_fits IS 'Models of what goes together, fitted on all interactions. One serves; the one before is kept.';
COMMENT ON COLUMN recommend_fits.revision IS 'How often the fit was brought up to date since; rows carry the revision that wrote them.';
COMMENT ON COLUMN recommend_fits.changes IS 'Learners whose interactions were learnt since, counted anew each time.';
COMMENT ON COLUMN recommend_fits.parameters IS 'Of the models, with the scale of each.';
COMMENT ON COLUMN recommend_fits.weights IS 'Of the signals, by track id: only of tracks that have enough to fit them on.';

CREATE TABLE recommend_neighbours (
  fit bigint NOT NULL REFERENCES recommend_fits (version) ON DELETE CASCADE,
  model text NOT NULL CHECK (model IN ('ITEM_KNN', 'EASE')),
  credential_id uuid NOT NULL REFERENCES credentials (id) ON DELETE CASCADE,
  revision bigint NOT NULL,
  neighbours uuid[] NOT NULL,
  weights double precision[] NOT NULL CHECK (cardinality(weights) = cardinality(neighbours)),
  PRIMARY KEY (fit, model, credential_id)
);
CREATE INDEX recommend_neighbours_revision ON recommend_neighbours (fit, revision);
CREATE INDEX recommend_neighbours_credential ON recommend_neighbours (credential_id);
COMMENT ON COLUMN recommend_neighbours.neighbours IS 'Credentials that this one speaks for, the strongest first. Some may be gone since.';

CREATE TABLE recommend_popularity (
  fit bigint NOT NULL REFERENCES recommend_fits (version) ON DELETE CASCADE,
  track_id uuid NOT NULL REFERENCES tracks (id) ON DELETE CASCADE,
  credential_id uuid NOT NULL REFERENCES credentials (id) ON DELETE CASCADE,
  revision bigint NOT NULL,
  learners integer NOT NULL CHECK (learners >= 0),
  value double precision NOT NULL CHECK (value BETWEEN 0 AND 1),
  PRIMARY KEY (fit, track_id, credential_id)
);
CREATE INDEX recommend_popularity_revision ON recommend_popularity (fit, revision);
CREATE INDEX recommend_popularity_track ON recommend_popularity (track_id);
CREATE INDEX recommend_popularity_credential ON recommend_popularity (credential_id);
COMMENT ON COLUMN recommend_popularity.learners IS 'Learners with a run in the track who took the credential up.';

-- What learners changed, and how far that has been taken in. seq is raised in the transaction of the change.
CREATE TABLE recommend_changes (
  owner_id uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
  seq bigint NOT NULL DEFAULT 1,
  listed bigint NOT NULL DEFAULT 0,
  learnt bigint NOT NULL DEFAULT 0,
  changed_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX recommend_changes_unlearnt ON recommend_changes (owner_id) WHERE learnt < seq;
CREATE INDEX recommend_changes_unlisted ON recommend_changes (owner_id) WHERE listed < seq;
COMMENT ON COLUMN recommend_changes.listed IS 'The seq that the learner''s lists were last made with.';
COMMENT ON COLUMN recommend_changes.learnt IS 'The seq that the serving fit has taken in.';

-- +goose Down
DROP TABLE recommend_changes;
DROP TABLE recommend_popularity;
DROP TABLE recommend_neighbours;
DROP TABLE recommend_fits;
-- Only the newest list of a run fits the schema before.
DELETE FROM recommendation_lists l USING recommendation_lists n WHERE n.run_id = l.run_id AND n.number > l.number;
-- reverse: create index "recommendationlist_run_id_number" to table: "recommendation_lists"
DROP INDEX "recommendationlist_run_id_number";
-- reverse: modify "recommendation_lists" table
ALTER TABLE "recommendation_lists" DROP COLUMN "number";
-- reverse: drop index "recommendation_lists_run_id_key" from table: "recommendation_lists"
CREATE UNIQUE INDEX "recommendation_lists_run_id_key" ON "recommendation_lists" ("run_id");
