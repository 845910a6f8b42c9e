-- +goose Up
-- modify "explanations" table
ALTER TABLE "explanations" ADD COLUMN "improvements" jsonb NOT NULL DEFAULT '[]';

-- +goose Down
-- reverse: modify "explanations" table
ALTER TABLE "explanations" DROP COLUMN "improvements";
