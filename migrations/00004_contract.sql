-- +goose Up
-- modify "credentials" table
ALTER TABLE "credentials" ADD COLUMN "url" text NULL;
-- modify "essays" table
ALTER TABLE "essays" ADD COLUMN "overall_percent" double precision NULL;
UPDATE "essays" AS e SET "overall_percent" = r."overall_percent"
FROM (
    SELECT DISTINCT ON ("essay_id") "essay_id", "overall_percent" FROM "scoring_runs"
    WHERE "overall_percent" IS NOT NULL ORDER BY "essay_id", "number" DESC
) AS r WHERE r."essay_id" = e."id";
-- the vocabulary of the audit trail is that of the API now
UPDATE "audit_events" SET
    "action" = CASE "action" WHEN 'seed' THEN 'CATALOGUE_SEED' ELSE upper(replace("action", '.', '_')) END,
    "target_type" = upper("target_type");

-- +goose Down
UPDATE "audit_events" SET
    "action" = CASE "action" WHEN 'CATALOGUE_SEED' THEN 'seed' WHEN 'COHORT_MEMBER_SET' THEN 'cohort.member.set'
        WHEN 'COHORT_MEMBER_REMOVE' THEN 'cohort.member.remove' ELSE lower(replace("action", '_', '.')) END,
    "target_type" = lower("target_type");
-- reverse: modify "essays" table
ALTER TABLE "essays" DROP COLUMN "overall_percent";
-- reverse: modify "credentials" table
ALTER TABLE "credentials" DROP COLUMN "url";
