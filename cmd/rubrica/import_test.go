package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// The examples of docs/import.md are taken, once; what is refused is said, and shows in the exit code.
func TestImportAtTheCommandLine(t *testing.T) {
	t.Parallel()
	flags, db := installation(t)
	must(t, with(flags, "migrate")...)
	must(t, with(flags, "seed")...)
	const examples = "../../examples/import/"
	count := func(statement string) (n int) {
		require.NoError(t, db.QueryRowContext(t.Context(), statement).Scan(&n))
		return n
	}
	const credentials, passages = `SELECT count(*) FROM credentials WHERE external_id IS NOT NULL`, `SELECT count(*) FROM passages WHERE external_id IS NOT NULL`

	both := with(flags, "import", "credentials", examples+"credentials.csv", examples+"credentials.jsonl")
	require.Contains(t, must(t, append(both, "--dry-run")...), "credentials.csv: 2 rows, 2 new, 0 changed, 0 unchanged, 0 refused (a dry run: nothing is written)")
	require.Zero(t, count(credentials))
	require.Contains(t, must(t, both...), "credentials.jsonl: 1 row, 1 new")
	require.Contains(t, must(t, both...), "credentials.jsonl: 1 row, 0 new, 0 changed, 1 unchanged")
	require.Equal(t, 3, count(credentials))

	handbook := with(flags, "import", "passages", "--track=backend-engineer", examples+"handbook")
	require.Contains(t, must(t, handbook...), "caching.md: 3 rows, 3 new")
	require.Equal(t, 4, count(passages))
	require.Equal(t, 1, count(`SELECT count(*) FROM passages WHERE external_id = 'caching.md#caching/when-it-goes-stale' AND skills = '{caching,http-apis}'`))
	require.Equal(t, 1, count(`SELECT count(*) FROM passages WHERE external_id = 'retries.txt'`))
	require.Equal(t, 6, count(`SELECT count(*) FROM audit_events WHERE action = 'CATALOGUE_IMPORT' AND actor_id IS NULL AND target_id IS NULL`))
	require.Positive(t, count(`SELECT count(*) FROM river_job WHERE kind = 'refresh_index'`), "the index is asked to take them in")

	folder := t.TempDir()
	bad, broken := filepath.Join(folder, "bad.csv"), filepath.Join(folder, "broken.csv")
	require.NoError(t, os.WriteFile(bad, []byte("external_id,title,provider,kind,level,teaches\na,A,P,COURSE,ADVANCED,sqll\nb,B,P,COURSE,ADVANCED,sql\n"), 0o600))
	require.NoError(t, os.WriteFile(broken, []byte("\x00"), 0o600))
	code, stdout, stderr := run(t, with(flags, "import", "credentials", "--atomic", bad, broken)...)
	require.Equal(t, 1, code)
	require.Contains(t, stdout, "line 2 (a), teaches: There is no skill \"sqll\". Is \"sql\" meant?")
	require.Contains(t, stdout, "nothing is written: the import is atomic")
	require.Contains(t, stdout, "broken.csv: refused\n  Line 1: There is a NUL byte")
	require.Equal(t, "rubrica: 1 file and 1 row of others were refused\n", stderr)
	require.Equal(t, 3, count(credentials))

	code, stdout, _ = run(t, with(flags, "import", "credentials", "--json", bad)...)
	require.Equal(t, 1, code)
	var reports []struct {
		File           string
		Taken, Refused int
		Reasons        []struct{ Line int }
	}
	require.NoError(t, json.Unmarshal([]byte(stdout), &reports))
	require.Len(t, reports, 1)
	require.Equal(t, 1, reports[0].Taken)
	require.Equal(t, 2, reports[0].Reasons[0].Line)
	require.Equal(t, 4, count(credentials))

	other := filepath.Join(t.TempDir(), "retries.txt")
	require.NoError(t, os.WriteFile(other, []byte("A\nb\n"), 0o600))
	for _, args := range [][]string{
		{"import", "credentials", filepath.Join(folder, "nothing.csv")},
		{"import", "passages", bad},
		{"import", "passages", "--track=nothing", other},
		{"import", "passages", "--track=backend-engineer", t.TempDir()},
		{"import", "passages", "--track=backend-engineer", other, examples + "handbook/retries.txt"},
	} {
		code, _, stderr := run(t, with(flags, args...)...)
		require.Equal(t, 1, code, args)
		require.NotEmpty(t, stderr)
	}
}
