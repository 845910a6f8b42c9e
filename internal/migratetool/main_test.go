package main

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/internal/pgtest"
	"github.com/rubrica/rubrica/migrations"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// folder is a copy of the migrations, of which only the files up to the last of keep stay.
func folder(t *testing.T, keep int) *cli {
	t.Helper()
	dir := t.TempDir()
	names, err := fs.Glob(migrations.FS, "*.sql")
	require.NoError(t, err)
	for _, name := range names[:min(keep, len(names))] {
		b, err := migrations.FS.ReadFile(name)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), b, 0o600))
	}
	return &cli{Dir: dir}
}

func TestDiffWritesWhatCheckMisses(t *testing.T) {
	if os.Getenv(pgtest.URLVariable) == "" {
		t.Setenv(pgtest.URLVariable, pgtest.Empty(t).URL())
	}
	ctx := context.Background()
	c := folder(t, 1) // the extension alone
	require.ErrorContains(t, new(checkCmd).Run(ctx, c), "migratetool diff")

	require.NoError(t, (&diffCmd{Name: "models"}).Run(ctx, c))
	written, err := os.ReadFile(filepath.Join(c.Dir, "00002_models.sql"))
	require.NoError(t, err)
	assert.Contains(t, string(written), `CREATE TABLE "essays"`)
	require.NoError(t, new(checkCmd).Run(ctx, c), "what was written is what was missing")

	require.NoError(t, (&diffCmd{Name: "again"}).Run(ctx, c))
	entries, err := os.ReadDir(c.Dir)
	require.NoError(t, err)
	assert.Len(t, entries, 2, "without a difference nothing is written")
}

func TestNames(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "Upper", "with space", "../up", "9first"} {
		assert.ErrorContains(t, (&diffCmd{Name: bad}).Run(context.Background(), folder(t, 0)), "lower-case", bad)
	}
}

func TestNextVersion(t *testing.T) {
	t.Parallel()
	c := folder(t, 0)
	v, err := nextVersion(c.Dir)
	require.NoError(t, err)
	assert.Equal(t, 1, v)
	for _, name := range []string{"00009_a.sql", "00010_b.sql", "notes_1.sql", "00099.txt"} {
		require.NoError(t, os.WriteFile(filepath.Join(c.Dir, name), nil, 0o600))
	}
	v, err = nextVersion(c.Dir)
	require.NoError(t, err)
	assert.Equal(t, 11, v)
	path := filepath.Join(c.Dir, "00010_b.sql")
	require.ErrorContains(t, writeNew(path, nil), "exists already")
}
