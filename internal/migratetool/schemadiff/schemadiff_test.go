package schemadiff_test

import (
	"context"
	"database/sql"
	"testing"
	"testing/fstest"

	"entgo.io/ent/dialect/entsql"
	entschema "entgo.io/ent/dialect/sql/schema"
	"entgo.io/ent/schema/field"
	"github.com/pressly/goose/v3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/ent/migrate"
	"github.com/rubrica/rubrica/internal/migratetool/schemadiff"
	"github.com/rubrica/rubrica/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// The migrations and the ent schema must say the same. When this fails, run
// `go run ./internal/migratetool diff NAME`.
func TestMigrationsMatchTheEntSchema(t *testing.T) {
	t.Parallel()
	for _, s := range diff(t, pgtest.New(t).DB(t), migrate.Tables) {
		t.Errorf("the migrations lack:\n%s", s.SQL)
	}
}

func diff(t *testing.T, migrated *sql.DB, tables []*entschema.Table) []schemadiff.Step {
	t.Helper()
	steps, err := schemadiff.Diff(context.Background(), migrated, pgtest.Empty(t).DB(t), tables)
	require.NoError(t, err)
	return steps
}

// apply runs steps as the migration runner would.
func apply(t *testing.T, db *sql.DB, steps []schemadiff.Step, from int) {
	t.Helper()
	files := fstest.MapFS{}
	for i, s := range steps {
		files[string(rune('0'+from+i))+"_step.sql"] = &fstest.MapFile{Data: s.SQL}
	}
	p, err := goose.NewProvider(goose.DialectPostgres, db, files, goose.WithDisableGlobalRegistry(true), goose.WithAllowOutofOrder(true))
	require.NoError(t, err)
	_, err = p.Up(context.Background())
	require.NoError(t, err)
}

// models is a small ent schema with what is hard to compare: a vector with an HNSW index, an array,
// defaults, checks and partial indexes that PostgreSQL rewrites, and a reference.
func models() []*entschema.Table {
	owner := &entschema.Table{
		Name: "owners",
		Columns: []*entschema.Column{
			{Name: "id", Type: field.TypeUUID},
			{Name: "name", Type: field.TypeString, Unique: true, Default: ""},
		},
	}
	owner.PrimaryKey = owner.Columns[:1]
	thing := &entschema.Table{
		Name: "things",
		Columns: []*entschema.Column{
			{Name: "id", Type: field.TypeUUID},
			{Name: "embedding", Type: field.TypeOther, SchemaType: map[string]string{"postgres": "vector(3)"}},
			{Name: "tags", Type: field.TypeOther, SchemaType: map[string]string{"postgres": "text[]"}},
			{Name: "share", Type: field.TypeFloat64, Default: 0.5},
			{Name: "made", Type: field.TypeTime},
			{Name: "owner_id", Type: field.TypeUUID},
			{Name: "stage", Type: field.TypeString},
		},
		Annotation: &entsql.Annotation{Checks: map[string]string{"things_share": "share BETWEEN 0 AND 1", "things_stage": "stage IN ('NEW', 'DONE', 'FAILED')"}},
	}
	thing.Columns[4].Default = entschema.Expr("now()")
	thing.PrimaryKey = thing.Columns[:1]
	thing.ForeignKeys = []*entschema.ForeignKey{{
		Symbol: "things_owner", Columns: thing.Columns[5:6], RefTable: owner, RefColumns: owner.Columns[:1], OnDelete: entschema.Cascade,
	}}
	thing.Indexes = []*entschema.Index{
		{Name: "things_near", Columns: thing.Columns[1:2], Annotation: &entsql.IndexAnnotation{Type: "hnsw", OpClass: "vector_cosine_ops"}},
		{Name: "things_low", Columns: thing.Columns[3:4], Annotation: &entsql.IndexAnnotation{Where: "share < 0.1"}},
		{Name: "things_open", Columns: thing.Columns[6:7], Annotation: &entsql.IndexAnnotation{Where: "stage NOT IN ('DONE', 'FAILED')"}},
	}
	return []*entschema.Table{owner, thing}
}

func TestWholeSchemaThenNothing(t *testing.T) {
	t.Parallel()
	db := pgtest.Empty(t).DB(t)
	_, err := db.Exec(`CREATE EXTENSION vector`)
	require.NoError(t, err)
	steps := diff(t, db, models())
	require.Len(t, steps, 1, "new tables need no concurrent indexes")
	assert.Contains(t, string(steps[0].SQL), "-- +goose Down")
	assert.NotContains(t, string(steps[0].SQL), "public")
	assert.Contains(t, string(steps[0].SQL), "stage NOT IN ('DONE', 'FAILED')", "as the ent schema has it")
	apply(t, db, steps, 1)
	assert.Empty(t, diff(t, db, models()), "what was written is what was wanted")
}

func TestChangesOfExistingTables(t *testing.T) {
	t.Parallel()
	db := pgtest.Empty(t).DB(t)
	_, err := db.Exec(`CREATE EXTENSION vector`)
	require.NoError(t, err)
	apply(t, db, diff(t, db, models()), 1)

	next := models()
	things := next[1]
	things.Columns = append(things.Columns[:3:3], append([]*entschema.Column{{Name: "note", Type: field.TypeString, Nullable: true}}, things.Columns[3:]...)...)
	things.Indexes = append(things.Indexes[1:], &entschema.Index{Name: "things_note", Columns: things.Columns[3:4]})
	things.Annotation.Checks["things_share"] = "share BETWEEN 0 AND 2"
	steps := diff(t, db, next)
	require.Len(t, steps, 2)
	first, second := string(steps[0].SQL), string(steps[1].SQL)
	assert.Contains(t, first, `ADD COLUMN "note"`)
	assert.Contains(t, first, `DROP INDEX "things_near"`)
	assert.Contains(t, first, "things_share")
	assert.Contains(t, second, `CREATE INDEX CONCURRENTLY "things_note"`)
	assert.Contains(t, second, "NO TRANSACTION")
	assert.Equal(t, "_indexes", steps[1].Suffix)
	apply(t, db, steps, 2)
	assert.Empty(t, diff(t, db, next))

	assert.NotEmpty(t, diff(t, db, models()), "a column that ent no longer knows is drift")
}

func TestHandWrittenPartsAreLeftAlone(t *testing.T) {
	t.Parallel()
	db := pgtest.Empty(t).DB(t)
	_, err := db.Exec(`CREATE EXTENSION vector`)
	require.NoError(t, err)
	apply(t, db, diff(t, db, models()), 1)
	_, err = db.Exec(`
		CREATE TABLE raw (id int PRIMARY KEY, thing uuid REFERENCES things (id));
		ALTER TABLE things ADD COLUMN search_sql tsvector GENERATED ALWAYS AS (to_tsvector('simple', 'x')) STORED;
		CREATE INDEX things_search_sql ON things USING gin (search_sql);
		CREATE INDEX things_tags_sql ON things USING gin (tags);
		ALTER TABLE things ADD CONSTRAINT things_tags_sql CHECK (cardinality(tags) < 100);
		CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
		CREATE TRIGGER tr BEFORE UPDATE ON things FOR EACH ROW EXECUTE FUNCTION f();
		CREATE VIEW v AS SELECT id FROM things`)
	require.NoError(t, err)
	for _, s := range diff(t, db, models()) {
		t.Errorf("not ours to change:\n%s", s.SQL)
	}
}
